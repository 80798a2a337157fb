/*
 * cbor.h - strict deterministic CBOR (RFC 8949 4.2.1), reader and writer, no trees, no malloc.
 *
 * Readers refuse: longer than shortest heads, indefinite lengths, tags, floats, unsorted or
 * duplicate map keys (cbor_skip, wire), lengths beyond the input, nesting beyond CBOR_DEPTH,
 * invalid UTF-8 in text.  encode(decode(x)) == x.
 * Negative integers, text keys, true/false/null are read too: CTAP uses them.
 */
#ifndef LIB_CBOR_H
#define LIB_CBOR_H

#include "lib/buf.h"

/* libcbor, which libfido2 brings along, has functions of these names: in a program that links both,
 * the dynamic linker would hand libfido2 ours. */
#define cbor_get_int  ownkey_cbor_get_int
#define cbor_get_bool ownkey_cbor_get_bool

#define CBOR_DEPTH 8

enum cbor_type {
	CBOR_UINT = 0,
	CBOR_NINT = 1, /* value n stands for -1-n */
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_SIMPLE = 7 /* 20 false, 21 true, 22 null */
};

/* Cursor over borrowed input; at end when p == end. */
struct cbor {
	const uint8_t *p;
	const uint8_t *end;
};

struct cbor_head {
	enum cbor_type type;
	uint64_t n; /* value, or number of bytes, elements, pairs */
};

static inline struct cbor
cbor_from(struct span s)
{
	return (struct cbor){ s.p, s.p ? s.p + s.len : s.p };
}

static inline bool
cbor_at_end(const struct cbor *c)
{
	return c->p == c->end;
}

/* All return ERR_TRUNCATED or ERR_FORMAT and leave the cursor where it was on failure. */
MUST enum err cbor_peek(const struct cbor *c, struct cbor_head *h);
MUST enum err cbor_get_head(struct cbor *c, struct cbor_head *h);
MUST enum err cbor_get_uint(struct cbor *c, uint64_t *v);
MUST enum err cbor_get_int(struct cbor *c, int64_t *v);
MUST enum err cbor_get_bool(struct cbor *c, bool *v);
MUST enum err cbor_get_bytes(struct cbor *c, struct span *v);
MUST enum err cbor_get_text(struct cbor *c, struct span *v);
/* n is checked against the bytes that are left (each element needs at least one). */
MUST enum err cbor_get_array(struct cbor *c, size_t *n);
MUST enum err cbor_get_map(struct cbor *c, size_t *npairs);
/* One whole item of any kind, with all checks above; *raw (may be NULL) gets its bytes. */
MUST enum err cbor_skip(struct cbor *c, struct span *raw);
/* Exactly one item, nothing behind it. */
MUST enum err cbor_check(struct span s);

void cbor_put_head(struct buf *b, enum cbor_type t, uint64_t n);
void cbor_put_uint(struct buf *b, uint64_t v);
void cbor_put_int(struct buf *b, int64_t v);
void cbor_put_bool(struct buf *b, bool v);
void cbor_put_null(struct buf *b);
void cbor_put_bytes(struct buf *b, struct span s);
void cbor_put_text(struct buf *b, struct span s);
void cbor_put_str(struct buf *b, const char *s);
void cbor_put_array(struct buf *b, size_t n);
void cbor_put_map(struct buf *b, size_t npairs);

#endif
