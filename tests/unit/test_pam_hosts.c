/* Helpers of logins, started from processes that are in no state for it. */
#include "tests/unit/pam_rig.h"

static int
is_clean(size_t before)
{
	WANT(descriptors() == before);
	WANT(!has_children());
	return 0;
}

static int
with_action(void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags }, now;
	size_t before = descriptors();
	sigset_t mask, after;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int i = 0; i < TOKENS; i++)
		WANT(log_in(i) == i);
	WANT(sigaction(SIGCHLD, NULL, &now) == 0);
	WANT(now.sa_handler == handler && (now.sa_flags & flags) == flags);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int n = 1; n < 32; n++)
		WANT(sigismember(&after, n) == (n == SIGUSR2));
	return is_clean(before);
}

static void
reap_all(int n)
{
	int saved = errno;

	(void)n;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void
test_child_signals(void **state)
{
	(void)state;
	IN_HOST(with_action(SIG_IGN, 0));
	IN_HOST(with_action(SIG_DFL, SA_NOCLDWAIT));
	IN_HOST(with_action(reap_all, 0));
	IN_HOST(with_action(reap_all, SA_RESTART | SA_NOCLDSTOP));
}

static int
without_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	WANT(log_in(0) == 0);
	for (int fd = 0; fd < 3; fd++)
		WANT(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	WANT(!has_children());
	return 0;
}

static void
test_closed_descriptors(void **state)
{
	(void)state;
	IN_HOST(without_descriptors());
}

/* su and sudo: the person's real ids, root's effective ones */
static int
as_setuid(void)
{
	uid_t r, e, s;

	WANT(setresgid(1000, 0, 0) == 0 && setresuid(1000, 0, 0) == 0);
	WANT(log_in(0) == 0);
	WANT(getresuid(&r, &e, &s) == 0 && r == 1000 && e == 0 && s == 0);
	return 0;
}

static void
test_setuid_host(void **state)
{
	(void)state;
	if (geteuid() != 0)
		print_message("not root: nobody to play su\n");
	else
		IN_HOST(as_setuid());
}

static void *
log_in_thread(void *arg)
{
	int i = *(int *)arg;

	for (int n = 0; n < 3; n++)
		if (log_in(i) != i)
			return NULL;
	return arg;
}

/* 64 KiB is what some hosts give a thread */
static int
with_threads(void)
{
	static int which[TOKENS] = { 0, 1 };
	size_t before = descriptors();
	pthread_t t[TOKENS];
	pthread_attr_t a;
	void *good;

	pthread_attr_init(&a);
	WANT(pthread_attr_setstacksize(&a, (size_t)64 * 1024) == 0);
	for (int i = 0; i < TOKENS; i++)
		WANT(pthread_create(&t[i], &a, log_in_thread, &which[i]) == 0);
	for (int i = 0; i < TOKENS; i++)
		WANT(pthread_join(t[i], &good) == 0 && good == &which[i]);
	return is_clean(before);
}

static void
test_threads(void **state)
{
	(void)state;
	IN_HOST(with_threads());
}

/* --- what cannot work --- */

static int
with_limit(enum __rlimit_resource what, rlim_t n, enum err want)
{
	struct rlimit r = { n, n };
	struct verify v = VERIFY_NONE;
	size_t before = descriptors();
	enum err e;

	if (geteuid() == 0)
		WANT(setresuid(65533, 65533, 65533) == 0);
	WANT(setrlimit(what, &r) == 0);
	e = verify_begin(&about, SOON, &v);
	verify_end(&v);
	WANT(e == want);
	return what == RLIMIT_NOFILE ? has_children() : is_clean(before);
}

static void
test_limits(void **state)
{
	(void)state;
	IN_HOST(with_limit(RLIMIT_NPROC, 0, ERR_LIMIT));
	IN_HOST(with_limit(RLIMIT_MEMLOCK, 0, ERR_PAM_HOST));
	for (rlim_t n = 3; n < 6; n++)
		IN_HOST(with_limit(RLIMIT_NOFILE, n, ERR_LIMIT));
}

static void
test_no_program(void **state)
{
	struct verify v = VERIFY_NONE;
	size_t before = descriptors();
	char was[sizeof libexec];

	(void)state;
	memcpy(was, libexec, sizeof was);
	strcpy(libexec, "/nonexistent");
	assert_int_equal(verify_begin(&about, SOON, &v), ERR_NOPROGRAM);
	verify_end(&v);
	strcpy(libexec, "relative");
	assert_int_equal(verify_begin(&about, SOON, &v), ERR_NOPROGRAM);
	verify_end(&v);
	memcpy(libexec, was, sizeof was);
	assert_int_equal(descriptors(), before);
	assert_false(has_children());
}

static void
test_killed(void **state)
{
	struct tokens_answer *a = calloc(1, sizeof *a);
	struct verify v = VERIFY_NONE;
	struct verify_verdict out;

	(void)state;
	assert_int_equal(verify_begin(&about, SOON, &v), ERR_OK);
	kill(v.h.pid, SIGKILL);
	a->cred_len = a->auth_len = a->sig_len = 40;
	assert_int_equal(check(&v, a, &out), ERR_HANGUP);
	verify_end(&v);
	free(a);
	assert_false(has_children());
}

/* It neither answers nor ends. */
static void
test_stopped(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_watch w = TOKENS_WATCH_NONE;
	struct tokens_there there;
	int64_t began = helper_clock();

	(void)state;
	assert_int_equal(tokens_watch(&s, SOON, &w), ERR_OK);
	kill(w.h.pid, SIGSTOP);
	while (tokens_watch_next(&w, helper_clock() + 300, &there) == ERR_OK)
		;
	tokens_watch_end(&w);
	assert_true(helper_clock() - began < 15000);
	assert_false(has_children());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_signals),
		cmocka_unit_test(test_closed_descriptors),
		cmocka_unit_test(test_setuid_host),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
