#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/text.h"
#include "lib/wire.h"

struct part {
	uint64_t has;
	uint64_t id;
	struct span note;
};

static const struct wire_field part_fields[] = {
	WIRE_F(part, 1, UINT, 0, id, 1, 1000, "number"),
	WIRE_F(part, 2, TEXT, WF_OPT | WF_SECRET, note, 0, 10, "note"),
};

static const struct wire_map part_map = { "part", sizeof(struct part), part_fields, 2, false, 0 };

struct whole {
	uint64_t has;
	uint64_t number;
	int64_t delta;
	bool flag;
	struct span blob;
	struct span text;
	struct part part;
	struct wire_list parts;
	struct wire_list numbers;
	struct wire_list blobs;
	struct span raw;
	uint64_t color;
	struct span pin;
	int64_t any;
	struct wire_rest rest;
};

static const struct wire_field whole_fields[] = {
	WIRE_F(whole, 1, UINT, 0, number, 5, 300, "a number"),
	WIRE_F(whole, 2, INT, WF_OPT, delta, (uint64_t)-10, 10, "a signed number"),
	WIRE_F(whole, 3, BOOL, WF_OPT, flag, 0, 0, "yes or no"),
	WIRE_F(whole, 4, BYTES, WF_OPT, blob, 2, 4, "bytes"),
	WIRE_F(whole, 6, TEXT, WF_OPT, text, 1, 20, "text"),
	WIRE_S(whole, 7, MAP, WF_OPT, part, &part_map, 0, "one part"),
	WIRE_S(whole, 8, LIST, WF_OPT, parts, &part_map, 3, "parts"),
	WIRE_F(whole, 9, UINTS, WF_OPT, numbers, 0, 30, "numbers"),
	WIRE_F(whole, 10, BLOBS, WF_OPT | WF_HEX, blobs, 1, 3, "byte strings"),
	WIRE_F(whole, 11, RAW, WF_OPT, raw, 0, 0, "anything"),
	WIRE_E(whole, 12, WF_OPT, color, 5, "red|green||blue", "a name"),
	WIRE_F(whole, 13, BYTES, WF_OPT | WF_SECRET | WF_HEX, pin, 0, 8, "a secret"),
	WIRE_F(whole, 14, INT, WF_OPT, any, 0, 0, "any signed number"),
};

#define NFIELDS (sizeof(whole_fields) / sizeof(whole_fields[0]))

static const struct wire_map closed_map = { "whole", sizeof(struct whole), whole_fields, NFIELDS,
	false, 0 };
static const struct wire_map open_map = { "whole", sizeof(struct whole), whole_fields, NFIELDS,
	true, offsetof(struct whole, rest) };

static struct span
unhex(const char *hex)
{
	static uint8_t p[512];
	size_t n;

	assert_int_equal(text_decode(TEXT_HEX, span_str(hex), p, sizeof(p), &n), ERR_OK);
	return SPAN(p, n);
}

static enum err
decode(const char *hex)
{
	struct whole w;

	return wire_decode(&closed_map, unhex(hex), &w);
}

/* Everything present. */
static void
fill(struct whole *w)
{
	static const struct part parts[2] = {
		{ .has = 1, .id = 7 },
		{ .has = 3, .id = 8, .note = { (const uint8_t *)"n", 1 } },
	};
	static const uint64_t numbers[] = { 0, 30, 24 };
	static const struct span blobs[] = { { (const uint8_t *)"x", 1 },
		{ (const uint8_t *)"\x00\xff\x01", 3 } };

	*w = (struct whole){ .number = 300, .delta = -10, .flag = true, .color = 3, .any = -1 };
	w->blob = SPAN_LIT("ab");
	w->text = SPAN_LIT("line\n\ttab \xc3\xbc");
	w->part = (struct part){ .id = 1 };
	w->parts = (struct wire_list){ parts, 2, SPAN_NONE };
	w->numbers = (struct wire_list){ numbers, 3, SPAN_NONE };
	w->blobs = (struct wire_list){ blobs, 2, SPAN_NONE };
	w->raw = SPAN_LIT("\x82\x20\xa1\x61z\xf6");
	w->pin = SPAN_LIT("1234");
	wire_mark(&closed_map, w);
}

static void
test_all_types(void **state)
{
	struct whole w, got;
	struct buf b = BUF_INIT, again = BUF_INIT;
	struct part part;
	struct cbor c;
	struct span s;
	uint64_t u;

	(void)state;
	fill(&w);
	assert_true(w.has == ((uint64_t)1 << NFIELDS) - 1);
	assert_int_equal(wire_encode(&closed_map, &w, &b), ERR_OK);
	assert_int_equal(wire_decode(&closed_map, buf_span(&b), NULL), ERR_OK);
	assert_int_equal(wire_decode(&closed_map, buf_span(&b), &got), ERR_OK);
	assert_true(got.has == w.has && got.number == 300 && got.delta == -10 && got.flag);
	assert_true(got.color == 3 && got.any == -1 && got.part.has == 1 && got.part.id == 1);
	assert_true(span_eq(got.blob, w.blob) && span_eq(got.text, w.text));
	assert_true(span_eq(got.raw, w.raw) && span_is(got.pin, "1234"));

	c = wire_each(&got.parts);
	assert_int_equal(got.parts.n, 2);
	assert_int_equal(wire_next(&part_map, &c, &part), ERR_OK);
	assert_true(part.id == 7 && part.has == 1 && part.note.p == NULL);
	assert_int_equal(wire_next(&part_map, &c, &part), ERR_OK);
	assert_true(part.id == 8 && span_is(part.note, "n") && cbor_at_end(&c));

	c = wire_each(&got.numbers);
	assert_true(cbor_get_uint(&c, &u) == ERR_OK && u == 0);
	assert_true(cbor_get_uint(&c, &u) == ERR_OK && u == 30);
	assert_true(cbor_get_uint(&c, &u) == ERR_OK && u == 24 && cbor_at_end(&c));
	c = wire_each(&got.blobs);
	assert_true(cbor_get_bytes(&c, &s) == ERR_OK && span_is(s, "x"));
	assert_true(cbor_get_bytes(&c, &s) == ERR_OK && s.len == 3 && cbor_at_end(&c));

	/* what was decoded encodes to the same, lists from their raw bytes */
	assert_int_equal(wire_encode(&closed_map, &got, &again), ERR_OK);
	assert_true(span_eq(buf_span(&b), buf_span(&again)));
	buf_done(&b);
	buf_done(&again);
}

static const struct {
	const char *hex;
	enum err r;
	const char *why;
} rows[] = {
	{ "a10105", ERR_OK, "the least there is" },
	{ "a0", ERR_FORMAT, "mandatory field absent" },
	{ "a102", ERR_TRUNCATED, "no value" },
	{ "a10200", ERR_FORMAT, "mandatory field absent, another there" },
	{ "a1010500", ERR_FORMAT, "bytes behind it" },
	{ "a20105", ERR_TRUNCATED, "a pair is missing" },
	{ "a1011805", ERR_FORMAT, "not the shortest form" },
	{ "a101190100", ERR_OK, "256" },
	{ "a10104", ERR_RANGE, "number below" },
	{ "a10119012d", ERR_RANGE, "number above" },
	{ "a10120", ERR_FORMAT, "negative" },
	{ "a1014105", ERR_FORMAT, "bytes for a number" },
	{ "8105", ERR_FORMAT, "no map" },
	{ "a1200501", ERR_FORMAT, "key is no unsigned number" },
	{ "a1613105", ERR_FORMAT, "key is text" },
	{ "a201050105", ERR_FORMAT, "key twice" },
	{ "a202000105", ERR_FORMAT, "keys unsorted" },
	{ "a3010503f502f5", ERR_FORMAT, "keys unsorted among optional ones" },
	{ "a201050500", ERR_VERSION, "unknown key in between" },
	{ "a20105181800", ERR_VERSION, "unknown key at the end" },
	{ "a200000105", ERR_VERSION, "unknown key in front" },
	{ "a201050229", ERR_OK, "-10" },
	{ "a20105022a", ERR_RANGE, "-11" },
	{ "a20105020a", ERR_OK, "10" },
	{ "a20105020b", ERR_RANGE, "11" },
	{ "a201050e3b7fffffffffffffff", ERR_OK, "any, lowest" },
	{ "a201050e1b7fffffffffffffff", ERR_OK, "any, highest" },
	{ "a201050e1b8000000000000000", ERR_FORMAT, "beyond int64" },
	{ "a2010503f4", ERR_OK, "false" },
	{ "a2010503f6", ERR_FORMAT, "null for a bool" },
	{ "a201050301", ERR_FORMAT, "1 for a bool" },
	{ "a201050441aa", ERR_RANGE, "too few bytes" },
	{ "a201050445aaaaaaaaaa", ERR_TOOBIG, "too many bytes" },
	{ "a20105046161", ERR_FORMAT, "text for bytes" },
	{ "a2010506426161", ERR_FORMAT, "bytes for text" },
	{ "a201050660", ERR_RANGE, "empty text" },
	{ "a201050662c328", ERR_FORMAT, "no UTF-8" },
	{ "a20105066100", ERR_TEXT, "NUL" },
	{ "a201050662611b", ERR_TEXT, "escape" },
	{ "a201050662610d", ERR_TEXT, "carriage return" },
	{ "a201050662617f", ERR_TEXT, "DEL" },
	{ "a201050662c285", ERR_TEXT, "C1" },
	{ "a201050662c2a0", ERR_OK, "the first behind C1" },
	{ "a201050663610a09", ERR_OK, "newline and tab" },
	{ "a20105067561616161616161616161616161616161616161616161", ERR_TOOBIG, "long text" },
	{ "a2010507a0", ERR_FORMAT, "part without its mandatory field" },
	{ "a2010507a10100", ERR_RANGE, "part out of range" },
	{ "a2010507a201010300", ERR_VERSION, "unknown key in a part" },
	{ "a2010508a0", ERR_FORMAT, "map for a list" },
	{ "a201050880", ERR_OK, "empty list" },
	{ "a201050884a10101a10101a10101a10101", ERR_TOOBIG, "long list" },
	{ "a201050882a10101a0", ERR_FORMAT, "bad item of a list" },
	{ "a201050881", ERR_TRUNCATED, "no item" },
	{ "a2010509821818181f", ERR_RANGE, "bad number of a list" },
	{ "a20105098120", ERR_FORMAT, "negative number of a list" },
	{ "a201050a8140", ERR_RANGE, "empty byte string of a list" },
	{ "a201050a8144aaaaaaaa", ERR_TOOBIG, "long byte string of a list" },
	{ "a201050ba2020001f6", ERR_FORMAT, "unsorted keys in anything" },
	{ "a201050bc000", ERR_FORMAT, "a tag in anything" },
	{ "a201050b818181818181818180", ERR_FORMAT, "anything too deep" },
	{ "a201050c05", ERR_OK, "number without a name" },
	{ "a201050c06", ERR_RANGE, "number beyond the names" },
};

static void
test_limits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (decode(rows[i].hex) != rows[i].r)
			fail_msg("%s: %s", rows[i].why, err_name(decode(rows[i].hex)));
	}
}

static void
test_cursor(void **state)
{
	struct whole w;
	struct span s = unhex("a10105a10106a101");
	struct cbor c = cbor_from(s);

	(void)state;
	assert_true(wire_decode_at(&closed_map, &c, &w) == ERR_OK && w.number == 5);
	assert_true(wire_decode_at(&closed_map, &c, &w) == ERR_OK && w.number == 6);
	assert_int_equal(wire_decode_at(&closed_map, &c, &w), ERR_TRUNCATED);
	assert_ptr_equal(c.p, s.p + 6);
}

static void
test_zeroed(void **state)
{
	struct whole w;

	(void)state;
	memset(&w, 0xff, sizeof(w));
	assert_int_equal(wire_decode(&open_map, unhex("a10105"), &w), ERR_OK);
	assert_true(w.has == 1 && w.delta == 0 && !w.flag && w.text.p == NULL && w.parts.n == 0);
	assert_true(w.part.has == 0 && w.rest.n == 0);
}

/* A newer version's fields survive our rewriting; ours are changed around them. */
static void
test_rest_survives(void **state)
{
	static const char from[] = "a4010518206178182182011864190100a0";
	static const char to[] = "a5010603f518206178182182011864190100a0";
	struct buf b = BUF_INIT;
	struct whole w;
	uint8_t p[64];
	size_t n;

	(void)state;
	assert_int_equal(text_decode(TEXT_HEX, span_str(from), p, sizeof(p), &n), ERR_OK);
	assert_int_equal(wire_decode(&closed_map, SPAN(p, n), &w), ERR_VERSION);
	assert_int_equal(wire_decode(&open_map, SPAN(p, n), &w), ERR_OK);
	assert_int_equal(w.rest.n, 3);
	assert_int_equal(wire_encode(&open_map, &w, &b), ERR_OK);
	assert_true(span_eq(buf_span(&b), SPAN(p, n)));
	buf_reset(&b);
	w.number = 6;
	w.flag = true;
	wire_set(&open_map, &w, "flag");
	assert_int_equal(wire_encode(&open_map, &w, &b), ERR_OK);
	assert_true(span_eq(buf_span(&b), unhex(to)));
	buf_done(&b);
}

static void
test_rest_checked(void **state)
{
	static const char *const bad[] = {
		"a301051820001820f6", /* a key twice */
		"a301051821001820f6", /* unsorted */
		"a20105613000",	      /* not a number */
		"a201051820c000",     /* a tag */
		"a2010518201817",     /* not the shortest form */
	};
	struct whole w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wire_decode(&open_map, unhex(bad[i]), &w), ERR_FORMAT);
	assert_int_equal(wire_decode(&open_map, unhex("a201050500"), &w), ERR_VERSION);
}

/* What cannot be decoded is not written, and what was in the buffer stays. */
static void
refuse(struct whole *w, enum err want)
{
	struct buf b = BUF_INIT;

	buf_put_str(&b, "before");
	assert_int_equal(wire_encode(&closed_map, w, &b), want);
	assert_string_equal(buf_cstr(&b), "before");
	assert_int_equal(buf_err(&b), ERR_OK);
	buf_done(&b);
}

static void
test_encode_checks(void **state)
{
	static const struct part bad_part = { .has = 0 };
	struct whole w;

	(void)state;
	fill(&w);
	w.number = 301;
	refuse(&w, ERR_RANGE);
	fill(&w);
	w.text = SPAN_LIT("\x1b[31m");
	refuse(&w, ERR_TEXT);
	fill(&w);
	w.blob = SPAN_LIT("too long");
	refuse(&w, ERR_TOOBIG);
	fill(&w);
	w.raw = SPAN_LIT("\x01\x02");
	refuse(&w, ERR_FORMAT);
	fill(&w);
	w.has &= ~(uint64_t)1;
	refuse(&w, ERR_INTERNAL);
	fill(&w);
	w.has |= (uint64_t)1 << 63;
	refuse(&w, ERR_INTERNAL);
	fill(&w);
	w.parts = (struct wire_list){ &bad_part, 1, SPAN_NONE };
	refuse(&w, ERR_INTERNAL);
	fill(&w);
	w.numbers = (struct wire_list){ NULL, 2, SPAN_LIT("\x01") };
	refuse(&w, ERR_FORMAT);
}

static void
test_encode_no_room(void **state)
{
	struct buf b = { .max = 10 };
	struct whole w;

	(void)state;
	fill(&w);
	assert_int_equal(wire_encode(&closed_map, &w, &b), ERR_TOOBIG);
	assert_int_equal(buf_err(&b), ERR_TOOBIG);
	buf_done(&b);
}

static void
test_presence(void **state)
{
	struct whole w = { .number = 5, .part.note = { (const uint8_t *)"x", 1 } };
	struct buf b = BUF_INIT;

	(void)state;
	wire_mark(&closed_map, &w);
	assert_true(wire_has(&closed_map, &w, "number") && wire_has(&closed_map, &w, "part"));
	assert_false(wire_has(&closed_map, &w, "delta") || wire_has(&closed_map, &w, "flag"));
	assert_true(w.part.has == 3); /* its mandatory field too */
	w = (struct whole){ .number = 0 };
	wire_mark(&closed_map, &w);
	assert_true(w.has == 1);
	assert_true(w.part.has == 0);
	w.number = 5;
	wire_set(&closed_map, &w, "delta"); /* zero, but said */
	assert_int_equal(wire_encode(&closed_map, &w, &b), ERR_OK);
	assert_true(span_eq(buf_span(&b), unhex("a201050200")));
	buf_done(&b);
}

static void
test_unknown_name_aborts(void **state)
{
	struct whole w = { .has = 0 };
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		signal(SIGABRT, SIG_DFL);
		wire_set(&closed_map, &w, "colour");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* A message that holds itself stops at CBOR_DEPTH, however deep the input. */
struct tree {
	uint64_t has;
	struct wire_list below;
};

static const struct wire_map tree_map;
static const struct wire_field tree_fields[] = {
	WIRE_S(tree, 1, LIST, WF_OPT, below, &tree_map, 10, "more of it"),
};
static const struct wire_map tree_map = { "tree", sizeof(struct tree), tree_fields, 1, false, 0 };

static void
test_depth(void **state)
{
	uint8_t p[3 * 20 + 1];
	struct tree t;
	int n;

	(void)state;
	for (n = 0; n <= 20; n++) {
		int i;

		for (i = 0; i < n; i++)
			memcpy(p + 3 * i, "\xa1\x01\x81", 3);
		p[3 * n] = 0xa0;
		assert_int_equal(wire_decode(&tree_map, SPAN(p, 3 * (size_t)n + 1), &t),
		    n <= CBOR_DEPTH ? ERR_OK : ERR_FORMAT);
	}
}

/* --- JSON --- */

static void
expect_json(const char *hex, bool show, const char *want)
{
	struct buf b = BUF_INIT;

	assert_int_equal(wire_json(&open_map, unhex(hex), show, &b), ERR_OK);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
test_json_all(void **state)
{
	struct buf b = BUF_INIT, json = BUF_INIT;
	struct whole w;

	(void)state;
	fill(&w);
	assert_int_equal(wire_encode(&closed_map, &w, &b), ERR_OK);
	assert_int_equal(wire_json(&closed_map, buf_span(&b), false, &json), ERR_OK);
	assert_string_equal(buf_cstr(&json),
	    "{\"number\":300,\"delta\":-10,\"flag\":true,\"blob\":\"YWI=\","
	    "\"text\":\"line\\u000a\\u0009tab \xc3\xbc\",\"part\":{\"id\":1},"
	    "\"parts\":[{\"id\":7},{\"id\":8}],\"numbers\":[0,30,24],"
	    "\"blobs\":[\"78\",\"00ff01\"],\"raw\":[-1,{\"z\":null}],"
	    "\"color\":\"blue\",\"any\":-1}");
	buf_reset(&json);
	assert_int_equal(wire_json(&closed_map, buf_span(&b), true, &json), ERR_OK);
	assert_non_null(strstr(buf_cstr(&json), "\"pin\":\"31323334\""));
	assert_non_null(strstr(buf_cstr(&json), "{\"id\":8,\"note\":\"n\"}"));
	buf_done(&b);
	buf_done(&json);
}

static void
test_json_details(void **state)
{
	(void)state;
	expect_json("a10105", false, "{\"number\":5}");
	expect_json("a201050665225c2f6109", false, "{\"number\":5,\"text\":\"\\\"\\\\/a\\u0009\"}");
	expect_json("a201050c02", false, "{\"number\":5,\"color\":2}");
	expect_json("a201050c05", false, "{\"number\":5,\"color\":5}");
	expect_json("a201050c00", false, "{\"number\":5,\"color\":\"red\"}");
	expect_json("a201050d4131", false, "{\"number\":5}");
	expect_json("a20105182000", true, "{\"number\":5}"); /* unknown: maybe a secret */
	expect_json("a201050880", false, "{\"number\":5,\"parts\":[]}");
}

/* Every kind of item and of key; controls are kept from the terminal. */
static void
test_json_raw(void **state)
{
	(void)state;
	expect_json("a201050ba501f4204161"
		    "4162f56263646665c29b7f1b66"
		    "637a7a7a831bffffffffffffffff3bfffffffffffffffff6",
	    false,
	    "{\"number\":5,\"raw\":{\"1\":false,\"-1\":\"YQ==\",\"4162\":true,"
	    "\"cd\":\"e\\u009b\\u007f\\u001bf\","
	    "\"zzz\":[18446744073709551615,-18446744073709551616,null]}}");
}

static void
test_json_bad(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(wire_json(&closed_map, unhex("a10104"), true, &b), ERR_RANGE);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

/* Whatever of a damaged message is still accepted is written back byte by byte, and has a JSON. */
static void
test_damaged(void **state)
{
	struct buf b = BUF_INIT, again = BUF_INIT;
	uint32_t seed = 1, accepted = 0;
	struct whole w;
	uint8_t *copy;
	int i, k;

	(void)state;
	fill(&w);
	assert_int_equal(wire_encode(&closed_map, &w, &b), ERR_OK);
	copy = malloc(b.len);
	for (i = 0; i < 200000; i++) {
		memcpy(copy, b.p, b.len);
		for (k = 0; k < 1 + i % 3; k++) {
			seed = seed * 1664525 + 1013904223;
			copy[(seed >> 16) % b.len] ^= (uint8_t)(seed >> 8);
		}
		if (wire_decode(&open_map, SPAN(copy, b.len), &w) != ERR_OK)
			continue;
		accepted++;
		buf_reset(&again);
		assert_int_equal(wire_encode(&open_map, &w, &again), ERR_OK);
		assert_true(span_eq(buf_span(&again), SPAN(copy, b.len)));
		buf_reset(&again);
		assert_int_equal(wire_json(&open_map, SPAN(copy, b.len), i & 1, &again), ERR_OK);
	}
	assert_true(accepted > 1000);
	free(copy);
	buf_done(&b);
	buf_done(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_rest_survives),
		cmocka_unit_test(test_rest_checked),
		cmocka_unit_test(test_encode_checks),
		cmocka_unit_test(test_encode_no_room),
		cmocka_unit_test(test_presence),
		cmocka_unit_test(test_unknown_name_aborts),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_json_all),
		cmocka_unit_test(test_json_details),
		cmocka_unit_test(test_json_raw),
		cmocka_unit_test(test_json_bad),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
