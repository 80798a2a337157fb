#include "agent/worker/gf256.h"

#include <string.h>

#include "lib/text_ct.h"

#define REDUCE 0x1b /* x^8 = x^4 + x^3 + x + 1 */

uint8_t
gf256_mul(uint8_t a, uint8_t b)
{
	uint32_t product = 0, shifted = a;

	for (int i = 0; i < 8; i++) {
		product ^= shifted & ct_nonzero(b >> i & 1);
		shifted = (shifted << 1 & 0xff) ^ (REDUCE & ct_nonzero(shifted >> 7));
	}
	return (uint8_t)product;
}

/* The field without zero is a group of 255: a^254 = 1/a; 254 = 2 + 4 + ... + 128. */
uint8_t
gf256_inverse(uint8_t a)
{
	uint8_t inverse = 1;

	for (int i = 1; i < 8; i++) {
		a = gf256_mul(a, a);
		inverse = gf256_mul(inverse, a);
	}
	return inverse;
}

/* Lagrange's polynomial i at x: 1 at the point i, 0 at all others. */
static uint8_t
weight(const struct gf256_point *p, size_t n, size_t i, uint8_t x)
{
	uint8_t above = 1, below = 1;

	for (size_t j = 0; j < n; j++) {
		if (j == i)
			continue;
		above = gf256_mul(above, x ^ p[j].x);
		below = gf256_mul(below, p[i].x ^ p[j].x);
	}
	return gf256_mul(above, gf256_inverse(below));
}

void
gf256_interpolate(const struct gf256_point *p, size_t n, uint8_t x, uint8_t *out, size_t len)
{
	memset(out, 0, len);
	for (size_t i = 0; i < n; i++) {
		uint8_t w = weight(p, n, i, x);

		for (size_t k = 0; k < len; k++)
			out[k] ^= gf256_mul(p[i].y[k], w);
	}
}
