/*
 * ownkey-worker: one job that takes long or touches the recovery phrase, in a process of its own
 * without files, with a memory limit.  Never opens a device.
 *
 * Descriptors: 0 the vault, 1 where the supervisor passes the person's connection, 2 the log.
 * Arguments, for all of ownkey's helpers: "mlock" (no memfd_secret), "allow-swap".
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/worker/worker.h"
#include "lib/crypto.h"
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

static enum err
start(const struct worker_arena *a)
{
	enum err e;

	if ((e = sandbox_early(NULL)) != ERR_OK)
		return e;
	log_open("ownkey-worker", LOG_WARN_);
	/* a person who hangs up is an error code, not a death */
	signal(SIGPIPE, SIG_IGN);
	if ((e = sec_arena_open(WORKER_ARENA, a->mlock, a->allow_swap)) != ERR_OK)
		return e;
	return crypto_init();
}

static enum err
work(struct worker *w, char **argv)
{
	struct worker_arena arena = { has_word(argv, "mlock"), has_word(argv, "allow-swap") };
	struct sandbox box = { .profile = SANDBOX_WORKER };
	unsigned lacks;
	enum err e;

	if ((e = start(&arena)) != ERR_OK) {
		log_err(e, "start");
		return e;
	}
	if ((e = worker_read(w)) != ERR_OK || (e = worker_widen(w, &arena)) != ERR_OK ||
	    (e = worker_prepare(w, &box.as_limit)) != ERR_OK ||
	    (e = sandbox_enter(&box, &lacks)) != ERR_OK)
		return e;
	return worker_run(w);
}

int
main(int argc, char **argv)
{
	struct worker w = { .vault = STDIN_FILENO, .door = STDOUT_FILENO };
	enum err e;

	(void)argc;
	e = work(&w, argv);
	e = worker_answer(&w, e);
	worker_done(&w);
	sec_arena_close();
	return e == ERR_OK ? 0 : 1;
}
