/* What the module asks ownkey-handoff, and what it makes of every kind of answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/auxv.h>
#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "pam/helper.h"
#include "tests/unit/pam_handoff_fake.h"

#define SOON (helper_clock() + 10000)

static char dir[] = "/tmp/pam-handoff-XXXXXX";
static char heard[sizeof dir + 16];

const char *
where_libexec(void)
{
	return dir;
}

static struct person
person(const char *name)
{
	struct person p = { .home = "/", .uid = 77 };

	snprintf(p.name, sizeof p.name, "%s", name);
	return p;
}

static struct factor
factor(void)
{
	struct factor f = { .cred_id = "mine", .cred_len = 4, .there = true };

	memset(f.f1, 7, sizeof f.f1);
	return f;
}

static bool
has_children(void)
{
	siginfo_t i = { 0 };

	return waitid(P_ALL, 0, &i, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* What it was told, behind the question itself. */
static size_t
told(struct handoff_ask *a, uint8_t *rest, size_t cap)
{
	FILE *f = fopen(heard, "re");
	size_t n;

	assert_non_null(f);
	assert_int_equal(fread(a, sizeof *a, 1, f), 1);
	n = fread(rest, 1, cap, f);
	fclose(f);
	return n;
}

static void
test_asks(void **state)
{
	struct person p = person("anne");
	struct factor f = factor();
	struct handoff_ask a;
	struct buf b = BUF_INIT;
	uint8_t rest[128];

	(void)state;
	assert_int_equal(handoff_unlock(&p, &f, SOON), ERR_OK);
	assert_int_equal(told(&a, rest, sizeof rest), 4 + 32);
	assert_int_equal(a.op, HANDOFF_UNLOCK);
	assert_int_equal(a.uid, 77);
	assert_string_equal(a.name, "anne");
	assert_in_range(a.ms, 1, 10000);
	assert_memory_equal(rest, "mine\7\7\7\7", 8);
	assert_int_equal(handoff_lock(&p, SOON), ERR_OK);
	assert_int_equal(told(&a, rest, sizeof rest), 0);
	assert_int_equal(a.op, HANDOFF_LOCK);
	assert_int_equal(handoff_read(&p, "/a/path", 10, &b, SOON), ERR_OK);
	assert_int_equal(told(&a, rest, sizeof rest), 7);
	assert_int_equal(a.most, 10);
	assert_true(span_is(buf_span(&b), "a file"));
	buf_done(&b);
	assert_false(has_children());
}

/* Nothing is asked, and no helper started, for what cannot be right. */
static void
test_asks_nothing(void **state)
{
	struct person p = person("anne");
	struct factor f = factor();
	struct buf b = BUF_INIT;
	char name[HANDOFF_NAME_MAX], long_path[HANDOFF_PATH_MAX + 2];

	(void)state;
	unlink(heard);
	memset(long_path, '/', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	assert_int_equal(handoff_read(&p, "relative", 10, &b, SOON), ERR_TOOBIG);
	assert_int_equal(handoff_read(&p, long_path, 10, &b, SOON), ERR_TOOBIG);
	assert_int_equal(handoff_read(&p, "/x", HANDOFF_READ_MAX + 1, &b, SOON), ERR_TOOBIG);
	assert_int_equal(handoff_lock(&p, helper_clock()), ERR_TIMEOUT);
	f.there = false;
	assert_int_equal(handoff_unlock(&p, &f, SOON), ERR_INTERNAL);
	assert_int_equal(handoff_hold(&p, &f, name, SOON), ERR_INTERNAL);
	f.there = true;
	f.cred_len = sizeof f.cred_id + 1;
	assert_int_equal(handoff_unlock(&p, &f, SOON), ERR_INTERNAL);
	f.cred_len = 0;
	assert_int_equal(handoff_hold(&p, &f, name, SOON), ERR_INTERNAL);
	assert_int_not_equal(access(heard, F_OK), 0);
	assert_int_equal(b.len, 0);
}

static const struct answer {
	const char *name; /* of the account: what the helper does */
	enum err e;
} answers[] = {
	{ "anne", ERR_OK },
	{ "locked", ERR_LOCKED },
	{ "dies", ERR_HANGUP },
	{ "magic", ERR_FORMAT },
	{ "unknown", ERR_FORMAT },
	{ "short", ERR_FORMAT },
	{ "half", ERR_HANGUP },
	{ "huge", ERR_TOOBIG },
	{ "hangs", ERR_TIMEOUT },
};

static void
test_answers(void **state)
{
	struct factor f = factor();

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct person p = person(answers[i].name);
		int64_t began = helper_clock();
		struct buf b = BUF_INIT;
		char name[HANDOFF_NAME_MAX] = "x";
		enum err e = answers[i].e;
		bool slow = e == ERR_TIMEOUT;

		if (handoff_unlock(&p, &f, slow ? began + 200 : SOON) != e)
			fail_msg("unlock: %s", p.name);
		if (handoff_read(&p, "/x", 10, &b, slow ? helper_clock() + 200 : SOON) != e)
			fail_msg("read: %s", p.name);
		assert_int_equal(b.len, e ? 0 : 6);
		buf_done(&b);
		if (!slow && handoff_hold(&p, &f, name, SOON) != e)
			fail_msg("hold: %s", p.name);
		assert_string_equal(name, e ? "x" : fake_held(getpid()));
		assert_false(has_children());
	}
}

static void
test_header(void **state)
{
	static struct handoff_header h;
	struct person p = person("anne");

	(void)state;
	assert_int_equal(handoff_header(&p, &h, SOON), ERR_OK);
	assert_string_equal(h.rp_id, "ownkey:vault");
	assert_int_equal(h.salt[31], FAKE_SALT);
	assert_int_equal(h.n, 1);
	assert_true(handoff_header_has(&h, SPAN_LIT("mine")));
	assert_false(handoff_header_has(&h, SPAN_LIT("min")));
	assert_false(handoff_header_has(&h, SPAN_LIT("mine2")));
	p = person("empty");
	assert_int_equal(handoff_header(&p, &h, SOON), ERR_FORMAT);
	p = person("locked");
	assert_int_equal(handoff_header(&p, &h, SOON), ERR_LOCKED);
}

/* Each byte that is looked at, other than it should be. */
static void
test_head(void **state)
{
	static const struct {
		size_t at;
		uint8_t is;
		enum err e;
	} spoilt[] = { { 0, 0x88, ERR_FORMAT }, { 7, 0, ERR_FORMAT }, { 9, 2, ERR_FORMAT },
		{ 41, 15, ERR_FORMAT }, { 42, 4, ERR_FORMAT }, { 512, 2, ERR_OK },
		{ 513, 2, ERR_OK }, { 512 + 45, 0, ERR_OK }, { 512 + 44, 4, ERR_OK } };
	static uint8_t head[HANDOFF_HEADER];
	static struct handoff_header h;
	size_t len = fake_header(head);

	(void)state;
	assert_int_equal(handoff_header_parse(SPAN(head, len), &h), ERR_OK);
	assert_int_equal(h.n, 1);
	assert_int_equal(handoff_header_parse(SPAN(head, len - 1), &h), ERR_FORMAT);
	for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
		fake_header(head);
		head[spoilt[i].at] = spoilt[i].is;
		assert_int_equal(handoff_header_parse(SPAN(head, len), &h), spoilt[i].e);
		assert_int_equal(h.n, 0);
	}
}

/* A helper that says OK and gives no name, or one that is too long. */
static void
test_held_name(void **state)
{
	struct person p = person("empty");
	struct factor f = factor();
	char name[HANDOFF_NAME_MAX] = "x";

	(void)state;
	assert_int_equal(handoff_hold(&p, &f, name, SOON), ERR_FORMAT);
	assert_string_equal(name, "x");
}

/* ---- what is held ---- */

static const struct person anne = { .name = "anne", .home = "/", .uid = 77 };

/* A child that listens by that name, does to one who connects what `how` says, and tells what it
 * heard by its exit status. */
static pid_t
listen_as(const char *name, const char *how, uid_t uid)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	struct pollfd v = { .events = POLLIN };
	struct handoff_held m = { 0 };
	pid_t pid;
	int ready[2];
	char one;

	assert_int_equal(pipe(ready), 0);
	memcpy(a.sun_path + 1, name, strlen(name));
	if ((pid = fork())) {
		close(ready[1]);
		assert_int_equal(read(ready[0], &one, 1), 1);
		close(ready[0]);
		close(fd);
		return pid;
	}
	if ((uid && setresuid(uid, uid, uid)) || bind(fd, (struct sockaddr *)&a, n) ||
	    listen(fd, 1) || write(ready[1], "r", 1) != 1)
		_exit(99);
	v.fd = c = accept(fd, NULL, NULL);
	(void)!(poll(&v, 1, 2000) + (int)read(c, &m, sizeof m));
	if (strcmp(how, "good") == 0)
		fake_answer(c, HANDOFF_MAGIC, ERR_OK, NULL, 0);
	else if (strcmp(how, "key") == 0)
		fake_answer(c, HANDOFF_MAGIC, ERR_VAULT_KEY, NULL, 0);
	else if (strcmp(how, "magic") == 0)
		fake_answer(c, 1, ERR_OK, NULL, 0);
	else if (strcmp(how, "half") == 0)
		(void)!write(c, "\0\0\0\10OK", 6);
	else if (strcmp(how, "hang") == 0)
		sleep(2);
	_exit(m.what && m.uid != anne.uid ? 98 : (int)m.what);
}

static int
heard_by(pid_t pid)
{
	int st;

	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	return WEXITSTATUS(st);
}

static void
test_held(void **state)
{
	static const struct answer says[] = { { "good", ERR_OK }, { "key", ERR_VAULT_KEY },
		{ "magic", ERR_FORMAT }, { "half", ERR_HANGUP }, { "end", ERR_HANGUP } };
	pid_t pid;

	(void)state;
	assert_int_equal(handoff_held_unlock(&anne, fake_held(getpid()), SOON), ERR_NOTFOUND);
	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		pid = listen_as(fake_held(getpid()), says[i].name, 0);
		assert_int_equal(handoff_held_unlock(&anne, fake_held(getpid()), SOON), says[i].e);
		assert_int_equal(heard_by(pid), HANDOFF_HELD_UNLOCK);
	}
	pid = listen_as(fake_held(getpid()), "hang", 0);
	assert_int_equal(
	    handoff_held_unlock(&anne, fake_held(getpid()), helper_clock() + 200), ERR_TIMEOUT);
	assert_int_equal(heard_by(pid), HANDOFF_HELD_UNLOCK);
	pid = listen_as(fake_held(getpid()), "end", 0);
	handoff_held_drop(&anne, fake_held(getpid()), SOON);
	assert_int_equal(heard_by(pid), HANDOFF_HELD_DROP);
}

/* A name that is none of ours is not connected to. */
static void
test_held_names(void **state)
{
	char long_name[HANDOFF_NAME_MAX + 1];
	const char *names[] = { "", HANDOFF_HELD, HANDOFF_HELD "0123", long_name,
		HANDOFF_HELD "0123456789ABCDEF0123456789abcdef",
		"ownkey-hold-0123456789abcdef0123456789abcdef" };

	(void)state;
	snprintf(long_name, sizeof long_name, "%s0", fake_held(getpid()));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		pid_t pid = names[i][0] ? listen_as(names[i], "good", 0) : 0;

		assert_int_equal(handoff_held_unlock(&anne, names[i], SOON), ERR_NOTFOUND);
		if (!pid)
			continue;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

/* Somebody else came by the name, after ours was gone: they hear nothing, and are not believed. */
static void
test_held_stranger(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: no stranger to play\n");
		return;
	}
	pid = listen_as(fake_held(getpid()), "end", 65533);
	assert_int_equal(handoff_held_unlock(&anne, fake_held(getpid()), SOON), ERR_NOTFOUND);
	assert_int_equal(heard_by(pid), 0);
}

static int
begin(void **state)
{
	char self[4096], link[sizeof dir + 16];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(heard, sizeof heard, "%s/heard", dir);
	snprintf(link, sizeof link, "%s/ownkey-handoff", dir);
	assert_non_null(realpath("/proc/self/exe", self));
	return symlink(self, link);
}

static int
end(void **state)
{
	char path[sizeof dir + 16];

	(void)state;
	snprintf(path, sizeof path, "%s/ownkey-handoff", dir);
	unlink(path);
	unlink(heard);
	return rmdir(dir);
}

/* It was started by a path that is beside the file: getauxval knows it. */
static void
be_helper(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN);
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash)
		_exit(14);
	snprintf(heard, sizeof heard, "%.*s/heard", (int)(slash - path), path);
	fake_handoff(heard);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_asks_nothing),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_held_name),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_held_names),
		cmocka_unit_test(test_held_stranger),
	};

	if (argc && fake_is_wanted(argv[0]))
		be_helper();
	return cmocka_run_group_tests(tests, begin, end);
}
