/* supervisor.c - starts, restarts and ends front and vault. */
#include "agent/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sock.h"
#include "lib/spawn.h"

/* A vault that dies this fast this often is broken: give up instead of burning the processor. */
#define QUICK_MS     2000
#define QUICK_DEATHS 5

static enum err
start_role(struct supervisor *s, const char *role, const int *fds, int nfds, pid_t *pid)
{
	const char *argv[] = { "ownkey-agent", role, NULL };
	struct spawn sp = { .path = s->self, .argv = argv, .nfds = nfds, .new_session = true };
	static const char *const keep[] = { "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", NULL };

	sp.keep = keep;
	for (int i = 0; i < nfds; i++)
		sp.fds[i] = fds[i];
	return spawn_start(&sp, pid);
}

static enum err
tell(int control, enum control_type type, int fd)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = type };

	return sock_send_fd(control, SPAN(&m, sizeof m), fd);
}

static enum err
tell_start(struct supervisor *s, int control)
{
	s->start.head.magic = CONTROL_MAGIC;
	s->start.head.type = CONTROL_START;
	return sock_send_fd(control, SPAN(&s->start, sizeof s->start), -1);
}

static void
child_gone(struct child *c)
{
	loop_fd_remove(c->fd);
	if (c->control >= 0)
		close(c->control);
	*c = (struct child){ .control = -1 };
}

/* ---- messages of the children ---- */
static void
became_ready(struct supervisor *s)
{
	if (++s->ready != 2 || s->ready_fd < 0)
		return;
	if (write(s->ready_fd, "R", 1) != 1)
		log_debug("nobody waits for the ready byte");
	close(s->ready_fd);
	s->ready_fd = -1;
}

static void
remember(struct supervisor *s, const struct control_memory *mem)
{
	s->start.head.mem = *mem;
	copies_changed(s, mem);
}

/* Ourselves behind us would be asked for ever. */
static bool
is_own_socket(const struct supervisor *s, const char *path)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	socklen_t n = sizeof own - 1;
	struct stat a, b;

	if (getsockname(s->ssh_sock, (struct sockaddr *)&own, &n))
		return false;
	return !stat(own.sun_path, &a) && !stat(path, &b) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/* It must not be waited for: with its queue full there is none. */
static void
connect_upstream(struct supervisor *s, uint32_t handle)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = CONTROL_UPSTREAM, .handle = handle };
	const char *path = s->start.conf.ssh_upstream;
	int fd = -1;

	if (!*path || is_own_socket(s, path) || sock_connect_now(path, &fd))
		fd = -1;
	if (sock_send_fd(s->front.control, SPAN(&m, sizeof m), fd))
		log_debug("front does not hear of the agent behind it");
	if (fd >= 0)
		close(fd);
}

static void
message(struct supervisor *s, const struct child *from, const struct control *m)
{
	if (m->type == CONTROL_READY)
		became_ready(s);
	else if (from == &s->front && m->type == CONTROL_UPSTREAM)
		connect_upstream(s, m->handle);
	else if (from != &s->vault)
		log_warn("front sent message %u", (unsigned)m->type);
	else if (m->type == CONTROL_SPAWN)
		helpers_spawn(s, m);
	else if (m->type == CONTROL_KILL)
		helpers_kill(s, m->handle);
	else if (m->type == CONTROL_EXPECT)
		callers_expect(s, m->id, 0);
	else if (m->type == CONTROL_FORGET)
		callers_forget(s, m->id);
	else if (m->type == CONTROL_COPY)
		copies_ask(s, m);
	else if (m->type == CONTROL_MEMORY)
		remember(s, &m->mem);
}

/* True: a message was there.  A closed socket is left to SIGCHLD. */
static bool
receive(struct supervisor *s, struct child *c)
{
	struct control m;
	size_t n;
	int fd;

	if (sock_recv_fd(c->control, &m, sizeof m, &n, &fd)) {
		loop_fd_remove(c->fd);
		c->fd = NULL;
		return false;
	}
	if (fd >= 0)
		close(fd);
	if (n == sizeof m && m.magic == CONTROL_MAGIC)
		message(s, c, &m);
	return true;
}

void
supervisor_hear_vault(struct supervisor *s)
{
	struct pollfd p = { .fd = s->vault.control, .events = POLLIN };

	while (s->vault.fd && poll(&p, 1, 0) > 0 && receive(s, &s->vault))
		;
}

static void
vault_readable(void *arg, short revents)
{
	(void)revents;
	supervisor_hear_vault(arg);
}

static void
front_readable(void *arg, short revents)
{
	struct supervisor *s = arg;

	(void)revents;
	receive(s, &s->front);
}

/* ---- starting ---- */
/* chan: the vault's end of its channel to front. */
static enum err
start_vault(struct supervisor *s, int chan)
{
	int control[2], fds[3];
	enum err e;

	if ((e = sock_pair(SOCK_SEQPACKET, control)))
		return e;
	fds[0] = chan;
	fds[1] = control[1];
	fds[2] = STDERR_FILENO;
	e = start_role(s, "--role=vault", fds, 3, &s->vault.pid);
	close(control[1]);
	s->vault.control = control[0];
	s->vault_started = loop_now();
	if (!e)
		e = tell_start(s, s->vault.control);
	if (!e)
		copies_send(s, &s->copying.last);
	if (!e && !(s->vault.fd = loop_fd_add(s->loop, control[0], POLLIN, vault_readable, s)))
		e = ERR_NOMEM;
	return e;
}

static enum err
start_front(struct supervisor *s, int chan)
{
	int control[2], fds[5];
	enum err e;

	if ((e = sock_pair(SOCK_SEQPACKET, control)))
		return e;
	fds[0] = chan;
	fds[1] = control[1];
	fds[2] = STDERR_FILENO;
	fds[3] = s->agent_sock;
	fds[4] = s->ssh_sock;
	e = start_role(s, "--role=front", fds, 5, &s->front.pid);
	close(control[1]);
	s->front.control = control[0];
	if (!e)
		e = tell_start(s, s->front.control);
	if (!e && !(s->front.fd = loop_fd_add(s->loop, control[0], POLLIN, front_readable, s)))
		e = ERR_NOMEM;
	return e;
}

static enum err
start_both(struct supervisor *s)
{
	int chan[2];
	enum err e;

	if ((e = sock_pair(SOCK_STREAM, chan)))
		return e;
	if (!(e = start_vault(s, chan[0])))
		e = start_front(s, chan[1]);
	close(chan[0]);
	close(chan[1]);
	return e;
}

/* Lock: the old vault is gone, front gets a channel to a fresh one. */
static enum err
replace_vault(struct supervisor *s)
{
	int chan[2];
	enum err e;

	if ((e = sock_pair(SOCK_STREAM, chan)))
		return e;
	if (!(e = start_vault(s, chan[0])))
		e = tell(s->front.control, CONTROL_VAULT, chan[1]);
	close(chan[0]);
	close(chan[1]);
	return e;
}

static void
stop(struct supervisor *s)
{
	s->stopping = true;
	loop_stop(s->loop);
}

/* What it sent last (its memory of the file) is still in the socket. */
static void
vault_died(struct supervisor *s, bool crashed)
{
	bool quick = crashed && loop_now() - s->vault_started < QUICK_MS;

	while (s->vault.fd && receive(s, &s->vault))
		;
	child_gone(&s->vault);
	helpers_kill_all(s);
	callers_forget_all(s);
	copies_locked(s);
	s->quick_deaths = quick ? s->quick_deaths + 1 : 0;
	if (s->stopping)
		return;
	if (s->quick_deaths > QUICK_DEATHS || replace_vault(s)) {
		log_error("the vault process cannot be started");
		stop(s);
	}
}

static void
reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		/* neither: a helper that was ended */
		if (helpers_reap(s, pid) || copies_reap(s, pid) ||
		    (pid != s->vault.pid && pid != s->front.pid))
			continue;
		if (WIFSIGNALED(status))
			log_error("process %d was killed by signal %d", (int)pid, WTERMSIG(status));
		if (pid == s->vault.pid) {
			vault_died(s, status != 0);
		} else if (pid == s->front.pid) {
			log_error("the front process ended; the agent stops");
			child_gone(&s->front);
			stop(s);
		}
	}
}

static void
on_signal(void *arg, int signo)
{
	struct supervisor *s = arg;

	if (signo == SIGCHLD)
		reap(s);
	else if (signo != SIGUSR1)
		stop(s);
	else if (s->vault.pid > 0 && tell(s->vault.control, CONTROL_LOCK, -1))
		kill(s->vault.pid, SIGKILL); /* SIGCHLD does the rest */
}

/* The vault's last words go to the audit log: it ends by itself, then front, which writes them. */
static void
end_gently(struct child *c)
{
	static const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	pid_t pid = c->pid;

	if (pid <= 0 || tell(c->control, CONTROL_LOCK, -1))
		return;
	for (int i = 0; i < 400 && kill(pid, 0) == 0; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			c->pid = 0;
			return;
		}
		nanosleep(&pause, NULL);
	}
}

static void
end_children(struct supervisor *s)
{
	helpers_kill_all(s);
	end_gently(&s->vault);
	end_gently(&s->front);
	copies_close(s);
	if (s->vault.pid > 0)
		spawn_kill(s->vault.pid);
	if (s->front.pid > 0)
		spawn_kill(s->front.pid);
	child_gone(&s->vault);
	child_gone(&s->front);
}

enum err
supervisor_run(struct supervisor *s)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, -1 };
	enum err e = ERR_NOMEM;

	s->vault.control = s->front.control = -1;
	if (!(s->loop = loop_new()))
		return e;
	copies_open(s);
	if (!(e = loop_signals(s->loop, signals, on_signal, s)) && !(e = callers_open(s)) &&
	    !(e = start_both(s)))
		e = loop_run(s->loop);
	end_children(s);
	loop_free(s->loop);
	return e ? e : s->quick_deaths > QUICK_DEATHS ? ERR_INTERNAL : ERR_OK;
}
