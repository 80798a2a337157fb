#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/sec.h"

#define DEFAULT_MAX ((size_t)1 << 30)
#define SMALLEST    64

static size_t
limit(const struct buf *b)
{
	return !b->max ? DEFAULT_MAX : b->max < SIZE_MAX / 4 ? b->max : SIZE_MAX / 4;
}

/* realloc(3) would leave the old content behind in freed memory */
static bool
move_to(struct buf *b, size_t cap)
{
	uint8_t *p;

	if ((p = malloc(cap)) == NULL)
		return false;
	if (b->p != NULL) {
		memcpy(p, b->p, b->len);
		sec_zero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return true;
}

/* Room for n more bytes and always one for the NUL of buf_cstr. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap < SMALLEST ? SMALLEST : b->cap;

	if (b->failed)
		return false;
	if (b->len > limit(b) || n > limit(b) - b->len) {
		b->failed = b->toobig = true;
		return false;
	}
	if (b->p != NULL && n < b->cap - b->len)
		return true;
	while (cap <= b->len + n)
		cap *= 2;
	if (move_to(b, cap))
		return true;
	b->failed = true;
	return false;
}

void
buf_done(struct buf *b)
{
	if (b->p != NULL)
		sec_zero(b->p, b->cap);
	free(b->p);
	*b = BUF_INIT;
}

void
buf_reset(struct buf *b)
{
	if (b->p != NULL)
		sec_zero(b->p, b->len);
	b->len = 0;
	b->failed = b->toobig = false;
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	return reserve(b, n) ? b->p + b->len : NULL;
}

void
buf_add(struct buf *b, size_t n)
{
	if (b->p == NULL ? n > 0 : n > b->cap - b->len)
		abort(); /* the caller has written beyond what it asked for */
	b->len += n;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (n == 0 || (to = buf_room(b, n)) == NULL)
		return;
	memcpy(to, p, n);
	b->len += n;
}

void
buf_put_span(struct buf *b, struct span s)
{
	buf_put(b, s.p, s.len);
}

void
buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t x[2];

	put_be16(x, v);
	buf_put(b, x, sizeof(x));
}

void
buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t x[4];

	put_be32(x, v);
	buf_put(b, x, sizeof(x));
}

void
buf_put_u64(struct buf *b, uint64_t v)
{
	uint8_t x[8];

	put_be64(x, v);
	buf_put(b, x, sizeof(x));
}

void
buf_put_zero(struct buf *b, size_t n)
{
	uint8_t *to;

	if (n == 0 || (to = buf_room(b, n)) == NULL)
		return;
	memset(to, 0, n);
	b->len += n;
}

void
buf_put_lp(struct buf *b, struct span s)
{
	if (s.len > UINT16_MAX) {
		b->failed = b->toobig = true;
		return;
	}
	buf_put_u16(b, (uint16_t)s.len);
	buf_put_span(b, s);
}

void
buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	if (n <= 0 || (to = buf_room(b, (size_t)n)) == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n > b->len)
		abort();
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	sec_zero(b->p + b->len - n, n);
	b->len -= n;
}

void
buf_cut(struct buf *b, size_t len)
{
	if (len > b->len)
		abort();
	if (len < b->len)
		sec_zero(b->p + len, b->len - len);
	b->len = len;
}

const char *
buf_cstr(struct buf *b)
{
	if (b->failed || b->p == NULL)
		return "";
	b->p[b->len] = 0;
	return (const char *)b->p;
}

enum err
buf_err(const struct buf *b)
{
	if (!b->failed)
		return ERR_OK;
	return b->toobig ? ERR_TOOBIG : ERR_NOMEM;
}
