/* ownkey.c - connecting, the state of the vault, waiting for it, events. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ownkey/conn.h"
#include "lib/sock.h"

#define PATIENCE_MS 120000

/* Where prompts go: the desktop of the program.  Its terminal is its own. */
static enum err
say_hello(struct ownkey *k, const char *program)
{
	struct ops_hello q = { .protocol = OPS_PROTOCOL,
		.client = conn_text(program),
		.display = conn_text(getenv("DISPLAY")),
		.wayland = conn_text(getenv("WAYLAND_DISPLAY")),
		.xauthority = conn_text(getenv("XAUTHORITY")),
		.bus = conn_text(getenv("DBUS_SESSION_BUS_ADDRESS")),
		.lang = conn_text(getenv("LANG")) };
	struct ops_hello_rep rep;
	struct conn_call c = { OP_HELLO, &ops_hello_map, &q, &ops_hello_rep_map, &rep };
	enum err e;

	wire_mark(&ops_hello_map, &q);
	if (!(e = conn_call(k, &c)) && rep.protocol != OPS_PROTOCOL)
		e = ERR_LIB_PROTOCOL;
	conn_done_with(k);
	return e;
}

int
ownkey_connect(struct ownkey **out, const char *program)
{
	char path[SOCK_PATH_MAX];
	struct ownkey *k;
	int fd;
	enum err e;

	if (!out || !program || !*program)
		return ERR_USAGE;
	if ((e = sock_path("agent.sock", path, sizeof path)) || (e = sock_connect(path, &fd)))
		return (int)e;
	if (!(k = calloc(1, sizeof *k))) {
		close(fd);
		return ERR_NOMEM;
	}
	k->pid = getpid();
	k->next_id = 1;
	k->patience = PATIENCE_MS;
	chan_init(&k->chan, fd, OPS_FRAME_MAX);
	if ((e = say_hello(k, program)))
		ownkey_close(k);
	else
		*out = k;
	return (int)e;
}

/* In a child too: its copy of the descriptor goes, the parent's connection stays. */
void
ownkey_close(struct ownkey *k)
{
	if (!k || k->inside)
		return;
	conn_done_with(k);
	chan_done(&k->chan);
	free(k);
}

int
ownkey_fd(const struct ownkey *k)
{
	return k ? k->chan.fd : -1;
}

void
ownkey_set_patience(struct ownkey *k, int ms)
{
	if (k)
		k->patience = ms < -1 ? -1 : ms;
}

const char *
ownkey_detail(const struct ownkey *k)
{
	return k ? k->detail : "";
}

/* ---- the state of the vault ---- */
static enum err
get_state(struct ownkey *k, unsigned *state)
{
	struct ops_status_rep rep;
	struct conn_call c = { .op = OP_STATUS, .rep_map = &ops_status_rep_map, .rep = &rep };
	enum err e;

	if (!(e = conn_call(k, &c)))
		*state = (rep.vault ? OWNKEY_HAS_VAULT : 0U) | (rep.locked ? 0U : OWNKEY_UNLOCKED) |
		    (rep.notreal ? OWNKEY_NOT_REAL : 0U);
	conn_done_with(k);
	return e;
}

int
ownkey_status(struct ownkey *k, unsigned *state)
{
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	return state ? (int)get_state(k, state) : ERR_USAGE;
}

enum err
conn_listen(struct ownkey *k)
{
	struct ops_subscribe q = { .has = 1, .on = true };
	struct conn_call c = { .op = OP_SUBSCRIBE, .req_map = &ops_subscribe_map, .req = &q };
	enum err e;

	if (k->subscribed)
		return ERR_OK;
	if (!(e = conn_call(k, &c)))
		k->subscribed = true;
	conn_done_with(k);
	return e;
}

/* Somebody else opens it. */
static enum err
wait_opened(struct ownkey *k, int64_t until)
{
	enum err e = ERR_OK;

	while (!k->opened && !(e = conn_step(k, until)))
		if (!k->opened && until >= 0 && conn_clock() >= until)
			return ERR_TIMEOUT;
	return k->opened ? ERR_OK : e;
}

/* The agent finds the token or asks for what opens it; others may be first. */
static enum err
have_opened(struct ownkey *k, int64_t until)
{
	struct ops_unlock q = { .has = 0 };
	struct conn_call c = { .op = OP_UNLOCK, .req_map = &ops_unlock_map, .req = &q };
	enum err e;

	if ((e = conn_start(k, &c)))
		return e;
	if ((e = conn_wait(k, until)) == ERR_TIMEOUT)
		e = conn_give_up(k);
	if (!e)
		e = conn_result(k, &c);
	conn_done_with(k);
	return e;
}

int
ownkey_wait_unlocked(struct ownkey *k, int ms, int ask)
{
	int64_t until = conn_deadline(ms);
	unsigned state = 0;
	enum err e;

	/* listening first: what opens between the question and the wait is not missed */
	if ((e = conn_enter(k)) || (e = conn_listen(k)))
		return (int)e;
	k->opened = false;
	if ((e = get_state(k, &state)) || (state & OWNKEY_UNLOCKED))
		return (int)e;
	if (!(state & OWNKEY_HAS_VAULT))
		return ERR_NOVAULT;
	return (int)(ask ? have_opened(k, until) : wait_opened(k, until));
}

/* ---- events ---- */
int
ownkey_subscribe(struct ownkey *k, ownkey_event_fn *fn, void *arg)
{
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	k->fn = fn;
	k->arg = arg;
	return fn ? (int)conn_listen(k) : ERR_OK;
}

int
ownkey_pump(struct ownkey *k, int ms)
{
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	return (int)conn_step(k, conn_deadline(ms));
}
