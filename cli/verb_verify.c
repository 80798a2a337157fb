/*
 * verb_verify.c - is a backup good?  Whole, without a key; and, if it can be opened, everything
 * that is in the vault in it?
 */
#include <unistd.h>

#include "cli/restoring.h"
#include "cli/verbs.h"
#include "lib/age.h"
#include "lib/crypto.h"

/* What is printed as JSON. */
struct verify_report {
	uint64_t has;
	bool whole;
	uint64_t size;
	struct span hash;
	bool passphrase, keys; /* who can open it */
	bool known;	       /* in the list of backups; told while unlocked */
	bool opened;
	uint64_t same, differ, missing, newer, backup_only;
	uint64_t verified;
};

static const struct wire_field verify_report_fields[] = {
	WIRE_F(verify_report, 1, BOOL, 0, whole, 0, 1, ""),
	WIRE_F(verify_report, 2, UINT, 0, size, 0, UINT64_MAX, ""),
	WIRE_F(verify_report, 3, BYTES, WF_HEX, hash, 32, 32, ""),
	WIRE_F(verify_report, 4, BOOL, 0, passphrase, 0, 1, ""),
	WIRE_F(verify_report, 5, BOOL, 0, keys, 0, 1, ""),
	WIRE_F(verify_report, 6, BOOL, 0, known, 0, 1, ""),
	WIRE_F(verify_report, 7, BOOL, 0, opened, 0, 1, ""),
	WIRE_F(verify_report, 8, UINT, WF_OPT, same, 0, UINT64_MAX, ""),
	WIRE_F(verify_report, 9, UINT, WF_OPT, differ, 0, UINT64_MAX, ""),
	WIRE_F(verify_report, 10, UINT, WF_OPT, missing, 0, UINT64_MAX, ""),
	WIRE_F(verify_report, 11, UINT, WF_OPT, newer, 0, UINT64_MAX, ""),
	WIRE_F(verify_report, 12, UINT, WF_OPT, backup_only, 0, UINT64_MAX, ""),
	WIRE_F(verify_report, 13, UINT, WF_OPT | WF_TIME, verified, 0, UINT64_MAX, ""),
};
static const struct wire_map verify_report_map = { "verify", sizeof(struct verify_report),
	verify_report_fields, sizeof verify_report_fields / sizeof *verify_report_fields, false,
	0 };

/* ---- without a key ---- */
struct checking {
	struct age_reader age;
	struct crypto_sum sum;
	uint64_t size;
	uint8_t hash[32];
};

static enum err
check_piece(struct checking *k, struct span in)
{
	struct span out;
	enum err e = ERR_OK;

	k->size += in.len;
	crypto_sum_add(&k->sum, in);
	while (!e && in.len > 0) {
		if ((e = age_reader_push(&k->age, &in, &out)))
			return e;
		if (k->age.wants_key)
			age_reader_check(&k->age);
	}
	return e;
}

static enum err
check_file(struct checking *k, int fd)
{
	static uint8_t piece[65536];
	struct span out;
	ssize_t n;
	enum err e = ERR_OK;

	age_reader_init(&k->age, AGE_LOGN_MAX);
	crypto_sum_init(&k->sum);
	while (!e && (n = read(fd, piece, sizeof piece)) != 0)
		e = n < 0 ? ERR_IO : check_piece(k, SPAN(piece, (size_t)n));
	crypto_sum_end(&k->sum, k->hash);
	if (!e && !(e = age_reader_end(&k->age, &out)) && k->age.wants_key) {
		age_reader_check(&k->age);
		e = age_reader_end(&k->age, &out);
	}
	return e;
}

/* ---- what is said ---- */
static void
say_whole(const struct verify_report *rep)
{
	out_say("The file is whole: %llu bytes, for %s.", (unsigned long long)rep->size,
	    rep->passphrase ? "the backup passphrase" : "public keys");
}

static bool
lacks(const struct verify_report *rep)
{
	return rep->missing + rep->differ > 0;
}

static void
say_compared(const struct verify_report *rep)
{
	if (!lacks(rep))
		out_say("It opens, and everything in the vault is in it: %llu items.",
		    (unsigned long long)rep->same);
	else if (rep->missing + rep->differ == rep->newer)
		out_say("It opens, and has all that the vault had then. %llu items were made or "
			"changed after it: 'ownkey backup create' makes a new one.",
		    (unsigned long long)rep->newer);
	else
		out_say("It opens, but %llu items of the vault are missing in it or differ: "
			"'ownkey backup create' makes a new one.",
		    (unsigned long long)(rep->missing + rep->differ));
	if (rep->backup_only)
		out_say("%llu items are only in the backup; 'ownkey restore' adds them.",
		    (unsigned long long)rep->backup_only);
	if (!rep->known)
		out_say("The vault does not know this file: it is no backup that it made, or one "
			"that was encrypted again.");
}

/* ---- with one ---- */
static enum err
is_known(struct cli *c, struct verify_report *rep)
{
	struct ops_backup_list_rep list;
	struct ops_backup b;
	struct cbor at;
	enum err e = cli_call(c, OP_BACKUP_LIST, NULL, &list);

	if (e)
		return e;
	for (at = wire_each(&list.backups); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_backup_map, &at, &b)))
			rep->known |= span_eq(b.hash, rep->hash);
	return e;
}

static enum err
open_and_compare(struct cli *c, struct verify_report *rep, bool open)
{
	struct ops_restore_close_rep closed;
	struct restoring r;
	enum err e;

	if (lseek(c->file, 0, SEEK_SET) != 0)
		return ERR_IO;
	if ((e = restoring_open(c, &r, open)))
		return e;
	rep->opened = true;
	if (open && (e = restoring_compare(c, &r, args_has(&c->args, ARG_JSON))))
		return e;
	rep->same = r.same;
	rep->differ = r.differ;
	rep->missing = r.here_only;
	rep->newer = r.newer;
	rep->backup_only = r.backup_only;
	if ((e = restoring_close(c, &r, &closed)))
		return e;
	rep->verified = closed.verified;
	if (open && !args_has(&c->args, ARG_JSON))
		say_compared(rep);
	return ERR_OK;
}

/* The vault, if it is open; with --deep also without. */
static enum err
with_vault(struct cli *c, struct verify_report *rep)
{
	struct ops_status_rep st;
	bool open;
	enum err e = cli_call(c, OP_STATUS, NULL, &st);

	if (e)
		return e;
	open = st.vault && !st.locked;
	if (open && (e = is_known(c, rep)))
		return e;
	if (open || args_has(&c->args, ARG_DEEP))
		return open_and_compare(c, rep, open);
	out_say("Not opened: unlock the vault to compare, or say --deep.");
	return ERR_OK;
}

static enum err
put_json(const struct verify_report *rep)
{
	struct verify_report marked = *rep;
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&verify_report_map, &marked);
	if (!(e = wire_encode(&verify_report_map, &marked, &b)) && !(e = buf_err(&b)))
		e = out_json(&verify_report_map, buf_span(&b), false);
	buf_done(&b);
	return e;
}

enum err
verb_backup_verify(struct cli *c)
{
	struct checking k = { .size = 0 };
	struct verify_report rep = { .hash = SPAN(k.hash, sizeof k.hash) };
	enum err e;

	if ((e = restoring_file(c, cli_operand(c, 0), &c->file)))
		return e;
	if (!(e = check_file(&k, c->file))) {
		rep.whole = true;
		rep.size = k.size;
		rep.passphrase = k.age.header.kinds & AGE_SCRYPT;
		rep.keys = !rep.passphrase;
		say_whole(&rep);
		e = with_vault(c, &rep);
	}
	age_reader_done(&k.age);
	close(c->file);
	if (!e && args_has(&c->args, ARG_JSON))
		e = put_json(&rep);
	c->status = lacks(&rep) ? 1 : 0;
	return e;
}
