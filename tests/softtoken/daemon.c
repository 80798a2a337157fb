#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "tests/softtoken/control.h"

#define CONNS	 32
#define OUT_MOST (256 * SOFTTOKEN_REPORT) /* a reader that is slower loses reports */

struct conn {
	struct daemon *d;
	int fd; /* -1: free */
	struct loop_fd *ev;
	uint8_t in[SOFTTOKEN_REPORT];
	size_t n;
	struct buf out;
};

struct daemon {
	const struct soft_daemon_config *conf;
	struct softtoken *t;
	struct loop *loop;
	struct loop_fd *listen_ev;
	struct loop_fd *control_ev;
	struct loop_timer *timer;
	int listen_fd;
	int control_fd;
	struct conn conn[CONNS];
};

/* --- connections --- */

static void
conn_close(struct conn *c)
{
	if (c->fd < 0)
		return;
	loop_fd_remove(c->ev);
	close(c->fd);
	buf_done(&c->out);
	c->ev = NULL;
	c->fd = -1;
}

static void
conn_flush(struct conn *c)
{
	ssize_t n;

	while (c->out.len > 0) {
		n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		/* gone; its last words, to cancel perhaps, are still to be read */
		buf_drop(&c->out, n < 0 ? c->out.len : (size_t)n);
	}
	loop_fd_events(c->ev, c->out.len > 0 ? POLLIN | POLLOUT : POLLIN);
}

static void
conns_send(struct daemon *d, const uint8_t *report)
{
	struct conn *c;

	for (c = d->conn; c < d->conn + CONNS; c++)
		if (c->fd >= 0 && c->out.len <= OUT_MOST)
			buf_put(&c->out, report, SOFTTOKEN_REPORT);
}

static void
conns_flush(struct daemon *d)
{
	struct conn *c;

	for (c = d->conn; c < d->conn + CONNS; c++)
		if (c->fd >= 0)
			conn_flush(c);
}

/* --- the token did something --- */

static void plug_follow(struct daemon *d);

static void
timer_run(void *arg)
{
	struct daemon *d = arg;

	d->timer = NULL;
	soft_daemon_step(d);
}

static void
timer_set(struct daemon *d)
{
	uint64_t at = softtoken_next(d->t);

	loop_timer_remove(d->timer);
	d->timer = at == UINT64_MAX ? NULL : loop_timer_add(d->loop, at, timer_run, d);
}

void
soft_daemon_step(struct daemon *d)
{
	uint8_t report[SOFTTOKEN_REPORT];

	softtoken_tick(d->t, loop_now());
	while (softtoken_pop(d->t, report))
		conns_send(d, report);
	conns_flush(d);
	plug_follow(d);
	timer_set(d);
}

static void
conn_read(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->n, sizeof(c->in) - c->n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	c->n += (size_t)n;
	if (c->n == sizeof(c->in)) {
		c->n = 0;
		softtoken_tick(c->d->t, loop_now());
		softtoken_feed(c->d->t, c->in);
		soft_daemon_step(c->d);
	}
}

static void
conn_event(void *arg, short revents)
{
	struct conn *c = arg;

	if (revents & POLLOUT)
		conn_flush(c);
	if (c->fd >= 0 && (revents & (POLLIN | POLLHUP | POLLERR)))
		conn_read(c);
}

static struct conn *
conn_free_slot(struct daemon *d)
{
	struct conn *c;

	for (c = d->conn; c < d->conn + CONNS; c++)
		if (c->fd < 0)
			return c;
	return NULL;
}

static void
accept_event(void *arg, short revents)
{
	struct daemon *d = arg;
	int fd = accept4(d->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *c;

	(void)revents;
	if (fd < 0)
		return;
	if ((c = conn_free_slot(d)) == NULL) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->n = 0;
	if ((c->ev = loop_fd_add(d->loop, fd, POLLIN, conn_event, c)) == NULL) {
		close(fd);
		c->fd = -1;
	}
}

/* --- plug: with it the socket comes and goes --- */

static enum err
listen_begin(struct daemon *d)
{
	enum err r;

	if ((r = sock_listen(d->conf->socket, CONNS, &d->listen_fd)) != ERR_OK)
		return r;
	d->listen_ev = loop_fd_add(d->loop, d->listen_fd, POLLIN, accept_event, d);
	return d->listen_ev != NULL ? ERR_OK : ERR_NOMEM;
}

static void
listen_end(struct daemon *d)
{
	struct conn *c;

	if (d->listen_fd < 0)
		return;
	unlink(d->conf->socket);
	loop_fd_remove(d->listen_ev);
	close(d->listen_fd);
	d->listen_ev = NULL;
	d->listen_fd = -1;
	for (c = d->conn; c < d->conn + CONNS; c++)
		conn_close(c);
}

static void
plug_follow(struct daemon *d)
{
	bool plugged = softtoken_is_plugged(d->t);

	if (!plugged)
		listen_end(d);
	else if (d->listen_fd < 0 && listen_begin(d) != ERR_OK)
		loop_stop(d->loop);
}

/* Out and in again: who holds it open loses it. */
void
soft_daemon_replug(struct daemon *d)
{
	softtoken_unplug(d->t);
	plug_follow(d);
	softtoken_plug(d->t);
	soft_daemon_step(d);
}

struct softtoken *
soft_daemon_token(struct daemon *d)
{
	return d->t;
}

/* --- life --- */

static void
signal_event(void *arg, int signo)
{
	struct daemon *d = arg;

	softtoken_tick(d->t, loop_now());
	switch (signo) {
	case SIGUSR1:
		softtoken_touch(d->t);
		soft_daemon_step(d);
		break;
	case SIGUSR2:
	case SIGHUP:
		soft_daemon_replug(d);
		break;
	default:
		loop_stop(d->loop);
	}
}

static void
control_event(void *arg, short revents)
{
	struct daemon *d = arg;

	(void)revents;
	soft_control_read(d, d->control_fd);
}

static enum err
control_begin(struct daemon *d)
{
	enum err r;

	if (d->conf->control == NULL)
		return ERR_OK;
	if ((r = soft_control_open(d->conf->control, &d->control_fd)) != ERR_OK)
		return r;
	d->control_ev = loop_fd_add(d->loop, d->control_fd, POLLIN, control_event, d);
	return d->control_ev != NULL ? ERR_OK : ERR_NOMEM;
}

static void
control_end(struct daemon *d)
{
	if (d->control_fd < 0)
		return;
	unlink(d->conf->control);
	loop_fd_remove(d->control_ev);
	close(d->control_fd);
}

static enum err
begin(struct daemon *d)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGINT, -1 };
	enum err r;
	int i;

	d->listen_fd = d->control_fd = -1;
	for (i = 0; i < CONNS; i++)
		d->conn[i] = (struct conn){ .d = d, .fd = -1 };
	if ((d->loop = loop_new()) == NULL)
		return ERR_NOMEM;
	softtoken_tick(d->t, loop_now());
	if ((r = loop_signals(d->loop, signals, signal_event, d)) != ERR_OK ||
	    (r = control_begin(d)) != ERR_OK)
		return r;
	/* its power came on now, not when the machine was started */
	softtoken_unplug(d->t);
	softtoken_plug(d->t);
	return listen_begin(d);
}

enum err
soft_daemon_run(const struct soft_daemon_config *c, struct softtoken *t)
{
	struct daemon *d;
	enum err r;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return ERR_NOMEM;
	d->conf = c;
	d->t = t;
	if ((r = begin(d)) == ERR_OK) {
		if (c->ready_fd >= 0 && write(c->ready_fd, "\n", 1) != 1)
			r = ERR_IO;
		if (c->ready_fd > 2)
			close(c->ready_fd);
	}
	if (r == ERR_OK)
		r = loop_run(d->loop);
	listen_end(d);
	control_end(d);
	if (d->loop != NULL) {
		loop_timer_remove(d->timer);
		loop_free(d->loop);
	}
	free(d);
	return r;
}
