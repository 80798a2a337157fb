/* lib/sshkey.h against ssh-keygen: its keys and certificates are read, each takes the other's
 * signatures.  New keys at each run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/sshkey_rig.h"

static const struct {
	const char *file;
	const char *args;
	enum sshkey_type type;
} made[] = {
	{ "ed", "-t ed25519", SSHKEY_ED25519 },
	{ "rsa", "-t rsa -b 2048", SSHKEY_RSA },
	{ "rsa3", "-t rsa -b 3072", SSHKEY_RSA },
	{ "p256", "-t ecdsa -b 256", SSHKEY_P256 },
	{ "p384", "-t ecdsa -b 384", SSHKEY_P384 },
	{ "p521", "-t ecdsa -b 521", SSHKEY_P521 },
};
#define MADE (sizeof(made) / sizeof(made[0]))

static int
setup(void **state)
{
	(void)state;
	if (crypto_init() || sec_arena_open(256 * 1024, true, true))
		return -1;
	rig_open();
	for (unsigned i = 0; i < MADE; i++)
		if (rig_run(
			"ssh-keygen -q %s -N '' -C 'a comment' -f %s", made[i].args, made[i].file))
			return -1;
	return rig_run("ssh-keygen -q -t ed25519 -N '' -f ca");
}

static int
teardown(void **state)
{
	(void)state;
	rig_close();
	sec_arena_close();
	return 0;
}

static void
load(const char *name, struct sshkey_private *k)
{
	struct buf part = BUF_INIT;
	struct ssh_reader r;
	struct span comment;

	rig_private(name, &part);
	r = ssh_reader(buf_span(&part));
	assert_int_equal(sshkey_parse_private(&r, k), ERR_OK);
	comment = ssh_read_string(&r, 255);
	assert_true(span_is(comment, "a comment"));
	buf_done(&part);
}

static void
test_names(void **state)
{
	enum sshkey_type t;
	bool cert;

	(void)state;
	for (unsigned i = 0; i < SSHKEY_TYPES; i++) {
		assert_int_equal(sshkey_type_of(span_str(sshkey_name(i, true)), &t, &cert), ERR_OK);
		assert_true(t == i && cert);
		assert_int_equal(
		    sshkey_type_of(span_str(sshkey_name(i, false)), &t, &cert), ERR_OK);
		assert_true(t == i && !cert);
		assert_true(sshkey_type_of_alg(span_str(sshkey_alg(i)), &t) && t == i);
	}
	assert_false(sshkey_type_of_alg(SPAN_LIT("dsa"), &t));
	assert_int_equal(sshkey_type_of(SPAN_LIT("ssh-dss"), &t, NULL), ERR_SSHKEY_KIND);
	assert_int_equal(
	    sshkey_type_of(SPAN_LIT("sk-ssh-ed25519@openssh.com"), &t, NULL), ERR_SSHKEY_KIND);
}

/* Public lines and private files of all kinds; the public half comes out of the private one. */
static void
test_keys(void **state)
{
	char pub[32];

	(void)state;
	for (unsigned i = 0; i < MADE; i++) {
		struct buf blob = BUF_INIT, plain = BUF_INIT, derived = BUF_INIT;
		struct sshkey_private k = { 0 };
		struct sshkey_public p;

		snprintf(pub, sizeof(pub), "%s.pub", made[i].file);
		rig_blob(pub, &blob);
		assert_int_equal(sshkey_parse_public(buf_span(&blob), &p), ERR_OK);
		assert_true(p.type == made[i].type && !p.is_cert);
		assert_int_equal(sshkey_put_plain(&p, &plain), ERR_OK);
		assert_true(span_eq(buf_span(&plain), buf_span(&blob)));
		load(made[i].file, &k);
		assert_int_equal(k.type, made[i].type);
		assert_int_equal(k.cert.len, 0);
		assert_true(span_eq(buf_span(&k.blob), buf_span(&blob)));
		assert_int_equal(
		    sshkey_public_of(k.type, sec_span(&k.canonical), &derived), ERR_OK);
		assert_true(span_eq(buf_span(&derived), buf_span(&blob)));
		sshkey_private_done(&k);
		buf_done(&blob);
		buf_done(&plain);
		buf_done(&derived);
	}
	assert_int_equal(sec_arena_used(), 0);
}

/* What is written is what was read. */
static void
test_private_round_trip(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MADE; i++) {
		struct sshkey_private k = { 0 };
		struct buf part = BUF_INIT;
		struct sec out = { 0 };

		rig_private(made[i].file, &part);
		load(made[i].file, &k);
		assert_int_equal(sec_init(&out, SSHKEY_CANONICAL_MAX), ERR_OK);
		assert_int_equal(
		    sshkey_put_private(k.type, sec_span(&k.canonical), SPAN_NONE, &out), ERR_OK);
		assert_true(out.len < part.len);
		assert_memory_equal(out.p, part.p, out.len);
		sec_done(&out);
		sshkey_private_done(&k);
		buf_done(&part);
	}
}

static void
test_fingerprint(void **state)
{
	struct buf blob = BUF_INIT, fpr = BUF_INIT, said = BUF_INIT;

	(void)state;
	assert_int_equal(rig_run("sh -c 'ssh-keygen -l -f p384.pub >fpr'"), 0);
	rig_blob("p384.pub", &blob);
	sshkey_fingerprint(buf_span(&blob), &fpr);
	rig_read("fpr", &said);
	assert_non_null(strstr(buf_cstr(&said), buf_cstr(&fpr)));
	buf_done(&blob);
	buf_done(&fpr);
	buf_done(&said);
}

/* --- signatures --- */

static void
tbs_of(struct span message, struct buf *out)
{
	uint8_t hash[64];

	crypto_sha512(message, hash);
	buf_put_str(out, "SSHSIG");
	ssh_put_text(out, "test");
	ssh_put_text(out, "");
	ssh_put_text(out, "sha512");
	ssh_put_string(out, SPAN(hash, 64));
}

static void
write_sshsig(struct span blob, struct span sig)
{
	struct buf b = BUF_INIT, text = BUF_INIT;

	buf_put_str(&b, "SSHSIG");
	buf_put_u32(&b, 1);
	ssh_put_string(&b, blob);
	ssh_put_text(&b, "test");
	ssh_put_text(&b, "");
	ssh_put_text(&b, "sha512");
	ssh_put_string(&b, sig);
	buf_put_str(&text, "-----BEGIN SSH SIGNATURE-----\n");
	text_encode(TEXT_BASE64, buf_span(&b), &text);
	buf_put_str(&text, "\n-----END SSH SIGNATURE-----\n");
	rig_write("ours.sig", buf_span(&text));
	buf_done(&b);
	buf_done(&text);
}

/* ssh-keygen accepts ours, and not for another message. */
static void
test_sign(void **state)
{
	struct span message = SPAN_LIT("what is signed\n");

	(void)state;
	rig_write("message", message);
	rig_write("other", SPAN_LIT("something else\n"));
	for (unsigned i = 0; i < 2 * MADE; i++) {
		struct buf tbs = BUF_INIT, sig = BUF_INIT;
		struct sshkey_private k = { 0 };

		load(made[i / 2].file, &k);
		tbs_of(message, &tbs);
		assert_int_equal(sshkey_sign(k.type, sec_span(&k.canonical),
				     i % 2 ? SSHKEY_SHA512 : SSHKEY_SHA256, buf_span(&tbs), &sig),
		    ERR_OK);
		assert_int_equal(
		    sshkey_verify(buf_span(&k.blob), buf_span(&sig), buf_span(&tbs)), ERR_OK);
		write_sshsig(buf_span(&k.blob), buf_span(&sig));
		assert_int_equal(
		    rig_run("ssh-keygen -Y check-novalidate -n test -s ours.sig <message"), 0);
		assert_int_not_equal(
		    rig_run("ssh-keygen -Y check-novalidate -n test -s ours.sig <other"), 0);
		sshkey_private_done(&k);
		buf_done(&tbs);
		buf_done(&sig);
	}
}

/* Ours accepts those of ssh-keygen, as they are, and not with any bit flipped or byte cut off. */
static void
check_signature(struct span blob, struct buf *sig, struct buf *tbs)
{
	assert_int_equal(sshkey_verify(blob, buf_span(sig), buf_span(tbs)), ERR_OK);
	for (size_t i = 0; i < sig->len; i++) {
		sig->p[i] ^= (uint8_t)(1u << (i % 8));
		assert_int_equal(
		    sshkey_verify(blob, buf_span(sig), buf_span(tbs)), ERR_SSHKEY_SIGNATURE);
		sig->p[i] ^= (uint8_t)(1u << (i % 8));
		assert_int_equal(
		    sshkey_verify(blob, SPAN(sig->p, i), buf_span(tbs)), ERR_SSHKEY_SIGNATURE);
	}
	tbs->p[tbs->len - 1] ^= 1;
	assert_int_equal(sshkey_verify(blob, buf_span(sig), buf_span(tbs)), ERR_SSHKEY_SIGNATURE);
}

static void
test_verify(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MADE; i++) {
		struct buf file = BUF_INIT, tbs = BUF_INIT, sig = BUF_INIT;
		struct ssh_reader r;
		struct span blob;

		rig_write("theirs", SPAN_LIT("text"));
		assert_int_equal(
		    rig_run("rm -f theirs.sig && ssh-keygen -Y sign -f %s -n test theirs",
			made[i].file),
		    0);
		rig_armour("theirs.sig", &file);
		r = ssh_reader(buf_span(&file));
		ssh_read_bytes(&r, 10);
		blob = ssh_read_string(&r, SSHKEY_BLOB_MAX);
		for (int j = 0; j < 3; j++)
			ssh_read_string(&r, 64);
		buf_put_span(&sig, ssh_read_string(&r, SSHKEY_BLOB_MAX));
		assert_int_equal(ssh_reader_end(&r), ERR_OK);
		tbs_of(SPAN_LIT("text"), &tbs);
		check_signature(blob, &sig, &tbs);
		buf_done(&file);
		buf_done(&tbs);
		buf_done(&sig);
	}
}

/* The algorithm has to fit the key; SHA-1 is none. */
static void
test_wrong_algorithm(void **state)
{
	static const char *const names[] = { "ssh-rsa", "rsa-sha2-256", "ssh-ed25519",
		"ecdsa-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com" };
	struct buf sig = BUF_INIT, real = BUF_INIT;
	struct sshkey_private k = { 0 };
	struct ssh_reader r;
	struct span raw;

	(void)state;
	load("rsa", &k);
	assert_int_equal(
	    sshkey_sign(k.type, sec_span(&k.canonical), SSHKEY_SHA512, SPAN_LIT("x"), &real),
	    ERR_OK);
	r = ssh_reader(buf_span(&real));
	assert_true(span_is(ssh_read_string(&r, 64), "rsa-sha2-512"));
	raw = ssh_read_string(&r, SSHKEY_BLOB_MAX);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_reset(&sig);
		ssh_put_text(&sig, names[i]);
		ssh_put_string(&sig, raw);
		assert_int_equal(sshkey_verify(buf_span(&k.blob), buf_span(&sig), SPAN_LIT("x")),
		    ERR_SSHKEY_SIGNATURE);
	}
	sshkey_private_done(&k);
	buf_done(&sig);
	buf_done(&real);
}

/* --- certificates --- */

static void
make_cert(const char *key, const char *ca, const char *args)
{
	assert_int_equal(
	    rig_run("ssh-keygen -q -s %s -I 'who it is' -z 77 %s %s.pub", ca, args, key), 0);
}

static void
test_cert_fields(void **state)
{
	struct buf blob = BUF_INIT, plain = BUF_INIT, want = BUF_INIT, ca = BUF_INIT;
	struct span list, one, data;
	struct sshkey_public k;

	(void)state;
	make_cert("p256", "ca", "-n alice,bob -V 20200101Z:20300101Z -O force-command=ls");
	rig_blob("p256-cert.pub", &blob);
	rig_blob("p256.pub", &want);
	rig_blob("ca.pub", &ca);
	assert_int_equal(sshkey_parse_public(buf_span(&blob), &k), ERR_OK);
	assert_true(k.is_cert && k.type == SSHKEY_P256 && k.cert.type == SSHKEY_CERT_USER);
	assert_true(k.cert.serial == 77 && span_is(k.cert.key_id, "who it is"));
	assert_true(k.cert.valid_after == 1577836800 && k.cert.valid_before == 1893456000);
	assert_true(span_eq(k.cert.ca, buf_span(&ca)) && k.cert.nprincipals == 2);
	list = k.cert.principals;
	assert_true(sshkey_next(&list, &one) && span_is(one, "alice"));
	assert_true(sshkey_next(&list, &one) && span_is(one, "bob"));
	assert_false(sshkey_next(&list, &one));
	list = k.cert.critical;
	assert_true(sshkey_next_option(&list, &one, &data) && span_is(one, "force-command"));
	assert_true(sshkey_next(&data, &one) && span_is(one, "ls"));
	assert_true(k.cert.extensions.len > 0);
	assert_int_equal(sshkey_put_plain(&k, &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), buf_span(&want)));
	buf_done(&blob);
	buf_done(&plain);
	buf_done(&want);
	buf_done(&ca);
}

static enum err
check(const struct sshkey_public *k, enum sshkey_cert_type type, uint64_t now, const char *who)
{
	struct sshkey_cert_want w = { type, now, span_str(who) };

	return sshkey_cert_check(k, &w);
}

/* Each kind of key, signed by each kind of authority. */
static void
test_cert_check(void **state)
{
	char name[64];

	(void)state;
	for (unsigned i = 0; i < MADE; i++) {
		struct buf blob = BUF_INIT;
		struct sshkey_public k;

		make_cert(made[i].file, made[MADE - 1 - i].file, "-h -n host.example -V +1h");
		snprintf(name, sizeof(name), "%s-cert.pub", made[i].file);
		rig_blob(name, &blob);
		assert_int_equal(sshkey_parse_public(buf_span(&blob), &k), ERR_OK);
		uint64_t now = (uint64_t)time(NULL);
		assert_int_equal(check(&k, SSHKEY_CERT_HOST, now, NULL), ERR_OK);
		assert_int_equal(check(&k, SSHKEY_CERT_HOST, now, "host.example"), ERR_OK);
		assert_int_equal(check(&k, SSHKEY_CERT_HOST, now, "host"), ERR_SSHKEY_CERT);
		assert_int_equal(check(&k, SSHKEY_CERT_USER, now, NULL), ERR_SSHKEY_CERT);
		assert_int_equal(check(&k, SSHKEY_CERT_HOST, now + 3601, NULL), ERR_SSHKEY_CERT);
		assert_int_equal(check(&k, SSHKEY_CERT_HOST, now - 3600, NULL), ERR_SSHKEY_CERT);
		/* the serial number is signed, too */
		size_t at = (size_t)(k.cert.key_id.p - blob.p) - 4 - 4 - 8;
		blob.p[at] ^= 1;
		assert_int_equal(sshkey_parse_public(buf_span(&blob), &k), ERR_OK);
		assert_int_equal(check(&k, SSHKEY_CERT_HOST, now, NULL), ERR_SSHKEY_SIGNATURE);
		buf_done(&blob);
	}
}

static void
test_cert_options(void **state)
{
	struct buf blob = BUF_INIT;
	struct sshkey_public k;

	(void)state;
	make_cert("ed", "ca", "-n alice -O critical:zap@example.org=1");
	rig_blob("ed-cert.pub", &blob);
	assert_int_equal(sshkey_parse_public(buf_span(&blob), &k), ERR_OK);
	assert_true(k.cert.valid_before == UINT64_MAX);
	assert_int_equal(check(&k, SSHKEY_CERT_USER, 1, NULL), ERR_SSHKEY_CERT);
	buf_reset(&blob);
	make_cert("ed", "ca", "-n alice -O source-address=10.0.0.0/8 -O verify-required");
	rig_blob("ed-cert.pub", &blob);
	assert_int_equal(sshkey_parse_public(buf_span(&blob), &k), ERR_OK);
	assert_int_equal(check(&k, SSHKEY_CERT_USER, 1, NULL), ERR_OK);
	buf_done(&blob);
}

/* A private part with a certificate, as ssh-add sends it. */
static void
test_cert_private(void **state)
{
	char name[64];

	(void)state;
	for (unsigned i = 0; i < MADE; i++) {
		struct sshkey_private k = { 0 }, back = { 0 };
		struct buf cert = BUF_INIT;
		struct ssh_reader r;
		struct sec out = { 0 };

		make_cert(made[i].file, "ca", "-n alice");
		snprintf(name, sizeof(name), "%s-cert.pub", made[i].file);
		rig_blob(name, &cert);
		load(made[i].file, &k);
		assert_int_equal(sec_init(&out, SSHKEY_CANONICAL_MAX), ERR_OK);
		assert_int_equal(
		    sshkey_put_private(k.type, sec_span(&k.canonical), buf_span(&cert), &out),
		    ERR_OK);
		r = ssh_reader(sec_span(&out));
		assert_int_equal(sshkey_parse_private(&r, &back), ERR_OK);
		assert_int_equal(ssh_reader_end(&r), ERR_OK);
		assert_true(crypto_eq(sec_span(&back.canonical), sec_span(&k.canonical)));
		assert_true(span_eq(buf_span(&back.cert), buf_span(&cert)));
		assert_true(span_eq(buf_span(&back.blob), buf_span(&k.blob)));
		sshkey_private_done(&back);
		sshkey_private_done(&k);
		sec_done(&out);
		buf_done(&cert);
	}
	assert_int_equal(sec_arena_used(), 0);
}

/* --- hostile --- */

/* One bit flipped: if it is a key still, then another one, and no certificate that holds. */
static void
check_flipped(struct span flipped, struct span before)
{
	struct buf plain = BUF_INIT;
	struct sshkey_public k;

	if (sshkey_parse_public(flipped, &k))
		return;
	if (k.is_cert) {
		assert_int_not_equal(check(&k, k.cert.type, 1, NULL), ERR_OK);
		return;
	}
	assert_int_equal(sshkey_put_plain(&k, &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), flipped));
	assert_false(span_eq(buf_span(&plain), before));
	buf_done(&plain);
}

static void
test_public_hostile(void **state)
{
	static const char *const names[] = { "ed.pub", "rsa.pub", "p521.pub", "p256-cert.pub" };

	(void)state;
	make_cert("p256", "ca", "-n alice,bob -O force-command=ls");
	for (unsigned i = 0; i < 4; i++) {
		struct buf blob = BUF_INIT, copy = BUF_INIT;
		struct sshkey_public k;

		rig_blob(names[i], &blob);
		buf_put_span(&copy, buf_span(&blob));
		for (size_t n = 0; n < blob.len; n++)
			assert_int_not_equal(sshkey_parse_public(SPAN(blob.p, n), &k), ERR_OK);
		for (size_t n = 0; n < blob.len * 8; n++) {
			copy.p[n / 8] ^= (uint8_t)(1u << (n % 8));
			check_flipped(buf_span(&copy), buf_span(&blob));
			copy.p[n / 8] ^= (uint8_t)(1u << (n % 8));
		}
		buf_put_u8(&blob, 0);
		assert_int_equal(sshkey_parse_public(buf_span(&blob), &k), ERR_SSHKEY_FORMAT);
		buf_done(&blob);
		buf_done(&copy);
	}
}

/* No byte of a private part can be changed: the halves fit no longer. */
static void
test_private_hostile(void **state)
{
	static const char *const names[] = { "ed", "rsa", "p256", "p521" };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sshkey_private k = { 0 };
		struct buf part = BUF_INIT;
		struct ssh_reader r;
		size_t whole;

		rig_private(names[i], &part);
		r = ssh_reader(buf_span(&part));
		assert_int_equal(sshkey_parse_private(&r, &k), ERR_OK);
		sshkey_private_done(&k);
		whole = part.len - r.left.len;
		for (size_t n = 0; n < whole; n++) {
			r = ssh_reader(SPAN(part.p, n));
			assert_int_not_equal(sshkey_parse_private(&r, &k), ERR_OK);
			part.p[n] ^= (uint8_t)(1u << (n % 8));
			r = ssh_reader(SPAN(part.p, whole));
			assert_int_not_equal(sshkey_parse_private(&r, &k), ERR_OK);
			part.p[n] ^= (uint8_t)(1u << (n % 8));
		}
		buf_done(&part);
	}
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_rsa_weak(void **state)
{
	struct buf blob = BUF_INIT, part = BUF_INIT;
	struct sshkey_private k = { 0 };
	struct sshkey_public p;
	struct ssh_reader r;

	(void)state;
	assert_int_equal(rig_run("ssh-keygen -q -t rsa -b 1024 -N '' -f weak"), 0);
	rig_blob("weak.pub", &blob);
	assert_int_equal(sshkey_parse_public(buf_span(&blob), &p), ERR_SSHKEY_WEAK);
	rig_private("weak", &part);
	r = ssh_reader(buf_span(&part));
	assert_int_equal(sshkey_parse_private(&r, &k), ERR_SSHKEY_WEAK);
	buf_done(&blob);
	buf_done(&part);
}

/* Lists that lie about their number, and numbers that are not minimal. */
static void
test_wire(void **state)
{
	static const uint8_t loose[] = { 0, 0, 0, 2, 0, 1 }, minus[] = { 0, 0, 0, 1, 0x80 },
			     zero[] = { 0, 0, 0, 1, 0 }, good[] = { 0, 0, 0, 2, 0, 0x80 },
			     lie[] = { 0xff, 0xff, 0xff, 0xff, 1 };
	struct buf b = BUF_INIT;
	struct ssh_reader r;

	(void)state;
	r = ssh_reader(SPAN(loose, 6));
	ssh_read_mpint(&r, 64);
	assert_int_equal(ssh_reader_err(&r), ERR_SSHKEY_FORMAT);
	r = ssh_reader(SPAN(minus, 5));
	ssh_read_mpint(&r, 64);
	assert_int_equal(ssh_reader_err(&r), ERR_SSHKEY_FORMAT);
	r = ssh_reader(SPAN(zero, 5));
	ssh_read_mpint(&r, 64);
	assert_int_equal(ssh_reader_err(&r), ERR_SSHKEY_FORMAT);
	r = ssh_reader(SPAN(lie, 5));
	ssh_read_string(&r, SIZE_MAX);
	assert_int_equal(ssh_reader_err(&r), ERR_SSHKEY_FORMAT);
	assert_int_equal(ssh_read_u64(&r), 0);
	r = ssh_reader(SPAN(good, 6));
	ssh_put_mpint(&b, ssh_read_mpint(&r, 1));
	assert_int_equal(ssh_reader_end(&r), ERR_OK);
	assert_true(span_eq(buf_span(&b), SPAN(good, 6)));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_private_round_trip),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_wrong_algorithm),
		cmocka_unit_test(test_cert_fields),
		cmocka_unit_test(test_cert_check),
		cmocka_unit_test(test_cert_options),
		cmocka_unit_test(test_cert_private),
		cmocka_unit_test(test_public_hostile),
		cmocka_unit_test(test_private_hostile),
		cmocka_unit_test(test_rsa_weak),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
