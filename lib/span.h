/*
 * span.h - borrowed bytes.  A span owns nothing; it is valid as long as what it points into.
 */
#ifndef LIB_SPAN_H
#define LIB_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t len;
};

#define SPAN(ptr, n) ((struct span){ (const uint8_t *)(ptr), (n) })
#define SPAN_LIT(s)  ((struct span){ (const uint8_t *)(s), sizeof(s) - 1 })
#define SPAN_NONE    ((struct span){ NULL, 0 })

/* From a NUL-terminated string; NULL gives the empty span. */
static inline struct span
span_str(const char *s)
{
	return SPAN(s, s ? strlen(s) : 0);
}

/* Equality of public data (not constant time; secrets use crypto_eq). */
static inline bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
span_is(struct span a, const char *s)
{
	return span_eq(a, span_str(s));
}

/* The part [at, at+len); empty when it does not lie inside. */
static inline struct span
span_sub(struct span s, size_t at, size_t len)
{
	if (!s.p || at > s.len || len > s.len - at)
		return SPAN_NONE;
	return SPAN(s.p + at, len);
}

#endif
