/* attestationObject and authData: what is taken lies within what came, and is taken again. */
#include <stdlib.h>

#include "oidc/login/authdata.h"
#include "oidc/login/webauthn.h"

static void
within(struct span part, const uint8_t *p, size_t n)
{
	if (part.len && (part.p < p || part.p + part.len > p + n))
		abort();
}

static void
try_authdata(const uint8_t *p, size_t n)
{
	struct authdata d;

	if (authdata_parse(SPAN(p, n), &d))
		return;
	within(d.rp_hash, p, n);
	within(d.aaguid, p, n);
	within(d.id, p, n);
	within(d.key, p, n);
	within(d.extensions, p, n);
	if (d.rp_hash.len + 5 + d.aaguid.len + (d.id.len ? 2 + d.id.len : 0) + d.key.len +
		d.extensions.len !=
	    n)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t challenge[WEBAUTHN_CHALLENGE];
	const struct webauthn_expect x = { "https://id.example", "id.example", challenge, true };
	const struct span json = SPAN_LIT("{\"type\":\"webauthn.create\",\"challenge\":"
					  "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
					  "\"origin\":\"https://id.example\"}");
	struct webauthn_why why = { NULL };
	struct db_credential row = { .count = 0 };

	try_authdata(p, n);
	if (webauthn_register(&x, json, SPAN(p, n), &row, &why))
		return 0;
	within(row.id, p, n);
	within(row.key, p, n);
	if (!row.id.len || row.id.len > DB_CREDENTIAL || !row.key.len)
		abort();
	return 0;
}
