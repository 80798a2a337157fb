/*
 * ownkey-session: locks the vault when the person is away, and shows them that something waits for
 * them.  A client of the agent with D-Bus: no key ever comes here.
 */
#include <stdio.h>
#include <string.h>

#include "lib/err.h"

static const char usage[] = "usage: ownkey-session [--version | --help]\n"
			    "runs with a desktop session: ownkey-session(1)\n";

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("ownkey-session " OWNKEY_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	fputs(usage, stderr);
	return err_exit(ERR_USAGE);
}
