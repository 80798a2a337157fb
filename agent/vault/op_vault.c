/* op_vault.c - the file itself: examined without a key, taken back one version. */
#include <stdlib.h>

#include "agent/vault/check.h"
#include "agent/vault/op.h"
#include "agent/vault/store.h"

static enum err
answer(struct req *r, const struct check_report *c)
{
	static struct ops_finding rows[CHECK_FINDINGS];
	struct ops_check_rep rep = { .good = c->good,
		.findings.v = rows,
		.size = c->size,
		.generation = c->generation,
		.slots = c->slots };

	for (size_t i = 0; i < c->n; i++) {
		rows[i] = (struct ops_finding){ .err = (uint64_t)c->finding[i].err,
			.offset = c->finding[i].offset,
			.text = span_str(c->finding[i].text) };
		wire_mark(&ops_finding_map, &rows[i]);
	}
	rep.findings.n = c->n;
	wire_mark(&ops_check_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_vault_check(struct req *r)
{
	struct check_report *c;
	struct buf bytes = BUF_INIT;
	enum err e;

	REQ_MUST_WAIT(r);
	if (!(c = calloc(1, sizeof *c)))
		return ERR_NOMEM;
	if (!(e = store_read(r->job, &bytes)) && !(e = check_file(buf_span(&bytes), c)))
		e = answer(r, c);
	buf_done(&bytes);
	free(c);
	return e;
}

/* Only while locked: an open vault would go on with what was just put aside. */
enum err
op_vault_previous(struct req *r)
{
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = store_take(r->job)))
		return e;
	if (r->v->open.is)
		return ERR_BUSY;
	return store_previous(r->job);
}
