/* The header of an age file (C2SP age.md, "Header"; its ABNF decides). */
#include <stdio.h>

#include "lib/age_parts.h"
#include "lib/text.h"

/* A line without its line feed. */
static bool
take_line(struct span *rest, struct span *line)
{
	const uint8_t *lf = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;

	if (lf == NULL)
		return false;
	*line = SPAN(rest->p, (size_t)(lf - rest->p));
	*rest = SPAN(lf + 1, rest->len - line->len - 1);
	return true;
}

static bool
begins_with(struct span s, struct span with)
{
	return span_eq(span_sub(s, 0, with.len), with);
}

/* *(SP argument), each of at least one visible character */
static enum err
split_args(struct span line, struct age_stanza *s)
{
	size_t i, from = 0;

	for (i = 0; i <= line.len; i++) {
		if (i < line.len && line.p[i] != ' ') {
			if (line.p[i] < 0x21 || line.p[i] > 0x7e)
				return ERR_AGE_HEADER;
			continue;
		}
		if (i == from)
			return ERR_AGE_HEADER;
		if (s->nargs < 3)
			s->arg[s->nargs] = SPAN(line.p + from, i - from);
		s->nargs++;
		from = i + 1;
	}
	return ERR_OK;
}

/* *full-line final-line */
static enum err
take_body(struct span *rest, struct age_stanza *s)
{
	struct span line;
	size_t n;

	do {
		if (!take_line(rest, &line) || line.len > AGE_COLUMNS ||
		    text_decode(TEXT_BASE64_NOPAD, line, s->body, sizeof(s->body), &n))
			return ERR_AGE_HEADER;
		s->nbody += n;
	} while (line.len == AGE_COLUMNS);
	return ERR_OK;
}

enum err
age_stanza_next(struct span *rest, struct age_stanza *s)
{
	struct span line;
	enum err e;

	*s = (struct age_stanza){ 0 };
	if (!take_line(rest, &line) || !begins_with(line, SPAN_LIT("-> ")))
		return ERR_AGE_HEADER;
	if ((e = split_args(SPAN(line.p + 3, line.len - 3), s)))
		return e;
	return take_body(rest, s);
}

void
age_stanza_put(struct buf *out, const char *type, const char *args, const uint8_t *body)
{
	buf_putf(out, "-> %s %s\n", type, args);
	text_encode(TEXT_BASE64_NOPAD, SPAN(body, AGE_BODY), out);
	buf_put_str(out, "\n");
}

static bool
is_bytes(struct span text, uint8_t *out, size_t want)
{
	size_t n;

	return text_decode(TEXT_BASE64_NOPAD, text, out, want, &n) == ERR_OK && n == want;
}

/* %x31-39 *DIGIT; what has three digits is beyond every limit */
static enum err
work_factor(struct span text, unsigned max, unsigned *log_n)
{
	unsigned v = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] < (i ? '0' : '1') || text.p[i] > '9')
			return ERR_AGE_HEADER;
		if (v < 100)
			v = v * 10 + (unsigned)(text.p[i] - '0');
	}
	*log_n = v;
	return v > max ? ERR_AGE_WORK : ERR_OK;
}

static enum err
look_scrypt(const struct age_stanza *s, unsigned log_n_max, struct age_header *h)
{
	h->kinds |= AGE_SCRYPT;
	if (s->nargs != 3 || s->nbody != AGE_BODY || !is_bytes(s->arg[1], h->salt, AGE_SALT))
		return ERR_AGE_HEADER;
	return work_factor(s->arg[2], log_n_max, &h->log_n);
}

static enum err
look_x25519(const struct age_stanza *s, struct age_header *h)
{
	uint8_t share[32];

	h->kinds |= AGE_X25519;
	if (s->nargs != 2 || s->nbody != AGE_BODY || !is_bytes(s->arg[1], share, sizeof(share)))
		return ERR_AGE_HEADER;
	return ERR_OK;
}

static enum err
look(const struct age_stanza *s, unsigned log_n_max, struct age_header *h)
{
	if (++h->stanzas > AGE_STANZAS_MAX)
		return ERR_AGE_HEADER;
	if (span_is(s->arg[0], "scrypt"))
		return look_scrypt(s, log_n_max, h);
	if (span_is(s->arg[0], "X25519"))
		return look_x25519(s, h);
	if (span_is(s->arg[0], "mlkem768x25519") || span_is(s->arg[0], "mlkem768p256tag"))
		h->kinds |= AGE_QUANTUM;
	else
		h->kinds |= AGE_OTHER;
	return ERR_OK;
}

/* end = "--- " 43base64char LF, and nothing behind it */
static enum err
take_end(struct span text, struct span rest, struct age_parsed *p)
{
	struct span line, mark = SPAN_LIT("--- ");

	p->maced = SPAN(text.p, text.len - rest.len + 3);
	if (!take_line(&rest, &line) || rest.len != 0 || !begins_with(line, mark) ||
	    !is_bytes(SPAN(line.p + mark.len, line.len - mark.len), p->mac, sizeof(p->mac)))
		return ERR_AGE_HEADER;
	return ERR_OK;
}

enum err
age_header_parse(struct span text, unsigned log_n_max, struct age_parsed *p)
{
	struct span version = SPAN_LIT(AGE_VERSION_LINE), rest;
	struct age_stanza s;
	enum err e;

	*p = (struct age_parsed){ 0 };
	if (!begins_with(text, version))
		return ERR_AGE_HEADER;
	rest = SPAN(text.p + version.len, text.len - version.len);
	p->stanzas = rest;
	while (begins_with(rest, SPAN_LIT("->")))
		if ((e = age_stanza_next(&rest, &s)) || (e = look(&s, log_n_max, &p->h)))
			return e;
	p->stanzas.len -= rest.len;
	if (p->h.stanzas == 0 || (p->h.kinds & AGE_SCRYPT && p->h.stanzas != 1))
		return ERR_AGE_HEADER;
	return take_end(text, rest, p);
}
