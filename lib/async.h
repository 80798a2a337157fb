/*
 * async.h - a connection to the agent for programs with a loop of their own: many requests in
 * flight,
 * nothing blocks.  For ownkey-secrets, ownkey-session; client.h is for one call at a time.
 *
 * It connects by itself, says hello, subscribes to events, and connects again (0.1 s, doubling
 * up to
 * 5 s) when the agent goes away; it does not start one, the caller may (client_start_agent).
 */
#ifndef LIB_ASYNC_H
#define LIB_ASYNC_H

#include "lib/ops.h"

struct async;

struct async_hooks {
	/* The agent answered hello (again): ask for everything anew.  Requests that were in flight
	 * before it went have been answered with ERR_NOAGENT. */
	void (*up)(void *arg, const struct ops_hello_rep *hello);
	void (*down)(void *arg);
	/* Events of requests (request = the id that async_call gave) and of the subscription
	 * (0). */
	void (*event)(void *arg, const struct ops_event *ev);
};

/* A reply: rep is the struct of the operation's row, NULL when status is not OK; it, and text
 * (of the
 * agent, for people, "" = none), are good until the function returns.  Called once for each
 * request,
 * never from within async_call. */
typedef void async_reply_fn(void *arg, enum err status, const char *text, const void *rep);

/* hello: texts are copied.  Does not wait for the connection.  ERR_NOMEM. */
MUST enum err async_new(
    struct async **out, const struct ops_hello *hello, const struct async_hooks *hooks, void *arg);
void async_done(struct async *a);
/* For poll: descriptor (-1 while there is none), the events wanted, milliseconds until async_run
 * wants
 * to be called anyway (-1 = never). */
int async_fd(const struct async *a);
short async_events(const struct async *a);
int async_timeout(const struct async *a);
/* Do what can be done now; calls hooks and replies.  Bounded work each time. */
void async_run(struct async *a);
/* *id is good for async_cancel and in events.  What cannot be sent now is kept, up to 1,024
 * requests
 * and 1 MiB: ERR_LIMIT.  ERR_NOAGENT while there is no connection. */
MUST enum err async_call(
    struct async *a, enum op op, const void *req, async_reply_fn *fn, void *arg, uint64_t *id);
/* Its reply comes all the same (ERR_CANCELLED, or what it was). */
void async_cancel(struct async *a, uint64_t id);
bool async_is_up(const struct async *a);

#endif
