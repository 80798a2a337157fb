/*
 * pinentry-ownkey: gpg-agent asks it for passphrases; those that the vault holds it gives, for all
 * others it runs the real pinentry.  Its arguments are that one's.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/pinentry/serve.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/sec.h"

#define ARENA (64 * 1024)

static const char usage[] = "usage: pinentry-ownkey [OPTIONS OF A PINENTRY]\n"
			    "gpg-agent runs it: 'ownkey setup gpg', pinentry-ownkey(1)\n";

/* No filters: the real pinentry, which is the person's program, would inherit them. */
static enum err
prepare(int *signals)
{
	static const char *const keep[] = { "*", NULL };
	sigset_t set;
	enum err e;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if ((e = sandbox_early(keep)) || (e = crypto_init_light()))
		return e;
	log_open("pinentry-ownkey", LOG_WARN_);
	if ((e = sec_arena_open(ARENA, false, false)) == ERR_NOMEM)
		e = sec_arena_open(ARENA, false, true);
	if (e || sigprocmask(SIG_BLOCK, &set, NULL))
		return e ? e : ERR_IO;
	*signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *signals < 0 ? ERR_IO : ERR_OK;
}

int
main(int argc, char **argv)
{
	int signals;
	enum err e;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("pinentry-ownkey " OWNKEY_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (!(e = prepare(&signals)))
		e = serve(STDIN_FILENO, STDOUT_FILENO, signals, argv);
	if (e && e != ERR_CANCELLED)
		log_err(e, "gpg-agent");
	sec_arena_close();
	return e ? 1 : 0;
}
