/* agejson.c - JSON written piece by piece into an age file. */
#include "agent/vault/agejson.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/text.h"

#define STEP \
	480 /* bytes encoded at a time; a multiple of 3, so that base64 has no padding within */

static void
put(struct agejson *j, struct span s)
{
	struct span piece;

	while (!j->err && s.len > 0) {
		if (!(j->err = age_writer_push(j->age, &s, &piece)))
			buf_put_span(j->out, piece);
		if (!j->err)
			j->err = buf_err(j->out);
	}
}

static void
put_str(struct agejson *j, const char *s)
{
	put(j, span_str(s));
}

static void
indent(struct agejson *j, const char *before)
{
	put_str(j, before);
	for (unsigned i = 0; i < j->depth; i++)
		put_str(j, " ");
}

/* Each element on a line of its own: a person may read it, and a reader may go by lines. */
static void
begin(struct agejson *j, const char *name)
{
	if (j->depth)
		indent(j, j->first ? "\n" : ",\n");
	j->first = false;
	if (!name)
		return;
	put_str(j, "\"");
	put_str(j, name);
	put_str(j, "\": ");
}

void
agejson_open(struct agejson *j, const char *name, char bracket)
{
	if (name || bracket == '{')
		begin(j, name);
	put(j, SPAN((const uint8_t *)&bracket, 1));
	j->first = true;
	j->depth++;
}

void
agejson_close(struct agejson *j, char bracket)
{
	j->depth--;
	indent(j, "\n");
	put(j, SPAN((const uint8_t *)&bracket, 1));
	j->first = false;
}

/* How a byte is written: RFC 8259, section 7. */
static size_t
escape(uint8_t c, uint8_t *out)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = c;
		return 2;
	}
	if (c >= 0x20) {
		out[0] = c;
		return 1;
	}
	memcpy(out, "\\u00", 4);
	out[4] = (uint8_t)hex[c >> 4];
	out[5] = (uint8_t)hex[c & 15];
	return 6;
}

static void
put_escaped(struct agejson *j, struct span text)
{
	uint8_t some[STEP];
	size_t n = 0;

	put_str(j, "\"");
	for (size_t i = 0; i < text.len; i++) {
		n += escape(text.p[i], some + n);
		if (n > sizeof some - 6) {
			put(j, SPAN(some, n));
			n = 0;
		}
	}
	put(j, SPAN(some, n));
	put_str(j, "\"");
	sec_zero(some, sizeof some);
}

void
agejson_text(struct agejson *j, const char *name, struct span text)
{
	begin(j, name);
	put_escaped(j, text);
}

void
agejson_number(struct agejson *j, const char *name, uint64_t n)
{
	char text[24];

	begin(j, name);
	snprintf(text, sizeof text, "%" PRIu64, n);
	put_str(j, text);
}

void
agejson_time(struct agejson *j, const char *name, uint64_t unix_seconds)
{
	time_t t = (time_t)unix_seconds;
	char text[40];
	struct tm tm;

	if (!unix_seconds || !gmtime_r(&t, &tm))
		return;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	agejson_text(j, name, span_str(text));
}

static void
put_encoded(struct agejson *j, enum text_code code, struct span bytes)
{
	char some[2 * STEP];

	put_str(j, "\"");
	for (size_t at = 0; at < bytes.len; at += STEP) {
		size_t n = bytes.len - at < STEP ? bytes.len - at : STEP;

		text_encode_raw(code, SPAN(bytes.p + at, n), some);
		put(j, SPAN((const uint8_t *)some, text_encoded_len(code, n)));
	}
	put_str(j, "\"");
	sec_zero(some, sizeof some);
}

void
agejson_hex(struct agejson *j, const char *name, struct span bytes)
{
	begin(j, name);
	put_encoded(j, TEXT_HEX, bytes);
}

void
agejson_base64(struct agejson *j, const char *name, struct span bytes)
{
	begin(j, name);
	put_encoded(j, TEXT_BASE64, bytes);
}
