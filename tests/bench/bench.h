/* bench.h - what the measuring programs share: clocks and medians. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/err.h"

static inline double
bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int
bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Element at q of 0..1, of n that are sorted here. */
static inline double
bench_quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof *v, bench_compare);
	return n ? v[(size_t)(q * (double)(n - 1))] : 0;
}

/* A measuring program has no use for what failed. */
static inline void
bench_check(enum err e, const char *what)
{
	if (e) {
		fprintf(stderr, "%s: %s\n", what, err_text(e));
		exit(1);
	}
}

#endif
