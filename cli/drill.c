/* drill.c - the restore in a drill's private place. */
#include "cli/drill.h"

#include <stdio.h>
#include <string.h>

#include "cli/restoring.h"
#include "lib/crypto.h"

void
drill_text(char *out, size_t cap, struct span s)
{
	snprintf(out, cap, "%.*s", (int)s.len, s.len ? (const char *)s.p : "");
}

void
drill_hash(struct span s, uint8_t out[32])
{
	crypto_sha256(s, out);
}

/* In its epoch, which may be another one than that of the account's other keys. */
static enum err
take_key(struct drill *d, const struct drill_row *row)
{
	struct ops_rebuild_epoch epoch = { .epoch = row->epoch, .generation = row->generation };
	struct ops_rebuild_add q = { .service = span_str(row->service),
		.account = span_str(row->account),
		.purpose = span_str(row->purpose),
		.epochs = { .v = &epoch, .n = 1 } };
	bool done;

	wire_mark(&ops_rebuild_epoch_map, &epoch);
	return cli_ask(d->c, OP_REBUILD_ADD, &q, NULL, &done);
}

static enum err
commit(struct drill *d)
{
	struct ops_rebuild_commit q = { .one_way_in = true };
	bool done;

	return cli_ask(d->c, OP_REBUILD_COMMIT, &q, NULL, &done);
}

enum err
drill_phrase(struct drill *d)
{
	bool done;
	enum err e = cli_ask(d->c, OP_REBUILD_OPEN, NULL, NULL, &done);

	for (size_t i = 0; i < d->n && !e; i++)
		if ((d->row[i].wanted = d->row[i].recoverable))
			e = take_key(d, &d->row[i]);
	return e ? e : commit(d);
}

/* ---- from a backup ---- */
#define ARGON_KIB 8192 /* nobody has to be kept out of a vault that is wiped at once */

static enum err
make_vault(struct drill *d, const struct restoring *r)
{
	struct ops_restore_commit q = { .handle = r->head.handle,
		.ways = r->head.phrase ? 0 : OPS_WAY_PASS,
		.one_way_in = true,
		.argon_m = ARGON_KIB,
		.argon_t = 1 };
	struct ops_restore_commit_rep rep;
	bool done;

	d->c->make_up = true;
	return cli_ask(d->c, OP_RESTORE_COMMIT, &q, &rep, &done);
}

enum err
drill_backup(struct drill *d)
{
	struct restoring r;
	enum err e;

	if ((e = restoring_open(d->c, &r, false)))
		return e;
	for (size_t i = 0; i < d->n; i++)
		d->row[i].wanted = d->row[i].mtime <= r.head.created;
	return make_vault(d, &r);
}
