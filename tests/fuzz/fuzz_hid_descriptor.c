/* What a USB device says about itself: report descriptors and, behind a first byte 'U', uevents. */
#include <stdlib.h>

#include "lib/hid.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct hid_dev d = { 0 };
	bool fido;

	if (n > 0 && p[0] == 'U') {
		if (hid_parse_uevent(SPAN(p + 1, n - 1), &d) != ERR_OK)
			return 0;
		if (memchr(d.name, '\0', sizeof d.name) == NULL || !text_is_utf8(span_str(d.name)))
			abort();
	} else if (hid_parse_desc(SPAN(p, n), &fido) != ERR_OK && fido) {
		abort();
	}
	return 0;
}
