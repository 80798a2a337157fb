/* sendfile.c - a backup goes to the agent, piece by piece, and the key for it is typed. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/dialogue.h"
#include "lib/age.h"

struct sending {
	struct cli *c;
	int fd;		/* secret.sock */
	uint8_t *piece; /* of the file: sealed, no secret */
	size_t n;	/* read ahead: of the file, not yet sent */
	bool ended;	/* nothing is behind it */
	uint64_t kinds; /* who can open it */
	struct sec answer;
	struct secret_msg m; /* borrows from answer */
};

/* ---- the file ---- */
static enum err
read_piece(struct sending *s)
{
	ssize_t n = 1;

	for (s->n = 0; s->n < SECRET_DATA_MAX && n > 0; s->n += (size_t)n) {
		n = read(s->c->file, s->piece + s->n, SECRET_DATA_MAX - s->n);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return ERR_IO;
		else if (n == 0)
			s->ended = true;
	}
	return ERR_OK;
}

/* A file that ends with a piece: an empty one follows. */
static enum err
send_piece(struct sending *s)
{
	enum err e = read_piece(s);

	return e ? e : client_secret_data(s->fd, SPAN(s->piece, s->n), !s->ended);
}

static enum err
hear(struct sending *s)
{
	sec_done(&s->answer);
	return client_secret_recv(s->fd, &s->answer, &s->m);
}

/* ---- the key ---- */
static void
say_what_opens_it(const struct sending *s)
{
	if (s->kinds & AGE_SCRYPT)
		term_say(&s->c->term,
		    "The backup passphrase opens it (ten words, on your recovery "
		    "card), or your recovery phrase, or shares of it.");
	else
		term_say(&s->c->term,
		    "It was made for public keys: an age identity opens it, a "
		    "line that begins with AGE-SECRET-KEY-1.");
}

static void
say_what_is_wrong(const struct sending *s)
{
	char line[200];

	if (s->m.kind == SECRET_MORE)
		snprintf(line, sizeof line, "This share is right. %u more, please.",
		    (unsigned)s->m.need);
	else if (s->m.index)
		snprintf(line, sizeof line, "%s: word %u", err_text((enum err)s->m.err),
		    (unsigned)s->m.index);
	else
		snprintf(line, sizeof line, "%s", err_text((enum err)s->m.err));
	term_say(&s->c->term, line);
}

static enum err
type_key(struct sending *s)
{
	struct sec line = { 0 };
	enum err e;

	if (!term_is_there(&s->c->term))
		return ERR_NOPROMPT;
	if (s->m.kind == SECRET_WANT)
		s->kinds = s->m.kinds;
	if (s->m.kind == SECRET_WANT)
		say_what_opens_it(s);
	else
		say_what_is_wrong(s);
	s->c->term.agent = s->c->conn.fd;
	if (!(e = sec_init(&line, TERM_LINE_MAX)) &&
	    !(e = term_line(&s->c->term, "words or key: ", false, &line)))
		e = client_secret_send(s->fd, sec_span(&line));
	if (!e && !s->c->term.scripted)
		out_say("one moment ...");
	sec_done(&line);
	return e;
}

/* ---- the conversation ---- */
/* Up to the end of its head each piece has an answer; then the key is asked for, or known. */
static enum err
begin(struct sending *s)
{
	enum err e;

	do {
		if ((e = send_piece(s)) || (e = hear(s)))
			return e;
	} while (s->m.kind == SECRET_MORE && !s->m.need && !s->ended);
	while (s->m.kind == SECRET_WANT || s->m.kind == SECRET_MORE ||
	    (s->m.kind == SECRET_ERROR && s->m.more))
		if ((e = type_key(s)) || (e = hear(s)))
			return e;
	return ERR_OK;
}

/* The agent has something to say only when it wants no more of it. */
static bool
is_interrupted(const struct sending *s)
{
	struct pollfd p = { s->fd, POLLIN, 0 };

	return poll(&p, 1, 0) > 0;
}

static enum err
send_all(struct sending *s)
{
	enum err e = begin(s);

	if (e || s->m.kind != SECRET_OK)
		return e;
	while (!s->ended && !is_interrupted(s) && !(e = send_piece(s)))
		;
	if (e == ERR_IO)
		return e;
	return hear(s);
}

/* What the agent finds wrong is in its reply; here only what happens on this side. */
void
sendfile_key(struct cli *c, const struct ops_event *ev)
{
	struct sending s = { .c = c, .fd = -1, .piece = malloc(SECRET_DATA_MAX) };
	enum err e = s.piece ? client_secret_open(ev->job, &s.fd) : ERR_NOMEM;

	if (!e)
		e = send_all(&s);
	if (s.fd >= 0)
		close(s.fd);
	sec_done(&s.answer);
	free(s.piece);
	c->why = e == ERR_HANGUP ? ERR_OK : e;
}
