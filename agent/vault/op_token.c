/* op_token.c - which tokens are there, what they can do, their PIN. */
#include <stdio.h>

#include "agent/vault/op.h"
#include "agent/vault/token.h"

static void
fill(const struct token *t, struct ops_token *out)
{
	*out = (struct ops_token){ .path = span_str(t->path),
		.name = span_str(t->name),
		.access = t->access,
		.vendor = t->vendor,
		.product = t->product,
		.err = (uint64_t)t->err };
	if (t->examined) {
		out->software = token_is_software(t);
		out->aaguid = SPAN(t->aaguid, 16);
		out->versions = span_str(t->versions);
		out->extensions = span_str(t->extensions);
		out->options = t->options;
		out->retries = t->retries;
		out->min_pin = t->min_pin;
		out->max_creds = t->max_creds;
		out->firmware = t->firmware;
	}
	wire_mark(&ops_token_map, out);
}

enum err
op_token_list(struct req *r)
{
	struct ops_token rows[TOKENS];
	struct ops_token_list_rep rep = { .tokens.v = rows };
	struct tokens ts = { 0 };
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = tokens_list(r->job, &ts)))
		return e;
	for (size_t i = 0; i < ts.n; i++) {
		if ((e = token_examine(r->job, &ts.t[i])))
			return e;
		fill(&ts.t[i], &rows[i]);
	}
	rep.tokens.n = ts.n;
	wire_mark(&ops_token_list_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_token_info(struct req *r)
{
	const struct ops_token_sel *in = r->in;
	struct tokens ts = { 0 };
	struct ops_token rep;
	struct token *t = NULL;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = tokens_pick(r->job, in->path, &ts, &t)))
		return e;
	fill(t, &rep);
	return req_reply(r, &rep);
}

static enum err
ask_new(struct job *j, const struct token *t, struct sec *out)
{
	struct question q = { .ask = ASK_NEWPIN, .label = t->name };
	char text[160];
	enum err e;

	snprintf(text, sizeof text, "Choose a PIN for your token %s, %u to 63 characters", t->name,
	    (unsigned)(t->min_pin ? t->min_pin : 4));
	q.text = text;
	if ((e = job_ask(j, &q, out)))
		return e;
	return out->len < 4 || out->len > 63 ? ERR_PIN_POLICY : ERR_OK;
}

static enum err
change(struct req *r, struct token *t, bool force)
{
	bool set = t->options & TOKEN_OPT_PIN_SET;
	struct token_call c = { .job = { .op = set ? TOKEN_PIN_CHANGE : TOKEN_PIN_SET },
		.touch = "to change its PIN" };
	struct sec old = { 0 }, new = { 0 };
	enum err e = ERR_OK;

	if (set)
		e = token_ask_pin(r->job, t, ERR_OK, force, &old);
	if (!e)
		e = ask_new(r->job, t, &new);
	if (!e) {
		c.job.pin = sec_span(&old);
		c.job.newpin = sec_span(&new);
		c.job.force = force;
		e = token_call(r->job, t, &c);
		if (e == ERR_PIN_WRONG && c.ev.kind == TOKEN_EV_ERROR)
			req_text(r, "%u tries are left", (unsigned)c.ev.retries);
		job_end(r->job, c.h);
	}
	sec_done(&old);
	sec_done(&new);
	return e;
}

enum err
op_token_pin(struct req *r)
{
	const struct ops_token_sel *in = r->in;
	struct tokens ts = { 0 };
	struct token *t = NULL;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = tokens_pick(r->job, in->path, &ts, &t)) || (e = t->err))
		return e;
	if (!(t->options & (TOKEN_OPT_PIN_SET | TOKEN_OPT_PIN_ABLE)))
		return ERR_UNSUPPORTED;
	return change(r, t, in->force);
}
