#include <errno.h>
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/err.h"

/* the table once more, by another way than err.c's */
static const struct {
	int num, exit, ssh;
	const char *name, *pam, *text, *hint;
} rows[] = {
#define E(name, num, exit, pam, ssh, text, hint) { num, exit, ssh, #name, pam, text, hint },
#include "lib/err_table.h"
#undef E
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static void
test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NROWS; i++) {
		enum err e = (enum err)rows[i].num;

		assert_int_equal(err_at(i), e);
		assert_true(err_is_known((unsigned long)e));
		assert_string_equal(err_name(e), rows[i].name);
		assert_string_equal(err_text(e), rows[i].text);
		assert_string_equal(err_hint(e), rows[i].hint);
		assert_string_equal(err_pam(e), rows[i].pam);
		assert_int_equal(err_exit(e), rows[i].exit);
	}
	assert_int_equal(err_at(NROWS), ERR_OK);
	assert_int_equal(err_at(NROWS + 1), ERR_OK);
}

static void
test_unknown(void **state)
{
	enum err e = (enum err)4711;

	(void)state;
	assert_false(err_is_known(4711));
	assert_false(err_is_known((unsigned long)-1));
	assert_string_equal(err_name(e), "UNKNOWN");
	assert_true(strlen(err_text(e)) > 0);
	assert_true(strlen(err_hint(e)) > 0);
	assert_int_equal(err_exit(e), 1);
	assert_string_equal(err_pam(e), "PAM_SYSTEM_ERR");
}

/* numbers go over the wire: each once, ascending, so that a row put in the wrong place shows */
static void
test_numbers(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(rows[0].num, 0);
	for (i = 1; i < NROWS; i++)
		assert_true(rows[i].num > rows[i - 1].num);
}

/* What a person is told when a disk is full must not be that it is broken. */
static void
test_of_errno(void **state)
{
	(void)state;
	assert_int_equal(err_of_errno(ENOSPC), ERR_NOSPACE);
	assert_int_equal(err_of_errno(EDQUOT), ERR_NOSPACE);
	assert_int_equal(err_of_errno(EROFS), ERR_PERMISSION);
	assert_int_equal(err_of_errno(ENOTDIR), ERR_NOTFOUND);
	assert_int_equal(err_of_errno(EEXIST), ERR_EXISTS);
	assert_int_equal(err_of_errno(EIO), ERR_IO);
	assert_int_equal(err_of_errno(0), ERR_IO);
}

static void
test_columns(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NROWS; i++) {
		assert_int_equal(rows[i].ssh, i ? 5 : 6);
		assert_true((rows[i].exit == 0) == (i == 0));
		assert_true(rows[i].exit <= 5 || rows[i].exit == 64);
		assert_int_equal(strncmp(rows[i].pam, "PAM_", 4), 0);
		assert_true((strcmp(rows[i].pam, "PAM_SUCCESS") == 0) == (i == 0));
		assert_null(strchr(rows[i].text, '\n'));
		assert_null(strchr(rows[i].hint, '\n'));
		assert_true(islower((unsigned char)rows[i].text[0]));
		assert_true(rows[i].text[strlen(rows[i].text) - 1] != '.');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_of_errno),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
