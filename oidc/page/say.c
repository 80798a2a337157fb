#include "oidc/page/say.h"

#include <string.h>

#define T(name, text) [SAY_##name] = text,
static const char *const en[SAY_COUNT] = {
#include "oidc/page/say_en_table.h"
};
static const char *const de[SAY_COUNT] = {
#include "oidc/page/say_de_table.h"
};
static const char *const fr[SAY_COUNT] = {
#include "oidc/page/say_fr_table.h"
};
#undef T

const struct say_language say_languages[] = { { "en", en }, { "de", de }, { "fr", fr },
	{ NULL, NULL } };
const char say_tags[] = "en de fr";

static const char *const names[SAY_COUNT] = {
#define T(name, text) [SAY_##name] = #name,
#include "oidc/page/say_en_table.h"
#undef T
};

const struct say_language *
say_find(const char *tag)
{
	for (const struct say_language *l = say_languages; l->tag; l++)
		if (strcmp(l->tag, tag) == 0)
			return l;
	return say_languages;
}

void
say_list(const char *first, const char *out[SAY_MOST + 1])
{
	const struct say_language *of = say_find(first);
	size_t n = 0;

	out[n++] = of->tag;
	for (const struct say_language *l = say_languages; l->tag && n < SAY_MOST; l++)
		if (l != of)
			out[n++] = l->tag;
	out[n] = NULL;
}

const char *
say_text(const struct say_language *l, enum say what)
{
	return l->text[what] ? l->text[what] : en[what];
}

const char *
say_same(const struct say_language *l, const char *english)
{
	for (size_t i = 0; i < SAY_COUNT; i++)
		if (strcmp(en[i], english) == 0)
			return say_text(l, (enum say)i);
	return NULL;
}

const char *
say_name(enum say what)
{
	return names[what];
}
