/*
 * agent_fuzz.h - an agent with a small vault for fuzz targets of ownkey-secrets.  It answers when
 * it is told to, with what was asked for or with an error; one process, no threads.
 */
#ifndef TESTS_FUZZ_AGENT_FUZZ_H
#define TESTS_FUZZ_AGENT_FUZZ_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/ops.h"
#include "lib/sock.h"

#define AGENT_ENTRIES 6 /* number 4 is a collection, 5 is in it */

struct agent {
	struct chan chan;
	int listener;
	char path[64];
	bool locked, vault;
	uint64_t change;
};
static struct agent agent = { .chan.fd = -1, .listener = -1 };

static inline void
must(bool true_)
{
	if (!true_)
		abort();
}

static inline void
agent_remove_socket(void)
{
	unlink(agent.path);
	*strrchr(agent.path, '/') = '\0';
	rmdir(agent.path);
}

static inline void
agent_listen(void)
{
	char dir[] = "/tmp/ownkey-fuzz-XXXXXX";

	must(mkdtemp(dir) != NULL);
	snprintf(agent.path, sizeof agent.path, "%s/agent.sock", dir);
	must(setenv("OWNKEY_SOCKET", agent.path, 1) == 0);
	must(sock_listen(agent.path, 8, &agent.listener) == ERR_OK);
	atexit(agent_remove_socket);
}

static inline void
agent_accept(void)
{
	struct pollfd p = { agent.listener, POLLIN, 0 };

	must(poll(&p, 1, 2000) == 1);
	chan_init(&agent.chan, accept4(agent.listener, NULL, NULL, SOCK_CLOEXEC), OPS_FRAME_MAX);
	must(agent.chan.fd >= 0);
}

/* Gone; connections that were made since are for nobody. */
static inline void
agent_kill(void)
{
	struct pollfd p = { agent.listener, POLLIN, 0 };

	chan_done(&agent.chan);
	agent.chan.fd = -1;
	while (poll(&p, 1, 0) > 0)
		close(accept(agent.listener, NULL, NULL));
}

static inline void
agent_put(enum op op, uint64_t id, enum err status, const void *rep)
{
	struct buf b = BUF_INIT;

	must(ops_put_reply(&b, op, id, status, rep) == ERR_OK);
	must(chan_put(&agent.chan, buf_span(&b)) == ERR_OK);
	must(chan_flush(&agent.chan) == ERR_OK);
	buf_done(&b);
}

static inline void
agent_event(enum ops_event_kind kind)
{
	struct ops_event ev = { .kind = kind, .change = ++agent.change };

	wire_mark(&ops_event_map, &ev);
	agent_put(OP_EVENT, 0, ERR_OK, &ev);
}

/* ---- answers ---- */
static inline struct ops_entry
agent_row(uint8_t id[16], unsigned n, struct ops_pair *pair)
{
	struct ops_entry e = { .kind = n == 4 ? OPS_ENTRY_COLLECTION : OPS_ENTRY_ITEM,
		.collection = n >= 4 ? SPAN_LIT("c1") : SPAN_LIT("default"),
		.label = SPAN_LIT("label"),
		.created = 1000 + n };

	memset(id, 0, 16);
	id[15] = (uint8_t)n;
	e.id = SPAN(id, 16);
	*pair = (struct ops_pair){ .name = SPAN_LIT("user"), .value = SPAN_LIT("even") };
	wire_mark(&ops_pair_map, pair);
	e.attributes = (struct wire_list){ .v = pair, .n = n % 2 == 0 };
	wire_mark(&ops_entry_map, &e);
	wire_set(&ops_entry_map, &e, "kind");
	return e;
}

static inline void
agent_answer_list(uint64_t to)
{
	struct ops_entry_list_rep rep = { .change = agent.change };
	struct ops_entry rows[AGENT_ENTRIES];
	uint8_t id[AGENT_ENTRIES][16];
	struct ops_pair pairs[AGENT_ENTRIES];

	for (unsigned i = 0; i < AGENT_ENTRIES; i++)
		rows[i] = agent_row(id[i], i, &pairs[i]);
	rep.entries = (struct wire_list){ .v = rows, .n = AGENT_ENTRIES };
	wire_mark(&ops_entry_list_rep_map, &rep);
	agent_put(OP_ENTRY_LIST, to, ERR_OK, &rep);
}

/* What was set, as it was; a new one has the number of the change. */
static inline void
agent_answer_set(uint64_t to, struct span params)
{
	struct ops_entry_rep rep = { .change = ++agent.change };
	struct ops_entry_set q;
	struct ops_entry e;
	uint8_t id[16] = { 1 };

	must(wire_decode(&ops_entry_set_map, params, &q) == ERR_OK);
	id[15] = (uint8_t)agent.change;
	e = (struct ops_entry){ .id = q.id.len ? q.id : SPAN(id, 16),
		.kind = q.kind,
		.collection = q.collection.len ? q.collection : SPAN_LIT("default"),
		.label = q.label,
		.type = q.type,
		.attributes = q.attributes,
		.created = 1,
		.modified = agent.change };
	wire_mark(&ops_entry_map, &e);
	wire_set(&ops_entry_map, &e, "kind");
	rep.entry = (struct wire_list){ .v = &e, .n = 1 };
	wire_mark(&ops_entry_rep_map, &rep);
	agent_put(OP_ENTRY_SET, to, ERR_OK, &rep);
}

/* Each second one is refused when the number of the request is odd. */
static inline void
agent_answer_get(uint64_t to, struct span params)
{
	static struct ops_entry_value v[OPS_ENTRY_IDS];
	struct ops_entry_get_rep rep = { .has = 0 };
	struct ops_entry_get q;
	struct cbor c;

	must(wire_decode(&ops_entry_get_map, params, &q) == ERR_OK);
	must(q.ids.n <= OPS_ENTRY_IDS);
	c = wire_each(&q.ids);
	for (size_t i = 0; i < q.ids.n; i++) {
		v[i] = (struct ops_entry_value){ .has = 0 };
		must(cbor_get_bytes(&c, &v[i].id) == ERR_OK);
		if (to % 2 && i % 2 == 0)
			v[i].err = ERR_REFUSED;
		else
			v[i].value = SPAN_LIT("hunter2");
		wire_mark(&ops_entry_value_map, &v[i]);
	}
	rep.values = (struct wire_list){ .v = v, .n = q.ids.n };
	wire_mark(&ops_entry_get_rep_map, &rep);
	agent_put(OP_ENTRY_GET, to, ERR_OK, &rep);
}

static inline void
agent_answer_status(uint64_t to)
{
	struct ops_status_rep rep = { .locked = agent.locked, .vault = agent.vault };

	wire_mark(&ops_status_rep_map, &rep);
	agent_put(OP_STATUS, to, ERR_OK, &rep);
}

static inline void
agent_answer_unlock(uint64_t to)
{
	struct ops_unlock_rep rep = { .label = SPAN_LIT("way") };

	agent.locked = false;
	wire_mark(&ops_unlock_rep_map, &rep);
	agent_put(OP_UNLOCK, to, ERR_OK, &rep);
}

static inline void
agent_answer_rest(enum op op, uint64_t to)
{
	struct ops_hello_rep hello = {
		.protocol = OPS_PROTOCOL, .version = SPAN_LIT("9.9"), .locked = agent.locked
	};
	struct ops_secret_rep secret = { .value = SPAN_LIT("0123456789abcdef") };
	struct ops_change_rep change = { .change = agent.change };

	wire_mark(&ops_hello_rep_map, &hello);
	wire_mark(&ops_secret_rep_map, &secret);
	if (op == OP_HELLO) {
		agent_put(op, to, ERR_OK, &hello);
	} else if (op == OP_PORTAL_SECRET) {
		agent_put(op, to, ERR_OK, &secret);
	} else if (op == OP_ENTRY_REMOVE) {
		change.change = ++agent.change;
		wire_mark(&ops_change_rep_map, &change);
		agent_put(op, to, ERR_OK, &change);
	} else {
		agent.locked |= op == OP_LOCK;
		agent_put(op, to, ERR_OK, NULL);
	}
}

static inline void
agent_answer(const struct ops_request *q)
{
	struct span params = q->params.p ? q->params : SPAN_LIT("\xa0");

	switch ((enum op)q->op) {
	case OP_ENTRY_LIST:
		agent_answer_list(q->id);
		break;
	case OP_ENTRY_SET:
		agent_answer_set(q->id, params);
		break;
	case OP_ENTRY_GET:
		agent_answer_get(q->id, params);
		break;
	case OP_STATUS:
		agent_answer_status(q->id);
		break;
	case OP_UNLOCK:
		if (agent.vault)
			agent_answer_unlock(q->id);
		else
			agent_put(OP_UNLOCK, q->id, ERR_NOVAULT, NULL);
		break;
	default:
		agent_answer_rest((enum op)q->op, q->id);
	}
}

/* The next request, if there is one; with an error, unless it is one that nobody refuses. */
static inline bool
agent_step(enum err refuse)
{
	struct ops_request q;
	struct span frame;
	enum err e;

	if (agent.chan.fd < 0)
		return false;
	must(chan_flush(&agent.chan) == ERR_OK);
	e = chan_next(&agent.chan, &frame);
	if (e == ERR_TRUNCATED && !chan_fill(&agent.chan))
		e = chan_next(&agent.chan, &frame);
	if (e)
		return false;
	must(wire_decode(&ops_request_map, frame, &q) == ERR_OK);
	if (refuse && q.op >= OP_UNLOCK && q.op != OP_ENTRY_LIST)
		agent_put((enum op)q.op, q.id, refuse, NULL);
	else
		agent_answer(&q);
	return true;
}

#endif
