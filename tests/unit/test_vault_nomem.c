/*
 * agent/vault: memory ends at every allocation of opening, appending and rewriting.  Nothing
 * crashes, what was open stays as it was, and the next try succeeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/check.h"
#include "agent/vault/merge.h"
#include "tests/unit/vault_fixture.h"

#ifndef OWNKEY_SAN /* the sanitizers have a malloc of their own */

/* glibc's names for what this program replaces */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern char __executable_start, etext;

static size_t countdown; /* 0: never; the n-th allocation from now fails */
static bool hit;

/* Allocations of libraries are not ours to test. */
static bool
is_to_fail(const void *caller)
{
	const char *p = caller;

	if (countdown == 0 || p < &__executable_start || p >= &etext || --countdown > 0)
		return false;
	hit = true;
	return true;
}

void *
malloc(size_t n)
{
	return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

static struct fixture fx;
static struct outer o;

static enum err
do_open(void)
{
	struct vaultfile_state st;
	struct body b;
	enum err e;

	if ((e = outer_parse(buf_span(&fx.file), &o)) != ERR_OK)
		return e;
	e = vaultfile_open(buf_span(&fx.file), &o, fixture_vrk(&fx), &b, &st);
	if (e != ERR_OK)
		assert_true(b.plain.p == NULL && b.items.v == NULL && b.notes.v == NULL);
	else
		assert_int_equal(body_items(&b), 4);
	body_done(&b);
	return e;
}

static enum err
do_build(void)
{
	struct vaultfile_new nv;
	enum err e = vaultfile_build(&fx.outer, fixture_vrk(&fx), &fx.body, 1, &nv);

	vaultfile_new_done(&nv);
	return e;
}

static enum err
do_append(void)
{
	uint8_t id[16] = { 0xa1 }, rev_id[16] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct item it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev);
	struct delta d = DELTA_INIT;
	struct buf cbor = BUF_INIT, record = BUF_INIT;
	struct vaultfile_state next;
	struct body b;
	enum err e;

	delta_item(&d, &it);
	delta_raw(&d, BODY_SHARES, SPAN_LIT("\x80"));
	if ((e = delta_encode(&d, 1, &cbor)) == ERR_OK &&
	    (e = vaultfile_append(fixture_vrk(&fx), &fx.st, buf_span(&cbor), &record, &next)) ==
		ERR_OK &&
	    (e = body_clone(&fx.body, &b)) == ERR_OK) {
		e = body_apply(&b, buf_span(&cbor), next.last.generation);
		body_done(&b);
	}
	delta_done(&d);
	buf_done(&cbor);
	buf_done(&record);
	return e;
}

/* Directly: a put that fails leaves the body as it was. */
static enum err
do_put(void)
{
	uint8_t id[16] = { 0xa7 }, rev_id[16] = { 1 };
	struct span rev = SPAN(rev_id, 16);
	struct item it = fixture_item(id, ITEM_SECRET, SPAN_LIT("x"), &rev), found;
	size_t n = body_items(&fx.body);
	enum err e;

	if ((e = body_item_put(&fx.body, &it)) != ERR_OK) {
		assert_int_equal(body_items(&fx.body), n);
		return e;
	}
	if ((e = body_item_remove(&fx.body, id, 1)) != ERR_OK) {
		assert_int_equal(body_item_by_id(&fx.body, id, &found), ERR_OK);
		countdown = 0;
		FIXTURE_MUST(body_item_remove(&fx.body, id, 1));
	}
	return e;
}

static enum err
do_check(void)
{
	struct check_report r;

	return check_file(buf_span(&fx.file), &r);
}

/* The second item, another revision of it. */
static void
put_revision(struct body *b, uint8_t tag)
{
	uint8_t rev_id[16];
	struct keys_item k;
	struct item_history h;
	struct buf box = BUF_INIT;
	struct item it;

	memset(rev_id, tag, sizeof(rev_id));
	FIXTURE_MUST(body_item_by_label(b, ITEM_SECRET, SPAN_LIT("secret 2"), &it));
	FIXTURE_MUST(item_next_rev(&it, rev_id, &h));
	k = (struct keys_item){ it.id.p, (uint32_t)it.rev };
	FIXTURE_MUST(keys_item_seal(fixture_vrk(&fx), &k, SPAN(rev_id, 16), &box));
	it.secret = buf_span(&box);
	FIXTURE_MUST(body_item_put(b, &it));
	buf_done(&box);
}

static struct body left, right;

/* A conflict, a key that is joined, tombstones, values of both sides. */
static enum err
do_merge(void)
{
	struct merge_in in = { { &fx.outer, &left }, { &fx.outer, &right }, fixture_vrk(&fx) };
	struct merge_report rep = { .text = BUF_INIT };
	struct body merged;
	enum err e = merge_copies(&in, &o, &merged, &rep);

	if (e)
		assert_true(merged.plain.p == NULL && merged.items.v == NULL);
	else
		assert_int_equal(rep.count[MERGE_CONFLICT_OURS], 1);
	body_done(&merged);
	merge_report_done(&rep);
	return e;
}

static void
diverge(void)
{
	struct item it;

	FIXTURE_MUST(body_clone(&fx.body, &left));
	put_revision(&left, 9);
	FIXTURE_MUST(body_raw_put(&left, 20, SPAN_LIT("\x81\xa1\x01\x01")));
	FIXTURE_MUST(body_clone(&fx.body, &right));
	put_revision(&right, 8);
	FIXTURE_MUST(body_item_by_label(&right, ITEM_SECRET, SPAN_LIT("secret 3"), &it));
	FIXTURE_MUST(body_item_remove(&right, it.id.p, 1));
	FIXTURE_MUST(body_raw_put(&right, 20, SPAN_LIT("\x81\xa1\x01\x02")));
}

static void
sweep(enum err (*fn)(void), size_t least)
{
	size_t k;
	enum err e;

	for (k = 1;; k++) {
		hit = false;
		countdown = k;
		e = fn();
		countdown = 0;
		if (!hit)
			break;
		if (e != ERR_NOMEM && e != ERR_OK)
			fail_msg("allocation %zu: %s", k, err_name(e));
		assert_int_equal(fn(), ERR_OK);
	}
	assert_int_equal(e, ERR_OK);
	assert_true(k > least);
}

static void
test_all(void **state)
{
	int i;

	(void)state;
	fixture_make(&fx);
	for (i = 0; i < 2; i++)
		fixture_append(&fx);
	sweep(do_open, 5);
	sweep(do_build, 2);
	sweep(do_append, 5);
	sweep(do_put, 3);
	sweep(do_check, 1);
	diverge();
	sweep(do_merge, 20);
	body_done(&left);
	body_done(&right);
	fixture_done(&fx);
}
#else
static void
test_all(void **state)
{
	(void)state;
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
