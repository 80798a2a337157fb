/* conn.c - client connections: bounded, fair, and never waited for. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/door/front.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/text.h"

#define INDEX(number) ((number) & (FRONT_CONNS - 1))
#define CROWD	      256

struct conn *
conn_find(struct front *f, uint32_t number)
{
	struct conn *c = f->conns[INDEX(number)];

	return c && c->number == number ? c : NULL;
}

static void
unmark(struct conn *c)
{
	struct conn **at = &c->f->dirty;

	while (c->dirty && *at != c)
		at = &(*at)->next_dirty;
	if (c->dirty)
		*at = c->next_dirty;
}

/* When a crowd has left, what it took goes back to the system. */
static void
give_back(struct front *f)
{
	if (f->most < CROWD || f->nconns > f->most / 4)
		return;
	f->most = f->nconns;
	(void)malloc_trim(0);
}

void
conn_close(struct conn *c)
{
	struct front *f = c->f;

	if (f->vault.fd >= 0)
		link_put(&f->vault.out, LINK_BYE, c->number, SPAN_NONE);
	unmark(c);
	f->conns[INDEX(c->number)] = NULL;
	f->nconns--;
	if (c->door->gone)
		c->door->gone(c);
	loop_fd_remove(c->fd);
	loop_timer_remove(c->partial);
	chan_done(&c->chan);
	buf_done(&c->peer);
	buf_done(&c->hello);
	buf_done(&c->subscribe);
	free(c);
	give_back(f);
}

static size_t
queued(const struct chan *ch)
{
	return ch->out.len - ch->out_at;
}

/* Read a client only while there is room for what it may cause. */
static bool
may_read(const struct conn *c)
{
	return !c->f->paused && !c->f->between && !c->held && c->npending < FRONT_IN_FLIGHT &&
	    queued(&c->chan) < FRONT_CONN_QUEUE;
}

void
conn_update(struct conn *c)
{
	short events = may_read(c) ? POLLIN : 0;

	if (chan_wants_write(&c->chan))
		events |= POLLOUT;
	loop_fd_events(c->fd, events);
}

static void
too_slow(void *arg)
{
	struct conn *c = arg;

	c->partial = NULL;
	conn_close(c);
}

/* Half a frame is given five seconds, counted from its first byte. */
static enum err
watch_partial(struct conn *c)
{
	if (!chan_is_partial(&c->chan)) {
		loop_timer_remove(c->partial);
		c->partial = NULL;
	} else if (!c->partial) {
		c->partial = loop_timer_add(c->f->loop, loop_now() + FRONT_PARTIAL_MS, too_slow, c);
		return c->partial ? ERR_OK : ERR_NOMEM;
	}
	return ERR_OK;
}

static enum err take_frames(struct conn *c);

static void
go_on(struct conn *c)
{
	if (c->closing || take_frames(c))
		conn_close(c);
	else
		conn_update(c);
}

/* Those that had more than their turn. */
static void
next_turn(void *arg)
{
	struct front *f = arg;

	f->again = NULL;
	for (size_t i = 0; i < FRONT_CONNS && f->nconns; i++) {
		struct conn *c = f->conns[i];

		if (!c || !c->more)
			continue;
		c->more = false;
		c->spent = 0;
		go_on(c);
	}
}

/* Who asks for much that costs nothing but our time waits until all others were served. */
static bool
has_turn(struct conn *c)
{
	if (c->spent < FRONT_TURN)
		return true;
	c->more = true;
	if (!c->f->again)
		c->f->again = loop_timer_add(c->f->loop, loop_now(), next_turn, c->f);
	return false;
}

/* Everything that is complete and allowed now. */
static enum err
take_frames(struct conn *c)
{
	struct span frame;
	bool partial = false;
	enum err e = ERR_OK;

	while (!e && may_read(c) && has_turn(c)) {
		e = chan_next(&c->chan, &frame);
		if ((partial = e == ERR_TRUNCATED))
			break;
		/* whole: what follows has a time of its own */
		loop_timer_remove(c->partial);
		c->partial = NULL;
		if (!e)
			e = c->door->request(c, frame);
		if (queued(&c->f->vault) > FRONT_LINK_QUEUE)
			front_pause(c->f, true);
	}
	chan_forget(&c->chan);
	return partial ? watch_partial(c) : e;
}

static void
ready(void *arg, short revents)
{
	struct conn *c = arg;
	enum err filled = ERR_OK, e = ERR_OK;

	c->spent = 0;
	if (revents & POLLOUT)
		e = chan_flush(&c->chan);
	if (!e && (revents & (POLLIN | POLLHUP | POLLERR)))
		filled = chan_fill(&c->chan);
	/* also when it has only taken replies: frames may have waited for that */
	if (!e)
		e = take_frames(c);
	/* it left, and nothing of it can be taken now: poll would tell us again and again */
	if ((revents & POLLHUP) && !may_read(c))
		e = ERR_HANGUP;
	if (e || filled)
		conn_close(c);
	else
		conn_update(c);
}

void
conn_resume_all(struct front *f)
{
	for (size_t i = 0; i < FRONT_CONNS && f->nconns; i++)
		if (f->conns[i])
			go_on(f->conns[i]);
}

void
conn_mark(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->f->dirty;
	c->f->dirty = c;
}

void
conn_flush_marked(struct front *f)
{
	struct conn *c;

	while ((c = f->dirty)) {
		f->dirty = c->next_dirty;
		c->dirty = false;
		if (c->closing || chan_flush(&c->chan) || take_frames(c))
			conn_close(c);
		else
			conn_update(c);
	}
}

/* ---- accepting ---- */
static enum err
describe(struct conn *c)
{
	struct sock_peer p;
	struct link_peer msg = { 0 };
	struct buf label = BUF_INIT, unit = BUF_INIT;
	enum err e;

	if ((e = sock_get_peer(c->chan.fd, &p)))
		return e;
	c->uid = (uint32_t)p.uid;
	/* other accounts have agent.sock only */
	if (c->door == &native_door ? !rights_knows(&c->f->start.rights, p.uid)
				    : !rights_is_owner(&c->f->start.rights, p.uid))
		e = ERR_NOTOWNER;
	/* a file may have any name; that is no reason to refuse it */
	text_printable(span_str(p.label), &label);
	text_printable(span_str(p.unit), &unit);
	msg.uid = p.uid;
	msg.pid = (uint64_t)p.pid;
	msg.label = buf_span(&label);
	msg.unit = buf_span(&unit);
	msg.session = (uint64_t)p.session;
	msg.session_began = p.session_began;
	wire_mark(&link_peer_map, &msg);
	if (!e)
		e = wire_encode(&link_peer_map, &msg, &c->peer);
	sock_peer_done(&p);
	buf_done(&label);
	buf_done(&unit);
	return e ? e : buf_err(&c->peer);
}

static struct conn *
new_conn(struct listener *l, int fd)
{
	struct front *f = l->f;
	struct conn *c = calloc(1, sizeof *c);
	uint32_t i = 0;

	while (c && i < FRONT_CONNS && f->conns[i])
		i++;
	if (!c || i == FRONT_CONNS) {
		close(fd);
		free(c);
		return NULL;
	}
	f->generation += FRONT_CONNS;
	if (!f->generation)
		f->generation += FRONT_CONNS;
	c->f = f;
	c->door = l->door;
	c->number = f->generation | i;
	chan_init(&c->chan, fd, OPS_FRAME_MAX);
	f->conns[i] = c;
	f->nconns++;
	if (f->nconns > f->most)
		f->most = f->nconns;
	return c;
}

static void
add(struct listener *l, int fd)
{
	struct front *f = l->f;
	struct conn *c = new_conn(l, fd);

	if (!c)
		return;
	if (describe(c) || (c->door->open && c->door->open(c)) ||
	    !(c->fd = loop_fd_add(f->loop, fd, POLLIN, ready, c))) {
		log_info("a connection was refused");
		conn_close(c);
		return;
	}
	if (f->vault.fd >= 0)
		link_put(&f->vault.out, LINK_PEER, c->number, buf_span(&c->peer));
	conn_update(c);
}

static void
listen_again(void *arg)
{
	struct listener *l = arg;

	loop_fd_events(l->watch, POLLIN);
}

/* Out of descriptors: who waits goes on waiting, and poll must not tell us again and again. */
void
conn_accept(struct listener *l)
{
	int fd;

	while ((fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		add(l, fd);
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED &&
	    loop_timer_add(l->f->loop, loop_now() + FRONT_ACCEPT_MS, listen_again, l))
		loop_fd_events(l->watch, 0);
}
