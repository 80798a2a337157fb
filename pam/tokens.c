#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "pam/tokens_parts.h"

#define DEVICE	  "ownkey-token"
#define LISTER	  "ownkey-list"
#define HIDRAW	  "/sys/class/hidraw"
#define EVENT_MAX ((size_t)16 * 1024)
#define EXTRA_MS  2000 /* so much longer than the helper do we wait: its word says more than ours */

/* --- one job to one helper --- */

static void
who(const struct tokens_setup *s, struct token_job *q)
{
	q->uid = s->uid;
	q->gid = s->gid;
}

static uint64_t
time_left(int64_t until)
{
	int64_t left = until - helper_clock();

	return left < 1 ? 1 : left > 3600000 ? 3600000 : (uint64_t)left;
}

static enum err
start(const char *program, struct token_job *q, int64_t until, struct helper *h)
{
	struct buf out = BUF_INIT;
	enum err e;

	if (q->uid == 0)
		return ERR_ROOT_KEPT;
	wire_mark(&token_job_map, q);
	if (!(e = wire_encode(&token_job_map, q, &out)) &&
	    !(e = helper_start(program, EVENT_MAX, h)))
		e = helper_send(h, buf_span(&out), until);
	buf_done(&out);
	return e;
}

static enum err
start_device(const struct tokens_setup *s, const char *path, struct token_job *q, int64_t until,
    struct helper *h)
{
	who(s, q);
	q->path = span_str(path);
	q->timeout_ms = time_left(until);
	return start(DEVICE, q, until + EXTRA_MS, h);
}

/* What it said: ERR_OK for an event or a result, its own error, or that it makes no sense. */
static enum err
take(struct span frame, struct token_event *ev)
{
	if (wire_decode(&token_event_map, frame, ev))
		return ERR_LIE_FORMAT;
	if (ev->kind != TOKEN_EV_ERROR)
		return ERR_OK;
	return ev->err && err_is_known(ev->err) ? (enum err)ev->err : ERR_TOKEN_IO;
}

static enum err
as_token_error(enum err e)
{
	return e == ERR_HANGUP ? ERR_TOKEN_IO
	    : e == ERR_TOOBIG  ? ERR_LIE_FORMAT
	    : e == ERR_TIMEOUT ? ERR_TOUCH_TIMEOUT
			       : e;
}

static uint64_t
retries_of(const struct token_event *ev)
{
	return wire_has(&token_event_map, ev, "retries") ? ev->retries : TOKENS_NO_RETRIES;
}

/* --- which there are --- */

static void
copy_text(char *out, size_t cap, struct span s)
{
	size_t n = s.len < cap - 1 ? s.len : cap - 1;

	/* never half a character */
	while (n && n < s.len && (s.p[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : (char)s.p[i];
	out[n] = '\0';
}

/* A path that does not fit is no path. */
static void
add_seen(struct tokens_there *ts, const struct token_event *ev)
{
	struct token_seen *t = &ts->t[ts->n];

	if (ts->n == TOKENS_MAX || !ev->path.len || ev->path.len >= sizeof t->path)
		return;
	*t = (struct token_seen){ .access = ev->access };
	copy_text(t->path, sizeof t->path, ev->path);
	copy_text(t->name, sizeof t->name, ev->name);
	t->vendor = ev->vendor;
	t->product = ev->product;
	ts->n++;
}

static enum err
read_list(struct helper *h, int64_t until, struct tokens_there *out)
{
	struct tokens_there now = { .n = 0 };
	struct token_event ev;
	struct span frame;
	enum err e;

	do {
		if ((e = helper_recv(h, until, &frame)) || (e = take(frame, &ev)))
			return e == ERR_TOOBIG ? ERR_LIE_FORMAT : e;
		if (ev.kind == TOKEN_EV_DEVICE)
			add_seen(&now, &ev);
	} while (ev.kind != TOKEN_EV_END && helper_clock() < until);
	if (ev.kind != TOKEN_EV_END)
		return ERR_TIMEOUT;
	*out = now;
	return ERR_OK;
}

static enum err
start_list(const struct tokens_setup *s, enum token_op op, int64_t until, struct helper *h)
{
	struct token_job q = { .op = op };
	struct span sources[TOKENS_SOURCES];

	if (s->sources > TOKENS_SOURCES)
		return ERR_INTERNAL;
	for (size_t i = 0; i < s->sources; i++)
		sources[i] = span_str(s->source[i]);
	q.sources = (struct wire_list){ .v = sources, .n = s->sources };
	who(s, &q);
	return start(LISTER, &q, until, h);
}

/* By names alone, which the kernel gives: what a device says about itself is read by a helper. */
static bool
has_hidraw(void)
{
	DIR *d = opendir(HIDRAW);
	const struct dirent *de;
	bool any;

	if (!d)
		return errno != ENOENT;
	do {
		errno = 0;
		de = readdir(d);
	} while (de && de->d_name[0] == '.');
	any = de || errno != 0;
	closedir(d);
	return any;
}

static bool
has_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? S_ISSOCK(st.st_mode) : errno != ENOENT && errno != ENOTDIR;
}

/* Where certainly nothing is plugged in, no program is started to find that out. */
static bool
may_be_there(const struct tokens_setup *s)
{
	for (size_t i = 0; i < s->sources; i++)
		if (strncmp(s->source[i], "unix:", 5) == 0 ? has_socket(s->source[i] + 5)
							   : has_hidraw())
			return true;
	return s->sources == 0 && has_hidraw();
}

enum err
tokens_look(const struct tokens_setup *s, int64_t until, struct tokens_there *out)
{
	struct helper h = HELPER_NONE;
	enum err e;

	if (s->sources <= TOKENS_SOURCES && !may_be_there(s)) {
		out->n = 0;
		return ERR_OK;
	}
	if (!(e = start_list(s, TOKEN_LIST, until, &h)))
		e = read_list(&h, until, out);
	helper_end(&h);
	return e;
}

enum err
tokens_watch(const struct tokens_setup *s, int64_t until, struct tokens_watch *w)
{
	enum err e;

	w->h = (struct helper)HELPER_NONE;
	if ((e = start_list(s, TOKEN_WATCH, until, &w->h)))
		helper_end(&w->h);
	return e;
}

enum err
tokens_watch_next(struct tokens_watch *w, int64_t until, struct tokens_there *out)
{
	return read_list(&w->h, until, out);
}

void
tokens_watch_end(struct tokens_watch *w)
{
	helper_end(&w->h);
}

/* --- several helpers, of which one wins --- */

static void
turn_init(struct turn *t, size_t n)
{
	*t = (struct turn){ .n = n };
	for (size_t i = 0; i < TOKENS_MAX; i++)
		t->h[i] = (struct helper)HELPER_NONE;
}

static void
turn_end(struct turn *t)
{
	for (size_t i = 0; i < t->n; i++)
		helper_end(&t->h[i]);
}

/* The result or error of any of them.  *ended: of the helper t->which, which is done by it. */
static enum err
turn_next(struct turn *t, int64_t until, bool *ended)
{
	struct span frame;
	enum err e;

	*ended = false;
	for (;;) {
		e = helper_recv_any(t->h, t->n, until + EXTRA_MS, &t->which, &frame);
		if (e == ERR_NOTFOUND || e == ERR_TIMEOUT || e == ERR_IO)
			return as_token_error(e);
		*ended = true;
		t->ev = (struct token_event){ 0 };
		if ((e = e ? as_token_error(e) : take(frame, &t->ev)) ||
		    t->ev.kind == TOKEN_EV_RESULT)
			return e;
		*ended = false;
		if (t->ev.kind == TOKEN_EV_TOUCH && t->touch)
			t->touch(t->arg, t->which);
		/* one that only talks ends nothing, but the clock runs */
		if (helper_clock() >= until + EXTRA_MS)
			return ERR_TOUCH_TIMEOUT;
	}
}

/* --- assertions --- */

static void
fill_assert(const struct tokens_call *c, struct token_job *q)
{
	*q = (struct token_job){ .op = TOKEN_ASSERT, .rp_id = span_str(c->rp_id) };
	q->cdh = SPAN(c->cdh, 32);
	q->creds = (struct wire_list){ .v = c->creds, .n = c->ncreds };
	q->salt = c->salt;
	q->pin = c->uv == TOKEN_UV_PIN ? span_str(c->pin) : SPAN_NONE;
	q->uv = c->uv;
	q->up = c->up;
	q->force = c->force;
}

static bool
is_zero(struct span s)
{
	uint8_t all = 0;

	for (size_t i = 0; i < s.len; i++)
		all |= s.p[i];
	return all == 0;
}

/* Bounded by the wire, and looked at again, because they are copied. */
static enum err
take_answer(const struct tokens_call *c, const struct token_event *ev, struct tokens_answer *a)
{
	if (!ev->cred_id.len || ev->cred_id.len > TOKENS_CRED || ev->authdata.len > TOKENS_AUTH ||
	    !ev->authdata.len || !ev->sig.len || ev->sig.len > TOKENS_SIG)
		return ERR_LIE_FORMAT;
	if (c->salt.len && (ev->secret.len != c->salt.len || is_zero(ev->secret)))
		return ERR_LIE_SECRET;
	if (!c->salt.len && ev->secret.len)
		return ERR_LIE_FORMAT;
	memcpy(a->cred_id, ev->cred_id.p, ev->cred_id.len);
	memcpy(a->authdata, ev->authdata.p, ev->authdata.len);
	memcpy(a->sig, ev->sig.p, ev->sig.len);
	a->cred_len = ev->cred_id.len;
	a->auth_len = ev->authdata.len;
	a->sig_len = ev->sig.len;
	if (c->salt.len)
		memcpy(a->secret, ev->secret.p, ev->secret.len);
	return ERR_OK;
}

enum err
tokens_hear(struct turn *t, const struct tokens_call *c, int64_t until, struct tokens_answer *a)
{
	bool ended;
	enum err e = turn_next(t, until, &ended);

	if (ended)
		a->retries = retries_of(&t->ev);
	return e ? e : take_answer(c, &t->ev, a);
}

static bool
is_askable(const struct tokens_call *c, const struct tokens_answer *a)
{
	return c->rp_id && c->cdh && (!c->salt.len || (c->salt.len == 32 && a->secret)) &&
	    (c->uv != TOKEN_UV_PIN || (c->pin && c->pin[0]));
}

enum err
tokens_assert(const struct tokens_setup *s, const char *path, const struct tokens_call *c,
    int64_t until, struct tokens_answer *a)
{
	struct token_job q;
	struct turn t;
	enum err e;

	a->retries = TOKENS_NO_RETRIES;
	if (!is_askable(c, a))
		return ERR_INTERNAL;
	turn_init(&t, 1);
	t.touch = c->touch;
	t.arg = c->arg;
	fill_assert(c, &q);
	if (!(e = start_device(s, path, &q, until, &t.h[0])))
		e = tokens_hear(&t, c, until, a);
	turn_end(&t);
	return e;
}

/* The first that is accepted; *a has it. */
static enum err
first_good(struct turn *t, const struct tokens_race *r, const struct tokens_call *c, int64_t until,
    struct tokens_answer *a)
{
	enum err last = ERR_TOKEN_WRONG, e;
	bool ended;

	for (;;) {
		e = turn_next(t, until, &ended);
		if (!e && !(e = take_answer(c, &t->ev, a)) && !(e = r->judge(c->arg, t->which, a)))
			return ERR_OK;
		if (!ended)
			return e == ERR_NOTFOUND ? last : e;
		if (e != ERR_TOKEN_WRONG)
			last = e;
		helper_end(&t->h[t->which]);
	}
}

enum err
tokens_assert_any(const struct tokens_setup *s, struct tokens_race *r, const struct tokens_call *c,
    int64_t until, struct tokens_answer *a)
{
	enum err e = ERR_OK;
	struct token_job q;
	struct turn t;

	a->retries = TOKENS_NO_RETRIES;
	if (!r->n || r->n > TOKENS_MAX || !is_askable(c, a) || c->uv == TOKEN_UV_PIN)
		return ERR_INTERNAL;
	turn_init(&t, r->n);
	t.touch = c->touch;
	t.arg = c->arg;
	for (size_t i = 0; i < r->n && !e; i++) {
		fill_assert(c, &q);
		e = start_device(s, r->paths[i], &q, until, &t.h[i]);
	}
	if (!e)
		e = first_good(&t, r, c, until, a);
	if (!e)
		r->which = t.which;
	turn_end(&t);
	return e;
}

/* --- the others --- */

enum err
tokens_touched(
    const struct tokens_setup *s, const char *const *paths, size_t n, int64_t until, size_t *which)
{
	enum err last = ERR_TOUCH_TIMEOUT, e = ERR_OK;
	struct token_job q;
	struct turn t;
	bool ended;

	if (!n || n > TOKENS_MAX)
		return ERR_INTERNAL;
	turn_init(&t, n);
	for (size_t i = 0; i < n && !e; i++) {
		q = (struct token_job){ .op = TOKEN_SELECT };
		e = start_device(s, paths[i], &q, until, &t.h[i]);
	}
	while (!e && (e = turn_next(&t, until, &ended)) && ended) {
		last = e;
		helper_end(&t.h[t.which]);
		e = ERR_OK;
	}
	if (!e)
		*which = t.which;
	turn_end(&t);
	return e == ERR_NOTFOUND ? last : e;
}

static enum err
ask_one(const struct tokens_setup *s, const char *path, struct token_job *q, int64_t until,
    struct turn *t)
{
	bool ended;
	enum err e;

	turn_init(t, 1);
	if ((e = start_device(s, path, q, until, &t->h[0])))
		return e;
	return turn_next(t, until, &ended);
}

enum err
tokens_info(const struct tokens_setup *s, const char *path, int64_t until, struct tokens_info *out)
{
	struct token_job q = { .op = TOKEN_INFO };
	struct turn t;
	enum err e = ask_one(s, path, &q, until, &t);

	if (!e) {
		*out = (struct tokens_info){ .options = t.ev.options, .min_pin = t.ev.min_pin };
		out->retries = retries_of(&t.ev);
		out->max_creds = t.ev.max_creds;
		out->max_cred_id = t.ev.max_cred_id;
		if (t.ev.aaguid.len == sizeof out->aaguid)
			memcpy(out->aaguid, t.ev.aaguid.p, sizeof out->aaguid);
	}
	turn_end(&t);
	return e;
}

enum err
tokens_change_pin(
    const struct tokens_setup *s, const char *path, int64_t until, struct tokens_pins *p)
{
	struct token_job q = { .op = TOKEN_PIN_CHANGE, .force = p->force };
	struct turn t;
	enum err e;

	q.pin = span_str(p->pin);
	q.newpin = span_str(p->newpin);
	e = ask_one(s, path, &q, until, &t);
	p->retries = e ? retries_of(&t.ev) : TOKENS_NO_RETRIES;
	turn_end(&t);
	return e;
}
