#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include "lib/text.h"
#include "tests/unit/vectors.h"

#define ONION "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead"

static char *formats;
static uint8_t secret[32]; /* 00 01 .. 1f, that of formats.json */

static const char *
vector(const char *id, const char *name)
{
	static char out[8192];

	return vectors_get(formats, id, name, out, sizeof(out));
}

static enum err
decode(enum text_code code, const char *s, uint8_t *out, size_t cap, size_t *n)
{
	return text_decode(code, span_str(s), out, cap, n);
}

/* RFC 4648 10 */
static const struct {
	enum text_code code;
	const char *plain, *text;
} rfc4648[] = {
	{ TEXT_BASE64, "", "" },
	{ TEXT_BASE64, "f", "Zg==" },
	{ TEXT_BASE64, "fo", "Zm8=" },
	{ TEXT_BASE64, "foo", "Zm9v" },
	{ TEXT_BASE64, "foob", "Zm9vYg==" },
	{ TEXT_BASE64, "fooba", "Zm9vYmE=" },
	{ TEXT_BASE64, "foobar", "Zm9vYmFy" },
	{ TEXT_BASE64, "\xfb\xff\xbf", "+/+/" },
	{ TEXT_BASE64_NOPAD, "foob", "Zm9vYg" },
	{ TEXT_BASE64_NOPAD, "\xfb\xff\xbf", "+/+/" },
	{ TEXT_BASE64URL, "fooba", "Zm9vYmE" },
	{ TEXT_BASE64URL, "\xfb\xff\xbf", "-_-_" },
	{ TEXT_BASE32, "f", "MY" },
	{ TEXT_BASE32, "fo", "MZXQ" },
	{ TEXT_BASE32, "foo", "MZXW6" },
	{ TEXT_BASE32, "foob", "MZXW6YQ" },
	{ TEXT_BASE32, "fooba", "MZXW6YTB" },
	{ TEXT_BASE32, "foobar", "MZXW6YTBOI" },
	{ TEXT_BASE32_LOWER, "foobar", "mzxw6ytboi" },
	{ TEXT_HEX, "foobar", "666f6f626172" },
	{ TEXT_HEX, "\xab\xcd\xef", "abcdef" },
};

static void
test_rfc4648(void **state)
{
	uint8_t p[64];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		struct buf b = BUF_INIT;

		text_encode(rfc4648[i].code, span_str(rfc4648[i].plain), &b);
		assert_string_equal(buf_cstr(&b), rfc4648[i].text);
		assert_int_equal(
		    decode(rfc4648[i].code, rfc4648[i].text, p, sizeof(p), &n), ERR_OK);
		assert_true(span_is(SPAN(p, n), rfc4648[i].plain));
		buf_done(&b);
	}
}

static const struct {
	enum text_code code;
	const char *text;
} foreign[] = {
	{ TEXT_HEX, "0" },
	{ TEXT_HEX, "0g" },
	{ TEXT_HEX, "aB" },
	{ TEXT_HEX, "Ab" },
	{ TEXT_HEX, "00 " },
	{ TEXT_HEX, "0x00" },
	{ TEXT_HEX, "\xb0\xb0" },
	{ TEXT_BASE64, "Zg" },
	{ TEXT_BASE64, "Zg=" },
	{ TEXT_BASE64, "Zg===" },
	{ TEXT_BASE64, "Zh==" },
	{ TEXT_BASE64, "Zm9=" },
	{ TEXT_BASE64, "=" },
	{ TEXT_BASE64, "====" },
	{ TEXT_BASE64, "Z===" },
	{ TEXT_BASE64, "Zg==Zg==" },
	{ TEXT_BASE64, "Zm9v====" },
	{ TEXT_BASE64, "Zm9v\n" },
	{ TEXT_BASE64, "Zm-_" },
	{ TEXT_BASE64, " Zm9v" },
	{ TEXT_BASE64_NOPAD, "Zg==" },
	{ TEXT_BASE64_NOPAD, "Z" },
	{ TEXT_BASE64_NOPAD, "Zh" },
	{ TEXT_BASE64_NOPAD, "Zm9vZ" },
	{ TEXT_BASE64URL, "+/+/" },
	{ TEXT_BASE64URL, "Zg==" },
	{ TEXT_BASE64URL, "Zm9vY" },
	{ TEXT_BASE32, "M" },
	{ TEXT_BASE32, "MYA" },
	{ TEXT_BASE32, "MZ" },
	{ TEXT_BASE32, "my" },
	{ TEXT_BASE32, "M1" },
	{ TEXT_BASE32, "M0" },
	{ TEXT_BASE32, "M8" },
	{ TEXT_BASE32, "MZXW6Y" },
	{ TEXT_BASE32, "MY======" },
	{ TEXT_BASE32_LOWER, "MY" },
	{ TEXT_BASE32_LOWER, "mz" },
};

static void
test_foreign(void **state)
{
	uint8_t p[64], zero[64] = { 0 };
	size_t i, n = 99;

	(void)state;
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		memset(p, 0, sizeof(p));
		if (decode(foreign[i].code, foreign[i].text, p, sizeof(p), &n) != ERR_FORMAT)
			fail_msg("%d %s", foreign[i].code, foreign[i].text);
		assert_int_equal(n, 99);
		assert_memory_equal(p, zero, sizeof(p)); /* half a secret is not left behind */
	}
	assert_int_equal(decode(TEXT_HEX, "aaBB0A0b", p, 4, &n), ERR_OK);
	assert_memory_equal(p, "\xaa\xbb\x0a\x0b", 4);
	assert_int_equal(decode(TEXT_HEX, "aabb", p, 1, &n), ERR_TOOBIG);
	assert_int_equal(decode(TEXT_BASE64, "Zm9v", p, 2, &n), ERR_TOOBIG);
}

/* Each of the 256 characters has the meaning that libsodium gives it, or none. */
static void
test_alphabets(void **state)
{
	static const struct {
		enum text_code code;
		int variant;
	} base64[] = {
		{ TEXT_BASE64, sodium_base64_VARIANT_ORIGINAL },
		{ TEXT_BASE64_NOPAD, sodium_base64_VARIANT_ORIGINAL_NO_PADDING },
		{ TEXT_BASE64URL, sodium_base64_VARIANT_URLSAFE_NO_PADDING },
	};
	uint8_t p[8], q[8];
	char text[4] = "AAAA";
	size_t i, n, m, known;
	int c, k;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (known = 0, c = 0; c < 256; c++) {
			text[c & 3] = (char)c;
			n = m = 99;
			k = sodium_base642bin(q, 8, text, 4, NULL, &m, NULL, base64[i].variant);
			if (text_decode(base64[i].code, SPAN(text, 4), p, 8, &n) == ERR_OK) {
				assert_true(k == 0 && n == m);
				assert_memory_equal(p, q, n);
				known++;
			} else if (c != '=' && c < 128) { /* libsodium 1.0.18 takes 0x80 */
				assert_int_not_equal(k, 0);
			}
			text[c & 3] = 'A';
		}
		assert_int_equal(known, 64);
	}
}

static void
test_all_lengths(void **state)
{
	uint8_t in[80], back[80];
	size_t len, n;
	char text[200], other[200];
	int code;

	(void)state;
	for (len = 0; len <= sizeof(in); len++) {
		randombytes_buf(in, len);
		for (code = TEXT_HEX; code <= TEXT_BASE32_LOWER; code++) {
			n = text_encoded_len((enum text_code)code, len);
			text_encode_raw((enum text_code)code, SPAN(in, len), text);
			text[n] = 0;
			assert_int_equal(decode((enum text_code)code, text, back, len, &n), ERR_OK);
			assert_true(span_eq(SPAN(back, n), SPAN(in, len)));
			if (code == TEXT_HEX)
				sodium_bin2hex(other, sizeof(other), in, len);
			else if (code == TEXT_BASE64)
				sodium_bin2base64(
				    other, sizeof(other), in, len, sodium_base64_VARIANT_ORIGINAL);
			else if (code == TEXT_BASE64URL)
				sodium_bin2base64(other, sizeof(other), in, len,
				    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
			else
				continue;
			assert_string_equal(text, other);
		}
	}
}

static void
test_to_secret(void **state)
{
	struct sec s = { 0 };

	(void)state;
	assert_int_equal(sec_arena_open(4096, false, true), ERR_OK);
	assert_int_equal(sec_init(&s, 10), ERR_OK);
	assert_int_equal(text_encode_sec(TEXT_HEX, SPAN_LIT("\x01\x02"), &s), ERR_OK);
	assert_int_equal(text_encode_sec(TEXT_BASE64, SPAN_LIT("foo"), &s), ERR_OK);
	assert_int_equal(text_encode_sec(TEXT_HEX, SPAN_LIT("\x03\x04"), &s), ERR_TOOBIG);
	assert_int_equal(text_encode_sec(TEXT_HEX, SPAN_LIT("\xff"), &s), ERR_OK);
	assert_true(span_is(sec_span(&s), "0102Zm9vff"));
	sec_done(&s);
	sec_arena_close();
}

static void
test_formats(void **state)
{
	struct buf b = BUF_INIT;
	uint8_t p[64];
	size_t n;

	(void)state;
	text_encode(TEXT_BASE32, SPAN(secret, 32), &b);
	assert_string_equal(buf_cstr(&b), vector("tor-v3-client-auth", "private_b32"));
	buf_reset(&b);
	text_encode(TEXT_BASE64, SPAN(secret, 32), &b);
	assert_string_equal(buf_cstr(&b), vector("wireguard", "private_b64"));
	buf_reset(&b);
	text_encode(TEXT_BASE64_NOPAD, SPAN(secret, 32), &b);
	assert_string_equal(buf_cstr(&b), vector("matrix-key-backup", "private_b64"));
	buf_reset(&b);
	/* onion: public key, checksum, version 3 */
	assert_int_equal(strncmp(vector("tor-v3-onion", "hostname"), ONION, 56), 0);
	assert_int_equal(decode(TEXT_BASE32_LOWER, ONION, p, sizeof(p), &n), ERR_OK);
	assert_int_equal(n, 35);
	assert_int_equal(p[34], 3);
	text_encode(TEXT_HEX, SPAN(p, 32), &b);
	assert_string_equal(buf_cstr(&b), vector("ed25519-pub", "public"));
	buf_done(&b);
}

/* --- base58 --- */

static const struct {
	const char *hex, *text;
} base58[] = {
	{ "", "" },
	{ "00", "1" },
	{ "39", "z" },
	{ "3a", "21" },
	{ "61", "2g" },
	{ "626262", "a3gV" },
	{ "48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U" },
	{ "0000287fb4cd", "11233QC4" },
	{ "516b6fcd0f", "ABnLTmg" },
	{ "ecac89cad93923c02321", "EJDM8drfXA6uyA" },
	{ "00000000000000000000", "1111111111" },
	{ "00eb15231dfceb60925886b67d065299925915aeb172c06647",
	    "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L" },
	{ "73696d706c792061206c6f6e6720737472696e67", "2cFupjhnEsSn59qHXstmK2ffpLv2" },
};

static void
test_base58(void **state)
{
	uint8_t in[64], back[64];
	char text[100];
	size_t i, n, m;

	(void)state;
	for (i = 0; i < sizeof(base58) / sizeof(base58[0]); i++) {
		assert_int_equal(decode(TEXT_HEX, base58[i].hex, in, sizeof(in), &n), ERR_OK);
		m = strlen(base58[i].text);
		if (m > 0)
			assert_int_equal(
			    text_base58_encode(SPAN(in, n), text, m - 1, &m), ERR_TOOBIG);
		assert_int_equal(text_base58_encode(SPAN(in, n), text, m, &m), ERR_OK);
		assert_true(span_is(SPAN(text, m), base58[i].text));
		if (n > 0)
			assert_int_equal(
			    text_base58_decode(SPAN(text, m), back, n - 1, &m), ERR_TOOBIG);
		assert_int_equal(text_base58_decode(SPAN(text, m), back, n, &m), ERR_OK);
		assert_true(span_eq(SPAN(back, m), SPAN(in, n)));
	}
}

static void
test_base58_all_lengths(void **state)
{
	uint8_t in[129] = { 0 }, back[128];
	char text[200];
	size_t len, n, m, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (len = 0; len <= 128; len++) {
			memset(in, i == 0 ? 0 : 0xff, sizeof(in));
			if (i == 2)
				randombytes_buf(in + len / 3, len - len / 3);
			assert_int_equal(text_base58_encode(SPAN(in, len), text, 180, &n), ERR_OK);
			assert_int_equal(text_base58_decode(SPAN(text, n), back, 128, &m), ERR_OK);
			assert_true(span_eq(SPAN(back, m), SPAN(in, len)));
		}
	}
	assert_int_equal(text_base58_encode(SPAN(in, 129), text, 200, &n), ERR_TOOBIG);
	memset(text, '1', 200);
	assert_int_equal(text_base58_decode(SPAN(text, 129), back, 200, &n), ERR_TOOBIG);
	memset(text, 'z', 200);
	assert_int_equal(text_base58_decode(SPAN(text, 177), back, 200, &n), ERR_TOOBIG);
	assert_int_equal(text_base58_decode(SPAN(text, 200), back, 200, &n), ERR_TOOBIG);
}

static void
test_base58_alphabet(void **state)
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	uint8_t back[4];
	char text[2] = "2";
	const char *at;
	size_t n;
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		text[1] = (char)c;
		at = strchr(alphabet, c);
		assert_int_equal(
		    text_base58_decode(SPAN(text, 2), back, 4, &n), at ? ERR_OK : ERR_FORMAT);
		if (at != NULL)
			assert_int_equal(back[0], 58 + (at - alphabet));
	}
	assert_int_equal(text_base58_decode(SPAN("2\0", 2), back, 4, &n), ERR_FORMAT);
}

/* matrix-js-sdk: 8B 01, the key, and a byte that makes the XOR of all zero */
static void
test_matrix_recovery_key(void **state)
{
	const char *want = vector("matrix-recovery-key", "recovery_key");
	uint8_t in[35] = { 0x8b, 0x01 };
	char text[60], grouped[80] = "";
	size_t i, n;

	(void)state;
	memcpy(in + 2, secret, 32);
	for (i = 0; i < 34; i++)
		in[34] ^= in[i];
	assert_int_equal(text_base58_encode(SPAN(in, 35), text, sizeof(text), &n), ERR_OK);
	for (i = 0; i < n; i++) {
		if (i > 0 && i % 4 == 0)
			strcat(grouped, " ");
		strncat(grouped, text + i, 1);
	}
	assert_string_equal(grouped, want);
}

/* --- bech32 --- */

static void
expect_bech32(const char *hrp, struct span in, bool upper, const char *want)
{
	uint8_t back[64];
	char text[200];
	size_t n, m;

	n = strlen(want);
	assert_int_equal(text_bech32_encode(hrp, in, text, n - 1, &m), ERR_TOOBIG);
	assert_int_equal(text_bech32_encode(hrp, in, text, n, &m), ERR_OK);
	if (upper)
		text_upper(text, m);
	assert_true(span_is(SPAN(text, m), want));
	assert_int_equal(text_bech32_decode(span_str(want), hrp, back, in.len, &m), ERR_OK);
	assert_true(span_eq(SPAN(back, m), in));
	if (in.len > 0)
		assert_int_equal(
		    text_bech32_decode(span_str(want), hrp, back, in.len - 1, &m), ERR_TOOBIG);
}

static void
test_bech32(void **state)
{
	uint8_t p[64];
	size_t n;

	(void)state;
	expect_bech32(
	    "age-secret-key-", SPAN(secret, 32), true, vector("age-identity", "identity"));
	expect_bech32("nsec", SPAN(secret, 32), false, vector("nostr", "nsec"));
	assert_int_equal(decode(TEXT_HEX, vector("x25519-pub", "public"), p, 64, &n), ERR_OK);
	expect_bech32("age", SPAN(p, n), false, vector("age-identity", "recipient"));
	assert_int_equal(decode(TEXT_HEX, vector("nostr", "pubkey_hex"), p, 64, &n), ERR_OK);
	expect_bech32("npub", SPAN(p, n), false, vector("nostr", "npub"));
	/* BIP173, those whose data are whole bytes */
	expect_bech32("a", SPAN_NONE, true, "A12UEL5L");
	expect_bech32("a", SPAN_NONE, false, "a12uel5l");
	expect_bech32("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcluded"
		      "charactersbio",
	    SPAN_NONE, false,
	    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1"
	    "tt5tgs");
	assert_int_equal(
	    decode(TEXT_HEX, "00443214c74254b635cf84653a56d7c675be77df", p, 64, &n), ERR_OK);
	expect_bech32("abcdef", SPAN(p, n), false, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw");
	assert_int_equal(
	    decode(TEXT_HEX, "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d", p, 64,
		&n),
	    ERR_OK);
	expect_bech32("split", SPAN(p, n), false,
	    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w");
}

static void
test_bech32_refused(void **state)
{
	static const struct {
		const char *hrp, *text;
	} rows[] = {
		{ "a", "" },
		{ "a", "a12uel5" },
		{ "a", "A12uel5l" },
		{ "a", "a12UEL5L" },
		{ "a", "a12ueL5l" },
		{ "b", "a12uel5l" },
		{ "a", "b12uel5l" },
		{ "a", "a02uel5l" },
		{ "a", "a12uel5m" },
		{ "a", "a12uel5b" },
		{ "a", "a12uel5 " },
		{ "a", "a1 2uel5l" },
		{ "pzry", "pzry9x0s0muk" },
		{ "", "1pzry9x0s0muk" },
		{ "x", "x1b4n0q5v" },
		{ "li", "li1dgmt3" },
		{ "de", "de1lg7wt\xff" },
		{ "a", "A1G7SGD8" },
		/* BIP350's other checksum */
		{ "a", "A1LQFN3A" },
		{ "a", "a1lqfn3a" },
		/* right checksum, but five bits that are no byte (BIP173 "?1ezyfcl", padding) */
		{ "a", "a1q6vkc4m" },
	};
	uint8_t p[64];
	size_t i, n = 99;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (text_bech32_decode(span_str(rows[i].text), rows[i].hrp, p, 64, &n) !=
		    ERR_FORMAT)
			fail_msg("%s", rows[i].text);
		assert_int_equal(n, 99);
	}
}

/* No single wrong character and no two exchanged ones get through. */
static void
test_bech32_errors_found(void **state)
{
	const char *right = vector("age-identity", "identity");
	uint8_t p[32];
	char text[100], c;
	size_t i, j, n, len = strlen(right);

	(void)state;
	for (i = 0; i < len; i++) {
		for (j = 0; j < 256; j++) {
			memcpy(text, right, len);
			text[i] = (char)j;
			if (text[i] == right[i])
				continue;
			assert_int_equal(
			    text_bech32_decode(SPAN(text, len), "age-secret-key-", p, 32, &n),
			    ERR_FORMAT);
		}
		memcpy(text, right, len);
		c = text[i];
		text[i] = text[(i + 1) % len];
		text[(i + 1) % len] = c;
		if (memcmp(text, right, len) != 0)
			assert_int_equal(
			    text_bech32_decode(SPAN(text, len), "age-secret-key-", p, 32, &n),
			    ERR_FORMAT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4648),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_alphabets),
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_to_secret),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_base58),
		cmocka_unit_test(test_base58_all_lengths),
		cmocka_unit_test(test_base58_alphabet),
		cmocka_unit_test(test_matrix_recovery_key),
		cmocka_unit_test(test_bech32),
		cmocka_unit_test(test_bech32_refused),
		cmocka_unit_test(test_bech32_errors_found),
	};
	size_t i;
	int r;

	for (i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)i;
	if (sodium_init() < 0 || (formats = vectors_read("tests/vectors/formats.json")) == NULL) {
		fprintf(stderr, "run me from the top of the tree\n");
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	free(formats);
	return r;
}
