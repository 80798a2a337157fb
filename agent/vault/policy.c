/* policy.c - the decision: free, asked once, touched each time; and proofs for what widens. */
#include "agent/vault/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/vault/audit.h"
#include "agent/vault/token.h"
#include "agent/vault/turn.h"
#include "agent/vault/way.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define GRANTS	 1024
#define RATES	 256
#define ASKING	 16
#define TEXT_MAX 2048 /* of a prompt (struct prompt_job) */

struct grant {
	bool used;
	uint64_t uid;
	pid_t pid; /* 0 = of a session */
	uint8_t session[32];
	uint8_t through[32]; /* zero: nobody */
	uint8_t item[16];
};

struct rate {
	uint8_t item[16];
	uint64_t minute;
	uint64_t n;
};

/* One that is open: who of the same session wants the same waits for its answer. */
struct asking {
	struct grant about;
	struct turn turn; /* of who asks it */
	unsigned jobs;	  /* that ask it or wait */
	bool answered;
	enum err answer;
};

struct grants {
	struct grant grant[GRANTS];
	size_t next;
	struct asking asking[ASKING];
	struct rate rate[RATES];
};

enum err
grants_new(struct grants **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

/* A grant belongs to a process; when its last connection goes, its number may be given again. */
void
grants_forget_client(struct vault *v, const struct client *c)
{
	for (size_t i = 0; i < GRANTS; i++)
		if (v->grants->grant[i].used && v->grants->grant[i].pid &&
		    v->grants->grant[i].pid == c->pid && v->grants->grant[i].uid == c->uid)
			v->grants->grant[i].used = false;
}

/* A process of another PID namespace has no number here: it is asked each time. */
static bool
is_of(const struct grant *g, const struct client *c)
{
	if (g->uid != c->uid)
		return false;
	if (g->pid)
		return g->pid == c->pid;
	return c->has_session && memcmp(g->session, c->session, sizeof g->session) == 0;
}

static const uint8_t *
through(const struct use *u)
{
	static const uint8_t nobody[32];

	return u->through ? u->through : nobody;
}

/* by_session: a grant of the session counts, too. */
static bool
is_for(const struct grant *g, const struct client *c, const struct use *u)
{
	return g->used && (g->pid || u->by_session) && is_of(g, c) &&
	    memcmp(g->item, u->item->id.p, 16) == 0 && memcmp(g->through, through(u), 32) == 0;
}

static bool
is_granted(const struct vault *v, const struct client *c, const struct use *u)
{
	for (size_t i = 0; i < GRANTS; i++)
		if (is_for(&v->grants->grant[i], c, u))
			return true;
	return false;
}

/* Not used: there is nothing to know it by. */
static struct grant
grant_of(const struct client *c, const uint8_t item[16], const struct use *u)
{
	struct grant g = { .uid = c->uid };

	memcpy(g.through, through(u), 32);
	memcpy(g.item, item, 16);
	g.used = true;
	if (u->by_session && c->has_session)
		memcpy(g.session, c->session, sizeof g.session);
	else if (!(g.pid = c->pid))
		g.used = false;
	return g;
}

static void
add_grant(struct vault *v, const struct client *c, const uint8_t item[16], const struct use *u)
{
	v->grants->grant[v->grants->next++ % GRANTS] = grant_of(c, item, u);
}

/* ---- rates ---- */
/* Of this minute; NULL when as many other items were used in it: nobody's count is lost. */
static struct rate *
rate_of(struct grants *g, const uint8_t item[16])
{
	uint64_t minute = loop_now() / 60000 + 1;
	struct rate *unused = NULL;

	for (struct rate *r = g->rate; r < g->rate + RATES; r++)
		if (r->minute != minute)
			unused = r;
		else if (memcmp(r->item, item, 16) == 0)
			return r;
	if (unused) {
		*unused = (struct rate){ .minute = minute };
		memcpy(unused->item, item, 16);
	}
	return unused;
}

static enum err
count_use(struct vault *v, const uint8_t item[16], uint64_t most)
{
	struct rate *r = most ? rate_of(v->grants, item) : NULL;

	if (!most)
		return ERR_OK;
	return !r || ++r->n > most ? ERR_LIMIT : ERR_OK;
}

/* ---- asking ---- */
/* What is in a line cannot begin another one. */
static void
put_lines(struct span text, struct buf *out)
{
	while (text.len) {
		const uint8_t *end = memchr(text.p, '\n', text.len);
		size_t n = end ? (size_t)(end - text.p) : text.len;

		buf_put_str(out, "\n");
		text_printable(SPAN(text.p, n), out);
		n += end != NULL;
		text = span_sub(text, n, text.len - n);
	}
}

/* How long the answer is good for. */
static const char *
for_how_long(const struct req *r, const struct use *u)
{
	if (u->through)
		return "\nasked once for that machine, until the vault is locked";
	if (u->by_session && r->c && r->c->has_session)
		return "\nasked once for this session, until the vault is locked";
	return "";
}

/* What people read: who, what, with what. */
static void
describe(const struct req *r, const struct use *u, char *out, size_t cap)
{
	struct buf b = BUF_INIT;

	text_printable(span_str(r->c && r->c->label[0] ? r->c->label : "a program"), &b);
	buf_putf(&b, " (process %d)\nwants to %s\n", r->c ? (int)r->c->pid : 0, u->verb);
	text_printable(u->item->label, &b);
	put_lines(span_str(u->detail), &b);
	buf_put_str(&b, for_how_long(r, u));
	snprintf(out, cap, "%s", buf_cstr(&b));
	buf_done(&b);
}

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
static enum err
approve_by_touch(struct req *r, const struct use *u)
{
	struct token_ask a = { .outer = &r->v->open.outer,
		.purpose = "approve",
		.request = u->request,
		.touch = "to approve" };
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
		e = approve_by_touch(r, u);
	e = audit_event(r, AUDIT_ASK, id, e);
	if (!e && r->c)
		add_grant(r->v, r->c, id, u);
	return e;
}

/* The one that is open, or a new one; NULL: nobody can share it. */
static struct asking *
find_asking(struct req *r, const struct use *u)
{
	struct asking *q = r->v->grants->asking, *unused = NULL;

	for (size_t i = 0; i < ASKING; i++, q++) {
		if (!q->jobs)
			unused = q;
		else if (!q->answered && is_for(&q->about, r->c, u))
			return q;
	}
	if (!unused)
		return NULL;
	*unused = (struct asking){ .about = grant_of(r->c, u->item->id.p, u) };
	return unused->about.used ? unused : NULL;
}

/* Ten logins at once are one question.  What was answered is for all that wait, a no and silence
 * included; one that was given up is asked again, for the next. */
static enum err
ask_once(struct req *r, const struct use *u)
{
	struct asking *q = find_asking(r, u);
	uint8_t id[16];
	char text[TEXT_MAX];
	enum err e;

	memcpy(id, u->item->id.p, 16);
	describe(r, u, text, sizeof text);
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

static bool
is_listed(const struct client *c, const struct item *it)
{
	struct cbor cb = wire_each(&it->policy.clients);
	struct item_client ic;

	while (c && !cbor_at_end(&cb) && !wire_next(&item_client_map, &cb, &ic))
		if ((ic.label.len && span_is(ic.label, c->label)) ||
		    (ic.unit.len && span_is(ic.unit, c->unit)))
			return true;
	return false;
}

/* What the item borrows may be gone after waiting for the person: its id is kept. */
enum err
policy_use(struct req *r, const struct use *u)
{
	uint8_t id[16];
	enum err e;

	if (!r->c)
		return ERR_CANCELLED;
	memcpy(id, u->item->id.p, 16);
	if (u->item->policy.use > USE_TOUCH)
		return ERR_DENIED;
	if (u->item->policy.use == USE_TOUCH) {
		REQ_MUST_WAIT(r);
		e = audit_event(r, AUDIT_TOUCH, id, approve_by_touch(r, u));
	} else if (u->item->policy.use == USE_ASK_ONCE && !is_granted(r->v, r->c, u) &&
	    (u->through || !is_listed(r->c, u->item))) {
		REQ_MUST_WAIT(r);
		e = ask_once(r, u);
	} else {
		audit_count(r, id);
		e = ERR_OK;
	}
	return e ? e : count_use(r->v, id, u->item->policy.rate);
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
