/* op_card.c - a signed card of the owner's public keys, for contacts. */
#include <stdlib.h>
#include <time.h>

#include "agent/vault/job.h"
#include "agent/vault/logplan.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/idcard.h"

/* Too large for a stack. */
struct card {
	struct logplan *plan;
	struct idcard_entry entry[IDCARD_IDENTITIES];
	struct idcard_text text[IDCARD_IDENTITIES][SUCCESSION_BINDINGS];
	uint8_t sig[IDCARD_IDENTITIES][64];
	struct ops_log row[IDCARD_IDENTITIES];
	struct buf body, bytes, mem;
};

/* ---- which identities ---- */
static enum err
add(struct req *r, struct logplan *p, struct span service, struct span account)
{
	struct logplan_want w = { .service = service, .account = account, .how = LOGPLAN_HOT };
	struct keylog *k;
	enum err e;

	if (logplan_has(p, service, account))
		return ERR_OK;
	if (p->n == IDCARD_IDENTITIES)
		return ERR_LIMIT;
	if ((e = logplan_add(p, &w, &k)) || !k)
		return e;
	if (keylog_state(k) != KEYLOG_OWED)
		return ERR_OK;
	req_text(r, "%s/%s", k->service, k->account);
	return ERR_SUCC_OWED;
}

static enum err
add_paths(struct req *r, struct logplan *p, const struct wire_list *paths)
{
	struct cbor c = wire_each(paths);
	struct span service, account;
	struct ops_path row;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&c))
		if (!(e = wire_next(&ops_path_map, &c, &row)) &&
		    !(e = keylog_identity(r->v, row.label, &service, &account)))
			e = add(r, p, service, account);
	return e;
}

static enum err
add_all(struct req *r, struct logplan *p)
{
	struct item it;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && body_item_next(&r->v->open.body, &pos, &it))
		if (it.kind == ITEM_KEY && !it.conflict.root.len)
			e = add(r, p, it.origin.service, it.origin.account);
	return e;
}

static enum err
make_plan(struct req *r, struct logplan **out)
{
	const struct ops_card_make *in = r->in;
	enum err e;

	if ((e = logplan_new(r->v, (uint64_t)time(NULL), out)))
		return e;
	e = in->paths.n ? add_paths(r, *out, &in->paths) : add_all(r, *out);
	if (e == ERR_LIMIT)
		req_text(
		    r, "a card has room for %d: name those that belong on it", IDCARD_IDENTITIES);
	return e ? e : (*out)->n ? ERR_OK : ERR_SUCC_NOTHING;
}

/* Logs that are begun here are written before they are shown to anybody. */
static enum err
write_begun(struct req *r)
{
	struct delta d = DELTA_INIT;
	struct logplan *p = NULL;
	enum err e;

	if (!(e = store_take(r->job)) && !(e = make_plan(r, &p)) &&
	    !(e = logplan_put(p, NULL, &d)) && !delta_is_empty(&d))
		e = store_append(r->job, &d);
	store_release(r->job);
	delta_done(&d);
	logplan_free(p);
	return e;
}

/* ---- the card ---- */
static size_t
texts_of(const struct keylog *k, struct idcard_text *out)
{
	size_t n = 0;

	for (size_t i = 0; i < k->nkey; i++) {
		if (k->key[i].text.len > IDCARD_TEXT)
			continue;
		out[n] =
		    (struct idcard_text){ .purpose = k->key[i].purpose, .text = k->key[i].text };
		wire_mark(&idcard_text_map, &out[n++]);
	}
	return n;
}

static enum err
build(struct req *r, struct card *c)
{
	const struct ops_card_make *in = r->in;
	struct logplan *p = c->plan;
	struct span name = in->name.len ? in->name : span_str(p->log[0].account);

	if (!buf_room(&c->mem, IDCARD_IDENTITIES * KEYLOG_ROW))
		return ERR_NOMEM;
	for (size_t i = 0; i < p->n; i++) {
		/* somebody changed it while the person was asked */
		if (p->log[i].changed)
			return ERR_VAULT_CHANGED;
		c->entry[i] = (struct idcard_entry){ .log = buf_span(&p->log[i].log),
			.text = c->text[i],
			.n = texts_of(&p->log[i], c->text[i]) };
		keylog_row(&p->log[i], &p->making, &c->mem, &c->row[i]);
	}
	name = span_sub(name, 0, name.len < IDCARD_NAME ? name.len : IDCARD_NAME);
	return idcard_make(name, p->making.now, c->entry, p->n, &c->body);
}

static enum err
sign(struct req *r, struct card *c)
{
	uint8_t msg[IDCARD_TO_SIGN];
	enum err e = ERR_OK;

	idcard_to_sign(buf_span(&c->body), msg);
	for (size_t i = 0; i < c->plan->n && !e; i++)
		e = keylog_sign_card(r->v, &c->plan->log[i], SPAN(msg, sizeof msg), c->sig[i]);
	if (!e)
		e = idcard_assemble(
		    buf_span(&c->body), (const uint8_t(*)[64])c->sig, c->plan->n, &c->bytes);
	return e;
}

static enum err
answer(struct req *r, const struct card *c)
{
	struct ops_card_make_rep rep = { .card = buf_span(&c->bytes),
		.logs = { .v = c->row, .n = c->plan->n } };

	wire_mark(&ops_card_make_rep_map, &rep);
	return req_reply(r, &rep);
}

/* A card speaks for its owner, so an open vault is not enough: a touch, for all keys at once. */
static enum err
approve(struct req *r)
{
	struct use u = { .verb = "sign a card of your public keys with",
		.detail = "",
		.request = SPAN_LIT("card") };
	struct logplan *p = NULL;
	struct item it;
	struct keylog *k;
	enum err e = make_plan(r, &p);

	if (!e) {
		k = &p->log[0];
		e = body_item_by_id(&r->v->open.body, k->id, &it);
	}
	logplan_free(p);
	if (e)
		return e;
	u.item = &it;
	return policy_use(r, &u);
}

enum err
op_card_make(struct req *r)
{
	struct card *c;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = write_begun(r)) || (e = approve(r)))
		return e;
	if (!(c = calloc(1, sizeof *c)))
		return ERR_NOMEM;
	if (!(e = make_plan(r, &c->plan)) && !(e = build(r, c)) && !(e = sign(r, c)))
		e = answer(r, c);
	logplan_free(c->plan);
	buf_done(&c->body);
	buf_done(&c->bytes);
	buf_done(&c->mem);
	free(c);
	return e;
}
