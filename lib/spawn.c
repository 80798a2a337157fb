#include "lib/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDS_MAX	  8
#define ABOVE	  (FDS_MAX + 1) /* beyond all final places, the report pipe's included */
#define CANT_EXEC 127

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static const char *
find_variable(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e;
	return NULL;
}

/* The strings stay where they are: the child is gone or another program before they change. */
static const char **
make_environment(const struct spawn *s)
{
	size_t kept = count(s->keep), set = count(s->set), n = 0;
	const char **env = calloc(kept + set + 1, sizeof(*env));

	if (!env)
		return NULL;
	for (size_t i = 0; i < kept; i++) {
		const char *e = find_variable(s->keep[i]);

		if (e)
			env[n++] = e;
	}
	for (size_t i = 0; i < set; i++)
		env[n++] = s->set[i];
	return env;
}

/* --- in the child: only what is safe after fork --- */

static _Noreturn void
fail(int report, int error)
{
	ssize_t n = write(report, &error, sizeof(error));

	(void)n;
	_exit(CANT_EXEC);
}

/* The places 0..nfds-1 may be occupied by descriptors still to be moved, so all go up first. */
static int
place_fds(const struct spawn *s, int *report)
{
	int high[FDS_MAX];
	int r = fcntl(*report, F_DUPFD_CLOEXEC, ABOVE);

	if (r < 0)
		return -1;
	*report = r;
	for (int i = 0; i < s->nfds; i++) {
		int fd = s->fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : s->fds[i];

		high[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
		if (high[i] < 0)
			return -1;
	}
	for (int i = 0; i < s->nfds; i++)
		if (dup2(high[i], i) < 0)
			return -1;
	if (dup3(*report, s->nfds, O_CLOEXEC) < 0)
		return -1;
	*report = s->nfds;
	return 0;
}

static void
close_from(int first)
{
	long most;

	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
	most = sysconf(_SC_OPEN_MAX); /* before Linux 5.9 */
	for (int fd = first; fd < most; fd++)
		close(fd);
}

/*
 * By the system call: libc keeps 32 and 33 to itself, and whoever started us may have left them
 * ignored (make does).  Zeros are SIG_DFL, no flags, an empty mask, in every layout of the kernel's
 * struct; its mask has 8 bytes.
 */
static void
reset_signals(void)
{
	static const unsigned long all_default[8];
	sigset_t none;

	for (int s = 1; s < _NSIG; s++)
		(void)syscall(SYS_rt_sigaction, s, all_default, NULL, 8); /* not KILL, STOP */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
run_child(const struct spawn *s, const char *const *env, int report, pid_t parent)
{
	if (place_fds(s, &report) < 0)
		fail(report, errno);
	close_from(s->nfds + 1);
	reset_signals();
	if (s->new_session && setsid() < 0)
		fail(report, errno);
	if (!s->outlives && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail(report, errno);
	/* it may have died before that */
	if (!s->outlives && getppid() != parent)
		_exit(CANT_EXEC);
	/* execve takes arrays of char * for history's sake; it does not write */
	execve(s->path, (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)env);
	fail(report, errno);
}

/* --- in the parent --- */

/* A handler of ours must not run in the child, so all signals wait until it has reset them. */
static pid_t
fork_child(const struct spawn *s, const char *const *env, int report)
{
	sigset_t all, old;
	pid_t parent = getpid(), pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		run_child(s, env, report, parent);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static void
reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Nothing comes when exec worked: the pipe is closed by it. */
static enum err
read_report(int fd)
{
	ssize_t n;
	int error;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == 0 ? ERR_OK : ERR_NOPROGRAM;
}

MUST enum err
spawn_start(const struct spawn *s, pid_t *pid)
{
	const char **env;
	enum err r = ERR_NOMEM;
	int report[2];
	pid_t child;

	if (s->nfds < 0 || s->nfds > FDS_MAX || s->path[0] != '/')
		return ERR_INTERNAL;
	if (pipe2(report, O_CLOEXEC) < 0)
		return ERR_LIMIT;
	env = make_environment(s);
	child = env ? fork_child(s, env, report[1]) : -1;
	free(env);
	close(report[1]);
	if (child > 0) {
		r = read_report(report[0]);
		if (r)
			reap(child);
		else
			*pid = child;
	}
	close(report[0]);
	return r;
}

void
spawn_kill(pid_t pid)
{
	if (pid <= 0)
		return; /* 0 and -1 would mean groups */
	(void)kill(pid, SIGKILL);
	reap(pid);
}
