/* serve.c - commands of gpg-agent's, one after the other. */
#include "cli/pinentry/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/pinentry/kept.h"
#include "cli/pinentry/real.h"
#include "cli/pinentry/wrong.h"
#include "lib/assuan.h"
#include "lib/log.h"
#include "lib/paths.h"

/* gpg-error codes, with pinentry as their source (5 << 24) */
enum code {
	CODE_NO_PINENTRY = 85,
	CODE_CANCELED = 99,
	CODE_LINE_TOO_LONG = 263,
	CODE_TOO_MUCH = 273,
	CODE_UNEXPECTED = 274,
	CODE_SYNTAX = 276
};
#define SOURCE (5u << 24)

struct serve {
	struct line in;
	int out, signals;
	char **args;
	struct settings settings;
	struct real real;
	bool given; /* the answer to the last question was from the vault */
	bool ended;
};

/* ---- answers ---- */
static enum err
say(const struct serve *s, const char *line)
{
	return line_write(s->out, span_str(line));
}

static enum err
say_err(const struct serve *s, enum code code, const char *text)
{
	char line[120];

	snprintf(line, sizeof line, "ERR %u %s <ownkey>", SOURCE | (unsigned)code, text);
	return say(s, line);
}

/* ---- the real one ---- */
/* When it ends in the middle, its last words may have gone out: an ERR behind them ends them. */
static enum err
relay(struct serve *s, const struct request *r)
{
	const struct real_talk t = { &s->in, s->out, s->signals };
	char copy[ASSUAN_LINE_MAX + 1];
	enum err e = ERR_OK;

	/* what is inquired is read into the same place */
	memcpy(copy, r->line.p, r->line.len);
	if (s->real.pid == 0)
		e = real_start(&s->real, &s->settings, s->args);
	else if (s->real.pid < 0)
		e = ERR_NOPROGRAM;
	if (!e)
		e = real_command(&s->real, &t, SPAN(copy, r->line.len));
	if (!e || e == ERR_CANCELLED)
		return e;
	real_stop(&s->real);
	return say_err(s, CODE_NO_PINENTRY, "no other pinentry answers");
}

/* Kept until it runs: many questions are never put to it. */
static enum err
setting(struct serve *s, const struct request *r)
{
	enum err e = settings_take(&s->settings, r);

	if (s->given && s->settings.again && s->settings.keygrip[0] &&
	    wrong_was(s->settings.keygrip))
		s->settings.keygrip[0] = '\0';
	if (e)
		return say_err(s, CODE_TOO_MUCH, "too much data");
	return s->real.pid > 0 ? relay(s, r) : say(s, "OK");
}

/* ---- questions ---- */
/*
 * Without "S PASSWORD_FROM_CACHE", also where it is offered (allow-external-password-cache): told
 * so, gpg-agent fails the whole operation when the passphrase is wrong (2.2.40 does).  Not told, it
 * asks again with SETERROR, and the person can type the right one.
 */
static enum err
give(struct serve *s, const struct sec *passphrase)
{
	struct sec lines = { 0 };
	enum err e = sec_init(&lines, ASSUAN_DATA_ROOM(KEPT_MAX));

	if (!e && !(e = assuan_put_data(sec_span(passphrase), &lines)))
		e = line_write(s->out, SPAN(lines.p, lines.len - 1)); /* it ends with an LF */
	sec_done(&lines);
	s->given = true;
	return e ? e : say(s, "OK");
}

/* The first question about a key that we have.  What we gave was wrong when it comes again. */
static bool
is_ours(const struct serve *s)
{
	return s->settings.keygrip[0] && !s->settings.again && !s->settings.fresh && !s->given;
}

static enum err
getpin(struct serve *s, const struct request *r)
{
	struct sec passphrase = { 0 };
	enum err e = ERR_NOTFOUND;

	if (is_ours(s) && !(e = sec_init(&passphrase, KEPT_MAX)))
		e = kept_get(&s->settings, s->signals, &passphrase);
	if (e && e != ERR_NOTFOUND)
		log_err(e, s->settings.keygrip);
	if (!e)
		e = give(s, &passphrase);
	else if (e == ERR_REFUSED)
		e = say_err(s, CODE_CANCELED, "refused");
	else
		e = relay(s, r);
	sec_done(&passphrase);
	settings_asked(&s->settings);
	return e;
}

/* A pinentry that keeps passphrases itself has to hear of it, too. */
static enum err
clear(struct serve *s, const struct request *r)
{
	char keygrip[REQUEST_KEYGRIP + 1], path[PATHS_MAX];

	request_keygrip(r->rest, keygrip);
	if (keygrip[0] && wrong_was(keygrip))
		return say_err(s, CODE_SYNTAX, "it cannot be remembered");
	if (s->real.pid == 0 && real_find(path, sizeof path) == ERR_NOPROGRAM)
		return say(s, "OK");
	return relay(s, r);
}

static const char *
or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static enum err
getinfo(struct serve *s, const struct request *r)
{
	char line[600] = "";
	enum err e;

	if (span_is(r->rest, "pid"))
		snprintf(line, sizeof line, "D %ld", (long)getpid());
	else if (span_is(r->rest, "version"))
		snprintf(line, sizeof line, "D %s", OWNKEY_VERSION);
	else if (span_is(r->rest, "flavor"))
		snprintf(line, sizeof line, "D ownkey");
	else if (span_is(r->rest, "ttyinfo")) /* for its log */
		snprintf(line, sizeof line, "D %s - %s - %ld/%ld -", or_dash(s->settings.tty),
		    or_dash(s->settings.display), (long)getuid(), (long)getgid());
	if (!line[0])
		return relay(s, r);
	e = say(s, line);
	return e ? e : say(s, "OK");
}

static enum err
reset(struct serve *s, const struct request *r)
{
	settings_reset(&s->settings);
	s->given = false;
	return s->real.pid > 0 ? relay(s, r) : say(s, "OK");
}

static enum err
bye(struct serve *s)
{
	s->ended = true;
	return say(s, "OK closing connection");
}

static enum err
answer(struct serve *s, const struct request *r)
{
	switch (r->kind) {
	case REQUEST_NOTHING:
		return ERR_OK;
	case REQUEST_OPTION:
	case REQUEST_SET:
	case REQUEST_KEYINFO:
	case REQUEST_ERROR:
	case REQUEST_REPEAT:
		return setting(s, r);
	case REQUEST_GETPIN:
		return getpin(s, r);
	case REQUEST_CLEAR:
		return clear(s, r);
	case REQUEST_GETINFO:
		return getinfo(s, r);
	case REQUEST_RESET:
		return reset(s, r);
	case REQUEST_BYE:
		return bye(s);
	case REQUEST_NOP:
		return say(s, "OK");
	case REQUEST_STRAY:
		return say_err(s, CODE_UNEXPECTED, "nothing was inquired");
	default:
		return relay(s, r);
	}
}

/* ---- lines ---- */
static enum err
wait_line(struct serve *s)
{
	struct pollfd p[] = { { s->in.fd, POLLIN, 0 }, { s->signals, POLLIN, 0 } };

	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? ERR_OK : ERR_IO;
	return p[1].revents ? ERR_CANCELLED : line_fill(&s->in);
}

static enum err
step(struct serve *s)
{
	struct request r;
	struct span line;
	enum err e = line_take(&s->in, &line);

	if (e == ERR_BUSY)
		return wait_line(s);
	if (e == ERR_TOOBIG)
		return say_err(s, CODE_LINE_TOO_LONG, "line too long");
	if (e || (e = request_parse(line, &r)))
		return say_err(s, CODE_SYNTAX, "no command");
	return answer(s, &r);
}

enum err
serve(int in, int out, int signals, char **args)
{
	static struct serve s;
	enum err e;

	s = (struct serve){ .out = out, .signals = signals, .args = args };
	s.real = (struct real){ .to = -1, .from = -1 };
	settings_open(&s.settings);
	if (!(e = line_open(&s.in, in)))
		e = say(&s, "OK ownkey " OWNKEY_VERSION ", at your service");
	while (!e && !s.ended)
		e = step(&s);
	if (s.real.pid > 0)
		(void)!line_write(s.real.to, SPAN_LIT("BYE"));
	real_stop(&s.real);
	line_close(&s.in);
	settings_close(&s.settings);
	return e == ERR_HANGUP ? ERR_OK : e;
}
