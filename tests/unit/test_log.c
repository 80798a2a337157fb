#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/log.h"

static char got[4096];

/* What fn writes to standard error, into got. */
static void
capture(void (*fn)(void))
{
	int p[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(dup2(p[1], STDERR_FILENO), STDERR_FILENO);
	close(p[1]);
	fn();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	n = read(p[0], got, sizeof(got) - 1);
	assert_true(n >= 0);
	got[n] = 0;
	close(p[0]);
}

static void
write_all(void)
{
	log_error("e%d", 1);
	log_warn("w%s", "2");
	log_info("i");
	log_debug("d");
}

static void
test_levels(void **state)
{
	(void)state;
	log_open("prog", LOG_WARN_);
	capture(write_all);
	assert_string_equal(got, "prog: error: e1\nprog: warning: w2\n");
	log_open("prog", LOG_DEBUG_);
	capture(write_all);
	assert_string_equal(
	    got, "prog: error: e1\nprog: warning: w2\nprog: info: i\nprog: debug: d\n");
}

static void
write_gathered(void)
{
	log_gather();
	log_info("a");
	log_info("b");
	assert_int_equal(write(STDERR_FILENO, "-\n", 2), 2);
	log_error("c");
	log_info("d");
	assert_int_equal(write(STDERR_FILENO, "-\n", 2), 2);
	log_flush();
	log_flush();
}

static void
test_gathered(void **state)
{
	(void)state;
	log_open("p", LOG_INFO_);
	capture(write_gathered);
	assert_string_equal(got, "-\np: info: a\np: info: b\np: error: c\n-\np: info: d\n");
}

static void
write_err(void)
{
	errno = ENOENT;
	log_err(ERR_LOCKED, "get");
	assert_int_equal(errno, ENOENT);
}

static void
test_err(void **state)
{
	(void)state;
	log_open("p", LOG_ERROR_);
	capture(write_err);
	assert_string_equal(got, "p: error: get: the vault is locked\n");
}

static void
write_forged(void)
{
	log_error("%s", "one\np: error: two\x1b[31m\x7f");
}

static void
test_one_line(void **state)
{
	(void)state;
	log_open("p", LOG_ERROR_);
	capture(write_forged);
	assert_string_equal(got, "p: error: one?p: error: two?[31m?\n");
}

static void
write_long(void)
{
	char s[3000];

	memset(s, 'x', sizeof(s) - 1);
	s[sizeof(s) - 1] = 0;
	log_error("%s", s);
}

static void
test_long(void **state)
{
	size_t n;

	(void)state;
	log_open("p", LOG_ERROR_);
	capture(write_long);
	n = strlen(got);
	assert_in_range(n, 500, 1025);
	assert_int_equal(strcspn(got, "\n"), n - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels), cmocka_unit_test(test_err),
		cmocka_unit_test(test_one_line), cmocka_unit_test(test_long),
		cmocka_unit_test(test_gathered), /* the last one: it stays so */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
