/* request.c - Assuan commands, as gpg-agent sends them to a pinentry. */
#include "cli/pinentry/request.h"

#include <strings.h>

static const struct {
	const char *word;
	enum request_kind kind;
} words[] = {
	{ "OPTION", REQUEST_OPTION },
	{ "SETKEYINFO", REQUEST_KEYINFO },
	{ "SETERROR", REQUEST_ERROR },
	{ "SETREPEAT", REQUEST_REPEAT },
	{ "SETQUALITYBAR", REQUEST_REPEAT },
	{ "SETGENPIN", REQUEST_REPEAT },
	{ "GETPIN", REQUEST_GETPIN },
	{ "CLEARPASSPHRASE", REQUEST_CLEAR },
	{ "GETINFO", REQUEST_GETINFO },
	{ "RESET", REQUEST_RESET },
	{ "BYE", REQUEST_BYE },
	{ "NOP", REQUEST_NOP },
	{ "D", REQUEST_STRAY },
	{ "END", REQUEST_STRAY },
	{ "CAN", REQUEST_STRAY },
};

static bool
is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

static size_t
word_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	return n;
}

static struct span
without_blanks(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_sub(s, 1, s.len - 1);
	return s;
}

enum err
request_parse(struct span line, struct request *r)
{
	size_t n = word_len(line);
	struct span word = SPAN(line.p, n);

	*r = (struct request){ .kind = REQUEST_OTHER, .line = line };
	if (line.len == 0 || memchr(line.p, 0, line.len))
		return ERR_FORMAT;
	r->rest = without_blanks(span_sub(line, n, line.len - n));
	if (line.p[0] == '#')
		r->kind = REQUEST_NOTHING;
	else if (n > 3 && strncasecmp((const char *)line.p, "SET", 3) == 0)
		r->kind = REQUEST_SET;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (is_word(word, words[i].word))
			r->kind = words[i].kind;
	return ERR_OK;
}

static char
upper_hex(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))
		return (char)c;
	return c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : '\0';
}

void
request_keygrip(struct span s, char out[REQUEST_KEYGRIP + 1])
{
	out[0] = '\0';
	if (s.len != REQUEST_KEYGRIP + 2 || !memchr("nsu", s.p[0], 3) || s.p[1] != '/')
		return;
	for (size_t i = 0; i < REQUEST_KEYGRIP; i++)
		if (!(out[i] = upper_hex(s.p[i + 2]))) {
			out[0] = '\0';
			return;
		}
	out[REQUEST_KEYGRIP] = '\0';
}

bool
request_option(struct span rest, const char *name, struct span *value)
{
	size_t n = strlen(name);

	if (rest.len < n || memcmp(rest.p, name, n) != 0)
		return false;
	*value = without_blanks(span_sub(rest, n, rest.len - n));
	if (value->len && value->p[0] == '=')
		*value = without_blanks(span_sub(*value, 1, value->len - 1));
	else if (rest.len > n && rest.p[n] != ' ' && rest.p[n] != '\t')
		return false;
	return true;
}
