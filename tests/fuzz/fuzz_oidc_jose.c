/*
 * Tokens that come back as id_token_hint, read with one key of each kind: nobody has the private
 * halves any more, so the only payload that may ever be taken is the one that was signed before
 * they were thrown away (the first three inputs of the corpus).
 */
#include <stdlib.h>

#include "oidc/op/hint.h"

#define PAYLOAD                                                                                    \
	".eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJBQUFBIiwiYXVkIjoicnAiLCJleHAiOjEsImlhdCI" \
	"6MSwic2lkIjoiMDAifQ"

static const struct {
	struct sign_key key;
	const char *head;
} keys[] = {
	{ { .kid = "ed",
	      .alg = JWT_EDDSA,
	      .jwk = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\",\"x\":"
		     "\"LWem1_NSu4mTBzCA7P2bejZ8LijttqOCeerlTBekfoM\"}" },
	    "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkIiwidHlwIjoiSldUIn0" },
	{ { .kid = "es",
	      .alg = JWT_ES256,
	      .jwk = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"es\",\"x\":"
		     "\"Z4YGVmGQfCCBuKqIpbvGplg6XwJdhFhJEq_GEmQZSAo\",\"y\":"
		     "\"Yh39HIX-NW-mPuM0RQa75OcZN0oL2fM0KTawrAvmjFE\"}" },
	    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzIiwidHlwIjoiSldUIn0" },
	{ { .kid = "rs",
	      .alg = JWT_RS256,
	      .jwk = "{\"kty\":\"RSA\",\"kid\":\"rs\",\"e\":\"AQAB\",\"n\":"
		     "\"-2qc74nK2ZlaePdrKkmIJhadmIa_3_-1Bdn3LqTMDkSiJ1CrvhrgoPPZBnPLgiSYXbiyX3AEil"
		     "liaMIwPnfU98Uy3OojF0FsKVU270whvC93stlB1n0qo3qs_FPEfARVXIjsf19wHfsDhIKkq38jNo"
		     "miIoWhvLgBtIg2TN0JAxOBKZl8sMmRJ36wtinoPsP4gTLxf3D_XLwvUyc-yBNkP4yCjPHaPoRJev"
		     "5fq-gcMrPMvGSD0w4erTddE9GlNx05lqkufv8_7T689yxnIWyS4T7TNzyRRVpfrevCjM2GsfWYAO"
		     "FJ4HqZc2OQ4yu4TDT1mRJi_qjnx9Zd13dbRLBWzw\"}" },
	    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzIiwidHlwIjoiSldUIn0" },
};

/* Instead of the agent's. */
const struct sign_key *
sign_key_find(const struct sign *s, struct span kid)
{
	(void)s;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (span_is(kid, keys[i].key.kid))
			return &keys[i].key;
	return NULL;
}

static bool
was_signed(struct span token)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t n = strlen(keys[i].head), m = strlen(PAYLOAD);

		if (token.len > n + m && memcmp(token.p, keys[i].head, n) == 0 &&
		    memcmp(token.p + n, PAYLOAD, m) == 0 && token.p[n + m] == '.')
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct oidc o = { .conf.issuer = "https://id.example" };
	struct hint h;
	char sub[SIGN_SUBJECT];

	if (!hint_read(&o, SPAN(p, n), &h) &&
	    (!was_signed(SPAN(p, n)) || !span_is(h.sub, "AAAA") || !span_is(h.aud, "rp")))
		abort();
	buf_done(&h.bytes);
	if (!hint_subject(&o, SPAN(p, n), SPAN_LIT("rp"), sub) && !was_signed(SPAN(p, n)))
		abort();
	if (!hint_subject(&o, SPAN(p, n), SPAN_LIT("other"), sub))
		abort();
	return 0;
}
