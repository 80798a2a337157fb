/*
 * buf.h - growable heap bytes, always wiped on growth and free.
 *
 * Not for keys (struct sec is), but what passes through may be sensitive, so nobody decides per
 * call.  A failed allocation sets the sticky flag: later puts are no-ops, and buf_err() tells at
 * the end; writers need not check each put.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include "lib/err.h"
#include "lib/span.h"

struct buf {
	uint8_t *p;
	size_t len;
	size_t cap;
	size_t max;  /* refuse to grow beyond; 0 = 1 GiB */
	bool failed; /* sticky: allocation failed or max exceeded */
	bool toobig; /* ... and it was max, or the 65535 of buf_put_lp */
};

#define BUF_INIT ((struct buf){ 0 })

void buf_done(struct buf *b);  /* wipe, free, make empty */
void buf_reset(struct buf *b); /* wipe content, keep memory, clear failed */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_span(struct buf *b, struct span s);
void buf_put_str(struct buf *b, const char *s); /* without the NUL */
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v); /* big-endian, all of them */
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_zero(struct buf *b, size_t n);
/* lp(x) = u16be(len) || x (DESIGN 4); more than 65535 bytes sets failed. */
void buf_put_lp(struct buf *b, struct span s);
void buf_putf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for n more bytes, to be filled by the caller and counted with buf_add; NULL on failure. */
uint8_t *buf_room(struct buf *b, size_t n);
void buf_add(struct buf *b, size_t n);
/* Drop n bytes from the front. */
void buf_drop(struct buf *b, size_t n);
/* Shorten to len bytes; what is behind is wiped. */
void buf_cut(struct buf *b, size_t len);
/* NUL-terminate (not counted in len) and return as a string; "" on failure. */
const char *buf_cstr(struct buf *b);
/* ERR_OK or ERR_NOMEM (ERR_TOOBIG when max was hit). */
MUST enum err buf_err(const struct buf *b);

static inline struct span
buf_span(const struct buf *b)
{
	return SPAN(b->p, b->len);
}

/* Big-endian loads and stores for fixed offsets. */
static inline uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static inline void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static inline void
put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

#endif
