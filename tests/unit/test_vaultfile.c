/* agent/vault/vaultfile.c, check.c: the whole file, what was planted in it, what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/check.h"
#include "tests/unit/vault_fixture.h"

static struct fixture fx; /* generation 2, three records behind */
static struct outer o;
static struct fixture_rng rng;

static int
setup(void **state)
{
	int i;

	(void)state;
	fixture_make(&fx);
	fixture_rewrite(&fx);
	for (i = 0; i < 3; i++)
		fixture_append(&fx);
	rng = fixture_seed("vaultfile");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

/* A copy to do something to. */
static struct buf
copy(struct span s)
{
	struct buf b = BUF_INIT;

	buf_put_span(&b, s);
	FIXTURE_MUST(buf_err(&b));
	return b;
}

/* Open as the vault process does; the body is thrown away. */
static enum err
open_it(struct span file, struct vaultfile_state *st)
{
	struct body b;
	enum err e;

	if ((e = outer_parse(file, &o)) != ERR_OK)
		return e;
	e = vaultfile_open(file, &o, fixture_vrk(&fx), &b, st);
	if (e != ERR_OK)
		assert_true(b.plain.p == NULL && body_items(&b) == 0);
	body_done(&b);
	return e;
}

static enum err
open_fixed(struct buf *file)
{
	struct vaultfile_state st;

	fixture_fix_trailer(file->p);
	return open_it(buf_span(file), &st);
}

/* ---- good files ---- */

static void
test_open(void **state)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	struct vaultfile_state st;
	struct body b;

	(void)state;
	assert_int_equal(outer_parse(buf_span(&fx.file), &o), ERR_OK);
	assert_int_equal(vaultfile_open(buf_span(&fx.file), &o, fixture_vrk(&fx), &b, &st), ERR_OK);
	assert_int_equal(st.last.generation, 5);
	assert_int_equal(st.journal_len, 3 * 4096);
	assert_int_equal(st.size_valid, fx.file.len);
	assert_int_equal(st.body_len, o.body_len);
	assert_false(st.torn);
	assert_memory_equal(st.last.hash, fx.file.p + fx.file.len - 32, 32);
	assert_memory_equal(st.last.hash, fx.st.last.hash, 32);
	assert_int_equal(body_encode(&b, 1, 1, &x), ERR_OK);
	assert_int_equal(body_encode(&fx.body, 1, 1, &y), ERR_OK);
	assert_true(span_eq(buf_span(&x), buf_span(&y)));
	assert_int_equal(b.generation, 5);
	body_done(&b);
	buf_done(&x);
	buf_done(&y);
}

/* Any history of appending and rewriting opens to the body that was in memory. */
static void
test_history(void **state)
{
	struct fixture f;
	struct buf x = BUF_INIT, y = BUF_INIT;
	struct vaultfile_state st;
	struct body b;
	int i;

	(void)state;
	fixture_make(&f);
	for (i = 0; i < 60; i++) {
		if (fixture_below(&rng, 5) == 0)
			fixture_rewrite(&f);
		else
			fixture_append(&f);
		assert_int_equal(outer_parse(buf_span(&f.file), &o), ERR_OK);
		assert_int_equal(
		    vaultfile_open(buf_span(&f.file), &o, fixture_vrk(&f), &b, &st), ERR_OK);
		buf_reset(&x);
		buf_reset(&y);
		assert_int_equal(body_encode(&b, b.generation, b.saved_at, &x), ERR_OK);
		assert_int_equal(
		    body_encode(&f.body, f.body.generation, f.body.saved_at, &y), ERR_OK);
		assert_true(span_eq(buf_span(&x), buf_span(&y)));
		assert_int_equal(st.last.generation, i + 2);
		assert_int_equal(st.size_valid, f.file.len);
		assert_memory_equal(st.last.hash, f.st.last.hash, 32);
		body_done(&b);
	}
	buf_done(&x);
	buf_done(&y);
	fixture_done(&f);
}

static void
test_padding(void **state)
{
	size_t n, p, l;

	(void)state;
	assert_int_equal(vaultfile_padded(1), 4096);
	assert_int_equal(vaultfile_padded(4096), 4096);
	assert_int_equal(vaultfile_padded(4097), 8192);
	assert_int_equal(vaultfile_padded(131071), 131072);
	assert_int_equal(vaultfile_padded(131073), 131072 + 8192);
	assert_int_equal(vaultfile_padded(262145), 262144 + 16384);
	for (n = 1; n < 600u << 20; n += 1 + n / 50) {
		p = vaultfile_padded(n);
		for (l = 0; (size_t)2 << l <= n; l++)
			;
		assert_true(p >= n && p % 4096 == 0);
		assert_int_equal(p % (l > 16 ? (size_t)1 << (l - 4) : 4096), 0);
		assert_true(p - n < (n > 65536 ? n / 16 + 4096 : 4096));
	}
}

/* ---- planted ---- */

static void
test_edited_head(void **state)
{
	static const size_t at[] = { 9, 16, 31, 39, 75, 128, 159, 160, 191 };
	struct buf f = copy(buf_span(&fx.file));
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		f.p[at[i]] ^= 3;
		assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
		f.p[at[i]] ^= 3;
	}
	buf_done(&f);
}

/* Each of two slots that changed places still opens; the body does not. */
static void
test_swapped_slots(void **state)
{
	struct buf f = copy(SPAN(fx.file.p, fx.outer.total_len));
	struct sec kek = { 0 };
	uint8_t slot[2048], ad[16 + 1408], vrk[32];

	(void)state;
	memcpy(slot, f.p + 512, 2048);
	memcpy(f.p + 512, f.p + 512 + 2048, 2048);
	memcpy(f.p + 512 + 2048, slot, 2048);
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	assert_true(outer_slot_ok(&o, 0) && outer_slot_ok(&o, 1));
	fixture_kek(&fx, FIXTURE_PHRASE, &kek);
	memcpy(ad, o.vault_id, 16);
	memcpy(ad + 16, outer_slot_hdr(&o, 0).p, 1408);
	assert_int_equal(
	    seal_open(sec_span(&kek), "vrk", SPAN(ad, sizeof(ad)), outer_wrap(&o.slot[0]), vrk),
	    ERR_OK);
	assert_memory_equal(vrk, fx.vrk, 32);
	sec_done(&kek);
	buf_done(&f);
}

/* A slot taken away, a slot of another place, a hint: all in the AD of the body. */
static void
test_edited_slots(void **state)
{
	struct buf f = copy(SPAN(fx.file.p, fx.outer.total_len));

	(void)state;
	memset(f.p + 512 + 2048, 0, 2048);
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	memcpy(f.p + 512 + 2048, fx.file.p + 512 + 2048, 2048);
	memcpy(f.p + 512 + 9 * 2048, f.p + 512, 2048);
	f.p[512 + 9 * 2048 + 16] ^= 1;
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	memset(f.p + 512 + 9 * 2048, 0, 2048);
	memcpy(f.p + 512 + 128, "touch me", 8);
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	memset(f.p + 512 + 128, 0, 8);
	f.p[512 + 1408 + 3] ^= 1;
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	f.p[512 + 1408 + 3] ^= 1;
	assert_int_equal(open_fixed(&f), ERR_OK);
	buf_done(&f);
}

/* The body of another generation under this head, and the other way round. */
static void
test_spliced_body(void **state)
{
	struct fixture g;
	struct buf f;

	(void)state;
	fixture_make(&g); /* generation 1 of the same vault */
	f = copy(SPAN(fx.file.p, fx.outer.total_len));
	assert_int_equal(f.len, g.file.len);
	memcpy(f.p + OUTER_BODY, g.file.p + OUTER_BODY, g.outer.body_len);
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	memcpy(f.p, g.file.p, OUTER_BODY);
	assert_int_equal(open_fixed(&f), ERR_OK);
	memcpy(f.p + OUTER_BODY, fx.file.p + OUTER_BODY, fx.outer.body_len);
	assert_int_equal(open_fixed(&f), ERR_VAULT_HEADER);
	buf_done(&f);
	fixture_done(&g);
}

/* Seal this plaintext as the body of a file of generation 2. */
static struct buf
sealed(struct span plain)
{
	struct buf f = copy(SPAN(fx.file.p, OUTER_BODY));
	uint8_t key[32];

	o = fx.outer;
	outer_set_body(&o, 2, (uint32_t)(plain.len + 80));
	memcpy(f.p, o.raw, OUTER_BODY);
	seal_kdf(fixture_vrk(&fx), "body", SPAN_NONE, key, 32);
	FIXTURE_MUST(seal_box(SPAN(key, 32), "body", SPAN(o.raw, OUTER_BODY), plain, &f));
	buf_put_zero(&f, 32);
	return f;
}

static const struct {
	const char *cbor;
	size_t n;
	uint32_t len; /* what the plaintext says, 0 = n */
	size_t padded;
	enum err e;
} plains[] = {
	{ "\xa1\1\2", 3, 0, 4096, ERR_OK },
	{ "\xa1\1\3", 3, 0, 4096, ERR_VAULT_GENERATION },
	{ "\xa1\2\2", 3, 0, 4096, ERR_VAULT_GENERATION },
	{ "\xa1\1\2", 3, 2, 4096, ERR_VAULT_DAMAGED },
	{ "\xa1\1\2", 3, 4, 4096, ERR_VAULT_DAMAGED },
	{ "\xa1\1\2", 3, 4093, 4096, ERR_VAULT_DAMAGED },
	{ "\xa1\1\2", 3, UINT32_MAX, 4096, ERR_VAULT_DAMAGED },
	{ "\xa1\1\2\1", 4, 3, 4096, ERR_VAULT_DAMAGED }, /* not padded with zeros */
	{ "\xa1\1\2", 3, 0, 8192, ERR_VAULT_DAMAGED },	 /* padded too much */
	{ "\xa1\1\x18\2", 4, 0, 4096, ERR_VAULT_DAMAGED },
	{ "\xa1\1\2\0", 4, 4, 4096, ERR_VAULT_DAMAGED },
};

static void
test_plaintext(void **state)
{
	struct buf plain = BUF_INIT, f;
	size_t i;
	enum err e;

	(void)state;
	for (i = 0; i < sizeof(plains) / sizeof(*plains); i++) {
		buf_reset(&plain);
		buf_put_u32(&plain, plains[i].len ? plains[i].len : (uint32_t)plains[i].n);
		buf_put(&plain, plains[i].cbor, plains[i].n);
		buf_put_zero(&plain, plains[i].padded - plain.len);
		f = sealed(buf_span(&plain));
		e = open_fixed(&f);
		if (e != plains[i].e)
			fail_msg("plaintext %zu: %s", i, err_name(e));
		buf_done(&f);
	}
	buf_done(&plain);
}

static void
test_other_key(void **state)
{
	struct vaultfile_state st;

	(void)state;
	fx.vrk[5] ^= 1;
	assert_int_equal(open_it(buf_span(&fx.file), &st), ERR_VAULT_HEADER);
	fx.vrk[5] ^= 1;
	assert_int_equal(open_it(buf_span(&fx.file), &st), ERR_OK);
}

/* ---- the journal of a file ---- */

/* Cut at a record's boundary it is a good file, only an older one: `seen` knows. */
static void
test_cut_at_boundary(void **state)
{
	struct line_file f = { .generation = fx.st.last.generation };
	struct vaultfile_state st;
	struct line_mark seen;
	enum line_verdict v;
	size_t i;

	(void)state;
	memcpy(f.vault_id, fx.outer.vault_id, 16);
	line_make(fixture_vrk(&fx), f.vault_id, f.t);
	memcpy(f.last_hash, fx.st.last.hash, 32);
	line_mark_of(&f, &seen);
	for (i = 0; i <= 3; i++) {
		assert_int_equal(
		    open_it(SPAN(fx.file.p, fx.outer.total_len + i * 4096), &st), ERR_OK);
		assert_false(st.torn);
		assert_int_equal(st.last.generation, 2 + i);
		f.generation = st.last.generation;
		memcpy(f.last_hash, st.last.hash, 32);
		assert_int_equal(line_check(&seen, &f, &v), i == 3 ? ERR_OK : ERR_VAULT_OLD);
	}
}

static void
test_torn(void **state)
{
	struct vaultfile_state st, next;
	struct buf f = copy(buf_span(&fx.file));
	size_t n, whole = fx.outer.total_len + 2 * 4096;

	(void)state;
	for (n = whole + 1; n < fx.file.len; n += 1 + fixture_below(&rng, 100)) {
		assert_int_equal(open_it(SPAN(f.p, n), &st), ERR_OK);
		assert_true(st.torn);
		assert_int_equal(st.size_valid, whole);
		assert_int_equal(st.last.generation, 4);
	}
	memset(f.p + f.len - 500, 0, 500);
	assert_int_equal(open_it(buf_span(&f), &st), ERR_OK);
	assert_true(st.torn && st.size_valid == whole && st.journal_len == 2 * 4096);
	/* go on from there */
	f.len = whole;
	assert_int_equal(
	    vaultfile_append(fixture_vrk(&fx), &st, SPAN_LIT("\xa1\2\1"), &f, &next), ERR_OK);
	assert_false(next.torn);
	assert_int_equal(open_it(buf_span(&f), &st), ERR_OK);
	assert_int_equal(st.last.generation, 5);
	assert_int_equal(st.size_valid, next.size_valid);
	buf_done(&f);
}

/* A record that is not the last, or whole and wrong, is damage, not a torn tail. */
static void
test_damaged_journal(void **state)
{
	struct vaultfile_state st;
	struct buf f = copy(buf_span(&fx.file));
	size_t i, at = fx.outer.total_len;

	(void)state;
	for (i = 0; i < 3 * 4096; i += 1 + fixture_below(&rng, 40)) {
		f.p[at + i] ^= 4;
		assert_int_equal(open_it(buf_span(&f), &st), ERR_VAULT_DAMAGED);
		f.p[at + i] ^= 4;
	}
	/* two records changed places; one is missing; one is there twice */
	memcpy(f.p + at, fx.file.p + at + 4096, 4096);
	memcpy(f.p + at + 4096, fx.file.p + at, 4096);
	assert_int_equal(open_it(buf_span(&f), &st), ERR_VAULT_DAMAGED);
	assert_int_equal(open_it(SPAN(f.p, at + 4096), &st), ERR_VAULT_DAMAGED);
	memcpy(f.p + at, fx.file.p + at, 4096);
	assert_int_equal(open_it(SPAN(f.p, at + 2 * 4096), &st), ERR_VAULT_DAMAGED);
	buf_done(&f);
}

/* A record whose content cannot be applied is damage, too. */
static void
test_bad_delta(void **state)
{
	const struct span bad[3] = { SPAN_LIT("\xa1\1\1"), SPAN_LIT("\x80"),
		SPAN_LIT("\xa1\5\x81\xa0") };
	struct journal_pos pos;
	size_t i;
	struct vaultfile_state st, next;
	struct buf f = copy(buf_span(&fx.file));

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(
		    vaultfile_append(fixture_vrk(&fx), &fx.st, bad[i], &f, &next), ERR_FORMAT);
		assert_int_equal(f.len, fx.file.len);
		pos = fx.st.last;
		assert_int_equal(journal_put(fixture_vrk(&fx), &pos, bad[i], &f), ERR_OK);
		assert_int_equal(open_it(buf_span(&f), &st), ERR_VAULT_DAMAGED);
		f.len = fx.file.len;
	}
	buf_done(&f);
}

/* ---- nothing changes before it is durable ---- */

static void
test_build_leaves_all(void **state)
{
	struct vaultfile_state st = fx.st;
	struct vaultfile_new nv;
	struct outer *before = malloc(sizeof(*before));

	(void)state;
	*before = fx.outer;
	assert_int_equal(vaultfile_build(&fx.outer, fixture_vrk(&fx), &fx.body, 99, &nv), ERR_OK);
	assert_memory_equal(before->raw, fx.outer.raw, OUTER_BODY);
	assert_int_equal(fx.body.generation, 5);
	assert_int_equal(nv.st.last.generation, 6);
	assert_int_equal(open_it(buf_span(&nv.bytes), &st), ERR_OK);
	assert_memory_equal(&st.last, &nv.st.last, sizeof(st.last));
	assert_int_equal(st.size_valid, nv.st.size_valid);
	vaultfile_new_done(&nv);
	fx.body.generation = UINT64_MAX;
	assert_int_equal(
	    vaultfile_build(&fx.outer, fixture_vrk(&fx), &fx.body, 99, &nv), ERR_RANGE);
	fx.body.generation = 5;
	free(before);
}

/* Two files of one content differ everywhere in their boxes. */
static void
test_fresh_nonce(void **state)
{
	struct vaultfile_new a, b;
	size_t i, same = 0;

	(void)state;
	FIXTURE_MUST(vaultfile_build(&fx.outer, fixture_vrk(&fx), &fx.body, 9, &a));
	FIXTURE_MUST(vaultfile_build(&fx.outer, fixture_vrk(&fx), &fx.body, 9, &b));
	assert_memory_equal(a.bytes.p, b.bytes.p, OUTER_BODY);
	for (i = OUTER_BODY; i < a.bytes.len; i++)
		same += a.bytes.p[i] == b.bytes.p[i];
	assert_true(same < 100);
	vaultfile_new_done(&a);
	vaultfile_new_done(&b);
}

/* ---- vault check ---- */

static void
test_check_good(void **state)
{
	struct check_report r;

	(void)state;
	assert_int_equal(check_file(buf_span(&fx.file), &r), ERR_OK);
	assert_true(r.good && r.head && !r.torn);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.generation, 5);
	assert_int_equal(r.slots, 3);
	assert_int_equal(r.records, 3);
	assert_int_equal(r.size, fx.file.len);
	assert_int_equal(r.size_valid, fx.file.len);
	assert_int_equal(check_file(SPAN(fx.file.p, fx.file.len - 1), &r), ERR_OK);
	assert_true(r.good && r.torn && r.n == 1);
	assert_int_equal(r.finding[0].err, ERR_VAULT_TORN);
	assert_int_equal(r.size_valid, fx.file.len - 4096);
}

static void
test_check_bad(void **state)
{
	struct buf f = copy(buf_span(&fx.file));
	struct check_report r;
	size_t n;

	(void)state;
	assert_int_equal(check_file(SPAN_LIT("hello, world"), &r), ERR_OK);
	assert_true(!r.good && !r.head);
	assert_int_equal(r.finding[0].err, ERR_FORMAT);
	for (n = 0; n < fx.outer.total_len; n += 1 + fixture_below(&rng, 300)) {
		assert_int_equal(check_file(SPAN(f.p, n), &r), ERR_OK);
		assert_true(!r.good && r.n == 1);
	}
	f.p[11] = 2;
	assert_int_equal(check_file(buf_span(&f), &r), ERR_OK);
	assert_int_equal(r.finding[0].err, ERR_VERSION);
	f.p[11] = 1;
	/* bit rot in the head, in a slot, in the body */
	f.p[200] = 1;
	assert_int_equal(check_file(buf_span(&f), &r), ERR_OK);
	assert_true(!r.good && r.n == 2 && r.records == 3);
	f.p[200] = 0;
	f.p[512 + 2048 + 5] = 1;
	fixture_fix_trailer(f.p);
	assert_int_equal(check_file(buf_span(&f), &r), ERR_OK);
	assert_true(!r.good && r.slots == 2);
	assert_int_equal(r.finding[0].err, ERR_VAULT_SLOT);
	assert_int_equal(r.finding[0].slot, 1);
	assert_int_equal(r.finding[0].offset, 512 + 2048);
	memcpy(f.p, fx.file.p, fx.file.len);
	f.p[512] = 2;
	fixture_fix_trailer(f.p);
	assert_int_equal(check_file(buf_span(&f), &r), ERR_OK);
	assert_int_equal(r.finding[0].err, ERR_VERSION);
	memcpy(f.p, fx.file.p, fx.file.len);
	f.p[OUTER_BODY + 1000] ^= 1;
	assert_int_equal(check_file(buf_span(&f), &r), ERR_OK);
	assert_true(!r.good && r.n == 1 && r.slots == 3);
	assert_int_equal(r.finding[0].err, ERR_VAULT_DAMAGED);
	f.p[OUTER_BODY + 1000] ^= 1;
	f.p[fx.outer.total_len + 4096 + 100] ^= 1;
	assert_int_equal(check_file(buf_span(&f), &r), ERR_OK);
	assert_true(!r.good && !r.torn && r.records == 1);
	assert_int_equal(r.finding[0].offset, fx.outer.total_len + 4096);
	buf_done(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_edited_head),
		cmocka_unit_test(test_swapped_slots),
		cmocka_unit_test(test_edited_slots),
		cmocka_unit_test(test_spliced_body),
		cmocka_unit_test(test_plaintext),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_cut_at_boundary),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_damaged_journal),
		cmocka_unit_test(test_bad_delta),
		cmocka_unit_test(test_build_leaves_all),
		cmocka_unit_test(test_fresh_nonce),
		cmocka_unit_test(test_check_good),
		cmocka_unit_test(test_check_bad),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
