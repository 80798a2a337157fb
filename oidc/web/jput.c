/* jput.c - JSON that we write. */
#include "oidc/web/jput.h"

#include "lib/text.h"

struct jput
jput_into(struct buf *out)
{
	return (struct jput){ .out = out };
}

/* Also what HTML would take for something (RFC 8259 7 allows any character to be escaped). */
static bool
is_plain(uint8_t c, bool valid)
{
	return c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x7f &&
	    (c < 0x80 || valid);
}

static void
put_special(struct buf *out, uint8_t c)
{
	if (c == '"' || c == '\\') {
		buf_put_u8(out, '\\');
		buf_put_u8(out, c);
	} else if (c < 0x80) {
		buf_putf(out, "\\u%04x", (unsigned)c);
	} else {
		buf_put_str(out, "\xef\xbf\xbd");
	}
}

static void
put_string(struct buf *out, struct span s)
{
	bool valid = text_is_utf8(s);
	size_t from = 0, i;

	buf_put_u8(out, '"');
	for (i = 0; i < s.len; i++) {
		if (is_plain(s.p[i], valid))
			continue;
		buf_put(out, s.p + from, i - from);
		put_special(out, s.p[i]);
		from = i + 1;
	}
	buf_put(out, s.p + from, s.len - from);
	buf_put_u8(out, '"');
}

static void
begin(struct jput *j, const char *key)
{
	if (j->any[j->depth])
		buf_put_u8(j->out, ',');
	j->any[j->depth] = true;
	if (!key)
		return;
	put_string(j->out, span_str(key));
	buf_put_u8(j->out, ':');
}

static void
open(struct jput *j, const char *key, char first, char last)
{
	begin(j, key);
	buf_put_u8(j->out, (uint8_t)first);
	if (j->depth + 1 == JPUT_DEPTH) {
		j->out->failed = true;
		return;
	}
	j->depth++;
	j->any[j->depth] = false;
	j->close[j->depth] = last;
}

void
jput_object(struct jput *j, const char *key)
{
	open(j, key, '{', '}');
}

void
jput_list(struct jput *j, const char *key)
{
	open(j, key, '[', ']');
}

void
jput_end(struct jput *j)
{
	if (j->depth == 0)
		return;
	buf_put_u8(j->out, (uint8_t)j->close[j->depth]);
	j->depth--;
}

void
jput_text(struct jput *j, const char *key, struct span value)
{
	begin(j, key);
	put_string(j->out, value);
}

void
jput_uint(struct jput *j, const char *key, uint64_t value)
{
	begin(j, key);
	buf_putf(j->out, "%llu", (unsigned long long)value);
}

void
jput_bool(struct jput *j, const char *key, bool value)
{
	begin(j, key);
	buf_put_str(j->out, value ? "true" : "false");
}

void
jput_raw(struct jput *j, const char *key, struct span json)
{
	begin(j, key);
	buf_put_span(j->out, json);
}

void
jput_words(struct jput *j, const char *key, struct span words)
{
	jput_list(j, key);
	while (words.len) {
		const uint8_t *space = memchr(words.p, ' ', words.len);
		size_t n = space ? (size_t)(space - words.p) : words.len;

		if (n)
			jput_text(j, NULL, SPAN(words.p, n));
		n += space != NULL;
		words = SPAN(words.p + n, words.len - n);
	}
	jput_end(j);
}
