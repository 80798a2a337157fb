/*
 * main.c - git-credential-ownkey: git's passwords live in the vault.
 *
 *	git config --global credential.helper ownkey
 *
 * It never asks on the terminal: a locked vault is opened by a touch, or by a prompt program.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/git/helper.h"
#include "lib/crypto.h"
#include "lib/sandbox.h"

#define CHUNK 4096

static const char usage[] =
    "usage: git-credential-ownkey get | store | erase\n"
    "git runs it: 'ownkey setup git', or git config --global credential.helper ownkey\n";

static const char *const keep[] = { "OWNKEY_*", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
	"DBUS_SESSION_BUS_ADDRESS", NULL };

static enum err
read_all(struct buf *b)
{
	ssize_t n = 1;

	b->max = MESSAGE_MOST + 2 * CHUNK;
	while (n != 0) {
		uint8_t *to = b->len <= MESSAGE_MOST ? buf_room(b, CHUNK) : NULL;

		if (!to)
			return ERR_TOOBIG;
		n = read(STDIN_FILENO, to, CHUNK);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		buf_add(b, n > 0 ? (size_t)n : 0);
	}
	return ERR_OK;
}

static enum err
write_all(struct span s)
{
	while (s.len) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.len);

		if (n < 0 && errno != EINTR)
			return ERR_IO;
		if (n > 0)
			s = SPAN(s.p + n, s.len - (size_t)n);
	}
	return ERR_OK;
}

/* ---- the agent ---- */
static struct span
variable(const char *name)
{
	const char *v = getenv(name);

	return v && strlen(v) < 256 ? span_str(v) : SPAN_NONE;
}

static enum err
connect_agent(struct client_conn *c)
{
	struct ops_hello h = { .client = SPAN_LIT("git-credential-ownkey " OWNKEY_VERSION) };
	enum err e;

	h.display = variable("DISPLAY");
	h.wayland = variable("WAYLAND_DISPLAY");
	h.xauthority = variable("XAUTHORITY");
	h.bus = variable("DBUS_SESSION_BUS_ADDRESS");
	e = client_open(c, &h);
	if (e != ERR_NOAGENT)
		return e;
	e = client_start_agent((const char *const[]){ NULL });
	return e ? e : client_open(c, &h);
}

/* ---- what is asked ---- */
static enum err
serve(const char *what, struct buf *out)
{
	struct client_conn c = { .fd = -1 };
	struct buf in = BUF_INIT;
	struct message m;
	enum err e;

	if (!(e = read_all(&in)) && !(e = message_read(buf_span(&in), &m)) &&
	    !(e = connect_agent(&c))) {
		if (strcmp(what, "get") == 0)
			e = helper_get(&c, &m, out);
		else if (strcmp(what, "store") == 0)
			e = helper_store(&c, &m);
		else
			e = helper_erase(&c, &m);
	}
	client_close(&c);
	buf_done(&in);
	return e;
}

/* A vault that stays locked is no "there is no such password": git shall not go on and ask. */
static bool
must_quit(const char *what, enum err e)
{
	return e && strcmp(what, "get") == 0 && e != ERR_NOVAULT && e != ERR_NOAGENT &&
	    e != ERR_NOPROGRAM;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[argc - 1] : "";
	struct buf out = BUF_INIT;
	enum err e;

	if (argc == 1)
		return fputs(usage, stderr) < 0 ? 1 : err_exit(ERR_USAGE);
	if (strcmp(what, "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (strcmp(what, "--version") == 0)
		return puts("git-credential-ownkey " OWNKEY_VERSION) < 0;
	/* what newer versions of git may ask is not for us (gitcredentials(7)) */
	if (strcmp(what, "get") != 0 && strcmp(what, "store") != 0 && strcmp(what, "erase") != 0)
		return 0;
	(void)signal(SIGPIPE, SIG_IGN);
	if (!(e = sandbox_early(keep)) && !(e = crypto_init_light()))
		e = serve(what, &out);
	if (must_quit(what, e)) {
		buf_reset(&out);
		buf_put_str(&out, "quit=1\n");
	}
	if (write_all(buf_span(&out)) && !e)
		e = ERR_IO;
	buf_done(&out);
	if (e)
		fprintf(stderr,
		    "git-credential-ownkey: error: %s\ngit-credential-ownkey: hint: %s\n",
		    err_text(e), err_hint(e));
	return e ? err_exit(e) : 0;
}
