/*
 * verb_exec.c - secrets for one command.  It takes our place, so that its signals, its status and
 * its terminal are its own, and nothing that we set reaches it (DESIGN 15).
 *
 * A secret for a descriptor is in a pipe whose other end is closed: nobody waits for it, it can be
 * read once, and the kernel never swaps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/verbs.h"

#define FD_MOST	 63
#define FD_ASIDE 128 /* beyond what the command may be given */
#define PIPE	 (256 * 1024)

struct exec {
	struct cli *c;
	int pipe[ARGS_LIST]; /* reading ends, put aside */
	int at[ARGS_LIST];   /* where the command finds them */
	size_t n;
	int first; /* what {fd} stands for; -1: nothing */
};

static enum err
ask(struct cli *c, const char *name, struct span *value)
{
	struct ops_secret q = { .label = span_str(name) };
	struct ops_secret_rep rep;
	enum err e;

	wire_mark(&ops_secret_map, &q);
	if ((e = cli_call(c, OP_SECRET_GET, &q, &rep))) {
		if (!c->detail[0])
			snprintf(c->detail, sizeof c->detail, "%.255s", name);
		return e;
	}
	*value = rep.value;
	return ERR_OK;
}

/* ---- as a variable ---- */
static bool
is_variable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');

		if (!letter && s[i] != '_' && (i == 0 || s[i] < '0' || s[i] > '9'))
			return false;
	}
	return n > 0;
}

static enum err
give_variable(struct exec *x, const char *text)
{
	const char *is = strchr(text, '=');
	struct buf name = BUF_INIT, value = BUF_INIT;
	struct span secret;
	enum err e;

	if (!is || !is[1] || !is_variable(text, (size_t)(is - text)))
		return cli_wrong(x->c, "--env takes VARIABLE=NAME, not '%.40s'", text);
	if ((e = ask(x->c, is + 1, &secret)))
		return e;
	if (secret.len && memchr(secret.p, 0, secret.len)) {
		snprintf(x->c->detail, sizeof x->c->detail,
		    "%.255s has a NUL: no variable can hold it", is + 1);
		return ERR_TEXT;
	}
	buf_put(&name, text, (size_t)(is - text));
	buf_put_span(&value, secret);
	buf_put_u8(&value, 0);
	if (!(e = buf_err(&value)) && setenv(buf_cstr(&name), (const char *)value.p, 1) < 0)
		e = ERR_NOMEM;
	buf_done(&name);
	buf_done(&value);
	return e;
}

/* ---- as a descriptor ---- */
static enum err
fill_pipe(struct span value, int *out)
{
	int fd[2], flags;
	enum err e = ERR_OK;

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return ERR_LIMIT;
	(void)fcntl(fd[1], F_SETPIPE_SZ, PIPE); /* who may have no more gets what there is */
	if (value.len && write(fd[1], value.p, value.len) != (ssize_t)value.len)
		e = ERR_TOOBIG;
	close(fd[1]);
	flags = fcntl(fd[0], F_GETFL);
	if (flags >= 0)
		(void)fcntl(fd[0], F_SETFL, flags & ~O_NONBLOCK);
	*out = fcntl(fd[0], F_DUPFD_CLOEXEC, FD_ASIDE);
	close(fd[0]);
	return *out < 0 ? ERR_LIMIT : e;
}

static enum err
give_fd(struct exec *x, const char *name, int at)
{
	struct span secret;
	enum err e;

	for (size_t i = 0; i < x->n; i++)
		if (x->at[i] == at)
			return cli_wrong(x->c, "descriptor %d is given twice", at);
	if ((e = ask(x->c, name, &secret)) || (e = fill_pipe(secret, &x->pipe[x->n])))
		return e;
	x->at[x->n++] = at;
	return ERR_OK;
}

static enum err
give_numbered(struct exec *x, const char *text)
{
	char *end;
	long n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
	enum err e;

	if (n < 0 || n == 1 || n == 2 || n > FD_MOST || *end != '=' || !end[1])
		return cli_wrong(
		    x->c, "--fd takes N=NAME, N 0 or 3 to %d, not '%.40s'", FD_MOST, text);
	if (!(e = give_fd(x, end + 1, (int)n)) && x->first < 0)
		x->first = (int)n;
	return e;
}

static enum err
give_all(struct exec *x)
{
	const struct args *a = &x->c->args;
	enum err e = ERR_OK;

	if (args_has(a, ARG_ENV))
		out_say("warning: programs of yours can read the variables of a command while it "
			"runs; --fd does not show the secret to them");
	for (size_t i = 0; i < a->nlist && !e; i++)
		if (a->list[i].which == ARG_ENV)
			e = give_variable(x, a->list[i].value);
		else if (a->list[i].which == ARG_FD)
			e = give_numbered(x, a->list[i].value);
	return e;
}

/* ---- the command ---- */
/* Every {fd} in its arguments. */
static enum err
name_fd(char **arg, int fd)
{
	struct buf b = BUF_INIT;
	const char *s = *arg, *at;
	enum err e;

	if (fd < 0 || !strstr(s, "{fd}"))
		return ERR_OK;
	while ((at = strstr(s, "{fd}"))) {
		buf_put(&b, s, (size_t)(at - s));
		buf_putf(&b, "/dev/fd/%d", fd);
		s = at + 4;
	}
	buf_put_str(&b, s);
	if (!(e = buf_err(&b)) && !(*arg = strdup(buf_cstr(&b))))
		e = ERR_NOMEM;
	buf_done(&b);
	return e;
}

/* Ours are the command's from here on; one that came before ends it all. */
static enum err
take_signals_back(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL }, was;

	for (int s = 1; s < SIGRTMIN; s++)
		if (sigaction(s, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			(void)sigaction(s, &sa, NULL);
	return term_is_cancelled() ? ERR_CANCELLED : ERR_OK;
}

/* Its streams and descriptors as they were, and the secrets at their places.  The agent's
 * connection may be in the way of one: it goes first. */
static enum err
hand_over(struct exec *x)
{
	enum err e;

	client_close(&x->c->conn);
	x->c->connected = false;
	if ((e = take_signals_back()))
		return e;
	(void)signal(SIGPIPE, x->c->sigpipe);
	term_close(&x->c->term);
	sec_arena_close();
	for (size_t i = 0; i < x->n; i++)
		if (dup2(x->pipe[i], x->at[i]) < 0)
			return ERR_LIMIT;
	return ERR_OK;
}

enum err
verb_exec(struct cli *c)
{
	struct exec x = { .c = c, .first = -1 };
	char **argv = c->args.operand;
	enum err e;

	/* ends with exec */
	(void)prctl(PR_SET_DUMPABLE, 0);
	c->opens = true;
	if (!args_has(&c->args, ARG_ENV) && !args_has(&c->args, ARG_FD))
		return cli_wrong(c, "say which secret: --fd or --env");
	e = give_all(&x);
	for (size_t i = 0; i < c->args.n && !e; i++)
		e = name_fd(&argv[i], x.first);
	if (e || (e = hand_over(&x)))
		return e;
	argv[c->args.n] = NULL;
	execvp(argv[0], argv);
	c->status = errno == ENOENT ? 127 : 126;
	fprintf(stderr, "ownkey: error: %s: %s\n", argv[0], strerror(errno));
	return ERR_OK;
}
