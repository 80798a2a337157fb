#include "lib/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/loop.h"

#define HEAD	   4
#define READ_FIRST 4096	       /* thousands of idle clients shall not hold 64 KiB each */
#define READ_MORE  (64 * 1024) /* after a read that filled all there was */
#define KEEP	   (64 * 1024) /* of an empty buffer: a burst does not hold it for ever */
#define FOR_EVER   UINT64_MAX

void
chan_init(struct chan *c, int fd, size_t max)
{
	int flags = fcntl(fd, F_GETFL);

	*c = (struct chan){ .fd = fd, .max = max };
	c->in.max = max + HEAD + CHAN_FILL_MOST + READ_MORE; /* never reached: see has_plenty */
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void
chan_done(struct chan *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->in_at = c->in_wiped = c->out_at = 0;
	buf_done(&c->in);
	buf_done(&c->out);
}

/* --- in --- */

static size_t
unread(const struct chan *c)
{
	return c->in.len - c->in_at;
}

/* Is there a head at in_at, and does its frame lie in the buffer whole? */
static bool
has_head(const struct chan *c, size_t *len)
{
	if (unread(c) < HEAD)
		return false;
	*len = be32(c->in.p + c->in_at);
	return true;
}

static bool
has_frame(const struct chan *c, size_t *len)
{
	return has_head(c, len) && *len <= unread(c) - HEAD;
}

bool
chan_is_partial(const struct chan *c)
{
	size_t len;

	return unread(c) > 0 && !has_frame(c, &len);
}

static void
empty(struct buf *b)
{
	size_t max = b->max;

	if (b->cap > KEEP) {
		buf_done(b);
		b->max = max;
	} else {
		buf_reset(b);
	}
}

static void
drop_read(struct chan *c)
{
	if (unread(c) == 0)
		empty(&c->in);
	else if (c->in_at > 0)
		buf_drop(&c->in, c->in_at);
	c->in_at = c->in_wiped = 0;
}

/* In place: who has sent much at once must not have it moved for each part of it. */
void
chan_forget(struct chan *c)
{
	if (unread(c) == 0) {
		drop_read(c);
	} else if (c->in_wiped < c->in_at) {
		sec_zero(c->in.p + c->in_wiped, c->in_at - c->in_wiped);
		c->in_wiped = c->in_at;
	}
}

/* One read into the room there is, or into `least` bytes.  *full: there may be more. */
static enum err
read_once(struct chan *c, size_t least, size_t *got, bool *full)
{
	size_t room = c->in.cap > c->in.len + 1 ? c->in.cap - c->in.len - 1 : 0;
	uint8_t *p;
	ssize_t n;

	if (room < least)
		room = least;
	if (room > READ_MORE)
		room = READ_MORE;
	p = buf_room(&c->in, room);
	if (!p)
		return buf_err(&c->in);
	do
		n = read(c->fd, p, room);
	while (n < 0 && errno == EINTR);
	*got = n > 0 ? (size_t)n : 0;
	*full = *got == room;
	buf_add(&c->in, *got);
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return ERR_OK;
	return n == 0 || errno == ECONNRESET ? ERR_HANGUP : ERR_IO;
}

/* Who does not take its frames gets no more: the other side will notice. */
static bool
has_plenty(const struct chan *c)
{
	size_t len;

	return unread(c) >= CHAN_FILL_MOST && has_frame(c, &len);
}

MUST enum err
chan_fill(struct chan *c)
{
	size_t total = 0, got = 0, len, least = READ_FIRST;
	enum err r = ERR_OK;
	bool full = true;

	if (c->fd < 0)
		return ERR_HANGUP;
	drop_read(c);
	while (!r && full && total < CHAN_FILL_MOST && !has_plenty(c)) {
		r = read_once(c, least, &got, &full);
		total += got;
		least = READ_MORE;
	}
	/* the end comes again at the next call; what came before it is first */
	if (r == ERR_HANGUP && total > 0)
		r = ERR_OK;
	if (!r && has_head(c, &len) && len > c->max)
		r = ERR_TOOBIG;
	return r;
}

MUST enum err
chan_next(struct chan *c, struct span *frame)
{
	size_t len;

	if (!has_head(c, &len))
		return ERR_TRUNCATED;
	if (len > c->max)
		return ERR_TOOBIG;
	if (len > unread(c) - HEAD)
		return ERR_TRUNCATED;
	*frame = SPAN(c->in.p + c->in_at + HEAD, len);
	c->in_at += HEAD + len;
	return ERR_OK;
}

void
chan_again(struct chan *c, struct span frame)
{
	c->in_at -= HEAD + frame.len;
}

/* --- out --- */

/* Moving the rest costs less than it saves once half of it has been sent. */
static void
drop_sent(struct chan *c)
{
	if (c->out_at > 0 && c->out_at >= c->out.len / 2) {
		buf_drop(&c->out, c->out_at);
		c->out_at = 0;
	}
}

MUST enum err
chan_put(struct chan *c, struct span frame)
{
	if (frame.len > UINT32_MAX)
		return ERR_TOOBIG;
	/* all or nothing: half a frame would make noise of all that follows */
	if (!buf_room(&c->out, HEAD + frame.len))
		return buf_err(&c->out);
	buf_put_u32(&c->out, (uint32_t)frame.len);
	buf_put_span(&c->out, frame);
	return ERR_OK;
}

/* Never a SIGPIPE from a socket, whatever the program did about that signal. */
static ssize_t
send_some(int fd, struct iovec *iov, size_t n)
{
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t sent;

	do {
		sent = sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == ENOTSOCK)
			sent = writev(fd, iov, (int)n);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

static enum err
send_error(void)
{
	return errno == EPIPE || errno == ECONNRESET ? ERR_HANGUP : ERR_IO;
}

MUST enum err
chan_flush(struct chan *c)
{
	if (c->fd < 0)
		return ERR_HANGUP;
	while (c->out_at < c->out.len) {
		struct iovec iov = { c->out.p + c->out_at, c->out.len - c->out_at };
		ssize_t n = send_some(c->fd, &iov, 1);

		if (n < 0 && errno != EAGAIN)
			return send_error();
		if (n < 0) {
			drop_sent(c);
			return ERR_OK;
		}
		c->out_at += (size_t)n;
	}
	empty(&c->out);
	c->out_at = 0;
	return ERR_OK;
}

/* --- blocking --- */

static enum err
wait_for(int fd, short events, uint64_t deadline)
{
	for (;;) {
		uint64_t now = deadline == FOR_EVER ? 0 : loop_now();
		uint64_t left = deadline > now ? deadline - now : 0;
		struct pollfd p = { .fd = fd, .events = events };
		int n = poll(&p, 1,
		    deadline == FOR_EVER   ? -1
			: left > INT32_MAX ? INT32_MAX
					   : (int)left);

		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		if (n == 0 && loop_now() >= deadline)
			return ERR_TIMEOUT;
	}
}

static void
skip_sent(struct iovec iov[2], size_t n)
{
	for (int i = 0; i < 2; i++) {
		size_t part = n < iov[i].iov_len ? n : iov[i].iov_len;

		iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
		iov[i].iov_len -= part;
		n -= part;
	}
}

MUST enum err
chan_send(int fd, struct span frame)
{
	uint8_t head[HEAD];
	/* struct iovec has no const; sendmsg does not write */
	struct iovec iov[2] = { { head, HEAD }, { (void *)(uintptr_t)frame.p, frame.len } };
	enum err r = ERR_OK;

	if (frame.len > UINT32_MAX)
		return ERR_TOOBIG;
	put_be32(head, (uint32_t)frame.len);
	while (!r && iov[0].iov_len + iov[1].iov_len > 0) {
		ssize_t n = send_some(fd, iov, 2);

		if (n >= 0)
			skip_sent(iov, (size_t)n);
		else if (errno == EAGAIN)
			r = wait_for(fd, POLLOUT, FOR_EVER);
		else
			r = send_error();
	}
	return r;
}

/* Without waiting on sockets; a pipe is waited for before. */
static enum err
receive_some(int fd, uint8_t *p, size_t n, uint64_t deadline, size_t *got)
{
	ssize_t k = recv(fd, p, n, MSG_DONTWAIT);
	enum err r;

	if (k < 0 && errno == ENOTSOCK) {
		r = wait_for(fd, POLLIN, deadline);
		if (r)
			return r;
		k = read(fd, p, n);
	}
	*got = k > 0 ? (size_t)k : 0;
	if (k > 0 || (k < 0 && errno == EINTR))
		return ERR_OK;
	if (k < 0 && errno == EAGAIN)
		return wait_for(fd, POLLIN, deadline);
	return k == 0 || errno == ECONNRESET ? ERR_HANGUP : ERR_IO;
}

static enum err
receive(int fd, uint8_t *p, size_t n, uint64_t deadline)
{
	enum err r = ERR_OK;
	size_t got;

	for (; !r && n > 0; p += got, n -= got) {
		got = 0;
		r = receive_some(fd, p, n, deadline, &got);
	}
	return r;
}

static enum err
receive_head(int fd, size_t max, uint64_t deadline, size_t *len)
{
	uint8_t head[HEAD];
	enum err r = receive(fd, head, HEAD, deadline);

	if (r)
		return r;
	if (be32(head) > max)
		return ERR_TOOBIG;
	*len = be32(head);
	return ERR_OK;
}

static uint64_t
deadline_in(int timeout_ms)
{
	return timeout_ms < 0 ? FOR_EVER : loop_now() + (uint64_t)timeout_ms;
}

MUST enum err
chan_recv(int fd, size_t max, int timeout_ms, struct buf *b)
{
	uint64_t deadline = deadline_in(timeout_ms);
	uint8_t *p;
	size_t len;
	enum err r;

	buf_reset(b);
	r = receive_head(fd, max, deadline, &len);
	if (r)
		return r;
	p = buf_room(b, len);
	if (!p)
		return buf_err(b);
	r = receive(fd, p, len, deadline);
	if (!r)
		buf_add(b, len);
	return r;
}

MUST enum err
chan_recv_sec(int fd, int timeout_ms, struct sec *s)
{
	uint64_t deadline = deadline_in(timeout_ms);
	size_t len;
	enum err r;

	r = receive_head(fd, CHAN_SEC_MAX, deadline, &len);
	if (!r)
		r = sec_init(s, len ? len : 1);
	if (r)
		return r;
	r = receive(fd, s->p, len, deadline);
	if (r)
		sec_done(s);
	else
		s->len = len;
	return r;
}
