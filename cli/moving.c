/* moving.c - ownkey-secrets --move-in and --move-out, as children. */
#include "cli/moving.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/spawn.h"

static const char *const keep[] = { "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "PATH",
	"LANG", NULL };

enum err
moving_start(struct moving *m, struct cli *c, bool out)
{
	const char *argv[] = { "ownkey-secrets", out ? "--move-out" : "--move-in", NULL };
	char path[PATHS_MAX];
	int pair[2];
	struct spawn s = { .path = path, .argv = argv, .keep = keep, .nfds = 3 };
	enum err e;

	*m = (struct moving){ .c = c, .fd = -1 };
	if ((e = paths_program(argv[0], path, sizeof path)))
		return e;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return ERR_LIMIT;
	s.fds[0] = pair[1];
	s.fds[1] = -1;
	s.fds[2] = STDERR_FILENO;
	if ((e = spawn_start(&s, &m->pid))) {
		m->pid = 0;
		close(pair[0]);
	} else {
		m->fd = pair[0];
	}
	close(pair[1]);
	return e;
}

/* It has nothing to finish: the other service is as it was, or has what was taken. */
void
moving_done(struct moving *m)
{
	if (m->fd >= 0)
		close(m->fd);
	if (m->pid > 0)
		spawn_kill(m->pid);
	buf_done(&m->frame);
	m->pid = 0;
	m->fd = -1;
}

/* The person may stop while the other keyring asks. */
static enum err
wait_for(struct moving *m)
{
	struct pollfd p[2] = { { .fd = m->fd, .events = POLLIN },
		{ .fd = m->c->term.cancel, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return ERR_IO;
	return p[1].revents || term_is_cancelled() ? ERR_CANCELLED : ERR_OK;
}

static enum err
end(struct moving *m, const struct move_msg *msg)
{
	if (msg->err && msg->text.len)
		snprintf(m->c->detail, sizeof m->c->detail, "%.*s", (int)msg->text.len,
		    (const char *)msg->text.p);
	return err_is_known(msg->err) ? (enum err)msg->err : ERR_INTERNAL;
}

enum err
moving_next(struct moving *m, struct move_msg *msg)
{
	enum err e;

	do {
		if ((e = wait_for(m)))
			return e;
		if ((e = move_recv(m->fd, 60000, &m->frame, msg)))
			return e == ERR_HANGUP ? ERR_MOVE_SERVICE : e;
		if (msg->kind == MOVE_SAY)
			out_say_span("", msg->text);
	} while (msg->kind == MOVE_SAY);
	return msg->kind == MOVE_END ? end(m, msg) : ERR_OK;
}

enum err
moving_greet(struct moving *m)
{
	struct move_msg msg;
	enum err e = moving_next(m, &msg);

	if (!e && msg.kind != MOVE_OWNER)
		e = ERR_MOVE_SERVICE;
	if (!e)
		snprintf(m->program, sizeof m->program, "%.*s", (int)msg.text.len,
		    (const char *)msg.text.p);
	return e;
}
