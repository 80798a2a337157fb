/*
 * Logins that an ssh agent signs: message, signature, key, flags.  Each case names the check that
 * it proves; tests/e2e/91-pam-checks.sh takes the checks out of the code and expects a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/sshkey.h"
#include "lib/sshkey_sk.h"
#include "pam/verify/checker.h"
#include "tests/unit/sshkey_rig.h"

#define UP 0x01
#define UV 0x04

static struct checker checker;
static uint8_t priv[32], point[32], scalar[32], nist[65];
static struct buf plain, sk, sk_ec; /* public keys */

static int
setup(void **state)
{
	(void)state;
	assert_int_equal(crypto_init(), ERR_OK);
	memset(priv, 0x22, 32);
	memset(scalar, 0x11, 32);
	crypto_ed25519_public(priv, point);
	assert_int_equal(crypto_ecdsa_public(CRYPTO_NIST_P256, scalar, nist), ERR_OK);
	ssh_put_text(&plain, "ssh-ed25519");
	ssh_put_string(&plain, SPAN(point, 32));
	ssh_put_text(&sk, "sk-ssh-ed25519@openssh.com");
	ssh_put_string(&sk, SPAN(point, 32));
	ssh_put_text(&sk, "ssh:");
	ssh_put_text(&sk_ec, "sk-ecdsa-sha2-nistp256@openssh.com");
	ssh_put_text(&sk_ec, "nistp256");
	ssh_put_string(&sk_ec, SPAN(nist, 65));
	ssh_put_text(&sk_ec, "ssh:");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&plain);
	buf_done(&sk);
	buf_done(&sk_ec);
	return 0;
}

static enum err
take(struct verify_job *q, struct verify_event *ev)
{
	checker_take(&checker, q, ev);
	assert_int_equal(ev->nonce.len, 32);
	return ev->kind == VERIFY_EV_BAD ? (enum err)ev->err : ERR_OK;
}

static struct verify_event
begin(const char *host, const char *service, const char *user)
{
	struct verify_job q = { .op = VERIFY_BEGIN_SSH };
	struct verify_event ev;

	memset(&checker, 0, sizeof checker);
	q.host = span_str(host);
	q.service = span_str(service);
	q.user = span_str(user);
	assert_int_equal(take(&q, &ev), ERR_OK);
	return ev;
}

static struct verify_event last;

static enum err
check(struct span key, struct span sig, const struct verify_key *keys, size_t n)
{
	struct verify_job q = { .op = VERIFY_CHECK_SSH, .key = key, .sig = sig }, back;
	struct verify_key marked[4];
	struct buf b = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		marked[i] = keys[i];
		wire_mark(&verify_key_map, &marked[i]);
	}
	q.keys = (struct wire_list){ .v = marked, .n = n };
	wire_mark(&verify_job_map, &q);
	assert_int_equal(wire_encode(&verify_job_map, &q, &b), ERR_OK);
	assert_int_equal(wire_decode(&verify_job_map, buf_span(&b), &back), ERR_OK);
	checker.checks = 0;
	e = take(&back, &last);
	buf_done(&b);
	return e;
}

static enum err
check_one(struct span key, const struct buf *sig, bool up, bool uv)
{
	struct verify_key k = { .blob = key, .up = up, .uv = uv };

	return check(key, buf_span(sig), &k, 1);
}

static void
sign(struct span tbs, struct buf *sig)
{
	buf_reset(sig);
	assert_int_equal(
	    sshkey_sign(SSHKEY_ED25519, SPAN(priv, 32), SSHKEY_SHA512, tbs, sig), ERR_OK);
}

static struct span
tbs(void)
{
	return SPAN(checker.tbs, checker.tbs_len);
}

/* As a token signs (PROTOCOL.u2f), for that application. */
static void
sign_sk(bool ec, const char *application, uint8_t flags, struct buf *sig)
{
	uint8_t whole[69] = { 0 }, out[64];
	struct buf inner = BUF_INIT;

	crypto_sha256(span_str(application), whole);
	whole[32] = flags;
	whole[36] = 9;
	crypto_sha256(tbs(), whole + 37);
	buf_reset(sig);
	if (ec) {
		assert_int_equal(
		    crypto_ecdsa_sign(CRYPTO_NIST_P256, scalar, SPAN(whole, 69), out), ERR_OK);
		ssh_put_mpint(&inner, SPAN(out, 32));
		ssh_put_mpint(&inner, SPAN(out + 32, 32));
		ssh_put_text(sig, "sk-ecdsa-sha2-nistp256@openssh.com");
	} else {
		crypto_ed25519_sign(priv, point, SPAN(whole, 69), out);
		buf_put(&inner, out, 64);
		ssh_put_text(sig, "sk-ssh-ed25519@openssh.com");
	}
	ssh_put_string(sig, buf_span(&inner));
	buf_put_u8(sig, flags);
	buf_put_u32(sig, 9);
	buf_done(&inner);
}

/* ---- what is signed ---- */

/* proves: the message, byte by byte, and that it comes back; nothing else is one */
static void
test_message(void **state)
{
	static const uint8_t nonce[32] = { 1 };
	struct sshlogin l = { SPAN(nonce, 32), SPAN_LIT("h"), SPAN_LIT("su"), SPAN_LIT("u") }, back;
	struct buf b = BUF_INIT, want = BUF_INIT, signed_ = BUF_INIT;
	uint8_t hash[64];

	(void)state;
	buf_put(&want, "\0\0\0\x0eownkey login 1\0\0\0\x20", 22);
	buf_put(&want, nonce, 32);
	buf_put(&want, "\0\0\0\x01h\0\0\0\x02su\0\0\0\x01u", 16);
	assert_int_equal(sshlogin_put(&l, &b), ERR_OK);
	assert_true(span_eq(buf_span(&b), buf_span(&want)));
	assert_int_equal(sshlogin_parse(buf_span(&b), &back), ERR_OK);
	assert_true(span_is(back.host, "h") && span_is(back.service, "su"));
	assert_true(span_is(back.user, "u") && span_eq(back.nonce, l.nonce));
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(sshlogin_parse(SPAN(b.p, i), &back), ERR_FORMAT);
	for (size_t i = 0; i < 22; i++) {
		b.p[i] ^= 1;
		assert_int_equal(sshlogin_parse(buf_span(&b), &back), ERR_FORMAT);
		b.p[i] ^= 1;
	}
	assert_int_equal(sshlogin_tbs(buf_span(&b), &signed_), ERR_OK);
	crypto_sha512(buf_span(&b), hash);
	buf_reset(&want);
	buf_put(&want, "SSHSIG\0\0\0\x0aownkey-pam\0\0\0\0\0\0\0\x06sha512\0\0\0\x40", 38);
	buf_put(&want, hash, 64);
	assert_true(span_eq(buf_span(&signed_), buf_span(&want)));
	assert_true(sshlogin_is_tbs(buf_span(&signed_)));
	assert_false(sshlogin_is_tbs(SPAN_LIT("SSHSIG\0\0\0\x04"
					      "file")));
	assert_false(sshlogin_is_tbs(SPAN_LIT("SSHSIG\0\0\0\x0aownkey-pa")));
	assert_false(sshlogin_is_tbs(SPAN_NONE));
	buf_put_u8(&b, 0);
	assert_int_equal(sshlogin_parse(buf_span(&b), &back), ERR_FORMAT);
	l.user = SPAN_NONE;
	assert_int_equal(sshlogin_put(&l, &b), ERR_RANGE);
	buf_done(&b);
	buf_done(&want);
	buf_done(&signed_);
}

/* proves: host, service, user, nonce and namespace are in what is signed, and no two logins share
 * what is signed */
static void
test_bound(void **state)
{
	static const char *const about[][3] = { { "host", "sudo", "user" },
		{ "other", "sudo", "user" }, { "host", "su", "user" }, { "host", "sudo", "root" },
		{ "hosts", "udo", "user" }, { "host", "sudo", "user" } };
	static const uint8_t zero[32];
	struct buf sig = BUF_INIT, file = BUF_INIT;
	struct verify_key k = { .blob = buf_span(&plain) };
	struct sshlogin l;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct verify_event ev = begin(about[i][0], about[i][1], about[i][2]);

		/* what was signed for the login before this one */
		if (i)
			assert_int_equal(
			    check(k.blob, buf_span(&sig), &k, 1), ERR_SSHKEY_SIGNATURE);
		assert_int_equal(sshlogin_parse(ev.message, &l), ERR_OK);
		assert_true(span_is(l.host, about[i][0]) && span_is(l.service, about[i][1]));
		assert_true(span_is(l.user, about[i][2]) && span_eq(l.nonce, ev.nonce));
		assert_memory_not_equal(ev.nonce.p, zero, 32);
		buf_reset(&file);
		assert_int_equal(sshlogin_tbs(ev.message, &file), ERR_OK);
		assert_true(span_eq(buf_span(&file), ev.tbs) && sshlogin_is_tbs(ev.tbs));
		sign(ev.tbs, &sig);
		if (i != 4)
			assert_int_equal(check(k.blob, buf_span(&sig), &k, 1), ERR_OK);
	}
	/* the same message for another purpose */
	begin("host", "sudo", "user");
	buf_reset(&file);
	buf_put_str(&file, "SSHSIG");
	ssh_put_text(&file, "file");
	buf_put(&file, checker.tbs + 20, checker.tbs_len - 20);
	sign(buf_span(&file), &sig);
	assert_int_equal(check(k.blob, buf_span(&sig), &k, 1), ERR_SSHKEY_SIGNATURE);
	sign(SPAN(checker.message, checker.message_len), &sig);
	assert_int_equal(check(k.blob, buf_span(&sig), &k, 1), ERR_SSHKEY_SIGNATURE);
	buf_done(&sig);
	buf_done(&file);
}

/* ---- who signed ---- */

/* PROTOCOL.certkeys; who signed it is not looked at */
static void
certificate(struct buf *out)
{
	struct buf sig = BUF_INIT;

	ssh_put_text(out, "ssh-ed25519-cert-v01@openssh.com");
	ssh_put_text(out, "nonce");
	ssh_put_string(out, SPAN(point, 32));
	buf_put_u64(out, 1);
	buf_put_u32(out, SSHKEY_CERT_USER);
	ssh_put_text(out, "id");
	ssh_put_text(out, "");
	buf_put_u64(out, 0);
	buf_put_u64(out, UINT64_MAX);
	for (int i = 0; i < 3; i++)
		ssh_put_text(out, "");
	ssh_put_string(out, buf_span(&plain));
	ssh_put_text(&sig, "ssh-ed25519");
	ssh_put_string(&sig, SPAN(checker.tbs, 64));
	ssh_put_string(out, buf_span(&sig));
	buf_done(&sig);
}

/* proves: signature of the agent, over this nonce, by a key of the list, no certificate, and no
 * touch is proven by a key in a file */
static void
test_file_key(void **state)
{
	struct buf sig = BUF_INIT, cert = BUF_INIT;
	struct verify_key keys[2] = { { .blob = SPAN_LIT("ssh-rsa and so on") } };

	(void)state;
	keys[1].blob = buf_span(&plain);
	begin("host", "sudo", "user");
	sign(tbs(), &sig);
	assert_int_equal(check(keys[1].blob, buf_span(&sig), keys, 1), ERR_LIE_CREDENTIAL);
	for (size_t bit = 0; bit < sig.len * 8; bit++) {
		sig.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    check(keys[1].blob, buf_span(&sig), keys, 2), ERR_SSHKEY_SIGNATURE);
		sig.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(check(keys[0].blob, buf_span(&sig), keys, 2), ERR_SSHKEY_FORMAT);
	certificate(&cert);
	assert_int_equal(check_one(buf_span(&cert), &sig, false, false), ERR_SSHKEY_KIND);
	assert_int_equal(check_one(keys[1].blob, &sig, true, false), ERR_SSHKEY_KIND);
	assert_int_equal(check_one(keys[1].blob, &sig, false, true), ERR_SSHKEY_KIND);
	assert_int_equal(check(keys[1].blob, buf_span(&sig), keys, 2), ERR_OK);
	assert_int_equal(last.index, 1);
	assert_false(last.up || last.uv);
	buf_done(&sig);
	buf_done(&cert);
}

/* proves: touch and PIN of a token's key as its row wants them, in what is signed */
static void
test_token_key(void **state)
{
	struct buf sig = BUF_INIT;

	(void)state;
	for (int ec = 0; ec < 2; ec++) {
		struct span key = buf_span(ec ? &sk_ec : &sk);

		begin("host", "sudo", "user");
		sign_sk(ec, "ssh:", 0, &sig);
		assert_int_equal(check_one(key, &sig, true, false), ERR_LIE_PRESENCE);
		sign_sk(ec, "ssh:", UV, &sig);
		assert_int_equal(check_one(key, &sig, true, true), ERR_LIE_PRESENCE);
		sign_sk(ec, "ssh:", UP, &sig);
		assert_int_equal(check_one(key, &sig, true, true), ERR_LIE_VERIFIED);
		sign_sk(ec, "other", UP, &sig);
		assert_int_equal(check_one(key, &sig, true, false), ERR_SSHKEY_SIGNATURE);
		sign_sk(ec, "ssh:", 0, &sig);
		sig.p[sig.len - 5] = UP; /* says touched, and signed that it was not */
		assert_int_equal(check_one(key, &sig, true, false), ERR_SSHKEY_SIGNATURE);
		sign_sk(!ec, "ssh:", UP, &sig);
		assert_int_equal(check_one(key, &sig, true, false), ERR_SSHKEY_SIGNATURE);
		sign(tbs(), &sig);
		assert_int_equal(check_one(key, &sig, true, false), ERR_SSHKEY_SIGNATURE);
		sign_sk(ec, "ssh:", UP | UV, &sig);
		for (size_t bit = 0; bit < sig.len * 8; bit++) {
			sig.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(check_one(key, &sig, true, true), ERR_SSHKEY_SIGNATURE);
			sig.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(check_one(key, &sig, true, true), ERR_OK);
		assert_true(last.up && last.uv && last.counter == 9);
		begin("host", "sudo", "user");
		sign_sk(ec, "ssh:", 0, &sig);
		assert_int_equal(check_one(key, &sig, false, false), ERR_OK);
	}
	begin("host", "sudo", "user");
	sk.p[sk.len - 1] ^= 1;
	sign_sk(false, "ssh:", UP, &sig);
	assert_int_equal(check_one(buf_span(&sk), &sig, true, false), ERR_SSHKEY_SIGNATURE);
	assert_int_equal(check_one(SPAN(sk.p, sk.len - 1), &sig, true, false), ERR_SSHKEY_FORMAT);
	sk.p[sk.len - 1] ^= 1;
	buf_done(&sig);
}

/* proves: of RSA, SHA-512 alone */
static void
test_rsa(void **state)
{
	struct buf bytes = BUF_INIT, sig = BUF_INIT;
	struct sshkey_private k = { 0 };
	struct ssh_reader r;

	(void)state;
	rig_open();
	assert_int_equal(sec_arena_open((size_t)64 * 1024, false, false), ERR_OK);
	assert_int_equal(rig_run("ssh-keygen -q -t rsa -b 2048 -N '' -f rsa"), 0);
	rig_private("rsa", &bytes);
	r = ssh_reader(buf_span(&bytes));
	assert_int_equal(sshkey_parse_private(&r, &k), ERR_OK);
	begin("host", "sudo", "user");
	assert_int_equal(
	    sshkey_sign(SSHKEY_RSA, sec_span(&k.canonical), SSHKEY_SHA256, tbs(), &sig), ERR_OK);
	assert_int_equal(sshkey_verify(buf_span(&k.blob), buf_span(&sig), tbs()), ERR_OK);
	assert_int_equal(check_one(buf_span(&k.blob), &sig, false, false), ERR_SSHKEY_SIGNATURE);
	buf_reset(&sig);
	assert_int_equal(
	    sshkey_sign(SSHKEY_RSA, sec_span(&k.canonical), SSHKEY_SHA512, tbs(), &sig), ERR_OK);
	assert_int_equal(check_one(buf_span(&k.blob), &sig, false, false), ERR_OK);
	sshkey_private_done(&k);
	sec_arena_close();
	buf_done(&bytes);
	buf_done(&sig);
	rig_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_file_key),
		cmocka_unit_test(test_token_key),
		cmocka_unit_test(test_rsa),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
