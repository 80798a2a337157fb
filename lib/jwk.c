/* jwk.c - public keys as JSON Web Keys. */
#include "lib/jwk.h"

#include "lib/crypto.h"
#include "lib/text.h"

const char *
jwk_alg_name(enum jwt_alg alg)
{
	static const char *const names[] = { "ES256", "EdDSA", "RS256" };

	return names[alg];
}

static bool
is_whole(const struct jwk *k)
{
	if (k->alg == JWT_ES256)
		return k->point.len == 65 && k->point.p[0] == 4;
	if (k->alg == JWT_EDDSA)
		return k->point.len == 32;
	return k->n.len > 0 && k->e.len > 0;
}

static void
put_number(struct buf *out, const char *before, struct span n)
{
	buf_put_str(out, before);
	text_encode(TEXT_BASE64URL, n, out);
	buf_put_str(out, "\"");
}

/* The required members in the order of their names, which is what RFC 7638 3.2 hashes; without the
 * bracket at the end. */
static enum err
put_required(const struct jwk *k, struct buf *out)
{
	if (!is_whole(k))
		return ERR_RANGE;
	if (k->alg == JWT_ES256) {
		put_number(
		    out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"", SPAN(k->point.p + 1, 32));
		put_number(out, ",\"y\":\"", SPAN(k->point.p + 33, 32));
	} else if (k->alg == JWT_EDDSA) {
		put_number(out, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"", k->point);
	} else {
		put_number(out, "{\"e\":\"", k->e);
		put_number(out, ",\"kty\":\"RSA\",\"n\":\"", k->n);
	}
	return buf_err(out);
}

static enum err
kid_of(const struct jwk *k, struct buf *scratch, char kid[JWK_KID])
{
	uint8_t hash[32];
	enum err e;

	if ((e = put_required(k, scratch)))
		return e;
	buf_put_str(scratch, "}");
	if ((e = buf_err(scratch)))
		return e;
	crypto_sha256(buf_span(scratch), hash);
	text_encode_raw(TEXT_BASE64URL, SPAN(hash, sizeof hash), kid);
	return ERR_OK;
}

/* One buffer for all: a kid is made for each token. */
enum err
jwk_kid(const struct jwk *k, char kid[JWK_KID])
{
	static struct buf scratch;

	buf_reset(&scratch);
	return kid_of(k, &scratch, kid);
}

enum err
jwk_put(const struct jwk *k, struct buf *out)
{
	char kid[JWK_KID];
	enum err e;

	if ((e = jwk_kid(k, kid)) || (e = put_required(k, out)))
		return e;
	buf_putf(out, ",\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"", jwk_alg_name(k->alg));
	buf_put(out, kid, sizeof kid);
	buf_put_str(out, "\"}");
	return buf_err(out);
}
