/* First byte: which of the readers of keys the rest is for. */
#include "tests/fuzz/import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct import_source *const sources[] = { &import_age, &import_wireguard,
		&import_minisign };

	if (n > 0)
		import_fuzz(sources[p[0] % 3], SPAN(p + 1, n - 1));
	return 0;
}
