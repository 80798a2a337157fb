/* lib/openssh_key.h against ssh-keygen: each cipher, each kind, each form; damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/openssh_key.h"
#include "tests/unit/sshkey_rig.h"

#define PASS "a pass phrase"

static int
setup(void **state)
{
	(void)state;
	if (crypto_init_light() || sec_arena_open(256 * 1024, true, true))
		return -1;
	rig_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	rig_close();
	sec_arena_close();
	return 0;
}

static enum err
open_file(struct span text, struct span pass, struct buf *blob, struct buf *comment)
{
	struct sshkey_private p = { 0 };
	struct openssh_key k;
	enum err e;

	if ((e = openssh_key_parse(text, &k)))
		return e;
	if (!(e = openssh_key_open(&k, pass, &p, comment)))
		buf_put_span(blob, buf_span(&p.blob));
	sshkey_private_done(&p);
	openssh_key_done(&k);
	assert_int_equal(sec_arena_used(), 0);
	return e;
}

/* It opens with its passphrase only, and is the key of the public line. */
static void
check(const char *name, const char *pass, const char *comment)
{
	struct buf text = BUF_INIT, blob = BUF_INIT, want = BUF_INIT, said = BUF_INIT;
	char pub[64];

	snprintf(pub, sizeof(pub), "%s.pub", name);
	rig_read(name, &text);
	rig_blob(pub, &want);
	assert_true(openssh_key_is(buf_span(&text)));
	assert_int_equal(open_file(buf_span(&text), span_str(pass), &blob, &said), ERR_OK);
	assert_true(span_eq(buf_span(&blob), buf_span(&want)));
	assert_true(span_is(buf_span(&said), comment));
	if (pass[0])
		assert_int_equal(
		    open_file(buf_span(&text), SPAN_LIT("wrong"), &blob, &said), ERR_PASS_WRONG);
	buf_done(&text);
	buf_done(&blob);
	buf_done(&want);
	buf_done(&said);
}

static void
test_ciphers(void **state)
{
	static const char *const ciphers[] = { "aes256-ctr", "aes192-ctr", "aes128-ctr",
		"aes256-cbc", "aes128-cbc", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
		"chacha20-poly1305@openssh.com" };

	(void)state;
	for (unsigned i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		assert_int_equal(rig_run("rm -f k k.pub; ssh-keygen -q -t ed25519 -a 2 -Z %s "
					 "-C hello -N '" PASS "' -f k",
				     ciphers[i]),
		    0);
		check("k", PASS, "hello");
	}
	/* as many rounds as it does unasked */
	assert_int_equal(
	    rig_run("rm -f k k.pub; ssh-keygen -q -t ed25519 -C hello -N '" PASS "' -f k"), 0);
	check("k", PASS, "hello");
	assert_int_equal(
	    rig_run("rm -f k k.pub; ssh-keygen -q -t ed25519 -Z 3des-cbc -N x -f k"), 0);
	struct buf text = BUF_INIT;
	struct openssh_key k;
	rig_read("k", &text);
	assert_int_equal(openssh_key_parse(buf_span(&text), &k), ERR_IMPORT_CIPHER);
	buf_done(&text);
}

static void
test_forms(void **state)
{
	static const char *const kinds[] = { "-t rsa -b 2048", "-t ecdsa -b 256", "-t ecdsa -b 384",
		"-t ecdsa -b 521" };
	static const char *const forms[] = { "RFC4716", "PEM", "PKCS8" };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < 6; j++) {
			const char *pass = j < 3 ? "" : PASS;

			assert_int_equal(rig_run("rm -f k k.pub; ssh-keygen -q %s -m %s -a 2 "
						 "-C c -N '%s' -f k",
					     kinds[i], forms[j % 3], pass),
			    0);
			check("k", pass, j % 3 ? "" : "c");
		}
}

/* Cut off anywhere, and bits flipped: an error, or the same key (in white space, comment, check
 * numbers), never another one. */
static void
test_damaged(void **state)
{
	static const char *const makes[] = { "-t ed25519 -N ''",
		"-t ed25519 -a 1 -Z aes256-gcm@openssh.com -N x", "-t ecdsa -m PEM -N ''" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct buf text = BUF_INIT, blob = BUF_INIT, want = BUF_INIT, said = BUF_INIT;

		assert_int_equal(rig_run("rm -f k k.pub; ssh-keygen -q %s -C c -f k", makes[i]), 0);
		rig_read("k", &text);
		rig_blob("k.pub", &want);
		for (size_t n = 0; n + 1 < text.len; n++)
			assert_int_not_equal(
			    open_file(SPAN(text.p, n), SPAN_LIT("x"), &blob, &said), ERR_OK);
		for (size_t n = 0; n < text.len; n++) {
			uint8_t was = text.p[n];

			buf_reset(&blob);
			text.p[n] ^= (uint8_t)(1u << (n * 5 % 7));
			if (!open_file(buf_span(&text), SPAN_LIT("x"), &blob, &said))
				assert_true(span_eq(buf_span(&blob), buf_span(&want)));
			text.p[n] = was;
		}
		buf_done(&text);
		buf_done(&blob);
		buf_done(&want);
		buf_done(&said);
	}
}

static void
test_bcrypt_bounds(void **state)
{
	uint8_t out[32];

	(void)state;
	assert_int_equal(crypto_bcrypt_pbkdf(SPAN_LIT("p"), SPAN_NONE, 1, out, 32), ERR_RANGE);
	assert_int_equal(crypto_bcrypt_pbkdf(SPAN_LIT("p"), SPAN_LIT("s"), 0, out, 32), ERR_RANGE);
	assert_int_equal(
	    crypto_bcrypt_pbkdf(SPAN_LIT("p"), SPAN_LIT("s"), UINT32_MAX, out, 32), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bcrypt_bounds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
