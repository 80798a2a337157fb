/*
 * The judge of logins.  Each case names the check that it proves: tests/e2e/91-pam-checks.sh takes
 * the checks out of the code, one at a time, and expects this program to fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "pam/verify/checker.h"

#define RP	"ownkey:vault"
#define UP	0x01
#define UV	0x04
#define COUNTER 7

struct key {
	int64_t alg;
	uint8_t priv[32], pub[64];
	size_t pub_len;
	const char *id;
};

static struct key es = { .alg = TOKEN_ES256, .id = "credential es" };
static struct key ed = { .alg = TOKEN_EDDSA, .id = "credential ed" };
static struct checker checker;

/* What a token would say, and may be spoilt before it is. */
struct said {
	uint8_t authdata[64], sig[128];
	size_t auth_len, sig_len;
	struct span id;
};

static int
setup(void **state)
{
	(void)state;
	assert_int_equal(crypto_init(), ERR_OK);
	memset(es.priv, 0x11, 32);
	memset(ed.priv, 0x22, 32);
	assert_int_equal(crypto_p256_public(es.priv, es.pub), ERR_OK);
	crypto_ed25519_public(ed.priv, ed.pub);
	es.pub_len = 64;
	ed.pub_len = 32;
	return 0;
}

static enum err
take(struct verify_job *q, struct verify_event *ev)
{
	checker_take(&checker, q, ev);
	assert_int_equal(ev->nonce.len, 32);
	return ev->kind == VERIFY_EV_BAD ? (enum err)ev->err : ERR_OK;
}

static enum err
begin(const char *rp, bool probe)
{
	struct verify_job q = { .op = VERIFY_BEGIN, .probe = probe };
	struct verify_event ev;

	memset(&checker, 0, sizeof checker);
	q.rp_id = span_str(rp);
	q.host = SPAN_LIT("host");
	q.service = SPAN_LIT("sudo");
	q.user = SPAN_LIT("user");
	return take(&q, &ev);
}

static void
sign_cdh(const struct key *k, const uint8_t cdh[32], struct said *s)
{
	struct buf msg = BUF_INIT, der = BUF_INIT;

	buf_put(&msg, s->authdata, s->auth_len);
	buf_put(&msg, cdh, 32);
	if (k->alg == TOKEN_ES256) {
		assert_int_equal(crypto_p256_sign(k->priv, buf_span(&msg), &der), ERR_OK);
		memcpy(s->sig, der.p, der.len);
		s->sig_len = der.len;
	} else {
		crypto_ed25519_sign(k->priv, k->pub, buf_span(&msg), s->sig);
		s->sig_len = 64;
	}
	buf_done(&msg);
	buf_done(&der);
}

static void
say(const struct key *k, const char *rp, uint8_t flags, struct said *s)
{
	*s = (struct said){ .auth_len = 37, .id = span_str(k->id) };
	crypto_sha256(span_str(rp), s->authdata);
	s->authdata[32] = flags;
	s->authdata[36] = COUNTER;
	sign_cdh(k, checker.nonce.cdh, s);
}

static struct verify_cred
row(const struct key *k, bool uv)
{
	struct verify_cred c = { .alg = k->alg, .up = true, .uv = uv };

	c.cred_id = span_str(k->id);
	c.pubkey = SPAN(k->pub, k->pub_len);
	wire_mark(&verify_cred_map, &c);
	return c;
}

/* Over the wire, as the module would. */
static enum err
check(const struct verify_cred *rows, size_t n, const struct said *s, struct verify_event *ev)
{
	struct verify_job q = { .op = VERIFY_CHECK }, back;
	struct buf b = BUF_INIT;
	enum err e;

	q.creds = (struct wire_list){ .v = rows, .n = n };
	q.cred_id = s->id;
	q.authdata = SPAN(s->authdata, s->auth_len);
	q.sig = SPAN(s->sig, s->sig_len);
	wire_mark(&verify_job_map, &q);
	assert_int_equal(wire_encode(&verify_job_map, &q, &b), ERR_OK);
	assert_int_equal(wire_decode(&verify_job_map, buf_span(&b), &back), ERR_OK);
	e = take(&back, ev);
	buf_done(&b);
	return e;
}

/* One answer of one key, wanted with a touch, and with its PIN if uv. */
static enum err
judge(const struct key *k, bool uv, const struct said *s)
{
	struct verify_cred c = row(k, uv);
	struct verify_event ev;

	checker.checks = 0;
	return check(&c, 1, s, &ev);
}

static void
test_good(void **state)
{
	const struct key *keys[] = { &es, &ed };
	struct verify_cred rows[2];
	struct verify_event ev;
	struct said s;

	(void)state;
	rows[0] = row(&es, true);
	rows[1] = row(&ed, false);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(begin(RP, false), ERR_OK);
		say(keys[i], RP, UP | UV, &s);
		assert_int_equal(check(rows, 2, &s, &ev), ERR_OK);
		assert_int_equal(ev.kind, VERIFY_EV_GOOD);
		assert_int_equal(ev.index, i);
		assert_int_equal(ev.counter, COUNTER);
		assert_true(ev.up && ev.uv);
		assert_memory_equal(ev.nonce.p, checker.nonce.nonce, 32);
		/* it is the last word */
		assert_int_equal(check(rows, 2, &s, &ev), ERR_VERIFY_ANSWER);
	}
}

/* proves: signature, rpIdHash (first 32 bytes are compared before it) */
static void
test_each_bit_of_authdata(void **state)
{
	const struct key *keys[] = { &es, &ed };
	struct said s;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(begin(RP, false), ERR_OK);
		say(keys[k], RP, UP | UV, &s);
		for (size_t bit = 0; bit < 37 * 8; bit++) {
			s.authdata[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(judge(keys[k], false, &s),
			    bit < 32 * 8 ? ERR_LIE_RP : ERR_LIE_SIGNATURE);
			s.authdata[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(judge(keys[k], false, &s), ERR_OK);
	}
}

/* proves: signature */
static void
test_each_bit_of_signature(void **state)
{
	const struct key *keys[] = { &es, &ed };
	struct said s;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(begin(RP, false), ERR_OK);
		say(keys[k], RP, UP | UV, &s);
		for (size_t bit = 0; bit < s.sig_len * 8; bit++) {
			s.sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(judge(keys[k], false, &s), ERR_LIE_SIGNATURE);
			s.sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		s.sig_len--;
		assert_int_equal(judge(keys[k], false, &s), ERR_LIE_SIGNATURE);
		s.sig_len++;
		assert_int_equal(judge(keys[k], false, &s), ERR_OK);
	}
}

/* proves: the nonce, and each thing that is logged in to, is in what is signed */
static void
test_fresh(void **state)
{
	struct said s;
	uint8_t cdh[32];

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	memcpy(cdh, checker.nonce.cdh, 32);
	assert_int_equal(judge(&es, false, &s), ERR_OK);
	/* the same answer at the next login */
	assert_int_equal(begin(RP, false), ERR_OK);
	assert_memory_not_equal(cdh, checker.nonce.cdh, 32);
	assert_int_equal(judge(&es, false, &s), ERR_LIE_SIGNATURE);
	for (size_t bit = 0; bit < 256; bit++) {
		memcpy(cdh, checker.nonce.cdh, 32);
		cdh[bit / 8] ^= (uint8_t)(1 << bit % 8);
		sign_cdh(&es, cdh, &s);
		assert_int_equal(judge(&es, false, &s), ERR_LIE_SIGNATURE);
	}
}

/* DESIGN 7, put together by hand */
static void
test_client_data(void **state)
{
	static const char request[] = "\0\4host\0\4sudo\0\4user";
	uint8_t h[32], want[32];
	struct span v[] = { SPAN_LIT("ownkey1 pam"), SPAN("", 1), SPAN(checker.nonce.nonce, 32),
		SPAN(h, 32) };

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	crypto_sha256(SPAN(request, sizeof request - 1), h);
	crypto_sha256v(v, 4, want);
	assert_memory_equal(want, checker.nonce.cdh, 32);
}

/* proves: rpIdHash; all else is true and signed */
static void
test_other_party(void **state)
{
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, "example.org", UP | UV, &s);
	assert_int_equal(judge(&es, false, &s), ERR_LIE_RP);
}

/* proves: UP; signed */
static void
test_no_touch(void **state)
{
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UV, &s);
	assert_int_equal(judge(&es, false, &s), ERR_LIE_PRESENCE);
}

/* proves: UV; signed */
static void
test_no_pin(void **state)
{
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	assert_int_equal(judge(&es, true, &s), ERR_LIE_VERIFIED);
	assert_int_equal(judge(&es, false, &s), ERR_OK);
}

/* proves: the credential that answered is one of the list, and its own key counts */
static void
test_credential(void **state)
{
	struct verify_cred rows[2];
	struct verify_event ev;
	struct said s;

	(void)state;
	rows[0] = row(&es, false);
	rows[1] = row(&ed, false);
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	s.id = SPAN_LIT("another");
	assert_int_equal(check(rows, 2, &s, &ev), ERR_LIE_CREDENTIAL);
	s.id = SPAN_LIT("credential e");
	assert_int_equal(check(rows, 2, &s, &ev), ERR_LIE_CREDENTIAL);
	s.id = rows[1].cred_id; /* signed by the first */
	assert_int_equal(check(rows, 2, &s, &ev), ERR_LIE_SIGNATURE);
	s.id = rows[0].cred_id;
	assert_int_equal(check(rows + 1, 1, &s, &ev), ERR_LIE_CREDENTIAL);
	assert_int_equal(check(rows, 0, &s, &ev), ERR_LIE_CREDENTIAL);
	assert_int_equal(check(rows, 2, &s, &ev), ERR_OK);
}

/* proves: the judgement that the vault shares compares ids, too */
static void
test_judged_credential(void **state)
{
	struct token_expect x = { .rp_id = RP, .cdh = checker.nonce.cdh, .alg = es.alg };
	struct token_event ev = { 0 };
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	x.pubkey = SPAN(es.pub, 64);
	x.cred_id = SPAN_LIT("another");
	ev.cred_id = s.id;
	ev.authdata = SPAN(s.authdata, s.auth_len);
	ev.sig = SPAN(s.sig, s.sig_len);
	assert_int_equal(token_judge(&x, &ev), ERR_LIE_CREDENTIAL);
	x.cred_id = s.id;
	assert_int_equal(token_judge(&x, &ev), ERR_OK);
	/* the rest of the key is there, but not ours to read */
	x.pubkey.len = 32;
	assert_int_equal(token_judge(&x, &ev), ERR_LIE_SIGNATURE);
}

/* proves: algorithm and length of the key */
static void
test_algorithm(void **state)
{
	struct verify_cred c = row(&es, false);
	struct verify_event ev;
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	c.alg = TOKEN_EDDSA;
	assert_int_equal(check(&c, 1, &s, &ev), ERR_LIE_SIGNATURE);
	c.alg = -257;
	assert_int_equal(check(&c, 1, &s, &ev), ERR_LIE_SIGNATURE);
	c.alg = TOKEN_ES256;
	c.pubkey.len = 32;
	assert_int_equal(check(&c, 1, &s, &ev), ERR_LIE_SIGNATURE);
	c.pubkey = SPAN(ed.pub, 64); /* no point of the curve */
	assert_int_equal(check(&c, 1, &s, &ev), ERR_LIE_SIGNATURE);
}

static void
test_short(void **state)
{
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	for (s.auth_len = 1; s.auth_len < 37; s.auth_len++) {
		sign_cdh(&es, checker.nonce.cdh, &s);
		assert_int_equal(judge(&es, false, &s), ERR_LIE_FORMAT);
	}
}

/* proves: what a probe has signed logs nobody in */
static void
test_probe(void **state)
{
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, true), ERR_OK);
	say(&es, RP, 0, &s);
	assert_int_equal(judge(&es, true, &s), ERR_OK);
	/* with the same nonce, even */
	checker.over = checker.probe = false;
	assert_int_equal(judge(&es, false, &s), ERR_LIE_PRESENCE);
	say(&es, RP, UP, &s);
	crypto_sha256(SPAN_NONE, checker.nonce.cdh);
	assert_int_equal(judge(&es, false, &s), ERR_LIE_SIGNATURE);
}

/* proves: order, and that there is an end */
static void
test_order(void **state)
{
	struct verify_cred c = row(&es, false);
	struct verify_job q = { .op = VERIFY_CHECK };
	struct verify_event ev;
	struct said s;

	(void)state;
	memset(&checker, 0, sizeof checker);
	assert_int_equal(take(&q, &ev), ERR_VERIFY_ANSWER);
	assert_true(checker.over);
	assert_int_equal(begin("", false), ERR_VERIFY_ANSWER);
	assert_int_equal(begin(RP, false), ERR_OK);
	q.op = VERIFY_BEGIN;
	q.rp_id = SPAN_LIT(RP);
	q.service = q.user = SPAN_LIT("x");
	assert_int_equal(take(&q, &ev), ERR_VERIFY_ANSWER);
	assert_int_equal(begin(RP, false), ERR_OK);
	say(&es, RP, UP, &s);
	s.sig[9] ^= 1;
	for (int i = 0; i < VERIFY_CHECKS; i++)
		assert_int_equal(check(&c, 1, &s, &ev), ERR_LIE_SIGNATURE);
	s.sig[9] ^= 1;
	assert_int_equal(check(&c, 1, &s, &ev), ERR_VERIFY_ANSWER);
	assert_true(checker.over);
}

/* --- an ssh agent --- */

static enum err
ssh_begin(void)
{
	struct verify_job q = { .op = VERIFY_BEGIN_SSH };
	struct verify_event ev;

	memset(&checker, 0, sizeof checker);
	q.host = SPAN_LIT("host");
	q.service = SPAN_LIT("sudo");
	q.user = SPAN_LIT("user");
	return take(&q, &ev);
}

static enum err
ssh_check(void)
{
	struct verify_job q = {
		.op = VERIFY_CHECK_SSH, .key = SPAN_LIT("k"), .sig = SPAN_LIT("x")
	};
	struct verify_event ev;

	return take(&q, &ev);
}

/* proves: a token's login is not made by an agent, nor the other way round */
static void
test_kinds_apart(void **state)
{
	struct said s;

	(void)state;
	assert_int_equal(begin(RP, false), ERR_OK);
	assert_int_equal(ssh_check(), ERR_VERIFY_ANSWER);
	assert_int_equal(ssh_begin(), ERR_OK);
	say(&ed, RP, UP, &s);
	assert_int_equal(judge(&ed, false, &s), ERR_VERIFY_ANSWER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_each_bit_of_authdata),
		cmocka_unit_test(test_each_bit_of_signature),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_client_data),
		cmocka_unit_test(test_other_party),
		cmocka_unit_test(test_no_touch),
		cmocka_unit_test(test_no_pin),
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_judged_credential),
		cmocka_unit_test(test_algorithm),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_kinds_apart),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
