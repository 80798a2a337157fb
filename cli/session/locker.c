/*
 * locker.c - the agent: told to lock, and believed when a fresh vault process says that it is
 * locked.
 */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "cli/session/session.h"
#include "lib/async.h"
#include "lib/log.h"

#define NOBODY_MS 1500 /* an agent that is there answers sooner; sleep waits 5 s by default */

struct locker {
	struct session *s;
	struct async *async;
	int fd; /* that io watches */
	sd_event_source *io, *timer, *nobody;
	bool wanted;  /* to be locked, not confirmed yet */
	bool telling; /* the request for that is out */
};

static struct ops_hello
greeting(void)
{
	struct ops_hello q = { .protocol = OPS_PROTOCOL };

	q.client = SPAN_LIT("ownkey-session " OWNKEY_VERSION);
	wire_mark(&ops_hello_map, &q);
	return q;
}

/* ---- locking ---- */
static void
confirmed(struct locker *l)
{
	l->wanted = l->telling = false;
	sd_event_source_set_enabled(l->nobody, SD_EVENT_OFF);
	logind_locked(l->s);
}

static void tell(struct locker *l);

/* Of the process that came after the one with the keys. */
static void
on_hello(void *arg, enum err status, const char *text, const void *rep)
{
	struct locker *l = arg;
	const struct ops_hello_rep *hello = rep;

	(void)text;
	l->telling = false;
	/* whoever opened it in between, opened it before the person came back */
	if (!status && hello->locked)
		confirmed(l);
	else
		tell(l);
}

/* "Locked" is said while the keys go; what is asked next is answered by the next process. */
static void
on_lock(void *arg, enum err status, const char *text, const void *rep)
{
	struct ops_hello q = greeting();
	struct locker *l = arg;
	enum err e = status;

	(void)text;
	(void)rep;
	if (!e)
		e = async_call(l->async, OP_HELLO, &q, (struct async_then){ on_hello, l }, NULL);
	if (!e)
		return;
	l->telling = false;
	/* the connection is made anew, and it is told again then */
	if (e != ERR_NOAGENT)
		log_err(e, "the agent does not lock");
}

static void
tell(struct locker *l)
{
	enum err e;

	if (!l->wanted || l->telling || !async_is_up(l->async))
		return;
	e = async_call(l->async, OP_LOCK, NULL, (struct async_then){ on_lock, l }, NULL);
	l->telling = !e;
	if (e)
		log_err(e, "the agent cannot be told to lock");
}

static int
on_nobody(sd_event_source *source, uint64_t usec, void *arg)
{
	struct locker *l = arg;

	(void)source;
	(void)usec;
	if (async_is_up(l->async)) {
		log_warn("the agent has not answered yet");
	} else {
		log_info("there is no agent that could be open");
		logind_locked(l->s);
	}
	return 0;
}

static void sync_event(struct locker *l);

void
locker_lock(struct session *s, const char *why)
{
	struct locker *l = s->locker;
	uint64_t now = 0;

	log_info("%s: locking", why);
	l->wanted = true;
	if (!async_is_up(l->async))
		async_hurry(l->async);
	tell(l);
	if (sd_event_now(s->event, CLOCK_BOOTTIME, &now) >= 0) {
		sd_event_source_set_time(l->nobody, now + NOBODY_MS * 1000);
		sd_event_source_set_enabled(l->nobody, SD_EVENT_ONESHOT);
	}
	sync_event(l);
}

/* ---- what the agent says ---- */
static void
on_status(void *arg, enum err status, const char *text, const void *reply)
{
	const struct ops_status_rep *rep = reply;
	struct locker *l = arg;

	(void)text;
	if (!status)
		removal_watch(l->s, rep->locked ? SPAN_NONE : rep->opened_with);
}

static void
on_open(struct locker *l)
{
	if (async_call(l->async, OP_STATUS, NULL, (struct async_then){ on_status, l }, NULL))
		log_warn("the agent does not say which token opened the vault");
}

static void
up(void *arg, const struct ops_hello_rep *hello)
{
	struct ops_subscribe q = { .on = true, .asks = true };
	struct locker *l = arg;

	log_info(
	    "connected to the agent %.*s", (int)hello->version.len, (const char *)hello->version.p);
	wire_mark(&ops_subscribe_map, &q);
	if (async_call(l->async, OP_SUBSCRIBE, &q, (struct async_then){ NULL, NULL }, NULL))
		log_warn("no notifications until the agent is asked again");
	if (!hello->locked)
		on_open(l);
	if (l->wanted && hello->locked)
		confirmed(l);
	tell(l);
}

static void
down(void *arg)
{
	struct locker *l = arg;

	log_info("the agent is gone");
	l->telling = false;
	removal_watch(l->s, SPAN_NONE);
	notice_clear(l->s);
}

static void
event(void *arg, const struct ops_event *ev)
{
	struct locker *l = arg;

	switch (ev->kind) {
	case OPS_EV_UNLOCKED:
		on_open(l);
		break;
	case OPS_EV_LOCKED:
		removal_watch(l->s, SPAN_NONE);
		notice_clear(l->s);
		break;
	default:
		notice_take(l->s, ev);
	}
}

/* ---- async.h in this loop ---- */
static uint32_t
wanted_events(const struct locker *l)
{
	return EPOLLIN | (async_events(l->async) & POLLOUT ? EPOLLOUT : 0u);
}

static int
on_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct locker *l = arg;

	(void)source;
	(void)fd;
	(void)revents;
	async_run(l->async);
	sync_event(l);
	return 0;
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct locker *l = arg;

	(void)source;
	(void)usec;
	async_run(l->async);
	sync_event(l);
	return 0;
}

/* The descriptor changes when the agent comes back. */
static void
sync_event(struct locker *l)
{
	int fd = async_fd(l->async), ms = async_timeout(l->async);
	uint64_t now = 0;

	if (fd != l->fd) {
		l->io = sd_event_source_disable_unref(l->io);
		if (fd >= 0 &&
		    sd_event_add_io(l->s->event, &l->io, fd, wanted_events(l), on_io, l) < 0)
			fd = -1;
		l->fd = fd;
	}
	if (l->io)
		sd_event_source_set_io_events(l->io, wanted_events(l));
	if (ms >= 0 && sd_event_now(l->s->event, CLOCK_BOOTTIME, &now) >= 0) {
		sd_event_source_set_time(l->timer, now + (uint64_t)ms * 1000);
		sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
	} else {
		sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	}
}

enum err
locker_start(struct session *s)
{
	static const struct async_hooks hooks = { .up = up, .down = down, .event = event };
	struct ops_hello hello = greeting();
	struct locker *l = calloc(1, sizeof *l);
	enum err e;

	if (!l)
		return ERR_NOMEM;
	s->locker = l;
	*l = (struct locker){ .s = s, .fd = -1 };
	if ((e = async_new(&l->async, &hello, &hooks, l)))
		return e;
	if (sd_event_add_time(s->event, &l->timer, CLOCK_BOOTTIME, 0, 0, on_timer, l) < 0 ||
	    sd_event_add_time(s->event, &l->nobody, CLOCK_BOOTTIME, 0, 0, on_nobody, l) < 0)
		return ERR_NOMEM;
	sd_event_source_set_enabled(l->nobody, SD_EVENT_OFF);
	sync_event(l);
	return ERR_OK;
}

void
locker_done(struct session *s)
{
	struct locker *l = s->locker;

	if (!l)
		return;
	sd_event_source_disable_unref(l->io);
	sd_event_source_disable_unref(l->timer);
	sd_event_source_disable_unref(l->nobody);
	async_done(l->async);
	free(l);
	s->locker = NULL;
}
