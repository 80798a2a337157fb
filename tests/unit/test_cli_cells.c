#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/cells.h"
#include "cli/show_card.h"

#define CARD "share: 1 of 2 of 3\nwords: acid acne\ncheck: 1a2b3c4d\nempty: \nlast: yes"

static struct sec line;

static size_t
take(struct cells *c, const char *text, size_t at)
{
	assert_int_equal(sec_set(&line, span_str(text)), ERR_OK);
	return cells_take(c, &line, at, CELLS_MAX);
}

static void
test_kind(void **state)
{
	static const struct {
		const char *words;
		unsigned kind;
	} rows[] = { { "", CELLS_OF_SHARE }, { "abandon", CELLS_OF_PHRASE },
		{ "legal winner thank", CELLS_OF_PHRASE }, { "duckling", CELLS_OF_SHARE },
		{ "academic acid acne duckling", CELLS_OF_SHARE },
		/* one wrong word does not decide */
		{ "duckling abandon ability", CELLS_OF_PHRASE } };
	struct cells c = { 0 };

	(void)state;
	assert_int_equal(cells_open(&c), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(cells_kind(&c, take(&c, rows[i].words, 0)), rows[i].kind);
	cells_done(&c);
}

static void
test_line(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		unsigned lists;
	} rows[] = { { "", 0, 0 }, { "12.", 0, 0 }, { "abandon", 1, CELLS_OF_PHRASE },
		{ "ABAN", 1, CELLS_OF_PHRASE }, { "aba", 1, 0 }, { "duck", 1, 3 },
		{ "ducklin", 1, CELLS_OF_SHARE },
		{ "1 acid 2 acne", 2, CELLS_OF_PHRASE | CELLS_OF_SHARE }, { "xyzzy", 1, 0 },
		{ "abandonabandon", 1, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned lists;

		assert_int_equal(sec_set(&line, span_str(rows[i].text)), ERR_OK);
		assert_int_equal(cells_count(&line), rows[i].n);
		lists = cells_first_lists(&line, CELLS_OF_PHRASE | CELLS_OF_SHARE);
		if (lists != rows[i].lists)
			fail_msg("%s: %u", rows[i].text, lists);
		assert_int_equal(cells_first_lists(&line, CELLS_OF_SHARE), lists & CELLS_OF_SHARE);
	}
}

static void
test_cells(void **state)
{
	struct cells c = { 0 };
	struct sec text = { 0 };

	(void)state;
	assert_int_equal(cells_open(&c), ERR_OK);
	assert_int_equal(sec_init(&text, CELLS_TEXT), ERR_OK);
	assert_int_equal(take(&c, "1 acid 2 academic", 0), 2);
	assert_int_equal(take(&c, "abandonabandon", 2), 3);
	assert_string_equal(cells_word(&c, 2), "abandona");
	assert_string_equal(cells_word(&c, 3), "");
	assert_int_equal(cells_join(&c, 3, &text), ERR_OK);
	assert_true(span_is(sec_span(&text), "acid academic abandona"));
	assert_int_equal(take(&c, "a b c d", CELLS_MAX - 2), CELLS_MAX);
	cells_wipe(&c);
	assert_string_equal(cells_word(&c, 0), "");
	cells_done(&c);
	sec_done(&text);
}

static void
test_card(void **state)
{
	struct span card = SPAN_LIT(CARD);

	(void)state;
	assert_true(span_is(show_card_value(card, "share"), "1 of 2 of 3"));
	assert_true(span_is(show_card_value(card, "words"), "acid acne"));
	assert_true(span_is(show_card_value(card, "last"), "yes"));
	assert_int_equal(show_card_value(card, "empty").len, 0);
	assert_int_equal(show_card_value(card, "wor").len, 0);
	assert_int_equal(show_card_value(card, "acid").len, 0);
	assert_int_equal(show_card_value(SPAN_NONE, "share").len, 0);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(16384, true, true) != ERR_OK || sec_init(&line, 1024) != ERR_OK;
}

static int
teardown(void **state)
{
	(void)state;
	sec_done(&line);
	return sec_arena_used() != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_card),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
