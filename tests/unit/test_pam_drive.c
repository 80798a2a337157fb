/* What drives tokens and the verifier: lists, logins, PINs, races; and what is left of root. */
#include "tests/unit/pam_rig.h"

#include <sys/inotify.h>

static void
test_login(void **state)
{
	size_t before = descriptors();

	(void)state;
	for (int i = 0; i < TOKENS; i++)
		assert_int_equal(log_in(i), i);
	assert_int_equal(descriptors(), before);
	assert_false(has_children());
}

static void
test_look_and_info(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_there there;
	struct tokens_info info;

	(void)state;
	assert_int_equal(tokens_look(&s, SOON, &there), ERR_OK);
	assert_int_equal(there.n, TOKENS);
	for (int i = 0; i < TOKENS; i++) {
		assert_string_equal(there.t[i].path, paths[i]);
		assert_true(there.t[i].access);
	}
	assert_int_equal(tokens_info(&s, paths[0], SOON, &info), ERR_OK);
	assert_true(info.options & TOKEN_OPT_HMAC_SECRET);
	assert_int_equal(tokens_info(&s, "unix:/nonexistent/x", SOON, &info), ERR_TOKEN_ABSENT);
}

/* Where who the list is for may not look: what root saw holds. */
static void
test_look_in_folder_of_root(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_there there;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: no folder is closed to us\n");
		return;
	}
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(tokens_look(&s, SOON, &there), ERR_OK);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(there.n, TOKENS);
}

/* --- what is left of root --- */

static void
assert_nobody(pid_t pid)
{
	static const char *const none[] = { "\nUid:\t65534\t65534\t65534\t65534\n",
		"\nGid:\t65534\t65534\t65534\t65534\n", "\nGroups:\t \n",
		"\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n",
		"\nNoNewPrivs:\t1\n" };
	char path[64], text[8192];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (!strstr(text, none[i]))
			fail_msg("not %s in:\n%s", none[i], text);
}

static size_t
open_in(pid_t pid)
{
	char path[64];
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	d = opendir(path);
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static void
assert_no_environment(pid_t pid)
{
	char path[64], c;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
}

static void
test_nothing_of_root(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_watch w = TOKENS_WATCH_NONE;
	struct verify v = VERIFY_NONE;
	struct tokens_there there;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: nothing to give away\n");
		return;
	}
	setenv("OWNKEY_TEST", "not for helpers", 1);
	assert_int_equal(verify_begin(&about, SOON, &v), ERR_OK);
	assert_nobody(v.h.pid);
	assert_int_equal(open_in(v.h.pid), 3);
	assert_no_environment(v.h.pid);
	verify_end(&v);
	assert_int_equal(tokens_watch(&s, SOON, &w), ERR_OK);
	assert_int_equal(tokens_watch_next(&w, SOON, &there), ERR_OK);
	assert_nobody(w.h.pid);
	assert_no_environment(w.h.pid);
	tokens_watch_end(&w);
}

/* --- tokens that are slow, several, or want a PIN --- */

static enum err
refuse_first(void *arg, size_t which, const struct tokens_answer *a)
{
	(void)a;
	++*(int *)arg;
	return which == 0 ? ERR_LIE_SIGNATURE : ERR_OK;
}

static void
fill_call(struct tokens_call *c, struct span ids[TOKENS], int *touches)
{
	static const uint8_t cdh[32] = { 5 };

	for (int k = 0; k < TOKENS; k++)
		ids[k] = SPAN(made[k].id, made[k].id_len);
	*c = (struct tokens_call){ .rp_id = RP, .creds = ids, .ncreds = TOKENS, .up = true };
	c->cdh = cdh;
	c->touch = count_touch;
	c->arg = touches;
}

static void
test_race(void **state)
{
	const char *p[TOKENS] = { paths[0], paths[1] };
	struct tokens_race r = { .paths = p, .n = TOKENS, .judge = refuse_first };
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_answer *a = calloc(1, sizeof *a);
	struct span ids[TOKENS];
	struct tokens_call c;
	int said = 0;

	(void)state;
	fill_call(&c, ids, &said);
	c.touch = NULL;
	r.which = 9;
	assert_int_equal(tokens_assert_any(&s, &r, &c, SOON, a), ERR_OK);
	assert_int_equal(r.which, 1);
	assert_memory_equal(a->cred_id, made[1].id, a->cred_len);
	/* none is accepted */
	r.n = 1;
	assert_int_equal(tokens_assert_any(&s, &r, &c, SOON, a), ERR_LIE_SIGNATURE);
	assert_false(has_children());
	free(a);
}

static void
test_never_touched(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_answer *a = calloc(1, sizeof *a);
	int64_t began;
	struct span ids[TOKENS];
	struct tokens_call c;
	int touches = 0;

	(void)state;
	pull_out(0);
	plug_in(0, "never", NULL);
	began = helper_clock();
	fill_call(&c, ids, &touches);
	assert_int_equal(tokens_assert(&s, paths[0], &c, began + 4000, a), ERR_TOUCH_TIMEOUT);
	assert_int_equal(touches, 1);
	assert_true(helper_clock() - began < 15000);
	assert_false(has_children());
	pull_out(0);
	plug_in(0, "auto", "1234");
	free(a);
}

/* after test_never_touched: token 0 has the PIN 1234 */
static void
test_pin(void **state)
{
	struct tokens_pins pins = { .pin = "9999", .newpin = "5678" };
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_answer *a = calloc(1, sizeof *a);
	struct span ids[TOKENS];
	struct tokens_call c;
	int touches = 0;

	(void)state;
	fill_call(&c, ids, &touches);
	c.uv = TOKEN_UV_PIN;
	c.pin = "";
	assert_int_equal(tokens_assert(&s, paths[0], &c, SOON, a), ERR_INTERNAL);
	c.pin = "9999";
	assert_int_equal(tokens_assert(&s, paths[0], &c, SOON, a), ERR_PIN_WRONG);
	assert_int_equal(a->retries, 7);
	assert_int_equal(a->auth_len, 0);
	assert_int_equal(tokens_change_pin(&s, paths[0], SOON, &pins), ERR_PIN_WRONG);
	assert_int_equal(pins.retries, 6);
	pins.pin = "1234";
	assert_int_equal(tokens_change_pin(&s, paths[0], SOON, &pins), ERR_OK);
	c.pin = "5678";
	assert_int_equal(tokens_assert(&s, paths[0], &c, SOON, a), ERR_OK);
	assert_true(a->authdata[32] & 4);
	assert_int_equal(tokens_assert(&s, paths[1], &c, SOON, a), ERR_PIN_UNSET);
	free(a);
}

static void
test_plugged_in_later(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_watch w = TOKENS_WATCH_NONE;
	struct tokens_there there;

	(void)state;
	pull_out(1);
	assert_int_equal(tokens_watch(&s, SOON, &w), ERR_OK);
	assert_int_equal(tokens_watch_next(&w, SOON, &there), ERR_OK);
	assert_int_equal(there.n, 1);
	assert_int_equal(tokens_watch_next(&w, helper_clock() + 100, &there), ERR_TIMEOUT);
	plug_in(1, "auto", NULL);
	assert_int_equal(tokens_watch_next(&w, SOON, &there), ERR_OK);
	assert_int_equal(there.n, TOKENS);
	tokens_watch_end(&w);
}

/* What root opens is a token by its name, whatever the list of them said. */
static void
test_opens_tokens_only(void **state)
{
	struct tokens_setup s = setup_of(TOKENS);
	struct tokens_info info;
	char plain[64], seen[256];
	int fd, notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: nothing of root's is opened\n");
		close(notify);
		return;
	}
	snprintf(plain, sizeof plain, "%s/hidraw0", dir);
	fd = open(plain, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_true(inotify_add_watch(notify, plain, IN_OPEN) >= 0);
	assert_int_equal(tokens_info(&s, plain, SOON, &info), ERR_TOKEN_ABSENT);
	assert_int_equal(read(notify, seen, sizeof seen), -1);
	assert_int_equal(errno, EAGAIN);
	close(notify);
	assert_int_equal(tokens_info(&s, "/dev/null", SOON, &info), ERR_TOKEN_ABSENT);
	assert_int_equal(tokens_info(&s, "/dev/hidraw/../null", SOON, &info), ERR_TOKEN_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_and_info),
		cmocka_unit_test(test_look_in_folder_of_root),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_nothing_of_root),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_never_touched),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_plugged_in_later),
		cmocka_unit_test(test_opens_tokens_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
