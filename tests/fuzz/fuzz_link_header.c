/* Link and Cache-Control headers of a stranger, and references in a page. */
#include "client_fuzz.h"
#include "oidc/fetch/relative.h"
#include "oidc/fetch/transfer.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct found f;
	struct weburl url = client_fuzz_url();
	char out[WEBURL_MAX + 1];

	memset(&f, 0, sizeof f);
	found_read_link(&f, SPAN(p, n), &url);
	client_fuzz_check(&f, true);
	if (transfer_age(SPAN(p, n)) > FETCH_AGE_MAX)
		abort();
	if (!relative_resolve(&url, SPAN(p, n), out) && *out)
		abort();
	return 0;
}
