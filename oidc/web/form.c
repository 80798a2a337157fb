/* form.c - application/x-www-form-urlencoded, decoded strictly and in one go. */
#include "oidc/web/form.h"

#include <stdlib.h>

#include "lib/text.h"

static int
hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* To out, which has room.  What no encoder leaves as it is, is refused, and so is NUL. */
static enum err
decode(struct span in, uint8_t *out, size_t *n)
{
	for (size_t i = 0; i < in.len; i++) {
		int c = in.p[i];

		if (c <= ' ' || c == 0x7f)
			return ERR_FORMAT;
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int hi, lo;

			if (in.len - i < 3 || (hi = hex(in.p[i + 1])) < 0 ||
			    (lo = hex(in.p[i + 2])) < 0)
				return ERR_FORMAT;
			c = hi << 4 | lo;
			i += 2;
		}
		if (c == 0)
			return ERR_FORMAT;
		out[(*n)++] = (uint8_t)c;
	}
	return ERR_OK;
}

enum err
form_decode(struct span in, struct buf *out)
{
	uint8_t *to = buf_room(out, in.len);
	size_t n = 0;
	enum err e;

	if (!to)
		return buf_err(out);
	if ((e = decode(in, to, &n)))
		return e;
	if (!text_is_utf8(SPAN(to, n)))
		return ERR_FORMAT;
	buf_add(out, n);
	return ERR_OK;
}

/* Into f->text, which does not move: it has room for all. */
static enum err
put(struct form *f, struct span in, struct span *out)
{
	size_t at = f->text.len;
	enum err e = form_decode(in, &f->text);

	if (!e)
		*out = SPAN(f->text.p + at, f->text.len - at);
	return e;
}

static enum err
take(struct form *f, struct span pair)
{
	const uint8_t *eq = memchr(pair.p, '=', pair.len);
	size_t n = eq ? (size_t)(eq - pair.p) : pair.len;
	struct form_field *to = &f->at[f->n];
	enum err e;

	if ((e = put(f, SPAN(pair.p, n), &to->name)) ||
	    (e = put(f, eq ? SPAN(eq + 1, pair.len - n - 1) : SPAN_NONE, &to->value)))
		return e;
	if (to->name.len == 0)
		return ERR_FORMAT;
	if (to->name.len > FORM_NAME)
		return ERR_LIMIT;
	f->n++;
	return ERR_OK;
}

enum err
form_parse(struct span in, struct form *f)
{
	size_t pairs = 1;
	enum err e = ERR_OK;

	if (in.len == 0)
		return ERR_OK;
	for (size_t i = 0; i < in.len; i++)
		pairs += in.p[i] == '&';
	if (pairs > FORM_FIELDS)
		return ERR_LIMIT;
	if (!buf_room(&f->text, in.len))
		return buf_err(&f->text);
	if (!(f->at = calloc(pairs, sizeof *f->at)))
		return ERR_NOMEM;
	while (!e && in.len) {
		const uint8_t *amp = memchr(in.p, '&', in.len);
		size_t n = amp ? (size_t)(amp - in.p) : in.len;

		if (n > 0)
			e = take(f, SPAN(in.p, n));
		n += amp != NULL;
		in = SPAN(in.p + n, in.len - n);
	}
	if (e)
		form_done(f);
	return e;
}

void
form_done(struct form *f)
{
	buf_done(&f->text);
	free(f->at);
	*f = (struct form){ .n = 0 };
}

enum form_got
form_get(const struct form *f, const char *name, struct span *value)
{
	enum form_got got = FORM_ABSENT;
	struct span first = SPAN_NONE;
	size_t times = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!span_is(f->at[i].name, name))
			continue;
		if (times++ == 0)
			first = f->at[i].value;
	}
	if (times > 1)
		got = FORM_TWICE;
	else if (first.len)
		got = FORM_ONE;
	if (value)
		*value = first;
	return got;
}

struct span
form_value(const struct form *f, const char *name)
{
	struct span v;

	return form_get(f, name, &v) == FORM_ONE ? v : SPAN_NONE;
}

static bool
is_among(struct span name, const char *const *list)
{
	for (; list && *list; list++)
		if (span_is(name, *list))
			return true;
	return false;
}

bool
form_repeats(const struct form *f, const char *const *may, struct span *name)
{
	for (size_t i = 1; i < f->n; i++)
		for (size_t k = 0; k < i; k++)
			if (span_eq(f->at[i].name, f->at[k].name) &&
			    !is_among(f->at[i].name, may)) {
				*name = f->at[i].name;
				return true;
			}
	return false;
}

void
form_encode(struct span in, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';

		if (plain) {
			buf_put_u8(out, c);
		} else {
			buf_put_u8(out, '%');
			buf_put_u8(out, (uint8_t)digits[c >> 4]);
			buf_put_u8(out, (uint8_t)digits[c & 15]);
		}
	}
}

void
form_put(struct buf *out, const char *name, struct span value)
{
	if (out->len)
		buf_put_u8(out, '&');
	form_encode(span_str(name), out);
	buf_put_u8(out, '=');
	form_encode(value, out);
}
