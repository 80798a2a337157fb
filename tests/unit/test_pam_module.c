/*
 * pam_ownkey.so, whole, by libpam, in hosts of many kinds: nothing of the host's may change, and
 * nothing may grow.  tests/e2e/94-pam-hosts.sh runs the same under valgrind.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pwd.h>
#include <security/pam_appl.h>

#include "lib/text.h"
#include "tests/unit/pam_rig.h"

#define SERVICE "host"
#define THREADS 8
#define TRIES	10
#define HIGH	1500
/* bytes in all: what libc makes once comes late at times; 24 for each of 100 logins are more */
#define GROWN ((size_t)2000)

static char name[256];
static bool counted; /* valgrind counts itself what is on the heap, and maps files of its own */

/* --- who reads the environment --- */

static _Atomic int module_reads;

/* Of the whole process: the module's calls come here, too. */
char *
getenv(const char *wanted)
{
	size_t n = strlen(wanted);
	Dl_info who;

	if (dladdr(__builtin_return_address(0), &who) && who.dli_fname &&
	    strstr(who.dli_fname, "pam_ownkey"))
		module_reads++;
	for (char **v = environ; v && *v; v++)
		if (strncmp(*v, wanted, n) == 0 && (*v)[n] == '=')
			return *v + n + 1;
	return NULL;
}

char *
secure_getenv(const char *wanted)
{
	return getenv(wanted);
}

/* --- a login --- */

static void
put_base64(struct buf *b, const uint8_t *p, size_t n)
{
	buf_put_str(b, " ");
	text_encode(TEXT_BASE64, SPAN(p, n), b);
}

static void
write_file(const char *file, struct span text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.len), text.len);
	close(fd);
}

static int
set_up(void **state)
{
	static const uint8_t salt[32] = { 7 };
	struct passwd *pw = getpwuid(geteuid());
	struct buf map = BUF_INIT;
	char line[9000];
	int n;

	if (setup(state) != 0)
		return -1;
	snprintf(name, sizeof name, "%s", pw ? pw->pw_name : "");
	for (int i = 0; i < TOKENS; i++) {
		buf_put_str(&map, name);
		buf_put_str(&map, made[i].alg == -7 ? " " RP " es256 up" : " " RP " eddsa up");
		put_base64(&map, made[i].id, made[i].id_len);
		put_base64(&map, made[i].pub, made[i].pub_len);
		put_base64(&map, salt, sizeof salt);
		buf_put_str(&map, "\n");
	}
	write_file("map", buf_span(&map));
	buf_done(&map);
	n = snprintf(line, sizeof line,
	    "auth required %s/tests/pam_ownkey.so map=%s/map wait=0 token=%s token=%s\n", libexec,
	    dir, paths[0], paths[1]);
	write_file(SERVICE, SPAN(line, (size_t)n));
	write_file("other", SPAN_LIT("auth required pam_deny.so\n"));
	return 0;
}

static int
say_nothing(int n, const struct pam_message **m, struct pam_response **out, void *arg)
{
	(void)m, (void)arg;
	*out = calloc((size_t)n, sizeof **out);
	return *out ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int
authenticate(void)
{
	struct pam_conv conv = { say_nothing, NULL };
	pam_handle_t *pam;
	int r = pam_start_confdir(SERVICE, name, &conv, dir, &pam);

	if (r != PAM_SUCCESS)
		return r;
	r = pam_authenticate(pam, 0);
	pam_end(pam, r);
	return r;
}

/* --- nothing grows --- */

static size_t
mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	size_t n = 0;
	int c;

	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

static int
many_times(int times)
{
	size_t fds, maps, heap;

	for (int i = 0; i < 5; i++)
		WANT(authenticate() == PAM_SUCCESS);
	fds = descriptors();
	maps = mappings();
	heap = mallinfo2().uordblks;
	for (int i = 0; i < times; i++)
		WANT(authenticate() == PAM_SUCCESS);
	WANT(descriptors() == fds);
	WANT(counted || mappings() == maps);
	WANT(counted || mallinfo2().uordblks <= heap + GROWN);
	WANT(!has_children());
	return 0;
}

static void
test_hundred(void **state)
{
	(void)state;
	IN_HOST(many_times(counted ? 20 : 100));
}

/* --- the host is as it was --- */

struct host_state {
	struct sigaction action[65];
	sigset_t mask;
	char cwd[256];
	mode_t umask_;
	struct rlimit limit[RLIM_NLIMITS];
	pid_t session;
};

static void
look(struct host_state *s)
{
	memset(s, 0, sizeof *s);
	for (int n = 1; n < 65; n++)
		(void)sigaction(n, NULL, &s->action[n]);
	sigprocmask(SIG_SETMASK, NULL, &s->mask);
	(void)!getcwd(s->cwd, sizeof s->cwd);
	s->umask_ = umask(0);
	umask(s->umask_);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &s->limit[i]);
	s->session = getsid(0);
}

static bool
is_same(const struct host_state *a, const struct host_state *b)
{
	for (int n = 1; n < 65; n++) {
		if (a->action[n].sa_handler != b->action[n].sa_handler ||
		    a->action[n].sa_flags != b->action[n].sa_flags ||
		    sigismember(&a->mask, n) != sigismember(&b->mask, n))
			return false;
		for (int m = 1; m < 65; m++)
			if (sigismember(&a->action[n].sa_mask, m) !=
			    sigismember(&b->action[n].sa_mask, m))
				return false;
	}
	return strcmp(a->cwd, b->cwd) == 0 && a->umask_ == b->umask_ && a->session == b->session &&
	    memcmp(a->limit, b->limit, sizeof a->limit) == 0;
}

static void
handler(int n)
{
	(void)n;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int
unchanged(void (*child)(int), int flags)
{
	static struct host_state before, after;
	struct sigaction sa = { .sa_handler = child, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(SIGCHLD, &sa, NULL);
	sa.sa_handler = handler;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigprocmask(SIG_BLOCK, &sa.sa_mask, NULL);
	umask(0123 & 0777);
	look(&before);
	for (int i = 0; i < 3; i++)
		WANT(authenticate() == PAM_SUCCESS);
	look(&after);
	WANT(is_same(&before, &after));
	WANT(!has_children());
	return 0;
}

static void
test_unchanged(void **state)
{
	(void)state;
	IN_HOST(unchanged(SIG_DFL, 0));
	IN_HOST(unchanged(SIG_IGN, 0));
	IN_HOST(unchanged(SIG_DFL, SA_NOCLDWAIT));
	IN_HOST(unchanged(handler, SA_RESTART));
	IN_HOST(unchanged(handler, SA_NOCLDSTOP));
}

/* --- threads --- */

static _Atomic bool enough;

static void *
fork_on(void *arg)
{
	while (!enough) {
		pid_t p = fork();

		if (!p)
			_exit(7);
		if (p > 0) {
			int st;

			if (waitpid(p, &st, 0) != p || WEXITSTATUS(st) != 7)
				return NULL;
		}
		usleep(500);
	}
	return arg;
}

/* Eight of them want two tokens: on a busy machine one may find them busy for five seconds. */
static int
authenticate_sometime(void)
{
	int r = PAM_AUTHINFO_UNAVAIL;

	for (int i = 0; i < TRIES && r == PAM_AUTHINFO_UNAVAIL; i++)
		r = authenticate();
	return r;
}

static void *
log_in_often(void *arg)
{
	for (int i = 0; i < 3; i++)
		if (authenticate_sometime() != PAM_SUCCESS)
			return NULL;
	return arg;
}

/* libpam and the sources of names need some of a stack, too */
static int
threaded(size_t stack)
{
	pthread_t t[THREADS], forks;
	pthread_attr_t a;
	size_t before;
	void *good;

	WANT(authenticate() == PAM_SUCCESS);
	before = descriptors();
	pthread_attr_init(&a);
	WANT(pthread_attr_setstacksize(&a, stack) == 0);
	WANT(pthread_create(&forks, NULL, fork_on, name) == 0);
	for (int i = 0; i < THREADS; i++)
		WANT(pthread_create(&t[i], &a, log_in_often, name) == 0);
	for (int i = 0; i < THREADS; i++)
		WANT(pthread_join(t[i], &good) == 0 && good);
	enough = true;
	WANT(pthread_join(forks, &good) == 0 && good);
	WANT(descriptors() == before);
	WANT(!has_children());
	return 0;
}

static void
test_threads(void **state)
{
	(void)state;
	IN_HOST(threaded((size_t)64 * 1024));
}

/* --- descriptors --- */

static int
closed(void)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	WANT(authenticate() == PAM_SUCCESS);
	for (int fd = 0; fd < 3; fd++)
		WANT(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	return 0;
}

static void
test_closed(void **state)
{
	(void)state;
	IN_HOST(closed());
}

static int
high(void)
{
	struct rlimit r = { HIGH + 500, HIGH + 500 };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), last = fd;

	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		return 0; /* not allowed to */
	while (last < HIGH && last >= 0)
		last = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	WANT(last == HIGH);
	WANT(authenticate() == PAM_SUCCESS);
	WANT(fcntl(fd, F_DUPFD_CLOEXEC, 0) == HIGH + 1);
	return 0;
}

static void
test_high(void **state)
{
	(void)state;
	IN_HOST(high());
}

/* --- the environment --- */

static int
environment(void)
{
	WANT(setenv("FIDO_DEBUG", "1", 1) == 0 && setenv("HOME", "/nonexistent", 1) == 0);
	WANT(setenv("SSH_AUTH_SOCK", "/nonexistent", 1) == 0);
	module_reads = 0;
	WANT(authenticate() == PAM_SUCCESS);
	WANT(module_reads == 0);
	return 0;
}

static void
test_environment(void **state)
{
	(void)state;
	IN_HOST(environment());
}

/* An argument names the one test that valgrind is to see. */
int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hundred),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_high),
		cmocka_unit_test(test_environment),
	};

	counted = argc > 1;
	if (counted)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, set_up, teardown);
}
