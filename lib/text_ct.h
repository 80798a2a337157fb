/*
 * text_ct.h - arithmetic in place of look-up tables, for the text codecs only: a table indexed by
 * a secret tells its value to whoever shares the cache.  Masks are 0 or all ones.
 */
#ifndef LIB_TEXT_CT_H
#define LIB_TEXT_CT_H

#include <stddef.h>
#include <stdint.h>

/* Characters lo..hi stand for value, value + 1, ... */
struct text_range {
	uint8_t lo, hi, value;
};

/* Nothing is known about v any more: clang 14 makes a branch of a mask that it sees through. */
static inline uint32_t
ct_hide(uint32_t v)
{
	__asm__("" : "+r"(v));
	return v;
}

/* All ones when lo <= x <= hi; all of them below 2^31. */
static inline uint32_t
ct_in(uint32_t x, uint32_t lo, uint32_t hi)
{
	return ct_hide(0 - (((lo - 1 - x) & (x - hi - 1)) >> 31));
}

static inline uint32_t
ct_eq(uint32_t a, uint32_t b)
{
	return ct_in(a, b, b);
}

/* All ones when x is not zero. */
static inline uint32_t
ct_nonzero(uint32_t x)
{
	return ct_hide(0 - ((x | (0 - x)) >> 31));
}

/* The character of value v. */
static inline uint8_t
ct_char(const struct text_range *r, size_t n, uint32_t v)
{
	uint32_t c = 0;
	size_t i;

	for (i = 0; i < n; i++)
		c |= ct_in(v, r[i].value, (uint32_t)r[i].value + r[i].hi - r[i].lo) &
		    (v - r[i].value + r[i].lo);
	return (uint8_t)c;
}

/* The value of character c; *bad becomes all ones when it has none. */
static inline uint32_t
ct_value(const struct text_range *r, size_t n, uint32_t c, uint32_t *bad)
{
	uint32_t v = 0, known = 0, mask;
	size_t i;

	for (i = 0; i < n; i++) {
		mask = ct_in(c, r[i].lo, r[i].hi);
		known |= mask;
		v |= mask & (c - r[i].lo + r[i].value);
	}
	*bad |= ~known;
	return v;
}

#endif
