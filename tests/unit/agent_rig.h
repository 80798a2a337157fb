/*
 * agent_rig.h - an agent that says what a test wants: a socket in a folder of its own, frames in,
 * frames out, nothing in between.  One process: the test takes turns with what it tests.
 */
#ifndef TESTS_UNIT_AGENT_RIG_H
#define TESTS_UNIT_AGENT_RIG_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/chan.h"
#include "lib/ops.h"
#include "lib/sock.h"

struct agent_rig {
	char dir[32], path[64];
	int listener;
	struct chan chan;
	struct ops_request q; /* the last one; params borrow */
};

static inline void
rig_listen(struct agent_rig *g)
{
	assert_int_equal(sock_listen(g->path, 8, &g->listener), ERR_OK);
}

static inline void
rig_open(struct agent_rig *g)
{
	*g = (struct agent_rig){ .dir = "/tmp/ownkey-rig-XXXXXX", .listener = -1 };
	g->chan.fd = -1;
	assert_non_null(mkdtemp(g->dir));
	snprintf(g->path, sizeof g->path, "%s/agent.sock", g->dir);
	setenv("OWNKEY_SOCKET", g->path, 1);
}

/* Nobody listens any more, and the connection is gone. */
static inline void
rig_kill(struct agent_rig *g)
{
	chan_done(&g->chan);
	if (g->listener >= 0)
		close(g->listener);
	g->listener = -1;
	unlink(g->path);
}

static inline void
rig_close(struct agent_rig *g)
{
	rig_kill(g);
	rmdir(g->dir);
}

static inline void
rig_accept(struct agent_rig *g)
{
	struct pollfd p = { g->listener, POLLIN, 0 };

	assert_int_equal(poll(&p, 1, 2000), 1);
	chan_done(&g->chan);
	chan_init(&g->chan, accept4(g->listener, NULL, NULL, SOCK_CLOEXEC), OPS_FRAME_MAX);
	assert_true(g->chan.fd >= 0);
}

/* The next request that has arrived; false when there is none. */
static inline bool
rig_next(struct agent_rig *g)
{
	struct span frame;
	enum err e = chan_next(&g->chan, &frame);

	if (e == ERR_TRUNCATED && !chan_fill(&g->chan))
		e = chan_next(&g->chan, &frame);
	if (e)
		return false;
	assert_int_equal(wire_decode(&ops_request_map, frame, &g->q), ERR_OK);
	return true;
}

static inline void
rig_expect(struct agent_rig *g, enum op op)
{
	assert_true(rig_next(g));
	assert_int_equal(g->q.op, op);
}

static inline void
rig_params(struct agent_rig *g, void *st)
{
	const struct op_row *row = ops_find(g->q.op);

	assert_int_equal(
	    wire_decode(row->req, g->q.params.p ? g->q.params : SPAN_LIT("\xa0"), st), ERR_OK);
}

static inline void
rig_put(struct agent_rig *g, struct span frame)
{
	assert_int_equal(chan_put(&g->chan, frame), ERR_OK);
	assert_int_equal(chan_flush(&g->chan), ERR_OK);
}

static inline void
rig_answer(struct agent_rig *g, uint64_t op, uint64_t id, enum err status, const void *rep)
{
	struct buf b = BUF_INIT;

	assert_int_equal(ops_put_reply(&b, (enum op)op, id, status, rep), ERR_OK);
	rig_put(g, buf_span(&b));
	buf_done(&b);
}

/* To the request that came last. */
static inline void
rig_reply(struct agent_rig *g, enum err status, const void *rep)
{
	rig_answer(g, g->q.op, g->q.id, status, rep);
}

static inline void
rig_event(struct agent_rig *g, struct ops_event *ev)
{
	wire_mark(&ops_event_map, ev);
	rig_answer(g, OP_EVENT, 0, ERR_OK, ev);
}

/* Accept, and answer hello, subscribe, hello. */
static inline void
rig_greet(struct agent_rig *g, bool locked)
{
	struct ops_hello_rep rep = {
		.protocol = OPS_PROTOCOL, .version = SPAN_LIT("9.9"), .locked = locked
	};

	wire_mark(&ops_hello_rep_map, &rep);
	rig_accept(g);
	rig_expect(g, OP_HELLO);
	rig_reply(g, ERR_OK, &rep);
	rig_expect(g, OP_SUBSCRIBE);
	rig_reply(g, ERR_OK, NULL);
	rig_expect(g, OP_HELLO);
	rig_reply(g, ERR_OK, &rep);
}

#endif
