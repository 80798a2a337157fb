/*
 * store_rig.h - a store of ownkey-secrets before an agent that says what a test wants.
 */
#ifndef TESTS_UNIT_STORE_RIG_H
#define TESTS_UNIT_STORE_RIG_H

#include "agent_rig.h"
#include "cli/secrets/peer.h"
#include "cli/secrets/store.h"
#include "lib/crypto.h"
#include "lib/loop.h"

#define SEEN 64

struct rig {
	struct agent_rig g;
	struct store *s;
	enum store_state state[SEEN];
	unsigned states, events;
	struct ops_event last;
	struct {
		enum store_change what;
		uint8_t id;
	} change[SEEN];
	unsigned changes;
	struct done {
		unsigned times;
		enum err err;
		uint8_t id;
		bool was_in;
	} done[SEEN];
	struct {
		unsigned times;
		enum err err, one[8];
		char text[8][32];
		size_t n, len[8];
	} got;
};
static struct rig *rig;

/* ---- what is told ---- */
static inline void
on_state(void *arg, enum store_state now)
{
	struct rig *r = arg;

	assert_int_equal(store_state(r->s), now);
	r->state[r->states++ % SEEN] = now;
}

static inline void
on_change(void *arg, enum store_change what, const struct entry *e)
{
	struct rig *r = arg;

	assert_true(what == STORE_REMOVED || store_find(r->s, e->id) == e);
	r->change[r->changes % SEEN].what = what;
	r->change[r->changes++ % SEEN].id = e->id[15];
}

static inline void
on_event(void *arg, const struct ops_event *ev)
{
	struct rig *r = arg;

	r->events++;
	r->last = *ev;
}

static inline void
on_done(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct done *d = arg;

	assert_non_null(text);
	d->times++;
	d->err = err;
	d->id = e ? e->id[15] : 0;
	d->was_in = e && store_find(rig->s, e->id) == e;
}

static inline void
on_values(void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n)
{
	struct rig *r = arg;

	(void)text;
	r->got.times++;
	r->got.err = err;
	r->got.n = n;
	for (size_t i = 0; i < n && i < 8; i++) {
		r->got.one[i] = (enum err)v[i].err;
		r->got.len[i] = v[i].value.len;
		snprintf(
		    r->got.text[i], 32, "%.*s", (int)v[i].value.len, (const char *)v[i].value.p);
	}
}

static inline struct store_then
then(unsigned i)
{
	return (struct store_then){ on_done, &rig->done[i] };
}

/* ---- entries ---- */
static inline struct ops_entry
row(uint8_t *id, unsigned n, struct ops_pair *pairs)
{
	struct ops_entry e = { .kind = OPS_ENTRY_ITEM,
		.collection = SPAN_LIT("default"),
		.label = SPAN_LIT("label"),
		.type = SPAN_LIT("text/plain"),
		.created = 1000 + n };

	memset(id, 0, 16);
	put_be32(id + 12, n);
	e.id = SPAN(id, 16);
	pairs[0] = (struct ops_pair){ .name = SPAN_LIT("application"), .value = SPAN_LIT("x") };
	pairs[1] = (struct ops_pair){ .name = SPAN_LIT("user"),
		.value = n % 2 ? SPAN_LIT("odd") : SPAN_LIT("even") };
	for (int i = 0; i < 2; i++)
		wire_mark(&ops_pair_map, &pairs[i]);
	e.attributes = (struct wire_list){ .v = pairs, .n = 2 };
	wire_mark(&ops_entry_map, &e);
	wire_set(&ops_entry_map, &e, "kind");
	return e;
}

/* from..to, with a cursor if there is more */
static inline void
answer_page(struct rig *r, unsigned from, unsigned to, uint64_t change, bool more)
{
	static uint8_t id[1024][16];
	static struct ops_pair pairs[1024][2];
	static struct ops_entry rows[1024];
	struct ops_entry_list_rep rep = { .change = change };

	for (unsigned n = from; n < to; n++)
		rows[n - from] = row(id[n - from], n, pairs[n - from]);
	rep.entries = (struct wire_list){ .v = rows, .n = to - from };
	rep.cursor = more ? SPAN_LIT("cursor") : SPAN_NONE;
	wire_mark(&ops_entry_list_rep_map, &rep);
	rig_reply(&r->g, ERR_OK, &rep);
}

static inline void
answer_put(struct rig *r, unsigned n, uint64_t change)
{
	struct ops_entry_rep rep = { .change = change };
	struct ops_pair pairs[2];
	struct ops_entry e;
	uint8_t id[16];

	e = row(id, n, pairs);
	rep.entry = (struct wire_list){ .v = &e, .n = 1 };
	wire_mark(&ops_entry_rep_map, &rep);
	rig_reply(&r->g, ERR_OK, &rep);
}

static inline const uint8_t *
id_of(unsigned n)
{
	static uint8_t id[16];

	put_be32(id + 12, n);
	return id;
}

static inline void
tell(struct rig *r, enum ops_event_kind kind, uint64_t change)
{
	struct ops_event ev = { .kind = kind, .change = change };

	rig_event(&r->g, &ev);
}

static inline bool
count(void *arg, const struct entry *e)
{
	unsigned *n = arg;

	(void)e;
	++*n;
	return true;
}

static inline unsigned
found(struct rig *r, const char *name, const char *value)
{
	struct store_attr a = { span_str(name), span_str(value) };
	struct store_query q = { .attr = &a, .nattr = name ? 1 : 0 };
	unsigned n = 0;

	store_search(r->s, &q, count, &n);
	return n;
}

/* ---- the beginning ---- */
static inline int
setup(void **state)
{
	static const struct store_hooks hooks = { on_state, on_change, on_event };

	rig = calloc(1, sizeof *rig);
	rig_open(&rig->g);
	rig_listen(&rig->g);
	assert_int_equal(store_new(&rig->s, &hooks, rig), ERR_OK);
	*state = rig;
	return 0;
}

static inline int
teardown(void **state)
{
	struct rig *r = *state;

	store_done(r->s);
	rig_close(&r->g);
	free(r);
	return 0;
}

static inline void
come_up(struct rig *r, bool locked)
{
	async_hurry(store_async(r->s));
	store_run(r->s);
	rig_greet(&r->g, locked);
	store_run(r->s);
}

static inline int
setup_open(void **state)
{
	struct rig *r;

	setup(state);
	r = *state;
	come_up(r, false);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 11, 7, false);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_OPEN);
	r->states = r->events = 0;
	return 0;
}

static inline int
arena(void **state)
{
	(void)state;
	return sec_arena_open(1 << 20, true, true) || crypto_init_light() ? -1 : 0;
}

#define T(name, before) cmocka_unit_test_setup_teardown(name, before, teardown)

#endif
