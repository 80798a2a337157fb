#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/copies.h"
#include "lib/whole.h"

static struct copies c;

/* ---- the list ---- */
static void
test_list(void **state)
{
	size_t line;

	(void)state;
	assert_int_equal(copies_parse_list(SPAN_LIT("# mine\n\n/media/stick\r\n/srv/a b/\n"
						    "/media/stick/\n/"),
			     &c, &line),
	    ERR_OK);
	assert_int_equal(line, 0);
	assert_int_equal(c.n, 3);
	assert_string_equal(c.row[0].path, "/media/stick");
	assert_string_equal(c.row[1].path, "/srv/a b");
	assert_string_equal(c.row[2].path, "/");
	assert_int_equal(c.row[0].time, 0);
	assert_int_equal(copies_parse_list(SPAN_NONE, &c, &line), ERR_OK);
	assert_int_equal(c.n, 0);
}

/* What is wrong is told, and does not take the rest with it. */
static void
test_list_wrong(void **state)
{
	struct buf b = BUF_INIT;
	size_t line;

	(void)state;
	assert_int_equal(
	    copies_parse_list(SPAN_LIT("/a\nstick\n./b\n/c\n"), &c, &line), ERR_CONFIG);
	assert_int_equal(line, 2);
	assert_int_equal(c.n, 2);
	assert_string_equal(c.row[1].path, "/c");
	assert_int_equal(copies_parse_list(SPAN("/a\0b\n", 5), &c, &line), ERR_CONFIG);
	assert_int_equal(copies_parse_list(SPAN_LIT("/\xff\n"), &c, &line), ERR_CONFIG);
	for (int i = 0; i < COPIES_FOLDERS + 1; i++)
		buf_putf(&b, "/%d\n", i);
	assert_int_equal(copies_parse_list(buf_span(&b), &c, &line), ERR_CONFIG);
	assert_int_equal(line, COPIES_FOLDERS + 1);
	assert_int_equal(c.n, COPIES_FOLDERS);
	buf_reset(&b);
	buf_put_str(&b, "/");
	for (int i = 0; i < PATHS_MAX - 2; i++)
		buf_put_u8(&b, 'x');
	assert_int_equal(copies_parse_list(buf_span(&b), &c, &line), ERR_OK);
	buf_put_u8(&b, 'x');
	assert_int_equal(copies_parse_list(buf_span(&b), &c, &line), ERR_CONFIG);
	buf_done(&b);
}

static void
edit_is(bool add, const char *text, const char *folder, const char *want)
{
	struct buf b = BUF_INIT;

	if (add)
		copies_add_line(span_str(text), folder, &b);
	else
		copies_drop_line(span_str(text), folder, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
test_edit(void **state)
{
	(void)state;
	edit_is(true, "", "/a", "/a\n");
	edit_is(true, "# x\n/b", "/a", "# x\n/b\n/a\n");
	edit_is(false, "# /a\n/a\n/ab\n\n/a/\n x\n/a", "/a", "# /a\n/ab\n\n x\n");
	edit_is(false, "/b\n", "/a", "/b\n");
	edit_is(false, "", "/a", "");
}

/* ---- the state ---- */
static void
test_state(void **state)
{
	static struct copies back;
	struct buf b = BUF_INIT;

	(void)state;
	memset(&c, 0, sizeof c);
	c.n = 2;
	c.row[0] =
	    (struct copies_row){ .path = "/s/copy-1", .tried = 5, .time = 4, .generation = 9 };
	c.row[1] = (struct copies_row){ .path = "/a b", .err = ERR_COPY_ABSENT, .apart = 1 };
	memset(c.row[0].line, 0xa5, 32);
	copies_put_state(&c, &b);
	copies_parse_state(buf_span(&b), &back);
	assert_memory_equal(&back, &c, sizeof c);
	assert_ptr_equal(copies_find(&back, "/a b"), &back.row[1]);
	assert_null(copies_find(&back, "/a"));
	buf_done(&b);
}

#define HASH "0000000000000000000000000000000000000000000000000000000000000000"

static void
test_state_broken(void **state)
{
	static const char *const bad[] = { "x 1 " HASH " 0 0 1 /a", "1 1 " HASH " 0 0 1 a",
		"1 1 " HASH "0 0 0 1 /a", "1 1 00 0 0 1 /a", "1 1 " HASH " 70000 0 1 /a",
		"1 1 " HASH " 0 2 1 /a", "1 1 " HASH " 0 0 1", "1 1 " HASH " 0 0 1 ", "",
		"99999999999999999999 1 " HASH " 0 0 1 /a", "-1 1 " HASH " 0 0 1 /a" };
	struct buf b = BUF_INIT;

	(void)state;
	copies_parse_state(SPAN_LIT("ownkey-copies 2\n1 1 " HASH " 0 0 1 /a\n"), &c);
	assert_int_equal(c.n, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		buf_reset(&b);
		buf_putf(&b, "ownkey-copies 1\n%s\n1 2 " HASH " 3 1 4 /good\n", bad[i]);
		copies_parse_state(buf_span(&b), &c);
		assert_int_equal(c.n, 1);
		assert_string_equal(c.row[0].path, "/good");
		assert_int_equal(c.row[0].generation, 2);
	}
	buf_done(&b);
}

static void
test_name(void **state)
{
	static const uint8_t id[16] = { 0x0a, 0x1b, 0x2c, 0x3d, 0xff };
	char name[COPIES_NAME_LEN];

	(void)state;
	copies_name(id, name);
	assert_string_equal(name, "ownkey-0a1b2c3d.vault");
}

/* ---- whole files ---- */
static char dir[64];

static struct whole
in_dir(void)
{
	struct whole w = { .name = "file", .tmp = ".tmp" };

	strcpy(dir, "/tmp/ownkey-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	w.dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_true(w.dirfd >= 0);
	return w;
}

static void
leave_dir(const struct whole *w)
{
	unlinkat(w->dirfd, w->name, 0);
	unlinkat(w->dirfd, w->tmp, 0);
	unlinkat(w->dirfd, "other", 0);
	close(w->dirfd);
	assert_int_equal(rmdir(dir), 0);
}

static void
test_whole(void **state)
{
	struct whole w = in_dir();
	struct buf b = { .max = 16384 };
	struct stat st;

	(void)state;
	assert_int_equal(whole_read(&w, &b), ERR_NOTFOUND);
	/* what a crash has left */
	assert_int_equal(symlinkat("/etc/passwd", w.dirfd, w.tmp), 0);
	assert_int_equal(whole_replace(&w, SPAN_LIT("one")), ERR_OK);
	assert_int_equal(whole_replace(&w, SPAN_LIT("other")), ERR_OK);
	assert_int_equal(whole_read(&w, &b), ERR_OK);
	assert_true(span_is(buf_span(&b), "other"));
	assert_int_equal(fstatat(w.dirfd, w.name, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fstatat(w.dirfd, w.tmp, &st, AT_SYMLINK_NOFOLLOW), -1);
	buf_done(&b);
	leave_dir(&w);
}

static void
test_whole_wrong(void **state)
{
	struct whole w = in_dir();
	struct buf b = { .max = 16384 };
	static uint8_t big[20000];

	(void)state;
	assert_int_equal(whole_replace(&w, SPAN(big, sizeof big)), ERR_OK);
	assert_int_equal(whole_read(&w, &b), ERR_TOOBIG);
	assert_int_equal(renameat(w.dirfd, w.name, w.dirfd, "other"), 0);
	assert_int_equal(symlinkat("other", w.dirfd, w.name), 0);
	assert_int_equal(whole_read(&w, &b), ERR_FORMAT);
	assert_int_equal(unlinkat(w.dirfd, w.name, 0), 0);
	assert_int_equal(mkfifoat(w.dirfd, w.name, 0600), 0);
	assert_int_equal(whole_read(&w, &b), ERR_FORMAT);
	assert_int_equal(unlinkat(w.dirfd, w.name, 0), 0);
	assert_int_equal(mkdirat(w.dirfd, w.name, 0700), 0);
	assert_int_equal(whole_read(&w, &b), ERR_FORMAT);
	assert_int_not_equal(whole_replace(&w, SPAN_LIT("x")), ERR_OK);
	assert_int_equal(faccessat(w.dirfd, w.tmp, F_OK, 0), -1);
	assert_int_equal(unlinkat(w.dirfd, w.name, AT_REMOVEDIR), 0);
	buf_done(&b);
	leave_dir(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_wrong), cmocka_unit_test(test_edit),
		cmocka_unit_test(test_state), cmocka_unit_test(test_state_broken),
		cmocka_unit_test(test_name), cmocka_unit_test(test_whole),
		cmocka_unit_test(test_whole_wrong) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
