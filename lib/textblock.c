#include "lib/textblock.h"

#include "lib/text.h"

#define COLUMNS 64

struct reader {
	const char *kind;
	struct span rest;
	struct buf base64; /* of the block that is being read */
	struct buf first;  /* what the first block holds */
	size_t max;
	bool inside;
	bool found;
};

void
textblock_write(const char *kind, struct span data, struct buf *out)
{
	struct buf b = BUF_INIT;
	size_t at, n;

	text_encode(TEXT_BASE64, data, &b);
	if (b.failed)
		out->failed = true;
	buf_putf(out, "-----BEGIN OWNKEY %s-----\n", kind);
	for (at = 0; at < b.len; at += n) {
		n = b.len - at < COLUMNS ? b.len - at : COLUMNS;
		buf_put(out, b.p + at, n);
		buf_put_u8(out, '\n');
	}
	buf_putf(out, "-----END OWNKEY %s-----\n", kind);
	buf_done(&b);
}

/* --- reading --- */

static bool
is_break(uint8_t c)
{
	return c == '\n' || c == '\r';
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next line without quoting and white space around it. */
static struct span
next_line(struct span *rest)
{
	struct span line = { rest->p, 0 };

	while (line.len < rest->len && !is_break(line.p[line.len]))
		line.len++;
	*rest = span_sub(*rest, line.len, rest->len - line.len);
	if (rest->len > 0)
		*rest = span_sub(*rest, 1, rest->len - 1);
	while (line.len > 0 && (is_blank(line.p[0]) || line.p[0] == '>'))
		line = span_sub(line, 1, line.len - 1);
	while (line.len > 0 && is_blank(line.p[line.len - 1]))
		line.len--;
	return line;
}

/* Is this the line "-----BEGIN OWNKEY KIND-----"? */
static bool
is_marker(struct span line, const char *what, const char *kind)
{
	struct buf b = BUF_INIT;
	bool same;

	buf_putf(&b, "-----%s OWNKEY %s-----", what, kind);
	same = !b.failed && span_eq(line, buf_span(&b));
	buf_done(&b);
	return same;
}

static enum err
decode(struct reader *r, struct buf *out)
{
	size_t cap = r->base64.len / 4 * 3, n;
	uint8_t *p;
	enum err e;

	if ((p = buf_room(out, cap ? cap : 1)) == NULL)
		return buf_err(out);
	if ((e = text_decode(TEXT_BASE64, buf_span(&r->base64), p, cap, &n)) != ERR_OK)
		return e;
	if (n > r->max)
		return ERR_TOOBIG;
	buf_add(out, n);
	return n == 0 ? ERR_FORMAT : ERR_OK;
}

/* The first block counts; any other must be the same. */
static enum err
end_block(struct reader *r)
{
	struct buf again = BUF_INIT;
	enum err e;

	r->inside = false;
	e = decode(r, r->found ? &again : &r->first);
	if (e == ERR_OK && r->found && !span_eq(buf_span(&again), buf_span(&r->first)))
		e = ERR_BLOCK_MANY;
	r->found = true;
	buf_done(&again);
	return e;
}

static enum err
read_line(struct reader *r, struct span line)
{
	bool begins = line.len > 0 && line.p[0] == '-' && is_marker(line, "BEGIN", r->kind);

	if (begins) {
		buf_reset(&r->base64);
		/* a block within a block: the outer one has no end */
		if (r->inside)
			return ERR_TRUNCATED;
		r->inside = true;
		return ERR_OK;
	}
	if (!r->inside)
		return ERR_OK;
	if (line.len > 0 && line.p[0] == '-')
		return is_marker(line, "END", r->kind) ? end_block(r) : ERR_FORMAT;
	if (r->base64.len + line.len > r->max / 3 * 4 + 4)
		return ERR_TOOBIG;
	buf_put_span(&r->base64, line);
	return buf_err(&r->base64);
}

enum err
textblock_read(const char *kind, struct span text, size_t max, struct buf *data)
{
	struct reader r = { .kind = kind, .rest = text, .max = max };
	enum err e = text.len > TEXTBLOCK_TEXT_MAX ? ERR_TOOBIG : ERR_OK;

	while (e == ERR_OK && r.rest.len > 0)
		e = read_line(&r, next_line(&r.rest));
	if (e == ERR_OK && r.inside)
		e = ERR_TRUNCATED;
	if (e == ERR_OK && !r.found)
		e = ERR_BLOCK_MISSING;
	if (e == ERR_OK) {
		buf_put_span(data, buf_span(&r.first));
		e = buf_err(data);
	}
	buf_done(&r.base64);
	buf_done(&r.first);
	return e;
}
