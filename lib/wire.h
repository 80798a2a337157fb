/*
 * wire.h - one field table drives encoding, decoding, limits, JSON, documentation and fuzzing.
 *
 * A message is a C struct whose first member is `uint64_t has`, and a table of its fields in
 * ascending key order.  Bit i of has says that field i of the table is present.  On the wire it is
 * a CBOR map with unsigned keys (cbor.h rules).  Decoding borrows: spans point into the input.
 */
#ifndef LIB_WIRE_H
#define LIB_WIRE_H

#include <stddef.h>

#include "lib/cbor.h"

enum wire_type {
	WIRE_UINT,  /* uint64_t, min..max */
	WIRE_INT,   /* int64_t, min..max read as signed; both 0 = any */
	WIRE_BOOL,  /* bool */
	WIRE_BYTES, /* struct span, min..max bytes */
	WIRE_TEXT,  /* struct span, UTF-8 without controls but \n and \t, min..max bytes */
	WIRE_MAP,   /* the sub message embedded as a struct */
	WIRE_LIST,  /* struct wire_list of sub messages, at most max of them */
	WIRE_UINTS, /* struct wire_list of unsigned integers, each min..max */
	WIRE_BLOBS, /* struct wire_list of byte strings, each min..max bytes */
	WIRE_RAW    /* struct span, exactly one CBOR item of any shape; max 0 = any size */
};

enum wire_flag {
	WF_OPT = 1,    /* may be absent */
	WF_SECRET = 2, /* never logged, never in --json without --show */
	WF_TIME = 4,   /* unix seconds (presentation) */
	WF_HEX = 8,    /* bytes shown as hex (presentation); default base64 */
	WF_ENUM = 16   /* number shown by name: names = "zero|one|two" */
};

struct wire_map;

struct wire_field {
	uint32_t key;
	enum wire_type type;
	unsigned flags;
	size_t offset;
	uint64_t min;
	uint64_t max;
	const struct wire_map *sub;
	const char *name;
	const char *help;
	const char *names; /* WF_ENUM */
};

struct wire_map {
	const char *name;
	size_t size; /* sizeof the struct */
	const struct wire_field *field;
	size_t n;
	bool open; /* unknown keys beyond the last known one are kept in struct wire_rest at rest */
	size_t rest;
};

/*
 * A list.  Decoding sets raw (the items, without the array head) and n.
 * Encoding uses v (array of n structs, or of struct span for BLOBS, uint64_t for UINTS) when v is
 * not NULL, else copies raw.
 */
struct wire_list {
	const void *v;
	size_t n;
	struct span raw;
};

/* Unknown pairs, verbatim: survives a rewrite untouched (DESIGN 6). */
struct wire_rest {
	size_t n;
	struct span raw;
};

/* Table helpers: WIRE_F(struct msg, 1, BYTES, WF_OPT, member, min, max, "help") */
#define WIRE_F(st, k, ty, fl, mem, lo, hi, hlp)                                                   \
	{                                                                                         \
		.key = (k), .type = WIRE_##ty, .flags = (fl), .offset = offsetof(struct st, mem), \
		.min = (lo), .max = (hi), .name = #mem, .help = (hlp)                             \
	}
#define WIRE_S(st, k, ty, fl, mem, submap, hi, hlp)                                               \
	{                                                                                         \
		.key = (k), .type = WIRE_##ty, .flags = (fl), .offset = offsetof(struct st, mem), \
		.max = (hi), .sub = (submap), .name = #mem, .help = (hlp)                         \
	}
#define WIRE_E(st, k, fl, mem, hi, nms, hlp)                                                  \
	{                                                                                     \
		.key = (k), .type = WIRE_UINT, .flags = (fl) | WF_ENUM,                       \
		.offset = offsetof(struct st, mem), .max = (hi), .name = #mem, .help = (hlp), \
		.names = (nms)                                                                \
	}

/* Decode exactly one message from s into *st (zeroed first).  ERR_FORMAT, ERR_TRUNCATED, ERR_RANGE,
 * ERR_TOOBIG, ERR_TEXT, ERR_VERSION (unknown key in a closed map).  All of it is checked here, list
 * items too.  st NULL: check only.  On failure *st is undefined. */
MUST enum err wire_decode(const struct wire_map *m, struct span s, void *st);
/* Same from a cursor; stops behind the message. */
MUST enum err wire_decode_at(const struct wire_map *m, struct cbor *c, void *st);
/* Append the message to b (errors stick in b); a mandatory field that is absent is ERR_INTERNAL.
 * What would not decode is refused with the error of wire_decode, and b is as it was before. */
MUST enum err wire_encode(const struct wire_map *m, const void *st, struct buf *b);

/* Walk a decoded list: cursor from wire_each(&list), then while (!cbor_at_end(&c)) wire_next(). */
struct cbor wire_each(const struct wire_list *l);
MUST enum err wire_next(const struct wire_map *m, struct cbor *c, void *st);

/* Presence by member name: wire_has(&map, &msg, "pin").  Names are checked (abort). */
bool wire_has(const struct wire_map *m, const void *st, const char *name);
void wire_set(const struct wire_map *m, void *st, const char *name);
/* Mark every field as present whose value is not zero/empty, and every mandatory one; in embedded
 * sub messages too, but not in the items of lists. */
void wire_mark(const struct wire_map *m, void *st);

/* JSON of an encoded message (RFC 8259), bytes as base64 or hex, times as numbers.  Fields with
 * WF_SECRET are left out unless show, unknown fields always.  Controls in text are escaped, so the
 * output is safe for a terminal. */
MUST enum err wire_json(const struct wire_map *m, struct span msg, bool show, struct buf *out);

#endif
