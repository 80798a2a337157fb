/*
 * gf256.h - the field of SLIP-39 ("Shamir's secret-sharing"): bytes as polynomials modulo
 * x^8 + x^4 + x^3 + x + 1.  No branch and no table depends on a value.
 */
#ifndef WORKER_GF256_H
#define WORKER_GF256_H

#include <stddef.h>
#include <stdint.h>

/* A polynomial for each of len bytes, known at x. */
struct gf256_point {
	const uint8_t *y; /* len bytes */
	uint8_t x;	  /* public: the number of a share */
};

uint8_t gf256_mul(uint8_t a, uint8_t b);
/* 1/a; of zero: zero. */
uint8_t gf256_inverse(uint8_t a);
/* The polynomials of least degree through n points, all x different, at x; out: len bytes, apart
 * from every y. */
void gf256_interpolate(const struct gf256_point *p, size_t n, uint8_t x, uint8_t *out, size_t len);

#endif
