/*
 * ssh_upstream.c - another agent behind ours (ssh_upstream of ownkey.conf): what a client asks of
 * keys that are not ours goes there and back unread, over a connection for that client alone, made
 * by the supervisor.  One request at a time; the client's message is held meanwhile, and looked at
 * again when there is an answer, or none is to be expected.
 */
#include <stdlib.h>
#include <unistd.h>

#include "agent/door/front.h"
#include "lib/log.h"
#include "lib/sock.h"

#define PATIENCE_MS 2000  /* for a connection, a list, a removal */
#define RETRY_MS    20	  /* too many ask for a connection */
#define PAUSE_MS    10000 /* after one that kept silent: lists do without */
#define ASKED_MOST  32	  /* connections the supervisor is asked for at a time */
#define ANSWER_MOST (256 * 1024)

struct ssh_up {
	struct conn *c;
	struct chan chan; /* fd -1: not connected */
	struct loop_fd *fd;
	struct loop_timer *timer;
	uint64_t until;	    /* loop_now */
	bool asked;	    /* the supervisor */
	bool busy, done;    /* a request is on its way; it is over */
	bool endless;	    /* somebody may have to touch something */
	struct buf message; /* that request */
	struct buf answer;  /* empty: none */
	size_t told, skip;  /* session-binds that it has; of which it has not answered */
};

bool
ssh_up_is_there(const struct conn *c)
{
	return c->f->start.conf.ssh_upstream[0] != '\0';
}

/* ---- the end of a request ---- */
static void set_timer(struct ssh_up *u, uint64_t at);

static void
finish(struct ssh_up *u, struct span answer)
{
	loop_timer_remove(u->timer);
	u->timer = NULL;
	u->busy = false;
	u->done = true;
	buf_reset(&u->answer);
	buf_put_span(&u->answer, answer);
	buf_done(&u->message);
	u->c->held = false;
	conn_mark(u->c);
}

/* What it says later is of no use to anybody. */
static void
disconnect(struct ssh_up *u)
{
	loop_fd_remove(u->fd);
	u->fd = NULL;
	if (u->chan.fd >= 0)
		chan_done(&u->chan);
	u->chan.fd = -1;
	u->told = u->skip = 0;
	if (u->busy)
		finish(u, SPAN_NONE);
}

/* ---- talking to it ---- */
static void
update(struct ssh_up *u)
{
	loop_fd_events(u->fd, chan_wants_write(&u->chan) ? POLLIN | POLLOUT : POLLIN);
}

/* Unasked for: it does not speak this protocol. */
static bool
hear(struct ssh_up *u, struct span frame)
{
	if (u->skip) {
		u->skip--;
		return true;
	}
	if (!u->busy || !frame.len)
		return false;
	finish(u, frame);
	return true;
}

static void
ready(void *arg, short revents)
{
	struct ssh_up *u = arg;
	struct span frame;
	bool good = true;
	enum err e = ERR_OK;

	if (revents & POLLOUT)
		e = chan_flush(&u->chan);
	if (!e && (revents & (POLLIN | POLLHUP | POLLERR)))
		e = chan_fill(&u->chan);
	while (good && !chan_next(&u->chan, &frame))
		good = hear(u, frame);
	if (e || !good)
		disconnect(u);
	else
		update(u);
}

/* The sessions first: keys there may be for some hosts only. */
static void
send_it(struct ssh_up *u)
{
	struct ssh_conn *s = u->c->ssh;
	size_t at = 0;

	for (size_t i = 0; i < s->nraw; i++) {
		size_t n = 4 + be32(s->raw.p + at);

		if (i >= u->told) {
			buf_put(&u->chan.out, s->raw.p + at, n);
			u->skip++;
		}
		at += n;
	}
	u->told = s->nraw;
	if (u->endless) {
		loop_timer_remove(u->timer);
		u->timer = NULL;
	}
	if (chan_put(&u->chan, buf_span(&u->message)) || chan_flush(&u->chan))
		disconnect(u);
	else
		update(u);
}

/* ---- connecting ---- */
static enum err
ask_supervisor(struct ssh_up *u)
{
	struct front *f = u->c->f;
	struct control m = {
		.magic = CONTROL_MAGIC, .type = CONTROL_UPSTREAM, .handle = u->c->number
	};
	enum err e;

	if (f->ssh.up_asked >= ASKED_MOST)
		return ERR_BUSY;
	if (!(e = sock_send_fd(f->control, SPAN(&m, sizeof m), -1))) {
		f->ssh.up_asked++;
		u->asked = true;
	}
	return e;
}

static void
connect_it(struct ssh_up *u)
{
	uint64_t soon = loop_now() + RETRY_MS;

	if (!u->asked && ask_supervisor(u))
		set_timer(u, soon < u->until ? soon : u->until);
	else
		set_timer(u, u->until);
}

static void
late(void *arg)
{
	struct ssh_up *u = arg;

	u->timer = NULL;
	if (loop_now() < u->until && u->chan.fd < 0) {
		connect_it(u);
		return;
	}
	log_warn("the agent behind ours (ssh_upstream) does not answer");
	u->c->f->ssh.up_pause = loop_now() + PAUSE_MS;
	disconnect(u);
}

static void
set_timer(struct ssh_up *u, uint64_t at)
{
	loop_timer_remove(u->timer);
	if (!(u->timer = loop_timer_add(u->c->f->loop, at, late, u)))
		disconnect(u);
}

/* fd -1: there is none. */
void
ssh_up_come(struct front *f, uint32_t number, int fd)
{
	struct conn *c = conn_find(f, number);
	struct ssh_up *u = c && c->ssh ? c->ssh->up : NULL;
	bool wanted = u && u->asked && u->busy && u->chan.fd < 0;

	if (f->ssh.up_asked)
		f->ssh.up_asked--;
	if (u)
		u->asked = false;
	if (!wanted || fd < 0) {
		if (fd >= 0)
			close(fd);
		if (wanted)
			disconnect(u);
		return;
	}
	chan_init(&u->chan, fd, ANSWER_MOST);
	if (!(u->fd = loop_fd_add(f->loop, fd, POLLIN, ready, u)))
		disconnect(u);
	else
		send_it(u);
}

/* ---- what the door asks ---- */
static struct ssh_up *
get(struct conn *c)
{
	struct ssh_up *u = c->ssh->up;

	if (u || !(u = calloc(1, sizeof *u)))
		return u;
	u->c = c;
	u->chan.fd = -1;
	c->ssh->up = u;
	return u;
}

static void
begin(struct ssh_up *u, struct span message, bool endless)
{
	buf_reset(&u->message);
	buf_put_span(&u->message, message);
	u->busy = true;
	u->endless = endless;
	u->until = loop_now() + PATIENCE_MS;
	u->c->held = true;
	set_timer(u, u->until);
	if (!u->busy)
		return;
	if (u->chan.fd >= 0)
		send_it(u);
	else
		connect_it(u);
}

bool
ssh_up_wait(struct conn *c, struct span message, bool endless)
{
	struct ssh_up *u;

	if (!ssh_up_is_there(c) || c->ssh->raw_lost || !(u = get(c)) || u->done)
		return false;
	if (u->busy) {
		c->held = true;
		return true;
	}
	if (!endless && loop_now() < c->f->ssh.up_pause)
		return false;
	begin(u, message, endless);
	return c->held;
}

struct span
ssh_up_answer(const struct conn *c)
{
	const struct ssh_up *u = c->ssh->up;

	return u && u->done ? buf_span(&u->answer) : SPAN_NONE;
}

void
ssh_up_forget(struct conn *c)
{
	struct ssh_up *u = c->ssh->up;

	if (!u || !u->done)
		return;
	u->done = false;
	buf_done(&u->answer);
}

bool
ssh_up_is_busy(const struct conn *c)
{
	return c->ssh->up && c->ssh->up->busy;
}

/* One that is not kept cannot be told: then nothing is asked of it over this connection. */
void
ssh_up_bind(struct conn *c, struct span message)
{
	struct ssh_conn *s = c->ssh;

	if (!ssh_up_is_there(c))
		return;
	if (s->nraw >= SSH_BINDS || message.len > SSH_RAW_BIND) {
		s->raw_lost = true;
		return;
	}
	buf_put_u32(&s->raw, (uint32_t)message.len);
	buf_put_span(&s->raw, message);
	s->nraw++;
	s->raw_lost |= buf_err(&s->raw) != ERR_OK;
}

void
ssh_up_leave(struct conn *c)
{
	struct ssh_up *u = c->ssh->up;

	buf_done(&c->ssh->raw);
	if (!u)
		return;
	u->busy = false;
	disconnect(u);
	loop_timer_remove(u->timer);
	buf_done(&u->message);
	buf_done(&u->answer);
	free(u);
	c->ssh->up = NULL;
}

/* ---- lists ---- */
/* One identity of it behind ours; ours win.  False: no room. */
static bool
put_one(struct ssh_keys *k, struct span blob, struct span comment, struct buf *b, uint32_t *n)
{
	if (ssh_keys_find(k, blob))
		return true;
	if (*n >= SSH_LIST_MOST || b->len + 8 + blob.len + comment.len > SSH_LIST_BYTES)
		return false;
	ssh_put_string(b, blob);
	ssh_put_string(b, comment);
	++*n;
	return true;
}

bool
ssh_up_join(struct ssh_keys *k, struct span own, struct span theirs, struct buf *b)
{
	struct ssh_reader r = ssh_reader(theirs);
	uint32_t n = be32(own.p + 1), count;
	bool room = true;

	buf_put_span(b, own);
	if (ssh_read_u8(&r) != SSH_IDENTITIES_ANSWER)
		return false;
	count = ssh_read_u32(&r);
	for (uint32_t i = 0; i < count && !r.failed; i++) {
		struct span blob = ssh_read_string(&r, ANSWER_MOST);
		struct span comment = ssh_read_string(&r, ANSWER_MOST);

		if (!r.failed && room)
			room = put_one(k, blob, comment, b, &n);
	}
	if (ssh_reader_end(&r) || buf_err(b))
		return false;
	put_be32(b->p + 1, n);
	return true;
}
