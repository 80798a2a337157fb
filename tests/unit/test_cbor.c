#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>

#define cbor_type libcbor_type
#include <cbor.h>
#undef cbor_type

#include "lib/cbor.h"
#include "lib/text.h"

/* Hex to bytes at p, which has room. */
static struct span
unhex(const char *hex, uint8_t *p, size_t cap)
{
	size_t n;

	assert_int_equal(text_decode(TEXT_HEX, span_str(hex), p, cap, &n), ERR_OK);
	return SPAN(p, n);
}

/* RFC 8949 appendix A, what of it is deterministic and neither tag nor float */
static const char *const good[] = {
	"00", "01", "0a", "17", "1818", "1819", "1864", "1903e8", "1a000f4240",
	"1b000000e8d4a51000", "1bffffffffffffffff", "3bffffffffffffffff", "20", "29", "3863",
	"3903e7", "f4", "f5", "f6", "40", "4401020304", "60", "6161", "6449455446", "62225c",
	"62c3bc", "63e6b0b4", "64f0908591", "80", "83010203", "8301820203820405",
	"98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0", "a201020304",
	"a26161016162820203", "826161a161626163", "a56161614161626142616361436164614461656145",
	"a301002000613000", /* keys of several types: 1, -1, "0" */
	"a2616200626161f6", /* the shorter one first */
	"8181818181818180", /* eight deep */
};

static const struct {
	const char *hex;
	enum err r;
	const char *why;
} bad[] = {
	{ "", ERR_TRUNCATED, "nothing" },
	{ "0000", ERR_FORMAT, "two items" },
	{ "1817", ERR_FORMAT, "23 in two bytes" },
	{ "1900ff", ERR_FORMAT, "255 in three" },
	{ "1a0000ffff", ERR_FORMAT, "65535 in five" },
	{ "1b00000000ffffffff", ERR_FORMAT, "2^32-1 in nine" },
	{ "5801aa", ERR_FORMAT, "long length" },
	{ "980100", ERR_FORMAT, "long count" },
	{ "1c", ERR_FORMAT, "reserved 28" },
	{ "1d", ERR_FORMAT, "reserved 29" },
	{ "1e", ERR_FORMAT, "reserved 30" },
	{ "1f", ERR_FORMAT, "indefinite integer" },
	{ "5f41aaff", ERR_FORMAT, "indefinite bytes" },
	{ "7f6161ff", ERR_FORMAT, "indefinite text" },
	{ "9f01ff", ERR_FORMAT, "indefinite array" },
	{ "bf0102ff", ERR_FORMAT, "indefinite map" },
	{ "ff", ERR_FORMAT, "break" },
	{ "c11a514b67b0", ERR_FORMAT, "tag" },
	{ "d74401020304", ERR_FORMAT, "tag 23" },
	{ "d9d9f700", ERR_FORMAT, "self-described" },
	{ "f7", ERR_FORMAT, "undefined" },
	{ "e0", ERR_FORMAT, "simple 0" },
	{ "f3", ERR_FORMAT, "simple 19" },
	{ "f820", ERR_FORMAT, "simple 32" },
	{ "f814", ERR_FORMAT, "false in two bytes" },
	{ "f93c00", ERR_FORMAT, "half" },
	{ "fa47c35000", ERR_FORMAT, "float" },
	{ "fb3ff199999999999a", ERR_FORMAT, "double" },
	{ "62c328", ERR_FORMAT, "no UTF-8" },
	{ "63eda080", ERR_FORMAT, "surrogate" },
	{ "62c080", ERR_FORMAT, "overlong NUL" },
	{ "a201000100", ERR_FORMAT, "duplicate key" },
	{ "a202000100", ERR_FORMAT, "unsorted" },
	{ "a2626161006162f6", ERR_FORMAT, "the longer key first" },
	{ "a220000100", ERR_FORMAT, "-1 before 1" },
	{ "81a1a1010002a2020001f6", ERR_FORMAT, "deep inside" },
	{ "818181818181818180", ERR_FORMAT, "nine deep" },
	{ "5b7fffffffffffffff", ERR_TRUNCATED, "F1: a length of 2^63-1" },
	{ "9b00000002ffffffff", ERR_TRUNCATED, "F1: an array of 12 G" },
	{ "bbffffffffffffffff", ERR_TRUNCATED, "F1: a map of 2^64-1" },
	{ "9affffffff", ERR_TRUNCATED, "F1: five bytes" },
	{ "a20100", ERR_TRUNCATED, "a pair is missing" },
	{ "a101", ERR_TRUNCATED, "a value is missing" },
};

static void
test_good(void **state)
{
	uint8_t p[64];
	struct span s, raw;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cbor c;

		s = unhex(good[i], p, sizeof(p));
		if (cbor_check(s) != ERR_OK)
			fail_msg("%s", good[i]);
		c = cbor_from(s);
		assert_int_equal(cbor_skip(&c, &raw), ERR_OK);
		assert_true(cbor_at_end(&c));
		assert_true(raw.p == s.p && raw.len == s.len);
		for (n = 0; n < s.len; n++)
			assert_int_equal(cbor_check(SPAN(s.p, n)), ERR_TRUNCATED);
	}
}

static void
test_bad(void **state)
{
	uint8_t p[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct span s = unhex(bad[i].hex, p, sizeof(p));
		struct cbor c = cbor_from(s);

		if (cbor_check(s) != bad[i].r)
			fail_msg("%s: %d", bad[i].why, cbor_check(s));
		if (cbor_skip(&c, NULL) != ERR_OK)
			assert_ptr_equal(c.p, s.p);
	}
}

static void
test_heads_both_ways(void **state)
{
	static const uint64_t edges[] = { 0, 23, 24, 255, 256, 65535, 65536, 0xffffffff,
		0x100000000, UINT64_MAX };
	static const size_t lens[] = { 1, 1, 2, 2, 3, 3, 5, 5, 9, 9 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct buf b = BUF_INIT;
		struct cbor c;
		uint64_t v = 1;

		cbor_put_uint(&b, edges[i]);
		assert_int_equal(b.len, lens[i]);
		c = cbor_from(buf_span(&b));
		assert_int_equal(cbor_get_uint(&c, &v), ERR_OK);
		assert_true(v == edges[i] && cbor_at_end(&c));
		buf_done(&b);
	}
}

static void
test_ints(void **state)
{
	static const int64_t edges[] = { 0, 1, -1, -24, -25, INT64_MAX, INT64_MIN, -256, -257 };
	uint8_t p[16];
	int64_t v = 7;
	struct cbor c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct buf b = BUF_INIT;

		cbor_put_int(&b, edges[i]);
		c = cbor_from(buf_span(&b));
		assert_int_equal(cbor_get_int(&c, &v), ERR_OK);
		assert_true(v == edges[i] && cbor_at_end(&c));
		buf_done(&b);
	}
	c = cbor_from(unhex("1b8000000000000000", p, sizeof(p)));
	assert_int_equal(cbor_get_int(&c, &v), ERR_FORMAT);
	c = cbor_from(unhex("3b8000000000000000", p, sizeof(p)));
	assert_int_equal(cbor_get_int(&c, &v), ERR_FORMAT);
}

/* A count that is handed out can be trusted: that many items may be there. */
static void
test_counts(void **state)
{
	uint8_t p[8];
	struct cbor c;
	size_t n = 99;

	(void)state;
	c = cbor_from(unhex("a2000000", p, sizeof(p)));
	assert_int_equal(cbor_get_map(&c, &n), ERR_TRUNCATED);
	c = cbor_from(unhex("8200", p, sizeof(p)));
	assert_int_equal(cbor_get_array(&c, &n), ERR_TRUNCATED);
	c = cbor_from(unhex("4200", p, sizeof(p)));
	assert_int_equal(cbor_get_array(&c, &n), ERR_TRUNCATED);
	assert_int_equal(n, 99);
	c = cbor_from(unhex("a200000100", p, sizeof(p)));
	assert_true(cbor_get_map(&c, &n) == ERR_OK && n == 2);
}

/* Every getter refuses every other type, and leaves cursor and result alone. */
static void
test_types(void **state)
{
	static const uint8_t items[][2] = { { 0x01 }, { 0x20 }, { 0x41, 'x' }, { 0x61, 'x' },
		{ 0x81, 0 }, { 0xa0 }, { 0xf5 }, { 0xf6 } };
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct cbor c = cbor_from(SPAN(items[i], 2)), at;
		struct cbor_head h;
		struct span s = SPAN_NONE;
		uint64_t u = 99;
		int64_t v = 99;
		bool t = false;

		at = c;
		assert_int_equal(cbor_get_uint(&at, &u) == ERR_OK, i == 0);
		assert_true(i == 0 ? u == 1 : u == 99 && at.p == c.p);
		at = c;
		assert_int_equal(cbor_get_int(&at, &v) == ERR_OK, i <= 1);
		assert_true(i == 1 ? v == -1 : i == 0 || (v == 99 && at.p == c.p));
		at = c;
		assert_int_equal(cbor_get_bytes(&at, &s) == ERR_OK, i == 2);
		assert_true(i == 2 ? span_is(s, "x") : s.p == NULL && at.p == c.p);
		at = c;
		s = SPAN_NONE;
		assert_int_equal(cbor_get_text(&at, &s) == ERR_OK, i == 3);
		assert_true(i == 3 ? span_is(s, "x") : s.p == NULL && at.p == c.p);
		at = c;
		n = 99;
		assert_int_equal(cbor_get_array(&at, &n) == ERR_OK, i == 4);
		assert_true(i == 4 ? n == 1 : n == 99 && at.p == c.p);
		at = c;
		n = 99;
		assert_int_equal(cbor_get_map(&at, &n) == ERR_OK, i == 5);
		assert_true(i == 5 ? n == 0 : n == 99 && at.p == c.p);
		at = c;
		assert_int_equal(cbor_get_bool(&at, &t) == ERR_OK, i == 6);
		assert_true(i == 6 ? t : !t && at.p == c.p);
		assert_int_equal(cbor_peek(&c, &h), ERR_OK);
		assert_ptr_equal(c.p, items[i]);
	}
}

/* --- the second opinion --- */

static uint32_t seed;

static uint32_t
rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static uint64_t
rnd_number(void)
{
	uint64_t v = (uint64_t)rnd(1 << 24) << 40 | (uint64_t)rnd(1 << 24) << 16 | rnd(1 << 16);

	return v >> rnd(64);
}

static size_t
rnd_text(char *p)
{
	static const char *const parts[] = { "a", "Z", "\xc3\xbc", "\xe6\xb0\xb4",
		"\xf0\x9f\x91\x8d" };
	size_t n = rnd(30);

	for (*p = 0; n > 0; n--)
		strcat(p, parts[rnd(5)]);
	return strlen(p);
}

static void
put_tree(struct buf *b, int depth)
{
	uint64_t n, i, key = 0;
	char text[256];

	switch (rnd(depth < CBOR_DEPTH ? 8 : 6)) {
	case 0:
		cbor_put_uint(b, rnd_number());
		break;
	case 1:
		cbor_put_int(b, -1 - (int64_t)(rnd_number() >> 1));
		break;
	case 2:
		n = rnd_text(text);
		cbor_put_bytes(b, SPAN(text, n));
		break;
	case 3:
		rnd_text(text);
		cbor_put_str(b, text);
		break;
	case 4:
		cbor_put_bool(b, rnd(2));
		break;
	case 5:
		cbor_put_null(b);
		break;
	case 6:
		cbor_put_array(b, n = rnd(depth ? 6 : 30));
		for (i = 0; i < n; i++)
			put_tree(b, depth + 1);
		break;
	default:
		cbor_put_map(b, n = rnd(depth ? 6 : 30));
		for (i = 0; i < n; i++) {
			cbor_put_uint(b, key += 1 + rnd(300));
			put_tree(b, depth + 1);
		}
	}
}

static uint64_t
number_of(const cbor_item_t *it)
{
	switch (cbor_int_get_width(it)) {
	case CBOR_INT_8:
		return cbor_get_uint8(it);
	case CBOR_INT_16:
		return cbor_get_uint16(it);
	case CBOR_INT_32:
		return cbor_get_uint32(it);
	default:
		return cbor_get_uint64(it);
	}
}

/* Our cursor and libcbor's tree side by side. */
static void
compare(struct cbor *c, const cbor_item_t *it)
{
	struct cbor_head h;
	struct span s;
	size_t i;

	assert_int_equal(cbor_peek(c, &h), ERR_OK);
	assert_int_equal((int)h.type, (int)cbor_typeof(it));
	if (h.type == CBOR_BYTES || h.type == CBOR_TEXT) {
		assert_int_equal(
		    h.type == CBOR_BYTES ? cbor_get_bytes(c, &s) : cbor_get_text(c, &s), ERR_OK);
		assert_true(h.type == CBOR_BYTES
			? span_eq(s, SPAN(cbor_bytestring_handle(it), cbor_bytestring_length(it)))
			: span_eq(s, SPAN(cbor_string_handle(it), cbor_string_length(it))));
		return;
	}
	assert_int_equal(cbor_get_head(c, &h), ERR_OK);
	switch (h.type) {
	case CBOR_UINT:
	case CBOR_NINT:
		assert_true(number_of(it) == h.n);
		break;
	case CBOR_ARRAY:
		assert_int_equal(cbor_array_size(it), h.n);
		for (i = 0; i < h.n; i++)
			compare(c, cbor_array_handle(it)[i]);
		break;
	case CBOR_MAP:
		assert_int_equal(cbor_map_size(it), h.n);
		for (i = 0; i < h.n; i++) {
			compare(c, cbor_map_handle(it)[i].key);
			compare(c, cbor_map_handle(it)[i].value);
		}
		break;
	default:
		assert_int_equal(cbor_ctrl_value(it), h.n);
	}
}

static void
test_libcbor_agrees(void **state)
{
	int round;
	size_t biggest = 0;

	(void)state;
	for (round = 0; round < 3000; round++) {
		struct buf b = BUF_INIT;
		struct cbor_load_result res;
		struct cbor c;
		cbor_item_t *it;

		seed = (uint32_t)round;
		put_tree(&b, 0);
		assert_int_equal(buf_err(&b), ERR_OK);
		assert_int_equal(cbor_check(buf_span(&b)), ERR_OK);
		it = cbor_load(b.p, b.len, &res);
		assert_non_null(it);
		assert_int_equal(res.read, b.len);
		c = cbor_from(buf_span(&b));
		compare(&c, it);
		assert_true(cbor_at_end(&c));
		biggest = b.len > biggest ? b.len : biggest;
		cbor_decref(&it);
		buf_done(&b);
	}
	assert_true(biggest > 500);
}

/* A tree that libcbor built and wrote is one that we accept. */
static void
test_libcbor_writes(void **state)
{
	cbor_item_t *map = cbor_new_definite_map(2), *list = cbor_new_definite_array(3);
	unsigned char *p = NULL;
	struct span key, raw;
	size_t size, n;
	struct cbor c;
	bool t;

	(void)state;
	assert_true(cbor_array_push(list, cbor_move(cbor_build_bool(true))));
	assert_true(cbor_array_push(list, cbor_move(cbor_build_negint8(24))));
	assert_true(cbor_array_push(list, cbor_move(cbor_new_null())));
	assert_true(cbor_map_add(map, (struct cbor_pair){ cbor_move(cbor_build_uint8(3)), list }));
	assert_true(cbor_map_add(map,
	    (struct cbor_pair){
		cbor_move(cbor_build_string("fmt")), cbor_move(cbor_build_string("none")) }));
	n = cbor_serialize_alloc(map, &p, &size);
	assert_int_equal(cbor_check(SPAN(p, n)), ERR_OK);
	c = cbor_from(SPAN(p, n));
	assert_true(cbor_get_map(&c, &n) == ERR_OK && n == 2);
	assert_true(cbor_skip(&c, NULL) == ERR_OK);
	assert_true(cbor_get_array(&c, &n) == ERR_OK && n == 3);
	assert_true(cbor_get_bool(&c, &t) == ERR_OK && t);
	assert_true(cbor_skip(&c, &raw) == ERR_OK && raw.len == 2);
	assert_true(cbor_skip(&c, &raw) == ERR_OK && raw.p[0] == 0xf6);
	assert_true(cbor_get_text(&c, &key) == ERR_OK && span_is(key, "fmt"));
	assert_true(cbor_get_text(&c, &key) == ERR_OK && span_is(key, "none"));
	assert_true(cbor_at_end(&c));
	free(p);
	cbor_decref(&list);
	cbor_decref(&map);
}

/* Were one of our names libcbor's too, libfido2 would call ours in ownkey-token (cbor.h). */
static void
test_no_name_of_libcbor(void **state)
{
#define NAME(f) #f
#define STR(f)	NAME(f)
	static const char *const ours[] = { STR(cbor_peek), STR(cbor_get_head), STR(cbor_get_uint),
		STR(cbor_get_int), STR(cbor_get_bool), STR(cbor_get_bytes), STR(cbor_get_text),
		STR(cbor_get_array), STR(cbor_get_map), STR(cbor_skip), STR(cbor_check),
		STR(cbor_put_head), STR(cbor_put_uint), STR(cbor_put_int), STR(cbor_put_bool),
		STR(cbor_put_null), STR(cbor_put_bytes), STR(cbor_put_text), STR(cbor_put_str),
		STR(cbor_put_array), STR(cbor_put_map) };
	void *lib;
	Dl_info info;
	size_t i;

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)cbor_isa_uint, &info) != 0);
	assert_non_null(lib = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD));
	assert_non_null(dlsym(lib, "cbor_load"));
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (dlsym(lib, ours[i]) != NULL)
			fail_msg("libcbor has %s too", ours[i]);
	dlclose(lib);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_heads_both_ways),
		cmocka_unit_test(test_ints),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_libcbor_agrees),
		cmocka_unit_test(test_libcbor_writes),
		cmocka_unit_test(test_no_name_of_libcbor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
