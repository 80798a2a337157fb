/*
 * loop.h - poll(2) event loop: descriptors, deadlines (CLOCK_BOOTTIME), signals by signalfd.
 * One loop a process, no threads.  Callbacks may add and remove anything, themselves included.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <poll.h>
#include <stdint.h>

#include "lib/err.h"

struct loop;
struct loop_fd;
struct loop_timer;

/* revents as of poll(2). */
typedef void loop_fd_fn(void *arg, short revents);
typedef void loop_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

struct loop *loop_new(void); /* NULL: out of memory */
void loop_free(struct loop *l);
/* The descriptor stays the caller's.  NULL: out of memory. */
struct loop_fd *loop_fd_add(struct loop *l, int fd, short events, loop_fd_fn *fn, void *arg);
void loop_fd_events(struct loop_fd *f, short events);
void loop_fd_remove(struct loop_fd *f); /* NULL is fine */
/* fn runs once at or after `at` (milliseconds, loop_now); then the timer is gone. */
struct loop_timer *loop_timer_add(struct loop *l, uint64_t at, loop_fn *fn, void *arg);
void loop_timer_remove(struct loop_timer *t); /* only before it ran; NULL is fine */
/* Block the signals and deliver them here; -1 ends the list. */
MUST enum err loop_signals(struct loop *l, const int *signos, loop_signal_fn *fn, void *arg);
/* Called once after every wake-up, when all callbacks of that wake-up have run (batching). */
void loop_after(struct loop *l, loop_fn *fn, void *arg);
/* CLOCK_BOOTTIME in milliseconds. */
uint64_t loop_now(void);
/* Until loop_stop. */
MUST enum err loop_run(struct loop *l);
/* One wake-up, waiting at most ms (-1 for ever). */
MUST enum err loop_once(struct loop *l, int ms);
void loop_stop(struct loop *l);

#endif
