/* test_forwarded.c - the list of what other machines used: several programs add to it at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/forwarded.h"
#include "lib/text.h"

#define PROGRAMS 8
#define EACH	 25

static struct forwarded list;

static void
hex_of(unsigned program, unsigned i, char out[64])
{
	uint8_t hash[32] = { (uint8_t)program, (uint8_t)i };

	text_encode_raw(TEXT_HEX, SPAN(hash, sizeof hash), out);
}

/* Each has read the list before the others added anything. */
static void
program(unsigned n, int go)
{
	char name[16], hex[64], byte;

	snprintf(name, sizeof name, "me@%u", n);
	if (forwarded_read(&list, name) || read(go, &byte, 1) != 0)
		_exit(1);
	for (unsigned i = 0; i < EACH; i++) {
		hex_of(n, i, hex);
		if (forwarded_add(&list, SPAN(hex, 64)))
			_exit(2);
	}
	_exit(0);
}

static void
at_once(void **state)
{
	char dir[] = "/tmp/forwarded.XXXXXX", name[16];
	int go[2], status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(setenv("XDG_STATE_HOME", dir, 1), 0);
	assert_int_equal(pipe(go), 0);
	for (unsigned n = 0; n < PROGRAMS; n++)
		if (fork() == 0) {
			close(go[1]);
			program(n, go[0]);
		}
	close(go[0]);
	close(go[1]);
	for (unsigned n = 0; n < PROGRAMS; n++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (unsigned n = 0; n < PROGRAMS; n++) {
		snprintf(name, sizeof name, "me@%u", n);
		assert_int_equal(forwarded_read(&list, name), ERR_OK);
		assert_int_equal(list.n[1], EACH);
		assert_int_equal(list.n[0], (PROGRAMS - 1) * EACH);
	}
}

/* What is no hash is not added; what is there is not added again. */
static void
once(void **state)
{
	char hex[64];

	(void)state;
	hex_of(200, 0, hex);
	assert_int_equal(forwarded_read(&list, "me"), ERR_OK);
	assert_int_equal(forwarded_add(&list, SPAN(hex, 63)), ERR_FORMAT);
	assert_int_equal(forwarded_add(&list, SPAN_LIT("zz")), ERR_FORMAT);
	assert_int_equal(forwarded_add(&list, SPAN(hex, 64)), ERR_OK);
	assert_int_equal(forwarded_add(&list, SPAN(hex, 64)), ERR_OK);
	assert_int_equal(list.n[1], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(at_once), cmocka_unit_test(once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
