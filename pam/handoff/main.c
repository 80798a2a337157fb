/*
 * ownkey-handoff: does as the person what a login needs of them, and ends.
 *
 * Descriptor 0: pam_ownkey.so (lib/handoff.h).  Started as root by the module; nothing comes by
 * argument or environment.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/paths.h"
#include "lib/sandbox.h"
#include "pam/handoff/agent.h"
#include "pam/handoff/become.h"
#include "pam/handoff/file.h"
#include "pam/handoff/hold.h"
#include "pam/handoff/session.h"
#include "pam/handoff/sshagent.h"

#define ARENA	 (64 * 1024)
#define FRAME_MS 5000

/* What was asked, with its secret. */
struct work {
	struct handoff_ask ask;
	struct sec cred_id, f1;
	char path[HANDOFF_PATH_MAX + 1];
	struct buf what; /* to be signed */
	struct buf out;	 /* bytes of the answer */
	int to;		 /* who gets it */
};

static enum err
reply(const struct work *w, enum err e)
{
	struct handoff_reply r = { .magic = HANDOFF_MAGIC, .err = (uint32_t)e };
	struct buf b = BUF_INIT;
	enum err failed;

	buf_put(&b, &r, sizeof r);
	if (!e)
		buf_put_span(&b, buf_span(&w->out));
	if (!(failed = buf_err(&b)))
		failed = chan_send(w->to, buf_span(&b));
	buf_done(&b);
	return e ? e : failed;
}

static enum err
read_ask(struct handoff_ask *a)
{
	struct buf b = BUF_INIT;
	enum err e = chan_recv(0, sizeof *a, FRAME_MS, &b);

	if (!e && b.len != sizeof *a)
		e = ERR_FORMAT;
	if (!e)
		memcpy(a, b.p, sizeof *a);
	buf_done(&b);
	if (e)
		return e;
	if (a->magic != HANDOFF_MAGIC || !memchr(a->name, 0, sizeof a->name) ||
	    a->most > HANDOFF_READ_MAX)
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
read_secrets(struct work *w)
{
	enum err e;

	if ((e = chan_recv_sec(0, FRAME_MS, &w->cred_id)) ||
	    (e = chan_recv_sec(0, FRAME_MS, &w->f1)))
		return e;
	if (!w->cred_id.len || w->cred_id.len > HANDOFF_CRED_MAX || w->f1.len != HANDOFF_FACTOR)
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
read_path(struct work *w)
{
	struct buf b = BUF_INIT;
	enum err e = chan_recv(0, HANDOFF_PATH_MAX, FRAME_MS, &b);

	if (!e && (!b.len || b.p[0] != '/' || memchr(b.p, 0, b.len)))
		e = ERR_FORMAT;
	if (!e)
		memcpy(w->path, b.p, b.len);
	buf_done(&b);
	return e;
}

/* "There is none" is said of a home that is there only: one that is not mounted may have it, and
 * nouserok lets in whoever has none. */
static enum err
read_path_of(struct work *w)
{
	enum err e = file_read(w->path, w->ask.most, false, &w->out);
	const char *home = getenv("HOME");
	struct stat st;

	if (e == ERR_NOTFOUND && (!home || stat(home, &st) || !S_ISDIR(st.st_mode)))
		return ERR_IO;
	return e;
}

static enum err
read_what(struct work *w)
{
	enum err e = read_path(w);

	return e ? e : chan_recv(0, HANDOFF_SIGN_MAX, FRAME_MS, &w->what);
}

/* SSH_AUTH_SOCK is a path that anybody may have set: it is opened by us, who are the person. */
static enum err
sign(struct work *w)
{
	struct sshagent_ask ask;
	enum err e = sshagent_parse(buf_span(&w->what), &ask);

	return e ? e : sshagent_sign(w->path, &ask, (int)w->ask.ms, &w->out);
}

static enum err
read_header(struct work *w)
{
	char path[PATHS_MAX];
	enum err e = paths_vault(NULL, path, sizeof path);

	if (!e)
		e = file_read(path, HANDOFF_HEADER, true, &w->out);
	return e == ERR_NOTFOUND ? ERR_NOVAULT : e;
}

/* As the person.  What is secret arrives before root is gone: it is of no use without. */
static enum err
serve(struct work *w)
{
	enum err e = ERR_OK;

	if (w->ask.op == HANDOFF_UNLOCK)
		e = read_secrets(w);
	else if (w->ask.op == HANDOFF_READ)
		e = read_path(w);
	else if (w->ask.op == HANDOFF_SIGN)
		e = read_what(w);
	if (w->ask.op == HANDOFF_LOCK)
		return session_lock(&w->ask);
	if (e || (e = become(&w->ask)))
		return e;
	switch ((enum handoff_op)w->ask.op) {
	case HANDOFF_UNLOCK:
		return agent_unlock(&w->cred_id, &w->f1);
	case HANDOFF_READ:
		return read_path_of(w);
	case HANDOFF_SIGN:
		return sign(w);
	case HANDOFF_HEAD:
		return read_header(w);
	default:
		return ERR_FORMAT;
	}
}

/* SIGALRM ends us: whoever waits for the answer has given up by then. */
static void
limit(uint32_t ms)
{
	struct itimerval t = { .it_value = { .tv_sec = ms / 1000 + 1 } };

	(void)setitimer(ITIMER_REAL, &t, NULL);
}

/* Nobody is left who talked to us: its parent has ended, too, so that nobody has to wait for us. */
static void
part(struct work *w)
{
	close(0);
	close(1);
	w->to = -1;
	buf_reset(&w->out);
}

static enum err
stay(struct work *w, int listener)
{
	struct hold h = { .listener = listener,
		.host = -1,
		.signal = -1,
		.ms = HANDOFF_HOLD_S * 1000,
		.uid = w->ask.uid,
		.what = HANDOFF_HELD_UNLOCK };
	enum err e;

	part(w);
	limit(HANDOFF_HOLD_S * 1000);
	if ((e = hold_wait(&h)))
		return e;
	w->to = h.to;
	close(listener);
	limit(w->ask.ms);
	if (!(e = become(&w->ask)))
		e = agent_unlock(&w->cred_id, &w->f1);
	return reply(w, e);
}

static enum err
hold(struct work *w)
{
	char name[HANDOFF_NAME_MAX];
	int listener = -1;
	enum err e;

	if (!(e = read_secrets(w)) && !(e = hold_listen(name, &listener)))
		buf_put_span(&w->out, span_str(name));
	if ((e = reply(w, e)))
		return e;
	return stay(w, listener);
}

/* As long as the session, however long that is. */
static enum err
session(struct work *w)
{
	static const struct itimerval never;
	char name[HANDOFF_NAME_MAX];
	struct session s;
	enum err e;

	limit(w->ask.ms);
	if (!(e = session_begin(&w->ask, &s, name)))
		buf_put_span(&w->out, span_str(name));
	if ((e = reply(w, e)))
		return e;
	part(w);
	(void)setitimer(ITIMER_REAL, &never, NULL);
	session_wait(&s);
	limit(w->ask.ms);
	e = session_end(&s);
	w->to = s.hold.to;
	return w->to < 0 ? e : reply(w, e);
}

static enum err
answer(struct work *w)
{
	limit(w->ask.ms);
	return reply(w, serve(w));
}

static bool
stays(const struct handoff_ask *a)
{
	return a->op == HANDOFF_HOLD || a->op == HANDOFF_SESSION;
}

int
main(void)
{
	static const char *const keep[] = { NULL };
	static struct work w = { .to = 0 };
	enum err e;

	if (sandbox_early(keep) || read_ask(&w.ask))
		return handoff_exit(ERR_FORMAT);
	signal(SIGPIPE, SIG_IGN);
	/* The arena is emptied by a fork, so this comes first: the child does everything else. */
	if (stays(&w.ask)) {
		pid_t pid = fork();

		if (pid)
			return handoff_exit(pid < 0 ? ERR_NOMEM : ERR_OK);
	}
	if ((e = sec_arena_open(ARENA, false, false)))
		return handoff_exit(reply(&w, e));
	e = w.ask.op == HANDOFF_HOLD	  ? hold(&w)
	    : w.ask.op == HANDOFF_SESSION ? session(&w)
					  : answer(&w);
	sec_done(&w.cred_id);
	sec_done(&w.f1);
	buf_done(&w.out);
	buf_done(&w.what);
	sec_arena_close();
	return handoff_exit(e);
}
