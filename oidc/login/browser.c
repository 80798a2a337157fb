#include "oidc/login/browser.h"

#include <stdio.h>

/* By the product that it names (RFC 9110 10.1.5): what builds on another names that one, too, so
 * the first row that is there counts. */
static const struct {
	const char *product, *name;
} products[] = {
	{ "Edg", "Edge" },
	{ "EdgA", "Edge" },
	{ "EdgiOS", "Edge" },
	{ "OPR", "Opera" },
	{ "OPiOS", "Opera" },
	{ "Vivaldi", "Vivaldi" },
	{ "SamsungBrowser", "Samsung Internet" },
	{ "YaBrowser", "Yandex" },
	{ "DuckDuckGo", "DuckDuckGo" },
	{ "Ddg", "DuckDuckGo" },
	{ "Falkon", "Falkon" },
	{ "Konqueror", "Konqueror" },
	{ "Epiphany", "GNOME Web" },
	{ "SeaMonkey", "SeaMonkey" },
	{ "FxiOS", "Firefox" },
	{ "Firefox", "Firefox" },
	{ "CriOS", "Chrome" },
	{ "Chromium", "Chromium" },
	{ "HeadlessChrome", "Chrome" },
	{ "Chrome", "Chrome" },
	{ "Safari", "Safari" },
	{ "w3m", "w3m" },
	{ "Lynx", "Lynx" },
	{ "Links", "Links" },
	{ "ELinks", "ELinks" },
	{ "NetSurf", "NetSurf" },
	{ "Dillo", "Dillo" },
	{ "curl", "curl" },
	{ "Wget", "Wget" },
};

/* By a word of the first comment; Android says Linux, too, ChromeOS X11. */
static const struct {
	const char *word, *name;
} systems[] = {
	{ "Android", "Android" },
	{ "iPhone", "iPhone" },
	{ "iPad", "iPad" },
	{ "Windows", "Windows" },
	{ "Macintosh", "macOS" },
	{ "CrOS", "ChromeOS" },
	{ "FreeBSD", "FreeBSD" },
	{ "OpenBSD", "OpenBSD" },
	{ "NetBSD", "NetBSD" },
	{ "Linux", "Linux" },
};

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A whole word of s, with one of these characters behind it, or the end. */
static bool
has_word(struct span s, const char *word, const char *behind)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.len; i++)
		if ((i == 0 || !is_letter(s.p[i - 1])) && memcmp(s.p + i, word, n) == 0 &&
		    (i + n == s.len || strchr(behind, s.p[i + n])))
			return true;
	return false;
}

/* The products alone: comments become spaces.  *first is the first comment. */
static size_t
split(struct span s, uint8_t out[BROWSER_MOST], struct span *first)
{
	size_t depth = 0, from = 0;

	*first = SPAN_NONE;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '(' && depth++ == 0)
			from = i + 1;
		out[i] = depth ? ' ' : s.p[i];
		if (s.p[i] == ')' && depth && --depth == 0 && !first->p)
			*first = SPAN(s.p + from, i - from);
	}
	if (depth && !first->p)
		*first = SPAN(s.p + from, s.len - from);
	return s.len;
}

struct browser
browser_read(struct span s)
{
	struct browser b = { "", "" };
	uint8_t out[BROWSER_MOST];
	struct span comment, rest;

	if (s.len > BROWSER_MOST)
		s.len = BROWSER_MOST;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f)
			return b;
	rest = SPAN(out, split(s, out, &comment));
	for (size_t i = 0; i < sizeof products / sizeof *products && !*b.name; i++)
		if (has_word(rest, products[i].product, "/ "))
			b.name = products[i].name;
	for (size_t i = 0; i < sizeof systems / sizeof *systems && !*b.system; i++)
		if (has_word(comment, systems[i].word, "; ,_"))
			b.system = systems[i].name;
	return b;
}

/* ---- as it is kept ---- */
void
browser_write(struct browser b, char out[BROWSER_TEXT])
{
	if (!*b.name && !*b.system)
		out[0] = '\0';
	else
		snprintf(out, BROWSER_TEXT, "%s/%s", b.name, b.system);
}

struct browser
browser_kept(struct span text)
{
	struct browser b = { "", "" };
	const uint8_t *slash = text.len ? memchr(text.p, '/', text.len) : NULL;
	struct span name, system;

	if (!slash)
		return b;
	name = SPAN(text.p, (size_t)(slash - text.p));
	system = SPAN(slash + 1, text.len - name.len - 1);
	for (size_t i = 0; i < sizeof products / sizeof *products; i++)
		if (span_is(name, products[i].name))
			b.name = products[i].name;
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
		if (span_is(system, systems[i].name))
			b.system = systems[i].name;
	return b;
}
