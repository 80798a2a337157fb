/* agent/vault/outer.c, outer_slot.c: what is read before any key exists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vault_fixture.h"
#include "tests/unit/vectors.h"

static struct fixture fx;
static struct outer o;
static struct fixture_rng rng;

static int
setup(void **state)
{
	(void)state;
	fixture_make(&fx);
	rng = fixture_seed("outer");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

/* The fixture's file with one byte changed, its trailer made right if wanted, parsed. */
static enum err
parse_with(size_t at, uint8_t value, bool fix)
{
	uint8_t old = fx.file.p[at], trailer[32];
	size_t t = fx.file.len - 32;
	enum err e;

	memcpy(trailer, fx.file.p + t, 32);
	fx.file.p[at] = value;
	if (fix)
		crypto_sha256(SPAN(fx.file.p, t), fx.file.p + t);
	e = outer_parse(buf_span(&fx.file), &o);
	fx.file.p[at] = old;
	memcpy(fx.file.p + t, trailer, 32);
	return e;
}

static void
test_fixture(void **state)
{
	(void)state;
	assert_int_equal(outer_parse(buf_span(&fx.file), &o), ERR_OK);
	assert_memory_equal(o.raw, fx.outer.raw, OUTER_BODY);
	assert_int_equal(o.generation, 1);
	assert_string_equal(o.rp_id, "ownkey:vault");
	assert_int_equal(o.total_len, fx.file.len);
	assert_int_equal(fx.file.len, 33280 + 80 + 4096 + 32);
}

/* DESIGN 6, byte by byte: the table is not made from the code. */
static void
test_layout(void **state)
{
	const uint8_t *p = fx.file.p, *s = p + 512;

	(void)state;
	assert_memory_equal(p, "\x89OWK\r\n\x1a\n\0\1\0\1", 12);
	assert_int_equal(be32(p + 12), fx.file.len);
	assert_int_equal(p[16], 0x1d);
	assert_int_equal(be64(p + 32), 1);
	assert_int_equal(be16(p + 40), 16);
	assert_int_equal(be16(p + 42), 2048);
	assert_int_equal(be32(p + 44), 33280);
	assert_int_equal(be32(p + 48), 4176);
	assert_memory_equal(p + 64, "ownkey:vault\0", 13);
	assert_int_equal(p[128], 0x2d);
	assert_int_equal(p[160], 0x3d);
	assert_memory_equal(s, "\1\1\1\0\0\0\0\0", 8);
	assert_int_equal(be64(s + 8), FIXTURE_NOW - FIXTURE_NOW % 86400);
	assert_int_equal(s[16], 0x80);
	assert_memory_equal(s + 40, "\xff\xff\xff\xf9\0\x30\0\x40", 8);
	assert_int_equal(s[48], 0x80 ^ 0x55);
	assert_int_equal(s[256], 0x80 ^ 0x33);
	assert_int_equal(s[384], 0x80 ^ 0x77);
	assert_memory_equal(s + 1408, fx.outer.slot[0].box, 112);
	assert_memory_equal(s + 2048, "\1\4\0\0", 4);
	assert_memory_equal(s + 4096 + 32, "\0\0\0\x08\0\0\0\1", 8);
}

static void
test_magic_and_lengths(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(parse_with(i, 'x', true), ERR_FORMAT);
	assert_int_equal(outer_parse(SPAN_NONE, &o), ERR_FORMAT);
	for (i = 0; i < fx.file.len; i++)
		assert_int_equal(
		    outer_parse(SPAN(fx.file.p, i), &o), i < 8 ? ERR_FORMAT : ERR_VAULT_DAMAGED);
	for (i = 12; i < 16; i++)
		assert_int_equal(parse_with(i, fx.file.p[i] ^ 0x40, false), ERR_VAULT_DAMAGED);
	for (i = 48; i < 52; i++)
		assert_int_equal(parse_with(i, fx.file.p[i] ^ 0x40, true), ERR_VAULT_DAMAGED);
	assert_int_equal(
	    parse_with(fx.file.len - 1, fx.file.p[fx.file.len - 1] ^ 1, false), ERR_VAULT_DAMAGED);
}

/* Offset and value of one byte, and what it must lead to once the trailer is right. */
static const struct {
	uint16_t at;
	uint8_t value;
	enum err e;
} heads[] = {
	{ 9, 2, ERR_OK }, /* a later version that we may read */
	{ 9, 0, ERR_VAULT_HEADER },
	{ 11, 2, ERR_VERSION },
	{ 10, 1, ERR_VERSION },
	{ 11, 0, ERR_VAULT_HEADER },
	{ 39, 0, ERR_VAULT_HEADER }, /* generation 0 */
	{ 39, 2, ERR_OK },
	{ 41, 15, ERR_VAULT_HEADER },
	{ 42, 9, ERR_VAULT_HEADER },
	{ 46, 0, ERR_VAULT_HEADER },
	{ 64, 'O', ERR_VAULT_HEADER },
	{ 70, '.', ERR_VAULT_HEADER },
	{ 71, 0, ERR_VAULT_HEADER }, /* "ownkey:" and then a NUL in the middle */
	{ 73, 0, ERR_VAULT_HEADER },
	{ 73, ' ', ERR_VAULT_HEADER },
	{ 73, 0x7f, ERR_VAULT_HEADER },
	{ 73, 0xc3, ERR_VAULT_HEADER },
	{ 73, 'b', ERR_OK },
	{ 76, 'x', ERR_OK },
	{ 77, 'x', ERR_VAULT_HEADER },
	{ 127, 'x', ERR_VAULT_HEADER },
	{ 128, 1, ERR_OK },
	{ 191, 1, ERR_OK },
};

static void
test_head_fields(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		if (parse_with(heads[i].at, heads[i].value, true) != heads[i].e)
			fail_msg("head: byte %u = %u", heads[i].at, heads[i].value);
		if (heads[i].e != ERR_VERSION)
			assert_int_equal(
			    parse_with(heads[i].at, heads[i].value, false), ERR_VAULT_DAMAGED);
	}
}

static void
test_head_reserved(void **state)
{
	size_t i;

	(void)state;
	for (i = 52; i < 64; i++)
		assert_int_equal(parse_with(i, 1, true), ERR_VAULT_HEADER);
	for (i = 192; i < 512; i++)
		assert_int_equal(parse_with(i, 0x80, true), ERR_VAULT_HEADER);
}

/* ---- slots ---- */

static bool
is_reserved(const struct slot *s, size_t at)
{
	size_t wrap = outer_wrap_len(s);

	if ((at >= 4 && at < 8) || (at >= 160 && at < 256) || at >= 1408 + wrap)
		return true;
	if (at >= 256 + (size_t)s->pubkey_len && at < 384)
		return true;
	if (at >= 384 + (size_t)s->cred_id_len && at < 1408)
		return true;
	return !(s->factors & FACTOR_PASSPHRASE) &&
	    ((at >= 32 && at < 40) || (at >= 80 && at < 96));
}

static struct slot
random_slot(void)
{
	struct slot s = fixture_slot(1 + (unsigned)fixture_below(&rng, 7), 1);
	static const char *const hints[] = { "", "the blue one", "Schl\xc3\xbcssel",
		"12345678901234567890123456789012" };

	fixture_fill(&rng, s.id, sizeof(s.id));
	fixture_fill(&rng, s.kdf_salt, sizeof(s.kdf_salt));
	fixture_fill(&rng, s.xp, sizeof(s.xp));
	s.wrap = (uint8_t)fixture_below(&rng, 2);
	s.created = fixture_below(&rng, 1u << 20) * OUTER_DAY;
	fixture_fill(&rng, s.box, s.wrap ? 144 : 112);
	snprintf(s.hint, sizeof(s.hint), "%s", hints[fixture_below(&rng, 4)]);
	if (s.factors & FACTOR_TOKEN) {
		s.uv = (uint8_t)fixture_below(&rng, 2);
		s.cred_id_len = (uint16_t)(1 + fixture_below(&rng, 1024));
		memset(s.cred_id, 0, sizeof(s.cred_id));
		fixture_fill(&rng, s.cred_id, s.cred_id_len);
		if (fixture_below(&rng, 2)) {
			s.alg = -8;
			s.pubkey_len = 32;
			memset(s.pubkey + 32, 0, 32);
		}
	}
	if (s.factors & FACTOR_PASSPHRASE) {
		s.argon_m = 8 + (uint32_t)fixture_below(&rng, 2 * 1024 * 1024 - 7);
		s.argon_t = 1 + (uint32_t)fixture_below(&rng, 64);
	}
	return s;
}

static void
test_slot_round_trip(void **state)
{
	uint8_t raw[2048], again[2048], hdr[1408];
	struct slot s, t;
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		s = random_slot();
		assert_int_equal(outer_slot_build(&s, raw), ERR_OK);
		assert_int_equal(outer_slot_parse(raw, &t), ERR_OK);
		assert_int_equal(outer_slot_build(&t, again), ERR_OK);
		assert_memory_equal(raw, again, sizeof(raw));
		assert_int_equal(outer_slot_build_hdr(&s, hdr), ERR_OK);
		assert_memory_equal(raw, hdr, sizeof(hdr));
	}
}

static void
test_slot_reserved(void **state)
{
	uint8_t raw[2048];
	struct slot s, t;
	size_t at;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		s = random_slot();
		assert_int_equal(outer_slot_build(&s, raw), ERR_OK);
		for (at = 0; at < sizeof(raw); at++) {
			if (!is_reserved(&s, at))
				continue;
			assert_int_equal(raw[at], 0);
			raw[at] = 1;
			if (outer_slot_parse(raw, &t) != ERR_VAULT_SLOT)
				fail_msg("reserved byte %zu", at);
			raw[at] = 0;
		}
	}
	memset(raw, 0, sizeof(raw));
	assert_int_equal(outer_slot_parse(raw, &t), ERR_OK);
	for (at = 1; at < sizeof(raw); at++) {
		raw[at] = 1;
		assert_int_equal(outer_slot_parse(raw, &t), ERR_VAULT_SLOT);
		raw[at] = 0;
	}
}

/* Whatever is in the 2048 bytes: refused, or exactly what build makes of it. */
static void
test_slot_random_bytes(void **state)
{
	uint8_t raw[2048], again[2048];
	struct slot s, t;
	size_t n, k;
	int i, good = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		s = random_slot();
		assert_int_equal(outer_slot_build(&s, raw), ERR_OK);
		for (k = fixture_below(&rng, 3); k-- > 0;)
			raw[fixture_below(&rng, 2048)] ^= (uint8_t)(1 << fixture_below(&rng, 8));
		for (n = fixture_below(&rng, 3); n-- > 0;)
			raw[fixture_below(&rng, 48)] ^= (uint8_t)(1 << fixture_below(&rng, 8));
		if (outer_slot_parse(raw, &t) != ERR_OK || t.kind == SLOT_EMPTY)
			continue;
		good++;
		assert_int_equal(outer_slot_build(&t, again), ERR_OK);
		assert_memory_equal(raw, again, sizeof(raw));
	}
	assert_true(good > 100);
}

enum { TOKEN = 1, PHRASE = 2, PASS = 4 };

static const struct {
	int slots; /* which of the three it is tried on */
	uint16_t at;
	uint8_t value;
	enum err e;
} fields[] = {
	{ TOKEN | PHRASE | PASS, 0, 2, ERR_VERSION },
	{ TOKEN | PHRASE | PASS, 0, 3, ERR_VERSION },
	{ TOKEN | PHRASE | PASS, 0, 0, ERR_VAULT_SLOT },
	{ TOKEN | PHRASE | PASS, 1, 8, ERR_VERSION },
	{ TOKEN | PHRASE | PASS, 1, 0, ERR_VAULT_SLOT },
	{ TOKEN | PHRASE, 1, 2, ERR_VAULT_SLOT },
	{ PHRASE | PASS, 1, 1, ERR_VAULT_SLOT },
	{ TOKEN, 1, 5, ERR_OK },
	{ PHRASE | PASS, 1, 6, ERR_VAULT_SLOT }, /* PASS | PHRASE: allowed for the passphrase */
	{ TOKEN, 2, 0, ERR_OK },
	{ TOKEN, 2, 2, ERR_VAULT_SLOT },
	{ PHRASE | PASS, 2, 1, ERR_VAULT_SLOT },
	{ TOKEN | PHRASE | PASS, 3, 2, ERR_VERSION },
	{ TOKEN | PHRASE | PASS, 3, 1, ERR_OK }, /* its last 32 bytes are zero, which may be */
	{ TOKEN | PHRASE | PASS, 15, 1, ERR_VAULT_SLOT }, /* not a whole day */
	{ PASS, 35, 7, ERR_VAULT_SLOT },
	{ PASS, 33, 0x20, ERR_VAULT_SLOT }, /* 2 GiB and 8 KiB */
	{ PASS, 33, 0x1f, ERR_OK },
	{ PASS, 39, 0, ERR_VAULT_SLOT },
	{ PASS, 39, 64, ERR_OK },
	{ PASS, 39, 65, ERR_VAULT_SLOT },
	{ TOKEN, 43, 0xf8, ERR_VAULT_SLOT }, /* EdDSA with 64 bytes */
	{ TOKEN, 43, 0, ERR_VAULT_SLOT },
	{ PHRASE | PASS, 43, 1, ERR_VAULT_SLOT },
	{ TOKEN, 45, 0, ERR_VAULT_SLOT },
	{ TOKEN, 44, 5, ERR_VAULT_SLOT },
	{ TOKEN, 47, 65, ERR_VAULT_SLOT },
	{ TOKEN | PHRASE | PASS, 128, 'x', ERR_OK },
	{ TOKEN | PHRASE | PASS, 129, 'x', ERR_VAULT_SLOT }, /* behind a NUL */
	{ TOKEN | PHRASE | PASS, 128, '\n', ERR_VAULT_SLOT },
	{ TOKEN | PHRASE | PASS, 128, 0x1b, ERR_VAULT_SLOT },
	{ TOKEN | PHRASE | PASS, 128, 0xff, ERR_VAULT_SLOT },
};

static void
test_slot_fields(void **state)
{
	size_t i, k, other;
	enum err want;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		for (k = 0; k < 3; k++) {
			if (!(fields[i].slots & 1 << k))
				continue;
			want = fields[i].e;
			if (fields[i].at == 1 && fields[i].value == 6 && k == FIXTURE_PASS)
				want = ERR_OK;
			assert_int_equal(
			    parse_with(512 + k * 2048 + fields[i].at, fields[i].value, true),
			    ERR_OK);
			if (o.slot_err[k] != want)
				fail_msg("slot %zu: byte %u = %u: %s", k, fields[i].at,
				    fields[i].value, err_name(o.slot_err[k]));
			for (other = 0; other < 3; other++)
				assert_true(other == k || outer_slot_ok(&o, other));
			assert_int_equal(outer_slot_ok(&o, k), want == ERR_OK);
		}
}

/* An all zero id, salt or xp was never made by us. */
static void
test_slot_zero(void **state)
{
	static const size_t at[][2] = { { 16, 16 }, { 48, 32 }, { 96, 32 } };
	uint8_t raw[2048];
	struct slot s;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		memcpy(raw, fx.file.p + 512, sizeof(raw));
		memset(raw + at[i][0], 0, at[i][1]);
		assert_int_equal(outer_slot_parse(raw, &s), ERR_VAULT_SLOT);
	}
	memcpy(raw, fx.file.p + 512 + 2 * 2048, sizeof(raw));
	memset(raw + 80, 0, 16); /* Argon2 salt of the passphrase */
	assert_int_equal(outer_slot_parse(raw, &s), ERR_VAULT_SLOT);
}

static void
test_places(void **state)
{
	struct slot s = fx.outer.slot[0];
	int i;

	(void)state;
	o = fx.outer;
	assert_int_equal(outer_slot_free(&o), 3);
	assert_int_equal(outer_slot_find(&o, s.id), 0);
	assert_int_equal(outer_slot_by_cred(&o, SPAN(s.cred_id, s.cred_id_len)), 0);
	assert_int_equal(outer_slot_by_cred(&o, SPAN(s.cred_id, s.cred_id_len - 1)), -1);
	/* the same id twice: refused when made, the second one unusable when read */
	assert_int_equal(outer_slot_put(&o, 5, &s), ERR_VAULT_SLOT);
	assert_int_equal(outer_slot_put(&o, 16, &s), ERR_VAULT_SLOT);
	memcpy(o.raw + 512 + 5 * 2048, o.raw + 512, 2048);
	memcpy(fx.file.p, o.raw, OUTER_BODY);
	fixture_fix_trailer(fx.file.p);
	assert_int_equal(outer_parse(buf_span(&fx.file), &o), ERR_OK);
	assert_int_equal(o.slot_err[0], ERR_OK);
	assert_int_equal(o.slot_err[5], ERR_VAULT_SLOT);
	assert_int_equal(outer_slot_find(&o, s.id), 0);
	/* an unusable slot keeps its place and its bytes until it is cleared */
	for (i = 0; i < 12; i++) {
		memset(s.id, 0x40 + i, sizeof(s.id));
		assert_true(outer_slot_free(&o) != 5);
		assert_int_equal(outer_slot_put(&o, (size_t)outer_slot_free(&o), &s), ERR_OK);
	}
	assert_int_equal(outer_slot_free(&o), -1);
	outer_slot_clear(&o, 5);
	assert_int_equal(outer_slot_free(&o), 5);
	assert_true(outer_is_zero(o.raw + 512 + 5 * 2048, 2048));
	memcpy(fx.file.p, fx.outer.raw, OUTER_BODY);
	fixture_fix_trailer(fx.file.p);
}

static void
test_init(void **state)
{
	struct outer_new n = { .vault_id = { 1 }, .prf_salt = { 1 } };
	char longest[80];

	(void)state;
	assert_int_equal(outer_init(&o, &n), ERR_OK);
	assert_string_equal(o.rp_id, "ownkey:vault");
	n.rp_id = "ownkey:";
	assert_int_equal(outer_init(&o, &n), ERR_RANGE);
	n.rp_id = "example.org";
	assert_int_equal(outer_init(&o, &n), ERR_RANGE);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "ownkey:", 7);
	n.rp_id = longest;
	longest[64] = 0;
	assert_int_equal(outer_init(&o, &n), ERR_RANGE);
	longest[63] = 0;
	assert_int_equal(outer_init(&o, &n), ERR_OK);
	n.prf_salt[0] = 0;
	assert_int_equal(outer_init(&o, &n), ERR_RANGE);
}

/* Headers made by another implementation are read, and written the same. */
static void
test_vectors(void **state)
{
	char *all = vectors_read_shared("derive.json"), *at = all, *end;
	uint8_t raw[2048], hdr[1408];
	struct slot s;
	size_t i, n = 0;
	unsigned b;

	(void)state;
	while (at != NULL && (at = strstr(at, "\"slot_hdr\": \"")) != NULL) {
		at += 13;
		end = strchr(at, '"');
		assert_int_equal(end - at, 2 * 1408);
		memset(raw, 0, sizeof(raw));
		for (i = 0; i < 1408; i++) {
			assert_int_equal(sscanf(at + 2 * i, "%2x", &b), 1);
			raw[i] = (uint8_t)b;
		}
		assert_int_equal(outer_slot_parse(raw, &s), ERR_OK);
		assert_int_equal(outer_slot_build_hdr(&s, hdr), ERR_OK);
		assert_memory_equal(hdr, raw, sizeof(hdr));
		n++;
	}
	assert_true(all == NULL || n == 7);
	free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixture),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_magic_and_lengths),
		cmocka_unit_test(test_head_fields),
		cmocka_unit_test(test_head_reserved),
		cmocka_unit_test(test_slot_round_trip),
		cmocka_unit_test(test_slot_reserved),
		cmocka_unit_test(test_slot_random_bytes),
		cmocka_unit_test(test_slot_fields),
		cmocka_unit_test(test_slot_zero),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
