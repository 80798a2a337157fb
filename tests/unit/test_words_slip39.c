#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "lib/words_list.h"
#include "lib/words_slip39.h"
#include "tests/unit/vectors.h"

/* SLIP-39's first vector, and what sha256sum says of it without a newline */
#define SHARE                                                                             \
	"duckling enlarge academic academic agency result length solution fridge kidney " \
	"coal piece deal husband erode duke ajar critical decision keyboard"
#define CODE "a4e52331"

static struct words_slip39 w;

/* The standard's list: by sha256sum of it as published, and by what the standard promises. */
static void
test_list(void **state)
{
	struct buf all = BUF_INIT, hex = BUF_INIT;
	const struct words_list *l = &words_list_slip39;
	uint8_t sum[32];

	(void)state;
	assert_int_equal(l->count, 1024);
	for (size_t i = 0; i < l->count; i++) {
		assert_in_range(strlen(l->word[i]), 4, WORDS_LONGEST);
		if (i > 0)
			assert_true(strncmp(l->word[i - 1], l->word[i], 4) < 0);
		buf_putf(&all, "%s\n", l->word[i]);
	}
	crypto_sha256(buf_span(&all), sum);
	text_encode(TEXT_HEX, SPAN(sum, 32), &hex);
	assert_string_equal(
	    buf_cstr(&hex), "bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3");
	buf_done(&all);
	buf_done(&hex);
}

static void
test_read(void **state)
{
	static const char *const same[] = { SHARE,
		"DUCK enla Acad acade\nagen resu leng solu frid kidn coal piec deal husb erod "
		"duke ajar crit deci keyb\n",
		"duckling-enlarge-academic,academic agency result length solution fridge kidney "
		"coal piece deal husband erode duke ajar critical decision keyboard" };
	struct sec text = { 0 };

	(void)state;
	assert_int_equal(sec_init(&text, strlen(SHARE) + 100), ERR_OK);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		assert_int_equal(words_slip39_read(span_str(same[i]), &w, NULL), ERR_OK);
		assert_int_equal(w.n, 20);
		sec_wipe(&text);
		assert_int_equal(words_slip39_write(&w, &text), ERR_OK);
		assert_true(span_is(sec_span(&text), SHARE));
	}
	memset(w.value + 17, 0, 3 * sizeof(w.value[0]));
	words_slip39_sum(&w);
	sec_wipe(&text);
	assert_int_equal(words_slip39_write(&w, &text), ERR_OK);
	assert_true(span_is(sec_span(&text), SHARE));
	assert_int_equal(words_slip39_write(&w, &text), ERR_TOOBIG);
	assert_true(span_is(sec_span(&text), SHARE));
	sec_done(&text);
}

#define HEAD "duckling enlarge academic academic agency result length solution fridge kidney "
#define TEN  "coal piece deal husband erode duke ajar critical decision keyboard "

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		enum err e;
		size_t bad;
	} rows[] = { { "", ERR_SHARE_LENGTH, 99 }, { HEAD, ERR_SHARE_LENGTH, 99 },
		{ HEAD TEN TEN "coal coal coal coal", ERR_SHARE_LENGTH, 99 },
		{ HEAD TEN "coal", ERR_WORDS_CHECKSUM, 99 },
		{ HEAD "coal piece deal husband erode duke ajar critical keyboard decision",
		    ERR_WORDS_CHECKSUM, 99 },
		{ "enlarge" SHARE, ERR_WORDS_UNKNOWN, 0 }, { HEAD "zoo", ERR_WORDS_UNKNOWN, 10 },
		{ HEAD "coa", ERR_WORDS_UNKNOWN, 10 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t bad = 99;
		enum err e = words_slip39_read(span_str(rows[i].text), &w, &bad);

		if (e != rows[i].e || bad != rows[i].bad)
			fail_msg("%s: %s at %zu", rows[i].text, err_name(e), bad);
		assert_int_equal(w.n, 0);
	}
}

/* RS1024: no change of up to three words passes. */
static void
test_sum(void **state)
{
	uint16_t r[6];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct sec text = { 0 };
		enum err e;

		assert_int_equal(words_slip39_read(span_str(SHARE), &w, NULL), ERR_OK);
		crypto_random(r, sizeof(r));
		w.value[r[0] % 20] ^= 1 + r[1] % 1023;
		for (int j = 1; j <= i % 3; j++)
			if (r[2 * j] % 20 != r[0] % 20)
				w.value[r[2 * j] % 20] = r[2 * j + 1] % 1024;
		assert_int_equal(sec_init(&text, WORDS_SLIP39_TEXT), ERR_OK);
		assert_int_equal(words_slip39_write(&w, &text), ERR_OK);
		e = words_slip39_read(sec_span(&text), &w, NULL);
		assert_int_equal(e, ERR_WORDS_CHECKSUM);
		sec_done(&text);
	}
}

static void
test_code(void **state)
{
	uint8_t hash[32];
	char code[WORDS_SLIP39_CODE + 1];

	(void)state;
	assert_int_equal(words_slip39_hash(SPAN_LIT(SHARE), hash, NULL), ERR_OK);
	words_slip39_code(hash, code);
	assert_string_equal(code, CODE);
	assert_int_equal(
	    words_slip39_hash(SPAN_LIT("Duck Enla " SHARE), hash, NULL), ERR_WORDS_CHECKSUM);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_meant(void **state)
{
	static const struct {
		const char *text;
		bool share;
	} rows[] = { { SHARE, true }, { HEAD TEN "x x x x", false }, { "", false },
		{ HEAD TEN TEN "x x x", true }, { HEAD TEN TEN, true },
		{ "abandon ability able about above absent", false },
		{ "legal winner thank year wave sausage worth useful", false },
		{ "acad acne acqu", true } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (words_slip39_is_meant(span_str(rows[i].text)) != rows[i].share)
			fail_msg("%s", rows[i].text);
	assert_int_equal(words_slip39_count(SPAN_LIT(" a,b-c\nd ")), 4);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(16384, true, true) != ERR_OK || crypto_init_light() != ERR_OK;
}

static int
teardown(void **state)
{
	(void)state;
	return sec_arena_used() != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_meant),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
