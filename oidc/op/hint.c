#include <jansson.h>
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/crypto_verify.h"
#include "lib/text.h"
#include "oidc/op/hint.h"

#define PART_MAX   HINT_MAX
#define NUMBER_MAX 512 /* bytes of a number of a key */

/* header.payload.signature, each decoded. */
struct parts {
	struct span signed_bytes;
	json_t *header, *payload;
	uint8_t sig[NUMBER_MAX];
	size_t nsig;
};

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

static bool
take_apart(struct span token, struct parts *p)
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

static void
parts_done(struct parts *p)
{
	json_decref(p->header);
	json_decref(p->payload);
}

static struct span
text_of(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return json_is_string(v) ? SPAN(json_string_value(v), json_string_length(v)) : SPAN_NONE;
}

/* ---- the signature ---- */
static bool
number_of(const json_t *jwk, const char *name, uint8_t *out, size_t cap, size_t *n)
{
	return !text_decode(TEXT_BASE64URL, text_of(jwk, name), out, cap, n);
}

static bool
verify_ed(const json_t *jwk, const struct parts *p)
{
	uint8_t x[32];
	size_t n = 0;

	return number_of(jwk, "x", x, sizeof x, &n) && n == 32 && p->nsig == 64 &&
	    crypto_ed25519_verify(x, p->signed_bytes, p->sig);
}

static bool
verify_es(const json_t *jwk, const struct parts *p)
{
	uint8_t xy[64];
	size_t nx = 0, ny = 0;

	return number_of(jwk, "x", xy, 32, &nx) && number_of(jwk, "y", xy + 32, 32, &ny) &&
	    nx == 32 && ny == 32 && crypto_es256_verify(xy, p->signed_bytes, SPAN(p->sig, p->nsig));
}

static bool
verify_rs(const json_t *jwk, const struct parts *p)
{
	uint8_t n[NUMBER_MAX], e[8];
	size_t nn = 0, ne = 0;

	return number_of(jwk, "n", n, sizeof n, &nn) && number_of(jwk, "e", e, sizeof e, &ne) &&
	    crypto_rs256_verify(SPAN(n, nn), SPAN(e, ne), p->signed_bytes, SPAN(p->sig, p->nsig));
}

static const struct {
	enum jwt_alg alg;
	const char *name;
	bool (*verify)(const json_t *jwk, const struct parts *p);
} algorithms[] = {
	{ JWT_ES256, "ES256", verify_es },
	{ JWT_EDDSA, "EdDSA", verify_ed },
	{ JWT_RS256, "RS256", verify_rs },
};

static bool
is_signed(struct oidc *o, const struct parts *p)
{
	const struct sign_key *k = sign_key_find(o->sign, text_of(p->header, "kid"));
	json_t *jwk = k ? json_loads(k->jwk, JSON_REJECT_DUPLICATES, NULL) : NULL;
	bool good = false;

	for (size_t i = 0; jwk && i < sizeof algorithms / sizeof *algorithms; i++)
		if (algorithms[i].alg == k->alg)
			good = span_is(text_of(p->header, "alg"), algorithms[i].name) &&
			    algorithms[i].verify(jwk, p);
	json_decref(jwk);
	return good;
}

/* ---- what it says ---- */
/* ID tokens of ours have these and nothing else; other types are not taken for one. */
static bool
is_plain_header(const json_t *header)
{
	return json_object_size(header) == 3 && span_is(text_of(header, "typ"), "JWT");
}

static enum err
keep(const struct parts *p, struct hint *out)
{
	const struct span all[] = { text_of(p->payload, "sub"), text_of(p->payload, "aud"),
		text_of(p->payload, "sid") };
	struct span *const to[] = { &out->sub, &out->aud, &out->sid };

	if (!all[0].len || !all[1].len)
		return ERR_FORMAT;
	if (!buf_room(&out->bytes, all[0].len + all[1].len + all[2].len + 1))
		return ERR_NOMEM;
	for (size_t i = 0; i < 3; i++) {
		*to[i] = SPAN(out->bytes.p + out->bytes.len, all[i].len);
		buf_put_span(&out->bytes, all[i]);
	}
	return ERR_OK;
}

enum err
hint_read(struct oidc *o, struct span token, struct hint *out)
{
	struct parts p = { .nsig = 0 };
	enum err e = ERR_FORMAT;

	*out = (struct hint){ .bytes = BUF_INIT };
	if (token.len && token.len <= HINT_MAX && take_apart(token, &p) &&
	    is_plain_header(p.header) && is_signed(o, &p) &&
	    span_is(text_of(p.payload, "iss"), o->conf.issuer))
		e = keep(&p, out);
	parts_done(&p);
	return e;
}

enum err
hint_subject(struct oidc *o, struct span token, struct span client, char sub[SIGN_SUBJECT])
{
	struct hint h;
	enum err e = hint_read(o, token, &h);

	if (!e && (!span_eq(h.aud, client) || h.sub.len >= SIGN_SUBJECT))
		e = ERR_FORMAT;
	if (!e) {
		memcpy(sub, h.sub.p, h.sub.len);
		sub[h.sub.len] = '\0';
	}
	buf_done(&h.bytes);
	return e;
}
