/*
 * What the software token keeps without power, and what it has kept at every moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "tests/softtoken/state.h"
#include "tests/unit/softtoken_port.h"

#define RP  "ownkey:vault"
#define PIN "1234"

static const uint8_t cdh[32] = "client data hash";
static struct buf saved; /* what was saved last */
static enum err save_says;
static int deaths;

static enum err
save(void *arg, struct span state)
{
	(void)arg;
	if (save_says != ERR_OK)
		return save_says;
	buf_reset(&saved);
	buf_put_span(&saved, state);
	return ERR_OK;
}

static void
token_load(const char *personality, const char *pin, struct span from)
{
	struct softtoken_config c = {
		.personality = personality, .pin = pin, .state = from, .save = save
	};

	assert_int_equal(softtoken_new(&c, &soft), ERR_OK);
}

static int
retries(void)
{
	fido_dev_t *dev = dev_open();
	int n = -1;

	assert_int_equal(fido_dev_get_retry_count(dev, &n), FIDO_OK);
	dev_close(&dev);
	return n;
}

static int
make(const char *pin, bool rk, struct buf *id)
{
	fido_cred_t *cred = fido_cred_new();
	fido_dev_t *dev = dev_open();
	int r;

	fido_cred_set_type(cred, COSE_ES256);
	fido_cred_set_clientdata_hash(cred, cdh, sizeof(cdh));
	fido_cred_set_rp(cred, RP, "vault");
	fido_cred_set_user(cred, cdh, 16, "me", NULL, NULL);
	fido_cred_set_rk(cred, rk ? FIDO_OPT_TRUE : FIDO_OPT_OMIT);
	r = fido_dev_make_cred(dev, cred, pin);
	if (r == FIDO_OK && id != NULL)
		buf_put(id, fido_cred_id_ptr(cred), fido_cred_id_len(cred));
	fido_cred_free(&cred);
	dev_close(&dev);
	return r;
}

/* The signature counter, or -1. */
static int64_t
count(struct span id)
{
	fido_assert_t *a = fido_assert_new();
	fido_dev_t *dev = dev_open();
	int64_t n = -1;

	fido_assert_set_clientdata_hash(a, cdh, sizeof(cdh));
	fido_assert_set_rp(a, RP);
	if (id.len > 0)
		fido_assert_allow_cred(a, id.p, id.len);
	if (fido_dev_get_assert(dev, a, NULL) == FIDO_OK && fido_assert_count(a) == 1)
		n = fido_assert_sigcount(a, 0);
	fido_assert_free(&a);
	dev_close(&dev);
	return n;
}

/* --- tests --- */

/* What a token that died here would find when it is started again. */
static void
die(void *arg)
{
	struct softtoken *dying = soft;
	struct buf found = BUF_INIT;

	(void)arg;
	deaths++;
	buf_put_span(&found, buf_span(&saved));
	token_load("yk57", NULL, buf_span(&found));
	assert_int_equal(retries(), 8 - deaths);
	softtoken_free(soft);
	soft = dying;
	buf_done(&found);
}

static void
tries_are_saved_before_they_are_made(void **state)
{
	struct softtoken_config c = { .pin = PIN, .save = save, .die = die };

	(void)state;
	deaths = 0;
	assert_int_equal(softtoken_new(&c, &soft), ERR_OK);
	assert_int_equal(softtoken_fault(soft, "kill-before-compare"), ERR_OK);
	assert_int_equal(make("4321", false, NULL), FIDO_ERR_PIN_INVALID);
	assert_int_equal(make("4321", false, NULL), FIDO_ERR_PIN_INVALID);
	assert_int_equal(deaths, 2);
	assert_int_equal(make(PIN, false, NULL), FIDO_OK);
	assert_int_equal(deaths, 3);
	assert_int_equal(retries(), 8);
	softtoken_free(soft);
}

static void
no_try_without_a_disk(void **state)
{
	(void)state;
	token_load("yk57", PIN, SPAN_NONE);
	save_says = ERR_NOSPACE;
	assert_int_not_equal(make(PIN, false, NULL), FIDO_OK);
	assert_int_not_equal(make("4321", false, NULL), FIDO_ERR_PIN_INVALID);
	assert_int_not_equal(make(NULL, true, NULL), FIDO_OK);
	save_says = ERR_OK;
	softtoken_unplug(soft);
	softtoken_plug(soft);
	assert_int_equal(make(PIN, false, NULL), FIDO_OK);
	softtoken_free(soft);
}

static void
tries_survive(void **state)
{
	struct buf b = BUF_INIT;
	int left;

	(void)state;
	token_load("yk57", PIN, SPAN_NONE);
	for (left = 7; left >= 0; left--) {
		assert_int_not_equal(make("4321", false, NULL), FIDO_OK);
		assert_int_equal(retries(), left);
		softtoken_free(soft);
		buf_reset(&b);
		buf_put_span(&b, buf_span(&saved));
		token_load("yk57", NULL, buf_span(&b));
		assert_int_equal(retries(), left);
	}
	assert_int_equal(make(PIN, false, NULL), FIDO_ERR_PIN_BLOCKED);
	softtoken_free(soft);
	buf_done(&b);
}

static void
resident_keys_survive(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	token_load("yk57", NULL, SPAN_NONE);
	assert_int_equal(make(NULL, true, NULL), FIDO_OK);
	softtoken_free(soft);
	buf_put_span(&b, buf_span(&saved));
	token_load("yk57", NULL, buf_span(&b));
	assert_true(count(SPAN_NONE) > 0);
	softtoken_free(soft);
	buf_done(&b);
}

static void
counters(void **state)
{
	static const char *const rows[] = { "yk57", "solo" };
	struct buf id = BUF_INIT;
	int64_t n = 0;
	int i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		token_load(rows[i], NULL, SPAN_NONE);
		buf_reset(&id);
		assert_int_equal(make(NULL, false, &id), FIDO_OK);
		for (n = 1, j = 0; j < 40; j++) {
			assert_true(count(buf_span(&id)) == n + 1);
			n++;
		}
		softtoken_unplug(soft);
		softtoken_plug(soft);
		assert_int_equal(count(buf_span(&id)) > n, i == 0);
		softtoken_free(soft);
	}
	buf_done(&id);
}

/* No damage is taken for a state of another length; none makes it fall over. */
static void
damage_is_refused(void **state)
{
	struct softtoken_config c = { 0 };
	struct softtoken *t;
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	token_load("yk57", PIN, SPAN_NONE);
	assert_int_equal(make(PIN, true, NULL), FIDO_OK);
	softtoken_free(soft);
	buf_put_span(&b, buf_span(&saved));
	for (i = 1; i < b.len; i++) {
		c.state = SPAN(b.p, i);
		assert_int_equal(softtoken_new(&c, &t), ERR_FORMAT);
	}
	for (i = 0; i < b.len * 8; i++) {
		b.p[i / 8] ^= (uint8_t)(1 << i % 8);
		c.state = buf_span(&b);
		if (softtoken_new(&c, &t) == ERR_OK)
			softtoken_free(t);
		b.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_put_u8(&b, 0);
	c.state = buf_span(&b);
	assert_int_equal(softtoken_new(&c, &t), ERR_FORMAT);
	buf_done(&b);
}

static void
bad_configurations(void **state)
{
	struct softtoken_config c = { .personality = "nobody" };
	struct softtoken *t;

	(void)state;
	assert_int_equal(softtoken_new(&c, &t), ERR_NOTFOUND);
	c = (struct softtoken_config){ .pin = "123" };
	assert_int_equal(softtoken_new(&c, &t), ERR_RANGE);
	c = (struct softtoken_config){ .save = save };
	save_says = ERR_NOSPACE;
	assert_int_equal(softtoken_new(&c, &t), ERR_NOSPACE);
	save_says = ERR_OK;
}

static void
fault_specs(void **state)
{
	static const char *const bad[] = { "", "nothing", "drop=1", "slow=", "slow=x", "drop@1",
		"drop:", "drop:never", "drop*0", "drop*", "unplug@", "drop ", "slow=99999999999" };
	static const char *const good[] = { "drop", "drop:assert", "slow=10", "slow=0x10:make*2",
		"unplug@3", "unplug@0:assert*2", "none" };
	const char *name;
	size_t i;

	(void)state;
	token_load("yk57", NULL, SPAN_NONE);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(softtoken_fault(soft, bad[i]), ERR_USAGE);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(softtoken_fault(soft, good[i]), ERR_OK);
	for (i = 0; (name = softtoken_fault_at(i, NULL)) != NULL; i++)
		assert_int_equal(softtoken_fault(soft, name), i < 8 ? ERR_OK : ERR_LIMIT);
	softtoken_free(soft);
}

static void
files(void **state)
{
	char dir[] = "/tmp/softtoken-XXXXXX", path[64], temp[64], link[64];
	struct buf b = BUF_INIT;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state", dir);
	snprintf(temp, sizeof(temp), "%s/state.new", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(soft_state_read(path, &b), ERR_NOTFOUND);
	assert_int_equal(soft_state_write(path, SPAN_LIT("one")), ERR_OK);
	assert_int_equal(soft_state_write(temp, SPAN_LIT("of one who was killed")), ERR_OK);
	assert_int_equal(soft_state_write(path, SPAN_LIT("two")), ERR_OK);
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(soft_state_read(path, &b), ERR_OK);
	assert_true(span_is(buf_span(&b), "two"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(soft_state_read(link, &b), ERR_PERMISSION);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(soft_state_read(path, &b), ERR_PERMISSION);
	unlink(link);
	unlink(path);
	rmdir(dir);
	buf_done(&b);
}

static int
setup(void **state)
{
	(void)state;
	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	return crypto_init() == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&saved);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_are_saved_before_they_are_made),
		cmocka_unit_test(no_try_without_a_disk),
		cmocka_unit_test(tries_survive),
		cmocka_unit_test(resident_keys_survive),
		cmocka_unit_test(counters),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(bad_configurations),
		cmocka_unit_test(fault_specs),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("softtoken_state", tests, setup, teardown);
}
