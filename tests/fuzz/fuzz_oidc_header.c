/* Every parser of a header, on the same bytes. */
#include <stdlib.h>

#include "oidc/login/browser.h"
#include "oidc/web/header.h"

static bool
trusted(void *arg, const char *address)
{
	(void)arg;
	return address[0] == '1';
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const have[] = { "en", "de", NULL };
	struct header_credentials c;
	struct span s = SPAN(p, n), v;
	char address[64], browser[BROWSER_TEXT];

	if (!header_authorization(s, &c)) {
		if (c.kind == HEADER_AUTH_BASIC && c.id.len + c.secret.len > n)
			abort();
		header_credentials_done(&c);
	}
	if (header_cookie(s, "a", &v) && v.len > n)
		abort();
	(void)header_is_type(s, "application/x-www-form-urlencoded");
	if (!header_language(s, have))
		abort();
	(void)header_locales(s, have);
	browser_write(browser_read(s), browser);
	(void)browser_kept(s);
	if (header_forwarded_for(s, trusted, NULL, address) && address[0] == '1')
		abort();
	return 0;
}
