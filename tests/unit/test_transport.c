#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/secrets/transport.h"
#include "hex.h"
#include "lib/crypto_modp.h"

#define DH "dh-ietf1024-sha256-aes128-cbc-pkcs7"

static const char p_hex[] =
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404"
    "ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406"
    "b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff";

static struct span
algorithm(void)
{
	return SPAN_LIT(DH);
}

/* A client of the service, as libsecret is one: its key from what it has and what it is told. */
static void
client_key(struct span priv, const uint8_t *server, uint8_t key[16])
{
	uint8_t shared[128];

	assert_int_equal(crypto_modp_shared(priv, SPAN(server, 128), shared), ERR_OK);
	crypto_hkdf256(SPAN_NONE, SPAN(shared, 128), SPAN_NONE, key, 16);
}

/* ---- known answers ---- */
/* Of oo7's tests (client/src/key.rs): a pair, another's public number, and the key of both. */
static void
test_known(void **state)
{
	static const char priv_hex[] =
	    "29143fecf6846d46ac792d428115f75b60d938c9cd3811b2ca514768e959572058926be038676f4a8f50"
	    "aa280534305a4b47c1e0de395b5142010658894266cf375f435c8ce3f299b9c359ec92f258d7010787fe"
	    "55a5ec6e164f6bfe95a4f35e81c62dd084a60099f3a0ffbc3bd863dd55a274d2a075c927b37b6b08f28b"
	    "cffa";
	static const char theirs_hex[] =
	    "32e94c582fceeb6b09e8620ebcd6d14d23426d7718bf785af2c6f073c84233b408a45909e51fa01f9c65"
	    "a93c3ff725ff4bc63eeb321dddf51df88cd13ed70289524df8f238b076b77c4a1a85bc2f1f8de8c25c12"
	    "450338992a098f51c59fc8c5dd4aba9d9e244a7d0bea21020524cef89b9d919fee13b9c28603c3c63c64"
	    "9f1f";
	static const char ours_hex[] =
	    "09c0d251d4bf4a7716ac518e7c59114776be51473195c8cc0e2f6fa57767d8666f5df24049e0a50b7fdb"
	    "c5bca8defe0a685108ceed77e1644ec459a33fa94dec50f1bd311b28f3e5423550562cd557ba4437d838"
	    "ec33e52cae12578d5547b9cbd090be758dff996a7b1c98c8edbdb01450d3219ee8c2912dc2236c6ad6dd"
	    "9f89";
	uint8_t priv[128], theirs[128], ours[128], pub[128], key[16], want[16];

	(void)state;
	hex_to(priv_hex, priv);
	hex_to(theirs_hex, theirs);
	hex_to(ours_hex, ours);
	hex_to("840371de51d1312b51e8f32e0167b82a", want);
	crypto_modp_public(SPAN(priv, 128), pub);
	assert_memory_equal(pub, ours, 128);
	client_key(SPAN(priv, 128), theirs, key);
	assert_memory_equal(key, want, 16);
}

/* NIST SP 800-38A F.2.1, its first block; behind it stands a block of padding. */
static void
test_known_cbc(void **state)
{
	uint8_t key[16], iv[16], in[16], want[16], out[32], back[32];
	size_t n;

	(void)state;
	hex_to("2b7e151628aed2a6abf7158809cf4f3c", key);
	hex_to("000102030405060708090a0b0c0d0e0f", iv);
	hex_to("6bc1bee22e409f96e93d7e117393172a", in);
	hex_to("7649abac8119b246cee98e9b12e9197d", want);
	assert_int_equal(crypto_aes128_seal(key, iv, SPAN(in, 16), out), ERR_OK);
	assert_memory_equal(out, want, 16);
	assert_int_equal(crypto_aes128_open(key, iv, SPAN(out, 32), back, &n), ERR_OK);
	assert_int_equal(n, 16);
	assert_memory_equal(back, in, 16);
}

/* ---- numbers ---- */
static void
test_bad_numbers(void **state)
{
	uint8_t n[129] = { 0 }, ours[128], before[128];
	struct transport t;

	(void)state;
	memset(ours, 7, sizeof ours);
	memcpy(before, ours, sizeof ours);
	memset(&t, 9, sizeof t);
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 0), ours), ERR_FORMAT);
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 129), ours), ERR_FORMAT);
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 1), ours), ERR_RANGE);
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 128), ours), ERR_RANGE);
	n[127] = 1;
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 128), ours), ERR_RANGE);
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n + 127, 1), ours), ERR_RANGE);
	hex_to(p_hex, n);
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 128), ours), ERR_RANGE);
	n[127]--; /* p - 1 */
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 128), ours), ERR_RANGE);
	memset(n, 0xff, 128); /* beyond p */
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 128), ours), ERR_RANGE);
	assert_memory_equal(ours, before, 128);
	hex_to(p_hex, n);
	n[127] -= 2; /* p - 2 is a number like others */
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 128), ours), ERR_OK);
	n[0] = 2;
	assert_int_equal(transport_open(&t, algorithm(), SPAN(n, 1), ours), ERR_OK);
	transport_done(&t);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_algorithms(void **state)
{
	uint8_t ours[128] = { 5 };
	struct transport t;

	(void)state;
	assert_int_equal(transport_open(&t, SPAN_LIT("plain"), SPAN_LIT(""), ours), ERR_OK);
	assert_int_equal(t.kind, TRANSPORT_PLAIN);
	assert_int_equal(ours[0], 5);
	assert_int_equal(
	    transport_open(&t, SPAN_LIT(DH "x"), SPAN_LIT("12"), ours), ERR_UNSUPPORTED);
	assert_int_equal(transport_open(&t, SPAN_NONE, SPAN_LIT("12"), ours), ERR_UNSUPPORTED);
}

/* One secret in 256 begins with a zero byte, and has to keep it: such sessions are looked for. */
static void
test_padding_of_the_secret(void **state)
{
	uint8_t priv[16] = { 1 }, pub[128], ours[128], shared[128], key[16];
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < 5000 && found < 3; i++) {
		struct transport t;

		put_be32(priv + 12, i + 2);
		crypto_modp_public(SPAN(priv, 16), pub);
		assert_int_equal(transport_open(&t, algorithm(), SPAN(pub, 128), ours), ERR_OK);
		assert_int_equal(
		    crypto_modp_shared(SPAN(priv, 16), SPAN(ours, 128), shared), ERR_OK);
		client_key(SPAN(priv, 16), ours, key);
		assert_memory_equal(t.key, key, 16);
		if (shared[0] == 0) {
			/* without its zero it would be another key */
			crypto_hkdf256(SPAN_NONE, SPAN(shared + 1, 127), SPAN_NONE, key, 16);
			assert_memory_not_equal(t.key, key, 16);
			found++;
		}
		transport_done(&t);
	}
	assert_int_equal(found, 3);
}

/* ---- secrets ---- */
static void
test_there_and_back(void **state)
{
	const size_t lens[] = { 0, 1, 15, 16, 17, 255, 4096, TRANSPORT_MAX };
	static uint8_t text[TRANSPORT_MAX];

	(void)state;
	memset(text, 0xa5, sizeof text);
	for (int kind = 0; kind < 2; kind++) {
		struct transport t = { kind ? TRANSPORT_DH : TRANSPORT_PLAIN, "0123456789abcde" };

		for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
			struct buf iv = BUF_INIT, value = BUF_INIT;
			struct sec back = { 0 };

			assert_int_equal(
			    transport_seal(&t, SPAN(text, lens[i]), &iv, &value), ERR_OK);
			assert_int_equal(iv.len, kind ? 16 : 0);
			assert_int_equal(value.len, kind ? lens[i] / 16 * 16 + 16 : lens[i]);
			assert_int_equal(
			    transport_unseal(&t, buf_span(&iv), buf_span(&value), &back), ERR_OK);
			assert_true(span_eq(sec_span(&back), SPAN(text, lens[i])));
			sec_done(&back);
			buf_done(&iv);
			buf_done(&value);
		}
	}
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_iv_is_new(void **state)
{
	struct transport t = { TRANSPORT_DH, "0123456789abcde" };
	struct buf iv[2] = { BUF_INIT, BUF_INIT }, value = BUF_INIT;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(transport_seal(&t, SPAN_LIT("x"), &iv[i], &value), ERR_OK);
	assert_memory_not_equal(iv[0].p, iv[1].p, 16);
	buf_done(&iv[0]);
	buf_done(&iv[1]);
	buf_done(&value);
}

static void
refused(const struct transport *t, struct span iv, struct span value, enum err want)
{
	struct sec back = { 0 };

	assert_int_equal(transport_unseal(t, iv, value, &back), want);
	assert_null(back.p);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_bad_values(void **state)
{
	struct transport t = { TRANSPORT_DH, "0123456789abcde" };
	static uint8_t huge[TRANSPORT_MAX + 32];
	struct buf iv = BUF_INIT, value = BUF_INIT;
	uint8_t wrong[16];

	(void)state;
	assert_int_equal(transport_seal(&t, SPAN_LIT("fifteen letters"), &iv, &value), ERR_OK);
	refused(&t, SPAN_NONE, buf_span(&value), ERR_FORMAT);
	refused(&t, SPAN(iv.p, 15), buf_span(&value), ERR_FORMAT);
	refused(&t, buf_span(&iv), SPAN_NONE, ERR_FORMAT);
	refused(&t, buf_span(&iv), SPAN(value.p, 15), ERR_FORMAT);
	refused(&t, buf_span(&iv), SPAN(huge, sizeof huge), ERR_TOOBIG);
	memcpy(wrong, iv.p, 16);
	wrong[15] ^= 1; /* padding 01 becomes 00 */
	refused(&t, SPAN(wrong, 16), buf_span(&value), ERR_FORMAT);
	t.kind = TRANSPORT_PLAIN;
	refused(&t, SPAN_NONE, SPAN(huge, sizeof huge), ERR_TOOBIG);
	buf_done(&iv);
	buf_done(&value);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(1 << 20, true, true) || crypto_init_light() ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_known_cbc),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_padding_of_the_secret),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_iv_is_new),
		cmocka_unit_test(test_bad_values),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
