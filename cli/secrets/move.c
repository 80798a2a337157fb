/* move.c - ownkey-secrets --move-in, --move-out. */
#include "cli/secrets/move.h"

#include <signal.h>
#include <unistd.h>

#include "lib/sandbox.h"

#define ARENA (512 * 1024) /* the longest secret, twice, and keys */

static const char *const keep[] = { "DBUS_SESSION_BUS_ADDRESS", NULL };

static enum err
confine(void)
{
	struct sandbox s = { .profile = SANDBOX_CLI };
	unsigned lacks;
	enum err e = sandbox_early(keep);

	if (!e && (e = sec_arena_open(ARENA, false, false)) == ERR_NOMEM)
		e = sec_arena_open(ARENA, false, true);
	return e ? e : sandbox_enter(&s, &lacks);
}

int
move_run(bool out)
{
	static struct move m;
	struct move_msg end = { .kind = MOVE_END };
	enum err e = confine();

	(void)signal(SIGPIPE, SIG_IGN);
	m.fd = STDIN_FILENO;
	if (!e && !(e = move_open(&m)))
		e = out ? move_out(&m) : move_in(&m);
	end.err = e;
	if (e)
		end.text = span_str(m.wrong);
	move_close(&m);
	if (e != ERR_HANGUP && move_send(m.fd, &end) && !e)
		e = ERR_HANGUP;
	return e ? err_exit(e) : 0;
}
