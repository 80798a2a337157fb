/* serve_call.c - three ends are watched at once: the token, the other side, the vault. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/token/serve_parts.h"
#include "lib/chan.h"
#include "lib/crypto.h"

#define BROADCAST "\xff\xff\xff\xff"

enum {
	CMD_INIT = 0x86,
	CMD_CBOR = 0x90,
	CMD_CANCEL = 0x91,
	CMD_KEEPALIVE = 0xbb,
	CMD_ERROR = 0xbf
};
#define ERROR_BUSY   6
#define TOUCH_NEEDED 2
#define FIRST_DATA   57
#define NEXT_DATA    59
#define SEND_MS	     3000
#define BUSY_TRIES   25
#define BUSY_STEP_MS 200

/* ---- to the vault ---- */
void
serve_event(struct serve *s, struct token_event *ev)
{
	struct buf b = BUF_INIT;

	wire_mark(&token_event_map, ev);
	if (wire_encode(&token_event_map, ev, &b) == ERR_OK &&
	    chan_send(s->vault, buf_span(&b)) != ERR_OK)
		s->gone = true; /* nobody is there to say who may touch what */
	buf_done(&b);
}

/* As often as it likes, but not for ever on the person's terminal. */
void
serve_note(struct serve *s, const char *what)
{
	struct token_event ev = { .kind = TOKEN_EV_REFUSED, .name = span_str(what) };

	if (s->notes++ < SERVE_NOTES)
		serve_event(s, &ev);
}

static void
announce(struct serve *s)
{
	struct token_event ev = { .kind = TOKEN_EV_TOUCH, .fresh = s->fresh };

	if (!s->told)
		serve_event(s, &ev);
	s->told = true;
}

/* ---- the other side ---- */
/* Who does not read is gone. */
void
serve_send(void *arg, const uint8_t r[REPORT_LEN])
{
	struct serve *s = arg;
	struct pollfd p = { .fd = s->remote_fd, .events = POLLOUT };
	size_t at = 0;
	ssize_t n;

	while (!s->gone && at < REPORT_LEN) {
		n = send(s->remote_fd, r + at, REPORT_LEN - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n >= 0 || errno != EAGAIN || poll(&p, 1, SEND_MS) <= 0)
			s->gone = true;
	}
}

enum err
serve_hear(struct serve *s, enum remote_event *ev)
{
	ssize_t n = recv(s->remote_fd, s->part + s->npart, REPORT_LEN - s->npart, MSG_DONTWAIT);

	*ev = REMOTE_NONE;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_OK;
	if (n <= 0)
		s->gone = true;
	if (s->gone)
		return ERR_HANGUP;
	s->npart += (size_t)n;
	if (s->npart < REPORT_LEN)
		return ERR_OK;
	s->npart = 0;
	*ev = remote_take(&s->remote, s->part, port_clock());
	return s->gone ? ERR_HANGUP : ERR_OK;
}

/* ---- waiting ---- */
enum err
serve_wait(struct serve *s, unsigned what, int64_t until, unsigned *ready)
{
	struct pollfd v[] = {
		{ .fd = s->remote_fd, .events = what & SERVE_REMOTE ? POLLIN : 0 },
		{ .fd = s->vault, .events = POLLIN | POLLRDHUP },
		{ .fd = what & SERVE_TOKEN ? s->port.fd : -1, .events = POLLIN },
	};
	int64_t left = until - port_clock();
	int n;

	*ready = 0;
	if (s->gone)
		return ERR_HANGUP;
	n = poll(v, 3, left <= 0 ? 0 : left > 60000 ? 60000 : (int)left);
	if (n < 0)
		return errno == EINTR ? ERR_OK : ERR_IO;
	if (n == 0)
		return left <= 60000 ? ERR_TIMEOUT : ERR_OK;
	if (v[1].revents && !(what & SERVE_VAULT))
		return ERR_CANCELLED;
	if (v[0].revents && !(what & SERVE_REMOTE))
		s->gone = true;
	*ready |= v[0].revents ? SERVE_REMOTE : 0U;
	*ready |= v[1].revents ? SERVE_VAULT : 0U;
	*ready |= v[2].revents ? SERVE_TOKEN : 0U;
	return ERR_OK;
}

/* ---- the token ---- */
static enum err
send_report(struct serve *s, const uint8_t r[REPORT_LEN])
{
	return s->port.send(&s->port, r, port_clock() + SEND_MS);
}

static enum err
send_message(struct serve *s, uint8_t cmd, struct span msg)
{
	uint8_t r[REPORT_LEN] = { 0 }, seq = 0;
	size_t at, n = msg.len < FIRST_DATA ? msg.len : FIRST_DATA;
	enum err e;

	if (msg.len > REMOTE_MSG_MAX)
		return ERR_TOOBIG;
	memcpy(r, s->cid, 4);
	r[4] = cmd;
	put_be16(r + 5, (uint16_t)msg.len);
	if (n > 0)
		memcpy(r + 7, msg.p, n);
	e = send_report(s, r);
	for (at = n; !e && at < msg.len; at += n) {
		n = msg.len - at < NEXT_DATA ? msg.len - at : NEXT_DATA;
		memset(r + 4, 0, REPORT_LEN - 4);
		r[4] = seq++;
		memcpy(r + 5, msg.p + at, n);
		e = send_report(s, r);
	}
	sec_zero(r, sizeof r);
	return e;
}

/* Stop blinking. */
static void
cancel(struct serve *s)
{
	if (s->pending && !s->cancelled && send_message(s, CMD_CANCEL, SPAN_NONE) != ERR_OK)
		s->pending = false;
	s->cancelled = true;
}

/* An answer in the making. */
struct answer {
	struct buf *b;
	size_t want;
	uint8_t seq;
	bool begun, whole;
};

static enum err
take_error(const uint8_t *r)
{
	return r[7] == ERROR_BUSY ? ERR_BUSY : ERR_TOKEN_IO;
}

static enum err
take_answer(struct answer *a, const uint8_t *r)
{
	const uint8_t *p = a->begun ? r + 5 : r + 7;
	size_t most = a->begun ? NEXT_DATA : FIRST_DATA, left;

	if (!a->begun)
		a->want = be16(r + 5);
	else if (r[4] != a->seq++)
		return ERR_TOKEN_IO;
	if (a->want == 0 || a->want > REMOTE_MSG_MAX)
		return ERR_LIE_FORMAT;
	a->begun = true;
	left = a->want - a->b->len;
	buf_put(a->b, p, left < most ? left : most);
	a->whole = a->b->len == a->want;
	return buf_err(a->b);
}

/* Frames of other programs' channels come along on hidraw. */
static enum err
take_report(struct serve *s, struct answer *a, const uint8_t *r)
{
	if (memcmp(r, s->cid, 4) != 0)
		return ERR_OK;
	if (r[4] == CMD_KEEPALIVE) {
		remote_keepalive(&s->remote, r[7]);
		if (r[7] == TOUCH_NEEDED)
			announce(s);
		return ERR_OK;
	}
	if (r[4] == CMD_ERROR)
		return take_error(r);
	if (a->begun ? (r[4] & 0x80) != 0 : r[4] != CMD_CBOR)
		return ERR_OK;
	return take_answer(a, r);
}

static enum err
hear_meanwhile(struct serve *s)
{
	enum remote_event ev;
	enum err e = serve_hear(s, &ev);

	if (ev == REMOTE_CANCEL)
		cancel(s);
	return e;
}

static enum err
wait_answer(struct serve *s, struct answer *a)
{
	int64_t until = port_clock() + SERVE_CALL_MS;
	uint8_t r[REPORT_LEN];
	unsigned ready, what;
	enum err e = ERR_OK;

	while (!e && !a->whole) {
		/* a request that comes before there is one to answer waits */
		what = s->remote.busy || s->remote.aborted ? SERVE_REMOTE : 0;
		if ((e = serve_wait(s, SERVE_TOKEN | what, until, &ready)))
			return e == ERR_TIMEOUT ? ERR_TOUCH_TIMEOUT : e;
		if ((ready & SERVE_TOKEN) &&
		    !(e = s->port.recv(&s->port, r, port_clock() + SEND_MS)))
			e = take_report(s, a, r);
		if (!e && (ready & SERVE_REMOTE))
			e = hear_meanwhile(s);
	}
	return e;
}

enum err
serve_call(struct serve *s, struct span request, struct buf *reply)
{
	struct answer a = { .b = reply };
	enum err e;

	buf_reset(reply);
	s->cancelled = s->told = false;
	s->pending = true;
	if (!(e = send_message(s, CMD_CBOR, request)))
		e = wait_answer(s, &a);
	if (e)
		cancel(s);
	s->pending = false;
	return e;
}

/* ---- a channel ---- */
static enum err
wait_channel(struct serve *s, const uint8_t nonce[8])
{
	int64_t until = port_clock() + SERVE_OPEN_MS;
	uint8_t r[REPORT_LEN];
	enum err e;

	do {
		if ((e = s->port.recv(&s->port, r, until)))
			return e == ERR_TIMEOUT ? ERR_TOKEN_IO : e;
		if (memcmp(r, BROADCAST, 4) != 0)
			continue;
		if (r[4] == CMD_ERROR)
			return take_error(r);
		if (r[4] != CMD_INIT || be16(r + 5) < 17 || memcmp(r + 7, nonce, 8) != 0)
			continue;
		memcpy(s->cid, r + 15, 4);
		return ERR_OK;
	} while (port_clock() < until);
	return ERR_TOKEN_IO;
}

enum err
serve_open(struct serve *s)
{
	uint8_t nonce[8];
	enum err e = ERR_BUSY, ctl;

	for (int i = 0; i < BUSY_TRIES && e == ERR_BUSY; i++) {
		crypto_random(nonce, sizeof nonce);
		memcpy(s->cid, BROADCAST, 4);
		if (!(e = send_message(s, CMD_INIT, SPAN(nonce, sizeof nonce))))
			e = wait_channel(s, nonce);
		if (e == ERR_BUSY && (ctl = s->port.pause(&s->port, BUSY_STEP_MS)))
			return ctl;
	}
	return e;
}
