/* agent/vault/body*.c, items.c, rows.c, item.c, delta.c: the decrypted body. */
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
	rng = fixture_seed("body");
	return 0;
}

/* ---- making ---- */

/* Up to n bytes of plain text, at least one, some of it not ASCII. */
static struct span
random_text(char *p, size_t most)
{
	size_t n = 1 + fixture_below(&rng, most), i;

	for (i = 0; i < n; i++)
		p[i] = (char)('a' + fixture_below(&rng, 26));
	if (n >= 2 && fixture_below(&rng, 4) == 0)
		memcpy(p + n - 2, "\xc3\xbc", 2);
	return SPAN(p, n);
}

/* What a random item borrows from. */
struct stuff {
	uint8_t id[16], revs[9][16], secret[300], public_part[40];
	struct span rev[9];
	char text[16][256];
	struct item_attr attr[4];
	struct item_epoch epoch[4];
	struct item_client client[3];
};

static void
random_lists(struct item *it, struct stuff *s)
{
	size_t i;

	it->attributes = (struct wire_list){ .v = s->attr, .n = fixture_below(&rng, 5) };
	for (i = 0; i < it->attributes.n; i++) {
		s->attr[i] = (struct item_attr){ .name = random_text(s->text[4 + i], 10),
			.value = SPAN(s->text[15], fixture_below(&rng, 2) ? 0 : 3) };
		memcpy(s->text[15], "x=1", 3);
		wire_mark(&item_attr_map, &s->attr[i]);
	}
	it->epochs = (struct wire_list){ .v = s->epoch, .n = fixture_below(&rng, 5) };
	for (i = 0; i < it->epochs.n; i++) {
		s->epoch[i] = (struct item_epoch){ .epoch = i, .state = fixture_below(&rng, 3) };
		wire_mark(&item_epoch_map, &s->epoch[i]);
	}
	it->policy.clients = (struct wire_list){ .v = s->client, .n = fixture_below(&rng, 4) };
	for (i = 0; i < it->policy.clients.n; i++) {
		s->client[i] = (struct item_client){ .label = random_text(s->text[8 + i], 100) };
		wire_mark(&item_client_map, &s->client[i]);
	}
}

static void
random_item(struct item *it, struct stuff *s)
{
	size_t i;

	memset(it, 0, sizeof(*it));
	fixture_fill(&rng, s->id, sizeof(s->id));
	it->id = SPAN(s->id, 16);
	it->kind = 1 + fixture_below(&rng, 3);
	it->label = random_text(s->text[0], 200);
	it->rev = 1 + (fixture_rand(&rng) & 0xffff);
	it->rev_ids = (struct wire_list){ .v = s->rev, .n = 1 + fixture_below(&rng, 9) };
	for (i = 0; i < 9; i++) {
		fixture_fill(&rng, s->revs[i], 16);
		s->rev[i] = SPAN(s->revs[i], 16);
	}
	it->mtime = fixture_below(&rng, 2) ? fixture_rand(&rng) : 0;
	it->origin.kind = fixture_below(&rng, 3);
	it->origin.service = random_text(s->text[1], 32);
	it->origin.account = random_text(s->text[2], 255);
	it->origin.purpose = random_text(s->text[3], 48);
	if (it->origin.kind != ORIGIN_DERIVED) {
		fixture_fill(&rng, s->secret, sizeof(s->secret));
		it->secret = SPAN(s->secret, 80 + fixture_below(&rng, 200));
	}
	if (fixture_below(&rng, 2))
		it->public_part = SPAN("\x83\x01\x02\x43"
				       "abc",
		    7);
	it->policy.use = fixture_below(&rng, 3);
	it->policy.may_export = fixture_below(&rng, 2);
	it->policy.rate = fixture_below(&rng, 3);
	random_lists(it, s);
}

static void
put_random_rest(struct body *b)
{
	uint8_t id[16], t[32], box[112];
	struct slot_note n = { .slot_id = SPAN(id, 16), .label = SPAN_LIT("way in") };
	struct tomb tb = { .id = SPAN(id, 16), .at = 7 };
	struct seed s = { .box = SPAN(box, 112) };
	struct audit a = { .key = SPAN(t, 32), .n = 5 };
	size_t i, k;

	for (i = fixture_below(&rng, 5); i-- > 0;) {
		fixture_fill(&rng, id, 16);
		FIXTURE_MUST(body_note_put(b, &n));
		tb.kind = fixture_below(&rng, 2);
		FIXTURE_MUST(body_tomb_put(b, &tb));
	}
	for (i = fixture_below(&rng, 4); i-- > 0;) {
		fixture_fill(&rng, t, 32);
		FIXTURE_MUST(body_line_add(b, t));
		s.generation = i;
		fixture_fill(&rng, box, sizeof(box));
		FIXTURE_MUST(body_seed_put(b, &s));
	}
	if (fixture_below(&rng, 2))
		FIXTURE_MUST(body_value_put(b, BODY_AUDIT, &audit_map, &a));
	for (k = BODY_BACKUPS + 1; k < 40; k += 1 + fixture_below(&rng, 10))
		FIXTURE_MUST(body_raw_put(b, k, SPAN_LIT("\xa1\x01\x82\x01\x62hi")));
}

static void
random_body(struct body *b, size_t nitems)
{
	struct stuff s;
	struct item it;

	body_init(b);
	b->generation = 1 + fixture_below(&rng, 1000);
	b->saved_at = fixture_rand(&rng);
	for (; nitems > 0; nitems--) {
		random_item(&it, &s);
		FIXTURE_MUST(body_item_put(b, &it));
	}
	put_random_rest(b);
}

/* ---- helpers ---- */

static void
encode(const struct body *b, struct buf *out)
{
	buf_reset(out);
	assert_int_equal(body_encode(b, b->generation, b->saved_at, out), ERR_OK);
	assert_int_equal(cbor_check(buf_span(out)), ERR_OK);
}

static void
assert_same(const struct body *a, const struct body *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	encode(a, &x);
	encode(b, &y);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.p, y.p, x.len);
	buf_done(&x);
	buf_done(&y);
}

static enum err
decode(struct body *b, const void *p, size_t n)
{
	struct buf owner = BUF_INIT;
	enum err e;

	buf_put(&owner, p, n);
	e = body_decode(b, &owner, buf_span(&owner));
	assert_null(owner.p);
	return e;
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

/* ---- the whole ---- */

static void
test_round_trip(void **state)
{
	struct buf cbor = BUF_INIT;
	struct body a, b, c;
	int i;

	(void)state;
	for (i = 0; i < 300; i++) {
		random_body(&a, fixture_below(&rng, 40));
		encode(&a, &cbor);
		assert_int_equal(decode(&b, cbor.p, cbor.len), ERR_OK);
		assert_same(&a, &b);
		assert_int_equal(b.generation, a.generation);
		assert_int_equal(b.saved_at, a.saved_at);
		assert_int_equal(body_items(&b), body_items(&a));
		assert_indexed(&a);
		assert_indexed(&b);
		assert_int_equal(body_clone(&b, &c), ERR_OK);
		assert_same(&a, &c);
		body_done(&a);
		body_done(&b);
		body_done(&c);
	}
	buf_done(&cbor);
}

static void
test_empty(void **state)
{
	struct buf cbor = BUF_INIT;
	struct body b = { 0 };
	struct item it;
	uint8_t id[16] = { 0 };
	size_t pos = 0;

	(void)state;
	assert_int_equal(body_items(&b), 0);
	assert_false(body_item_next(&b, &pos, &it));
	assert_int_equal(body_item_by_id(&b, id, &it), ERR_NOTFOUND);
	assert_int_equal(body_item_by_label(&b, 1, SPAN_LIT("x"), &it), ERR_NOTFOUND);
	assert_int_equal(body_encode(&b, 1, 2, &cbor), ERR_OK);
	assert_int_equal(cbor.len, 5);
	assert_memory_equal(cbor.p, "\xa2\1\1\2\2", 5);
	assert_int_equal(decode(&b, cbor.p, cbor.len), ERR_OK);
	assert_int_equal(body_items(&b), 0);
	body_done(&b);
	buf_done(&cbor);
}

#define ID16  "\x50iiiiiiiiiiiiiiii"
#define REV16 "\x81\x50rrrrrrrrrrrrrrrr"
#define ITEM  "\xa7\1" ID16 "\2\1\3\x61x\4\1\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0"
#define T32   "\x58\x20tttttttttttttttttttttttttttttttt"
#define BODY(s, e)                                        \
	{                                                 \
		"\xa2\1\1" s, sizeof("\xa2\1\1" s) - 1, e \
	}

/* Bodies by hand: what is good, and each thing that is not. */
static const struct {
	const char *p;
	size_t n;
	enum err e;
} bodies[] = {
	BODY("\2\0", ERR_OK),
	BODY("\5\x81" ITEM, ERR_OK),
	BODY("\5\x80", ERR_OK),
	BODY("\x0b\x81" T32, ERR_OK),
	BODY("\x18\x63\xf6", ERR_OK),
	BODY("\5\x82" ITEM ITEM, ERR_FORMAT), /* one id twice */
	BODY("\5\x82" ITEM, ERR_TRUNCATED),
	BODY("\5\x9a\x10\0\0\0" ITEM, ERR_TRUNCATED), /* 2^28 items, says the head */
	BODY("\5\xa1\1\1", ERR_FORMAT),		      /* a map for a list */
	BODY("\1\1", ERR_FORMAT),		      /* a key twice */
	BODY("\0\1", ERR_FORMAT),		      /* keys out of order */
	BODY("\x18\x02\1", ERR_FORMAT),		      /* a long head */
	BODY("\x61x\1", ERR_FORMAT),		      /* a text for a key */
	BODY("\2\0\0", ERR_FORMAT),		      /* something behind */
	BODY("\x0b\x81\x41t", ERR_RANGE),	      /* a short line */
	BODY("\x0b\x81\x61t", ERR_FORMAT),
	BODY("\x18\x63\xf9\0\0", ERR_FORMAT),		     /* a float in what is unknown */
	BODY("\x18\x63\xa2\2\0\1\0", ERR_FORMAT),	     /* disorder in what is unknown */
	BODY("\3\x82\xa1\1" ID16 "\xa1\1" ID16, ERR_FORMAT), /* one note twice */
	BODY("\3\x81\xa0", ERR_FORMAT),			     /* a note without id */
	BODY("\6\x82\xa2\1" ID16 "\2\0\xa2\1" ID16 "\2\0", ERR_OK), /* tombs may repeat */
	BODY("\7\x81\xa1\1\0", ERR_OK),
	BODY("\7\xa1\1\0", ERR_FORMAT), /* succession is a list */
	BODY("\7\x81\xa1\1\x61x", ERR_FORMAT),
	BODY("\x08\xa2\1" T32 "\2\0", ERR_OK),
	BODY("\x08\xa1\1" T32, ERR_FORMAT),
	BODY("\x09\xa1\1\0", ERR_FORMAT), /* a number for a bool */
	BODY("\x09\xa1\1\xf5", ERR_OK),
};

static void
test_by_hand(void **state)
{
	struct body b;
	size_t i;
	enum err e;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		e = decode(&b, bodies[i].p, bodies[i].n);
		if (e != bodies[i].e)
			fail_msg("body %zu: %s", i, err_name(e));
		if (e != ERR_OK)
			assert_null(b.plain.p);
		body_done(&b);
	}
}

/* Each of an item's limits: replace one piece of a good item. */
static void
test_item_limits(void **state)
{
	static const struct {
		const char *p;
		size_t n;
		enum err e;
	} items[] = {
#define ONE(s, e) { s, sizeof(s) - 1, e }
		ONE("\xa7\1\x41i\2\1\3\x61x\4\1\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0", ERR_RANGE),
		ONE("\xa7\1" ID16 "\2\0\3\x61x\4\1\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0", ERR_RANGE),
		ONE("\xa7\1" ID16 "\2\1\3\x60\4\1\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0", ERR_RANGE),
		ONE("\xa7\1" ID16 "\2\1\3\x61\n\4\1\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0", ERR_OK),
		ONE("\xa7\1" ID16 "\2\1\3\x61\x07\4\1\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0", ERR_TEXT),
		ONE("\xa7\1" ID16 "\2\1\3\x61x\4\0\5" REV16 "\7\xa1\1\0\x0a\xa1\1\0", ERR_RANGE),
		ONE("\xa7\1" ID16 "\2\1\3\x61x\4\1\5\x80\7\xa1\1\0\x0a\xa1\1\0", ERR_RANGE),
		ONE("\xa6\1" ID16 "\2\1\3\x61x\4\1\5" REV16 "\x0a\xa1\1\0", ERR_FORMAT),
		ONE("\xa6\1" ID16 "\2\1\3\x61x\4\1\5" REV16 "\7\xa1\1\0", ERR_FORMAT),
		ONE("\xa8\1" ID16 "\2\1\3\x61x\4\1\5" REV16 "\7\xa1\1\0\x08\x41s\x0a\xa1\1\0",
		    ERR_RANGE),
		ONE("\xa8\1" ID16 "\2\1\3\x61x\4\1\5" REV16 "\7\xa1\1\0\x09\xa0\x0a\xa1\1\0",
		    ERR_OK),
	};
	struct buf b = BUF_INIT;
	struct body body;
	size_t i;
	enum err e;

	(void)state;
	for (i = 0; i < sizeof(items) / sizeof(*items); i++) {
		buf_reset(&b);
		buf_put(&b, "\xa2\1\1\5\x81", 5);
		buf_put(&b, items[i].p, items[i].n);
		e = decode(&body, b.p, b.len);
		if (e != items[i].e)
			fail_msg("item %zu: %s", i, err_name(e));
		body_done(&body);
	}
	buf_done(&b);
}

/* ---- what a later version added ---- */

#define LATER                                                                                    \
	"\xa4\1\1\3\x81\xa2\1" ID16 "\x18\x30\x63not\5\x81\xa8\1" ID16 "\2\1\3\x61x\4\1\5" REV16 \
	"\7\xa2\1\0\x18\x20\x01\x0a\xa2\1\0\x18\x21\x02\x18\x22\xa1\x05\x06\x18\x23\x82\1\2"

static void
test_unknown_keys(void **state)
{
	uint8_t id[16], rev[16] = { 9 };
	struct item_history h;
	struct buf cbor = BUF_INIT;
	struct slot_note n;
	struct item it;
	struct body b;

	(void)state;
	memset(id, 'i', sizeof(id));
	assert_int_equal(decode(&b, LATER, sizeof(LATER) - 1), ERR_OK);
	assert_int_equal(body_item_by_id(&b, id, &it), ERR_OK);
	assert_int_equal(it.rest.n, 1);
	assert_int_equal(item_next_rev(&it, rev, &h), ERR_OK);
	it.label = SPAN_LIT("renamed");
	it.origin.account = SPAN_LIT("me");
	assert_int_equal(body_item_put(&b, &it), ERR_OK);
	assert_int_equal(body_note_get(&b, id, &n), ERR_OK);
	n.label = SPAN_LIT("blue");
	assert_int_equal(body_note_put(&b, &n), ERR_OK);
	assert_int_equal(body_encode(&b, 2, 3, &cbor), ERR_OK);
	body_done(&b);

	assert_int_equal(decode(&b, cbor.p, cbor.len), ERR_OK);
	assert_int_equal(body_item_by_label(&b, 1, SPAN_LIT("renamed"), &it), ERR_OK);
	assert_int_equal(it.rev, 2);
	assert_true(span_eq(it.rest.raw, SPAN_LIT("\x18\x22\xa1\x05\x06")));
	assert_true(span_eq(it.origin.rest.raw, SPAN_LIT("\x18\x20\x01")));
	assert_true(span_eq(it.policy.rest.raw, SPAN_LIT("\x18\x21\x02")));
	assert_int_equal(body_note_get(&b, id, &n), ERR_OK);
	assert_true(span_eq(n.rest.raw, SPAN_LIT("\x18\x30\x63not")));
	assert_true(span_eq(body_raw(&b, 0x23), SPAN_LIT("\x82\1\2")));
	body_done(&b);
	buf_done(&cbor);
}

/* ---- deltas ---- */

/* The same change made directly and by a record leads to the same body. */
static void
test_delta(void **state)
{
	struct delta d = DELTA_INIT;
	struct buf cbor = BUF_INIT;
	struct stuff s;
	struct body a, b;
	struct item it;
	struct slot_note n;
	struct body_tomb_revs revs;
	struct tomb t;
	struct seed sd;
	struct defaults def = { .created = 5 };
	uint8_t box[112] = { 3 };
	size_t pos;
	int i, k;

	(void)state;
	for (i = 0; i < 100; i++) {
		random_body(&a, 10);
		assert_int_equal(body_clone(&a, &b), ERR_OK);
		assert_true(delta_is_empty(&d));
		for (pos = 0, k = 0; k < 3 && body_item_next(&b, &pos, &it); k++) {
			body_item_tomb(&b, &it, 42, &t, &revs);
			delta_tomb(&d, &t);
			assert_int_equal(body_item_remove(&a, it.id.p, 42), ERR_OK);
		}
		random_item(&it, &s);
		delta_item(&d, &it);
		assert_int_equal(body_item_put(&a, &it), ERR_OK);
		pos = 0;
		if (body_note_next(&b, &pos, &n)) {
			n.last_used = 123;
			delta_note(&d, &n);
			assert_int_equal(body_note_put(&a, &n), ERR_OK);
		}
		delta_raw(&d, BODY_SHARES, SPAN_LIT("\x80"));
		delta_raw(&d, BODY_SHARES, SPAN_LIT("\x81\xa3\1\1\2\1\5\x80"));
		assert_int_equal(
		    body_raw_put(&a, BODY_SHARES, SPAN_LIT("\x81\xa3\1\1\2\1\5\x80")), ERR_OK);
		sd = (struct seed){ .generation = 77, .box = SPAN(box, sizeof(box)) };
		delta_seed(&d, &sd);
		assert_int_equal(body_seed_put(&a, &sd), ERR_OK);
		delta_value(&d, BODY_DEFAULTS, &defaults_map, &def);
		assert_int_equal(body_value_put(&a, BODY_DEFAULTS, &defaults_map, &def), ERR_OK);
		assert_false(delta_is_empty(&d));
		assert_int_equal(delta_encode(&d, 555, &cbor), ERR_OK);
		assert_int_equal(cbor_check(buf_span(&cbor)), ERR_OK);
		assert_int_equal(body_apply(&b, buf_span(&cbor), a.generation + 1), ERR_OK);
		a.generation++;
		a.saved_at = 555;
		assert_same(&a, &b);
		assert_indexed(&b);
		/* twice is the same as once */
		assert_int_equal(body_apply(&b, buf_span(&cbor), a.generation), ERR_OK);
		assert_same(&a, &b);
		delta_done(&d);
		buf_reset(&cbor);
		body_done(&a);
		body_done(&b);
	}
	buf_done(&cbor);
}

/* A record that is refused changes nothing. */
static void
test_bad_delta(void **state)
{
	struct body b, before;
	size_t i, n;
	enum err e;

	(void)state;
	random_body(&b, 5);
	assert_int_equal(body_clone(&b, &before), ERR_OK);
	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		if (bodies[i].e == ERR_OK)
			continue;
		e = body_apply(&b, SPAN(bodies[i].p, bodies[i].n), 1);
		assert_int_equal(e, bodies[i].e);
		assert_same(&b, &before);
	}
	for (n = 0; n < sizeof(LATER) - 1; n++)
		assert_int_not_equal(body_apply(&b, SPAN(LATER, n), 1), ERR_OK);
	/* it says that it makes another generation */
	assert_int_equal(body_apply(&b, SPAN_LIT("\xa1\1\5"), 6), ERR_FORMAT);
	assert_same(&b, &before);
	assert_int_equal(body_apply(&b, SPAN_LIT("\xa1\1\5"), 5), ERR_OK);
	assert_int_equal(b.generation, 5);
	/* lines are replaced as a whole */
	assert_int_equal(body_apply(&b, SPAN_LIT("\xa1\x0b\x81" T32), 6), ERR_OK);
	assert_int_equal(body_lines(&b), 1);
	assert_int_equal(body_line(&b, 0)[31], 't');
	body_done(&b);
	body_done(&before);
}

static void
test_delta_keys(void **state)
{
	struct delta d = DELTA_INIT;
	struct buf cbor = BUF_INIT, big = BUF_INIT;

	(void)state;
	delta_raw(&d, BODY_ITEMS_KEY, SPAN_LIT("\x80"));
	assert_int_equal(delta_encode(&d, 1, &cbor), ERR_RANGE);
	delta_done(&d);
	delta_raw(&d, BODY_AUDIT, SPAN_LIT("\x80"));
	assert_int_equal(delta_encode(&d, 1, &cbor), ERR_FORMAT);
	delta_done(&d);
	buf_put(&big, "\xa1\x18\x63\x5a", 4);
	buf_put_u32(&big, JOURNAL_CBOR_MAX);
	buf_put_zero(&big, JOURNAL_CBOR_MAX);
	delta_raw(&d, BODY_DEFAULTS, buf_span(&big));
	assert_int_equal(delta_encode(&d, 1, &cbor), ERR_TOOBIG);
	buf_done(&big);
	buf_reset(&cbor);
	delta_done(&d);
	assert_int_equal(delta_encode(&d, 1, &cbor), ERR_OK);
	assert_memory_equal(cbor.p, "\xa1\2\1", 3);
	buf_done(&cbor);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_item_limits),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_bad_delta),
		cmocka_unit_test(test_delta_keys),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
