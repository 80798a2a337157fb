/* handoff.c - what ownkey-handoff exits with. */
#include "lib/handoff.h"

#include <stddef.h>

/* Never changed: administrators' logs have them. */
static const struct {
	enum err err;
	int status;
} exits[] = {
	{ ERR_OK, 0 },
	{ ERR_BECOME, 2 },
	{ ERR_NOVAULT, 3 },
	{ ERR_NOTOWNER, 4 },
	{ ERR_NOAGENT, 5 },
	{ ERR_GIVEN_SLOT, 6 },
	{ ERR_GIVEN_PASS, 7 },
	{ ERR_VAULT_KEY, 8 },
	{ ERR_GIVEN_WAIT, 9 },
	{ ERR_TIMEOUT, 10 },
	{ ERR_HANGUP, 11 },
	{ ERR_NOTFOUND, 12 },
	{ ERR_PERMISSION, 13 },
	{ ERR_TOOBIG, 14 },
	{ ERR_IO, 15 },
	{ ERR_NOMEM, 16 },
	{ ERR_FORMAT, 17 },
	{ ERR_NOPROGRAM, 18 },
	{ ERR_AGENT_NONE, 19 },
	{ ERR_AGENT_KEY, 20 },
};

int
handoff_exit(enum err e)
{
	for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
		if (exits[i].err == e)
			return exits[i].status;
	return 1;
}
