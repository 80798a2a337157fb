/* token.c - tokens that are plugged in: list, info, one call. */
#include "agent/vault/token.h"
#include "agent/vault/turn.h"

#include <stdio.h>

#include "lib/softtoken_aaguid.h"
#include "lib/text.h"

#define BUILTIN_TIMES 4
#define CALL_EXTRA_MS 5000 /* for USB and start of the helper, on top of the touch */

static void
copy(char *out, size_t cap, struct span s)
{
	size_t n = s.len < cap - 1 ? s.len : cap - 1;

	/* never half a character: what is told to clients is UTF-8 */
	while (n && n < s.len && (s.p[n] & 0xc0) == 0x80)
		n--;
	if (n)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

static void
list_job(const struct vault *v, enum token_op op, struct span *sources, struct token_job *q)
{
	*q = (struct token_job){ .op = op };
	for (uint32_t i = 0; i < v->conf.ntokens; i++)
		sources[i] = span_str(v->conf.token[i]);
	q->sources = (struct wire_list){ .v = sources, .n = v->conf.ntokens };
	q->sysfs = span_str(v->conf.sysfs);
	q->dev = span_str(v->conf.dev);
	wire_mark(&token_job_map, q);
}

static void
add_device(struct tokens *ts, const struct token_event *ev)
{
	struct token *t;

	if (ts->n >= TOKENS || !ev->path.len)
		return;
	t = &ts->t[ts->n++];
	*t = (struct token){ .slot = -1, .access = ev->access };
	copy(t->path, sizeof t->path, ev->path);
	copy(t->name, sizeof t->name, ev->name);
	t->vendor = ev->vendor;
	t->product = ev->product;
	t->err = ev->access ? ERR_OK : ERR_TOKEN_ACCESS;
}

/* Devices until END. */
static enum err
read_list(struct job *j, struct helper *h, uint64_t ms, struct tokens *out)
{
	struct token_event ev;
	struct span frame;
	enum err e;

	out->n = 0;
	for (;;) {
		if ((e = job_recv(j, h, ms, &frame)) ||
		    (e = wire_decode(&token_event_map, frame, &ev)))
			return e;
		if (ev.kind == TOKEN_EV_END)
			return ERR_OK;
		if (ev.kind == TOKEN_EV_ERROR)
			return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_INTERNAL;
		add_device(out, &ev);
	}
}

static enum err
start_list(struct job *j, enum token_op op, struct helper **h)
{
	struct span sources[CONF_TOKENS];
	struct token_job q;
	enum err e;

	list_job(j->v, op, sources, &q);
	if ((e = job_spawn(j, HELPER_TOKEN, NULL, h)))
		return e;
	return job_send(j, *h, &token_job_map, &q);
}

enum err
tokens_list(struct job *j, struct tokens *out)
{
	struct helper *h = NULL;
	enum err e;

	if (!(e = start_list(j, TOKEN_LIST, &h)))
		e = read_list(j, h, 10000, out);
	job_end(j, h);
	return e;
}

static size_t
usable(const struct tokens *ts)
{
	size_t n = 0;

	for (size_t i = 0; i < ts->n; i++)
		n += ts->t[i].access;
	return n;
}

static enum err
none_usable(const struct tokens *ts)
{
	return ts->n ? ERR_TOKEN_ACCESS : ERR_TOKEN_ABSENT;
}

enum err
tokens_wait(struct job *j, bool nowait, struct tokens *out)
{
	uint64_t until = loop_now() + j->v->conf.prompt_timeout * 1000ull;
	struct helper *h = NULL;
	enum err e;

	if ((e = tokens_list(j, out)) || usable(out))
		return e;
	if (nowait || out->n)
		return none_usable(out);
	job_event(j, OPS_EV_WAIT_TOKEN, "plug in your token");
	if (!(e = start_list(j, TOKEN_WATCH, &h)))
		do {
			uint64_t now = loop_now();

			e = now < until ? read_list(j, h, until - now, out) : ERR_TIMEOUT;
		} while (!e && !usable(out));
	job_end(j, h);
	return e == ERR_TIMEOUT ? none_usable(out) : e;
}

enum err
tokens_only(struct tokens *ts, struct span path)
{
	if (!path.len)
		return ERR_OK;
	for (size_t i = 0; i < ts->n; i++)
		if (span_is(path, ts->t[i].path)) {
			ts->t[0] = ts->t[i];
			ts->n = 1;
			return ERR_OK;
		}
	return ERR_TOKEN_ABSENT;
}

/* ---- one call ---- */
static void
announce(struct job *j, const struct token *t, const char *why)
{
	struct ops_event ev = {
		.kind = OPS_EV_TOUCH, .label = span_str(t->name), .text = span_str(why)
	};

	job_event_full(j, &ev);
}

static enum err
take_event(struct job *j, const struct token *t, struct token_call *c, struct span frame, bool *end)
{
	enum err e;

	*end = true;
	if ((e = wire_decode(&token_event_map, frame, &c->ev)))
		return ERR_LIE_FORMAT;
	if (c->ev.kind == TOKEN_EV_RESULT)
		return ERR_OK;
	if (c->ev.kind == TOKEN_EV_ERROR)
		return err_is_known(c->ev.err) && c->ev.err ? (enum err)c->ev.err : ERR_TOKEN_IO;
	*end = false;
	if (c->ev.kind == TOKEN_EV_TOUCH && c->touch)
		announce(j, t, c->touch);
	return ERR_OK;
}

enum err
token_call(struct job *j, const struct token *t, struct token_call *c)
{
	uint64_t ms = j->v->conf.touch_timeout * 1000ull;
	struct span frame;
	bool end = false;
	enum err e;

	/* a finger is tried again, and the PIN of a forwarded token is typed at its home */
	if (c->job.uv == TOKEN_UV_BUILTIN)
		ms *= BUILTIN_TIMES;
	c->h = NULL;
	c->job.path = span_str(t->path);
	c->job.timeout_ms = ms;
	wire_mark(&token_job_map, &c->job);
	if (!(e = turn_take(j, &j->v->tokens)) && !(e = job_spawn(j, HELPER_TOKEN, NULL, &c->h)))
		e = job_send(j, c->h, &token_job_map, &c->job);
	while (!e && !end)
		if (!(e = job_recv(j, c->h, ms + CALL_EXTRA_MS, &frame)))
			e = take_event(j, t, c, frame, &end);
	return e == ERR_HANGUP ? ERR_TOKEN_IO : e == ERR_TIMEOUT ? ERR_TOUCH_TIMEOUT : e;
}

enum err
token_examine(struct job *j, struct token *t)
{
	struct token_call c = { .job = { .op = TOKEN_INFO } };
	enum err e;

	if (t->err)
		return ERR_OK;
	e = token_call(j, t, &c);
	if (!e) {
		t->examined = true;
		t->options = c.ev.options;
		t->retries = c.ev.retries;
		t->min_pin = c.ev.min_pin;
		t->max_creds = c.ev.max_creds;
		t->firmware = c.ev.firmware;
		if (c.ev.aaguid.len == 16)
			memcpy(t->aaguid, c.ev.aaguid.p, 16);
		copy(t->versions, sizeof t->versions, c.ev.versions);
		copy(t->extensions, sizeof t->extensions, c.ev.extensions);
	}
	if (!t->name[0])
		snprintf(t->name, sizeof t->name, "%s",
		    token_is_software(t) ? "(software token)" : "(no name)");
	t->err = e;
	job_end(j, c.h);
	return e == ERR_CANCELLED || e == ERR_NOMEM || e == ERR_NOPROGRAM ? e : ERR_OK;
}

/* Of somebody who may say "unix:PATH" although it is not in the configuration: the owner, and for
 * this request only (the other end of a forwarded token). */
static bool
is_socket(struct span path)
{
	return path.len > 6 && path.len < sizeof((struct token *)0)->path &&
	    span_eq(span_sub(path, 0, 6), SPAN_LIT("unix:/"));
}

enum err
tokens_find(struct job *j, struct span path, bool nowait, struct tokens *out)
{
	enum err e;

	if (!is_socket(path)) {
		if ((e = tokens_wait(j, nowait, out)))
			return e;
		return tokens_only(out, path);
	}
	*out = (struct tokens){ .n = 1 };
	out->t[0] = (struct token){ .slot = -1, .access = true };
	copy(out->t[0].path, sizeof out->t[0].path, path);
	return ERR_OK;
}

bool
token_is_software(const struct token *t)
{
	return t->examined && softtoken_aaguid_is(t->aaguid);
}

/* ---- which one is meant ---- */
static enum err
start_select(struct job *j, const struct token *t)
{
	struct token_job q = { .op = TOKEN_SELECT, .path = span_str(t->path) };
	struct helper *h;
	enum err e;

	q.timeout_ms = j->v->conf.touch_timeout * 1000ull;
	wire_mark(&token_job_map, &q);
	if ((e = job_spawn(j, HELPER_TOKEN, NULL, &h)))
		return e;
	h->arg = (void *)(uintptr_t)t;
	return job_send(j, h, &token_job_map, &q);
}

static enum err
first_touched(struct job *j, struct token **out)
{
	enum err last = ERR_TOUCH_TIMEOUT;
	struct token_event ev;
	struct helper *h;
	struct span frame;
	enum err e;

	while (!(e = job_recv_any(
		     j, j->v->conf.touch_timeout * 1000ull + CALL_EXTRA_MS, &h, &frame)) ||
	    e == ERR_HANGUP) {
		if (e || wire_decode(&token_event_map, frame, &ev) || ev.kind == TOKEN_EV_ERROR) {
			last =
			    !e && ev.err && err_is_known(ev.err) ? (enum err)ev.err : ERR_TOKEN_IO;
			job_end(j, h);
		} else if (ev.kind == TOKEN_EV_RESULT) {
			*out = h->arg;
			return ERR_OK;
		}
	}
	return e == ERR_NOTFOUND ? last : e;
}

enum err
tokens_select(struct job *j, const struct tokens *ts, const char *text, struct token **out)
{
	enum err e = turn_take(j, &j->v->tokens);

	for (size_t i = 0; i < ts->n && !e; i++)
		if (!ts->t[i].err)
			e = start_select(j, &ts->t[i]);
	job_event(j, OPS_EV_TOUCH, text);
	if (!e)
		e = first_touched(j, out);
	for (size_t i = 0; i < JOB_HELPERS; i++)
		if (j->helper[i].kind == HELPER_TOKEN)
			job_end(j, &j->helper[i]);
	return e;
}

enum err
tokens_pick(struct job *j, struct span path, struct tokens *ts, struct token **t)
{
	enum err e;

	if ((e = tokens_list(j, ts)) || (e = tokens_only(ts, path)))
		return e;
	if (!ts->n)
		return ERR_TOKEN_ABSENT;
	if (ts->n > 1)
		return ERR_TOKEN_MANY;
	*t = &ts->t[0];
	return token_examine(j, *t);
}

enum err
token_ask_pin(struct job *j, const struct token *t, enum err again, bool force, struct sec *pin)
{
	struct question q = { .ask = ASK_PIN, .label = t->name, .err = again };
	char text[1024];

	if (!(t->options & TOKEN_OPT_PIN_SET))
		return ERR_PIN_UNSET;
	if (t->retries == 0)
		return ERR_PIN_BLOCKED;
	if (t->retries < 3 && !force)
		return ERR_PIN_LOW;
	if (t->what)
		snprintf(text, sizeof text, "PIN of your token %s\n%s", t->name, t->what);
	else
		snprintf(text, sizeof text, "PIN of your token %s", t->name);
	q.text = text;
	q.retries = again || t->retries < 4 ? t->retries : 0;
	return job_ask(j, &q, pin);
}
