/* Signature blobs: RFC 8709 6, RFC 5656 3.1.2, RFC 8332 3. */
#include "lib/sshkey_parts.h"

static enum err
sign_ed25519(struct span seed, struct span data, struct buf *out)
{
	uint8_t pub[32], sig[64];

	if (seed.len != 32)
		return ERR_SSHKEY_FORMAT;
	crypto_ed25519_public(seed.p, pub);
	crypto_ed25519_sign(seed.p, pub, data, sig);
	ssh_put_text(out, sshkey_name(SSHKEY_ED25519, false));
	ssh_put_string(out, SPAN(sig, sizeof(sig)));
	return buf_err(out);
}

static enum err
sign_ecdsa(enum sshkey_type type, struct span scalar, struct span data, struct buf *out)
{
	size_t size = crypto_nist_size(sshkey_nist(type));
	uint8_t rs[2 * CRYPTO_NIST_SCALAR_MAX];
	struct buf inner = BUF_INIT;
	enum err e;

	if (scalar.len != size || crypto_ecdsa_sign(sshkey_nist(type), scalar.p, data, rs))
		return ERR_SSHKEY_FORMAT;
	ssh_put_mpint(&inner, SPAN(rs, size));
	ssh_put_mpint(&inner, SPAN(rs + size, size));
	if (!(e = buf_err(&inner))) {
		ssh_put_text(out, sshkey_name(type, false));
		ssh_put_string(out, buf_span(&inner));
		e = buf_err(out);
	}
	buf_done(&inner);
	return e;
}

enum err
sshkey_sign_ready(const struct crypto_rsa_ready *key, size_t size, enum sshkey_hash hash,
    struct span data, struct buf *out)
{
	bool wide = hash == SSHKEY_SHA512;
	uint8_t sig[CRYPTO_RSA_MAX];

	if (size > sizeof(sig) ||
	    crypto_rsa_ready_sign(key, wide ? CRYPTO_RSA_SHA512 : CRYPTO_RSA_SHA256, data, sig))
		return ERR_SSHKEY_FORMAT;
	ssh_put_text(out, wide ? "rsa-sha2-512" : "rsa-sha2-256");
	ssh_put_string(out, SPAN(sig, size));
	return buf_err(out);
}

static enum err
sign_rsa(struct span canonical, enum sshkey_hash hash, struct span data, struct buf *out)
{
	struct crypto_rsa_ready *ready;
	struct crypto_rsa k;
	enum err e;

	if ((e = sshkey_rsa_parts(canonical, &k)))
		return e;
	if (crypto_rsa_ready(&k, &ready))
		return ERR_SSHKEY_FORMAT;
	e = sshkey_sign_ready(ready, k.n.len, hash, data, out);
	crypto_rsa_ready_free(ready);
	return e;
}

enum err
sshkey_sign(enum sshkey_type type, struct span canonical, enum sshkey_hash hash, struct span data,
    struct buf *out)
{
	if (type == SSHKEY_ED25519)
		return sign_ed25519(canonical, data, out);
	if (type == SSHKEY_RSA)
		return sign_rsa(canonical, hash, data, out);
	return sign_ecdsa(type, canonical, data, out);
}

/* --- verifying --- */

static bool
verify_ecdsa(const struct sshkey_public *k, struct span sig, struct span data)
{
	size_t size = crypto_nist_size(sshkey_nist(k->type));
	struct ssh_reader in = ssh_reader(sig);
	struct span r = ssh_read_mpint(&in, size), s = ssh_read_mpint(&in, size);
	uint8_t rs[2 * CRYPTO_NIST_SCALAR_MAX] = { 0 };

	if (ssh_reader_end(&in) || r.len == 0 || s.len == 0)
		return false;
	memcpy(rs + size - r.len, r.p, r.len);
	memcpy(rs + 2 * size - s.len, s.p, s.len);
	return crypto_ecdsa_verify(sshkey_nist(k->type), k->point.p, data, rs);
}

static bool
verify_rsa(const struct sshkey_public *k, struct span alg, struct span sig, struct span data)
{
	struct crypto_rsa rsa = { .n = k->n, .e = k->e };
	bool wide = span_is(alg, "rsa-sha2-512");

	if (!wide && !span_is(alg, "rsa-sha2-256"))
		return false;
	return crypto_rsa_verify(&rsa, wide ? CRYPTO_RSA_SHA512 : CRYPTO_RSA_SHA256, data, sig);
}

enum err
sshkey_verify(struct span public_blob, struct span signature, struct span data)
{
	struct ssh_reader r = ssh_reader(signature);
	struct span alg = ssh_read_string(&r, 64), sig = ssh_read_string(&r, SSHKEY_BLOB_MAX);
	struct sshkey_public k;
	enum err e;
	bool ok;

	if ((e = sshkey_parse_public(public_blob, &k)))
		return e;
	if (ssh_reader_end(&r))
		return ERR_SSHKEY_SIGNATURE;
	if (k.type == SSHKEY_RSA)
		ok = verify_rsa(&k, alg, sig, data);
	else if (!span_is(alg, sshkey_name(k.type, false)))
		ok = false;
	else if (k.type == SSHKEY_ED25519)
		ok = sig.len == 64 && crypto_ed25519_verify(k.point.p, data, sig.p);
	else
		ok = verify_ecdsa(&k, sig, data);
	return ok ? ERR_OK : ERR_SSHKEY_SIGNATURE;
}
