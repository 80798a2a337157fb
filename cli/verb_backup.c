/* verb_backup.c - backups are made and listed. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/outfile.h"
#include "cli/samedisk.h"
#include "cli/verbs.h"

#define WHERE_MAX 1023

/* ---- create ---- */
struct making {
	struct cli *c;
	const char *path; /* NULL: standard output */
	char name[64];
	struct outfile file;
	uint64_t size;
	bool here; /* on the disk of the vault */
};

static void
default_name(struct making *m)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(m->name, sizeof m->name, "ownkey-backup-%Y-%m-%d.age", &tm);
	m->path = m->name;
}

static enum err
choose_place(struct making *m)
{
	struct cli *c = m->c;

	m->path = cli_operand(c, 0);
	if (!m->path && isatty(STDOUT_FILENO))
		default_name(m);
	if (m->path && strcmp(m->path, "-") == 0)
		m->path = NULL;
	if (m->path || !isatty(STDOUT_FILENO) || args_has(&c->args, ARG_ARMOR))
		return ERR_OK;
	return cli_wrong(c, "a backup does not go to a terminal: say a file, or --armor");
}

static enum err
write_piece(struct making *m, struct span data)
{
	m->size += data.len;
	return m->path ? outfile_write(&m->file, data) : out_raw(STDOUT_FILENO, data);
}

static enum err
read_all(struct making *m, uint64_t handle)
{
	struct ops_backup_read q = { .handle = handle };
	struct ops_backup_read_rep rep = { 0 };
	enum err e = ERR_OK;

	wire_mark(&ops_backup_read_map, &q);
	while (!e && !rep.end)
		if (!(e = cli_call(m->c, OP_BACKUP_READ, &q, &rep)))
			e = write_piece(m, rep.data);
	return e;
}

/* The vault counts on it from now on. */
static enum err
tell_done(struct making *m, uint64_t handle)
{
	struct ops_backup_done q = { .handle = handle, .here = m->here };
	char full[PATH_MAX] = "";

	if (m->path && !realpath(m->path, full))
		full[0] = '\0';
	q.where = span_sub(span_str(full), 0, strnlen(full, WHERE_MAX));
	wire_mark(&ops_backup_done_map, &q);
	return cli_call(m->c, OP_BACKUP_DONE, &q, NULL);
}

static size_t
take_recipients(const struct cli *c, struct ops_recipient *row)
{
	size_t n = 0;

	for (size_t i = 0; i < c->args.nlist; i++)
		if (c->args.list[i].which == ARG_TO) {
			row[n] = (struct ops_recipient){ .text = span_str(c->args.list[i].value) };
			wire_mark(&ops_recipient_map, &row[n++]);
		}
	return n;
}

static void
say_made(struct making *m, const struct ops_backup_create_rep *rep, bool recipients)
{
	out_say("backup written%s%s: %llu keys, %llu secrets, %llu bytes", m->path ? " to " : "",
	    m->path ? m->path : "", (unsigned long long)rep->identities,
	    (unsigned long long)rep->secrets, (unsigned long long)m->size);
	if (!recipients)
		out_say("It opens with the backup passphrase on your recovery card, with 'ownkey "
			"restore' or with plain 'age -d'.");
	if (m->here)
		out_say(
		    "It is on the same disk as the vault, and does not count as kept twice: "
		    "copy it to another one, and look at it there with 'ownkey backup verify'.");
}

static void
warn_recipients(void)
{
	out_say("This backup is encrypted to public keys. Whoever stores it now may be able to "
		"open it with a future quantum computer; the backup passphrase has no such "
		"weakness. It does not open with the passphrase on your card.");
}

static enum err
create(struct making *m, struct ops_backup_create *q)
{
	struct ops_backup_create_rep rep;
	struct cli *c = m->c;
	uint64_t handle;
	enum err e;

	if (m->path && (e = outfile_open(&m->file, m->path, args_has(&c->args, ARG_REPLACE)))) {
		snprintf(c->detail, sizeof c->detail, "%s", m->path);
		if (e == ERR_EXISTS)
			snprintf(c->hint, sizeof c->hint, "say --replace, or another name");
		return e;
	}
	out_say("A backup holds every key and secret: prove that it is you.");
	wire_mark(&ops_backup_create_map, q);
	if ((e = cli_call(c, OP_BACKUP_CREATE, q, &rep)))
		return e;
	handle = rep.handle;
	if ((e = read_all(m, handle)) || (m->path && (e = outfile_commit(&m->file))) ||
	    (m->path && (e = samedisk_as_vault(c, m->path, &m->here))) ||
	    (e = tell_done(m, handle)))
		return e;
	say_made(m, &rep, q->recipients.n > 0);
	return ERR_OK;
}

enum err
verb_backup_create(struct cli *c)
{
	struct ops_recipient row[ARGS_LIST];
	struct ops_backup_create q = { .armor = args_has(&c->args, ARG_ARMOR),
		.proof_label = cli_value(c, ARG_SLOT),
		.force = args_has(&c->args, ARG_FORCE),
		.recipients.v = row };
	struct making m = { .c = c, .file = OUTFILE_NONE };
	enum err e;

	q.recipients.n = take_recipients(c, row);
	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)) || (e = choose_place(&m)))
		return e;
	if (q.recipients.n)
		warn_recipients();
	e = create(&m, &q);
	outfile_done(&m.file);
	return e;
}

enum err
verb_backup_to(struct cli *c, const char *path, struct span proof_label)
{
	struct ops_backup_create q = { .proof_label = proof_label };
	struct making m = { .c = c, .file = OUTFILE_NONE, .path = path };
	enum err e = create(&m, &q);

	outfile_done(&m.file);
	return e;
}

/* ---- list ---- */
static void
put_backup(const struct ops_backup *b)
{
	char made[16], verified[16] = "never";

	out_day(b->created, made);
	if (b->verified)
		out_day(b->verified, verified);
	printf("%s  %s%s\n", made, b->recipients ? "for public keys" : "backup passphrase",
	    b->here ? ", on this disk" : "");
	if (b->where.len)
		out_row_span("  file", b->where);
	out_row("  size", "%llu bytes", (unsigned long long)b->size);
	out_row("  verified", "%s", verified);
}

enum err
verb_backup_list(struct cli *c)
{
	struct ops_backup_list_rep rep;
	struct ops_backup b;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_BACKUP_LIST, NULL, &rep, &done)) || done)
		return e;
	if (!rep.backups.n)
		out_say("no backup yet; 'ownkey backup create' makes one");
	for (at = wire_each(&rep.backups); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_backup_map, &at, &b)))
			put_backup(&b);
	return e;
}

/* ---- the passphrase ---- */
enum err
verb_backup_passphrase(struct cli *c)
{
	struct ops_passphrase q = { .proof_label = cli_value(c, ARG_SLOT),
		.force = args_has(&c->args, ARG_FORCE) };
	struct ops_passphrase_rep rep;
	enum err e;

	if (isatty(STDOUT_FILENO) && !args_has(&c->args, ARG_SHOW)) {
		snprintf(c->hint, sizeof c->hint, "--show prints it here");
		return cli_wrong(c, "a passphrase does not go to a terminal unasked");
	}
	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	wire_mark(&ops_passphrase_map, &q);
	if ((e = cli_call(c, OP_BACKUP_PASSPHRASE, &q, &rep)) ||
	    (e = out_raw(STDOUT_FILENO, rep.passphrase)))
		return e;
	return out_raw(STDOUT_FILENO, SPAN_LIT("\n"));
}
