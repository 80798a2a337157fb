/* handoff.c - the drive of ownkey-handoff. */
#include "pam/handoff.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/ssh_wire.h"
#include "pam/helper.h"

#define PROGRAM "ownkey-handoff"

/* One question: what goes behind it, and where the bytes of the answer go. */
struct call {
	enum handoff_op op;
	size_t most; /* bytes of the answer */
	struct span part[2];
	struct buf *out;
};

static enum err
take_reply(struct span frame, struct buf *out)
{
	struct handoff_reply r;

	if (frame.len < sizeof r)
		return ERR_FORMAT;
	memcpy(&r, frame.p, sizeof r);
	if (r.magic != HANDOFF_MAGIC || !err_is_known(r.err))
		return ERR_FORMAT;
	if (r.err || !out)
		return (enum err)r.err;
	buf_put(out, frame.p + sizeof r, frame.len - sizeof r);
	return buf_err(out);
}

static enum err
fill(const struct person *p, const struct call *c, int64_t until, struct handoff_ask *a)
{
	int64_t left = until - helper_clock();
	size_t len = strlen(p->name);

	if (len >= sizeof a->name)
		return ERR_TOOBIG;
	if (left <= 0)
		return ERR_TIMEOUT;
	*a = (struct handoff_ask){ .magic = HANDOFF_MAGIC, .op = c->op, .uid = p->uid };
	a->ms = (uint32_t)(left > INT32_MAX ? INT32_MAX : left);
	a->most = (uint32_t)c->most;
	memcpy(a->name, p->name, len);
	return ERR_OK;
}

static enum err
ask(const struct person *p, const struct call *c, int64_t until)
{
	struct helper h = HELPER_NONE;
	struct handoff_ask a;
	struct span frame;
	enum err e;

	if ((e = fill(p, c, until, &a)) ||
	    (e = helper_start(PROGRAM, c->most + sizeof(struct handoff_reply), &h)))
		return e;
	e = helper_send(&h, SPAN(&a, sizeof a), until);
	for (size_t i = 0; i < 2 && !e; i++)
		if (c->part[i].len)
			e = helper_send(&h, c->part[i], until);
	if (!e && !(e = helper_recv(&h, until, &frame)))
		e = take_reply(frame, c->out);
	helper_end(&h);
	return e;
}

enum err
handoff_unlock(const struct person *p, const struct factor *f, int64_t until)
{
	struct call c = { .op = HANDOFF_UNLOCK };

	if (!f->there || !f->cred_len || f->cred_len > sizeof f->cred_id)
		return ERR_INTERNAL;
	c.part[0] = SPAN(f->cred_id, f->cred_len);
	c.part[1] = SPAN(f->f1, sizeof f->f1);
	return ask(p, &c, until);
}

enum err
handoff_lock(const struct person *p, int64_t until)
{
	return ask(p, &(struct call){ .op = HANDOFF_LOCK }, until);
}

enum err
handoff_read(const struct person *p, const char *path, size_t most, struct buf *out, int64_t until)
{
	struct call c = { .op = HANDOFF_READ, .most = most, .out = out };

	if (most > HANDOFF_READ_MAX || path[0] != '/' || strlen(path) > HANDOFF_PATH_MAX)
		return ERR_TOOBIG;
	c.part[0] = span_str(path);
	return ask(p, &c, until);
}

/* ---- their ssh agent ---- */
static enum err
put_sign(const struct handoff_sign *q, struct buf *what)
{
	ssh_put_string(what, q->message);
	ssh_put_string(what, q->tbs);
	for (size_t i = 0; i < q->n; i++)
		ssh_put_string(what, q->keys[i]);
	return buf_err(what);
}

enum err
handoff_sign(const struct person *p, const struct handoff_sign *q, uint32_t *which, struct buf *sig,
    int64_t until)
{
	struct buf what = { .max = HANDOFF_SIGN_MAX }, b = BUF_INIT;
	struct call c = { .op = HANDOFF_SIGN, .most = 4 + HANDOFF_SIG_MAX, .out = &b };
	enum err e;

	if (q->socket[0] != '/' || strlen(q->socket) > HANDOFF_PATH_MAX)
		return ERR_AGENT_NONE;
	if (!(e = put_sign(q, &what))) {
		c.part[0] = span_str(q->socket);
		c.part[1] = buf_span(&what);
		e = ask(p, &c, until);
	}
	if (!e && (b.len <= 4 || (*which = be32(b.p)) >= q->n))
		e = ERR_FORMAT;
	if (!e) {
		buf_put(sig, b.p + 4, b.len - 4);
		e = buf_err(sig);
	}
	buf_done(&what);
	buf_done(&b);
	return e;
}

/* ---- the vault's header ---- */
enum err
handoff_header(const struct person *p, struct handoff_header *out, int64_t until)
{
	struct buf b = BUF_INIT;
	struct call c = { .op = HANDOFF_HEAD, .most = HANDOFF_HEADER, .out = &b };
	enum err e;

	if (!(e = ask(p, &c, until)))
		e = handoff_header_parse(buf_span(&b), out);
	buf_done(&b);
	return e;
}

/* ---- what stays ---- */
static enum err
ask_name(const struct person *p, struct call *c, char name[HANDOFF_NAME_MAX], int64_t until)
{
	struct buf b = BUF_INIT;
	enum err e;

	c->most = HANDOFF_NAME_MAX;
	c->out = &b;
	if (!(e = ask(p, c, until)) && (!b.len || b.len >= HANDOFF_NAME_MAX))
		e = ERR_FORMAT;
	if (!e) {
		memcpy(name, b.p, b.len);
		name[b.len] = '\0';
	}
	buf_done(&b);
	return e;
}

enum err
handoff_hold(
    const struct person *p, const struct factor *f, char name[HANDOFF_NAME_MAX], int64_t until)
{
	struct call c = { .op = HANDOFF_HOLD };

	if (!f->there || !f->cred_len || f->cred_len > sizeof f->cred_id)
		return ERR_INTERNAL;
	c.part[0] = SPAN(f->cred_id, f->cred_len);
	c.part[1] = SPAN(f->f1, sizeof f->f1);
	return ask_name(p, &c, name, until);
}

enum err
handoff_session(const struct person *p, char name[HANDOFF_NAME_MAX], int64_t until)
{
	struct call c = { .op = HANDOFF_SESSION };

	return ask_name(p, &c, name, until);
}

static bool
is_held_name(const char *name)
{
	size_t n = sizeof HANDOFF_HELD - 1;

	return strncmp(name, HANDOFF_HELD, n) == 0 && strlen(name) == n + 32 &&
	    strspn(name + n, "0123456789abcdef") == 32;
}

/* Root listens there, or somebody who heard of the name and came after it ended. */
static bool
is_ours(int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) == 0 && u.uid == geteuid();
}

/* Its queue may be full for a moment; who fills it is turned away by the holder (unix(7)). */
static enum err
connect_until(int fd, const struct sockaddr_un *a, socklen_t len, int64_t until)
{
	int64_t left;
	struct timeval t;

	do {
		if ((left = until - helper_clock()) <= 0)
			return ERR_TIMEOUT;
		t = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t))
			return ERR_LIMIT;
		if (connect(fd, (const struct sockaddr *)a, len) == 0)
			return ERR_OK;
	} while (errno == EINTR || errno == EAGAIN);
	return ERR_NOTFOUND;
}

static enum err
reach_held(const char *name, int64_t until, int *out)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len;
	enum err e;
	int fd;

	if (!is_held_name(name))
		return ERR_NOTFOUND;
	memcpy(a.sun_path + 1, name, strlen(name));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return ERR_LIMIT;
	if (!(e = connect_until(fd, &a, len, until)) && !is_ours(fd))
		e = ERR_NOTFOUND;
	if (e) {
		close(fd);
		return e;
	}
	*out = fd;
	return ERR_OK;
}

/* Its length and the answer, which is one small write. */
static enum err
recv_reply(int fd, int64_t until)
{
	uint8_t b[4 + sizeof(struct handoff_reply)];
	size_t have = 0;

	while (have < sizeof b) {
		struct pollfd p = { fd, POLLIN, 0 };
		int64_t left = until - helper_clock();
		ssize_t n;

		if (left <= 0)
			return ERR_TIMEOUT;
		if (poll(&p, 1, (int)(left > INT32_MAX ? INT32_MAX : left)) <= 0)
			continue;
		n = recv(fd, b + have, sizeof b - have, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return ERR_HANGUP;
		have += n > 0 ? (size_t)n : 0;
	}
	return take_reply(SPAN(b + 4, sizeof b - 4), NULL);
}

static enum err
tell_held(const struct person *p, const char *name, char what, int64_t until)
{
	struct handoff_held m = { .what = (uint32_t)what, .uid = p->uid };
	int fd;
	enum err e = reach_held(name, until, &fd);

	if (e)
		return e;
	if (send(fd, &m, sizeof m, MSG_NOSIGNAL) != (ssize_t)sizeof m)
		e = ERR_HANGUP;
	else if (what != HANDOFF_HELD_DROP)
		e = recv_reply(fd, until);
	close(fd);
	return e;
}

enum err
handoff_held_unlock(const struct person *p, const char *name, int64_t until)
{
	return tell_held(p, name, HANDOFF_HELD_UNLOCK, until);
}

enum err
handoff_session_end(const struct person *p, const char *name, int64_t until)
{
	return tell_held(p, name, HANDOFF_HELD_END, until);
}

void
handoff_held_drop(const struct person *p, const char *name, int64_t until)
{
	if (tell_held(p, name, HANDOFF_HELD_DROP, until))
		return; /* it is gone already */
}
