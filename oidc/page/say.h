/*
 * say.h - what pages say, in each language: a file say_XX_table.h with a row for every text, and
 * its row in say.c.  English (say_en_table.h) names the texts; where another language lacks one,
 * English stands in, and a unit test fails.
 *
 * Texts are plain: no HTML, and {1}, {2} where page.h puts something in.
 */
#ifndef OIDC_PAGE_SAY_H
#define OIDC_PAGE_SAY_H

#include <stddef.h>

enum say {
#define T(name, text) SAY_##name,
#include "oidc/page/say_en_table.h"
#undef T
	SAY_COUNT
};

struct say_language {
	const char *tag;	 /* RFC 5646: "de" */
	const char *const *text; /* SAY_COUNT of them */
};
/* English first; ended by tag NULL. */
extern const struct say_language say_languages[];
/* Their tags with a space between, as ui_locales_supported has them. */
extern const char say_tags[];

#define SAY_MOST 32 /* languages */
/* All tags, `first` before the others if there is such a language (else English), NULL behind. */
void say_list(const char *first, const char *out[SAY_MOST + 1]);
/* English, if there is no such language. */
const struct say_language *say_find(const char *tag);

const char *say_text(const struct say_language *l, enum say what);
/* What is said in English also to programs (web_refuse) and is known by that: the same in this
 * language; NULL: it is no text of the table. */
const char *say_same(const struct say_language *l, const char *english);
/* Its English; for tests. */
const char *say_name(enum say what);

#endif
