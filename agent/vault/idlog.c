/* idlog.c - what a change of an identity's keys means for its succession log. */
#include "agent/vault/idlog.h"

#include <time.h>

#include "agent/vault/store.h"

static enum err
plan(struct req *r, const uint8_t id[16], const struct delta *d, const struct logproofs *proofs,
    struct logplan **out)
{
	uint64_t now = proofs ? proofs->now : (uint64_t)time(NULL);
	struct logplan_want w = { .after = d, .how = proofs ? LOGPLAN_ROTATE : LOGPLAN_HOT };
	struct keylog *k;
	struct item it;
	enum err e;

	*out = NULL;
	if ((e = body_item_by_id(&r->v->open.body, id, &it)) || (e = logplan_new(r->v, now, out)))
		return e;
	w.service = it.origin.service;
	w.account = it.origin.account;
	if ((e = logplan_add(*out, &w, &k))) {
		logplan_free(*out);
		*out = NULL;
	}
	return e;
}

enum err
idlog_ask(struct req *r, const uint8_t id[16], const struct delta *d, struct logproofs *out)
{
	struct logplan *p;
	enum err e = plan(r, id, d, out, &p);

	store_release(r->job);
	if (!e)
		e = logplan_ask(r, p, out);
	logplan_free(p);
	return e;
}

enum err
idlog_put(struct req *r, const uint8_t id[16], const struct logproofs *proofs, struct delta *d)
{
	struct logplan *p;
	enum err e = plan(r, id, d, proofs, &p);

	if (e)
		return proofs || e == ERR_NOMEM ? e : ERR_OK;
	e = logplan_put(p, proofs, d);
	logplan_free(p);
	return e;
}

bool
idlog_is_owed(struct req *r, const uint8_t id[16])
{
	struct logplan *p;
	bool owed;

	if (plan(r, id, NULL, NULL, &p))
		return false;
	owed = p->n && keylog_state(&p->log[0]) == KEYLOG_OWED;
	logplan_free(p);
	return owed;
}
