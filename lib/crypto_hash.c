/*
 * SHA-2 and HMAC.  Long messages go through libcrypto, which uses what the processor has; short and
 * keyed ones through libsodium: its states are on our stack and can be wiped.
 */
#include <sodium.h>

#include "lib/crypto_alg.h"

static bool
is_bulk(const struct span *v, size_t n)
{
	size_t i, len = 0;

	for (i = 0; i < n && len < CRYPTO_BULK; i++)
		len += v[i].len;
	return len >= CRYPTO_BULK && crypto_alg_is_ready();
}

static void
hash_bulk(const EVP_MD *md, const struct span *v, size_t n, uint8_t *out)
{
	EVP_MD_CTX *c;
	size_t i;

	crypto_must((c = EVP_MD_CTX_new()) != NULL && EVP_DigestInit_ex2(c, md, NULL) == 1);
	for (i = 0; i < n; i++)
		crypto_must(EVP_DigestUpdate(c, crypto_ptr(v[i]), v[i].len) == 1);
	crypto_must(EVP_DigestFinal_ex(c, out, NULL) == 1);
	EVP_MD_CTX_free(c); /* wipes */
}

void
crypto_sha256v(const struct span *v, size_t n, uint8_t out[32])
{
	crypto_hash_sha256_state s;
	size_t i;

	if (is_bulk(v, n)) {
		hash_bulk(crypto_alg()->sha256, v, n, out);
		return;
	}
	crypto_hash_sha256_init(&s);
	for (i = 0; i < n; i++)
		crypto_hash_sha256_update(&s, crypto_ptr(v[i]), v[i].len);
	crypto_hash_sha256_final(&s, out);
	sec_zero(&s, sizeof(s));
}

static crypto_hash_sha256_state *
sum_state(struct crypto_sum *s)
{
	_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof s->opaque, "fits");
	return (crypto_hash_sha256_state *)(void *)s->opaque;
}

void
crypto_sum_init(struct crypto_sum *s)
{
	crypto_hash_sha256_init(sum_state(s));
}

void
crypto_sum_add(struct crypto_sum *s, struct span in)
{
	crypto_hash_sha256_update(sum_state(s), crypto_ptr(in), in.len);
}

void
crypto_sum_end(struct crypto_sum *s, uint8_t out[32])
{
	crypto_hash_sha256_final(sum_state(s), out);
	sec_zero(s, sizeof(*s));
}

/* Only libcrypto has it. */
void
crypto_sha3_256v(const struct span *v, size_t n, uint8_t out[32])
{
	hash_bulk(crypto_alg()->sha3_256, v, n, out);
}

void
crypto_sha512v(const struct span *v, size_t n, uint8_t out[64])
{
	crypto_hash_sha512_state s;
	size_t i;

	if (is_bulk(v, n)) {
		hash_bulk(crypto_alg()->sha512, v, n, out);
		return;
	}
	crypto_hash_sha512_init(&s);
	for (i = 0; i < n; i++)
		crypto_hash_sha512_update(&s, crypto_ptr(v[i]), v[i].len);
	crypto_hash_sha512_final(&s, out);
	sec_zero(&s, sizeof(s));
}

void
crypto_sha256(struct span in, uint8_t out[32])
{
	crypto_sha256v(&in, 1, out);
}

void
crypto_sha512(struct span in, uint8_t out[64])
{
	crypto_sha512v(&in, 1, out);
}

void
crypto_hmac_sha512v(struct span key, const struct span *v, size_t n, uint8_t out[64])
{
	crypto_auth_hmacsha512_state s;
	size_t i;

	crypto_auth_hmacsha512_init(&s, crypto_ptr(key), key.len);
	for (i = 0; i < n; i++)
		crypto_auth_hmacsha512_update(&s, crypto_ptr(v[i]), v[i].len);
	crypto_auth_hmacsha512_final(&s, out);
	sec_zero(&s, sizeof(s));
}

void
crypto_hmac_sha512(struct span key, struct span msg, uint8_t out[64])
{
	crypto_hmac_sha512v(key, &msg, 1, out);
}

static void
hmac_sha256v(struct span key, const struct span *v, size_t n, uint8_t out[32])
{
	crypto_auth_hmacsha256_state s;
	size_t i;

	crypto_auth_hmacsha256_init(&s, crypto_ptr(key), key.len);
	for (i = 0; i < n; i++)
		crypto_auth_hmacsha256_update(&s, crypto_ptr(v[i]), v[i].len);
	crypto_auth_hmacsha256_final(&s, out);
	sec_zero(&s, sizeof(s));
}

void
crypto_hmac_sha256(struct span key, struct span msg, uint8_t out[32])
{
	hmac_sha256v(key, &msg, 1, out);
}

/* RFC 2104 2, by hand: libsodium has no SHA-1. */
void
crypto_hmac_sha1(struct span key, struct span msg, uint8_t out[20])
{
	uint8_t block[64] = { 0 }, inner[20];
	struct span v[2] = { SPAN(block, sizeof(block)), msg };
	size_t i;

	if (key.len > sizeof(block))
		hash_bulk(crypto_alg()->sha1, &key, 1, block);
	else if (key.len)
		memcpy(block, key.p, key.len);
	for (i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	hash_bulk(crypto_alg()->sha1, v, 2, inner);
	for (i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	v[1] = SPAN(inner, sizeof(inner));
	hash_bulk(crypto_alg()->sha1, v, 2, out);
	sec_zero(block, sizeof(block));
	sec_zero(inner, sizeof(inner));
}

/* RFC 5869 2.2: no salt means zeros, which is what HMAC makes of an empty key. */
void
crypto_hkdf_extract(struct span salt, struct span ikm, uint8_t prk[64])
{
	crypto_hmac_sha512(salt, ikm, prk);
}

/* RFC 5869 2.3: T(i) = HMAC(PRK, T(i-1) || info || i).  The keyed state is made once. */
void
crypto_hkdf_expandv(struct span prk, const struct span *v, size_t n, uint8_t *out, size_t len)
{
	crypto_auth_hmacsha512_state keyed, s;
	uint8_t t[64], i = 0;
	size_t k, take, have = 0;

	crypto_must(len <= 255 * sizeof(t));
	crypto_auth_hmacsha512_init(&keyed, crypto_ptr(prk), prk.len);
	while (len > 0) {
		s = keyed;
		crypto_auth_hmacsha512_update(&s, t, have);
		for (k = 0; k < n; k++)
			crypto_auth_hmacsha512_update(&s, crypto_ptr(v[k]), v[k].len);
		i++;
		crypto_auth_hmacsha512_update(&s, &i, 1);
		crypto_auth_hmacsha512_final(&s, t);
		have = sizeof(t);
		take = len < have ? len : have;
		memcpy(out, t, take);
		out += take;
		len -= take;
	}
	sec_zero(&keyed, sizeof(keyed));
	sec_zero(&s, sizeof(s));
	sec_zero(t, sizeof(t));
}

void
crypto_hkdf_expand(struct span prk, struct span info, uint8_t *out, size_t len)
{
	crypto_hkdf_expandv(prk, &info, 1, out, len);
}

void
crypto_hkdf256(struct span salt, struct span ikm, struct span info, uint8_t *out, size_t len)
{
	uint8_t prk[32], t[32], i = 0;
	size_t take, have = 0;

	crypto_must(len <= 255 * sizeof(t));
	crypto_hmac_sha256(salt, ikm, prk);
	while (len > 0) {
		i++;
		hmac_sha256v(SPAN(prk, sizeof(prk)),
		    (const struct span[]){ SPAN(t, have), info, SPAN(&i, 1) }, 3, t);
		have = sizeof(t);
		take = len < have ? len : have;
		memcpy(out, t, take);
		out += take;
		len -= take;
	}
	sec_zero(prk, sizeof(prk));
	sec_zero(t, sizeof(t));
}

uint64_t
crypto_siphash(const uint8_t key[16], struct span in)
{
	uint8_t out[8];

	crypto_shorthash(out, crypto_ptr(in), in.len, key);
	return be64(out);
}
