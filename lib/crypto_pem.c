/* Private keys as PEM, read by libcrypto, and RSA keys made by it, with the numbers as sshkey.h has
 * them. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "lib/crypto_alg.h"
#include "lib/crypto_openssh.h"
#include "lib/ssh_wire.h"

#define NUMBER_MAX CRYPTO_RSA_MAX

/* libcrypto asks: what was typed, and nothing from a terminal of its own. */
static int
give_passphrase(char *out, int size, int writing, void *arg)
{
	const struct span *pass = arg;

	(void)writing;
	if (pass->p == NULL || pass->len > (size_t)size)
		return -1;
	memcpy(out, pass->p, pass->len);
	return (int)pass->len;
}

static EVP_PKEY *
read_pem(struct span text, struct span pass)
{
	EVP_PKEY *key;
	BIO *in;

	crypto_alg();
	if (text.len == 0 || text.len > (1 << 20))
		return NULL;
	crypto_must((in = BIO_new_mem_buf(text.p, (int)text.len)) != NULL);
	key = PEM_read_bio_PrivateKey(in, NULL, give_passphrase, &pass);
	BIO_free(in);
	ERR_clear_error();
	return key;
}

/* A number of the key in `size` bytes, or as an mpint with size 0. */
static enum err
put_number(const EVP_PKEY *key, const char *name, size_t size, struct sec *out)
{
	uint8_t raw[NUMBER_MAX];
	BIGNUM *b = NULL;
	size_t n;
	enum err e;

	if (EVP_PKEY_get_bn_param(key, name, &b) != 1) {
		ERR_clear_error();
		return ERR_SSHKEY_FORMAT;
	}
	n = size ? size : (size_t)BN_num_bytes(b);
	if (n > sizeof(raw) || BN_bn2binpad(b, raw, (int)n) != (int)n)
		e = ERR_SSHKEY_FORMAT;
	else
		e = size ? sec_put(out, SPAN(raw, n)) : ssh_sec_mpint(out, SPAN(raw, n));
	sec_zero(raw, sizeof(raw));
	BN_clear_free(b);
	return e;
}

static enum err
put_rsa(const EVP_PKEY *key, struct sec *out)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
		OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2 };
	enum err e = sec_init(out, 10 * 1024);

	for (size_t i = 0; i < 6 && !e; i++)
		e = put_number(key, names[i], 0, out);
	return e;
}

static enum err
put_ec(const EVP_PKEY *key, enum crypto_nist *curve, struct sec *out)
{
	char name[64];
	size_t n;
	enum err e;

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), &n) != 1)
		return ERR_SSHKEY_FORMAT;
	if (strcmp(name, "prime256v1") == 0)
		*curve = CRYPTO_NIST_P256;
	else if (strcmp(name, "secp384r1") == 0)
		*curve = CRYPTO_NIST_P384;
	else if (strcmp(name, "secp521r1") == 0)
		*curve = CRYPTO_NIST_P521;
	else
		return ERR_SSHKEY_KIND;
	if ((e = sec_init(out, CRYPTO_NIST_SCALAR_MAX)))
		return e;
	return put_number(key, OSSL_PKEY_PARAM_PRIV_KEY, crypto_nist_size(*curve), out);
}

static enum err
put_ed25519(const EVP_PKEY *key, struct sec *out)
{
	size_t n = 32;
	enum err e;

	if ((e = sec_init(out, 32)))
		return e;
	if (EVP_PKEY_get_raw_private_key(key, out->p, &n) != 1 || n != 32)
		return ERR_SSHKEY_FORMAT;
	out->len = 32;
	return ERR_OK;
}

/* libcrypto reads a public half, and does not look whether it is the one of this private half. */
static bool
halves_fit(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok;

	crypto_must(ctx != NULL);
	ok = EVP_PKEY_pairwise_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

static enum err
put_key(EVP_PKEY *key, enum crypto_pem *kind, enum crypto_nist *curve, struct sec *out)
{
	if (EVP_PKEY_is_a(key, "ED25519")) {
		*kind = CRYPTO_PEM_ED25519;
		return put_ed25519(key, out);
	}
	if (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC"))
		return ERR_SSHKEY_KIND;
	if (!halves_fit(key))
		return ERR_SSHKEY_PAIR;
	if (EVP_PKEY_is_a(key, "RSA")) {
		*kind = CRYPTO_PEM_RSA;
		return put_rsa(key, out);
	}
	*kind = CRYPTO_PEM_EC;
	return put_ec(key, curve, out);
}

enum err
crypto_pem_open(struct span text, struct span pass, enum crypto_pem *kind, enum crypto_nist *curve,
    struct sec *out)
{
	EVP_PKEY *key = read_pem(text, pass);
	enum err e;

	if (key == NULL)
		return pass.p ? ERR_PASS_WRONG : ERR_SSHKEY_FORMAT;
	e = put_key(key, kind, curve, out);
	EVP_PKEY_free(key);
	if (e)
		sec_done(out);
	return e;
}

/* --- made here --- */

enum err
crypto_rsa_generate(unsigned bits, struct sec *out)
{
	EVP_PKEY *key;
	enum err e;

	if (bits != 2048 && bits != 3072 && bits != 4096)
		return ERR_RANGE;
	crypto_alg();
	if ((key = EVP_RSA_gen(bits)) == NULL) {
		ERR_clear_error();
		return ERR_INTERNAL;
	}
	e = put_rsa(key, out);
	EVP_PKEY_free(key);
	if (e)
		sec_done(out);
	return e;
}
