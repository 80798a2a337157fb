/*
 * callers.c - secret.sock: whoever connects proves its uid, sends 16 bytes, and is handed over
 * unread to who waits for these bytes.  Half a greeting is given 5 seconds.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/supervisor.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sock.h"

#define GREETING_MS 5000

static void
drop(struct caller *c)
{
	loop_fd_remove(c->watch);
	loop_timer_remove(c->timer);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct caller){ .s = c->s, .fd = -1 };
}

static struct expected *
find(struct supervisor *s, const uint8_t id[JOB_ID_LEN])
{
	for (size_t i = 0; i < SUPERVISOR_IDS; i++)
		if (s->expected[i].used &&
		    crypto_eq(SPAN(s->expected[i].id, JOB_ID_LEN), SPAN(id, JOB_ID_LEN)))
			return &s->expected[i];
	return NULL;
}

void
callers_expect(struct supervisor *s, const uint8_t id[JOB_ID_LEN], uint32_t handle)
{
	for (size_t i = 0; i < SUPERVISOR_IDS; i++)
		if (!s->expected[i].used) {
			s->expected[i] = (struct expected){ .used = true, .handle = handle };
			memcpy(s->expected[i].id, id, JOB_ID_LEN);
			return;
		}
}

void
callers_forget(struct supervisor *s, const uint8_t id[JOB_ID_LEN])
{
	struct expected *e = find(s, id);

	if (e)
		*e = (struct expected){ 0 };
}

void
callers_forget_all(struct supervisor *s)
{
	memset(s->expected, 0, sizeof s->expected);
}

static int
worker_socket(const struct supervisor *s, uint32_t handle)
{
	for (size_t i = 0; i < SUPERVISOR_HELPERS; i++)
		if (s->running[i].handle == handle)
			return s->running[i].deliver;
	return -1;
}

/* An id is good for one connection.  A worker is told no more than that somebody came. */
static void
deliver(struct supervisor *s, struct caller *c)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = CONTROL_SECRET };
	struct expected *e = find(s, c->id);
	struct span note = SPAN(&m, sizeof m);
	int to = -1;

	if (e && e->handle) {
		to = worker_socket(s, e->handle);
		note = SPAN(c->id, JOB_ID_LEN);
	} else if (e) {
		to = s->vault.control;
	}
	memcpy(m.id, c->id, JOB_ID_LEN);
	if (e)
		*e = (struct expected){ 0 };
	if (to >= 0 && sock_send_fd(to, note, c->fd))
		log_debug("nobody takes a connection to secret.sock");
	drop(c);
}

static void
readable(void *arg, short revents)
{
	struct caller *c = arg;
	ssize_t n = recv(c->fd, c->id + c->have, JOB_ID_LEN - c->have, MSG_DONTWAIT);

	(void)revents;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		drop(c);
		return;
	}
	if (n > 0)
		c->have += (size_t)n;
	if (c->have == JOB_ID_LEN) {
		/* the vault announced the id before anybody could know it */
		supervisor_hear_vault(c->s);
		deliver(c->s, c);
	}
}

static void
too_slow(void *arg)
{
	struct caller *c = arg;

	c->timer = NULL;
	drop(c);
}

static struct caller *
free_caller(struct supervisor *s)
{
	for (size_t i = 0; i < SUPERVISOR_CALLERS; i++)
		if (s->caller[i].fd < 0)
			return &s->caller[i];
	return NULL;
}

static bool
is_owner(const struct supervisor *s, int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n))
		return false;
	return rights_is_owner(&s->start.rights, u.uid);
}

static void
accept_one(void *arg, short revents)
{
	struct supervisor *s = arg;
	int fd = accept4(s->secret_sock, NULL, NULL, SOCK_CLOEXEC);
	struct caller *c = free_caller(s);

	(void)revents;
	if (fd < 0)
		return;
	if (!c || !is_owner(s, fd)) {
		close(fd);
		return;
	}
	*c = (struct caller){ .s = s, .fd = fd };
	c->watch = loop_fd_add(s->loop, fd, POLLIN, readable, c);
	c->timer = loop_timer_add(s->loop, loop_now() + GREETING_MS, too_slow, c);
	if (!c->watch || !c->timer)
		drop(c);
}

enum err
callers_open(struct supervisor *s)
{
	for (size_t i = 0; i < SUPERVISOR_CALLERS; i++)
		s->caller[i] = (struct caller){ .s = s, .fd = -1 };
	return loop_fd_add(s->loop, s->secret_sock, POLLIN, accept_one, s) ? ERR_OK : ERR_NOMEM;
}
