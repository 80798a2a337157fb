#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/card_fixture.h"

static const char *const first[] = { "master 0", "master 0", "master 0", "master 0" };

static enum err
verify(struct span bytes)
{
	struct idcard card = IDCARD_INIT;
	enum err e = idcard_verify(bytes, &card);

	if (e != ERR_OK)
		assert_null(card.state);
	idcard_done(&card);
	return e;
}

static void
two(struct maker m[2])
{
	maker_incept(&m[0], "matrix", "@alice:example.org", 0);
	maker_incept(&m[1], "ssh", "alice", 1);
}

static void
done(struct maker *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		maker_done(&m[i]);
}

static void
test_verify(void **state)
{
	struct idcard card = IDCARD_INIT;
	struct maker m[2];
	struct buf b;

	(void)state;
	two(m);
	must(maker_bind(&m[1], "host", "no text of this one"));
	b = card_make(m, 2, first, 5000);
	must(idcard_verify(buf_span(&b), &card));
	assert_int_equal(card.n, 2);
	assert_int_equal(card.time, 5000);
	assert_true(span_is(card.name, "Alice"));
	assert_true(span_is(card.state[1].service, "ssh"));
	assert_true(span_is(idcard_find_text(&card, 1, SPAN_LIT("master")), "master 0"));
	assert_int_equal(idcard_find_text(&card, 1, SPAN_LIT("host")).len, 0);
	idcard_done(&card);
	buf_done(&b);
	done(m, 2);
}

static void
test_every_bit(void **state)
{
	struct maker m[2];
	struct buf b;

	(void)state;
	two(m);
	b = card_make(m, 2, first, 5000);
	for (size_t i = 0; i < b.len; i++) {
		for (size_t bit = 0; bit < 8; bit++) {
			b.p[i] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(verify(buf_span(&b)), ERR_OK);
			b.p[i] ^= (uint8_t)(1 << bit);
		}
		assert_int_not_equal(verify(SPAN(b.p, i)), ERR_OK);
	}
	buf_put_u8(&b, 0);
	assert_int_equal(verify(buf_span(&b)), ERR_FORMAT);
	buf_done(&b);
	done(m, 2);
}

static void
test_refused(void **state)
{
	static const char *const other[] = { "master 0", "master 1" };
	struct buf body = BUF_INIT, out = BUF_INIT;
	struct idcard_text twice[2] = { { .purpose = SPAN_LIT("master"),
					    .text = SPAN_LIT("master 0") },
		{ .purpose = SPAN_LIT("master"), .text = SPAN_LIT("master 0") } };
	struct idcard_entry entry = { .text = twice, .n = 2 };
	uint8_t sig[2][64];
	struct maker m[2];

	(void)state;
	two(m);
	assert_int_equal(card_body(m, 2, other, 1, &body), ERR_CARD_KEY);
	entry.log = buf_span(&m[0].log);
	assert_int_equal(idcard_make(SPAN_LIT("x"), 1, &entry, 1, &body), ERR_CARD_TWICE);
	twice[1].purpose = SPAN_LIT("none");
	assert_int_equal(idcard_make(SPAN_LIT("x"), 1, &entry, 1, &body), ERR_CARD_KEY);
	entry.n = 1;
	assert_int_equal(idcard_make(SPAN_LIT("a\nb"), 1, &entry, 1, &body), ERR_TEXT);
	assert_int_equal(idcard_make(SPAN_LIT(""), 1, &entry, 1, &body), ERR_RANGE);
	assert_int_equal(idcard_make(SPAN_LIT("x"), 1, &entry, 0, &body), ERR_FORMAT);
	assert_int_equal(body.len, 0);
	must(card_body(m, 2, first, 1, &body));
	card_sign(buf_span(&body), &m[0].hot, sig[0]);
	card_sign(buf_span(&body), &m[0].hot, sig[1]);
	assert_int_equal(idcard_assemble(buf_span(&body), (const uint8_t(*)[64])sig, 2, &out),
	    ERR_CARD_SIGNATURE);
	assert_int_equal(idcard_assemble(buf_span(&body), (const uint8_t(*)[64])sig, 1, &out),
	    ERR_CARD_SIGNATURE);
	assert_int_equal(out.len, 0);
	/* two logs for one identity */
	done(m + 1, 1);
	maker_incept(&m[1], "matrix", "@alice:example.org", 1);
	buf_reset(&body);
	assert_int_equal(card_body(m, 2, first, 1, &body), ERR_CARD_TWICE);
	buf_done(&body);
	done(m, 2);
}

/* --- contacts --- */

struct pair {
	struct buf was, is;
	struct idcard pinned, newer;
	struct idcard_report r;
};

static void
compare(struct pair *p, struct buf was, struct buf is)
{
	*p = (struct pair){ .was = was, .is = is };
	must(idcard_verify(buf_span(&was), &p->pinned));
	must(idcard_verify(buf_span(&is), &p->newer));
	must(idcard_compare(&p->pinned, &p->newer, &p->r));
}

static void
pair_done(struct pair *p)
{
	idcard_done(&p->pinned);
	idcard_done(&p->newer);
	buf_done(&p->was);
	buf_done(&p->is);
}

/* Matrix and ssh are pinned at time 10.  changes: a letter for each row, the first ones for what
 * was pinned; a newer card has the makers m that are not missing. */
static void
expect(const struct maker *was, const struct maker *m, const char *const *text,
    enum idcard_verdict v, const char *changes)
{
	static const char letters[] = "snarcomvx"; /* enum idcard_change */
	size_t rows = strlen(changes), n = rows;
	struct pair p;

	for (size_t i = 0; i < rows; i++)
		n -= changes[i] == 'm';
	compare(&p, card_make(was, 2, first, 10), card_make(m, n, text, 20));
	assert_int_equal(p.r.n, rows);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(letters[p.r.row[i].change], changes[i]);
	assert_int_equal(p.r.verdict, v);
	pair_done(&p);
}

static void
copies(const struct maker *from, struct maker *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		maker_copy(&from[i], &to[i]);
}

static void
test_as_meant(void **state)
{
	static const char *const second[] = { "master 1", "master 0", "master 0" };
	struct maker was[2], m[3];

	(void)state;
	two(was);
	copies(was, m, 2);
	expect(was, m, first, IDCARD_VERDICT_UPDATED, "ss"); /* made anew */
	maker_incept(&m[2], "age", "alice", 9);
	expect(was, m, first, IDCARD_VERDICT_UPDATED, "ssn");
	must(maker_bind(&m[1], "host", "x"));
	expect(was, m, first, IDCARD_VERDICT_UPDATED, "sa");
	maker_rotate(&m[0], 5, "master 1");
	expect(was, m, second, IDCARD_VERDICT_UPDATED, "ra");
	expect(was, m, second, IDCARD_VERDICT_UPDATED, "ran");
	expect(was, m, second, IDCARD_VERDICT_ASK, "rm");
	/* the pinned one is ahead by what a thief has bound */
	must(maker_bind(&was[0], "thiefs", "x"));
	expect(was, m, second, IDCARD_VERDICT_UPDATED, "ca");
	done(m, 3);
	done(was, 2);
}

static void
test_revoked(void **state)
{
	struct maker was[2], m[3];

	(void)state;
	two(was);
	copies(was, m, 2);
	maker_incept(&m[2], "age", "alice", 9);
	must(maker_revoke(&m[0], &m[0].hot));
	expect(was, m, first, IDCARD_VERDICT_ASK, "vs");
	expect(was, m, first, IDCARD_VERDICT_ASK, "vsn");
	must(maker_revoke(&m[1], &m[1].hot));
	expect(was, m, first, IDCARD_VERDICT_ASK, "vv");
	/* revoked keys cannot bring anything new */
	expect(was, m, first, IDCARD_VERDICT_ALARM, "vvn");
	done(m, 3);
	done(was, 2);
}

static void
test_alarm(void **state)
{
	struct maker was[2], m[2];

	(void)state;
	two(was);
	copies(was, m, 2);
	must(maker_bind(&was[0], "a", "a"));
	expect(was, m, first, IDCARD_VERDICT_OLDER, "os");
	must(maker_bind(&m[0], "b", "b"));
	expect(was, m, first, IDCARD_VERDICT_ALARM, "xs");
	done(m, 1);
	/* another log for the same identity */
	maker_incept(&m[0], "matrix", "@alice:example.org", 7);
	expect(was, m, first, IDCARD_VERDICT_ALARM, "xs");
	done(m, 2);
	/* somebody else's identities only */
	maker_incept(&m[0], "matrix", "@mallory:example.org", 7);
	maker_incept(&m[1], "ssh", "mallory", 8);
	{
		struct pair p;

		compare(&p, card_make(was, 2, first, 10), card_make(m, 2, first, 20));
		assert_int_equal(p.r.n, 4);
		assert_int_equal(p.r.row[0].change, IDCARD_MISSING);
		assert_int_equal(p.r.row[2].change, IDCARD_NEW);
		assert_int_equal(p.r.row[2].was, -1);
		assert_int_equal(p.r.row[2].is, 0);
		assert_int_equal(p.r.verdict, IDCARD_VERDICT_ALARM);
		pair_done(&p);
	}
	done(m, 2);
	done(was, 2);
}

static void
test_same(void **state)
{
	struct maker m[2];
	struct pair p;

	(void)state;
	two(m);
	compare(&p, card_make(m, 2, first, 10), card_make(m, 2, first, 10));
	assert_int_equal(p.r.verdict, IDCARD_VERDICT_SAME);
	pair_done(&p);
	compare(&p, card_make(m, 2, first, 10), card_make(m, 2, first, 9));
	assert_int_equal(p.r.verdict, IDCARD_VERDICT_OLDER);
	pair_done(&p);
	done(m, 2);
}

static void
test_counts(void **state)
{
	static const char *const second[] = { "master 1", "master 0" };
	struct maker was[2], m[2];
	struct pair p;

	(void)state;
	two(was);
	must(maker_bind(&was[0], "gone", "x"));
	copies(was, m, 2);
	maker_rotate(&m[0], 5, "master 1");
	must(maker_bind(&m[0], "more", "x"));
	compare(&p, card_make(was, 2, first, 10), card_make(m, 2, second, 11));
	assert_int_equal(p.r.row[0].change, IDCARD_ROTATED);
	assert_int_equal(p.r.row[0].added, 1);
	assert_int_equal(p.r.row[0].changed, 1);
	assert_int_equal(p.r.row[0].removed, 1);
	pair_done(&p);
	done(m, 2);
	done(was, 2);
}

/* Sizes, for those who draw it as a QR code (2,953 bytes at most). */
static void
sizes(const struct maker *m, const char *const *key, const char *what)
{
	struct buf b, text = BUF_INIT;

	for (size_t n = 1; n <= 4; n++) {
		b = card_make(m, n, key, 1000000000);
		buf_reset(&text);
		must(idcard_print(buf_span(&b), &text));
		fprintf(stderr, "%zu identities, %s: %zu bytes, %zu as text\n", n, what, b.len,
		    text.len);
		assert_true(b.len < n * 900);
		buf_done(&b);
	}
	buf_done(&text);
}

static void
test_size(void **state)
{
	static const char *const key[] = {
		"ssh-ed25519 "
		"AAAAC3NzaC1lZDI1NTE5AAAAIFhaWFhaWFhaWFhaWFhaWFhaWFhaWFha",
		"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		"ed25519:AAAAC3NzaC1lZDI1NTE5AAAAIFhaWFhaWFhaWF",
		"vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"
	};
	struct maker m[4];

	(void)state;
	maker_incept(&m[0], "ssh", "alice", 0);
	maker_incept(&m[1], "age", "alice", 1);
	maker_incept(&m[2], "matrix", "@alice:example.org", 2);
	maker_incept(&m[3], "tor", "blog", 3);
	sizes(m, first, "new");
	for (size_t i = 0; i < 4; i++)
		maker_rotate(&m[i], (uint32_t)i + 4, key[i]);
	sizes(m, key, "rotated once");
	done(m, 4);
}

static void
test_text(void **state)
{
	struct buf b, text = BUF_INIT, back = BUF_INIT;
	struct maker m[2];

	(void)state;
	two(m);
	b = card_make(m, 2, first, 10);
	must(idcard_print(buf_span(&b), &text));
	assert_non_null(strstr(buf_cstr(&text), "Card of Alice\n  matrix @alice:example.org did:"));
	must(idcard_find_block(buf_span(&text), &back));
	assert_true(span_eq(buf_span(&b), buf_span(&back)));
	assert_int_equal(idcard_find_block(SPAN_LIT("hello"), &back), ERR_BLOCK_MISSING);
	buf_done(&b);
	buf_done(&text);
	buf_done(&back);
	done(m, 2);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init_light() ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_as_meant),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_alarm),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
