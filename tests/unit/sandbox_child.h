/*
 * sandbox_child.h - for the tests of the sandbox: something done in a child that has entered a
 * profile, as the programs do it.
 */
#ifndef TESTS_UNIT_SANDBOX_CHILD_H
#define TESTS_UNIT_SANDBOX_CHILD_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/sandbox.h"

/* The compiler's own checks need what a sandbox forbids, so it is left out with them. */
#ifdef OWNKEY_SAN
#define LIMITED false
#else
#define LIMITED true
#endif

typedef int act_fn(void);

static unsigned lacks; /* of the profile entered last, in the child */

/* 0: as wanted; otherwise the line that was not. */
#define WANT(x)                          \
	do {                             \
		if (!(x))                \
			return __LINE__; \
	} while (0)

static inline int
end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A line number does not fit into an exit status: it goes over a pipe. */
static inline int
in_child(act_fn *act)
{
	int p[2], line = 0, end;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		line = act();
		if (write(p[1], &line, sizeof(line)) != (ssize_t)sizeof(line))
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	end = end_of(pid);
	if (end == 0)
		assert_int_equal(read(p[0], &line, sizeof(line)), sizeof(line));
	close(p[0]);
	return end ? end : line;
}

/* As the programs start. */
static inline enum err
enter(enum sandbox_profile profile, const struct sandbox_rule *rules, uint64_t as_limit)
{
	const struct sandbox s = { .profile = profile, .as_limit = as_limit, .rules = rules };
	const char *const keep[] = { "*", NULL };
	enum err r = sandbox_early(keep);

	if (!r)
		r = sec_arena_open(256 * 1024, false, true);
	if (!r)
		r = crypto_init();
	return r ? r : sandbox_enter(&s, &lacks);
}

static enum sandbox_profile profile;
static act_fn *inner;

static inline int
act_entered(void)
{
	WANT(enter(profile, NULL, 0) == ERR_OK);
	return inner();
}

static inline int
entered(enum sandbox_profile p, act_fn *act)
{
	profile = p;
	inner = act;
	return in_child(act_entered);
}

#endif
