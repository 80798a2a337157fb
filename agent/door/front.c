/* front.c - the front process' main: channels to vault and supervisor, one loop. */
#include "agent/door/front.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "agent/agent.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/sec.h"
#include "lib/sock.h"

#define LISTENER     3
#define SSH_LISTENER 4
#define ARENA	     (64 * 1024) /* for keys that ssh-add brings */

void
front_pause(struct front *f, bool pause)
{
	if (f->paused == pause)
		return;
	f->paused = pause;
	if (!pause)
		conn_resume_all(f);
}

/* ---- the vault ---- */
static void
from_vault(struct front *f, struct span frame)
{
	enum link_type type;
	struct span payload;
	struct conn *c;
	uint32_t number;

	if (link_get(frame, &type, &number, &payload))
		return;
	c = conn_find(f, number);
	if (type == LINK_FILE)
		file_request(&f->file, payload, &f->vault.out);
	else if (type == LINK_PUBLIC)
		public_take(f, payload);
	else if (type == LINK_REPLY && c)
		c->door->reply(c, payload);
	else if (type == LINK_SSH)
		ssh_take_rows(f, payload);
	else if (type == LINK_JWT)
		public_take_jwt(f, payload);
	else if (type == LINK_DROP && c)
		conn_close(c);
}

/* Lock: the channel ends.  Clients wait until the supervisor brings a fresh vault. */
static void
vault_gone(struct front *f)
{
	loop_fd_remove(f->vault_fd);
	f->vault_fd = NULL;
	chan_done(&f->vault);
	f->vault.fd = -1;
	f->between = true;
	ssh_keys_lock(&f->ssh.keys);
	file_abort(&f->file);
	front_pause(f, true);
}

static enum err
read_vault(struct front *f)
{
	struct span frame;
	enum err e = chan_fill(&f->vault);

	while (!chan_next(&f->vault, &frame))
		from_vault(f, frame);
	chan_forget(&f->vault);
	return e;
}

static void
vault_ready(void *arg, short revents)
{
	struct front *f = arg;

	(void)revents;
	if (read_vault(f))
		vault_gone(f);
}

/* What a vault says last is for the disk: it is heard before another one is, or we end. */
static void
hear_vault_out(struct front *f)
{
	struct pollfd p = { .fd = f->vault.fd, .events = POLLIN };

	while (f->vault.fd >= 0 && poll(&p, 1, FRONT_LAST_MS) > 0)
		if (read_vault(f))
			vault_gone(f);
	if (f->vault.fd >= 0)
		vault_gone(f);
}

static enum err
vault_come(struct front *f, int fd)
{
	chan_init(&f->vault, fd, LINK_FRAME_MAX);
	f->vault_fd = loop_fd_add(f->loop, fd, POLLIN, vault_ready, f);
	if (!f->vault_fd)
		return ERR_NOMEM;
	for (size_t i = 0; i < FRONT_CONNS && f->nconns; i++)
		if (f->conns[i])
			f->conns[i]->door->renew(f->conns[i]);
	f->locked = true;
	f->between = false;
	f->paused = false;
	conn_resume_all(f);
	return ERR_OK;
}

/* ---- the loop's ends ---- */
static void
control_ready(void *arg, short revents)
{
	struct front *f = arg;
	struct control m;
	size_t n;
	int fd;

	(void)revents;
	if (sock_recv_fd(f->control, &m, sizeof m, &n, &fd))
		n = 0;
	if (n == sizeof m && m.magic == CONTROL_MAGIC && m.type == CONTROL_UPSTREAM) {
		ssh_up_come(f, m.handle, fd);
		return;
	}
	if (n != sizeof m || m.magic != CONTROL_MAGIC || m.type != CONTROL_VAULT || fd < 0) {
		hear_vault_out(f);
		_exit(0);
	}
	hear_vault_out(f);
	if (vault_come(f, fd))
		_exit(1);
}

static void
listener_ready(void *arg, short revents)
{
	(void)revents;
	conn_accept(arg);
}

/* Out of memory: a frame for the vault was lost, and nobody would hear of it. */
static bool
flush(struct front *f)
{
	conn_flush_marked(f);
	if (f->vault.fd >= 0 && (buf_err(&f->vault.out) || chan_flush(&f->vault)))
		vault_gone(f);
	return f->vault.fd >= 0;
}

/* What resumed clients ask goes out now: nothing else may wake us for it. */
static void
after(void *arg)
{
	struct front *f = arg;

	ssh_wait_after(f);
	if (!flush(f))
		return;
	if (f->paused && !chan_wants_write(&f->vault)) {
		front_pause(f, false);
		if (!flush(f))
			return;
	}
	loop_fd_events(f->vault_fd, chan_wants_write(&f->vault) ? POLLIN | POLLOUT : POLLIN);
}

/* ---- start ---- */
static enum err
take_start(struct front *f)
{
	size_t n;
	int fd;
	enum err e;

	if ((e = sock_recv_fd(f->control, &f->start, sizeof f->start, &n, &fd)))
		return e;
	if (n != sizeof f->start || f->start.head.magic != CONTROL_MAGIC ||
	    f->start.head.type != CONTROL_START || fd >= 0)
		return ERR_FORMAT;
	f->ssh.keys.conf = &f->start.conf;
	log_open("ownkey-agent[front]", (enum log_level)f->start.conf.log_level);
	return ERR_OK;
}

static enum err
secure(struct front *f)
{
	char state[PATHS_MAX];
	struct sandbox_rule rules[] = { { f->file.dir, true }, { state, true }, { "/proc", false },
		{ NULL, false } };
	struct sandbox box = { .profile = SANDBOX_FRONT, .rules = rules };
	unsigned lacks;
	char *slash;

	if (!(f->loop = loop_new()))
		return ERR_NOMEM;
	/* without it ssh-add is refused, all else goes on */
	if (sec_arena_open(
		ARENA, f->start.conf.secret_memory == CONF_MEMORY_MLOCK, f->start.conf.allow_swap))
		log_warn("no memory can be locked: keys of ssh-add are refused");
	memcpy(state, f->file.seen, sizeof state);
	if ((slash = strrchr(state, '/')))
		*slash = '\0';
	return sandbox_enter(&box, &lacks);
}

static enum err
listen_at(struct front *f, struct listener *l)
{
	l->f = f;
	if (fcntl(l->fd, F_SETFL, O_NONBLOCK) < 0)
		return ERR_IO;
	l->watch = loop_fd_add(f->loop, l->fd, POLLIN, listener_ready, l);
	return l->watch ? ERR_OK : ERR_NOMEM;
}

static enum err
serve(struct front *f)
{
	struct control ready = { .magic = CONTROL_MAGIC, .type = CONTROL_READY };
	enum err e;

	if ((e = vault_come(f, STDIN_FILENO)))
		return e;
	if ((e = listen_at(f, &f->listener[0])) || (e = listen_at(f, &f->listener[1])))
		return e;
	if (!loop_fd_add(f->loop, f->control, POLLIN, control_ready, f))
		return ERR_NOMEM;
	loop_after(f->loop, after, f);
	if ((e = sock_send_fd(f->control, SPAN(&ready, sizeof ready), -1)))
		return e;
	return loop_run(f->loop);
}

int
front_main(void)
{
	static struct front f = { .control = STDOUT_FILENO,
		.listener = { { .door = &native_door, .fd = LISTENER },
		    { .door = &ssh_door, .fd = SSH_LISTENER } },
		.vault.fd = -1 };
	enum err e;

	/* a file size limit is an error to be told, not our end */
	signal(SIGXFSZ, SIG_IGN);
	if (!(e = take_start(&f)) && !(e = crypto_init_light()) &&
	    !(e = file_prepare(&f.file, &f.start)) && !(e = secure(&f)))
		e = serve(&f);
	log_err(e, "the front process ends");
	return 1;
}
