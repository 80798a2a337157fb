/* clientDataJSON: whatever it says, no registration comes of it with an object that is none. */
#include <stdlib.h>

#include "oidc/login/webauthn.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t challenge[WEBAUTHN_CHALLENGE];
	const struct webauthn_expect x = { "https://id.example", "id.example", challenge, true };
	struct webauthn_why why = { NULL };
	struct db_credential row = { .count = 0 };

	if (webauthn_register(&x, SPAN(p, n), SPAN_LIT("\xa0"), &row, &why) != ERR_FORMAT ||
	    !why.text)
		abort();
	return 0;
}
