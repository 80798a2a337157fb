/* COSE_Key: its numbers lie within it, and no signature of zeros is by it. */
#include <stdlib.h>

#include "oidc/login/authdata.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t zeros[64];
	struct cose_key k;

	if (cose_parse(SPAN(p, n), &k))
		return 0;
	if (k.x.len + k.y.len + k.n.len + k.e.len > n)
		abort();
	if (cose_verify(&k, SPAN_LIT("m"), SPAN_NONE))
		abort();
	/* a point of small order takes zeros from anybody (RFC 8032 8.7): who registers such a key
	 * gives only themselves away */
	if (k.kind != COSE_EDDSA && cose_verify(&k, SPAN_LIT("m"), SPAN(zeros, sizeof zeros)))
		abort();
	return 0;
}
