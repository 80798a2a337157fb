/* jose.c - tokens taken apart, and their signatures. */
#include "oidc/op/jose.h"

#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/crypto_verify.h"
#include "lib/text.h"

#define NUMBER_MAX JOSE_SIG

static json_t *
json_part(struct span in)
{
	uint8_t *out = malloc(in.len + 1);
	size_t n = 0;
	json_t *j = NULL;

	if (out && !text_decode(TEXT_BASE64URL, in, out, in.len, &n))
		j = json_loadb((const char *)out, n, JSON_REJECT_DUPLICATES, NULL);
	free(out);
	if (j && json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

bool
jose_take_apart(struct span token, struct jose *p)
{
	const uint8_t *one = memchr(token.p, '.', token.len), *two;
	size_t left;

	if (!one)
		return false;
	left = token.len - (size_t)(one + 1 - token.p);
	if (!(two = memchr(one + 1, '.', left)))
		return false;
	left = token.len - (size_t)(two + 1 - token.p);
	p->signed_bytes = SPAN(token.p, (size_t)(two - token.p));
	if (text_decode(TEXT_BASE64URL, SPAN(two + 1, left), p->sig, sizeof p->sig, &p->nsig))
		return false;
	p->header = json_part(SPAN(token.p, (size_t)(one - token.p)));
	p->payload = json_part(SPAN(one + 1, (size_t)(two - one - 1)));
	return p->header && p->payload;
}

void
jose_done(struct jose *p)
{
	json_decref(p->header);
	json_decref(p->payload);
	p->header = p->payload = NULL;
}

struct span
jose_text(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return json_is_string(v) ? SPAN(json_string_value(v), json_string_length(v)) : SPAN_NONE;
}

/* ---- the signature ---- */
static bool
number_of(const json_t *jwk, const char *name, uint8_t *out, size_t cap, size_t *n)
{
	return !text_decode(TEXT_BASE64URL, jose_text(jwk, name), out, cap, n);
}

static bool
verify_ed(const json_t *jwk, const struct jose *p)
{
	uint8_t x[32];
	size_t n = 0;

	return number_of(jwk, "x", x, sizeof x, &n) && n == 32 && p->nsig == 64 &&
	    crypto_ed25519_verify(x, p->signed_bytes, p->sig);
}

static bool
verify_es(const json_t *jwk, const struct jose *p)
{
	uint8_t xy[64];
	size_t nx = 0, ny = 0;

	return number_of(jwk, "x", xy, 32, &nx) && number_of(jwk, "y", xy + 32, 32, &ny) &&
	    nx == 32 && ny == 32 && crypto_es256_verify(xy, p->signed_bytes, SPAN(p->sig, p->nsig));
}

static bool
verify_rs(const json_t *jwk, const struct jose *p)
{
	uint8_t n[NUMBER_MAX], e[8];
	size_t nn = 0, ne = 0;

	return number_of(jwk, "n", n, sizeof n, &nn) && number_of(jwk, "e", e, sizeof e, &ne) &&
	    crypto_rs256_verify(SPAN(n, nn), SPAN(e, ne), p->signed_bytes, SPAN(p->sig, p->nsig));
}

static const struct {
	const char *name;
	bool (*verify)(const json_t *jwk, const struct jose *p);
} algorithms[] = {
	{ "ES256", verify_es },
	{ "EdDSA", verify_ed },
	{ "RS256", verify_rs },
};

bool
jose_is_signed(const struct jose *p, const json_t *jwk)
{
	struct span alg = jose_text(jwk, "alg");

	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (span_is(alg, algorithms[i].name))
			return span_eq(jose_text(p->header, "alg"), alg) &&
			    algorithms[i].verify(jwk, p);
	return false;
}
