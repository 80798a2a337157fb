/*
 * verb_drill.c - a full restore, to be sure that it works before it is needed: in a private place
 * that is wiped afterwards, from what the person types, compared with the vault that is open.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/drill.h"
#include "cli/pages.h"
#include "cli/place.h"
#include "cli/restoring.h"
#include "cli/verbs.h"

/* ---- the vault that is open ---- */
static void
keep_row(void *arg, const struct ops_item *it, struct span raw)
{
	struct drill *d = arg;
	struct drill_row *row;

	(void)raw;
	if (d->err)
		return;
	if (d->n == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 64;

		if (!(row = realloc(d->row, cap * sizeof *row))) {
			d->err = ERR_NOMEM;
			return;
		}
		d->row = row;
		d->cap = cap;
	}
	row = &d->row[d->n];
	*row = (struct drill_row){ .epoch = it->epoch,
		.generation = it->generation,
		.state = it->state,
		.mtime = it->mtime,
		.recoverable = it->recoverable };
	drill_text(row->label, sizeof row->label, it->label);
	drill_text(row->service, sizeof row->service, it->service);
	drill_text(row->account, sizeof row->account, it->account);
	drill_text(row->purpose, sizeof row->purpose, it->purpose);
	if ((row->public = it->shown.len > 0))
		drill_hash(it->shown, row->shown);
	d->n++;
}

static void
keep_secret(void *arg, const struct ops_item *it, struct span raw)
{
	struct drill *d = arg;

	keep_row(arg, it, raw);
	if (!d->err)
		d->row[d->n - 1].secret = true;
}

static enum err
look_here(struct drill *d)
{
	struct ops_page q = { .all = true };
	struct ops_status_rep st;
	enum err e;

	if ((e = cli_call(d->c, OP_STATUS, NULL, &st)))
		return e;
	if (!st.vault)
		return ERR_NOVAULT;
	if (st.locked)
		return ERR_LOCKED;
	if ((e = pages_each(d->c, OP_ID_LIST, &q, keep_row, d)) ||
	    (e = pages_each(d->c, OP_SECRET_LIST, &q, keep_secret, d)))
		return e;
	return d->err;
}

/* ---- the place ---- */
static void
leave(struct drill *d)
{
	if (d->c->connected)
		client_close(&d->c->conn);
	d->c->connected = false;
}

static enum err
restore_there(struct drill *d, struct place *p)
{
	enum err e;

	leave(d);
	if ((e = place_enter(p)) || (e = place_start_agent(p, false)))
		return e;
	return d->file ? drill_backup(d) : drill_phrase(d);
}

static void
compare_row(struct drill *d, const struct ops_item *it, bool secret)
{
	uint8_t hash[32];

	drill_hash(it->shown, hash);
	for (size_t i = 0; i < d->n; i++) {
		struct drill_row *row = &d->row[i];

		if (row->secret != secret || !span_is(it->label, row->label))
			continue;
		row->back = true;
		row->same =
		    row->epoch == it->epoch && (!row->public || memcmp(hash, row->shown, 32) == 0);
	}
}

static void
compare_key(void *arg, const struct ops_item *it, struct span raw)
{
	(void)raw;
	compare_row(arg, it, false);
}

static void
compare_secret(void *arg, const struct ops_item *it, struct span raw)
{
	(void)raw;
	compare_row(arg, it, true);
}

/* What has no public form is the same if everything that has one is: it is of the same seed. */
static enum err
compare(struct drill *d)
{
	struct ops_page q = { .all = true };
	bool differs = false;
	enum err e;

	if ((e = pages_each(d->c, OP_ID_LIST, &q, compare_key, d)) ||
	    (e = pages_each(d->c, OP_SECRET_LIST, &q, compare_secret, d)))
		return e;
	for (size_t i = 0; i < d->n; i++)
		differs |= d->row[i].wanted && d->row[i].public && !d->row[i].same;
	for (size_t i = 0; i < d->n; i++)
		if (!d->row[i].public && !d->row[i].secret && differs)
			d->row[i].same = false;
	return ERR_OK;
}

/* ---- what came of it ---- */
static void
say_differs(const struct drill_row *row)
{
	printf("%s: ", row->same ? "" : row->back ? "NOT THE SAME KEY" : "NOT BACK");
	out_text(stdout, span_str(row->label));
	putchar('\n');
}

struct tally {
	size_t wanted, back, other_keys, other_secrets;
};

static void
count(const struct drill *d, struct tally *t)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct drill_row *row = &d->row[i];

		if (row->wanted) {
			t->wanted++;
			t->back += row->same;
			if (!row->same)
				say_differs(row);
		} else if (row->secret) {
			t->other_secrets++;
		} else {
			t->other_keys++;
		}
	}
}

/* True: everything that should have come back did. */
static bool
report(const struct drill *d)
{
	const char *why = d->file ? "newer than the backup" : "not from this phrase";
	struct tally t = { 0 };

	count(d, &t);
	out_row(
	    "came back", "%zu of %zu %s", t.back, t.wanted, d->file ? "keys and secrets" : "keys");
	if (t.other_keys)
		out_row("did not", "%zu keys, %s", t.other_keys, why);
	if (t.other_secrets)
		out_row("did not", "%zu secrets, %s", t.other_secrets,
		    d->file ? why : "only from a backup");
	return t.back == t.wanted;
}

static enum err
drill_in(struct drill *d, struct place *p)
{
	enum err e;

	out_say("This restores everything in a private place from what you type, compares it with "
		"your vault, and wipes it again. Your vault is not touched.");
	if ((e = restore_there(d, p)) || (e = compare(d)))
		return e;
	if (!report(d)) {
		d->c->status = 1;
		out_say("The drill FAILED: do not rely on this %s. Make a backup now.",
		    d->file ? "file" : "phrase alone");
		return ERR_OK;
	}
	out_say("The drill went well: your %s brings these back.", d->file ? "backup" : "phrase");
	return ERR_OK;
}

enum err
verb_backup_drill(struct cli *c)
{
	struct drill d = { .c = c, .file = cli_operand(c, 0) };
	struct place p = { .agent = 0 };
	enum err e;

	(void)umask(077);
	if (!term_is_there(&c->term))
		return ERR_NOPROMPT;
	if (d.file && (e = restoring_file(c, d.file, &c->file)))
		return e;
	if ((e = look_here(&d)))
		goto out;
	if (!(e = place_make(&p)))
		e = drill_in(&d, &p);
	leave(&d);
	if (place_end(&p) && !e) {
		snprintf(c->detail, sizeof c->detail, "left behind: %s", p.dir);
		e = ERR_IO;
	}
out:
	if (d.file)
		close(c->file);
	free(d.row);
	return e;
}
