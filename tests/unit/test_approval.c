/* Codes, blocks, addresses and clientDataJSON of approvals, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/approval.h"

/* ---- codes ---- */
static void
test_codes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "ABCD-EFGH", "ABCDEFGH" },
		{ "abcd efgh", "ABCDEFGH" },
		{ "oil0-OIL1", "01100111" },
		{ "ABCDEFG", NULL },
		{ "ABCDEFGHJ", NULL },
		{ "ABCD-EFGU", NULL },
		{ "ABCD-EFG\xc3\x84", NULL },
		{ "", NULL },
	};
	char code[APPROVAL_CODE + 1], text[APPROVAL_CODE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum err e = approval_code_read(span_str(rows[i].in), code);

		assert_int_equal(e, rows[i].out ? ERR_OK : ERR_FORMAT);
		if (rows[i].out)
			assert_string_equal(code, rows[i].out);
	}
	assert_int_equal(approval_code_read(SPAN("ABCD\0EFGH", 9), code), ERR_FORMAT);
	approval_code_show("ABCDEFGH", text);
	assert_string_equal(text, "ABCD-EFGH");
}

/* All 32 letters come, in every place, and are read as themselves. */
static void
test_made(void **state)
{
	char code[APPROVAL_CODE + 1], back[APPROVAL_CODE + 1];
	bool seen[APPROVAL_CODE][128] = { { false } };
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		approval_code_make(code);
		assert_int_equal(approval_code_read(span_str(code), back), ERR_OK);
		assert_string_equal(code, back);
		for (size_t at = 0; at < APPROVAL_CODE; at++)
			seen[at][(uint8_t)code[at] & 127] = true;
	}
	for (size_t at = 0; at < APPROVAL_CODE; at++)
		for (size_t c = 0; c < 128; c++)
			n += seen[at][c];
	assert_int_equal(n, 32 * APPROVAL_CODE);
}

/* ---- blocks ---- */
static enum err
get(const char *text, size_t n, struct buf *out)
{
	buf_reset(out);
	return approval_block_get(APPROVAL_BLOCK_ASK, SPAN(text, n), out);
}

/* Each bit of the block that is bent, and each place it is cut at, is noticed, or changes nothing:
 * white space, and what stands around. */
static void
test_bent(void **state)
{
	struct buf block = BUF_INIT, out = BUF_INIT;
	char *text;

	(void)state;
	approval_block_put(
	    APPROVAL_BLOCK_ASK, SPAN_LIT("a message, of two lines of base64, or so"), &block);
	assert_int_equal(buf_err(&block), ERR_OK);
	text = malloc(block.len);
	assert_non_null(text);
	for (size_t i = 0; i < block.len * 8; i++) {
		memcpy(text, block.p, block.len);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		if (!get(text, block.len, &out))
			assert_string_equal(
			    buf_cstr(&out), "a message, of two lines of base64, or so");
	}
	for (size_t n = 0; n + 1 < block.len; n++)
		assert_int_equal(get(buf_cstr(&block), n, &out), ERR_APPROVE_BLOCK);
	assert_int_equal(get(buf_cstr(&block), block.len, &out), ERR_OK);
	free(text);
	buf_done(&block);
	buf_done(&out);
}

static void
test_other_blocks(void **state)
{
	struct buf block = BUF_INIT, out = BUF_INIT;
	uint8_t *large = calloc(1, APPROVAL_MAX + 1);

	(void)state;
	assert_non_null(large);
	approval_block_put(APPROVAL_BLOCK_ANSWER, SPAN_LIT("an answer"), &block);
	assert_int_equal(get(buf_cstr(&block), block.len, &out), ERR_APPROVE_BLOCK);
	assert_int_equal(approval_block_get(APPROVAL_BLOCK_ANSWER, buf_span(&block), &out), ERR_OK);
	buf_reset(&block);
	approval_block_put(APPROVAL_BLOCK_ASK, SPAN(large, APPROVAL_MAX), &block);
	assert_int_equal(get(buf_cstr(&block), block.len, &out), ERR_OK);
	buf_reset(&block);
	approval_block_put(APPROVAL_BLOCK_ASK, SPAN(large, APPROVAL_MAX + 1), &block);
	assert_int_equal(get(buf_cstr(&block), block.len, &out), ERR_APPROVE_BLOCK);
	free(large);
	buf_done(&block);
	buf_done(&out);
}

/* ---- addresses ---- */
static void
test_parties(void **state)
{
	static const struct {
		const char *in, *origin, *rp_id;
	} rows[] = {
		{ "https://id.example", "https://id.example", "id.example" },
		{ "https://id.example/", "https://id.example", "id.example" },
		{ "https://id.example:8443/idp", "https://id.example:8443", "id.example" },
		{ "http://localhost:8080", "http://localhost:8080", "localhost" },
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1" },
		{ "http://id.example", NULL, NULL },
		{ "https://ID.example", NULL, NULL },
		{ "HTTPS://id.example", NULL, NULL },
		{ "https://id.example:443", NULL, NULL },
		{ "https://id.example@evil.example", NULL, NULL },
		{ "https://id.example?x", NULL, NULL },
		{ "https://id.example/#x", NULL, NULL },
		{ "https://id.example/a/../b", NULL, NULL },
		{ "https://id.example//", NULL, NULL },
		{ "https://[::1]", NULL, NULL },
		{ "https://id.example/\"x", NULL, NULL },
		{ "id.example", NULL, NULL },
		{ "ssh://id.example", NULL, NULL },
		{ "", NULL, NULL },
	};
	struct approval_party p;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum err e = approval_party_of(span_str(rows[i].in), &p);

		assert_int_equal(e, rows[i].origin ? ERR_OK : ERR_APPROVE_PLACE);
		if (!rows[i].origin)
			continue;
		assert_true(span_is(p.origin, rows[i].origin));
		assert_true(span_is(p.rp_id, rows[i].rp_id));
	}
}

/* WebAuthn 5.8.1.1: what a browser serializes, byte by byte. */
static void
test_client_data(void **state)
{
	struct approval_party p;
	uint8_t challenge[32] = { 0xff, 0xef, 0xff };
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(approval_party_of(SPAN_LIT("https://id.example/idp"), &p), ERR_OK);
	approval_client_data(APPROVAL_LOGIN, &p, SPAN(challenge, 32), &out);
	assert_string_equal(buf_cstr(&out),
	    "{\"type\":\"webauthn.get\",\"challenge\":"
	    "\"_-__AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
	    "\"origin\":\"https://id.example\",\"crossOrigin\":false}");
	buf_reset(&out);
	approval_client_data(APPROVAL_REGISTER, &p, SPAN(challenge, 32), &out);
	assert_non_null(strstr(buf_cstr(&out), "\"webauthn.create\""));
	buf_reset(&out);
	approval_object(SPAN_LIT("x"), &out);
	assert_int_equal(out.len, 1 + 4 + 5 + 8 + 1 + 9 + 2);
	assert_int_equal(cbor_check(buf_span(&out)), ERR_OK);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_bent),
		cmocka_unit_test(test_other_blocks),
		cmocka_unit_test(test_parties),
		cmocka_unit_test(test_client_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
