/*
 * The record of `ownkey setup`: any bytes, and what is read of them stays within its bounds.
 */
#include <stdlib.h>

#include "cli/setup.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct setup_record r;

	if (setup_record_parse(SPAN(p, n), &r)) {
		if (r.n)
			abort();
		return 0;
	}
	if (r.n == 0 || r.n > SETUP_FILES)
		abort();
	for (size_t i = 0; i < r.n; i++)
		if (r.row[i].path[0] != '/' || r.row[i].n > SETUP_EDITS ||
		    strlen(r.row[i].path) >= PATHS_MAX)
			abort();
	setup_record_done(&r);
	return 0;
}
