/* terminal_api.c - what `ownkey approve` and `ownkey register` say over HTTP. */
#include <stdio.h>

#include "oidc/login/rate.h"
#include "oidc/login/register.h"
#include "oidc/op/terminal.h"

/* A terminal has no cookie.  People need two or three; of 2^40 codes nobody guesses one. */
static const struct rate rate = { "terminal", 0, 100 };

static void
unknown(struct web_request *q, struct web_response *a)
{
	web_refuse(q, a, 404, "invalid_request",
	    "No request waits under this code: it was used, has ended, or is mistyped.");
}

static void
say(struct web_request *q, struct web_response *a, unsigned status, const char *text)
{
	struct approval_said said = { .text = span_str(text) };
	enum err e;

	wire_mark(&approval_said_map, &said);
	if ((e = wire_encode(&approval_said_map, &said, &a->body))) {
		web_unavailable(q, a, e);
		return;
	}
	a->status = status;
	a->type = APPROVAL_TYPE;
}

/* ---- asking ---- */
static void
put_ask(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	enum err e = terminal_put_ask(q, t, &a->body);

	if (e) {
		web_unavailable(q, a, e);
		return;
	}
	a->status = 200;
	a->type = APPROVAL_TYPE;
}

static void
ask_code(struct web_request *q, struct web_response *a, struct span code)
{
	struct terminal *t = terminal_by_code(q, code);

	if (!t || t->state != TERMINAL_WAITS) {
		unknown(q, a);
		return;
	}
	t->seen = true;
	put_ask(q, a, t);
}

static enum err
keep(struct web_request *q, struct register_offer *o, struct terminal **t)
{
	enum err e = terminal_new(q, &o->c, &o->list, t);

	if (e)
		return e;
	memcpy((*t)->user_id, o->account.id, DB_ID);
	buf_put_span(&(*t)->user, o->account.name);
	return buf_err(&(*t)->user);
}

static void
ask_invited(struct web_request *q, struct web_response *a, struct span invite)
{
	struct terminal *t = NULL;
	struct register_offer o;
	enum err e = register_look(q, invite, &o);

	if (e == ERR_FORMAT)
		say(q, a, 403, o.why);
	else if (e || (e = keep(q, &o, &t)))
		web_unavailable(q, a, e);
	else
		put_ask(q, a, t);
	register_offer_done(&o);
}

void
terminal_api_ask(struct web_request *q, struct web_response *a)
{
	struct approval_want w;

	if (!rate_take(q, a, &rate))
		return;
	if (q->body.len > APPROVAL_MAX || wire_decode(&approval_want_map, q->body, &w))
		web_refuse(q, a, 400, "invalid_request", "This is no request of a terminal.");
	else if (w.invite.len)
		ask_invited(q, a, w.invite);
	else
		ask_code(q, a, w.code);
}

/* ---- answering ---- */
void
terminal_api_answer(struct web_request *q, struct web_response *a)
{
	struct approval_answer got;
	struct terminal *t;
	const char *why;
	enum err e;

	if (!rate_take(q, a, &rate))
		return;
	if (q->body.len > APPROVAL_MAX || wire_decode(&approval_answer_map, q->body, &got)) {
		web_refuse(q, a, 400, "invalid_request", "This is no answer of a terminal.");
		return;
	}
	if (!(t = terminal_by_code(q, got.code)) || t->state != TERMINAL_WAITS) {
		unknown(q, a);
		return;
	}
	if ((e = terminal_answer(q, t, &got, &why)) && e != ERR_FORMAT)
		web_unavailable(q, a, e);
	else
		say(q, a, e ? 403 : 200, e ? why : "");
	if (t->c.kind == CEREMONY_REGISTER && t->state != TERMINAL_WAITS)
		terminal_drop(q, t);
}
