/* Exports of KeePassXC as CSV. */
#include "tests/fuzz/import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	import_fuzz(&import_keepassxc_csv, SPAN(p, n));
	return 0;
}
