/* Exports of KeePassXC as XML. */
#include "tests/fuzz/import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	import_fuzz(&import_keepassxc_xml, SPAN(p, n));
	return 0;
}
