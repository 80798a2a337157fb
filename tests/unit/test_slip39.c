#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/worker/gf256.h"
#include "agent/worker/slip39.h"
#include "lib/crypto.h"
#include "lib/text.h"
#include "tests/unit/vectors.h"

#define SECRET "an octet string of 32 bytes, yes"
#define LEN    32

static struct slip39_share share;

/* --- the field --- */

/* Multiplication as FIPS 197 4.2 defines it, by a person who does not care about time. */
static unsigned
slow_mul(unsigned a, unsigned b)
{
	unsigned p = 0;

	for (int i = 14; i >= 0; i--) {
		p <<= 1;
		if (i < 8 && b >> i & 1)
			p ^= a;
		if (p & 0x100)
			p ^= 0x11b;
	}
	return p;
}

static void
test_field(void **state)
{
	(void)state;
	assert_int_equal(gf256_mul(0x57, 0x83), 0xc1); /* FIPS 197 4.2 */
	assert_int_equal(gf256_mul(0x57, 0x13), 0xfe); /* FIPS 197 4.2.1 */
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++)
			assert_int_equal(gf256_mul((uint8_t)a, (uint8_t)b), slow_mul(a, b));
		assert_int_equal(gf256_mul((uint8_t)a, gf256_inverse((uint8_t)a)), a == 0 ? 0 : 1);
	}
}

/* --- vectors of python-shamir-mnemonic --- */

struct row {
	char what[128];
	char words[8][512];
	size_t n;
	char secret[128];
};

static const char *
next_row(const char *p, struct row *r)
{
	const char *q;
	char xprv[256];

	if ((p = vectors_string(p, "", r->what, sizeof(r->what))) == NULL)
		return NULL;
	for (r->n = 0; (q = vectors_string(p, "]", r->words[r->n], 512)) != NULL; r->n++)
		p = q;
	p = strchr(p, ']') + 1;
	p = vectors_string(p, "]", r->secret, sizeof(r->secret));
	assert_non_null(p);
	p = vectors_string(p, "]", xprv, sizeof(xprv));
	assert_non_null(p);
	return p;
}

static enum err
combine(const struct row *r, struct sec *out)
{
	struct slip39_set set = { 0 };
	enum err e = ERR_OK;

	for (size_t i = 0; i < r->n && !e; i++)
		if (!(e = slip39_decode(span_str(r->words[i]), &share, NULL)))
			e = slip39_set_add(&set, &share);
	if (!e)
		e = slip39_set_combine(&set, SPAN_LIT("TREZOR"), out);
	slip39_set_done(&set);
	return e;
}

/* What each of the invalid ones is refused for. */
static enum err
expected(const char *what)
{
	static const struct {
		const char *part;
		enum err e;
	} rows[] = { { "invalid checksum", ERR_WORDS_CHECKSUM },
		{ "invalid padding", ERR_SHARE_FORMAT }, { "Basic sharing 2-of-3", ERR_SHARE_FEW },
		{ "different identifiers", ERR_SHARE_MIXED },
		{ "different iteration exponents", ERR_SHARE_MIXED },
		{ "mismatching group", ERR_SHARE_MIXED },
		{ "greater group threshold", ERR_SHARE_FORMAT },
		{ "duplicate member", ERR_SHARE_TWICE },
		{ "mismatching member thresholds", ERR_SHARE_FORMAT },
		{ "invalid digest", ERR_SHARE_FORGED }, { "nsufficient number", ERR_SHARE_FEW },
		{ "insufficient length", ERR_SHARE_LENGTH },
		{ "invalid master secret length", ERR_SHARE_FORMAT } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strstr(what, rows[i].part))
			return rows[i].e;
	return strstr(what, "insufficient number") ? ERR_SHARE_FEW : ERR_OK;
}

static bool
is_hex(struct span secret, const char *hex)
{
	struct buf b = BUF_INIT;
	bool same;

	text_encode(TEXT_HEX, secret, &b);
	same = strcmp(buf_cstr(&b), hex) == 0;
	buf_done(&b);
	return same;
}

static void
test_trezor(void **state)
{
	char *doc = vectors_read_shared("slip39.json");
	const char *p = doc;
	struct sec out = { 0 };
	struct row r;
	int rows = 0, valid = 0;

	(void)state;
	for (; p != NULL && (p = next_row(p, &r)) != NULL; rows++) {
		enum err e = combine(&r, &out);

		if (e != (r.secret[0] ? ERR_OK : expected(r.what)))
			fail_msg("%s: %s", r.what, err_name(e));
		if (r.secret[0] && !is_hex(sec_span(&out), r.secret))
			fail_msg("%s: another secret", r.what);
		valid += r.secret[0] != 0;
		sec_done(&out);
	}
	if (doc != NULL) {
		assert_int_equal(rows, 45);
		assert_int_equal(valid, 15);
	}
	free(doc);
}

/* --- our own shares --- */

struct made {
	struct slip39_plan plan;
	struct sec words[SLIP39_MEMBERS];
	uint16_t id;
};

static void
make(struct made *m, unsigned threshold, unsigned count)
{
	*m = (struct made){ .plan = { threshold, count } };
	assert_int_equal(
	    slip39_split(SPAN_LIT(SECRET), SPAN_NONE, &m->plan, m->words, &m->id), ERR_OK);
}

static void
unmake(struct made *m)
{
	for (unsigned i = 0; i < m->plan.count; i++)
		sec_done(&m->words[i]);
}

static enum err
add(struct slip39_set *set, struct span words)
{
	enum err e = slip39_decode(words, &share, NULL);

	return e ? e : slip39_set_add(set, &share);
}

static enum err
combine_subset(const struct made *m, unsigned subset, struct sec *out)
{
	struct slip39_set set = { 0 };
	enum err e = ERR_OK;

	for (unsigned i = 0; i < m->plan.count && !e; i++)
		if (subset >> i & 1)
			e = add(&set, sec_span(&m->words[i]));
	if (!e)
		e = slip39_set_combine(&set, SPAN_NONE, out);
	slip39_set_done(&set);
	return e;
}

/* All subsets: so many shares or more open, fewer do not. */
static void
check_subsets(const struct made *m)
{
	struct sec out = { 0 };

	for (unsigned subset = 1; subset < 1u << m->plan.count; subset++) {
		unsigned n = (unsigned)__builtin_popcount(subset);

		if (n > m->plan.threshold)
			continue;
		assert_int_equal(combine_subset(m, subset, &out),
		    n == m->plan.threshold ? ERR_OK : ERR_SHARE_FEW);
		if (n == m->plan.threshold)
			assert_true(span_is(sec_span(&out), SECRET));
		sec_done(&out);
	}
}

static void
test_subsets(void **state)
{
	struct made m;

	(void)state;
	make(&m, 1, 1);
	check_subsets(&m);
	unmake(&m);
	for (unsigned n = 2; n <= 6; n++)
		for (unsigned t = 2; t <= n; t++) {
			make(&m, t, n);
			check_subsets(&m);
			unmake(&m);
		}
	make(&m, 4, 7);
	check_subsets(&m);
	unmake(&m);
	make(&m, 16, 16);
	unmake(&m);
}

/* The field alone, so that all of n <= 7 is quick: every subset through the polynomial. */
static void
check_values(const struct slip39_plan *plan, const uint8_t *values)
{
	struct gf256_point p[7];
	uint8_t out[LEN];

	for (unsigned subset = 1; subset < 1u << plan->count; subset++) {
		size_t n = 0;

		for (unsigned i = 0; i < plan->count; i++)
			if (subset >> i & 1)
				p[n++] = (struct gf256_point){ values + i * LEN, (uint8_t)i };
		gf256_interpolate(p, n, 255, out, LEN);
		assert_int_equal(memcmp(out, SECRET, LEN) == 0, n >= plan->threshold);
	}
}

static void
test_polynomials(void **state)
{
	uint8_t values[7 * LEN];
	struct slip39_plan plan;

	(void)state;
	for (int again = 0; again < 20; again++)
		for (plan.count = 2; plan.count <= 7; plan.count++)
			for (plan.threshold = 2; plan.threshold <= plan.count; plan.threshold++) {
				assert_int_equal(
				    slip39_share_secret(SPAN_LIT(SECRET), &plan, values), ERR_OK);
				check_values(&plan, values);
			}
}

/* --- uniformity --- */

#define SPLITS 4000

/* Of 255 degrees of freedom: mean 255, deviation 22.6; six of those either way. */
static void
check_flat(const unsigned *count, unsigned total)
{
	double want = total / 256.0, chi = 0;

	for (int i = 0; i < 256; i++)
		chi += (count[i] - want) * (count[i] - want) / want;
	if (chi < 255 - 6 * 22.6 || chi > 255 + 6 * 22.6)
		fail_msg("chi-square %g", chi);
}

/* Shares of the most even secret: each byte value as often as any other, in every share. */
static void
test_uniform(void **state)
{
	static unsigned count[5][256];
	const struct slip39_plan plan = { 3, 5 };
	uint8_t secret[LEN] = { 0 }, values[5 * LEN];

	(void)state;
	memset(count, 0, sizeof(count));
	for (int n = 0; n < SPLITS; n++) {
		assert_int_equal(slip39_share_secret(SPAN(secret, LEN), &plan, values), ERR_OK);
		for (size_t i = 0; i < sizeof(values); i++)
			count[i / LEN][values[i]]++;
	}
	for (int i = 0; i < 5; i++)
		check_flat(count[i], SPLITS * LEN);
}

/* All coefficients are from 0..255: without the 0, threshold - 1 shares would rule out one value of
 * every byte of the secret. */
static void
test_zero_coefficient(void **state)
{
	static unsigned count[256];
	const struct slip39_plan plan = { 3, 3 };
	uint8_t values[3 * LEN], out[LEN];

	(void)state;
	memset(count, 0, sizeof(count));
	for (int n = 0; n < SPLITS; n++) {
		struct gf256_point p[2] = { { values, 0 }, { values + LEN, 1 } };

		assert_int_equal(slip39_share_secret(SPAN_LIT(SECRET), &plan, values), ERR_OK);
		gf256_interpolate(p, 2, 255, out, LEN);
		for (size_t i = 0; i < LEN; i++)
			count[out[i] ^ (uint8_t)SECRET[i]]++;
	}
	check_flat(count, SPLITS * LEN);
}

/* --- refusals --- */

static void
test_plans(void **state)
{
	(void)state;
	for (unsigned n = 0; n <= 20; n++)
		for (unsigned t = 0; t <= 20; t++) {
			bool ok = n <= 16 && t <= n && (t >= 2 || (t == 1 && n == 1));

			assert_int_equal(slip39_plan_check(&(struct slip39_plan){ t, n }),
			    ok ? ERR_OK : ERR_SHARE_SPLIT);
		}
}

static void
test_wrong_shares(void **state)
{
	struct slip39_set set = { 0 };
	struct made m, other;
	struct sec out = { 0 };

	(void)state;
	make(&m, 3, 5);
	do {
		make(&other, 3, 5);
		if (other.id == m.id)
			unmake(&other);
	} while (other.id == m.id);
	assert_int_equal(slip39_set_missing(&set), 1);
	assert_int_equal(slip39_set_combine(&set, SPAN_NONE, &out), ERR_SHARE_FEW);
	assert_int_equal(add(&set, sec_span(&m.words[4])), ERR_OK);
	assert_int_equal(slip39_set_missing(&set), 2);
	assert_int_equal(add(&set, sec_span(&m.words[4])), ERR_SHARE_TWICE);
	assert_int_equal(add(&set, sec_span(&other.words[0])), ERR_SHARE_MIXED);
	assert_int_equal(add(&set, sec_span(&m.words[0])), ERR_OK);
	assert_int_equal(slip39_set_missing(&set), 1);
	/* forged: right by its checksum, and of no polynomial */
	assert_int_equal(slip39_decode(sec_span(&m.words[1]), &share, NULL), ERR_OK);
	share.value[31] ^= 1;
	assert_int_equal(slip39_set_add(&set, &share), ERR_OK);
	assert_int_equal(slip39_set_missing(&set), 0);
	assert_int_equal(slip39_set_combine(&set, SPAN_NONE, &out), ERR_SHARE_FORGED);
	assert_null(out.p);
	slip39_set_done(&set);
	unmake(&m);
	unmake(&other);
}

/* Every field of every value survives being words; a word changed, or two swapped, never passes. */
static void
test_encode(void **state)
{
	struct slip39_share a, b;
	struct sec text = { 0 };

	(void)state;
	assert_int_equal(sec_init(&text, WORDS_SLIP39_TEXT), ERR_OK);
	for (int i = 0; i < 500; i++) {
		memset(&a, 0, sizeof(a));
		crypto_random(&a, sizeof(a.id));
		a.id &= 0x7fff;
		a.extendable = i & 1;
		a.exponent = (uint8_t)(i % (SLIP39_EXPONENT_MAX + 1));
		a.group = (uint8_t)(i % 16);
		a.groups = (uint8_t)(i % 16 + 1);
		a.group_threshold = (uint8_t)(i % a.groups + 1);
		a.member = (uint8_t)(i / 16 % 16);
		a.threshold = (uint8_t)(i / 7 % 16 + 1);
		a.len = (uint8_t[]){ 16, 18, 22, 24, 28, 32 }[i % 6];
		crypto_random(a.value, a.len);
		sec_wipe(&text);
		assert_int_equal(slip39_encode(&a, &text), ERR_OK);
		if (slip39_decode(sec_span(&text), &b, NULL) != ERR_OK ||
		    memcmp(&a, &b, sizeof(a)) != 0)
			fail_msg("%.*s", (int)text.len, (const char *)text.p);
	}
	a.exponent = SLIP39_EXPONENT_MAX + 1;
	sec_wipe(&text);
	assert_int_equal(slip39_encode(&a, &text), ERR_OK);
	assert_int_equal(slip39_decode(sec_span(&text), &b, NULL), ERR_SHARE_SLOW);
	sec_done(&text);
}

/* What is left over when the arena is full is an error, and nothing stays behind. */
static void
test_full(void **state)
{
	const struct slip39_plan plan = { 2, 3 };
	struct sec words[3] = { { 0 } }, hog = { 0 };
	uint16_t id;
	enum err e = ERR_NOMEM;

	(void)state;
	for (size_t left = 0; e != ERR_OK; left += 256) {
		size_t before;

		assert_int_equal(sec_init(&hog, 64 * 1024 - left), ERR_OK);
		before = sec_arena_used();
		e = slip39_split(SPAN_LIT(SECRET), SPAN_NONE, &plan, words, &id);
		for (int i = 0; i < 3 && e == ERR_OK; i++)
			sec_done(&words[i]);
		assert_int_equal(sec_arena_used(), before);
		assert_true(e == ERR_OK || e == ERR_NOMEM);
		sec_done(&hog);
	}
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(64 * 1024, true, true) != ERR_OK || crypto_init() != ERR_OK;
}

static int
teardown(void **state)
{
	(void)state;
	return sec_arena_used() != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_trezor),
		cmocka_unit_test(test_polynomials),
		cmocka_unit_test(test_subsets),
		cmocka_unit_test(test_uniform),
		cmocka_unit_test(test_zero_coefficient),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_wrong_shares),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
