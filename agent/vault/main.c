/* main.c - the vault process: starts, closes the door behind itself, serves frames. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/vault/audit.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/sshrows.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/sock.h"

#define ARENA_SIZE (2u << 20)

void
vault_lock(struct vault *v)
{
	struct ops_event ev = { .kind = OPS_EV_LOCKED };

	wire_mark(&ops_event_map, &ev);
	if (v->open.is)
		client_event_all(v, &ev);
	store_last(v);
	if (chan_flush(&v->front))
		log_debug("front does not hear of the lock");
	sec_arena_close();
	_exit(0);
}

/* ---- deadlines (CLOCK_BOOTTIME: sleep counts) ---- */
static uint64_t
left(uint64_t since, uint32_t limit_s)
{
	uint64_t end = since + (uint64_t)limit_s * 1000, now = loop_now();

	if (!limit_s)
		return UINT64_MAX;
	return end > now ? end - now : 0;
}

uint64_t
vault_idle_left(const struct vault *v)
{
	return left(v->open.last_use, v->conf.lock_idle);
}

uint64_t
vault_absolute_left(const struct vault *v)
{
	return left(v->open.since, v->conf.lock_absolute);
}

static uint64_t
lock_left(const struct vault *v)
{
	uint64_t a = vault_idle_left(v), b = vault_absolute_left(v);

	return a < b ? a : b;
}

static void arm(struct vault *v);

static void
deadline(void *arg)
{
	struct vault *v = arg;

	v->deadline = NULL;
	if (v->open.is && lock_left(v) == 0) {
		log_info("locked by its deadline");
		vault_lock(v);
	}
	arm(v);
}

/* The timer is only a reminder; the deadline itself is checked at every frame. */
static void
arm(struct vault *v)
{
	uint64_t ms = lock_left(v);

	loop_timer_remove(v->deadline);
	v->deadline = NULL;
	if (v->open.is && ms != UINT64_MAX)
		v->deadline = loop_timer_add(v->loop, loop_now() + ms, deadline, v);
}

void
vault_touch(struct vault *v)
{
	v->open.last_use = loop_now();
	if (!v->deadline)
		arm(v);
}

/* ---- channels ---- */
static void
front_ready(void *arg, short revents)
{
	struct vault *v = arg;
	struct span frame;
	enum err e;

	(void)revents;
	e = chan_fill(&v->front);
	while (!chan_next(&v->front, &frame)) {
		if (v->open.is && lock_left(v) == 0)
			vault_lock(v);
		dispatch_frame(v, frame);
	}
	chan_forget(&v->front);
	if (e)
		vault_lock(v);
}

static struct loop_fd *front_fd;

/* Once per wake-up: everything that was queued goes out in one write. */
static void
after(void *arg)
{
	struct vault *v = arg;

	job_reap(v);
	/* out of memory: a reply was lost, and its client would wait for ever */
	if (buf_err(&v->front.out) || chan_flush(&v->front))
		vault_lock(v);
	loop_fd_events(front_fd, chan_wants_write(&v->front) ? POLLIN | POLLOUT : POLLIN);
}

static void
control_ready(void *arg, short revents)
{
	static struct control_copies long_one;
	struct vault *v = arg;
	struct control m;
	size_t n;
	int fd;

	(void)revents;
	if (sock_recv_fd(v->control, &long_one, sizeof long_one, &n, &fd))
		vault_lock(v);
	m = long_one.head;
	if (n == sizeof long_one && m.magic == CONTROL_MAGIC && m.type == CONTROL_COPIES &&
	    fd < 0) {
		op_copies_take(v, &long_one);
		return;
	}
	if (n != sizeof m || m.magic != CONTROL_MAGIC || m.type == CONTROL_LOCK)
		vault_lock(v);
	job_control(v, &m, fd);
}

/* ---- start ---- */
static enum err
take_start(struct vault *v)
{
	static struct control_start m;
	size_t n;
	int fd;
	enum err e;

	if ((e = sock_recv_fd(v->control, &m, sizeof m, &n, &fd)))
		return e;
	if (n != sizeof m || m.head.magic != CONTROL_MAGIC || m.head.type != CONTROL_START ||
	    fd >= 0)
		return ERR_FORMAT;
	v->conf = m.conf;
	v->rights = m.rights;
	v->notreal = m.notreal != 0;
	v->mem = m.head.mem;
	v->mem.keep_own = 0; /* said once */
	log_open("ownkey-agent[vault]", (enum log_level)v->conf.log_level);
	return ERR_OK;
}

static enum err
secure(struct vault *v)
{
	struct sandbox box = { .profile = SANDBOX_VAULT };
	bool mlock_only = v->conf.secret_memory == CONF_MEMORY_MLOCK;
	enum err e;

	/* poll sleeps by a timerfd, which cannot be made any more behind the filter */
	if (!(v->loop = loop_new()))
		return ERR_NOMEM;
	if ((e = sec_arena_open(ARENA_SIZE, mlock_only, v->conf.allow_swap != 0)))
		return e;
	if ((e = crypto_init()) || (e = keyring_new(&v->keys)) || (e = grants_new(&v->grants)) ||
	    (e = audit_new(&v->audit)) || (e = sshrows_new(&v->ssh)))
		return e;
	if ((e = sandbox_enter(&box, &v->lacks)))
		return e;
	if (sec_arena_kind() != SEC_MEMFD)
		v->lacks |= SANDBOX_LACK_SECRETMEM;
	if (sec_arena_kind() == SEC_PLAIN)
		v->lacks |= SANDBOX_LACK_MLOCK;
	return ERR_OK;
}

static enum err
serve(struct vault *v)
{
	struct control ready = { .magic = CONTROL_MAGIC, .type = CONTROL_READY };
	enum err e;

	chan_init(&v->front, STDIN_FILENO, LINK_FRAME_MAX);
	front_fd = loop_fd_add(v->loop, v->front.fd, POLLIN, front_ready, v);
	if (!front_fd || !loop_fd_add(v->loop, v->control, POLLIN, control_ready, v))
		return ERR_NOMEM;
	loop_after(v->loop, after, v);
	if ((e = sock_send_fd(v->control, SPAN(&ready, sizeof ready), -1)))
		return e;
	return loop_run(v->loop);
}

int
vault_main(void)
{
	static struct vault v;
	enum err e;

	v.control = STDOUT_FILENO;
	if (!(e = take_start(&v)) && !(e = secure(&v)))
		e = serve(&v);
	log_err(e, "the vault process ends");
	sec_arena_close();
	return 1;
}
