/* hex.h - hex literals in tests. */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* Bytes of a literal into out, which is large enough; their number. */
static inline size_t
hex_to(const char *s, uint8_t *out)
{
	size_t n;

	if (text_decode(TEXT_HEX, span_str(s), out, strlen(s) / 2, &n))
		abort();
	return n;
}

/* A span over memory of its own; a test frees nothing. */
static inline struct span
hex(const char *s)
{
	static uint8_t pool[1 << 16];
	static size_t used;
	uint8_t *p;
	size_t n = strlen(s) / 2;

	if (n > sizeof(pool) / 2)
		abort();
	if (used + n > sizeof(pool))
		used = 0;
	p = pool + used;
	used += hex_to(s, p);
	return SPAN(p, n);
}

#define assert_hex(got, want) assert_memory_equal(got, hex(want).p, strlen(want) / 2)

#endif
