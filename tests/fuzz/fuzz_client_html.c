/* A client's page. */
#include "client_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct found f;
	struct weburl url = client_fuzz_url();

	if (n > FETCH_HTML_MAX)
		return 0;
	memset(&f, 0, sizeof f);
	found_read_html(&f, SPAN(p, n), &url);
	client_fuzz_check(&f, true);
	return 0;
}
