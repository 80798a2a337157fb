#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/conf.h"
#include "lib/log.h"

struct sample {
	uint32_t flag;
	uint32_t number;
	uint32_t wait;
	uint32_t color;
	char name[8];
	uint32_t nlist;
	char list[3][6];
	uint32_t set;
	uint32_t guard;
};

static bool
no_x(const char *s)
{
	return strchr(s, 'x') == NULL;
}

#define F(m) .offset = offsetof(struct sample, m)

static const struct opt table[] = {
	{ .name = "flag", .type = OPT_BOOL, F(flag), .def = "yes" },
	{ .name = "number", .type = OPT_UINT, F(number), .min = 2, .max = 4000000000, .def = "7" },
	{ .name = "wait", .type = OPT_SECONDS, F(wait), .max = 172800, .def = "never" },
	{ .name = "color", .type = OPT_ENUM, F(color), .names = "red|green|blue", .def = "green" },
	{ .name = "name",
	    .type = OPT_TEXT,
	    F(name),
	    .min = 1,
	    .max = 8,
	    .def = "joe",
	    .check = no_x },
	{ .name = "list", .type = OPT_TEXTS, F(list), .min = 3, .max = 6, .def = "def" },
	{ .name = "set", .type = OPT_SET, F(set), .names = "one|two|three", .def = "one,three" },
};

#define N (sizeof(table) / sizeof(table[0]))

static struct sample
defaults(void)
{
	struct sample s;

	memset(&s, 0xee, sizeof(s));
	assert_int_equal(opt_defaults(table, N, &s), ERR_OK);
	assert_int_equal(s.guard, 0xeeeeeeee);
	return s;
}

static void
test_defaults(void **state)
{
	struct sample s = defaults();
	static const char zero[8];

	(void)state;
	assert_true(s.flag == 1 && s.number == 7 && s.wait == 0 && s.color == 1);
	assert_int_equal(s.set, 5);
	assert_string_equal(s.name, "joe");
	assert_memory_equal(s.name + 3, zero, 5);
	assert_int_equal(s.nlist, 1);
	assert_string_equal(s.list[0], "def");
	assert_string_equal(s.list[2], "");
}

static void
test_bad_default(void **state)
{
	static const struct opt bad = {
		.name = "number", .type = OPT_UINT, F(number), .min = 2, .max = 3, .def = "4"
	};
	struct sample s;

	(void)state;
	assert_int_equal(opt_defaults(&bad, 1, &s), ERR_INTERNAL);
}

static void
test_file(void **state)
{
	struct sample s = defaults();
	size_t line = 99;

	(void)state;
	assert_int_equal(opt_parse(table, N,
			     SPAN_LIT("# a comment\n"
				      "\n"
				      "  flag=off\r\n"
				      "number\t = 3999999999\n"
				      "wait = 36h\n"
				      "\t# another\n"
				      "color = blue\n"
				      "set = two , three\n"
				      "name = a = b#\n"
				      "list = one\n"
				      "list = two"),
			     &s, &line),
	    ERR_OK);
	assert_int_equal(line, 0);
	assert_true(s.flag == 0 && s.number == 3999999999 && s.wait == 129600 && s.color == 2);
	assert_int_equal(s.set, 6);
	assert_string_equal(s.name, "a = b#");
	assert_int_equal(s.nlist, 2); /* instead of the default */
	assert_string_equal(s.list[0], "one");
	assert_string_equal(s.list[1], "two");
	assert_int_equal(s.guard, 0xeeeeeeee);
}

static const struct {
	const char *text;
	size_t line;
} bad[] = {
	{ "flog = yes", 1 },
	{ "flag", 1 },
	{ "= yes", 1 },
	{ "Flag = yes", 1 },
	{ "flag = ", 1 },
	{ "flag = maybe", 1 },
	{ "flag = yes # really", 1 },
	{ "flag = yes\nflag = yes", 2 },
	{ "\n\n\nnumber = 1\n", 4 },
	{ "number = 4000000001", 1 },
	{ "number = 4294967298", 1 },
	{ "number = 18446744073709551618", 1 },
	{ "number = 0x10", 1 },
	{ "number = -3", 1 },
	{ "number = +3", 1 },
	{ "number = 3s", 1 },
	{ "number = 3 4", 1 },
	{ "wait = 5x", 1 },
	{ "wait = m", 1 },
	{ "wait = 3d", 1 },
	{ "wait = 1h30m", 1 },
	{ "wait = 4294967295d", 1 },
	{ "wait = forever", 1 },
	{ "color = re", 1 },
	{ "color = red|green", 1 },
	{ "color =", 1 },
	{ "set =", 1 },
	{ "set = ,", 1 },
	{ "set = one,four", 1 },
	{ "set = one,one", 1 },
	{ "set = one,none", 1 },
	{ "set = one|two", 1 },
	{ "name =", 1 },
	{ "name = 12345678", 1 },
	{ "name = xavier", 1 },
	{ "name = a\x1b[", 1 },
	{ "name = a\tb", 1 },
	{ "list = ", 1 },
	{ "list = 123456", 1 },
	{ "list = 1\nlist = 2\nlist = 3\nlist = 4", 4 },
	{ "flag = yes\n\nnumber = 9\ncolor = none\nflag = no", 4 },
};

static void
test_bad_lines(void **state)
{
	size_t i, line;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sample s = defaults();

		line = 99;
		if (opt_parse(table, N, span_str(bad[i].text), &s, &line) != ERR_CONFIG ||
		    line != bad[i].line)
			fail_msg("%s: line %zu", bad[i].text, line);
		assert_int_equal(s.guard, 0xeeeeeeee);
	}
}

static void
test_nul(void **state)
{
	struct sample s = defaults();
	size_t line;

	(void)state;
	assert_int_equal(opt_parse(table, N, SPAN("name = a\0b\n", 11), &s, &line), ERR_CONFIG);
	assert_int_equal(opt_parse(table, N, SPAN("fl\0ag = yes\n", 12), &s, &line), ERR_CONFIG);
}

static void
test_set(void **state)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };
	struct sample s = defaults();
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(opt_set(table, N, "flag", span_str(no[i]), &s), ERR_OK);
		assert_int_equal(s.flag, 0);
		assert_int_equal(opt_set(table, N, "flag", span_str(yes[i]), &s), ERR_OK);
		assert_int_equal(s.flag, 1);
	}
	assert_int_equal(opt_set(table, N, "wait", SPAN_LIT("90"), &s), ERR_OK);
	assert_int_equal(s.wait, 90);
	assert_int_equal(opt_set(table, N, "wait", SPAN_LIT("2d"), &s), ERR_OK);
	assert_int_equal(s.wait, 172800);
	assert_int_equal(opt_set(table, N, "list", SPAN_LIT("two"), &s), ERR_OK);
	assert_int_equal(s.nlist, 2);
	assert_int_equal(opt_set(table, N, "lis", SPAN_LIT("two"), &s), ERR_CONFIG);
	assert_int_equal(opt_set(table, N, "wait", SPAN_NONE, &s), ERR_CONFIG);
	assert_int_equal(s.wait, 172800);
}

/* --- ownkey.conf --- */

static char path[64];

static enum err
load(const char *text, struct conf *c, size_t *line)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return conf_load(path, c, line);
}

static int
make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/ownkey-test-XXXXXX");
	if ((fd = mkstemp(path)) < 0)
		return -1;
	return close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
test_conf_defaults(void **state)
{
	struct conf c;
	size_t line = 99;

	(void)state;
	memset(&c, 0xee, sizeof(c));
	assert_int_equal(conf_load("/nonexistent/ownkey.conf", &c, &line), ERR_OK);
	assert_int_equal(line, 0);
	assert_int_equal(c.lock_idle, 15 * 60);
	assert_int_equal(c.lock_absolute, 8 * 3600);
	assert_int_equal(c.touch_timeout, 30);
	assert_true(c.prompt_timeout >= 30);
	assert_int_equal(c.fingerprint, CONF_FINGER_AUTO);
	assert_int_equal(c.secret_memory, CONF_MEMORY_AUTO);
	assert_true(c.allow_swap == 0 && c.notify_names == 0);
	assert_int_equal(c.log_level, LOG_INFO_);
	assert_string_equal(c.pinentry, "");
	assert_int_equal(c.ntokens, 1);
	assert_string_equal(c.token[0], "hid");
	assert_string_equal(c.sysfs, "/sys");
	assert_string_equal(c.dev, "/dev");
}

static void
test_conf_all(void **state)
{
	struct conf c;
	size_t line;

	(void)state;
	assert_int_equal(load("lock_idle = never\nlock_absolute = 1d\ntouch_timeout = 10\n"
			      "prompt_timeout = 1m\nfingerprint = never\nsecret_memory = mlock\n"
			      "allow_swap = yes\nlog_level = debug\npinentry = none\n"
			      "token = unix:/run/t1\ntoken = hid\nsysfs_root = /a\ndev_root = /b\n"
			      "notify_names = on\n",
			     &c, &line),
	    ERR_OK);
	assert_true(c.lock_idle == 0 && c.lock_absolute == 86400 && c.touch_timeout == 10);
	assert_int_equal(c.prompt_timeout, 60);
	assert_int_equal(c.fingerprint, CONF_FINGER_NEVER);
	assert_int_equal(c.secret_memory, CONF_MEMORY_MLOCK);
	assert_true(c.allow_swap == 1 && c.notify_names == 1);
	assert_int_equal(c.log_level, LOG_DEBUG_);
	assert_string_equal(c.pinentry, "none");
	assert_int_equal(c.ntokens, 2);
	assert_string_equal(c.token[0], "unix:/run/t1");
	assert_string_equal(c.token[1], "hid");
	assert_string_equal(c.sysfs, "/a");
	assert_string_equal(c.dev, "/b");
	assert_int_equal(load("secret_memory = secretmem", &c, &line), ERR_OK);
	assert_int_equal(c.secret_memory, CONF_MEMORY_SECRETMEM);
}

static void
test_conf_bad(void **state)
{
	static const char *const texts[] = {
		"\ntoken = usb",
		"\ntoken = unix:relative",
		"\ntoken = unix:/123456789 123456789 123456789 123456789 123456789 123456789 "
		"123456789 123456789 123456789 123456789 1234567",
		"\ntoken = ",
		"\npinentry = pinentry-curses",
		"\nsysfs_root = sys",
		"\ndev_root =",
		"\ntouch_timeout = 0",
		"\ntouch_timeout = never",
		"\nlock_idle = 31d",
		"\nlog_level = LOUD",
		"\nwhatever = 1",
	};
	struct conf c, before;
	size_t i, line;

	(void)state;
	memset(&c, 0x77, sizeof(c));
	before = c;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (load(texts[i], &c, &line) != ERR_CONFIG || line != 2)
			fail_msg("%s", texts[i]);
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void
test_conf_no_file(void **state)
{
	struct conf c;
	size_t line = 99;
	char big[70000];

	(void)state;
	assert_int_equal(conf_load("/", &c, &line), ERR_CONFIG); /* a directory */
	assert_int_equal(line, 0);
	memset(big, '#', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	assert_int_equal(load(big, &c, &line), ERR_TOOBIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(10);
	assert_int_equal(conf_load(path, &c, &line), ERR_CONFIG); /* and it does not wait */
	alarm(0);
}

/* What the manual is made from is there. */
static void
test_conf_table(void **state)
{
	size_t i;

	(void)state;
	assert_true(conf_noptions > 0 && conf_noptions <= 64);
	for (i = 0; i < conf_noptions; i++) {
		assert_true(conf_options[i].help != NULL && conf_options[i].help[0] != 0);
		/* a text or a list may be empty, all else has a value */
		assert_true(conf_options[i].def != NULL || conf_options[i].type == OPT_TEXT ||
		    conf_options[i].type == OPT_TEXTS);
		assert_true((conf_options[i].names != NULL) ==
		    (conf_options[i].type == OPT_ENUM || conf_options[i].type == OPT_SET));
		assert_true(conf_options[i].offset < sizeof(struct conf));
	}
	assert_int_equal(
	    offsetof(struct conf, token), offsetof(struct conf, ntokens) + sizeof(uint32_t));
	assert_int_equal(
	    offsetof(struct conf, ssh_list), offsetof(struct conf, nssh_list) + sizeof(uint32_t));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_bad_default),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_conf_defaults),
		cmocka_unit_test_setup_teardown(test_conf_all, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_conf_bad, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_conf_no_file, make_file, remove_file),
		cmocka_unit_test(test_conf_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
