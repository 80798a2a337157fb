/* main.c - ownkey: find the command, prepare, run it, say what went wrong. */
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "cli/verbs.h"
#include "lib/crypto.h"
#include "lib/paths.h"
#include "lib/sandbox.h"

#define ARENA (256 * 1024)

static const char *const keep[] = { "OWNKEY_*", "TERM", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY",
	"XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "FIDO_DEBUG", "GNUPGHOME", "GPG_TTY",
	"PASSWORD_STORE_DIR", "SSH_AUTH_SOCK", "SSH_CONNECTION", "CREDENTIALS_DIRECTORY", NULL };

/* A program of the person's gets everything as it was.  No filters for the others either: an agent
 * that is started from here, and its prompts, would inherit them. */
static enum err
confine(const struct cli *c)
{
	bool ssh = args_has(&c->args, ARG_AT) && verbs_takes(c->verb, ARG_SSH_OPTION);

	if ((c->verb->flags & VERB_CHILDREN) || ssh)
		return getauxval(AT_SECURE) ? ERR_PERMISSION : ERR_OK;
	return sandbox_early(keep);
}

static enum err
open_arena(void)
{
	enum err e = sec_arena_open(ARENA, false, false);

	if (e != ERR_NOMEM || (e = sec_arena_open(ARENA, false, true)))
		return e;
	out_say("warning: no memory can be locked: what you type may reach the swap space");
	return ERR_OK;
}

static enum err
prepare(struct cli *c)
{
	bool asks = c->verb->flags & (VERB_ASKS | VERB_CHILDREN), stdin_answers;
	enum err e;

	c->sigpipe = signal(SIGPIPE, SIG_IGN);
	if ((e = crypto_init_light()) || (asks && (e = open_arena())))
		return e;
	if (args_has(&c->args, ARG_UNATTENDED) && (e = unattended_open(c)))
		return e;
	stdin_answers = args_has(&c->args, ARG_ASK_STDIN) || args_has(&c->args, ARG_UNATTENDED);
	term_open(&c->term, stdin_answers, args_has(&c->args, ARG_PLAIN));
	return term_catch_signals(&c->term.cancel);
}

static enum err
run(struct cli *c)
{
	enum err e;

	if (args_has(&c->args, ARG_HELP)) {
		help_verb(stdout, c->verb);
		return ERR_OK;
	}
	if (c->verb->flags & VERB_NOAGENT)
		return c->verb->run(c);
	if (!(e = prepare(c)))
		e = c->verb->run(c);
	if (c->connected)
		client_close(&c->conn);
	term_close(&c->term);
	sec_arena_close();
	return e;
}

/* For builders and packagers, not for people: these have no rows. */
static bool
dump(int argc, char **argv, int *status)
{
	if (argc == 2 && strcmp(argv[1], "--dump-verbs") == 0)
		verbs_dump();
	else if (argc == 3 && strcmp(argv[1], "--dump-completion") == 0)
		*status = err_exit(complete_dump(argv[2]));
	else if (argc == 2 && strcmp(argv[1], "--version") == 0)
		*status = err_exit(verb_version(NULL));
	else if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		help_short(stdout);
	else
		return false;
	return true;
}

static int
finish(struct cli *c, enum err e)
{
	if (e == ERR_USAGE && c->args.wrong[0]) {
		snprintf(c->detail, sizeof c->detail, "%s", c->args.wrong);
		if (c->args.hint[0])
			snprintf(c->hint, sizeof c->hint, "%s", c->args.hint);
	}
	if (e)
		out_error(e, c->detail, c->hint);
	if (!e && (fflush(stdout) || ferror(stdout))) {
		out_error(ERR_IO, "standard output", "");
		return err_exit(ERR_IO);
	}
	return e ? err_exit(e) : c->status;
}

int
main(int argc, char **argv)
{
	static struct cli c;
	int status = 0;
	enum err e;

	if (dump(argc, argv, &status))
		return status;
	c.mask = umask(077);
	(void)umask(c.mask);
	if ((e = args_parse(&c.args, argc, argv)))
		verbs_hint(&c.args);
	else if (args_has(&c.args, ARG_SYSTEM))
		paths_use_system();
	if (!e && !(e = verbs_find(&c.args, &c.verb)) && !(e = confine(&c)))
		e = run(&c);
	return finish(&c, e);
}
