/*
 * copies.c - when the copier runs (agent/copy): after each version that the vault says it has
 * opened or written, and when it asks; one at a time, and not more than once a second.  Whatever
 * the copier does, nothing here waits for it.
 */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/supervisor.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/spawn.h"

#define PAUSE_MS 1000 /* from one start to the next */
#define CALM_MS	 200  /* changes come in bursts; a change must not compete with its own copy */
#define LIMIT_MS 60000

static void run(void *arg);

static void
schedule(struct supervisor *s, uint64_t at)
{
	struct copying *c = &s->copying;

	loop_timer_remove(c->timer);
	c->timer = loop_timer_add(s->loop, at, run, s);
}

/* It said nothing to who asked, and will not. */
static void
tell_end(struct supervisor *s, uint32_t handle)
{
	static struct control_copies m;

	m.head = (struct control){ .magic = CONTROL_MAGIC,
		.type = CONTROL_COPIES,
		.handle = handle,
		.err = ERR_COPY_STUCK };
	copies_send(s, &m);
}

/* It has ended, or is left alone, with those it has started (it leads their group).  Nobody waits
 * for their end: where even SIGKILL does not help, the folder's lock says so to the next one. */
static void
leave(struct supervisor *s)
{
	struct copying *c = &s->copying;

	if (c->pid > 0)
		kill(-c->pid, SIGKILL);
	if (c->asked)
		tell_end(s, c->asked);
	c->asked = 0;
	loop_fd_remove(c->fd);
	loop_timer_remove(c->limit);
	if (c->control >= 0)
		close(c->control);
	c->fd = NULL;
	c->limit = NULL;
	c->control = -1;
	c->pid = 0;
	if (c->want && !c->timer)
		schedule(s, c->started + PAUSE_MS);
}

static void
too_slow(void *arg)
{
	struct supervisor *s = arg;

	s->copying.limit = NULL;
	log_warn("copying the vault took too long");
	leave(s);
}

/* Handed on as it is; kept for the next vault, which did not ask. */
static void
take_report(struct supervisor *s, struct control_copies *m)
{
	copies_send(s, m);
	if (m->head.handle)
		s->copying.asked = 0;
	if (s->copying.keeps && m->c.n > 0 && !m->c.row[0].err)
		s->copying.mem.keep_own = 0;
	s->copying.last = *m;
	s->copying.last.head.handle = 0;
}

static void
readable(void *arg, short revents)
{
	static struct control_copies m;
	struct supervisor *s = arg;
	size_t n;
	int fd;

	(void)revents;
	if (sock_recv_fd(s->copying.control, &m, sizeof m, &n, &fd)) {
		loop_fd_remove(s->copying.fd);
		s->copying.fd = NULL;
		return;
	}
	if (fd >= 0)
		close(fd);
	if (n == sizeof m && m.head.magic == CONTROL_MAGIC && m.head.type == CONTROL_COPIES)
		take_report(s, &m);
}

static enum err
start(struct supervisor *s)
{
	struct copying *c = &s->copying;
	const char *argv[] = { "ownkey-agent", "--role=copier", NULL };
	static const char *const keep[] = { "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", NULL };
	struct spawn sp = { .path = s->self, .argv = argv, .keep = keep, .nfds = 3 };
	static struct control_start m;
	int control[2];
	enum err e;

	m = s->start;
	m.head.magic = CONTROL_MAGIC;
	m.head.type = CONTROL_START;
	m.head.kind = c->want;
	m.head.handle = c->handle;
	m.head.mem = c->mem;
	c->keeps = c->mem.keep_own && c->want == COPY_RUN;
	if ((e = sock_pair(SOCK_SEQPACKET, control)))
		return e;
	sp.fds[0] = control[1];
	sp.fds[1] = -1;
	sp.fds[2] = STDERR_FILENO;
	sp.new_session = true;
	e = spawn_start(&sp, &c->pid);
	close(control[1]);
	c->control = control[0];
	if (!e)
		e = sock_send_fd(c->control, SPAN(&m, sizeof m), -1);
	if (!e && !(c->fd = loop_fd_add(s->loop, c->control, POLLIN, readable, s)))
		e = ERR_NOMEM;
	return e;
}

static void
run(void *arg)
{
	struct supervisor *s = arg;
	struct copying *c = &s->copying;
	enum err e;

	c->timer = NULL;
	if (c->pid || !c->want)
		return;
	e = start(s);
	c->started = loop_now();
	c->want = 0;
	c->asked = c->handle;
	c->handle = 0;
	if (!e && !(c->limit = loop_timer_add(s->loop, c->started + LIMIT_MS, too_slow, s)))
		e = ERR_NOMEM;
	if (!e)
		return;
	log_err(e, "copying the vault");
	leave(s);
}

static void
want(struct supervisor *s, uint32_t what, uint64_t calm)
{
	struct copying *c = &s->copying;
	uint64_t at = loop_now() + calm;

	if (what > c->want)
		c->want = what;
	if (c->pid)
		return; /* when it has ended */
	if (calm && at < c->started + PAUSE_MS)
		at = c->started + PAUSE_MS;
	if (!c->timer || !calm)
		schedule(s, at);
}

void
copies_open(struct supervisor *s)
{
	s->copying.control = -1;
	want(s, COPY_LOOK, 0);
}

/* What is to be kept stays so until a copier was told. */
static void
take_memory(struct copying *c, const struct control_memory *mem)
{
	uint8_t keep_own = c->mem.keep_own;

	c->mem = *mem;
	c->mem.keep_own |= keep_own;
}

void
copies_changed(struct supervisor *s, const struct control_memory *mem)
{
	take_memory(&s->copying, mem);
	want(s, COPY_RUN, CALM_MS);
}

void
copies_ask(struct supervisor *s, const struct control *m)
{
	if (m->kind != COPY_LOOK && m->kind != COPY_RUN)
		return;
	if (m->mem.known)
		take_memory(&s->copying, &m->mem);
	s->copying.handle = m->handle;
	want(s, m->kind, 0);
}

/* Never waits for it: it may be stopped. */
void
copies_send(struct supervisor *s, const struct control_copies *m)
{
	struct pollfd p = { .fd = s->vault.control, .events = POLLOUT };

	if (m->head.type && poll(&p, 1, 0) > 0 && (p.revents & POLLOUT) &&
	    sock_send_fd(s->vault.control, SPAN(m, sizeof *m), -1))
		log_debug("the vault does not hear about the copies");
}

void
copies_locked(struct supervisor *s)
{
	s->copying.handle = s->copying.asked = 0;
	if (s->copying.want && !s->copying.pid)
		schedule(s, loop_now());
}

bool
copies_reap(struct supervisor *s, pid_t pid)
{
	if (!s->copying.pid || s->copying.pid != pid)
		return false;
	/* what it said last */
	while (s->copying.fd) {
		struct pollfd p = { .fd = s->copying.control, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		readable(s, POLLIN);
	}
	leave(s);
	return true;
}

void
copies_close(struct supervisor *s)
{
	s->copying.want = 0;
	leave(s);
}
