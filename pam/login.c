#include <stdlib.h>
#include <string.h>

#include "lib/sec.h"
#include "pam/login_parts.h"

#define NOBODY	  65534
#define HEADER_MS 3000 /* a home that hangs (NFS, FUSE) must not take the time of the login */

/* ---- beginning and end ---- */

static enum err
open_flow(struct login *l, struct flow **out)
{
	const struct options *o = l->options;
	struct flow *f = calloc(1, sizeof(*f));
	size_t i;

	if (!f)
		return ERR_NOMEM;
	f->l = l;
	f->until = helper_clock() + (int64_t)o->timeout * 1000;
	for (i = 0; i < o->sources && i < TOKENS_SOURCES; i++)
		f->setup.source[f->setup.sources++] = o->source[i];
	/* what reads a token's bytes is no root, not even when root logs in */
	f->setup.uid = l->person->uid ? l->person->uid : NOBODY;
	f->setup.gid = l->person->uid ? l->person->gid : NOBODY;
	*out = f;
	return ERR_OK;
}

static void
close_flow(struct flow *f)
{
	struct kept *k = f->l->kept;

	sec_zero(k->pin, sizeof(k->pin));
	sec_zero(k->newpin, sizeof(k->newpin));
	sec_zero(k->again, sizeof(k->again));
	sec_zero(k->wrong, sizeof(k->wrong));
	if (!k->factor.there)
		sec_zero(&k->factor, sizeof(k->factor));
	free(f);
}

/* ---- one try with what is plugged in ---- */

static bool
one_rp_id(const struct map *m)
{
	size_t i;

	for (i = 1; i < m->n; i++)
		if (!span_eq(m->row[i].rp_id, m->row[0].rp_id))
			return false;
	return true;
}

/* As the person; whatever is wrong with it must not keep them out. */
static void
read_header(struct flow *f)
{
	if (!f->l->unlock || f->asked_header)
		return;
	f->asked_header = true;
	f->has_header = handoff_header(f->l->person, &f->header, flow_soon(f, HEADER_MS)) == ERR_OK;
}

/* Where touches are all that is wanted, every token blinks, and the first touched wins. */
static enum err
try_tokens(struct flow *f)
{
	struct flow_holder h;
	struct flow_ask ask = { .uv = TOKEN_UV_NONE };
	size_t row;
	enum err e = ERR_PIN_NEEDED;

	read_header(f);
	if (one_rp_id(f->l->map) && !flow_wants_uv(f, FLOW_ANY))
		e = flow_assert_any(f);
	if (e != ERR_PIN_NEEDED)
		return e;
	e = flow_find(f, &h);
	if (e != ERR_OK)
		return e;
	ask.row = h.row;
	/* a token may want its PIN although nobody else does (alwaysUv) */
	e = ERR_PIN_NEEDED;
	if (h.row != FLOW_ANY && !flow_wants_uv(f, h.row))
		e = flow_assert(f, h.token->path, &ask, &row);
	return e == ERR_PIN_NEEDED ? flow_verified(f, &h) : e;
}

static bool
another_may_come(enum err e)
{
	return e == ERR_TOKEN_ABSENT || e == ERR_TOKEN_WRONG;
}

static enum err
say_insert(const struct flow *f, enum err why)
{
	if (why == ERR_TOKEN_WRONG)
		return say_info(f->l->say,
		    "This token is not enrolled for this account: plug in the right one.");
	return say_info(f->l->say, "Plug in your token.");
}

/* Until the right one is there, or the time to wait for it is over. */
static enum err
try_until(struct flow *f)
{
	int64_t end = helper_clock() + (int64_t)f->l->options->wait * 1000;
	enum err e = flow_look(f), w;

	if (e == ERR_OK)
		e = try_tokens(f);
	while (another_may_come(e) && f->l->options->wait > 0 && helper_clock() < end) {
		w = say_insert(f, e);
		if (w == ERR_OK)
			w = flow_wait(f, end < f->until ? end : f->until);
		if (w == ERR_TIMEOUT)
			return e;
		e = w == ERR_OK ? try_tokens(f) : w;
	}
	return e;
}

enum err
login_run(struct login *l)
{
	struct flow *f;
	enum err e = open_flow(l, &f);
	uint64_t retries = SAY_NO_RETRIES;

	if (e == ERR_OK) {
		if (l->options->prompt[0])
			e = say_enter(l->say, l->options->prompt);
		if (e == ERR_OK) {
			e = try_until(f);
			retries = f->answer.retries;
		}
		close_flow(f);
	}
	/* nobody is left to tell when it is the conversation that failed */
	if (e != ERR_OK && e != ERR_PAM_CONV && say_err(l->say, e, retries) != ERR_OK)
		return ERR_PAM_CONV;
	return e;
}

/* ---- PIN ---- */

enum err
login_change_pin(struct login *l)
{
	struct flow_holder h;
	struct flow *f;
	enum err e = open_flow(l, &f);

	if (e == ERR_OK) {
		e = flow_look(f);
		if (e == ERR_OK)
			e = flow_find(f, &h);
		if (e == ERR_OK)
			e = flow_change_pin(f, &h);
		close_flow(f);
	}
	if (e != ERR_OK && e != ERR_PAM_CONV && say_err(l->say, e, SAY_NO_RETRIES) != ERR_OK)
		return ERR_PAM_CONV;
	return e;
}

enum err
login_look(struct login *l)
{
	struct flow *f;
	enum err e = open_flow(l, &f);

	if (e != ERR_OK)
		return e;
	e = flow_look(f);
	close_flow(f);
	return e;
}
