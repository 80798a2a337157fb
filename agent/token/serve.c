/* serve.c - requests of the other side, one after the other. */
#include "agent/token/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/token/serve_parts.h"
#include "lib/crypto.h"
#include "lib/sock.h"

#define CONNECT_MS 10000

enum err
serve_init(struct serve **out, const struct token_job *job, int vault)
{
	struct serve *s;

	if (job->path.len == 0 || job->path.len > 255)
		return ERR_USAGE;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return ERR_NOMEM;
	s->job = job;
	s->vault = vault;
	s->remote_fd = s->port.fd = -1;
	s->until = port_clock() + SERVE_TOTAL_MS;
	remote_init(&s->remote, serve_send, s);
	*out = s;
	return ERR_OK;
}

void
serve_done(struct serve *s)
{
	if (s == NULL)
		return;
	port_close(&s->port);
	if (s->remote_fd >= 0)
		close(s->remote_fd);
	remote_done(&s->remote);
	sec_done(&s->pin);
	free(s);
}

/* ---- beginning ---- */
static enum err
take_connection(struct serve *s, int door)
{
	struct pollfd v[] = { { .fd = door, .events = POLLIN },
		{ .fd = s->vault, .events = POLLIN | POLLRDHUP } };
	uint8_t note[64];
	size_t n;

	if (poll(v, 2, CONNECT_MS) <= 0)
		return ERR_TIMEOUT;
	if (v[1].revents)
		return ERR_CANCELLED;
	if (sock_recv_fd(door, note, sizeof note, &n, &s->remote_fd) != ERR_OK)
		return ERR_HANGUP;
	return s->remote_fd < 0 ? ERR_INTERNAL : ERR_OK;
}

enum err
serve_connect(struct serve *s, int door)
{
	char path[256] = { 0 };
	enum err e;

	memcpy(path, s->job->path.p, s->job->path.len);
	if ((e = port_open(&s->port, path, s->vault)))
		return e;
	return take_connection(s, door);
}

enum err
serve_ready(struct serve *s)
{
	return port_ready(&s->port, port_clock() + SERVE_OPEN_MS);
}

/* ---- what is let through ---- */
static void
answer_status(struct serve *s, uint8_t status)
{
	remote_answer(&s->remote, SPAN(&status, 1));
}

static void
deny(struct serve *s, uint8_t status, const char *what)
{
	serve_note(s, what);
	answer_status(s, status);
}

/* The token's answer as it is. */
static enum err
relay(struct serve *s, struct span request)
{
	struct buf reply = BUF_INIT;
	enum err e;

	if (!(e = serve_call(s, request, &reply)))
		remote_answer(&s->remote, buf_span(&reply));
	buf_done(&reply);
	return e;
}

static enum err
read_info(struct serve *s)
{
	static const uint8_t request[] = { 4 };
	struct buf reply = BUF_INIT;
	enum err e;

	if (!(e = serve_call(s, SPAN(request, 1), &reply)))
		e = reply.p[0]
		    ? ERR_TOKEN_U2F
		    : forward_parse_info(span_sub(buf_span(&reply), 1, reply.len - 1), &s->info);
	buf_done(&reply);
	return e;
}

static enum err
do_info(struct serve *s)
{
	struct buf out = BUF_INIT;
	enum err e;

	forward_put_info(&s->info, &out);
	if (!(e = buf_err(&out)))
		remote_answer(&s->remote, buf_span(&out));
	buf_done(&out);
	return e;
}

/* Without a PIN the tries are not asked for: one firmware crashes on it. */
static enum err
do_retries(struct serve *s)
{
	static const uint8_t request[] = { 6, 0xa2, 1, 1, 2, 1 };

	if (s->info.pin_set)
		return relay(s, SPAN(request, sizeof request));
	answer_status(s, 0x35);
	return ERR_OK;
}

static enum err
do_agree(struct serve *s, const struct forward *f)
{
	uint8_t request[] = { 6, 0xa2, 1, (uint8_t)f->proto, 2, 2 };

	return relay(s, SPAN(request, sizeof request));
}

/* ---- whose credentials ---- */
static bool
is_own(const struct serve *s, struct span id)
{
	struct cbor c = wire_each(&s->job->creds);
	struct span own;

	while (!cbor_at_end(&c) && !cbor_get_bytes(&c, &own))
		if (span_eq(own, id))
			return true;
	return false;
}

static bool
has_hash(const struct wire_list *list, struct span id)
{
	struct cbor c = wire_each(list);
	uint8_t hash[32];
	struct span one;

	crypto_sha256(id, hash);
	while (!cbor_at_end(&c) && !cbor_get_bytes(&c, &one))
		if (span_eq(one, SPAN(hash, 32)))
			return true;
	return false;
}

/* A server that has a copy of another vault's file could ask for that vault's secret. */
static const char *
foreign_credential(struct serve *s, const struct forward *f)
{
	s->fresh = true;
	for (size_t i = 0; i < f->ncreds; i++) {
		if (is_own(s, f->cred[i]))
			return "asked for the key of the vault on THIS machine";
		if (has_hash(&s->job->refuse, f->cred[i]))
			return "asked for the key of another machine's vault";
		if (has_hash(&s->job->known, f->cred[i]))
			s->fresh = false;
	}
	return NULL;
}

/* ---- assertions ---- */
static void
report(struct serve *s, const struct forward *f, const struct buf *reply)
{
	struct token_event ev = { .kind = TOKEN_EV_RELEASED, .fresh = s->fresh };

	if (forward_parse_answer(
		span_sub(buf_span(reply), 1, reply->len - 1), &ev.cred_id, &s->next))
		s->next = 0;
	else if (!ev.cred_id.len)
		ev.cred_id = f->cred[0];
	s->next -= s->next > 0;
	if (!f->up)
		return;
	s->released++;
	serve_event(s, &ev);
}

/* *status: the token's word; a good answer has been sent by then. */
static enum err
assert_once(
    struct serve *s, const struct forward *f, const struct forward_auth *auth, uint8_t *status)
{
	struct buf request = BUF_INIT, reply = BUF_INIT;
	enum err e;

	if (!(e = forward_put_assert(f, auth, &request)) &&
	    !(e = serve_call(s, buf_span(&request), &reply))) {
		*status = reply.p[0];
		if (!*status) {
			report(s, f, &reply);
			remote_answer(&s->remote, buf_span(&reply));
		}
	}
	buf_done(&request);
	buf_done(&reply);
	return e;
}

static bool
is_finger_failure(uint8_t status)
{
	return status == FORWARD_UV_BLOCKED || status == FORWARD_UV_INVALID ||
	    status == FORWARD_PIN_REQUIRED;
}

/* A fingerprint where there is one; the PIN always suffices. */
static enum err
assert_verified(struct serve *s, const struct forward *f, uint8_t *status)
{
	struct forward_auth auth = { .uv = true };
	uint8_t param[32];
	enum err e;

	*status = FORWARD_BAD_OPTION;
	if (s->info.uv && !s->pin.len &&
	    ((e = assert_once(s, f, &auth, status)) || !is_finger_failure(*status)))
		return e;
	if (!s->info.pin_set)
		return ERR_OK;
	auth.uv = false;
	if ((e = serve_verify(s, f, &auth, param, status)) || *status)
		return e;
	e = assert_once(s, f, &auth, status);
	sec_zero(param, sizeof param);
	return e;
}

static bool
is_too_often(struct serve *s, const struct forward *f)
{
	return f->up ? s->touches++ >= SERVE_TOUCHES : s->silent++ >= SERVE_SILENT;
}

static enum err
do_assert(struct serve *s, const struct forward *f)
{
	static const struct forward_auth none;
	uint8_t status = FORWARD_OTHER;
	const char *what;
	enum err e;

	if ((what = foreign_credential(s, f)) != NULL) {
		deny(s, FORWARD_DENIED, what);
		return ERR_OK;
	}
	if (is_too_often(s, f)) {
		deny(s, FORWARD_DENIED, "asked too often");
		return ERR_OK;
	}
	s->told = false;
	if (f->uv || (f->up && s->info.always_uv))
		e = assert_verified(s, f, &status);
	else
		e = assert_once(s, f, &none, &status);
	if (!e && status)
		answer_status(s, status);
	return e;
}

static enum err
do_next(struct serve *s)
{
	static const uint8_t request[] = { 8 };

	if (s->next == 0) {
		answer_status(s, FORWARD_NOT_ALLOWED);
		return ERR_OK;
	}
	s->next--;
	return relay(s, SPAN(request, 1));
}

static enum err
handle(struct serve *s)
{
	struct span whole = remote_request(&s->remote);
	struct buf copy = BUF_INIT;
	struct forward f;
	enum err e = ERR_OK;

	/* the buffer is the other side's as soon as it begins anew */
	buf_put_span(&copy, whole);
	if ((e = buf_err(&copy)))
		return e;
	forward_parse(buf_span(&copy), &f);
	if (f.kind != FORWARD_NEXT)
		s->next = 0;
	switch (f.kind) {
	case FORWARD_INFO:
		e = do_info(s);
		break;
	case FORWARD_RETRIES:
		e = do_retries(s);
		break;
	case FORWARD_AGREE:
		e = do_agree(s, &f);
		break;
	case FORWARD_ASSERT:
		e = do_assert(s, &f);
		break;
	case FORWARD_NEXT:
		e = do_next(s);
		break;
	default:
		deny(s, f.status, f.what);
	}
	remote_idle(&s->remote);
	buf_done(&copy);
	return e;
}

/* ---- the connection ---- */
/* Half a message is given up long before its channel is. */
static int64_t
next_event(const struct serve *s, int64_t idle)
{
	bool half = s->remote.cid != 0 && !s->remote.busy;

	if (half && s->remote.until < idle)
		return s->remote.until;
	return idle < s->until ? idle : s->until;
}

static enum err
step(struct serve *s)
{
	int64_t idle = port_clock() + SERVE_IDLE_MS;
	enum remote_event ev = REMOTE_NONE;
	unsigned ready;
	enum err e = ERR_OK;

	while (!e && ev != REMOTE_REQUEST) {
		e = serve_wait(s, SERVE_REMOTE, next_event(s, idle), &ready);
		if (!e && (ready & SERVE_REMOTE))
			e = serve_hear(s, &ev);
		if (e == ERR_TIMEOUT)
			e = ERR_OK;
		remote_tick(&s->remote, port_clock());
		if (!e && (port_clock() >= idle || port_clock() >= s->until))
			e = ERR_TIMEOUT;
	}
	if (e)
		return e;
	return ++s->requests > SERVE_REQUESTS ? ERR_LIMIT : handle(s);
}

enum err
serve_run(struct serve *s)
{
	struct token_event ev = { .kind = TOKEN_EV_RESULT };
	enum err e;

	if ((e = serve_open(s)) || (e = read_info(s)))
		return e == ERR_HANGUP ? ERR_OK : e;
	s->port.ctl = -1; /* from here on all ends are watched at once */
	do
		e = step(s);
	while (!e && port_clock() < s->until);
	if (e && e != ERR_HANGUP && e != ERR_TIMEOUT && e != ERR_LIMIT)
		return e;
	serve_event(s, &ev);
	return ERR_OK;
}
