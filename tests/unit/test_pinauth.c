/* test_pinauth.c - PIN/UV auth protocols one and two; known answers by python3-fido2 1.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/token/pinauth.h"
#include "lib/cbor.h"
#include "lib/crypto.h"
#include "lib/text.h"

/* What protocol makes of the shared x coordinate 00 01 .. 1f: HMAC key, AES key. */
static const char *const keys[] = {
	"630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
	"630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd",
	"a689b3b92a6ebab91192408da9c4f05c674a2bc5f938d613077716c719a8df39"
	"0f6ff2ef211829c11638ef2893ea02edf195658c0572393e7680d93bc2b58d44",
};
/* The token 80 81 .. 9f under them (IV of two: 00 01 .. 0f), and over 40 41 .. 5f with it. */
static const char *const sealed[] = {
	"466682ad69b9a9d146a91f5e40bfb9e84f0c51728068a04e7b62d66c50d56ee9",
	"000102030405060708090a0b0c0d0e0f"
	"2d43236c8d86c9c1094c2c91f6a2cee8a0003e2e7626a3b04fe3c56b5b8f0304",
};
static const char *const params[] = {
	"3609ce61c7b03c79f1023b21258b0f00",
	"3609ce61c7b03c79f1023b21258b0f00fad055f483044f3ca3ce2fe47b55600f",
};
/* PIN 1234, public key 00 01 .. 3f, protocol one: without and with permissions. */
#define KEY                                                                                        \
	"03a501020338182001215820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
	"225820202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"                   \
	"0650fe1c3681856425d10cb890b845e05b06"
static const char *const requests[] = {
	"06a401010205" KEY,
	"06a601010209" KEY "09020a6c6f776e6b65793a7661756c74",
};
#define PIN_HASH "03ac674216f3e15c761ee1a5e255f067"

static void
unhex(const char *hex, struct buf *out)
{
	size_t n = 0, len = strlen(hex) / 2;

	assert_int_equal(
	    text_decode(TEXT_HEX, span_str(hex), buf_room(out, len + 1), len, &n), ERR_OK);
	buf_add(out, n);
}

static void
assert_hex(struct span got, const char *want)
{
	struct buf b = BUF_INIT;

	unhex(want, &b);
	assert_int_equal(got.len, b.len);
	assert_memory_equal(got.p, b.p, b.len);
	buf_done(&b);
}

static void
count_up(uint8_t *p, size_t n, uint8_t from)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(from + i);
}

static void
known(uint64_t proto, struct pinauth *p)
{
	struct buf b = BUF_INIT;

	*p = (struct pinauth){ .proto = proto };
	count_up(p->pub, 64, 0);
	unhex(keys[proto - 1], &b);
	assert_int_equal(sec_init_copy(&p->keys, buf_span(&b)), ERR_OK);
	buf_done(&b);
}

/* {2: enc} */
static void
put_answer(struct span enc, struct buf *out)
{
	buf_reset(out);
	cbor_put_map(out, 1);
	cbor_put_uint(out, 2);
	cbor_put_bytes(out, enc);
}

static void
tokens(void **state)
{
	struct buf enc = BUF_INIT, answer = BUF_INIT;
	uint8_t want[32], cdh[32], param[32];
	struct sec token = { 0 };
	struct pinauth p;

	(void)state;
	count_up(want, 32, 0x80);
	count_up(cdh, 32, 0x40);
	for (uint64_t proto = 1; proto <= 2; proto++) {
		known(proto, &p);
		buf_reset(&enc);
		unhex(sealed[proto - 1], &enc);
		put_answer(buf_span(&enc), &answer);
		assert_int_equal(pinauth_token(&p, buf_span(&answer), &token), ERR_OK);
		assert_int_equal(token.len, 32);
		assert_memory_equal(token.p, want, 32);
		assert_hex(SPAN(param, pinauth_param(proto, &token, SPAN(cdh, 32), param)),
		    params[proto - 1]);
		sec_done(&token);
		for (size_t n = 0; n < answer.len; n++)
			assert_int_equal(
			    pinauth_token(&p, SPAN(answer.p, n), &token), ERR_LIE_FORMAT);
		for (size_t n = 0; n <= 64; n++) {
			uint8_t any[64] = { 0 };
			bool good = proto == 1 ? n == 16 || n == 32 : n == 48;

			put_answer(SPAN(any, n), &answer);
			assert_int_equal(pinauth_token(&p, buf_span(&answer), &token),
			    good ? ERR_OK : ERR_LIE_FORMAT);
			sec_done(&token);
		}
		pinauth_done(&p);
	}
	buf_done(&enc);
	buf_done(&answer);
}

static void
one_asks(void **state)
{
	struct buf out = BUF_INIT;
	struct pinauth p;

	(void)state;
	known(1, &p);
	for (int i = 0; i < 2; i++) {
		buf_reset(&out);
		assert_int_equal(pinauth_put_token(&p, SPAN_LIT("1234"),
				     i ? SPAN_LIT("ownkey:vault") : SPAN_NONE, &out),
		    ERR_OK);
		assert_hex(buf_span(&out), requests[i]);
	}
	pinauth_done(&p);
	buf_done(&out);
}

/* Under an IV of its own each time, the left half of SHA-256 of the PIN. */
static void
two_asks(void **state)
{
	struct buf out = BUF_INIT;
	uint8_t plain[16], last[16] = { 0 };
	struct pinauth p;

	(void)state;
	known(2, &p);
	for (int i = 0; i < 8; i++) {
		const uint8_t *enc;

		buf_reset(&out);
		assert_int_equal(pinauth_put_token(&p, SPAN_LIT("1234"), SPAN_NONE, &out), ERR_OK);
		enc = out.p + out.len - 32;
		assert_memory_equal(enc - 3, "\x06\x58\x20", 3);
		assert_int_equal(
		    crypto_aes256_cbc(false, p.keys.p + 32, enc, SPAN(enc + 16, 16), plain),
		    ERR_OK);
		assert_hex(SPAN(plain, 16), PIN_HASH);
		assert_memory_not_equal(enc, last, 16);
		memcpy(last, enc, 16);
	}
	pinauth_done(&p);
	buf_done(&out);
}

/* ---- key agreement ---- */
static void
put_point(const uint8_t pub[64], struct buf *out)
{
	static const int64_t head[] = { 1, 2, 3, -25, -1, 1 };

	buf_reset(out);
	cbor_put_map(out, 1);
	cbor_put_uint(out, 1);
	cbor_put_map(out, 5);
	for (size_t i = 0; i < 6; i++)
		cbor_put_int(out, head[i]);
	cbor_put_int(out, -2);
	cbor_put_bytes(out, SPAN(pub, 32));
	cbor_put_int(out, -3);
	cbor_put_bytes(out, SPAN(pub + 32, 32));
}

/* What the token would make of our public key is what we made of its. */
static void
agreements(void **state)
{
	uint8_t priv[32] = { 0 }, pub[64], z[32], want[64];
	struct buf answer = BUF_INIT;
	struct pinauth p;

	(void)state;
	count_up(priv, 32, 1);
	assert_int_equal(crypto_p256_public(priv, pub), ERR_OK);
	put_point(pub, &answer);
	for (uint64_t proto = 1; proto <= 2; proto++) {
		assert_int_equal(pinauth_agree(&p, proto, buf_span(&answer)), ERR_OK);
		assert_int_equal(crypto_p256_ecdh(priv, p.pub, z), ERR_OK);
		if (proto == 1) {
			crypto_sha256(SPAN(z, 32), want);
			memcpy(want + 32, want, 32);
		} else {
			static const uint8_t salt[32];
			struct span s = SPAN(salt, 32), in = SPAN(z, 32);

			crypto_hkdf256(s, in, SPAN_LIT("CTAP2 HMAC key"), want, 32);
			crypto_hkdf256(s, in, SPAN_LIT("CTAP2 AES key"), want + 32, 32);
		}
		assert_memory_equal(p.keys.p, want, 64);
		pinauth_done(&p);
		for (size_t n = 0; n < answer.len; n++)
			assert_int_equal(
			    pinauth_agree(&p, proto, SPAN(answer.p, n)), ERR_LIE_FORMAT);
	}
	pub[63] ^= 1; /* not on the curve */
	put_point(pub, &answer);
	assert_int_equal(pinauth_agree(&p, 2, buf_span(&answer)), ERR_LIE_FORMAT);
	memset(pub, 0, 64);
	put_point(pub, &answer);
	assert_int_equal(pinauth_agree(&p, 1, buf_span(&answer)), ERR_LIE_FORMAT);
	buf_done(&answer);
}

static void
retries(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_int_equal(pinauth_retries(SPAN_LIT("\xa1\x03\x08"), &n), ERR_OK);
	assert_int_equal(n, 8);
	assert_int_equal(pinauth_retries(SPAN_LIT("\xa2\x03\x02\x04\xf4"), &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(pinauth_retries(SPAN_LIT("\xa1\x03\x19\x01\x00"), &n), ERR_LIE_FORMAT);
	assert_int_equal(pinauth_retries(SPAN_LIT("\xa1\x04\xf4"), &n), ERR_LIE_FORMAT);
	assert_int_equal(pinauth_retries(SPAN_LIT("\xa1\x03"), &n), ERR_LIE_FORMAT);
	assert_int_equal(pinauth_retries(SPAN_NONE, &n), ERR_LIE_FORMAT);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(65536, true, true) || crypto_init_light();
}

static int
nothing_left(void **state)
{
	(void)state;
	return sec_arena_used() != 0;
}

int
main(void)
{
	const struct CMUnitTest all[] = { cmocka_unit_test(tokens), cmocka_unit_test(one_asks),
		cmocka_unit_test(two_asks), cmocka_unit_test(agreements),
		cmocka_unit_test(retries) };

	return cmocka_run_group_tests(all, setup, nothing_left);
}
