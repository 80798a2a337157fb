/* A client's metadata document: what was accepted keeps the promises of found.h. */
#include "client_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct found f;
	struct weburl url = client_fuzz_url();
	enum fetch_why why;

	memset(&f, 0, sizeof f);
	why = found_read_json(&f, SPAN(p, n), &url);
	if (n > FETCH_JSON_MAX && why == FETCH_WHY_OK)
		abort();
	client_fuzz_check(&f, why == FETCH_WHY_OK);
	return 0;
}
