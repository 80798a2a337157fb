#include "lib/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define AFTER_MAX  8
#define ALWAYS	   (POLLERR | POLLHUP | POLLNVAL) /* poll(2) reports these unasked */
#define FIRST_SIZE 16

struct loop_fd {
	struct loop *loop;
	size_t at; /* index in polls and fds */
	loop_fd_fn *fn;
	void *arg;
};

struct loop_timer {
	struct loop *loop;
	size_t at; /* index in the heap */
	uint64_t when;
	uint64_t seq; /* equal times run in the order of their adding */
	loop_fn *fn;
	void *arg;
};

struct signal_row {
	loop_signal_fn *fn;
	void *arg;
};

struct after_row {
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct pollfd *polls; /* what poll(2) gets; fds[i] says whose polls[i] is */
	struct loop_fd **fds; /* NULL: removed during this wake-up */
	size_t n, cap, holes;
	struct loop_timer **heap;
	size_t ntimers, timers_cap;
	uint64_t seq;
	int timer_fd;
	struct loop_fd *timer_watch;
	uint64_t armed; /* when timer_fd fires; 0 = not armed */
	int signal_fd;
	struct loop_fd *signal_watch;
	sigset_t signals;
	struct signal_row rows[_NSIG];
	struct after_row after[AFTER_MAX];
	size_t nafter;
	bool busy; /* callbacks are running: indices must not move */
	bool stop;
};

uint64_t
loop_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) < 0)
		abort();
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- descriptors --- */

static bool
grow_fds(struct loop *l)
{
	size_t cap = l->cap ? l->cap * 2 : FIRST_SIZE;
	struct pollfd *polls = reallocarray(l->polls, cap, sizeof(*polls));
	struct loop_fd **fds;

	if (!polls)
		return false;
	l->polls = polls;
	fds = reallocarray(l->fds, cap, sizeof(*fds));
	if (!fds)
		return false;
	l->fds = fds;
	l->cap = cap;
	return true;
}

struct loop_fd *
loop_fd_add(struct loop *l, int fd, short events, loop_fd_fn *fn, void *arg)
{
	struct loop_fd *f;

	if (l->n == l->cap && !grow_fds(l))
		return NULL;
	f = malloc(sizeof(*f));
	if (!f)
		return NULL;
	*f = (struct loop_fd){ .loop = l, .at = l->n, .fn = fn, .arg = arg };
	l->polls[l->n] = (struct pollfd){ .fd = fd, .events = events };
	l->fds[l->n] = f;
	l->n++;
	return f;
}

void
loop_fd_events(struct loop_fd *f, short events)
{
	f->loop->polls[f->at].events = events;
}

static void
place_fd(struct loop *l, size_t from, size_t to)
{
	l->polls[to] = l->polls[from];
	l->fds[to] = l->fds[from];
	l->fds[to]->at = to;
}

void
loop_fd_remove(struct loop_fd *f)
{
	struct loop *l;

	if (!f)
		return;
	l = f->loop;
	if (l->busy) {
		l->fds[f->at] = NULL;
		l->polls[f->at] = (struct pollfd){ .fd = -1 };
		l->holes++;
	} else if (--l->n != f->at) {
		place_fd(l, l->n, f->at);
	}
	free(f);
}

/* poll(2) refuses more rows than RLIMIT_NOFILE, so holes may not stay. */
static void
close_holes(struct loop *l)
{
	size_t to = 0;

	if (!l->holes)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (l->fds[i])
			place_fd(l, i, to++);
	l->n = to;
	l->holes = 0;
}

/* Rows added meanwhile stand behind `end` and wait for the next wake-up. */
static void
run_fds(struct loop *l, int left)
{
	size_t end = l->n;

	for (size_t i = 0; i < end && left > 0; i++) {
		struct loop_fd *f = l->fds[i];
		int got = l->polls[i].revents;

		if (!got)
			continue;
		left--;
		/* an earlier callback may have lost interest on its behalf */
		got &= l->polls[i].events | ALWAYS;
		if (f && got)
			f->fn(f->arg, (short)got);
	}
}

/* --- timers: a binary heap, the earliest on top --- */

static bool
is_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->when != b->when ? a->when < b->when : a->seq < b->seq;
}

static void
place_timer(struct loop *l, struct loop_timer *t, size_t at)
{
	l->heap[at] = t;
	t->at = at;
}

static void
sift_up(struct loop *l, struct loop_timer *t, size_t at)
{
	while (at > 0 && is_before(t, l->heap[(at - 1) / 2])) {
		place_timer(l, l->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	place_timer(l, t, at);
}

static void
sift_down(struct loop *l, struct loop_timer *t, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < l->ntimers && is_before(l->heap[child + 1], l->heap[child]))
			child++;
		if (child >= l->ntimers || !is_before(l->heap[child], t))
			break;
		place_timer(l, l->heap[child], at);
		at = child;
	}
	place_timer(l, t, at);
}

struct loop_timer *
loop_timer_add(struct loop *l, uint64_t at, loop_fn *fn, void *arg)
{
	struct loop_timer *t;

	if (l->ntimers == l->timers_cap) {
		size_t cap = l->timers_cap ? l->timers_cap * 2 : FIRST_SIZE;
		struct loop_timer **heap = reallocarray(l->heap, cap, sizeof(struct loop_timer *));

		if (!heap)
			return NULL;
		l->heap = heap;
		l->timers_cap = cap;
	}
	t = malloc(sizeof(*t));
	if (!t)
		return NULL;
	*t = (struct loop_timer){ .loop = l, .when = at, .seq = l->seq++, .fn = fn, .arg = arg };
	sift_up(l, t, l->ntimers++);
	return t;
}

/* Take the timer at `at` out of the heap: the last one takes its place and finds its own. */
static struct loop_timer *
take_timer(struct loop *l, size_t at)
{
	struct loop_timer *t = l->heap[at], *last = l->heap[--l->ntimers];

	if (at < l->ntimers) {
		if (at > 0 && is_before(last, l->heap[(at - 1) / 2]))
			sift_up(l, last, at);
		else
			sift_down(l, last, at);
	}
	return t;
}

void
loop_timer_remove(struct loop_timer *t)
{
	if (t)
		free(take_timer(t->loop, t->at));
}

/* A timer that adds itself again at once must not keep the descriptors waiting: those added
 * meanwhile run at the next wake-up. */
static void
run_timers(struct loop *l)
{
	uint64_t until = l->seq, now = l->ntimers ? loop_now() : 0;

	while (l->ntimers && l->heap[0]->when <= now && l->heap[0]->seq < until) {
		struct loop_timer *t = take_timer(l, 0);
		loop_fn *fn = t->fn;
		void *arg = t->arg;

		free(t);
		fn(arg);
	}
}

/*
 * poll(2) counts CLOCK_MONOTONIC, which stands still during suspend: a lock deadline would come
 * late by as long as the lid was closed.  So deadlines wake us through a timerfd.  It is set only
 * when the earliest deadline moves forward; when that one is removed it fires for nothing.
 */
static enum err
arm(struct loop *l, int *ms)
{
	struct itimerspec its = { 0 };
	uint64_t when;

	if (!l->ntimers)
		return ERR_OK;
	when = l->heap[0]->when;
	if (when <= loop_now()) {
		*ms = 0;
		return ERR_OK;
	}
	if (l->armed && l->armed <= when)
		return ERR_OK;
	its.it_value.tv_sec = (time_t)(when / 1000);
	its.it_value.tv_nsec = (long)(when % 1000) * 1000000;
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &its, NULL) < 0)
		return ERR_IO;
	l->armed = when;
	return ERR_OK;
}

static void
on_timer_fd(void *arg, short revents)
{
	struct loop *l = arg;
	uint64_t count;

	(void)revents;
	if (read(l->timer_fd, &count, sizeof(count)) > 0)
		l->armed = 0;
}

/* --- signals --- */

static void
on_signal_fd(void *arg, short revents)
{
	struct loop *l = arg;
	struct signalfd_siginfo si;

	(void)revents;
	while (read(l->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		struct signal_row *row = &l->rows[si.ssi_signo % _NSIG];

		if (row->fn)
			row->fn(row->arg, (int)si.ssi_signo);
	}
}

MUST enum err
loop_signals(struct loop *l, const int *signos, loop_signal_fn *fn, void *arg)
{
	sigset_t set = l->signals;
	int fd;

	for (const int *s = signos; *s != -1; s++)
		if (*s <= 0 || *s >= _NSIG || sigaddset(&set, *s) < 0)
			return ERR_RANGE;
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return ERR_IO;
	fd = signalfd(l->signal_fd, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	if (!l->signal_watch)
		l->signal_watch = loop_fd_add(l, fd, POLLIN, on_signal_fd, l);
	if (!l->signal_watch) {
		close(fd);
		return ERR_NOMEM;
	}
	l->signal_fd = fd;
	l->signals = set;
	for (const int *s = signos; *s != -1; s++)
		l->rows[*s] = (struct signal_row){ fn, arg };
	return ERR_OK;
}

/* --- the loop --- */

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	sigemptyset(&l->signals);
	l->signal_fd = -1;
	l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer_fd >= 0)
		l->timer_watch = loop_fd_add(l, l->timer_fd, POLLIN, on_timer_fd, l);
	if (!l->timer_watch) {
		loop_free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->fds[i]);
	for (size_t i = 0; i < l->ntimers; i++)
		free(l->heap[i]);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	free(l->polls);
	free(l->fds);
	free(l->heap);
	free(l);
}

void
loop_after(struct loop *l, loop_fn *fn, void *arg)
{
	if (l->nafter == AFTER_MAX)
		abort(); /* a constant of the program, not of its input */
	l->after[l->nafter++] = (struct after_row){ fn, arg };
}

MUST enum err
loop_once(struct loop *l, int ms)
{
	enum err r;
	int n;

	if (l->busy)
		return ERR_BUSY;
	r = arm(l, &ms);
	if (r)
		return r;
	n = poll(l->polls, l->n, ms);
	if (n < 0 && errno != EINTR)
		return ERR_IO;
	l->busy = true;
	run_fds(l, n);
	run_timers(l);
	for (size_t i = 0; i < l->nafter; i++)
		l->after[i].fn(l->after[i].arg);
	l->busy = false;
	close_holes(l);
	return ERR_OK;
}

MUST enum err
loop_run(struct loop *l)
{
	enum err r = ERR_OK;

	while (!r && !l->stop)
		r = loop_once(l, -1);
	l->stop = false;
	return r;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}
