#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/worker/talk.h"
#include "agent/worker/wait.h"
#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/sock.h"

/* The supervisor sends nothing but the descriptor; a byte or an id may come along with it. */
static enum err
receive_fd(struct talk *t, int door)
{
	uint8_t note[64];
	size_t n;
	enum err e;

	if ((e = wait_ready(t->vault, door, POLLIN, t->deadline)) != ERR_OK)
		return e;
	if (sock_recv_fd(door, note, sizeof(note), &n, &t->fd) != ERR_OK)
		return ERR_HANGUP;
	return t->fd < 0 ? ERR_INTERNAL : ERR_OK;
}

enum err
talk_open(struct talk *t, int vault, int door, uint64_t wait_ms)
{
	enum err e;

	t->vault = vault;
	t->deadline = loop_now() + wait_ms;
	if ((e = sec_init(&t->in, t->in_max ? t->in_max : TALK_FRAME_MAX)) != ERR_OK ||
	    (e = sec_init(&t->out, TALK_FRAME_MAX + 4)) != ERR_OK)
		return e;
	return receive_fd(t, door);
}

void
talk_close(struct talk *t, enum err e)
{
	if (t->fd >= 0 && e != ERR_OK && !t->ended) {
		/* whatever it answers, the job has failed already */
		t->deadline = loop_now();
		if (talk_error(t, e, 0, false) != ERR_OK)
			t->ended = true;
	}
	if (t->fd >= 0)
		close(t->fd);
	sec_done(&t->in);
	sec_done(&t->out);
	*t = TALK_INIT;
}

/* Exactly n bytes; somebody who stops in the middle of a frame does not keep the vault waiting. */
static enum err
read_all(struct talk *t, uint8_t *p, size_t n)
{
	ssize_t got;
	enum err e;

	while (n > 0) {
		if ((e = wait_ready(t->vault, t->fd, POLLIN, t->deadline)) != ERR_OK)
			return e;
		got = read(t->fd, p, n);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return ERR_CANCELLED;
		p += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}

/* What fits at once goes even when the deadline has come: the goodbye of talk_close. */
static enum err
write_all(struct talk *t, const uint8_t *p, size_t n)
{
	ssize_t put;
	enum err e;

	while (n > 0) {
		struct iovec v = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

		put = sendmsg(t->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put >= 0) {
			p += put;
			n -= (size_t)put;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return ERR_CANCELLED;
		if ((e = wait_ready(t->vault, t->fd, POLLOUT, t->deadline)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
receive(struct talk *t, struct secret_msg *m)
{
	uint8_t head[4];
	size_t n;
	enum err e;

	sec_zero(t->in.p, t->in.len);
	t->in.len = 0;
	if ((e = read_all(t, head, sizeof(head))) != ERR_OK)
		return e;
	if ((n = be32(head)) > t->in.cap)
		return ERR_TOOBIG;
	if ((e = read_all(t, t->in.p, n)) != ERR_OK)
		return e;
	t->in.len = n;
	return wire_decode(&secret_msg_map, sec_span(&t->in), m);
}

/* A buffer that stays in the arena: with max below cap it never grows, so it never moves. */
static enum err
send_msg(struct talk *t, struct secret_msg *m)
{
	struct buf b;
	enum err e;

	sec_wipe(&t->out);
	b = (struct buf){ .p = t->out.p, .cap = t->out.cap, .max = t->out.cap - 1 };
	wire_mark(&secret_msg_map, m);
	buf_put_u32(&b, 0);
	if ((e = wire_encode(&secret_msg_map, m, &b)) != ERR_OK || (e = buf_err(&b)) != ERR_OK)
		return e;
	put_be32(b.p, (uint32_t)(b.len - 4));
	t->out.len = b.len;
	return write_all(t, t->out.p, t->out.len);
}

enum err
talk_text(struct talk *t, struct span *typed)
{
	struct secret_msg m;
	enum err e;

	if ((e = receive(t, &m)) != ERR_OK)
		return e;
	if (m.kind != SECRET_TEXT || !wire_has(&secret_msg_map, &m, "text"))
		return ERR_FORMAT;
	*typed = m.text;
	return ERR_OK;
}

enum err
talk_data(struct talk *t, struct span *data, bool *last)
{
	struct secret_msg m;
	enum err e;

	if ((e = receive(t, &m)) != ERR_OK)
		return e;
	if (m.kind != SECRET_DATA)
		return ERR_FORMAT;
	*data = m.data;
	*last = !m.more;
	return ERR_OK;
}

enum err
talk_want(struct talk *t, uint64_t kinds, uint64_t log_n)
{
	struct secret_msg m = { .kind = SECRET_WANT, .kinds = kinds, .log_n = log_n };

	return send_msg(t, &m);
}

enum err
talk_go_on(struct talk *t)
{
	struct secret_msg m = { .kind = SECRET_OK, .more = true };

	return send_msg(t, &m);
}

enum err
talk_show(struct talk *t, struct span text, bool more)
{
	struct secret_msg m = { .kind = SECRET_SHOW, .text = text, .more = more };

	return send_msg(t, &m);
}

enum err
talk_more(struct talk *t)
{
	struct secret_msg m = { .kind = SECRET_MORE, .have = t->have, .need = t->need };

	return send_msg(t, &m);
}

enum err
talk_card(struct talk *t, struct span text)
{
	struct secret_msg m = { .kind = SECRET_CARD, .text = text };
	enum err e;

	if ((e = send_msg(t, &m)) != ERR_OK || (e = receive(t, &m)) != ERR_OK)
		return e;
	return m.kind == SECRET_OK ? ERR_OK : ERR_FORMAT;
}

enum err
talk_ok(struct talk *t)
{
	struct secret_msg m = { .kind = SECRET_OK };

	t->ended = true;
	return send_msg(t, &m);
}

enum err
talk_error(struct talk *t, enum err e, size_t index, bool more)
{
	struct secret_msg m = { .kind = SECRET_ERROR,
		.err = e,
		.index = index,
		.more = more,
		.have = t->need ? t->have : 0,
		.need = t->need };

	t->ended = !more;
	return send_msg(t, &m);
}
