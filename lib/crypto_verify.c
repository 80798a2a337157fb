#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "lib/crypto.h"
#include "lib/crypto_alg.h"
#include "lib/crypto_verify.h"

/* ---- RSA ---- */
static EVP_PKEY *
rsa_key(struct span n, struct span e)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *bn = BN_bin2bn(n.p, (int)n.len, NULL), *be = BN_bin2bn(e.p, (int)e.len, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (b && bn && be && ctx && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be) &&
	    (params = OSSL_PARAM_BLD_to_param(b)) && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(bn);
	BN_free(be);
	return key;
}

bool
crypto_rs256_verify(struct span n, struct span e, struct span msg, struct span sig)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	EVP_MD_CTX *ctx;
	EVP_PKEY *key;
	bool good;

	if (n.len < 256 || n.len > 512 || !(n.p[0] & 0x80) || !(n.p[n.len - 1] & 1) ||
	    !span_eq(e, SPAN(f4, sizeof f4)) || sig.len != n.len || !(key = rsa_key(n, e)))
		return false;
	ctx = EVP_MD_CTX_new();
	good = ctx && EVP_DigestVerifyInit(ctx, NULL, crypto_alg()->sha256, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, sig.p, sig.len, crypto_ptr(msg), msg.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

/* ---- P-256 ---- */
/* An INTEGER of DER from 32 bytes; the number of bytes written. */
static size_t
put_integer(const uint8_t in[32], uint8_t *out)
{
	size_t skip = 0, pad;

	while (skip < 31 && !in[skip])
		skip++;
	pad = in[skip] >> 7;
	out[0] = 2;
	out[1] = (uint8_t)(32 - skip + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, in + skip, 32 - skip);
	return 2 + pad + 32 - skip;
}

bool
crypto_es256_verify(const uint8_t pub[64], struct span msg, struct span sig)
{
	uint8_t der[72];
	size_t n;

	if (sig.len != 64)
		return false;
	n = put_integer(sig.p, der + 2);
	n += put_integer(sig.p + 32, der + 2 + n);
	der[0] = 0x30;
	der[1] = (uint8_t)n;
	return crypto_p256_verify(pub, msg, SPAN(der, n + 2));
}
