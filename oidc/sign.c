/* sign.c - the agent that signs: one connection, many requests, and the keys that it showed. */
#include "oidc/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/async.h"
#include "lib/fiber.h"
#include "lib/log.h"
#include "lib/loop.h"

#define KEY_TEXT 2048
/* Milliseconds that a request waits for an agent that is there and says nothing. */
#define PATIENCE 15000

struct kept {
	struct sign_key key;
	char jwk[KEY_TEXT];
};

struct waiting;
struct sign {
	struct loop *loop;
	const struct oidc_conf *conf;
	struct async *async;
	struct loop_fd *watch;
	struct loop_timer *timer;
	int fd;
	enum sign_state state;
	struct kept *keys;
	size_t nkeys;
	struct buf jwks;
	uint64_t version;
	bool asking, again;   /* for keys */
	struct waiting *left; /* nobody waits any more, and the agent has not answered yet */
};

/* ---- keys ---- */
static void ask_keys(struct sign *s);

static bool
is_shown(const struct ops_jwt_key *k)
{
	uint64_t now = (uint64_t)time(NULL);

	return !k->until || k->until >= now;
}

static bool
is_configured(const struct sign *s, uint64_t alg)
{
	static const enum oidc_alg bits[] = {
		[JWT_ES256] = OIDC_ES256, [JWT_EDDSA] = OIDC_EDDSA, [JWT_RS256] = OIDC_RS256
	};

	return alg <= JWT_RS256 && (s->conf->algorithms & bits[alg]);
}

static void
copy(char *to, size_t cap, struct span s)
{
	snprintf(to, cap, "%.*s", (int)(s.len < cap ? s.len : cap - 1), (const char *)s.p);
}

static enum err
keep(struct kept *to, const struct ops_jwt_key *k)
{
	if (k->jwk.len >= sizeof to->jwk || k->kid.len >= sizeof to->key.kid)
		return ERR_TOOBIG;
	to->key.alg = (enum jwt_alg)k->alg;
	to->key.state = (enum jwt_state)k->state;
	to->key.until = k->until;
	copy(to->key.kid, sizeof to->key.kid, k->kid);
	copy(to->jwk, sizeof to->jwk, k->jwk);
	to->key.jwk = to->jwk;
	return ERR_OK;
}

static enum err
put_jwks(const struct kept *keys, size_t n, struct buf *out)
{
	buf_put_str(out, "{\"keys\":[");
	for (size_t i = 0; i < n; i++) {
		buf_put_str(out, i ? "," : "");
		buf_put_str(out, keys[i].jwk);
	}
	buf_put_str(out, "]}");
	return buf_err(out);
}

static enum err
take_keys(struct sign *s, const struct ops_jwt_keys_rep *rep)
{
	struct kept *keys = calloc(JWT_KEYS, sizeof *keys);
	struct cbor c = wire_each(&rep->keys);
	struct buf jwks = BUF_INIT;
	struct ops_jwt_key k;
	enum err e = keys ? ERR_OK : ERR_NOMEM;
	size_t n = 0;

	while (!e && !cbor_at_end(&c) && n < JWT_KEYS) {
		if (!(e = wire_next(&ops_jwt_key_map, &c, &k)) && is_shown(&k) &&
		    !(e = keep(&keys[n], &k)))
			n++;
	}
	if (!e && !(e = put_jwks(keys, n, &jwks)) &&
	    !span_eq(buf_span(&jwks), buf_span(&s->jwks))) {
		struct kept *old = s->keys;
		struct buf text = s->jwks;

		s->keys = keys;
		s->nkeys = n;
		s->jwks = jwks;
		s->version++;
		keys = old;
		jwks = text;
	}
	free(keys);
	buf_done(&jwks);
	return e;
}

static void
on_keys(void *arg, enum err status, const char *text, const void *rep)
{
	struct sign *s = arg;

	(void)text;
	s->asking = false;
	if (status || (status = take_keys(s, rep)))
		log_err(status, "the agent was asked for its public keys");
	if (s->again)
		ask_keys(s);
}

static void
ask_keys(struct sign *s)
{
	struct ops_jwt_issuer q = { .issuer = span_str(s->conf->issuer) };
	struct async_then then = { on_keys, s };

	s->again = s->asking;
	if (s->asking)
		return;
	wire_mark(&ops_jwt_issuer_map, &q);
	s->asking = !async_call(s->async, OP_JWT_KEYS, &q, then, NULL);
}

/* ---- state ---- */
static void
set_state(struct sign *s, enum sign_state now)
{
	static const char *const names[] = { "the agent is gone", "the vault is locked",
		"the vault is open" };

	if (s->state != now)
		log_info("%s", names[now]);
	s->state = now;
}

static void
on_up(void *arg, const struct ops_hello_rep *hello)
{
	struct sign *s = arg;

	set_state(s, hello->locked ? SIGN_LOCKED : SIGN_OPEN);
	ask_keys(s);
}

static void
on_down(void *arg)
{
	set_state(arg, SIGN_NO_AGENT);
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	struct sign *s = arg;

	if (ev->request)
		return;
	if (ev->kind == OPS_EV_LOCKED)
		set_state(s, SIGN_LOCKED);
	if (ev->kind == OPS_EV_UNLOCKED)
		set_state(s, SIGN_OPEN);
	if (ev->kind == OPS_EV_UNLOCKED || ev->kind == OPS_EV_CHANGED)
		ask_keys(s);
}

/* ---- the loop ---- */
static void
on_agent(void *arg, short revents)
{
	struct sign *s = arg;

	(void)revents;
	async_run(s->async);
}

static void
on_timer(void *arg)
{
	struct sign *s = arg;

	s->timer = NULL;
	async_run(s->async);
}

/* Descriptor and events may be others after every wake-up. */
static void
watch(struct sign *s)
{
	int fd = async_fd(s->async), ms = async_timeout(s->async);

	if (fd != s->fd || (fd >= 0 && !s->watch)) {
		loop_fd_remove(s->watch);
		s->watch = fd < 0 ? NULL : loop_fd_add(s->loop, fd, POLLIN, on_agent, s);
		s->fd = fd;
	}
	if (s->watch)
		loop_fd_events(s->watch, async_events(s->async));
	if (ms >= 0 && !s->timer)
		s->timer = loop_timer_add(s->loop, loop_now() + (uint64_t)ms, on_timer, s);
}

/* What was asked in this wake-up goes out with it. */
static void
after(void *arg)
{
	struct sign *s = arg;

	if (async_events(s->async) & POLLOUT)
		async_run(s->async);
	watch(s);
}

static void
after_all(void *arg)
{
	watch(arg);
}

void
sign_follow(struct sign *s)
{
	loop_after(s->loop, after_all, s);
}

/* ---- asking ---- */
/* The agent's answer may come when whoever asked has gone. */
struct waiting {
	struct fiber *fiber; /* NULL: gone, and with it what the pointers lead to */
	struct loop_timer *timer;
	struct buf *token;
	struct sign_made *made;
	char *subject;
	enum err status;
	bool answered;
	uint64_t id;
	struct waiting *next, **at; /* in sign->left */
};

static void
take_token(struct waiting *w, const struct ops_jwt_sign_rep *r)
{
	buf_put_span(w->token, r->token);
	w->status = buf_err(w->token);
	if (w->status || !w->made)
		return;
	w->made->issued = r->issued;
	w->made->expires = r->expires;
	copy(w->made->kid, sizeof w->made->kid, r->kid);
	copy(w->made->subject, sizeof w->made->subject, r->subject);
}

static void
take_subject(struct waiting *w, const struct ops_jwt_subject_rep *r)
{
	if (r->subject.len >= SIGN_SUBJECT)
		w->status = ERR_FORMAT;
	else
		copy(w->subject, SIGN_SUBJECT, r->subject);
}

static void
on_reply(void *arg, enum err status, const char *text, const void *rep)
{
	struct waiting *w = arg;

	(void)text;
	if (!w->fiber) {
		*w->at = w->next;
		if (w->next)
			w->next->at = w->at;
		free(w);
		return;
	}
	w->status = status;
	w->answered = true;
	if (!status && w->token)
		take_token(w, rep);
	else if (!status)
		take_subject(w, rep);
	fiber_wake(w->fiber, ERR_OK);
}

static void
on_late(void *arg)
{
	struct waiting *w = arg;

	w->timer = NULL;
	fiber_wake(w->fiber, ERR_BUSY);
}

/* The request is taken back, and its answer dropped when it comes. */
static void
leave(struct sign *s, struct waiting *w)
{
	w->fiber = NULL;
	w->next = s->left;
	w->at = &s->left;
	if (w->next)
		w->next->at = &w->next;
	s->left = w;
	async_cancel(s->async, w->id);
}

static enum err
wait_for(struct sign *s, struct waiting *w)
{
	enum err e = fiber_wait();

	loop_timer_remove(w->timer);
	w->timer = NULL;
	if (w->answered) {
		e = w->status;
		free(w);
		return e;
	}
	leave(s, w);
	return e ? e : ERR_BUSY;
}

static enum err
ask(struct sign *s, enum op op, const void *q, const struct waiting *what)
{
	struct waiting *w;
	enum err e;

	if (!fiber_self())
		return ERR_INTERNAL;
	if (s->state == SIGN_LOCKED)
		return ERR_LOCKED;
	if (!(w = malloc(sizeof *w)))
		return ERR_NOMEM;
	*w = *what;
	w->fiber = fiber_self();
	w->timer = loop_timer_add(s->loop, loop_now() + PATIENCE, on_late, w);
	e = w->timer ? ERR_OK : ERR_NOMEM;
	if (!e)
		e = async_call(s->async, op, q, (struct async_then){ on_reply, w }, &w->id);
	if (!e)
		return wait_for(s, w);
	loop_timer_remove(w->timer);
	free(w);
	return e;
}

enum err
sign_token(struct sign *s, const struct ops_jwt_sign *q, struct buf *out, struct sign_made *made)
{
	struct waiting w = { .token = out, .made = made };
	struct ops_jwt_sign ours = *q;

	ours.issuer = span_str(s->conf->issuer);
	wire_mark(&ops_jwt_sign_map, &ours);
	return ask(s, OP_JWT_SIGN, &ours, &w);
}

enum err
sign_subject(struct sign *s, struct span audience, struct span account, char *out)
{
	struct waiting w = { .subject = out };
	struct ops_jwt_subject q = {
		.issuer = span_str(s->conf->issuer), .audience = audience, .account = account
	};

	wire_mark(&ops_jwt_subject_map, &q);
	return ask(s, OP_JWT_SUBJECT, &q, &w);
}

/* ---- what is known ---- */
enum sign_state
sign_state(const struct sign *s)
{
	return s->state;
}

struct span
sign_jwks(const struct sign *s)
{
	return buf_span(&s->jwks);
}

const struct sign_key *
sign_key_at(const struct sign *s, size_t i)
{
	return i < s->nkeys ? &s->keys[i].key : NULL;
}

const struct sign_key *
sign_key_find(const struct sign *s, struct span kid)
{
	for (size_t i = 0; i < s->nkeys; i++)
		if (span_is(kid, s->keys[i].key.kid))
			return &s->keys[i].key;
	return NULL;
}

bool
sign_can(const struct sign *s, enum jwt_alg alg)
{
	for (size_t i = 0; i < s->nkeys; i++)
		if (s->keys[i].key.alg == alg && s->keys[i].key.state == JWT_CURRENT)
			return is_configured(s, alg);
	return false;
}

uint64_t
sign_version(const struct sign *s)
{
	return s->version;
}

/* ---- beginning and end ---- */
/* lib/async.h finds the agent where the environment says. */
static enum err
point_at_agent(const struct oidc_conf *c)
{
	char path[OIDC_CONF_PATH + 16];

	snprintf(path, sizeof path, "%s/agent.sock", c->agent);
	return setenv("OWNKEY_SOCKET", path, 1) ? ERR_NOMEM : ERR_OK;
}

enum err
sign_new(struct sign **out, struct loop *l, const struct oidc_conf *c)
{
	static const struct async_hooks hooks = { on_up, on_down, on_event };
	struct ops_hello hello = { .client = SPAN_LIT("ownkey-oidc " OWNKEY_VERSION) };
	struct sign *s = calloc(1, sizeof *s);
	enum err e;

	if (!s)
		return ERR_NOMEM;
	*s = (struct sign){ .loop = l, .conf = c, .fd = -1 };
	if ((e = point_at_agent(c)) || (e = async_new(&s->async, &hello, &hooks, s))) {
		free(s);
		return e;
	}
	loop_after(l, after, s);
	watch(s);
	*out = s;
	return ERR_OK;
}

void
sign_done(struct sign *s)
{
	if (!s)
		return;
	loop_fd_remove(s->watch);
	loop_timer_remove(s->timer);
	async_done(s->async);
	for (struct waiting *w = s->left, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	buf_done(&s->jwks);
	free(s->keys);
	free(s);
}
