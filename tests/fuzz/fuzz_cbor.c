/*
 * Three readers of one input: cbor_check, a copy through getters and putters, and the wire codec.
 * What is accepted is written back byte by byte.
 */
#include <stdlib.h>

#include "lib/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct item {
	uint64_t has;
	uint64_t id;
	struct span label;
	struct wire_list below;
};

static const struct wire_map item_map;
static const struct wire_field item_fields[] = {
	WIRE_F(item, 1, UINT, 0, id, 0, 1000, "id"),
	WIRE_F(item, 2, TEXT, WF_OPT | WF_SECRET, label, 0, 64, "label"),
	WIRE_S(item, 3, LIST, WF_OPT, below, &item_map, 8, "more"),
};
static const struct wire_map item_map = { "item", sizeof(struct item), item_fields, 3, false, 0 };

struct msg {
	uint64_t has;
	uint64_t number;
	int64_t delta;
	bool flag;
	struct span blob;
	struct span text;
	struct item item;
	struct wire_list items;
	struct wire_list numbers;
	struct wire_list blobs;
	struct span raw;
	uint64_t color;
	struct wire_rest rest;
};

static const struct wire_field msg_fields[] = {
	WIRE_F(msg, 1, UINT, WF_OPT, number, 0, UINT64_MAX, "number"),
	WIRE_F(msg, 2, INT, WF_OPT, delta, 0, 0, "delta"),
	WIRE_F(msg, 3, BOOL, WF_OPT, flag, 0, 0, "flag"),
	WIRE_F(msg, 4, BYTES, WF_OPT | WF_HEX, blob, 0, 64, "blob"),
	WIRE_F(msg, 5, TEXT, WF_OPT, text, 0, 64, "text"),
	WIRE_S(msg, 6, MAP, WF_OPT, item, &item_map, 0, "item"),
	WIRE_S(msg, 7, LIST, WF_OPT, items, &item_map, 8, "items"),
	WIRE_F(msg, 8, UINTS, WF_OPT, numbers, 0, UINT64_MAX, "numbers"),
	WIRE_F(msg, 9, BLOBS, WF_OPT, blobs, 0, 64, "blobs"),
	WIRE_F(msg, 10, RAW, WF_OPT, raw, 0, 0, "raw"),
	WIRE_E(msg, 11, WF_OPT, color, 9, "red|green||blue", "color"),
};
static const struct wire_map msg_map = { "msg", sizeof(struct msg), msg_fields, 11, true,
	offsetof(struct msg, rest) };

/* Copy one item; map keys as what they are: items. */
static void
copy(struct cbor *c, struct buf *b)
{
	struct cbor_head h;
	struct span s;
	uint64_t i;

	if (cbor_peek(c, &h))
		abort();
	if (h.type == CBOR_BYTES && cbor_get_bytes(c, &s) == ERR_OK) {
		cbor_put_bytes(b, s);
		return;
	}
	if (h.type == CBOR_TEXT && cbor_get_text(c, &s) == ERR_OK) {
		cbor_put_text(b, s);
		return;
	}
	if (cbor_get_head(c, &h))
		abort();
	cbor_put_head(b, h.type, h.n);
	for (i = 0; h.type == CBOR_ARRAY && i < h.n; i++)
		copy(c, b);
	for (i = 0; h.type == CBOR_MAP && i < 2 * h.n; i++)
		copy(c, b);
}

static void
must_equal(struct buf *b, struct span s)
{
	if (buf_err(b) || !span_eq(buf_span(b), s))
		abort();
	buf_done(b);
}

static void
check_lists(const struct msg *m)
{
	struct cbor c = wire_each(&m->items);
	struct item item;
	size_t n;

	for (n = 0; !cbor_at_end(&c); n++)
		if (wire_next(&item_map, &c, &item))
			abort();
	if (n != m->items.n)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;
	struct span s = SPAN(p, n);
	struct cbor c = cbor_from(s);
	struct msg m;

	if (cbor_check(s) == ERR_OK) {
		copy(&c, &b);
		must_equal(&b, s);
	}
	if (wire_decode(&msg_map, s, &m) != ERR_OK)
		return 0;
	check_lists(&m);
	if (wire_encode(&msg_map, &m, &b))
		abort();
	must_equal(&b, s);
	if (wire_json(&msg_map, s, n & 1, &b))
		abort();
	buf_done(&b);
	return 0;
}
