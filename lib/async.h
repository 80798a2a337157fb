/*
 * async.h - a connection to the agent for programs with a loop of their own: many requests in
 * flight, nothing blocks.  For ownkey-secrets, ownkey-session; client.h is for one call at a time.
 *
 * It connects by itself, says hello, subscribes to events, and connects again (0.1 s, doubling up
 * to 5 s) when the agent goes away; it does not start one, the caller may (client_start_agent).
 *
 * What an agent answers is foreign bytes: a reply to nothing that was asked, or of another shape,
 * ends the connection, and all that was in flight ends with ERR_FORMAT.
 */
#ifndef LIB_ASYNC_H
#define LIB_ASYNC_H

#include "lib/ops.h"

#define ASYNC_CALLS_MAX 1024
#define ASYNC_BYTES_MAX (1024 * 1024) /* that wait to be sent */

struct async;

/* Neither these nor a reply's function may call async_done or async_run. */
struct async_hooks {
	/* The agent answered hello (again), and events come from now on: ask for everything anew.
	 * hello is good until this returns; what it says is newer than every event that was missed.
	 * hello->vault only says that a vault is open: OP_STATUS tells whether there is one.
	 * Requests that were in flight before it went have been answered with ERR_NOAGENT (or
	 * ERR_FORMAT, see above). */
	void (*up)(void *arg, const struct ops_hello_rep *hello);
	void (*down)(void *arg);
	/* Events of requests (request = the id that async_call gave) and of the subscription (0);
	 * may be NULL, as all of them. */
	void (*event)(void *arg, const struct ops_event *ev);
};

/* A reply: rep is the struct of the operation's row, NULL when status is not OK; it, and text (of
 * the agent, for people, "" = none), are good until the function returns.  Called once for each
 * request, never from within async_call or async_cancel.  ERR_VERSION: a newer agent answered what
 * we cannot read. */
typedef void async_reply_fn(void *arg, enum err status, const char *text, const void *rep);

/* hello: texts are copied.  Does not wait for the connection.  ERR_NOMEM. */
MUST enum err async_new(
    struct async **out, const struct ops_hello *hello, const struct async_hooks *hooks, void *arg);
/* Replies that are still out are not called any more.  NULL is fine. */
void async_done(struct async *a);
/* For poll: descriptor (-1 while there is none; it changes when the agent comes back), the events
 * wanted, milliseconds until async_run wants to be called anyway (-1 = never).  To be asked before
 * each wait. */
int async_fd(const struct async *a);
short async_events(const struct async *a);
int async_timeout(const struct async *a);
/* Do what can be done now: read all there is (at most 1 MiB), answer it, write once.  Calls hooks
 * and replies. */
void async_run(struct async *a);
struct async_then {
	async_reply_fn *fn; /* may be NULL */
	void *arg;
};
/* *id (may be NULL) is good for async_cancel and in events.  What cannot be sent now is kept, up to
 * the limits above: ERR_LIMIT.  ERR_NOAGENT while the agent is not up; ERR_TOOBIG when it does not
 * fit into a frame, and what wire_encode refuses.  */
MUST enum err async_call(
    struct async *a, enum op op, const void *req, struct async_then then, uint64_t *id);
/* Its reply comes all the same (ERR_CANCELLED, or what it was). */
void async_cancel(struct async *a, uint64_t id);
bool async_is_up(const struct async *a);
/* An agent was just started: connect at the next async_run, whatever was waited for. */
void async_hurry(struct async *a);

#endif
