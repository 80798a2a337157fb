/* Texts of pages: each language has each, with the same places for what is put in, and no HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/text.h"
#include "oidc/page/say.h"

static void
complete(void **state)
{
	(void)state;
	for (const struct say_language *l = say_languages; l->tag; l++)
		for (size_t i = 0; i < SAY_COUNT; i++)
			if (!l->text[i] || !*l->text[i])
				fail_msg("%s lacks %s", l->tag, say_name((enum say)i));
}

/* How often {1}..{9} are in it, and nothing else in braces. */
static void
count_places(const char *s, unsigned n[10])
{
	memset(n, 0, 10 * sizeof *n);
	while ((s = strpbrk(s, "{}"))) {
		assert_true(s[0] == '{' && s[1] >= '1' && s[1] <= '9' && s[2] == '}');
		n[s[1] - '0']++;
		s += 3;
	}
}

static void
same_places(void **state)
{
	unsigned want[10], have[10];

	(void)state;
	for (size_t i = 0; i < SAY_COUNT; i++) {
		count_places(say_languages[0].text[i], want);
		for (const struct say_language *l = say_languages + 1; l->tag; l++) {
			count_places(say_text(l, (enum say)i), have);
			if (memcmp(want, have, sizeof want) != 0)
				fail_msg("%s of %s", say_name((enum say)i), l->tag);
		}
	}
}

static void
plain(void **state)
{
	(void)state;
	for (const struct say_language *l = say_languages; l->tag; l++) {
		for (size_t i = 0; i < SAY_COUNT; i++) {
			const char *s = say_text(l, (enum say)i);

			assert_true(text_is_utf8(span_str(s)));
			if (strpbrk(s, "<>&\"\n\t") || strstr(s, "  ") || s[0] == ' ')
				fail_msg("%s of %s: %s", say_name((enum say)i), l->tag, s);
		}
	}
}

/* Which English is meant must not depend on the order of rows. */
static void
english_is_unique(void **state)
{
	const struct say_language *en = say_languages;

	(void)state;
	for (size_t i = 0; i < SAY_COUNT; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(en->text[i], en->text[k]) == 0)
				for (const struct say_language *l = en; l->tag; l++)
					assert_string_equal(l->text[i], l->text[k]);
}

static void
finds(void **state)
{
	const char *list[SAY_MOST + 1];
	char tags[256] = "";

	(void)state;
	assert_string_equal(say_find("de")->tag, "de");
	assert_string_equal(say_find("xx")->tag, "en");
	assert_string_equal(say_same(say_find("de"), "Log in"), "Anmelden");
	assert_null(say_same(say_find("de"), "no text of ours"));
	say_list("de", list);
	assert_string_equal(list[0], "de");
	assert_string_equal(list[1], "en");
	say_list("xx", list);
	assert_string_equal(list[0], "en");
	for (const struct say_language *l = say_languages; l->tag; l++)
		(void)snprintf(tags + strlen(tags), sizeof tags - strlen(tags), "%s%s",
		    *tags ? " " : "", l->tag);
	assert_string_equal(tags, say_tags);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete),
		cmocka_unit_test(same_places),
		cmocka_unit_test(plain),
		cmocka_unit_test(english_is_unique),
		cmocka_unit_test(finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
