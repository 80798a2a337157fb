/* suggest.c - optimal string alignment: a typing mistake is one edit, also a swap. */
#include "cli/suggest.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 32

static uint8_t
least(int a, int b)
{
	return (uint8_t)(a < b ? a : b);
}

size_t
suggest_distance(const char *a, size_t alen, const char *b)
{
	uint8_t d[LONGEST][LONGEST]; /* all below 2 * LONGEST */
	size_t blen = strlen(b);

	if (alen >= LONGEST || blen >= LONGEST)
		return SUGGEST_NONE;
	for (size_t i = 0; i <= alen; i++)
		for (size_t j = 0; j <= blen; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (uint8_t)(i + j);
				continue;
			}
			d[i][j] = least(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = least(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[alen][blen];
}

void
suggest_nearer(const char *word, size_t len, const char *candidate, size_t *best, const char **near)
{
	size_t d = suggest_distance(word, len, candidate);

	if (d < *best && d <= 1 + len / 4) {
		*best = d;
		*near = candidate;
	}
}
