/*
 * conn.h - a connection of libownkey (include/ownkey.h): frames of lib/ops.h with deadlines, for a
 * program that we know nothing about.  No signal, no thread, no output, no end of the process.
 * What answers may be anything: it is bounded, checked, and given up at the first lie.
 */
#ifndef LIB_OWNKEY_CONN_H
#define LIB_OWNKEY_CONN_H

#include <sys/types.h>

#include "include/ownkey.h"
#include "lib/chan.h"
#include "lib/ops.h"

struct ownkey {
	struct chan chan;
	pid_t pid; /* who made it */
	uint64_t next_id;
	int patience;	 /* ms, -1 = for ever */
	enum err broken; /* why it is of no use any more */
	bool inside;	 /* an event is being told */
	bool subscribed; /* the agent was asked for events */
	bool opened;	 /* it said "unlocked" since this was reset */
	ownkey_event_fn *fn;
	void *arg;
	char detail[512];
	/* the request that is waited for */
	uint64_t id; /* 0 = none */
	enum op op;
	uint64_t cancel_id; /* its cancel, not answered yet; 0 = none */
	bool answered;
	enum err status;
	struct buf reply; /* its frame; wiped by conn_done_with */
	struct span result;
};

/* A request and its answer; maps of ops.h, NULL = nothing. */
struct conn_call {
	enum op op;
	const struct wire_map *req_map;
	const void *req; /* marked */
	const struct wire_map *rep_map;
	void *rep; /* borrows from the connection until conn_done_with */
};

/* At the beginning of each function for others: ERR_USAGE (no connection), ERR_LIB_FORKED,
 * ERR_LIB_NESTED, what it broke of. */
MUST enum err conn_enter(struct ownkey *k);
/* Ask and wait, as long as patience lasts; then give it up.  The reply's status. */
MUST enum err conn_call(struct ownkey *k, const struct conn_call *c);
/* The same in parts: send (k->id); take what comes until it is answered or the moment (conn_clock,
 * -1 = never) is over: ERR_TIMEOUT; the result.  conn_give_up instead of waiting longer:
 * ERR_TIMEOUT, or ERR_OK when it was answered nevertheless. */
MUST enum err conn_start(struct ownkey *k, const struct conn_call *c);
MUST enum err conn_wait(struct ownkey *k, int64_t until);
MUST enum err conn_result(struct ownkey *k, const struct conn_call *c);
MUST enum err conn_give_up(struct ownkey *k);
/* One wake-up: frames that are there, or come until then. */
MUST enum err conn_step(struct ownkey *k, int64_t until);
/* Wipe the reply. */
void conn_done_with(struct ownkey *k);
int64_t conn_clock(void);
/* In ms from now; -1 stays. */
int64_t conn_deadline(int ms);
/* A string of the caller; NULL = nothing. */
struct span conn_text(const char *s);
/* Ask for events, once. */
MUST enum err conn_listen(struct ownkey *k);

#endif
