/* agent/vault/line.c, seen.c: is this the file that was seen last? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/seen.h"
#include "tests/unit/vault_fixture.h"

static struct fixture_rng rng;

static int
setup(void **state)
{
	(void)state;
	fixture_start();
	rng = fixture_seed("line");
	return 0;
}

/* ---- lines ---- */

/* Lines A, B, C of one vault; `lines` are those before. */
static uint8_t t[3][32] = { { 0xa }, { 0xb }, { 0xc } };

static struct line_file
file_of(int line, uint64_t generation, uint8_t hash)
{
	struct line_file f = { .vault_id = { 1 }, .generation = generation };

	memcpy(f.t, t[line], 32);
	memset(f.last_hash, hash, 32);
	f.lines = SPAN(t, (size_t)line * 32);
	return f;
}

static void
test_make(void **state)
{
	uint8_t vrk[32] = { 1 }, id[16] = { 2 }, got[32], want[32];

	(void)state;
	line_make(SPAN(vrk, 32), id, got);
	seal_kdf(SPAN(vrk, 32), "line", SPAN(id, 16), want, 32);
	assert_memory_equal(got, want, 32);
}

static const struct {
	int seen_line;
	uint64_t seen_generation;
	uint8_t seen_hash;
	int line;
	uint64_t generation;
	uint8_t hash;
	enum err e;
	enum line_verdict v;
} cases[] = {
	{ 0, 10, 1, 0, 10, 1, ERR_OK, LINE_SAME },
	{ 0, 10, 1, 0, 11, 2, ERR_OK, LINE_AHEAD },
	{ 0, 10, 1, 0, 99, 1, ERR_OK, LINE_AHEAD },
	{ 0, 10, 1, 0, 9, 2, ERR_VAULT_OLD, 0 },
	{ 0, 10, 1, 0, 9, 1, ERR_VAULT_OLD, 0 },
	{ 0, 10, 1, 0, 10, 2, ERR_VAULT_DIVERGED, 0 },
	{ 0, 10, 1, 1, 11, 2, ERR_OK, LINE_LATER },
	{ 0, 10, 1, 2, 50, 2, ERR_OK, LINE_LATER },
	{ 1, 10, 1, 2, 11, 2, ERR_OK, LINE_LATER },
	/* a slot was removed from a copy that was older than what was seen */
	{ 0, 10, 1, 1, 10, 2, ERR_VAULT_DIVERGED, 0 },
	{ 0, 10, 1, 1, 7, 2, ERR_VAULT_DIVERGED, 0 },
	/* the file of before a slot was removed */
	{ 1, 10, 1, 0, 9, 2, ERR_VAULT_OLD, 0 },
	{ 2, 10, 1, 1, 9, 2, ERR_VAULT_OLD, 0 },
	/* ... and changed since by somebody who has the removed slot */
	{ 1, 10, 1, 0, 10, 2, ERR_VAULT_FORGED, 0 },
	{ 1, 10, 1, 0, 11, 2, ERR_VAULT_FORGED, 0 },
};

static void
test_cases(void **state)
{
	struct line_file seen, f;
	struct line_mark known;
	enum line_verdict v;
	size_t i;
	enum err e;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		seen = file_of(cases[i].seen_line, cases[i].seen_generation, cases[i].seen_hash);
		f = file_of(cases[i].line, cases[i].generation, cases[i].hash);
		line_mark_of(&seen, &known);
		e = line_check(&known, &f, &v);
		if (e != cases[i].e || (e == ERR_OK && v != cases[i].v))
			fail_msg("case %zu: %s", i, err_name(e));
		/* another vault */
		f.vault_id[0] ^= 1;
		assert_int_equal(line_check(&known, &f, &v), ERR_VAULT_FORGED);
		assert_int_equal(line_check(NULL, &f, &v), ERR_OK);
		assert_int_equal(v, LINE_FIRST);
	}
}

/* ---- seen ---- */

static struct line_mark
random_mark(void)
{
	struct line_mark m;

	fixture_fill(&rng, &m, sizeof(m));
	return m;
}

static void
test_seen_empty(void **state)
{
	static const uint8_t zeros[SEEN_SIZE];
	struct seen s;

	(void)state;
	seen_parse(SPAN_NONE, &s);
	assert_false(s.known || s.damaged);
	seen_parse(SPAN(zeros, SEEN_SIZE), &s);
	assert_false(s.known || s.damaged);
	seen_parse(SPAN(zeros, 100), &s);
	assert_true(!s.known && s.damaged);
	seen_parse(SPAN(zeros, 512), &s);
	assert_false(s.known || s.damaged);
}

/* Written in turn, the last one counts; a half that is torn leaves the one before. */
static void
test_seen_turns(void **state)
{
	uint8_t file[SEEN_SIZE] = { 0 }, torn[SEEN_SIZE], out[SEEN_HALF];
	struct line_mark m = { .generation = 0 }, before;
	struct seen s, got;
	size_t at, n;
	int i;

	(void)state;
	seen_parse(SPAN_NONE, &s);
	for (i = 0; i < 50; i++) {
		before = m;
		m = random_mark();
		seen_next(&s, &m, out, &at);
		assert_int_equal(at, i % 2 * 512);
		for (n = 0; n < 512; n += 1 + fixture_below(&rng, 30)) {
			memcpy(torn, file, sizeof(torn));
			memcpy(torn + at, out, n);
			seen_parse(SPAN(torn, sizeof(torn)), &got);
			assert_int_equal(got.known, i > 0);
			if (got.known && memcmp(torn, file, sizeof(torn)) != 0)
				assert_memory_equal(&got.mark, &before, sizeof(before));
		}
		memcpy(file + at, out, SEEN_HALF);
		seen_parse(SPAN(file, i == 0 ? 512 : 1024), &s);
		assert_true(s.known && !s.damaged);
		assert_int_equal(s.sequence, i + 1);
		assert_memory_equal(&s.mark, &m, sizeof(m));
	}
}

static void
test_seen_layout(void **state)
{
	struct line_mark m = { .generation = 0x0102 };
	struct seen s = { .known = true, .sequence = 6, .half = 1 };
	uint8_t out[SEEN_HALF], sum[32];
	size_t at;

	(void)state;
	memset(m.vault_id, 0x11, 16);
	memset(m.line, 0x22, 32);
	memset(m.last_hash, 0x33, 32);
	memset(m.before, 0x44, 32);
	seen_next(&s, &m, out, &at);
	assert_int_equal(at, 0);
	assert_memory_equal(out, "OWKS\0\1\0\0\0\0\0\0\0\0\0\7\x11", 17);
	assert_memory_equal(out + 32, m.line, 32);
	assert_memory_equal(out + 64, "\0\0\0\0\0\0\1\2", 8);
	assert_memory_equal(out + 72, m.last_hash, 32);
	assert_memory_equal(out + 104, m.before, 32);
	assert_true(outer_is_zero(out + 136, 344));
	crypto_sha256(SPAN(out, 480), sum);
	assert_memory_equal(out + 480, sum, 32);
}

/* Every flipped bit of a half makes it unknown, also with its sum made right. */
static void
test_seen_flips(void **state)
{
	struct line_mark m = random_mark();
	struct seen s = { 0 }, got;
	uint8_t out[SEEN_HALF];
	size_t at, i;

	(void)state;
	seen_next(&s, &m, out, &at);
	for (i = 0; i < SEEN_HALF * 8; i++) {
		out[i / 8] ^= (uint8_t)(1 << i % 8);
		seen_parse(SPAN(out, SEEN_HALF), &got);
		assert_true(!got.known && got.damaged);
		out[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < 480; i++) {
		if (i >= 8 && i < 136)
			continue;
		out[i] ^= 1;
		crypto_sha256(SPAN(out, 480), out + 480);
		seen_parse(SPAN(out, SEEN_HALF), &got);
		assert_true(!got.known && got.damaged);
		out[i] ^= 1;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_seen_empty),
		cmocka_unit_test(test_seen_turns),
		cmocka_unit_test(test_seen_layout),
		cmocka_unit_test(test_seen_flips),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
