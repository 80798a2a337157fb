/*
 * succession_wrong.h - entries that no maker makes: right ones, to be spoilt before signing.
 */
#ifndef TESTS_UNIT_SUCCESSION_WRONG_H
#define TESTS_UNIT_SUCCESSION_WRONG_H

#include "tests/unit/succession_fixture.h"

struct wrong {
	struct succession_entry e;
	struct succession_binding b[65];
	uint8_t digest[32], id[16], prev[32], next[32];
	struct span key[5];
	struct key by[3];
	size_t nby;
};

/* A right entry of this type, to be made wrong. */
static inline void
right(struct wrong *w, struct maker *m, enum succession_type type)
{
	static struct key fresh;

	fresh = key_hot("fresh", 0);
	memset(w, 0, sizeof(*w));
	w->b[0] = maker_binding(m, type == SUCCESSION_BIND ? "new" : "master", "x", w->digest);
	memcpy(w->id, m->st.id, 16);
	memcpy(w->prev, m->st.head, 32);
	memcpy(w->next, m->st.next, 32);
	w->key[0] = SPAN(m->st.key, 32);
	if (type == SUCCESSION_ROTATE) {
		root_succession_public_hash(SPAN(fixture_root, 32), 0, m->j + 10, w->next);
		w->key[0] = SPAN(fresh.pub, 32);
		w->by[1] = key_phrase(m->j);
	}
	w->by[0] = m->hot;
	w->nby = type == SUCCESSION_ROTATE ? 2 : 1;
	w->e = (struct succession_entry){ .version = 1,
		.id = SPAN(w->id, 16),
		.seq = m->st.n,
		.prev = SPAN(w->prev, 32),
		.type = type,
		.keys = { .v = w->key, .n = 1 },
		.next = SPAN(w->next, 32),
		.time = m->st.time + 1,
		.bindings = { .v = w->b, .n = type == SUCCESSION_REVOKE ? 0 : 1 } };
}

static inline enum err
try_wrong(struct maker *m, struct wrong *w)
{
	struct succession_proof proof[3];
	struct succession_state st;
	struct buf entry = BUF_INIT, log = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < w->e.bindings.n; i++)
		wire_mark(&succession_binding_map, &w->b[i]);
	wire_mark(&succession_entry_map, &w->e);
	must(wire_encode(&succession_entry_map, &w->e, &entry));
	for (size_t i = 0; i < w->nby; i++)
		proof[i] = prove(&w->by[i], buf_span(&entry));
	raw_append(buf_span(&m->log), buf_span(&entry), proof, w->nby, &log);
	e = succession_verify(buf_span(&log), &st);
	buf_done(&entry);
	buf_done(&log);
	return e;
}

#endif
