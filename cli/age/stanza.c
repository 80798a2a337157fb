/* stanza.c - stanzas as they go over a pipe. */
#include "cli/age/stanza.h"

#include "lib/text.h"

#define COLUMNS 64
#define LINE	48 /* bytes in a full line */

enum err
stanza_in_init(struct stanza_in *in)
{
	enum err e;

	*in = (struct stanza_in){ .taken = 0 };
	if ((e = sec_init(&in->text, STANZA_TEXT)) || (e = sec_init(&in->body, STANZA_TEXT)))
		stanza_in_done(in);
	return e;
}

void
stanza_in_done(struct stanza_in *in)
{
	sec_done(&in->text);
	sec_done(&in->body);
}

/* What was taken goes, and nothing of it stays behind. */
static void
drop(struct stanza_in *in)
{
	size_t left = in->text.len - in->taken;

	sec_wipe(&in->body);
	memmove(in->text.p, in->text.p + in->taken, left);
	sec_zero(in->text.p + left, in->taken);
	in->text.len = left;
	in->taken = 0;
}

uint8_t *
stanza_in_room(struct stanza_in *in, size_t *n)
{
	drop(in);
	*n = in->text.cap - in->text.len;
	return in->text.p + in->text.len;
}

void
stanza_in_add(struct stanza_in *in, size_t n)
{
	in->text.len += n;
}

bool
stanza_in_waits(const struct stanza_in *in)
{
	return in->text.len > in->taken;
}

/* ---- reading ---- */
/* A line without its line feed.  ERR_TRUNCATED when that has not come. */
static enum err
next_line(struct span *rest, struct span *line)
{
	const uint8_t *lf = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
	size_t n;

	if (!lf)
		return ERR_TRUNCATED;
	n = (size_t)(lf - rest->p);
	*line = SPAN(rest->p, n);
	*rest = SPAN(lf + 1, rest->len - n - 1);
	return ERR_OK;
}

/* Words with one space between; each at least one printable character. */
static enum err
split(struct span line, struct stanza *s)
{
	size_t at = 0;

	s->nargs = 0;
	for (size_t i = 0; i <= line.len; i++) {
		if (i < line.len && line.p[i] > ' ' && line.p[i] < 0x7f)
			continue;
		if (i == at || (i < line.len && line.p[i] != ' '))
			return ERR_AGE_PLUGIN;
		if (s->nargs < STANZA_ARGS)
			s->arg[s->nargs] = SPAN(line.p + at, i - at);
		s->nargs++;
		at = i + 1;
	}
	return ERR_OK;
}

static enum err
add_body(struct stanza_in *in, struct span line)
{
	size_t n;

	if (line.len > COLUMNS ||
	    text_decode(TEXT_BASE64_NOPAD, line, in->body.p + in->body.len, LINE, &n))
		return ERR_AGE_PLUGIN;
	in->body.len += n;
	return ERR_OK;
}

/* Wrong beginnings are said at once, not when the rest has come. */
static enum err
check_start(struct span text)
{
	size_t n = text.len < 3 ? text.len : 3;

	return n && memcmp(text.p, "-> ", n) != 0 ? ERR_AGE_PLUGIN : ERR_OK;
}

static enum err
read_stanza(struct stanza_in *in, struct span *rest, struct stanza *s)
{
	struct span line;
	enum err e;

	if ((e = check_start(*rest)) || (e = next_line(rest, &line)) ||
	    (e = line.len < 3 ? ERR_AGE_PLUGIN : split(SPAN(line.p + 3, line.len - 3), s)))
		return e;
	do
		if ((e = next_line(rest, &line)) || (e = add_body(in, line)))
			return e;
	while (line.len == COLUMNS);
	s->body = sec_span(&in->body);
	return ERR_OK;
}

enum err
stanza_next(struct stanza_in *in, struct stanza *s)
{
	struct span rest;
	enum err e;

	drop(in);
	rest = sec_span(&in->text);
	*s = (struct stanza){ .nargs = 0 };
	e = read_stanza(in, &rest, s);
	if (e == ERR_TRUNCATED && in->text.len == in->text.cap)
		return ERR_TOOBIG;
	if (!e)
		in->taken = in->text.len - rest.len;
	else
		sec_wipe(&in->body);
	return e;
}

/* ---- writing ---- */
static enum err
put_body(struct sec *out, struct span body)
{
	size_t n;
	enum err e;

	do {
		n = body.len < LINE ? body.len : LINE;
		if ((e = text_encode_sec(TEXT_BASE64_NOPAD, SPAN(body.p, n), out)) ||
		    (e = sec_put(out, SPAN_LIT("\n"))))
			return e;
		if (n == LINE)
			body = SPAN(body.p + n, body.len - n);
	} while (n == LINE);
	return ERR_OK;
}

enum err
stanza_put(struct sec *out, struct span line, struct span body)
{
	size_t was = out->len;
	enum err e;

	if (!(e = sec_put(out, SPAN_LIT("-> "))) && !(e = sec_put(out, line)) &&
	    !(e = sec_put(out, SPAN_LIT("\n"))))
		e = put_body(out, body);
	if (e) {
		sec_zero(out->p + was, out->len - was);
		out->len = was;
	}
	return e;
}
