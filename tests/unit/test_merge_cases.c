/* agent/vault/merge*.c: two diverged copies of one vault become one, case by case. */
#include "tests/unit/hex.h"
#include "tests/unit/merge_rig.h"

static struct merge_report rep;

/* Copies of the fixture with one secret, "mail", of value 0; its id stays when it changes. */
static struct item
two_copies(void)
{
	static uint8_t id[16];
	struct item it;

	begin();
	add_secret(&copies[0]);
	FIXTURE_MUST(pick(&copies[0], ITEM_SECRET, &it));
	it.label = SPAN_LIT("mail");
	FIXTURE_MUST(body_item_put(&copies[0].body, &it));
	copy_to(&copies[0], &copies[1]);
	copy_to(&copies[0], &copies[2]);
	FIXTURE_MUST(pick(&copies[0], ITEM_SECRET, &it));
	memcpy(id, it.id.p, 16);
	it.id = SPAN(id, 16);
	return it;
}

/* Another revision of an item. */
static void
revise_item(struct copy *c, struct item *it, uint8_t tag)
{
	uint8_t rev[16];
	struct item_history h;
	struct buf box = BUF_INIT;

	memset(rev, tag, sizeof rev);
	FIXTURE_MUST(item_next_rev(it, rev, &h));
	seal_value(it, tag, &box);
	FIXTURE_MUST(body_item_put(&c->body, it));
	buf_done(&box);
	c->digested = false;
}

/* ... of the only secret, with this name. */
static void
revise(struct copy *c, uint8_t tag, const char *label)
{
	struct item it;

	FIXTURE_MUST(pick(c, ITEM_SECRET, &it));
	it.label = span_str(label);
	revise_item(c, &it, tag);
}

static enum err
merge_two(void)
{
	struct merge_in in = { of(&copies[0]), of(&copies[1]), fixture_vrk(&base) };
	enum err e;

	merge_report_done(&rep);
	copy_done(&abc);
	e = merge_copies(&in, &abc.outer, &abc.body, &rep);
	abc.digested = false;
	return e;
}

static bool
heard_of(enum merge_event what, const char *label)
{
	for (size_t i = 0; i < rep.n; i++)
		if (rep.row[i].what == what && span_is(merge_label(&rep, i), label))
			return true;
	return false;
}

static struct item
item_named(const struct copy *c, const char *label)
{
	struct item it = { 0 };

	if (body_item_by_label(&c->body, ITEM_SECRET, span_str(label), &it))
		fail_msg("no item %s", label);
	return it;
}

/* The answer is python3's hashlib's. */
static void
conflict_id(void **state)
{
	uint8_t in[32], id[16];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		in[i] = i;
	merge_conflict_id(in, in + 16, id);
	assert_hex(id, "26f3b0b486fa349f54ca985794f82e44");
}

static void
conflict(void **state)
{
	struct item mail = two_copies(), kept;
	char label[64];
	uint8_t id[16], loser[16];

	(void)state;
	memset(loser, 5, 16);
	merge_conflict_id(mail.id.p, loser, id);
	snprintf(label, sizeof label, "post (conflict %08x)", be32(id));
	revise(&copies[0], 5, "post");
	revise(&copies[1], 6, "mail");
	assert_int_equal(merge_two(), ERR_OK);
	kept = item_named(&abc, label);
	assert_memory_equal(kept.id.p, id, 16);
	assert_int_equal(open_value(&kept), 5);
	kept = item_named(&abc, "mail");
	assert_int_equal(open_value(&kept), 6);
	assert_true(heard_of(MERGE_CHANGED, "mail"));
	assert_true(heard_of(MERGE_CONFLICT_THEIRS, label));
	assert_int_equal(rep.n, 2);
	/* removed knowingly: it does not come back from the copy that still has it */
	FIXTURE_MUST(body_item_remove(&abc.body, id, 9));
	abc.digested = false;
	merge(&abc, &copies[0], &x);
	assert_same(&x, &abc);
	/* the winner removed instead: the other one has its place and its name */
	assert_int_equal(merge_two(), ERR_OK);
	FIXTURE_MUST(body_item_remove(&abc.body, mail.id.p, 9));
	merge(&abc, &copies[1], &x);
	kept = item_named(&x, "post");
	assert_memory_equal(kept.id.p, item_named(&copies[0], "post").id.p, 16);
	assert_int_equal(open_value(&kept), 5);
	assert_int_equal(body_items(&x.body), body_items(&copies[0].body));
}

/* What was kept was edited, or removed: an ancestor of it in a third copy was seen with it. */
static void
conflict_settled(void **state)
{
	struct item it;
	size_t n;

	(void)state;
	for (int removed = 0; removed < 2; removed++) {
		two_copies();
		revise(&copies[1], 4, "mail");
		copy_to(&copies[1], &copies[2]); /* the ancestor */
		revise(&copies[1], 5, "mail");
		revise(&copies[0], 6, "mail");
		revise(&copies[0], 7, "mail");
		assert_int_equal(merge_two(), ERR_OK);
		for (size_t pos = 0; body_item_next(&abc.body, &pos, &it);)
			if (it.conflict.item.len)
				break;
		assert_int_equal(open_value(&it), 5);
		if (removed) {
			FIXTURE_MUST(body_item_remove(&abc.body, it.id.p, 9));
		} else {
			it.policy.use = 2;
			revise_item(&abc, &it, 8);
		}
		n = body_items(&abc.body);
		merge(&abc, &copies[2], &x);
		assert_int_equal(body_items(&x.body), n);
		assert_same(&x, &abc);
		merge(&copies[1], &x, &x);
		assert_same(&x, &abc);
	}
}

/* However often it was edited since, so that nobody remembers what it began with. */
static void
conflict_forgotten(void **state)
{
	struct item it;
	uint8_t id[16];

	(void)state;
	for (int removed = 0; removed < 2; removed++) {
		two_copies();
		revise(&copies[0], 6, "mail");
		revise(&copies[1], 5, "mail");
		assert_int_equal(merge_two(), ERR_OK);
		for (size_t pos = 0; body_item_next(&abc.body, &pos, &it);)
			if (it.conflict.item.len)
				break;
		memcpy(id, it.id.p, 16);
		for (uint8_t i = 0; i < 12; i++) {
			FIXTURE_MUST(body_item_by_id(&abc.body, id, &it));
			revise_item(&abc, &it, (uint8_t)(20 + i));
		}
		if (removed)
			FIXTURE_MUST(body_item_remove(&abc.body, id, 9));
		merge(&copies[1], &abc, &x);
		assert_same(&x, &abc);
	}
}

static void
long_labels(void **state)
{
	char name[256];
	struct item it;
	size_t pos = 0, n = 0;

	(void)state;
	two_copies();
	memset(name, 'n', 255);
	name[255] = '\0';
	memcpy(name + 234, "\xc3\xbc", 2); /* in the way of the suffix */
	revise(&copies[0], 5, name);
	revise(&copies[1], 6, name);
	assert_int_equal(merge_two(), ERR_OK);
	while (body_item_next(&abc.body, &pos, &it))
		if (it.conflict.item.len) {
			n++;
			assert_int_equal(it.label.len, 234 + 20);
			assert_memory_equal(it.label.p, name, 234);
			assert_int_equal(it.conflict.label.len, 255);
		}
	assert_int_equal(n, 1);
}

static void
removed_and_changed(void **state)
{
	struct item mail = two_copies();
	struct tomb t;

	(void)state;
	/* unchanged over there: gone */
	FIXTURE_MUST(body_item_remove(&copies[1].body, mail.id.p, 9));
	assert_int_equal(merge_two(), ERR_OK);
	assert_true(heard_of(MERGE_REMOVED, "mail"));
	assert_int_equal(body_item_by_id(&abc.body, mail.id.p, &mail), ERR_NOTFOUND);
	/* changed over there, which the removal did not know, however many revisions it knew */
	mail = two_copies();
	revise(&copies[1], 5, "mail");
	revise(&copies[1], 6, "mail");
	FIXTURE_MUST(body_item_remove(&copies[1].body, mail.id.p, 9));
	revise(&copies[0], 7, "mail");
	assert_int_equal(merge_two(), ERR_OK);
	assert_true(heard_of(MERGE_KEPT, "mail"));
	mail = item_named(&abc, "mail");
	assert_int_equal(open_value(&mail), 7);
	/* a tombstone of an earlier version knows a number only */
	FIXTURE_MUST(body_tomb_get(&copies[1].body, TOMB_ITEM, mail.id.p, &t));
	t.rev_ids = (struct wire_list){ 0 };
	FIXTURE_MUST(body_tomb_put(&copies[1].body, &t));
	assert_int_equal(merge_two(), ERR_OK);
	assert_true(heard_of(MERGE_REMOVED, "mail"));
}

static void
slots_and_seeds(void **state)
{
	uint8_t other[32] = { 1 };
	struct seed s = { .generation = 7, .fpr = SPAN_LIT("\1\2\3\4") };
	struct buf box = BUF_INIT;

	(void)state;
	two_copies();
	for (uint8_t k = 0; k < 2; k++)
		for (size_t i = 0; i < 10; i++) {
			struct slot slot = fixture_slot(FACTOR_PHRASE, (uint8_t)(1 + i + 32 * k));
			int at = outer_slot_free(&copies[k].outer);

			FIXTURE_MUST(outer_slot_put(&copies[k].outer, (size_t)at, &slot));
		}
	assert_int_equal(merge_two(), ERR_MERGE_SLOTS);
	assert_int_equal(abc.body.items.n, 0);

	two_copies();
	for (uint8_t k = 0; k < 2; k++) {
		buf_reset(&box);
		other[0] = k;
		FIXTURE_MUST(keys_seed_seal(fixture_vrk(&base), 7, SPAN(other, 32), &box));
		s.box = buf_span(&box);
		FIXTURE_MUST(body_seed_put(&copies[k].body, &s));
	}
	assert_int_equal(merge_two(), ERR_MERGE_SEEDS);

	two_copies();
	FIXTURE_MUST(body_line_add(&copies[0].body, other));
	assert_int_equal(merge_two(), ERR_OK);
	assert_int_equal(body_lines(&abc.body), 1);
	other[0]++;
	FIXTURE_MUST(body_line_add(&copies[1].body, other));
	assert_int_equal(merge_two(), ERR_MERGE_LINES);
	buf_done(&box);
}

static struct item
key_named(const struct copy *c, const char *label)
{
	struct item it = { 0 };

	if (body_item_by_label(&c->body, ITEM_KEY, span_str(label), &it))
		fail_msg("no key %s", label);
	return it;
}

static void
change_key(struct copy *c, uint8_t tag, uint64_t seed, uint64_t use)
{
	struct item it = key_named(c, "ssh/me/login");
	struct item_history h;
	struct epochs e;
	uint8_t rev[16];

	memset(rev, tag, sizeof rev);
	FIXTURE_MUST(epochs_load(&it, &e));
	FIXTURE_MUST(item_next_rev(&it, rev, &h));
	if (seed < 9)
		FIXTURE_MUST(epochs_next(&e, seed, 100));
	if (use < 9) {
		it.policy.use = use;
		it.policy.rev = it.rev;
	}
	epochs_store(&e, &it);
	FIXTURE_MUST(body_item_put(&c->body, &it));
	epochs_done(&e);
}

static void
keys_join(void **state)
{
	struct item_epoch now;
	struct epochs e;
	struct item it;

	(void)state;
	two_copies();
	change_key(&copies[0], 5, 0, 9); /* epoch 1 */
	change_key(&copies[0], 6, 0, 9); /* epoch 2 */
	change_key(&copies[1], 7, 9, USE_TOUCH);
	assert_int_equal(merge_two(), ERR_OK);
	assert_true(heard_of(MERGE_JOINED, "ssh/me/login"));
	it = key_named(&abc, "ssh/me/login");
	assert_int_equal(it.policy.use, USE_TOUCH);
	assert_int_equal(it.epochs.n, 3);
	epochs_current(&it, &now);
	assert_int_equal(now.epoch, 2);
	/* what is set later holds, also where it is weaker; a new seed is in use at once */
	copy_to(&abc, &copies[0]);
	change_key(&copies[0], 8, 9, USE_FREE);
	change_key(&copies[1], 9, 1, 9);
	assert_int_equal(merge_two(), ERR_OK);
	it = key_named(&abc, "ssh/me/login");
	assert_int_equal(it.policy.use, USE_FREE);
	epochs_current(&it, &now);
	assert_int_equal(now.generation, 1);
	assert_int_equal(it.epochs.n, 4);
	FIXTURE_MUST(epochs_load(&it, &e));
	for (size_t i = 0; i < 4; i++) /* the last one of ours is in use no more */
		assert_int_equal(e.v[i].state, i < 3 ? EPOCH_RETIRED : EPOCH_ACTIVE);
	epochs_done(&e);
}

/* The greater of each would be of neither. */
static void
records(void **state)
{
	uint8_t key[32] = { 7 }, head[2][32] = { { 1 }, { 9 } };
	struct audit a = { .key = SPAN(key, 32) };
	struct defaults d = { .generation = 3 };
	struct audit_head heads[2][40] = { 0 };
	uint8_t ids[2][40][16], hash[2][32] = { { 3 }, { 2 } };
	struct audit_head last;
	struct cbor c;

	(void)state;
	two_copies();
	for (uint8_t k = 0; k < 2; k++) {
		a.n = 5u - k;
		a.head = SPAN(head[k], 32);
		/* the first log is of a machine that both know, the others are not */
		for (uint8_t i = 0; i < 40; i++) {
			memset(ids[k][i], i ? i + 100 * k : 99, 16);
			heads[k][i] = (struct audit_head){ .log_id = SPAN(ids[k][i], 16),
				.n = i ? 2u * i + k : 200u + k,
				.hash = SPAN(hash[k], 32) };
			wire_mark(&audit_head_map, &heads[k][i]);
		}
		a.heads = (struct wire_list){ .v = heads[k], .n = 40 };
		d.created = 100u + k;
		d.owed = 1u - k;
		FIXTURE_MUST(body_value_put(&copies[k].body, BODY_AUDIT, &audit_map, &a));
		FIXTURE_MUST(body_value_put(&copies[k].body, BODY_DEFAULTS, &defaults_map, &d));
		copies[k].body.saved_at = 50 + k;
	}
	assert_int_equal(merge_two(), ERR_OK);
	FIXTURE_MUST(body_value_get(&abc.body, BODY_AUDIT, &audit_map, &a));
	assert_int_equal(a.n, 5);
	assert_memory_equal(a.head.p, head[0], 32);
	/* the longest logs stay, a hash with its number */
	assert_int_equal(a.heads.n, AUDIT_HEADS);
	for (c = wire_each(&a.heads); !cbor_at_end(&c);)
		FIXTURE_MUST(wire_next(&audit_head_map, &c, &last));
	assert_int_equal(last.n, 201);
	assert_memory_equal(last.hash.p, hash[1], 32);
	c = wire_each(&a.heads);
	FIXTURE_MUST(wire_next(&audit_head_map, &c, &last));
	assert_int_equal(last.n, 2 + 79 - AUDIT_HEADS);
	FIXTURE_MUST(body_value_get(&abc.body, BODY_DEFAULTS, &defaults_map, &d));
	assert_int_equal(d.created, 100);
	assert_int_equal(d.owed, 0); /* paid, says the copy that was written last */
	assert_int_equal(d.generation, 3);
	assert_int_equal(abc.body.saved_at, 51);
}

static void
too_many_backups(void **state)
{
	uint8_t hash[32];
	struct backup_note note = { .hash = SPAN(hash, 32) }, first;
	struct cbor c;
	size_t n;

	(void)state;
	two_copies();
	for (uint8_t k = 0; k < 2; k++) {
		struct buf list = BUF_INIT;

		cbor_put_array(&list, 40);
		for (uint8_t i = 0; i < 40; i++) {
			memset(hash, i + 100 * k, sizeof hash);
			note.created = 1000u + 2u * i + k;
			wire_mark(&backup_note_map, &note);
			FIXTURE_MUST(wire_encode(&backup_note_map, &note, &list));
		}
		FIXTURE_MUST(body_raw_put(&copies[k].body, BODY_BACKUPS, buf_span(&list)));
		buf_done(&list);
	}
	assert_int_equal(merge_two(), ERR_OK);
	assert_true(heard_of(MERGE_DROPPED, "12"));
	c = cbor_from(body_raw(&abc.body, BODY_BACKUPS));
	FIXTURE_MUST(cbor_get_array(&c, &n));
	assert_int_equal(n, BACKUP_NOTES);
	FIXTURE_MUST(wire_next(&backup_note_map, &c, &first));
	assert_int_equal(first.created, 1016);
}

/* Neither copy is touched, and the result stands when both are gone. */
static void
deep_copy(void **state)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct item it;

	(void)state;
	two_copies();
	revise(&copies[0], 5, "mail");
	revise(&copies[1], 6, "mail");
	FIXTURE_MUST(body_encode(&copies[0].body, 1, 1, &before));
	FIXTURE_MUST(body_encode(&copies[1].body, 1, 1, &before));
	assert_int_equal(merge_two(), ERR_OK);
	FIXTURE_MUST(body_encode(&copies[0].body, 1, 1, &after));
	FIXTURE_MUST(body_encode(&copies[1].body, 1, 1, &after));
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.p, after.p, before.len);
	begin();
	it = item_named(&abc, "mail");
	assert_int_equal(open_value(&it), 6);
	buf_done(&before);
	buf_done(&after);
}

/* A secret may have the id of another item as its name; it does not take its place. */
static void
found_by_id(void **state)
{
	static struct vault v;
	struct item mail = two_copies(), it;
	char hex[33];

	(void)state;
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", mail.id.p[i]);
	add_secret(&copies[0]);
	for (size_t pos = 0; body_item_next(&copies[0].body, &pos, &it);)
		if (it.kind == ITEM_SECRET && !span_is(it.label, "mail"))
			break;
	it.label = span_str(hex);
	FIXTURE_MUST(body_item_put(&copies[0].body, &it));
	v.open.body = copies[0].body;
	assert_int_equal(itemop_find(&v, ITEM_SECRET, span_str(hex), &it), ERR_OK);
	assert_true(span_is(it.label, "mail"));
	/* of another kind, the id is nothing but a name */
	assert_int_equal(itemop_find(&v, ITEM_KEY, span_str(hex), &it), ERR_NOTFOUND);
	FIXTURE_MUST(
	    body_item_by_id(&v.open.body, key_named(&copies[0], "ssh/me/login").id.p, &it));
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", it.id.p[i]);
	assert_int_equal(itemop_find(&v, ITEM_SECRET, span_str(hex), &it), ERR_NOTFOUND);
	assert_int_equal(itemop_find(&v, 0, SPAN_LIT("mail"), &it), ERR_OK);
}

static int
done(void **state)
{
	merge_report_done(&rep);
	return teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conflict_id),
		cmocka_unit_test(conflict),
		cmocka_unit_test(conflict_settled),
		cmocka_unit_test(conflict_forgotten),
		cmocka_unit_test(long_labels),
		cmocka_unit_test(removed_and_changed),
		cmocka_unit_test(slots_and_seeds),
		cmocka_unit_test(keys_join),
		cmocka_unit_test(records),
		cmocka_unit_test(too_many_backups),
		cmocka_unit_test(deep_copy),
		cmocka_unit_test(found_by_id),
	};

	return cmocka_run_group_tests(tests, setup, done);
}
