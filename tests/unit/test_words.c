#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "lib/words.h"
#include "tests/unit/vectors.h"

static struct sec out;

static int
setup(void **state)
{
	(void)state;
	if (sec_arena_open(16384, false, true) || crypto_init_light())
		return -1;
	return sec_init(&out, WORDS_PHRASE_MAX);
}

static int
teardown(void **state)
{
	(void)state;
	sec_done(&out);
	assert_int_equal(sec_arena_used(), 0);
	sec_arena_close();
	return 0;
}

static struct span
unhex(const char *hex)
{
	static uint8_t p[64];
	size_t n;

	assert_int_equal(text_decode(TEXT_HEX, span_str(hex), p, sizeof(p), &n), ERR_OK);
	return SPAN(p, n);
}

static enum err
to_bytes(const char *phrase, size_t want)
{
	sec_wipe(&out);
	return words_to_bytes(span_str(phrase), want, &out, NULL);
}

static void
both_ways(const char *hex, const char *phrase)
{
	struct span entropy = unhex(hex);

	sec_wipe(&out);
	assert_int_equal(words_from_bytes(entropy, ' ', &out), ERR_OK);
	assert_true(span_is(sec_span(&out), phrase));
	assert_int_equal(to_bytes(phrase, entropy.len), ERR_OK);
	assert_true(span_eq(sec_span(&out), entropy));
	assert_int_equal(to_bytes(phrase, 0), ERR_OK);
	assert_int_equal(to_bytes(phrase, entropy.len == 32 ? 16 : 32), ERR_WORDS_COUNT);
}

#define ZOO24                                              \
	"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo " \
	"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo"
#define LEGAL "legal winner thank year wave sausage worth useful "

static void
test_known(void **state)
{
	(void)state;
	both_ways("00000000000000000000000000000000",
	    "abandon abandon abandon abandon abandon abandon "
	    "abandon abandon abandon abandon abandon about");
	both_ways("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
	    LEGAL LEGAL "legal winner thank year wave sausage worth title");
	both_ways(
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ZOO24 " vote");
	both_ways("6610b25967cdcca9d59875f5cb50b0ea75433311869e930b",
	    "gravity machine north sort system female filter attitude volume fold club stay "
	    "feature office ecology stable narrow fog");
}

/* Trezor's vectors, read in place */
static void
test_trezor(void **state)
{
	char hex[128], phrase[512], skip[512];
	char *doc = vectors_read_shared("bip39.json");
	const char *p;
	int rows = 0;

	(void)state;
	if (doc == NULL)
		return;
	p = strstr(doc, "\"english\"");
	assert_non_null(p);
	p += strlen("\"english\":");
	/* rows of four strings until the next language, which a '}' or a ':' shows */
	while ((p = vectors_string(p, ":}", hex, sizeof(hex))) != NULL &&
	    strspn(hex, "0123456789abcdef") == strlen(hex)) {
		assert_non_null(p = vectors_string(p, ":}", phrase, sizeof(phrase)));
		assert_non_null(p = vectors_string(p, ":}", skip, sizeof(skip)));
		assert_non_null(p = vectors_string(p, ":}", skip, sizeof(skip)));
		both_ways(hex, phrase);
		rows++;
	}
	assert_int_equal(rows, 24);
	free(doc);
}

/* The list is the standard's: in place if it is there, and by what the standard promises. */
static void
test_list(void **state)
{
	char *doc = vectors_read_shared("bip39-english.txt"), *line;
	uint8_t sum[32];
	struct buf all = BUF_INIT, hex = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 2048; i++) {
		assert_in_range(strlen(words_at(i)), 3, WORDS_LONGEST);
		if (i > 0)
			assert_true(strncmp(words_at(i - 1), words_at(i), 4) < 0);
		buf_putf(&all, "%s\n", words_at(i));
	}
	assert_string_equal(words_at(2048), "");
	assert_string_equal(words_at(SIZE_MAX), "");
	/* sha256sum of the list as published */
	crypto_sha256(buf_span(&all), sum);
	text_encode(TEXT_HEX, SPAN(sum, 32), &hex);
	assert_string_equal(
	    buf_cstr(&hex), "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
	line = doc ? strtok(doc, "\n") : NULL;
	for (i = 0; line != NULL; i++, line = strtok(NULL, "\n"))
		assert_string_equal(words_at(i), line);
	free(doc);
	buf_done(&all);
	buf_done(&hex);
}

/* Every word in every way that it may be typed. */
static void
test_every_word(void **state)
{
	uint8_t entropy[16], all[33];
	char phrase[256], typed[256];
	size_t i, n, letters;

	(void)state;
	for (i = 0; i < 2048; i++) {
		crypto_random(entropy, sizeof(entropy));
		entropy[0] = (uint8_t)(i >> 3);
		entropy[1] = (uint8_t)((entropy[1] & 0x1f) | i << 5);
		sec_wipe(&out);
		assert_int_equal(words_from_bytes(SPAN(entropy, 16), ' ', &out), ERR_OK);
		memcpy(phrase, out.p, out.len);
		phrase[out.len] = 0;
		n = strlen(words_at(i));
		assert_int_equal(strncmp(phrase, words_at(i), n), 0);
		assert_int_equal(phrase[n], ' ');
		for (letters = n < 4 ? n : 4; letters <= n; letters++) {
			snprintf(
			    typed, sizeof(typed), "%.*s%s", (int)letters, words_at(i), phrase + n);
			typed[0] = (char)toupper((unsigned char)typed[0]);
			assert_int_equal(to_bytes(typed, 16), ERR_OK);
			assert_memory_equal(out.p, entropy, 16);
		}
	}
	for (i = 0; i < 2048; i++) {
		memset(all, 0, sizeof(all));
		all[0] = (uint8_t)(i >> 3);
		all[1] = (uint8_t)(i << 5);
		sec_wipe(&out);
		assert_int_equal(words_from_bits(SPAN(all, 2), 11, '-', &out), ERR_OK);
		assert_true(span_is(sec_span(&out), words_at(i)));
	}
}

static void
test_typing(void **state)
{
	static const char *const same[] = {
		"legal winner thank year wave sausage worth useful legal winner thank yellow",
		"  LEGAL\twinner\r\nthank   year,wave, sausage\n\n"
		"worth useful legal winner thank yellow\n",
		"lega-winn-than-year-wave-saus-wort-usef-lega-winn-than-yell",
		"Lega Winne tHANk yEAR WaVE saUS worth usefu LEGAL winn than yello",
		"\v\flegal winner thank year wave sausage worth useful legal winner thank yellow,",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (to_bytes(same[i], 16) != ERR_OK)
			fail_msg("%s", same[i]);
		assert_int_equal(out.len, 16);
		assert_int_equal(out.p[0], 0x7f);
		assert_int_equal(out.p[15], 0x7f);
	}
}

#define ELEVEN "legal winner thank year wave sausage worth useful legal winner thank"

static const struct {
	const char *phrase;
	enum err r;
	size_t bad;
} rows[] = {
	{ "", ERR_WORDS_COUNT, 99 },
	{ " -,\n", ERR_WORDS_COUNT, 99 },
	{ "legal", ERR_WORDS_COUNT, 99 },
	{ "legal winner thank", ERR_WORDS_COUNT, 99 },
	{ ELEVEN, ERR_WORDS_COUNT, 99 },
	{ ELEVEN " yellow yellow", ERR_WORDS_COUNT, 99 },
	{ ZOO24 " vote zoo", ERR_WORDS_COUNT, 99 },
	{ ZOO24 " vote xxxx", ERR_WORDS_COUNT, 99 },
	{ ELEVEN " year", ERR_WORDS_CHECKSUM, 99 },
	{ "winner legal thank year wave sausage worth useful legal winner thank yellow",
	    ERR_WORDS_CHECKSUM, 99 },
	{ ZOO24 " zoo", ERR_WORDS_CHECKSUM, 99 },
	{ ELEVEN " yel", ERR_WORDS_UNKNOWN, 11 },
	{ ELEVEN " yellows", ERR_WORDS_UNKNOWN, 11 },
	{ ELEVEN " yelxow", ERR_WORDS_UNKNOWN, 11 },
	{ ELEVEN " yellowyellow", ERR_WORDS_UNKNOWN, 11 },
	{ ELEVEN " y", ERR_WORDS_UNKNOWN, 11 },
	{ ELEVEN " yellow1", ERR_WORDS_UNKNOWN, 11 },
	{ ELEVEN " yell\xc3\xb6w", ERR_WORDS_UNKNOWN, 11 },
	{ "1 legal", ERR_WORDS_UNKNOWN, 0 },
	{ "legal winnner thank", ERR_WORDS_UNKNOWN, 1 },
	{ "act zo", ERR_WORDS_UNKNOWN, 1 },
	{ "acts", ERR_WORDS_UNKNOWN, 0 },
	{ "@bandon", ERR_WORDS_UNKNOWN, 0 },
};

static void
test_refused(void **state)
{
	size_t i, bad;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum err r;

		bad = 99;
		sec_wipe(&out);
		r = words_to_bytes(span_str(rows[i].phrase), 0, &out, &bad);
		if (r != rows[i].r || bad != rows[i].bad)
			fail_msg("%s: %s at %zu", rows[i].phrase, err_name(r), bad);
		assert_int_equal(out.len, 0);
	}
	assert_int_equal(
	    words_to_bytes(SPAN("legal\0winner", 12), 0, &out, &bad), ERR_WORDS_UNKNOWN);
}

static void
test_lengths(void **state)
{
	uint8_t p[40] = { 0 };
	size_t n;

	(void)state;
	for (n = 0; n <= sizeof(p); n++) {
		bool ok = n >= 16 && n <= 32 && n % 4 == 0;

		sec_wipe(&out);
		assert_int_equal(words_from_bytes(SPAN(p, n), ' ', &out), ok ? ERR_OK : ERR_RANGE);
	}
}

/* Each bit of the checksum counts, at every length. */
static void
test_checksum_bits(void **state)
{
	uint8_t p[33] = { 0 }, sum[32];
	size_t n, bit;

	(void)state;
	for (n = 16; n <= 32; n += 4) {
		crypto_sha256(SPAN(p, n), sum);
		for (bit = 0; bit <= n / 4; bit++) {
			p[n] = (uint8_t)(sum[0] ^ (bit ? 0x80 >> (bit - 1) : 0));
			sec_wipe(&out);
			assert_int_equal(
			    words_from_bits(SPAN(p, n + 1), n / 4 * 33, ' ', &out), ERR_OK);
			assert_int_equal(words_to_bytes(sec_span(&out), n, &out, NULL),
			    bit ? ERR_WORDS_CHECKSUM : ERR_OK);
		}
		p[n] = 0;
	}
}

/* Appended; where it does not fit, nothing of it stays. */
static void
test_room(void **state)
{
	struct sec small = { 0 }, none = { 0 };
	uint8_t p[32] = { 0 };

	(void)state;
	assert_int_equal(sec_init(&small, 40), ERR_OK);
	assert_int_equal(sec_put(&small, SPAN_LIT("words: ")), ERR_OK);
	assert_int_equal(words_from_bytes(SPAN(p, 16), ' ', &small), ERR_TOOBIG);
	assert_true(span_is(sec_span(&small), "words: "));
	assert_int_equal(small.p[7], 0);
	assert_int_equal(words_from_bits(SPAN(p, 16), 33, '.', &small), ERR_OK);
	assert_true(span_is(sec_span(&small), "words: abandon.abandon.abandon"));
	sec_done(&small);
	assert_int_equal(sec_init(&small, 15), ERR_OK);
	assert_int_equal(words_to_bytes(span_str(ELEVEN " yellow"), 16, &small, NULL), ERR_TOOBIG);
	assert_int_equal(small.len, 0);
	sec_done(&small);
	/* an empty struct gets what it needs */
	assert_int_equal(words_to_bytes(span_str(ELEVEN " yellow"), 16, &none, NULL), ERR_OK);
	assert_int_equal(none.len, 16);
	sec_done(&none);
	assert_int_equal(words_from_bytes(SPAN(p, 32), ' ', &none), ERR_OK);
	assert_true(none.len > 24 * 4);
	sec_done(&none);
}

/* DESIGN 4: bkp_g is the first 110 bits as ten words */
static void
test_bits(void **state)
{
	struct span in = unhex("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f");

	(void)state;
	sec_wipe(&out);
	assert_int_equal(words_from_bits(in, 110, '-', &out), ERR_OK);
	assert_true(span_is(
	    sec_span(&out), "legal-winner-thank-year-wave-sausage-worth-useful-legal-winner"));
	assert_int_equal(words_from_bits(in, 0, '-', &out), ERR_RANGE);
	assert_int_equal(words_from_bits(in, 12, '-', &out), ERR_RANGE);
	assert_int_equal(words_from_bits(in, 132, '-', &out), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_trezor),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_every_word),
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_checksum_bits),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_bits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
