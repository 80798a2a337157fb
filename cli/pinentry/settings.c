/* settings.c - lines that are kept, and what they mean. */
#include "cli/pinentry/settings.h"

#define LINES_MAX ((size_t)64 * 1024)

void
settings_open(struct settings *s)
{
	*s = (struct settings){ .options.max = LINES_MAX, .sets.max = LINES_MAX };
}

void
settings_close(struct settings *s)
{
	buf_done(&s->options);
	buf_done(&s->sets);
}

static void
copy(struct span value, char *out, size_t cap)
{
	if (value.len >= cap)
		return;
	memcpy(out, value.p, value.len);
	out[value.len] = '\0';
}

static void
take_option(struct settings *s, struct span rest)
{
	struct span v;

	if (request_option(rest, "ttyname", &v))
		copy(v, s->tty, sizeof s->tty);
	else if (request_option(rest, "display", &v))
		copy(v, s->display, sizeof s->display);
	else if (request_option(rest, "lc-ctype", &v))
		copy(v, s->lang, sizeof s->lang);
}

enum err
settings_take(struct settings *s, const struct request *r)
{
	struct buf *b = r->kind == REQUEST_OPTION ? &s->options : &s->sets;

	if (b->len + r->line.len + 1 > LINES_MAX)
		return ERR_TOOBIG;
	buf_put_span(b, r->line);
	buf_put_u8(b, '\n');
	if (r->kind == REQUEST_OPTION)
		take_option(s, r->rest);
	else if (r->kind == REQUEST_KEYINFO)
		request_keygrip(r->rest, s->keygrip);
	else if (r->kind == REQUEST_ERROR)
		s->again = r->rest.len > 0;
	else if (r->kind == REQUEST_REPEAT)
		s->fresh = true;
	return buf_err(b);
}

void
settings_asked(struct settings *s)
{
	s->again = s->fresh = false;
}

void
settings_reset(struct settings *s)
{
	buf_reset(&s->sets);
	s->keygrip[0] = '\0';
	settings_asked(s);
}
