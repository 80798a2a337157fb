/* helpers.c - programs that the supervisor starts on request of the vault, one per operation. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/supervisor.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/spawn.h"

#define ENDING_MS 1000
#define ENDING	  UINT32_MAX /* handle of one that is ending: a fresh vault counts from 1 */

static const char *
program(uint32_t kind)
{
	switch (kind) {
	case HELPER_TOKEN:
		return "ownkey-token";
	case HELPER_WORKER:
		return "ownkey-worker";
	case HELPER_PROMPT:
		return "ownkey-prompt";
	default:
		return NULL;
	}
}

/* A pinentry needs to find the person's desktop; the others need nothing. */
static const char *const prompt_keep[] = { "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE",
	"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", NULL };

static struct running *
slot(struct supervisor *s, uint32_t handle)
{
	for (size_t i = 0; i < SUPERVISOR_HELPERS; i++)
		if (s->running[i].handle == handle)
			return &s->running[i];
	return NULL;
}

/* ends[0] becomes descriptor 0 of the helper, deliver[0] its descriptor 1 (worker, forwarded
 * token). */
static enum err
start(struct supervisor *s, const struct control *m, int chan, int deliver, pid_t *pid)
{
	const char *name = program(m->kind);
	const struct conf *conf = &s->start.conf;
	const char *argv[] = { name, NULL, NULL, NULL };
	char path[PATHS_MAX];
	struct spawn sp = { .path = path, .argv = argv, .nfds = 3 };
	enum err e;

	size_t n = 1;

	if (!name)
		return ERR_UNSUPPORTED;
	if (conf->secret_memory == CONF_MEMORY_MLOCK)
		argv[n++] = "mlock";
	if (conf->allow_swap)
		argv[n++] = "allow-swap";
	if ((e = paths_program(name, path, sizeof path)))
		return e;
	sp.fds[0] = chan;
	sp.fds[1] = deliver;
	sp.fds[2] = STDERR_FILENO;
	sp.keep = m->kind == HELPER_PROMPT ? prompt_keep : NULL;
	sp.new_session = m->kind != HELPER_PROMPT;
	return spawn_start(&sp, pid);
}

static void
answer(struct supervisor *s, uint32_t handle, enum err e, int fd)
{
	struct control m = { .magic = CONTROL_MAGIC, .type = CONTROL_HELPER, .handle = handle };

	m.err = (uint32_t)e;
	if (sock_send_fd(s->vault.control, SPAN(&m, sizeof m), fd))
		log_debug("the vault does not hear about its helper");
}

static void
shut(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void
helpers_spawn(struct supervisor *s, const struct control *m)
{
	int chan[2] = { -1, -1 }, deliver[2] = { -1, -1 };
	struct running *r = slot(s, 0);
	bool wants = !crypto_is_zero(SPAN(m->id, JOB_ID_LEN));
	enum err e = r && m->handle ? ERR_OK : ERR_LIMIT;

	if (!e)
		e = sock_pair(SOCK_STREAM, chan);
	if (!e && (m->kind == HELPER_WORKER || (m->kind == HELPER_TOKEN && wants)))
		e = sock_pair(SOCK_SEQPACKET, deliver);
	if (!e)
		e = start(s, m, chan[0], deliver[0], &r->pid);
	if (!e) {
		r->handle = m->handle;
		r->kind = m->kind;
		r->deliver = deliver[1];
		deliver[1] = -1;
		if (wants)
			callers_expect(s, m->id, m->handle);
	}
	answer(s, m->handle, e, e ? -1 : chan[1]);
	shut(chan);
	shut(deliver);
}

static void
forget(struct running *r)
{
	if (r->deliver >= 0)
		close(r->deliver);
	loop_timer_remove(r->ending);
	*r = (struct running){ .deliver = -1 };
}

static void
too_slow(void *arg)
{
	struct running *r = arg;

	r->ending = NULL;
	spawn_kill(r->pid);
	forget(r);
}

/* The vault has closed its end.  A prompt gives the terminal back its echo; a token has to be told
 * that nobody waits for its touch any more, or it blinks on and is busy for who comes next. */
void
helpers_kill(struct supervisor *s, uint32_t handle)
{
	struct running *r = handle ? slot(s, handle) : NULL;

	if (!r || r->ending)
		return;
	if (r->kind == HELPER_PROMPT)
		kill(r->pid, SIGTERM);
	if (r->kind == HELPER_TOKEN || r->kind == HELPER_PROMPT)
		r->ending = loop_timer_add(s->loop, loop_now() + ENDING_MS, too_slow, r);
	r->handle = ENDING;
	if (!r->ending) {
		spawn_kill(r->pid);
		forget(r);
	}
}

void
helpers_kill_all(struct supervisor *s)
{
	for (size_t i = 0; i < SUPERVISOR_HELPERS; i++)
		if (s->running[i].handle)
			helpers_kill(s, s->running[i].handle);
}

bool
helpers_reap(struct supervisor *s, pid_t pid)
{
	for (size_t i = 0; i < SUPERVISOR_HELPERS; i++)
		if (s->running[i].handle && s->running[i].pid == pid) {
			forget(&s->running[i]);
			return true;
		}
	return false;
}
