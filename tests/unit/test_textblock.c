#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/didkey.h"
#include "lib/text.h"
#include "lib/textblock.h"

#define BEGIN "-----BEGIN OWNKEY CARD-----\n"
#define END   "-----END OWNKEY CARD-----\n"

static void
test_write(void **state)
{
	struct buf out = BUF_INIT;
	uint8_t data[49] = { 0 };

	(void)state;
	textblock_write("CARD", SPAN(data, sizeof(data)), &out);
	assert_string_equal(buf_cstr(&out),
	    BEGIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
		  "AA==\n" END);
	buf_done(&out);
}

static void
test_read(void **state)
{
	static const struct {
		const char *text;
		enum err e;
	} rows[] = { { BEGIN "aGVsbG8=\n" END, ERR_OK }, { BEGIN "aGVs\nbG8=\n" END, ERR_OK },
		{ "hi\r\n\r\n-----BEGIN OWNKEY CARD-----\r\naGVsbG8=\r\n"
		  "-----END OWNKEY CARD-----\r\nbye",
		    ERR_OK },
		{ "-----BEGIN OWNKEY CARD-----\raGVsbG8=\r-----END OWNKEY CARD-----", ERR_OK },
		{ "> > -----BEGIN OWNKEY CARD-----\n> >aGVs\n>>\n>> bG8= \t\n"
		  "> -----END OWNKEY CARD-----  ",
		    ERR_OK },
		{ BEGIN "aGVsbG8=\n" END "and again\n" BEGIN "aGVs\nbG8=\n" END, ERR_OK },
		{ BEGIN "aGVsbG8=\n" END BEGIN "aGVsbG9=\n" END, ERR_FORMAT },
		{ BEGIN "aGVsbG8=\n" END BEGIN "aGVsbA==\n" END, ERR_BLOCK_MANY },
		{ BEGIN "aGVsbG8=\n" END "-----BEGIN OWNKEY SUCCESSION-----\naaaa\n"
			"-----END OWNKEY SUCCESSION-----\n",
		    ERR_OK },
		{ "", ERR_BLOCK_MISSING }, { "aGVsbG8=\n", ERR_BLOCK_MISSING },
		{ "-----BEGIN OWNKEY SUCCESSION-----\naGVsbG8=\n-----END OWNKEY SUCCESSION-----",
		    ERR_BLOCK_MISSING },
		{ "x " BEGIN "aGVsbG8=\n" END, ERR_BLOCK_MISSING },
		{ BEGIN "aGVsbG8=\n", ERR_TRUNCATED },
		{ BEGIN "aGVsbG8=\n" BEGIN "aGVsbG8=\n" END, ERR_TRUNCATED },
		{ BEGIN "aGVsbG8=\n-----END OWNKEY SUCCESSION-----\n", ERR_FORMAT },
		{ BEGIN "aGVsbG8\n" END, ERR_FORMAT }, { BEGIN "aGVs bG8=\n" END, ERR_FORMAT },
		{ BEGIN "V: 1\naGVs\n" END, ERR_FORMAT }, { BEGIN "aGVsbG9=\n" END, ERR_FORMAT },
		{ BEGIN END, ERR_FORMAT }, { BEGIN "aGVsbG9oZWxsbw==\n" END, ERR_TOOBIG },
		{ BEGIN "aGVsbG9oZWxsb2hlbGxvaGVsbG9oZWxsbw==\n" END, ERR_TOOBIG } };
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_reset(&out);
		buf_put_u8(&out, '!');
		assert_int_equal(
		    textblock_read("CARD", span_str(rows[i].text), 6, &out), rows[i].e);
		assert_string_equal(buf_cstr(&out), rows[i].e == ERR_OK ? "!hello" : "!");
	}
	buf_done(&out);
}

static void
test_huge(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;

	(void)state;
	buf_put_zero(&text, TEXTBLOCK_TEXT_MAX);
	assert_int_equal(textblock_read("CARD", buf_span(&text), 6, &out), ERR_BLOCK_MISSING);
	buf_put_u8(&text, 0);
	assert_int_equal(textblock_read("CARD", buf_span(&text), 6, &out), ERR_TOOBIG);
	buf_done(&text);
	buf_done(&out);
}

/* w3c-ccg/did-method-key, test-vectors/ed25519-x25519.json: seeds of 31 zeros and the index */
static const char *const dids[] = {
	"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
	"did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
	"did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf",
	"did:key:z6MkvqoYXQfDDJRv8L4wKzxYeuKyVZBfi9Qo6Ro8MiLH3kDQ",
	"did:key:z6MkwW6aqMnjgrhJXFUko3NnZPGzVpkNzhYK7yEhnsibmLwL",
};

static void
test_did(void **state)
{
	uint8_t seed[32] = { 0 }, pub[32], back[32];
	char out[DIDKEY_TEXT];

	(void)state;
	for (uint8_t i = 0; i < sizeof(dids) / sizeof(*dids); i++) {
		seed[31] = i;
		crypto_ed25519_public(seed, pub);
		didkey_print(pub, out);
		assert_string_equal(out, dids[i]);
		assert_int_equal(didkey_parse(span_str(out), back), ERR_OK);
		assert_memory_equal(back, pub, 32);
	}
	memset(pub, 0, 32);
	didkey_print(pub, out);
	assert_int_equal(didkey_parse(span_str(out), back), ERR_OK);
	assert_memory_equal(back, pub, 32);
}

static void
test_did_bad(void **state)
{
	static const struct {
		const char *text;
		enum err e;
	} rows[] = { { "", ERR_FORMAT }, { "did:key:", ERR_FORMAT },
		{ "did:key:z", ERR_UNSUPPORTED },
		{ "did:web:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", ERR_FORMAT },
		/* X25519 and P-256 of the same vectors */
		{ "did:key:z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW", ERR_UNSUPPORTED },
		{ "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", ERR_UNSUPPORTED },
		{ "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW", ERR_UNSUPPORTED },
		{ "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW0", ERR_FORMAT } };
	uint8_t pub[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(didkey_parse(span_str(rows[i].text), pub), rows[i].e);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init_light() ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_did),
		cmocka_unit_test(test_did_bad),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
