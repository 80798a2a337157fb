/* policy.c - the decision: free, asked once, touched each time; and proofs for what widens. */
#include "agent/vault/policy.h"

#include "agent/vault/audit.h"
#include "agent/vault/grants.h"
#include "agent/vault/policy_inner.h"
#include "agent/vault/policy_text.h"
#include "agent/vault/token.h"
#include "agent/vault/way.h"
#include "lib/crypto.h"

/* ---- asking ---- */
static unsigned
token_slots(const struct outer *o)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < OUTER_SLOTS; i++)
		if (outer_slot_ok(o, i) && (o->slot[i].factors & FACTOR_TOKEN))
			bits |= 1u << i;
	return bits;
}

/* Touch only, by any enrolled token, over a challenge drawn here and bound to the request: a
 * recorded approval is of no use.  A vault without a token is asked for another way in. */
enum err
policy_touch(struct req *r, const struct use *u)
{
	struct token_ask a = { .outer = &r->v->open.outer,
		.purpose = "approve",
		.request = u->request,
		.touch = u->touch ? u->touch : "to approve" };
	struct proof p = { .ways = 0 };
	int slot;

	a.slots = token_slots(a.outer);
	if (!a.slots)
		return policy_prove(r, &p, NULL);
	return token_assert(r->job, &a, &slot, NULL);
}

static enum err
ask(struct req *r, const struct use *u, const uint8_t id[16], const char *text)
{
	enum err e;

	if ((e = job_confirm(r->job, text)) == ERR_NOPROMPT)
		e = policy_touch(r, u);
	e = audit_event(r, AUDIT_ASK, id, e);
	if (!e && r->c)
		grants_add(r->v, r->c, id, u);
	return e;
}

enum err
policy_each(struct req *r, const struct use *u, const char *text)
{
	enum err e = job_confirm(r->job, text);

	return e == ERR_NOPROMPT ? policy_touch(r, u) : e;
}

static enum err
ask_each(struct req *r, const struct use *u, const uint8_t id[16])
{
	struct policy_about about = { .label = { u->item->label }, .n = 1 };
	bool touch = u->item->policy.use == USE_TOUCH;
	char text[POLICY_TEXT];
	enum err e;

	policy_text(r, u, &about, text);
	if (!touch)
		return audit_event(r, AUDIT_ASK, id, policy_each(r, u, text));
	e = job_confirm(r->job, text);
	if (!e || e == ERR_NOPROMPT)
		e = policy_touch(r, u);
	return audit_event(r, AUDIT_TOUCH, id, e);
}

/* Ten logins at once are one question.  What was answered is for all that wait, a no and silence
 * included; one that was given up is asked again, for the next. */
static enum err
ask_once(struct req *r, const struct use *u)
{
	struct policy_about about = { .label = { u->item->label }, .n = 1 };
	struct asking *q = grants_asking(r, u, u->item->id.p);
	uint8_t id[16];
	char text[POLICY_TEXT];
	enum err e;

	memcpy(id, u->item->id.p, 16);
	policy_text(r, u, &about, text);
	if (!q)
		return ask(r, u, id, text);
	q->jobs++;
	if (!(e = turn_take(r->job, &q->turn))) {
		if (q->answered) {
			e = q->answer;
			audit_count(r, id);
		} else {
			e = ask(r, u, id, text);
			q->answered = !e || e == ERR_REFUSED || e == ERR_TIMEOUT;
			q->answer = e;
		}
		turn_release(r->job, &q->turn);
	}
	q->jobs--;
	return e;
}

/* Whom an adapter asks for counts as well as the adapter, where it says no.  Hosts that an agent is
 * forwarded to are not what their client is. */
enum applist_says
policy_says(const struct req *r, const struct use *u, const struct item *it)
{
	enum applist_says client = applist_of_client(it, r->c), app = APPLIST_NOTHING;
	struct item_client ic;

	if (u->who)
		app = applist_of_app(it, u->who->app);
	if (client == APPLIST_DENIED || app == APPLIST_DENIED)
		return APPLIST_DENIED;
	if (u->who)
		return r->c && policy_is_adapter(r->c) && policy_client(u->who, &ic)
		    ? app
		    : APPLIST_NOTHING;
	return u->through ? APPLIST_NOTHING : client;
}

/* It may have been denied while the person was asked.  Gone: who uses it looks it up again. */
static enum err
still_allowed(const struct req *r, const struct use *u, const uint8_t id[16])
{
	struct item it;

	if (!r->c)
		return ERR_CANCELLED;
	if (body_item_by_id(&r->v->open.body, id, &it))
		return ERR_OK;
	return policy_says(r, u, &it) == APPLIST_DENIED ? ERR_DENIED : ERR_OK;
}

/* What the item borrows may be gone after waiting for the person: its id is kept. */
enum err
policy_use(struct req *r, const struct use *u)
{
	enum applist_says said;
	uint8_t id[16];
	enum err e;

	if (!r->c)
		return ERR_CANCELLED;
	memcpy(id, u->item->id.p, 16);
	said = policy_says(r, u, u->item);
	if (u->item->policy.use > USE_TOUCH || said == APPLIST_DENIED)
		return ERR_DENIED;
	if (u->each) {
		REQ_MUST_WAIT(r);
		e = ask_each(r, u, id);
		e = e ? e : still_allowed(r, u, id);
	} else if (u->item->policy.use == USE_TOUCH) {
		REQ_MUST_WAIT(r);
		e = audit_event(r, AUDIT_TOUCH, id, policy_touch(r, u));
	} else if (u->item->policy.use == USE_ASK_ONCE && !grants_has(r->v, r->c, u, id) &&
	    said != APPLIST_ALLOWED) {
		REQ_MUST_WAIT(r);
		e = ask_once(r, u);
		e = e ? e : still_allowed(r, u, id);
	} else {
		audit_count(r, id);
		e = ERR_OK;
	}
	return e ? e : grants_count(r->v, id, u->item->policy.rate);
}

/* ---- proofs ---- */
enum err
policy_prove(struct req *r, const struct proof *p, int *slot)
{
	struct vault *v = r->v;
	struct way_want w = { .outer = &v->open.outer,
		.body = &v->open.body,
		.ways = p->ways,
		.label = p->label,
		.force = p->force,
		.purpose = "approve",
		.why = "to prove that it is you",
		.request = p->request };
	struct way_got got;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = way_open(r->job, &w, &got)))
		return e;
	if (!v->open.is || !crypto_eq(sec_span(&got.vrk), sec_span(&v->open.vrk)))
		e = ERR_NEEDFACTOR;
	else if (slot)
		*slot = got.slot;
	way_done(&got);
	return e;
}

bool
policy_is_weaker(const struct item_policy *from, const struct item_policy *to)
{
	if (to->use < from->use || (to->may_export && !from->may_export))
		return true;
	if (to->raw && !from->raw)
		return true;
	return from->rate && (!to->rate || to->rate > from->rate);
}
