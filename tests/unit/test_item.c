/* agent/vault/body_records.c, items.c, rows.c, item.c: single records of the body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vault_fixture.h"

static struct fixture_rng rng;

static int
setup(void **state)
{
	(void)state;
	fixture_start();
	rng = fixture_seed("item");
	return 0;
}

static void
encode(const struct body *b, struct buf *out)
{
	buf_reset(out);
	assert_int_equal(body_encode(b, b->generation, b->saved_at, out), ERR_OK);
	assert_int_equal(cbor_check(buf_span(out)), ERR_OK);
}

static void
assert_indexed(const struct body *b)
{
	struct item it, found;
	size_t pos = 0, n = 0;

	while (body_item_next(b, &pos, &it)) {
		n++;
		assert_int_equal(body_item_by_id(b, it.id.p, &found), ERR_OK);
		assert_ptr_equal(found.id.p, it.id.p);
		assert_int_equal(body_item_by_label(b, it.kind, it.label, &found), ERR_OK);
		assert_true(span_eq(found.label, it.label) && found.kind == it.kind);
	}
	assert_int_equal(n, body_items(b));
}

/* ---- changing ---- */

#define MODEL 64

/* A body and what should be in it. */
struct model {
	struct body b;
	bool there[MODEL];
	uint8_t id[MODEL][16];
	uint64_t rev[MODEL];
	unsigned label[MODEL]; /* several share one */
};

static void
model_put(struct model *m, size_t i)
{
	uint8_t rev_id[16] = { (uint8_t)i };
	struct span rev = SPAN(rev_id, 16);
	char label[16];
	struct item it;

	m->label[i] = (unsigned)fixture_below(&rng, 8);
	snprintf(label, sizeof(label), "label %u", m->label[i]);
	it = fixture_item(m->id[i], ITEM_SECRET, span_str(label), &rev);
	it.rev = ++m->rev[i];
	m->there[i] = true;
	assert_int_equal(body_item_put(&m->b, &it), ERR_OK);
}

static void
model_remove(struct model *m, size_t i)
{
	struct tomb t;

	assert_int_equal(
	    body_item_remove(&m->b, m->id[i], 77), m->there[i] ? ERR_OK : ERR_NOTFOUND);
	if (!m->there[i])
		return;
	m->there[i] = false;
	assert_int_equal(body_tomb_get(&m->b, TOMB_ITEM, m->id[i], &t), ERR_OK);
	assert_int_equal(t.rev, m->rev[i]);
	assert_int_equal(t.at, 77);
}

static void
model_check(struct model *m)
{
	bool label[8] = { 0 };
	char text[16];
	struct item it;
	size_t i, n = 0;

	for (i = 0; i < MODEL; i++) {
		assert_int_equal(
		    body_item_by_id(&m->b, m->id[i], &it), m->there[i] ? ERR_OK : ERR_NOTFOUND);
		if (!m->there[i])
			continue;
		n++;
		label[m->label[i]] = true;
		assert_int_equal(it.rev, m->rev[i]);
	}
	assert_int_equal(body_items(&m->b), n);
	for (i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "label %zu", i);
		assert_int_equal(body_item_by_label(&m->b, ITEM_SECRET, span_str(text), &it),
		    label[i] ? ERR_OK : ERR_NOTFOUND);
		assert_int_equal(
		    body_item_by_label(&m->b, ITEM_KEY, span_str(text), &it), ERR_NOTFOUND);
	}
	assert_indexed(&m->b);
}

static void
test_model(void **state)
{
	struct model m = { 0 };
	struct body again;
	size_t i, k;

	(void)state;
	fixture_fill(&rng, m.id, sizeof(m.id));
	m.b.generation = 1;
	for (i = 0; i < 20000; i++) {
		k = fixture_below(&rng, MODEL);
		if (fixture_below(&rng, 3) > 0)
			model_put(&m, k);
		else
			model_remove(&m, k);
		if (i % 97 == 0)
			model_check(&m);
		if (i % 997 == 0) { /* go on with what a reader would see */
			assert_int_equal(body_clone(&m.b, &again), ERR_OK);
			body_done(&m.b);
			m.b = again;
			model_check(&m);
		}
	}
	body_done(&m.b);
}

static void
test_same_label(void **state)
{
	uint8_t id[3][16] = { { 1 }, { 2 }, { 3 } }, rev_id[16] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct body b = { 0 };
	struct item it;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		it = fixture_item(id[i], ITEM_SECRET, SPAN_LIT("x"), &rev);
		assert_int_equal(body_item_put(&b, &it), ERR_OK);
	}
	/* the first in the file's order, also after it was put again */
	it = fixture_item(id[0], ITEM_SECRET, SPAN_LIT("x"), &rev);
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	assert_int_equal(body_item_by_label(&b, ITEM_SECRET, SPAN_LIT("x"), &it), ERR_OK);
	assert_int_equal(it.id.p[0], 1);
	/* the id may be the one in the item itself */
	assert_int_equal(body_item_remove(&b, it.id.p, 1), ERR_OK);
	assert_int_equal(body_item_by_label(&b, ITEM_SECRET, SPAN_LIT("x"), &it), ERR_OK);
	assert_int_equal(it.id.p[0], 2);
	body_done(&b);
}

/* A cursor stays good while items come and go. */
static void
test_cursor(void **state)
{
	uint8_t id[16] = { 0 }, rev_id[16] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct body b = { 0 };
	struct item it;
	size_t pos = 0;
	int i;

	(void)state;
	for (i = 1; i <= 100; i++) {
		id[0] = (uint8_t)i;
		it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
		assert_int_equal(body_item_put(&b, &it), ERR_OK);
	}
	for (i = 1; i <= 50; i++) {
		assert_true(body_item_next(&b, &pos, &it));
		assert_int_equal(it.id.p[0], i);
	}
	for (i = 1; i <= 60; i++) {
		id[0] = (uint8_t)i;
		assert_int_equal(body_item_remove(&b, id, 1), ERR_OK);
	}
	id[0] = 200;
	it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	for (i = 61; i <= 100; i++) {
		assert_true(body_item_next(&b, &pos, &it));
		assert_int_equal(it.id.p[0], i);
	}
	assert_true(body_item_next(&b, &pos, &it));
	assert_int_equal(it.id.p[0], 200);
	assert_false(body_item_next(&b, &pos, &it));
	body_done(&b);
}

static void
test_refused_items(void **state)
{
	uint8_t id[16] = { 1 }, rev_id[16] = { 1 };
	struct span rev[10];
	struct body b = { 0 };
	struct item good, it;
	struct delta d = DELTA_INIT;
	struct buf out = BUF_INIT;
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		rev[i] = SPAN(rev_id, 16);
	good = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), rev);
	it = good;
	it.label = SPAN_NONE;
	assert_int_equal(body_item_put(&b, &it), ERR_RANGE);
	it = good;
	it.rev_ids.n = 10;
	assert_int_equal(body_item_put(&b, &it), ERR_RANGE);
	it.rev_ids.n = 0;
	assert_int_equal(body_item_put(&b, &it), ERR_RANGE);
	it = good;
	it.id.len = 15;
	assert_int_equal(body_item_put(&b, &it), ERR_RANGE);
	it = good;
	it.public_part = SPAN_LIT("\x18\x01");
	assert_int_equal(body_item_put(&b, &it), ERR_FORMAT);
	delta_item(&d, &it);
	delta_item(&d, &good);
	assert_int_equal(delta_encode(&d, 1, &out), ERR_FORMAT);
	assert_int_equal(body_items(&b), 0);
	/* the largest secret, and one byte more */
	it = good;
	it.secret = SPAN(calloc(1, ITEM_SECRET_MAX + 81), ITEM_SECRET_MAX + 80);
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	it.secret.len++;
	assert_int_equal(body_item_put(&b, &it), ERR_TOOBIG);
	free((void *)(uintptr_t)it.secret.p);
	delta_done(&d);
	buf_done(&out);
	body_done(&b);
}

/* What was emptied is gone, although it was there when the item was decoded. */
static void
test_cleared_field(void **state)
{
	uint8_t id[16] = { 1 }, rev_id[16] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct item it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
	struct body b = { 0 };

	(void)state;
	it.origin.source = SPAN_LIT("a file");
	it.policy.rate = 5;
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	assert_int_equal(body_item_by_id(&b, id, &it), ERR_OK);
	assert_int_equal(it.policy.rate, 5);
	it.origin.source = SPAN_NONE;
	it.policy.rate = 0;
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	assert_int_equal(body_item_by_id(&b, id, &it), ERR_OK);
	assert_int_equal(it.policy.rate, 0);
	assert_int_equal(it.origin.source.len, 0);
	body_done(&b);
}

static void
test_revisions(void **state)
{
	uint8_t id[16] = { 1 }, rev_id[16] = { 0 };
	struct span rev = SPAN(rev_id, 16);
	struct item it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
	struct item_history h;
	struct body b = { 0 };
	uint8_t next[16] = { 0 };
	int i, k;

	(void)state;
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	for (i = 1; i < 20; i++) {
		assert_int_equal(body_item_by_id(&b, id, &it), ERR_OK);
		next[0] = (uint8_t)i;
		assert_int_equal(item_next_rev(&it, next, &h), ERR_OK);
		assert_int_equal(it.rev, i + 1);
		assert_int_equal(it.rev_ids.n, i < 8 ? i + 1 : 9);
		assert_true(item_has_rev(&it, SPAN(next, 16)));
		assert_int_equal(body_item_put(&b, &it), ERR_OK);
		assert_int_equal(body_item_by_id(&b, id, &it), ERR_OK);
		for (k = 0; k < 20; k++) {
			rev_id[0] = (uint8_t)k;
			assert_int_equal(item_has_rev(&it, rev), k <= i && k >= i - 8);
		}
	}
	it.rev = UINT32_MAX;
	assert_int_equal(item_next_rev(&it, next, &h), ERR_RANGE);
	body_done(&b);
}

/* A tombstone knows what was removed, and what was removed before it. */
static void
test_removed_revisions(void **state)
{
	uint8_t id[16] = { 1 }, rev_id[16] = { 1 }, next[16] = { 2 }, root[16] = { 9 };
	struct span rev = SPAN(rev_id, 16), seen[TOMB_REVS];
	struct item it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
	struct item_history h;
	struct body b = { 0 };
	struct tomb t;

	(void)state;
	it.conflict.root = SPAN(root, 16);
	it.conflict.item = it.conflict.root;
	it.conflict.label = SPAN_LIT("y");
	assert_int_equal(item_next_rev(&it, next, &h), ERR_OK);
	assert_int_equal(it.conflict.item.len + it.conflict.label.len, 0);
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	assert_int_equal(body_item_remove(&b, id, 5), ERR_OK);
	/* it came back with another revision */
	memset(rev_id, 3, 16);
	it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(body_item_put(&b, &it), ERR_OK);
		assert_int_equal(body_item_remove(&b, id, 6), ERR_OK);
		assert_int_equal(body_tomb_get(&b, TOMB_ITEM, id, &t), ERR_OK);
		assert_int_equal(item_revs(&t.rev_ids, seen, TOMB_REVS), 3);
		assert_true(span_eq(seen[0], rev));
		assert_true(span_eq(seen[1], SPAN(next, 16)));
		assert_int_equal(t.rev, 2);
		assert_int_equal(t.at, 6);
		assert_true(span_eq(t.root, SPAN(root, 16)));
	}
	body_done(&b);
}

static void
test_notes_and_seeds(void **state)
{
	uint8_t id[16] = { 7 }, other[16] = { 8 }, box[112] = { 1 };
	struct slot_note n = { .slot_id = SPAN(id, 16), .label = SPAN_LIT("blue") };
	struct seed s = { .box = SPAN(box, 112), .generation = 3 };
	struct body b = { 0 };
	struct tomb t;
	size_t pos = 0;

	(void)state;
	assert_int_equal(body_note_get(&b, id, &n), ERR_NOTFOUND);
	n = (struct slot_note){ .slot_id = SPAN(id, 16), .label = SPAN_LIT("blue") };
	assert_int_equal(body_note_put(&b, &n), ERR_OK);
	n.slot_id = SPAN(other, 16);
	assert_int_equal(body_note_put(&b, &n), ERR_OK);
	assert_int_equal(body_note_get(&b, id, &n), ERR_OK);
	n.last_used = 99;
	assert_int_equal(body_note_put(&b, &n), ERR_OK); /* borrows from what it replaces */
	assert_int_equal(body_note_get(&b, id, &n), ERR_OK);
	assert_int_equal(n.last_used, 99);
	assert_true(span_is(n.label, "blue"));
	assert_int_equal(body_note_remove(&b, n.slot_id.p, 5), ERR_OK);
	assert_int_equal(body_note_remove(&b, id, 5), ERR_NOTFOUND);
	assert_int_equal(body_tomb_get(&b, TOMB_SLOT, id, &t), ERR_OK);
	assert_int_equal(body_tomb_get(&b, TOMB_ITEM, id, &t), ERR_NOTFOUND);
	assert_true(body_note_next(&b, &pos, &n));
	assert_false(body_note_next(&b, &pos, &n));

	assert_int_equal(body_seed_last(&b, &s), ERR_NOTFOUND);
	s = (struct seed){ .box = SPAN(box, 112), .generation = 3 };
	assert_int_equal(body_seed_put(&b, &s), ERR_OK);
	s.generation = 1;
	assert_int_equal(body_seed_put(&b, &s), ERR_OK);
	s.fpr = SPAN_LIT("abcd");
	assert_int_equal(body_seed_put(&b, &s), ERR_OK);
	assert_int_equal(b.seeds.n, 2);
	assert_int_equal(body_seed_last(&b, &s), ERR_OK);
	assert_int_equal(s.generation, 3);
	assert_int_equal(body_seed_get(&b, 1, &s), ERR_OK);
	assert_true(span_is(s.fpr, "abcd"));
	assert_int_equal(body_seed_get(&b, 0, &s), ERR_NOTFOUND);
	s.box.len = 111;
	assert_int_equal(body_seed_put(&b, &s), ERR_RANGE);
	body_done(&b);
}

static void
test_values(void **state)
{
	uint8_t key[32] = { 1 };
	struct audit a = { .key = SPAN(key, 32), .n = 3 };
	struct defaults def = { .notreal = true };
	struct body b = { .generation = 1 };
	uint64_t k;

	(void)state;
	assert_int_equal(body_value_get(&b, BODY_AUDIT, &audit_map, &a), ERR_NOTFOUND);
	a = (struct audit){ .key = SPAN(key, 32), .n = 3 };
	assert_int_equal(body_value_put(&b, BODY_AUDIT, &audit_map, &a), ERR_OK);
	assert_int_equal(body_value_put(&b, BODY_DEFAULTS, &defaults_map, &def), ERR_OK);
	a.n = 0;
	assert_int_equal(body_value_get(&b, BODY_AUDIT, &audit_map, &a), ERR_OK);
	assert_int_equal(a.n, 3);
	for (k = 0; k <= BODY_LINES_KEY; k++)
		if (k < BODY_SUCCESSION || k == BODY_LINES_KEY)
			assert_int_equal(body_raw_put(&b, k, SPAN_LIT("\1")), ERR_RANGE);
	assert_int_equal(body_raw_put(&b, BODY_AUDIT, SPAN_LIT("\1")), ERR_FORMAT);
	assert_int_equal(body_raw_put(&b, 99, SPAN_LIT("\x18\1")), ERR_FORMAT);
	assert_int_equal(body_raw_put(&b, 99, SPAN_LIT("\1\1")), ERR_FORMAT);
	assert_int_equal(body_raw_put(&b, 99, SPAN_LIT("\1")), ERR_OK);
	assert_int_equal(body_raw_put(&b, BODY_SHARES, SPAN_LIT("\2")), ERR_FORMAT);
	assert_int_equal(body_raw_put(&b, 98, SPAN_LIT("\3")), ERR_OK);
	assert_true(span_is(body_raw(&b, 98), "\3"));
	assert_int_equal(body_raw_put(&b, 98, SPAN_NONE), ERR_OK);
	assert_null(body_raw(&b, 98).p);
	assert_int_equal(body_raw_put(&b, 98, SPAN_NONE), ERR_OK);
	body_done(&b);
}

/* ---- growth (notes/perf.md 5): 100,000 items ---- */

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
test_growth(void **state)
{
	uint8_t id[16] = { 1 }, rev_id[16] = { 1 }, secret[208] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct buf cbor = BUF_INIT;
	struct body a = { .generation = 1 }, b;
	char label[32];
	struct item it;
	double t[4];
	uint32_t i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		put_be32(id + 12, i);
		snprintf(label, sizeof(label), "secret %u", i);
		it = fixture_item(id, ITEM_SECRET, span_str(label), &rev);
		it.secret = SPAN(secret, sizeof(secret));
		assert_int_equal(body_item_put(&a, &it), ERR_OK);
	}
	t[0] = now_ms();
	encode(&a, &cbor);
	t[1] = now_ms();
	assert_int_equal(body_decode(&b, &cbor, buf_span(&cbor)), ERR_OK);
	t[2] = now_ms();
	assert_int_equal(
	    body_item_by_label(&b, ITEM_SECRET, SPAN_LIT("secret 99999"), &it), ERR_OK);
	t[3] = now_ms();
	printf("# 100,000 items: encode %.1f ms, decode %.1f ms, find %.3f ms\n", t[1] - t[0],
	    t[2] - t[1], t[3] - t[2]);
	assert_int_equal(body_items(&b), 100000);
	assert_true(t[2] - t[1] < 3000); /* not quadratic, on any machine */
	body_done(&a);
	body_done(&b);
}

/* All with one label: a chain, and still not quadratic. */
static void
test_one_label(void **state)
{
	uint8_t id[16] = { 1 }, rev_id[16] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct body b = { .generation = 1 };
	struct item it;
	double t;
	uint32_t i;

	(void)state;
	t = now_ms();
	for (i = 0; i < 50000; i++) {
		put_be32(id + 12, i);
		it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
		assert_int_equal(body_item_put(&b, &it), ERR_OK);
	}
	assert_true(now_ms() - t < 3000);
	body_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_same_label),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_refused_items),
		cmocka_unit_test(test_cleared_field),
		cmocka_unit_test(test_revisions),
		cmocka_unit_test(test_removed_revisions),
		cmocka_unit_test(test_notes_and_seeds),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_one_label),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
