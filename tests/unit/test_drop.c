/* lib/drop: root given away, with what the kernel does by the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/drop.h"

/* Where fs.suid_dumpable is not 0, a change of ids makes a process traceable, or its core one that
 * can be found.  It is 0 on most machines, so it is looked at whether the process saw to it. */
static bool forbidden;

int
prctl(int what, ...)
{
	va_list ap;
	unsigned long a[4];

	va_start(ap, what);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (what == PR_SET_DUMPABLE)
		forbidden = a[0] == 0 && geteuid() != 0;
	return (int)syscall(SYS_prctl, what, a[0], a[1], a[2], a[3]);
}

#define IN_CHILD(body)                                      \
	do {                                                \
		int st_;                                    \
		pid_t p_ = fork();                          \
		if (!p_)                                    \
			_exit(body);                        \
		assert_int_equal(p_, waitpid(p_, &st_, 0)); \
		assert_int_equal(st_, 0);                   \
	} while (0)

static int
give_away(void)
{
	/* a host may have left it on: capabilities would survive the change of ids */
	if (prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL) != 0 || drop_root(4242, 4243) != ERR_OK)
		return 1;
	if (geteuid() != 4242 || getegid() != 4243 || getgroups(0, NULL) != 0 || drop_is_root())
		return 2;
	return prctl(PR_CAPBSET_DROP, 0UL, 0UL, 0UL, 0UL) == -1 && errno == EPERM ? 0 : 3;
}

static int
rest(void)
{
	if (prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL) != 0 || setresgid(4243, 4243, 4243) != 0 ||
	    setresuid(4242, 4242, 4242) != 0)
		return 1;
	if (drop_rest() != ERR_OK)
		return 2;
	return prctl(PR_CAPBSET_DROP, 0UL, 0UL, 0UL, 0UL) == -1 && errno == EPERM ? 0 : 3;
}

#if defined(OWNKEY_SAN) || defined(OWNKEY_VALGRIND)
#define SEEN(how) (how)
#else
#define SEEN(how) ((how) != 0 ? (how) : forbidden ? 0 : 9)
#endif

static void
test_root(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("not root: nothing to give away\n");
		return;
	}
	IN_CHILD(SEEN(give_away()));
	IN_CHILD(SEEN(rest()));
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(drop_root(0, 5), ERR_ROOT_KEPT);
	assert_int_equal(drop_root(5, 0), ERR_ROOT_KEPT);
	assert_int_equal(drop_root((uid_t)-1, 5), ERR_ROOT_KEPT);
	if (geteuid() != 0)
		assert_int_equal(drop_root(geteuid() + 1, 5), ERR_ROOT_KEPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
