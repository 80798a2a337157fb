/* RSA signatures by libcrypto from the six numbers of an SSH key (RFC 8017, RFC 8332). */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "lib/crypto_alg.h"
#include "lib/crypto_ssh.h"

static size_t
bit_length(struct span m)
{
	size_t bits;

	if (m.len == 0)
		return 0;
	bits = 8 * (m.len - 1);
	for (unsigned top = m.p[0]; top; top >>= 1)
		bits++;
	return bits;
}

static bool
is_odd(struct span m)
{
	return m.len > 0 && (m.p[m.len - 1] & 1);
}

bool
crypto_rsa_public_ok(const struct crypto_rsa *k)
{
	size_t n = bit_length(k->n), e = bit_length(k->e);

	/* libcrypto works with e of at most 64 bits where n is long */
	return n >= CRYPTO_RSA_BITS_MIN && n <= CRYPTO_RSA_BITS_MAX && is_odd(k->n) &&
	    is_odd(k->e) && e >= 2 && e <= 64;
}

/* The numbers of libcrypto of one key; what is secret is wiped. */
struct numbers {
	BIGNUM *n, *e, *d, *iqmp, *p, *q;
	BIGNUM *dp, *dq; /* d mod p-1, d mod q-1 */
	BN_CTX *ctx;
};

static BIGNUM *
number(struct span m, bool secret)
{
	BIGNUM *b;

	crypto_must((b = BN_new()) != NULL && BN_bin2bn(crypto_ptr(m), (int)m.len, b) != NULL);
	if (secret)
		BN_set_flags(b, BN_FLG_CONSTTIME);
	return b;
}

/* d mod (prime - 1) */
static BIGNUM *
exponent(const BIGNUM *d, const BIGNUM *prime, BN_CTX *ctx)
{
	BIGNUM *less = BN_dup(prime), *r = BN_new();

	crypto_must(less && r && BN_sub_word(less, 1) == 1);
	BN_set_flags(less, BN_FLG_CONSTTIME);
	BN_set_flags(r, BN_FLG_CONSTTIME);
	crypto_must(BN_mod(r, d, less, ctx) == 1);
	BN_clear_free(less);
	return r;
}

static void
numbers_open(struct numbers *m, const struct crypto_rsa *k)
{
	crypto_alg();
	crypto_must((m->ctx = BN_CTX_new()) != NULL);
	m->n = number(k->n, false);
	m->e = number(k->e, false);
	m->d = number(k->d, true);
	m->iqmp = number(k->iqmp, true);
	m->p = number(k->p, true);
	m->q = number(k->q, true);
	m->dp = exponent(m->d, m->p, m->ctx);
	m->dq = exponent(m->d, m->q, m->ctx);
}

static void
numbers_close(struct numbers *m)
{
	BN_free(m->n);
	BN_free(m->e);
	BN_clear_free(m->d);
	BN_clear_free(m->iqmp);
	BN_clear_free(m->p);
	BN_clear_free(m->q);
	BN_clear_free(m->dp);
	BN_clear_free(m->dq);
	BN_CTX_free(m->ctx);
}

/* Primes of more than half the bits of n's bound, or even ones, are not worked on. */
static bool
sizes_ok(const struct crypto_rsa *k)
{
	size_t p = bit_length(k->p), q = bit_length(k->q), n = bit_length(k->n);

	return crypto_rsa_public_ok(k) && is_odd(k->p) && is_odd(k->q) && p >= 512 && q >= 512 &&
	    p + q >= n && p + q <= n + 1 && bit_length(k->d) > 64 && bit_length(k->d) <= n &&
	    bit_length(k->iqmp) > 0 && bit_length(k->iqmp) <= p;
}

/* a b = 1 mod m */
static bool
are_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx)
{
	BIGNUM *r = BN_new();
	bool ok;

	crypto_must(r != NULL && BN_mod_mul(r, a, b, m, ctx) == 1);
	ok = BN_is_one(r);
	BN_clear_free(r);
	return ok;
}

/* e d' = 1 mod (prime - 1), d' being d already reduced */
static bool
exponents_fit(const struct numbers *m, const BIGNUM *reduced, const BIGNUM *prime)
{
	BIGNUM *less = BN_dup(prime);
	bool ok;

	crypto_must(less && BN_sub_word(less, 1) == 1);
	ok = are_inverse(m->e, reduced, less, m->ctx);
	BN_clear_free(less);
	return ok;
}

bool
crypto_rsa_pair_ok(const struct crypto_rsa *k)
{
	struct numbers m;
	BIGNUM *n;
	bool ok;

	if (!sizes_ok(k))
		return false;
	numbers_open(&m, k);
	crypto_must((n = BN_new()) && BN_mul(n, m.p, m.q, m.ctx) == 1);
	ok = BN_cmp(n, m.n) == 0 && BN_cmp(m.p, m.q) != 0 && exponents_fit(&m, m.dp, m.p) &&
	    exponents_fit(&m, m.dq, m.q) && are_inverse(m.iqmp, m.q, m.p, m.ctx);
	BN_clear_free(n);
	numbers_close(&m);
	return ok;
}

/* Parameters of a key, in memory that is wiped: what OSSL_PARAM_BLD makes is not. */
struct params {
	OSSL_PARAM p[9];
	size_t count;
	uint8_t *block;
	size_t used, size;
};

static void
params_open(struct params *s, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = size;
	crypto_must((s->block = OPENSSL_malloc(size)) != NULL);
}

static void
params_push(struct params *s, const char *name, const BIGNUM *v)
{
	size_t n = (size_t)BN_num_bytes(v);

	n = n ? n : 1;
	crypto_must(
	    n <= s->size - s->used && BN_bn2nativepad(v, s->block + s->used, (int)n) == (int)n);
	s->p[s->count++] = OSSL_PARAM_construct_BN(name, s->block + s->used, n);
	s->used += n;
}

static EVP_PKEY *
params_key(struct params *s, int selection)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;

	crypto_must((ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL)) != NULL);
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, s->p) != 1) {
		ERR_clear_error();
		key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_clear_free(s->block, s->size);
	return key;
}

static EVP_PKEY *
key_private(const struct crypto_rsa *k)
{
	struct params s;
	struct numbers m;
	EVP_PKEY *key;

	numbers_open(&m, k);
	params_open(&s, 8 * k->n.len);
	params_push(&s, OSSL_PKEY_PARAM_RSA_N, m.n);
	params_push(&s, OSSL_PKEY_PARAM_RSA_E, m.e);
	params_push(&s, OSSL_PKEY_PARAM_RSA_D, m.d);
	params_push(&s, OSSL_PKEY_PARAM_RSA_FACTOR1, m.p);
	params_push(&s, OSSL_PKEY_PARAM_RSA_FACTOR2, m.q);
	params_push(&s, OSSL_PKEY_PARAM_RSA_EXPONENT1, m.dp);
	params_push(&s, OSSL_PKEY_PARAM_RSA_EXPONENT2, m.dq);
	params_push(&s, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, m.iqmp);
	key = params_key(&s, EVP_PKEY_KEYPAIR);
	numbers_close(&m);
	return key;
}

static EVP_PKEY *
key_public(const struct crypto_rsa *k)
{
	BIGNUM *n = number(k->n, false), *e = number(k->e, false);
	struct params s;
	EVP_PKEY *key;

	crypto_alg();
	params_open(&s, k->n.len + k->e.len);
	params_push(&s, OSSL_PKEY_PARAM_RSA_N, n);
	params_push(&s, OSSL_PKEY_PARAM_RSA_E, e);
	key = params_key(&s, EVP_PKEY_PUBLIC_KEY);
	BN_free(n);
	BN_free(e);
	return key;
}

static const char *
hash_name(enum crypto_rsa_hash hash)
{
	return hash == CRYPTO_RSA_SHA256 ? "SHA2-256" : "SHA2-512";
}

struct crypto_rsa_ready {
	EVP_PKEY *key;
	size_t len;
};

enum err
crypto_rsa_ready(const struct crypto_rsa *k, struct crypto_rsa_ready **out)
{
	struct crypto_rsa_ready *r;
	EVP_PKEY *key;

	if (!sizes_ok(k) || (key = key_private(k)) == NULL)
		return ERR_RANGE;
	crypto_must((r = malloc(sizeof(*r))) != NULL);
	*r = (struct crypto_rsa_ready){ key, k->n.len };
	*out = r;
	return ERR_OK;
}

void
crypto_rsa_ready_free(struct crypto_rsa_ready *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key); /* wipes */
	free(k);
}

/* PKCS #1 v1.5 is what EVP does with an RSA key unasked. */
enum err
crypto_rsa_ready_sign(
    const struct crypto_rsa_ready *k, enum crypto_rsa_hash hash, struct span data, uint8_t *sig)
{
	size_t len = k->len;
	EVP_MD_CTX *ctx;
	bool ok;

	crypto_must((ctx = EVP_MD_CTX_new()) != NULL);
	ok = EVP_DigestSignInit_ex(ctx, NULL, hash_name(hash), NULL, NULL, k->key, NULL) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, crypto_ptr(data), data.len) == 1 && len == k->len;
	if (!ok)
		ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return ok ? ERR_OK : ERR_RANGE;
}

enum err
crypto_rsa_sign(
    const struct crypto_rsa *k, enum crypto_rsa_hash hash, struct span data, uint8_t *sig)
{
	struct crypto_rsa_ready *ready;
	enum err e;

	if ((e = crypto_rsa_ready(k, &ready)))
		return e;
	e = crypto_rsa_ready_sign(ready, hash, data, sig);
	crypto_rsa_ready_free(ready);
	return e;
}

bool
crypto_rsa_verify(
    const struct crypto_rsa *k, enum crypto_rsa_hash hash, struct span data, struct span sig)
{
	uint8_t full[CRYPTO_RSA_MAX] = { 0 };
	EVP_MD_CTX *ctx;
	EVP_PKEY *key;
	bool ok;

	if (!crypto_rsa_public_ok(k) || sig.len == 0 || sig.len > k->n.len ||
	    (key = key_public(k)) == NULL)
		return false;
	memcpy(full + k->n.len - sig.len, sig.p, sig.len);
	crypto_must((ctx = EVP_MD_CTX_new()) != NULL);
	ok = EVP_DigestVerifyInit_ex(ctx, NULL, hash_name(hash), NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(ctx, full, k->n.len, crypto_ptr(data), data.len) == 1;
	if (!ok)
		ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}
