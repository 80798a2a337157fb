/*
 * ownkey-prompt: asks the person one question, by their pinentry or on their terminal.
 *
 * Descriptors: 0 the vault, 2 the log.  Arguments, for all of ownkey's helpers: "mlock" (no
 * memfd_secret), "allow-swap".  No filters here: they would be inherited by the pinentry, which is
 * the person's program.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/prompt/prompt.h"
#include "agent/prompt/watch.h"
#include "lib/log.h"
#include "lib/sandbox.h"

static bool
has_word(char **argv, const char *word)
{
	while (*argv != NULL)
		if (strcmp(*argv++, word) == 0)
			return true;
	return false;
}

/*
 * A terminal must not be left without echo, so the end comes as a TERM that can be seen, also when
 * the supervisor dies.  In a session of our own no terminal stops us for reading in the background.
 */
static enum err
settle(struct prompt *p)
{
	struct watch w = { .vault = p->vault };
	enum err e = watch_signals(&w);

	p->signals = w.signals;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	(void)setsid(); /* fails when we lead one already */
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 ? e : ERR_IO;
}

static enum err
start(struct prompt *p, char **argv)
{
	static const char *const keep[] = { "TERM", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
		"DBUS_SESSION_BUS_ADDRESS", NULL };
	enum err e;

	if ((e = sandbox_early(keep)) != ERR_OK)
		return e;
	log_open("ownkey-prompt", LOG_WARN_);
	if ((e = sec_arena_open(
		 PROMPT_ARENA, has_word(argv, "mlock"), has_word(argv, "allow-swap"))) != ERR_OK)
		return e;
	return settle(p);
}

int
main(int argc, char **argv)
{
	struct prompt p = { .vault = STDIN_FILENO, .signals = -1 };
	enum err e;

	(void)argc;
	if ((e = start(&p, argv)) != ERR_OK) {
		log_err(e, "start");
		return 1;
	}
	if ((e = prompt_read(&p)) == ERR_OK)
		e = prompt_run(&p);
	e = prompt_answer(&p, e);
	prompt_done(&p);
	sec_arena_close();
	return e == ERR_OK ? 0 : 1;
}
