/*
 * merge_rig.h - copies of one vault that are changed apart at random, for the tests of merging.
 */
#ifndef TESTS_UNIT_MERGE_RIG_H
#define TESTS_UNIT_MERGE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/check.h"
#include "agent/vault/epochs.h"
#include "agent/vault/itemop.h"
#include "agent/vault/merge.h"
#include "tests/unit/vault_fixture.h"

#define COPIES 3
#define VALUES 256 /* secrets written in one history */

static struct fixture_rng rng;
static struct fixture base; /* for its keys and slots */

static inline int
setup(void **state)
{
	(void)state;
	fixture_start();
	rng = fixture_seed("merge");
	fixture_make(&base);
	return 0;
}

/* ---- a copy, and what its owner knows ---- */
/* A secret value is a number.  Whoever replaces or removes it has seen it. */
struct digest {
	uint8_t b[32];
};
struct copy {
	struct outer outer;
	struct body body;
	bool replaced[VALUES]; /* by the person here, or at a copy that was merged into this one */
	struct digest digest;
	bool digested; /* digest is set */
};
static struct copy copies[COPIES];
static size_t nvalues;
static uint8_t gone_slot[VALUES][16]; /* removed in this history */
static size_t ngone;
static struct copy ab, ba, abc, x; /* merged */
static size_t heard[MERGE_EVENTS]; /* of all reports: each must come */

static inline struct merge_copy
of(const struct copy *c)
{
	return (struct merge_copy){ &c->outer, &c->body };
}

static inline void
copy_to(const struct copy *from, struct copy *to)
{
	body_done(&to->body);
	*to = *from;
	body_init(&to->body);
	FIXTURE_MUST(body_clone(&from->body, &to->body));
}

static inline void
copy_done(struct copy *c)
{
	body_done(&c->body);
}

/* *to = a and b merged; it may be one of them.  The report is thrown away. */
static inline enum err
try_merge(const struct copy *a, const struct copy *b, struct copy *to)
{
	struct merge_in in = { of(a), of(b), fixture_vrk(&base) };
	struct merge_report rep = { .text = BUF_INIT };
	static struct copy out;
	enum err e = merge_copies(&in, &out.outer, &out.body, &rep);

	for (size_t i = 0; i < MERGE_EVENTS; i++)
		heard[i] += rep.count[i];
	merge_report_done(&rep);
	if (e)
		return e;
	for (size_t i = 0; i < VALUES; i++)
		out.replaced[i] = a->replaced[i] || b->replaced[i];
	out.digested = false;
	body_done(&to->body);
	*to = out;
	body_init(&out.body);
	return ERR_OK;
}

static inline void
merge(const struct copy *a, const struct copy *b, struct copy *to)
{
	assert_int_equal(try_merge(a, b, to), ERR_OK);
}

static inline const uint8_t *
digest(struct copy *c)
{
	struct merge_copy m = of(c);

	if (!c->digested)
		assert_int_equal(merge_digest(&m, fixture_vrk(&base), c->digest.b), ERR_OK);
	c->digested = true;
	return c->digest.b;
}

/* What differs, for whoever has to find out why. */
static inline void
show(const struct copy *c)
{
	struct rows *r[] = { (struct rows *)(uintptr_t)&c->body.notes,
		(struct rows *)(uintptr_t)&c->body.tombs,
		(struct rows *)(uintptr_t)&c->body.other };
	struct item it;

	for (size_t pos = 0; body_item_next(&c->body, &pos, &it);) {
		fprintf(stderr, "item %08x %.*s rev %u/%08x", be32(it.id.p), (int)it.label.len,
		    (const char *)it.label.p, (unsigned)it.rev, be32(it.rev_ids.raw.p + 1));
		if (it.conflict.item.len)
			fprintf(stderr, " of %08x", be32(it.conflict.item.p));
		fprintf(stderr, "\n");
	}
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < r[k]->n; i++) {
			fprintf(stderr, "%zu %llx:", k, (unsigned long long)r[k]->v[i].key);
			for (size_t n = 0; n < r[k]->v[i].len; n++)
				fprintf(stderr, " %02x", r[k]->v[i].raw[n]);
			fprintf(stderr, "\n");
		}
}

static inline void
same_at(struct copy *a, struct copy *b, int line)
{
	if (memcmp(digest(a), digest(b), 32) == 0)
		return;
	fprintf(stderr, "line %d: not the same:\n", line);
	show(a);
	fprintf(stderr, "and\n");
	show(b);
	fail();
}
#define assert_same(one, other) same_at((one), (other), __LINE__)

/* ---- secrets ---- */
static inline size_t
open_value(const struct item *it)
{
	struct keys_item k = { it->id.p, (uint32_t)it->rev };
	struct sec s = { 0 };
	size_t v;

	assert_int_equal(keys_item_open(fixture_vrk(&base), &k, it->secret, &s), ERR_OK);
	assert_int_equal(s.len, 8);
	v = (size_t)be64(s.p);
	sec_done(&s);
	return v;
}

static inline void
seal_value(struct item *it, size_t value, struct buf *box)
{
	struct keys_item k = { it->id.p, (uint32_t)it->rev };
	uint8_t text[8];

	put_be64(text, value);
	FIXTURE_MUST(keys_item_seal(fixture_vrk(&base), &k, SPAN(text, 8), box));
	it->secret = buf_span(box);
}

static inline void
add_secret(struct copy *c)
{
	uint8_t id[16], rev[16];
	struct span rev_id = SPAN(rev, 16);
	struct buf box = BUF_INIT;
	struct item it;
	char label[32];

	if (nvalues == VALUES)
		return;
	fixture_fill(&rng, id, 16);
	fixture_fill(&rng, rev, 16);
	snprintf(label, sizeof label, "name %zu", fixture_below(&rng, 3));
	it = fixture_item(id, ITEM_SECRET, span_str(label), &rev_id);
	seal_value(&it, nvalues++, &box);
	FIXTURE_MUST(body_item_put(&c->body, &it));
	buf_done(&box);
}

/* A random item of this kind that stands under its own path or name; ERR_NOTFOUND. */
static inline enum err
pick(const struct copy *c, uint64_t kind, struct item *it)
{
	struct item each;
	size_t pos = 0, n = 0;

	while (body_item_next(&c->body, &pos, &each))
		if (each.kind == kind && fixture_below(&rng, ++n) == 0)
			*it = each;
	return n ? ERR_OK : ERR_NOTFOUND;
}

/* A new value, or only another name. */
static inline void
edit_secret(struct copy *c, size_t most_revs)
{
	uint8_t rev[16];
	struct item_history h;
	struct buf box = BUF_INIT;
	struct item it;
	char label[40];
	size_t value;

	if (pick(c, ITEM_SECRET, &it) || it.rev >= most_revs || nvalues == VALUES)
		return;
	value = open_value(&it);
	fixture_fill(&rng, rev, 16);
	FIXTURE_MUST(item_next_rev(&it, rev, &h));
	if (fixture_below(&rng, 3) == 0) {
		snprintf(label, sizeof label, "other %zu", fixture_below(&rng, 5));
		it.label = span_str(label);
	} else {
		c->replaced[value] = true;
		value = nvalues++;
	}
	seal_value(&it, value, &box);
	FIXTURE_MUST(body_item_put(&c->body, &it));
	buf_done(&box);
}

static inline void
remove_secret(struct copy *c)
{
	struct item it;

	if (pick(c, ITEM_SECRET, &it))
		return;
	c->replaced[open_value(&it)] = true;
	FIXTURE_MUST(body_item_remove(&c->body, it.id.p, fixture_below(&rng, 100)));
}

/* ---- derived keys ---- */
static inline void
add_key(struct copy *c)
{
	uint8_t id[16], rev[16];
	struct span rev_id = SPAN(rev, 16);
	struct item_epoch ep = { .created = 1 + fixture_below(&rng, 50) };
	struct item it, have;
	char label[32];

	fixture_fill(&rng, id, 16);
	fixture_fill(&rng, rev, 16);
	snprintf(label, sizeof label, "ssh/%c/login", 'a' + (char)fixture_below(&rng, 3));
	it = fixture_item(id, ITEM_KEY, span_str(label), &rev_id);
	if (!body_item_by_label(&c->body, ITEM_KEY, it.label, &have))
		return;
	it.origin.service = SPAN_LIT("ssh");
	it.origin.account = SPAN(label + 4, 1);
	it.origin.purpose = SPAN_LIT("login");
	it.origin.alg = SPAN_LIT("ed25519");
	it.policy.use = fixture_below(&rng, 3);
	wire_mark(&item_epoch_map, &ep);
	if (fixture_below(&rng, 2))
		it.epochs = (struct wire_list){ .v = &ep, .n = 1 };
	FIXTURE_MUST(body_item_put(&c->body, &it));
}

/* Rotate it, at times to another seed; retire it; say who knows it; change its policy. */
static inline void
edit_key(struct copy *c)
{
	struct epochs e;
	struct item_history h;
	struct item it;
	uint8_t rev[16], text[4] = { 0x63, 'p' };

	if (pick(c, ITEM_KEY, &it))
		return;
	FIXTURE_MUST(epochs_load(&it, &e));
	fixture_fill(&rng, rev, 16);
	FIXTURE_MUST(item_next_rev(&it, rev, &h));
	switch (fixture_below(&rng, 4)) {
	case 0: {
		uint64_t g = e.v[e.n - 1].generation + (fixture_below(&rng, 3) == 0);

		FIXTURE_MUST(epochs_next(&e, g, it.rev));
		text[2] = (uint8_t)('a' + g);
		text[3] = (uint8_t)('a' + e.v[e.n - 1].epoch % 26);
		it.public_part = SPAN(text, 4);
		break;
	}
	case 1:
		(void)epochs_set_state(&e, 1 + (enum item_epoch_state)fixture_below(&rng, 2));
		break;
	case 2:
		it.exposed = 1 + fixture_below(&rng, 9);
		break;
	default:
		it.policy.use = fixture_below(&rng, 3);
		it.policy.may_export = fixture_below(&rng, 2);
		it.policy.rev = it.rev;
	}
	epochs_store(&e, &it);
	FIXTURE_MUST(body_item_put(&c->body, &it));
	epochs_done(&e);
}

/* ---- ways in and the rest ---- */
static inline void
add_slot(struct copy *c)
{
	int i = outer_slot_free(&c->outer);
	uint8_t auth[32];
	struct slot_note n = { .auth = SPAN(auth, 32), .added = fixture_below(&rng, 100) };
	struct slot s;

	if (i < 0 || i > 5)
		return;
	s = base.outer.slot[fixture_below(&rng, FIXTURE_SLOTS)];
	fixture_fill(&rng, s.id, 16);
	fixture_fill(&rng, auth, 32);
	s.created = fixture_below(&rng, 3) * OUTER_DAY;
	n.slot_id = SPAN(s.id, 16);
	n.label = SPAN_LIT("new");
	FIXTURE_MUST(outer_slot_put(&c->outer, (size_t)i, &s));
	FIXTURE_MUST(body_note_put(&c->body, &n));
}

static inline int
pick_slot(const struct copy *c)
{
	int found = -1;
	size_t n = 0;

	for (int i = 0; i < OUTER_SLOTS; i++)
		if (outer_slot_ok(&c->outer, (size_t)i) && fixture_below(&rng, ++n) == 0)
			found = i;
	return n > 1 ? found : -1;
}

static inline void
remove_slot(struct copy *c)
{
	int i = pick_slot(c);

	if (i < 0 || ngone == VALUES)
		return;
	memcpy(gone_slot[ngone], c->outer.slot[i].id, 16);
	FIXTURE_MUST(body_note_remove(&c->body, gone_slot[ngone], fixture_below(&rng, 100)));
	outer_slot_clear(&c->outer, (size_t)i);
	ngone++;
}

/* A new salt and wrap as after an upgrade, a name, a use. */
static inline void
edit_slot(struct copy *c)
{
	int i = pick_slot(c);
	struct slot_note n;
	uint8_t auth[32];
	char label[16];
	struct slot s;

	if (i < 0)
		return;
	s = c->outer.slot[i];
	FIXTURE_MUST(body_note_get(&c->body, s.id, &n));
	if (fixture_below(&rng, 2)) {
		fixture_fill(&rng, s.kdf_salt, 32);
		fixture_fill(&rng, auth, 32);
		s.wrap = (uint8_t)fixture_below(&rng, 2);
		memset(s.box, 0, sizeof s.box);
		fixture_fill(&rng, s.box, outer_wrap_len(&s));
		n.auth = SPAN(auth, 32);
		outer_slot_clear(&c->outer, (size_t)i);
		FIXTURE_MUST(outer_slot_put(&c->outer, (size_t)i, &s));
	} else {
		snprintf(label, sizeof label, "way %zu", fixture_below(&rng, 9));
		n.label = span_str(label);
		n.labelled = fixture_below(&rng, 20);
	}
	n.last_used = fixture_below(&rng, 1000);
	FIXTURE_MUST(body_note_put(&c->body, &n));
}

static inline void
put_value(struct copy *c)
{
	static const uint8_t entry[] = { 0x82, 0xa2, 1, 1, 2, 3, 0xa2, 1, 2, 2, 4 };
	static const uint8_t keys[] = { BODY_SHARES, BODY_BACKUPS, 13, 14 };
	uint8_t list[sizeof entry], hash[32], bytes[4];
	struct backup_note note = { .hash = SPAN(hash, 32) };
	uint8_t key = keys[fixture_below(&rng, 4)];
	struct buf out = BUF_INIT;

	memcpy(list, entry, sizeof list);
	list[3] = (uint8_t)fixture_below(&rng, 3);
	list[5] = (uint8_t)fixture_below(&rng, 24);
	list[8] = (uint8_t)(3 + fixture_below(&rng, 3));
	fixture_fill(&rng, bytes, 4);
	memset(hash, (int)fixture_below(&rng, 4), 32);
	note.created = 1 + hash[0];
	note.verified = fixture_below(&rng, 9);
	if (key == BODY_BACKUPS) {
		wire_mark(&backup_note_map, &note);
		cbor_put_array(&out, 1);
		FIXTURE_MUST(wire_encode(&backup_note_map, &note, &out));
	} else if (key == 13) {
		buf_put(&out, list, sizeof list);
	} else if (key == 14) {
		cbor_put_bytes(&out, SPAN(bytes, 1 + fixture_below(&rng, 3)));
	}
	if (out.len)
		FIXTURE_MUST(body_raw_put(&c->body, key, buf_span(&out)));
	buf_done(&out);
}

static inline void
put_records(struct copy *c)
{
	uint8_t key[32] = { 7 }, head[32];
	struct audit a = { .key = SPAN(key, 32), .n = fixture_below(&rng, 5) };
	struct defaults d = { .notreal = fixture_below(&rng, 2), .owed = fixture_below(&rng, 3) };

	memset(head, (int)fixture_below(&rng, 3) + 1, 32);
	a.head = SPAN(head, 32);
	d.created = fixture_below(&rng, 4);
	FIXTURE_MUST(body_value_put(&c->body, BODY_AUDIT, &audit_map, &a));
	FIXTURE_MUST(body_value_put(&c->body, BODY_DEFAULTS, &defaults_map, &d));
}

static inline void
add_seed(struct copy *c)
{
	uint8_t bytes[32];
	struct seed s = { .generation = 1 + fixture_below(&rng, 3), .fpr = SPAN_LIT("\1\2\3\4") };
	struct buf box = BUF_INIT;
	struct seed have;

	if (!body_seed_get(&c->body, s.generation, &have))
		return;
	memset(bytes, (int)s.generation, 32);
	FIXTURE_MUST(
	    keys_seed_seal(fixture_vrk(&base), (uint32_t)s.generation, SPAN(bytes, 32), &box));
	s.box = buf_span(&box);
	s.created = fixture_below(&rng, 9);
	FIXTURE_MUST(body_seed_put(&c->body, &s));
	buf_done(&box);
}

/* ---- histories ---- */
static inline void
change(struct copy *c, size_t most_revs)
{
	c->digested = false;
	c->body.generation++;
	c->body.saved_at += fixture_below(&rng, 3);
	switch (fixture_below(&rng, 16)) {
	case 0:
	case 1:
		add_secret(c);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		edit_secret(c, most_revs);
		break;
	case 6:
		remove_secret(c);
		break;
	case 7:
		add_key(c);
		break;
	case 8:
	case 9:
		edit_key(c);
		break;
	case 10:
		add_slot(c);
		break;
	case 11:
		edit_slot(c);
		break;
	case 12:
		if (fixture_below(&rng, 2))
			remove_slot(c);
		break;
	case 13:
		put_value(c);
		break;
	case 14:
		put_records(c);
		break;
	default:
		add_seed(c);
	}
}

static inline void
change_some(struct copy *c, size_t n, size_t most_revs)
{
	for (size_t i = fixture_below(&rng, n + 1); i-- > 0;)
		change(c, most_revs);
}

static inline void
begin(void)
{
	struct copy *c = &copies[0];

	nvalues = 0;
	ngone = 0;
	for (size_t i = 0; i < COPIES; i++)
		copy_done(&copies[i]);
	memset(copies, 0, sizeof copies);
	c->outer = base.outer;
	FIXTURE_MUST(body_clone(&base.body, &c->body));
	FIXTURE_MUST(body_item_remove(&c->body, (const uint8_t[16]){ 0xa1, [11] = 1 }, 1));
}

/* Which values a copy holds; each opens. */
static inline void
hold(const struct copy *c, bool *held)
{
	struct item it;

	for (size_t pos = 0; body_item_next(&c->body, &pos, &it);)
		if (it.kind == ITEM_SECRET)
			held[open_value(&it)] = true;
}

/* What was held and nobody who had seen it did away with is there; nothing came from nowhere. */
static inline void
check_values(const bool *held, const struct copy *merged)
{
	bool have[VALUES] = { false };

	hold(merged, have);
	for (size_t v = 0; v < nvalues; v++) {
		if (held[v] && !merged->replaced[v])
			assert_true(have[v]);
		if (have[v])
			assert_true(held[v]);
	}
}

/* An ancestor, copies of it changed apart; at times two of them meet and part again. */
static inline void
random_history(size_t most_revs)
{
	begin();
	change_some(&copies[0], 8, most_revs);
	for (size_t i = 1; i < COPIES; i++)
		copy_to(&copies[0], &copies[i]);
	for (size_t round = 1 + fixture_below(&rng, 3); round-- > 0;) {
		size_t a = fixture_below(&rng, COPIES), b = fixture_below(&rng, COPIES);

		for (size_t i = 0; i < COPIES; i++)
			change_some(&copies[i], 6, most_revs);
		if (round) {
			bool held[VALUES] = { false };

			hold(&copies[a], held);
			hold(&copies[b], held);
			merge(&copies[a], &copies[b], &copies[a]);
			check_values(held, &copies[a]);
		}
	}
}

static inline int
teardown(void **state)
{
	struct copy *merged[] = { &ab, &ba, &abc, &x };

	(void)state;
	for (size_t i = 0; i < COPIES; i++)
		copy_done(&copies[i]);
	for (size_t i = 0; i < sizeof merged / sizeof *merged; i++)
		copy_done(merged[i]);
	fixture_done(&base);
	return 0;
}

#endif
