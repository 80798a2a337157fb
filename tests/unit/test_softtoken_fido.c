/*
 * The software token as libfido2 sees it, in one process and in virtual time: what it tells, how
 * it lies, how it breaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "lib/crypto.h"
#include "tests/unit/softtoken_port.h"

#define RP  "ownkey:vault"
#define PIN "1234"

static const uint8_t cdh[32] = "client data hash";
static const uint8_t salts[64] = "salt";

/* --- one token, one credential --- */

struct made {
	int alg;
	uint8_t id[1024];
	size_t id_len;
	uint8_t key[64];
	size_t key_len;
};

struct said {
	int status;
	int flags; /* -1: no statement */
	bool right_id;
	bool right_rp;
	bool right_signature;
	size_t secret_len;
	uint8_t secret[64];
};

static void
token_new(const char *personality, const char *pin)
{
	struct softtoken_config c = { .personality = personality, .pin = pin };

	assert_int_equal(softtoken_new(&c, &soft), ERR_OK);
	upneeded = 0;
}

static fido_cred_t *
cred_ask(int alg)
{
	fido_cred_t *cred = fido_cred_new();

	assert_int_equal(fido_cred_set_type(cred, alg), FIDO_OK);
	fido_cred_set_clientdata_hash(cred, cdh, sizeof(cdh));
	fido_cred_set_rp(cred, RP, "vault");
	fido_cred_set_user(cred, cdh, 16, "me", NULL, NULL);
	fido_cred_set_extensions(cred, FIDO_EXT_HMAC_SECRET);
	return cred;
}

static int
make(int alg, const char *pin, struct made *m)
{
	fido_cred_t *cred = cred_ask(alg);
	fido_dev_t *dev = dev_open();
	int r = fido_dev_make_cred(dev, cred, pin);

	if (r == FIDO_OK && m != NULL) {
		m->alg = alg;
		m->id_len = fido_cred_id_len(cred);
		m->key_len = fido_cred_pubkey_len(cred);
		assert_in_range(m->id_len, 1, sizeof(m->id));
		assert_in_range(m->key_len, 1, sizeof(m->key));
		memcpy(m->id, fido_cred_id_ptr(cred), m->id_len);
		memcpy(m->key, fido_cred_pubkey_ptr(cred), m->key_len);
	}
	fido_cred_free(&cred);
	dev_close(&dev);
	return r;
}

static bool
signature_is_right(const struct made *m, const fido_assert_t *a)
{
	struct span data = SPAN(fido_assert_authdata_ptr(a, 0), fido_assert_authdata_len(a, 0));
	struct span sig = SPAN(fido_assert_sig_ptr(a, 0), fido_assert_sig_len(a, 0));
	size_t head = data.len > 1 && data.p[0] == 0x58 ? 2 : data.p[0] == 0x59 ? 3 : 1;
	struct buf msg = BUF_INIT;
	bool ok;

	/* libfido2 gives authData as a CBOR byte string */
	buf_put(&msg, data.p + head, data.len - head);
	buf_put(&msg, cdh, sizeof(cdh));
	if (m->alg == COSE_EDDSA)
		ok = sig.len == 64 && crypto_ed25519_verify(m->key, buf_span(&msg), sig.p);
	else
		ok = crypto_p256_verify(m->key, buf_span(&msg), sig);
	buf_done(&msg);
	return ok;
}

static bool
rp_is_right(const fido_assert_t *a)
{
	const unsigned char *data = fido_assert_authdata_ptr(a, 0);
	uint8_t hash[32];

	crypto_sha256(SPAN_LIT(RP), hash);
	return memcmp(data + (data[0] == 0x58 ? 2 : data[0] == 0x59 ? 3 : 1), hash, 32) == 0;
}

static void
said_read(const struct made *m, const fido_assert_t *a, struct said *s)
{
	if (fido_assert_authdata_len(a, 0) == 0)
		return; /* libfido2 says FIDO_OK to a stale answer */
	s->flags = fido_assert_flags(a, 0);
	s->right_id = fido_assert_id_len(a, 0) == m->id_len &&
	    memcmp(fido_assert_id_ptr(a, 0), m->id, m->id_len) == 0;
	s->right_rp = rp_is_right(a);
	s->right_signature = signature_is_right(m, a);
	s->secret_len = fido_assert_hmac_secret_len(a, 0);
	assert_in_range(s->secret_len, 0, sizeof(s->secret));
	if (s->secret_len > 0)
		memcpy(s->secret, fido_assert_hmac_secret_ptr(a, 0), s->secret_len);
}

static struct said
ask(const struct made *m, const char *pin)
{
	struct said s = { .flags = -1 };
	fido_assert_t *a = fido_assert_new();
	fido_dev_t *dev = dev_open();

	fido_assert_set_clientdata_hash(a, cdh, sizeof(cdh));
	fido_assert_set_rp(a, RP);
	fido_assert_allow_cred(a, m->id, m->id_len);
	fido_assert_set_extensions(a, FIDO_EXT_HMAC_SECRET);
	fido_assert_set_hmac_salt(a, salts, sizeof(salts));
	s.status = fido_dev_get_assert(dev, a, pin);
	if (s.status == FIDO_OK && fido_assert_count(a) > 0)
		said_read(m, a, &s);
	fido_assert_free(&a);
	dev_close(&dev);
	return s;
}

static void
expect_honest(const struct said *s, bool uv, const char *who)
{
	if (s->status != FIDO_OK || s->flags != (uv ? 0x85 : 0x81) || !s->right_id ||
	    !s->right_rp || !s->right_signature || s->secret_len != 64)
		fail_msg("%s: status 0x%x, flags 0x%x, id %d, rp %d, signature %d, secret %zu", who,
		    (unsigned)s->status, (unsigned)s->flags, s->right_id, s->right_rp,
		    s->right_signature, s->secret_len);
}

/* --- tests --- */

/* every personality that has a secret, both algorithms, with and without PIN */
static void
secrets_are_told(void **state)
{
	static const char *const rows[] = { "yk57", "yk54", "solo", "canokey", "pico", "full",
		"one-secret" };
	struct said a, b, c;
	struct made m;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *who = rows[i / 2];
		token_new(who, PIN);
		assert_int_equal(make(i % 2 ? COSE_EDDSA : COSE_ES256, PIN, &m), FIDO_OK);
		a = ask(&m, NULL);
		b = ask(&m, NULL);
		c = ask(&m, PIN);
		expect_honest(&a, false, who);
		expect_honest(&b, false, who);
		expect_honest(&c, true, who);
		assert_memory_equal(a.secret, b.secret, 64);
		assert_int_equal(
		    memcmp(a.secret, c.secret, 64) == 0, strcmp(who, "one-secret") == 0);
		assert_true(upneeded >= 4);
		softtoken_free(soft);
	}
}

struct lie {
	const char *fault;
	bool (*shows)(const struct said *honest, const struct said *s);
};

static bool
shows_status(const struct said *h, const struct said *s)
{
	(void)h;
	return s->status != FIDO_OK;
}

static bool
shows_no_secret(const struct said *h, const struct said *s)
{
	(void)h;
	return s->status != FIDO_OK || s->secret_len < 32;
}

static bool
shows_no_up(const struct said *h, const struct said *s)
{
	(void)h;
	return s->status != FIDO_OK || (!(s->flags & 1) && s->right_signature);
}

static bool
shows_no_uv(const struct said *h, const struct said *s)
{
	(void)h;
	return s->status != FIDO_OK || (!(s->flags & 4) && s->right_signature);
}

static bool
shows_wrong_rp(const struct said *h, const struct said *s)
{
	(void)h;
	return s->status != FIDO_OK || (!s->right_rp && s->right_signature);
}

static bool
shows_bad_signature(const struct said *h, const struct said *s)
{
	return s->status == FIDO_OK && !s->right_signature && s->right_id &&
	    memcmp(h->secret, s->secret, 64) == 0;
}

static bool
shows_other_id(const struct said *h, const struct said *s)
{
	(void)h;
	return s->status == FIDO_OK && !s->right_id && s->secret_len == 64;
}

static bool
shows_other_secret(const struct said *h, const struct said *s)
{
	return s->status == FIDO_OK && s->right_signature && s->secret_len == 64 &&
	    memcmp(h->secret, s->secret, 64) != 0;
}

/* the old answer is encrypted to a key of that time */
static bool
shows_replay(const struct said *h, const struct said *s)
{
	return s->status == FIDO_OK && s->right_id && memcmp(h->secret, s->secret, 64) != 0;
}

static const struct lie lies[] = {
	{ "short-secret:assert", shows_no_secret },
	{ "no-secret:assert", shows_no_secret },
	{ "unstable-secret", shows_other_secret },
	{ "no-up:assert", shows_no_up },
	{ "no-uv:assert", shows_no_uv },
	{ "wrong-rp:assert", shows_wrong_rp },
	{ "bad-signature:assert", shows_bad_signature },
	{ "other-credential", shows_other_id },
	{ "replay", shows_replay },
	{ "huge-cbor:assert", shows_status },
	{ "garbage:assert", shows_status },
	{ "error=0x2f:assert", shows_status },
	{ "drop:assert", shows_status },
	{ "truncated:assert", shows_status },
	{ "lost-frame:assert", shows_status },
	{ "wrong-channel:assert", shows_status },
	{ "wrong-seq:assert", shows_status },
	{ "busy:assert", shows_status },
	{ "unplug@0:assert", shows_status },
	{ "unplug@1:assert", shows_status },
	{ "unplug@2:assert", shows_status },
};

static void
every_lie_shows(void **state)
{
	struct said honest, s;
	struct made m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		token_new("yk57", PIN);
		assert_int_equal(make(COSE_ES256, PIN, &m), FIDO_OK);
		honest = ask(&m, PIN);
		expect_honest(&honest, true, lies[i].fault);
		assert_int_equal(softtoken_fault(soft, lies[i].fault), ERR_OK);
		s = ask(&m, PIN);
		if (!lies[i].shows(&honest, &s))
			fail_msg("%s does not show", lies[i].fault);
		assert_int_equal(softtoken_fault(soft, "none"), ERR_OK);
		softtoken_unplug(soft);
		softtoken_plug(soft);
		s = ask(&m, PIN);
		expect_honest(&s, true, lies[i].fault);
		assert_memory_equal(s.secret, honest.secret, 64);
		softtoken_free(soft);
	}
}

/* The trap of the notes: a late answer must not be taken for the next one. */
static void
stale_answers_come_first(void **state)
{
	struct said s;
	struct made m;

	(void)state;
	token_new("yk57", NULL);
	assert_int_equal(make(COSE_ES256, NULL, &m), FIDO_OK);
	assert_int_equal(softtoken_fault(soft, "stale:assert*1"), ERR_OK);
	s = ask(&m, NULL);
	assert_true(s.status != FIDO_OK || s.secret_len == 0);
	s = ask(&m, NULL);
	expect_honest(&s, false, "after stale");
	softtoken_free(soft);
}

static void
slow_answers_are_waited_for(void **state)
{
	struct said s;
	struct made m;
	uint64_t before;

	(void)state;
	token_new("yk57", NULL);
	assert_int_equal(make(COSE_ES256, NULL, &m), FIDO_OK);
	assert_int_equal(softtoken_fault(soft, "slow=5000:assert*1"), ERR_OK);
	before = softtoken_now(soft);
	s = ask(&m, NULL);
	expect_honest(&s, false, "slow");
	assert_int_equal(softtoken_now(soft) - before, 5000);
	softtoken_free(soft);
}

static void
lies_at_enrolment(void **state)
{
	static const char *const faults[] = { "wrong-rp:make", "no-uv:make", "no-up:make",
		"bad-signature:make", "huge-cbor:make", "garbage:make", "no-secret:make" };
	fido_cred_t *cred;
	fido_dev_t *dev;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		token_new("yk57", PIN);
		assert_int_equal(softtoken_fault(soft, faults[i]), ERR_OK);
		cred = cred_ask(COSE_ES256);
		dev = dev_open();
		r = fido_dev_make_cred(dev, cred, PIN);
		if (r == FIDO_OK)
			r = fido_cred_set_uv(cred, FIDO_OPT_TRUE);
		if (r == FIDO_OK)
			r = fido_cred_verify_self(cred);
		if (r == FIDO_OK)
			fail_msg("%s does not show", faults[i]);
		fido_cred_free(&cred);
		dev_close(&dev);
		softtoken_free(soft);
	}
}

static void
touches_are_needed(void **state)
{
	struct said s;
	struct made m;

	(void)state;
	token_new("solo", NULL);
	assert_int_equal(make(COSE_ES256, NULL, &m), FIDO_OK);
	softtoken_touch_mode(soft, SOFTTOKEN_TOUCH_NEVER, 0);
	s = ask(&m, NULL);
	assert_int_equal(s.status, FIDO_ERR_USER_ACTION_TIMEOUT);
	softtoken_touch_mode(soft, SOFTTOKEN_TOUCH_DELAY, 3000);
	upneeded = 0;
	s = ask(&m, NULL);
	expect_honest(&s, false, "late touch");
	assert_in_range(upneeded, 29, 31);
	softtoken_free(soft);
}

static void
personalities_refuse(void **state)
{
	struct made m;

	(void)state;
	token_new("pin-blocked", NULL);
	assert_int_equal(make(COSE_ES256, PIN, &m), FIDO_ERR_PIN_BLOCKED);
	softtoken_free(soft);
	token_new("alwaysuv", PIN);
	assert_int_equal(make(COSE_ES256, NULL, &m), FIDO_ERR_PIN_REQUIRED);
	assert_int_equal(make(COSE_ES256, PIN, &m), FIDO_OK);
	assert_int_equal(ask(&m, NULL).status, FIDO_ERR_PIN_REQUIRED);
	softtoken_free(soft);
	token_new("credprotect3-only", PIN);
	assert_int_equal(make(COSE_ES256, PIN, &m), FIDO_OK);
	assert_int_equal(ask(&m, NULL).status, FIDO_ERR_NO_CREDENTIALS);
	assert_int_equal(ask(&m, PIN).status, FIDO_OK);
	softtoken_free(soft);
	token_new("yk57", PIN);
	assert_int_equal(make(COSE_ES256, "4321", &m), FIDO_ERR_PIN_INVALID);
	assert_int_equal(make(COSE_ES256, "4321", &m), FIDO_ERR_PIN_INVALID);
	assert_int_equal(make(COSE_ES256, "4321", &m), FIDO_ERR_PIN_AUTH_BLOCKED);
	assert_int_equal(make(COSE_ES256, PIN, &m), FIDO_ERR_PIN_AUTH_BLOCKED);
	softtoken_unplug(soft);
	softtoken_plug(soft);
	assert_int_equal(make(COSE_ES256, PIN, &m), FIDO_OK);
	softtoken_free(soft);
}

static int
setup(void **state)
{
	(void)state;
	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_told),
		cmocka_unit_test(every_lie_shows),
		cmocka_unit_test(stale_answers_come_first),
		cmocka_unit_test(slow_answers_are_waited_for),
		cmocka_unit_test(lies_at_enrolment),
		cmocka_unit_test(touches_are_needed),
		cmocka_unit_test(personalities_refuse),
	};

	return cmocka_run_group_tests_name("softtoken_fido", tests, setup, NULL);
}
