/* chat.c - the conversation with age. */
#include "cli/age/chat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define WRITE_MOST 8192

enum err
chat_init(struct chat *t, int in, int out)
{
	enum err e;

	*t = (struct chat){ .in = in, .out = out };
	if ((e = stanza_in_init(&t->rd)))
		return e;
	if ((e = sec_init(&t->wr, WRITE_MOST)))
		chat_done(t);
	return e;
}

void
chat_done(struct chat *t)
{
	stanza_in_done(&t->rd);
	sec_done(&t->wr);
}

static enum err
read_more(struct chat *t)
{
	size_t room;
	uint8_t *at = stanza_in_room(&t->rd, &room);
	ssize_t n = read(t->in, at, room);

	if (n < 0)
		return errno == EINTR ? ERR_OK : ERR_IO;
	if (n == 0)
		return stanza_in_waits(&t->rd) ? ERR_AGE_PLUGIN : ERR_HANGUP;
	stanza_in_add(&t->rd, (size_t)n);
	return ERR_OK;
}

enum err
chat_next(struct chat *t, struct stanza *s)
{
	enum err e;

	while ((e = stanza_next(&t->rd, s)) == ERR_TRUNCATED)
		if ((e = read_more(t)))
			break;
	return e;
}

static enum err
write_all(struct chat *t)
{
	size_t at = 0;
	ssize_t n = 0;

	while (at < t->wr.len && (n >= 0 || errno == EINTR)) {
		n = write(t->out, t->wr.p + at, t->wr.len - at);
		at += n > 0 ? (size_t)n : 0;
	}
	sec_wipe(&t->wr);
	if (n >= 0)
		return ERR_OK;
	return errno == EPIPE ? ERR_HANGUP : ERR_IO;
}

enum err
chat_ask(struct chat *t, const char *line, struct span body, struct stanza *reply)
{
	struct stanza s;
	enum err e;

	if ((e = stanza_put(&t->wr, span_str(line), body)) || (e = write_all(t)) ||
	    (e = chat_next(t, &s)))
		return e;
	if (reply)
		*reply = s;
	if (span_is(s.arg[0], "ok"))
		return ERR_OK;
	return span_is(s.arg[0], "fail") || span_is(s.arg[0], "unsupported") ? ERR_REFUSED
									     : ERR_AGE_PLUGIN;
}

enum err
chat_end(struct chat *t)
{
	enum err e;

	if ((e = stanza_put(&t->wr, SPAN_LIT("done"), SPAN_NONE)))
		return e;
	return write_all(t);
}

enum err
chat_msg(struct chat *t, const char *fmt, ...)
{
	char text[CHAT_TEXT];
	va_list ap;
	enum err e;

	if (t->was_quiet)
		return ERR_OK;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	e = chat_ask(t, "msg", span_str(text), NULL);
	t->was_quiet = e == ERR_REFUSED;
	return t->was_quiet ? ERR_OK : e;
}

enum err
chat_error(struct chat *t, const char *which, enum err err, const char *detail)
{
	char line[64], text[CHAT_TEXT];
	const char *hint = err_hint(err);
	enum err e;

	snprintf(line, sizeof line, "error %s", which);
	snprintf(text, sizeof text, "%s%s%s%s%s%s", detail ? detail : "", detail ? ": " : "",
	    err_text(err), *hint ? " (" : "", hint, *hint ? ")" : "");
	e = chat_ask(t, line, span_str(text), NULL);
	return e == ERR_REFUSED ? ERR_OK : e;
}
