/* Private parts, as messages and files have them, and as the vault keeps them. */
#include "lib/sshkey_parts.h"

static enum err
rsa_check(const struct crypto_rsa *k)
{
	if (!crypto_rsa_public_ok(k))
		return ERR_SSHKEY_WEAK;
	return crypto_rsa_pair_ok(k) ? ERR_OK : ERR_SSHKEY_PAIR;
}

enum err
sshkey_rsa_parts(struct span canonical, struct crypto_rsa *out)
{
	struct ssh_reader r = ssh_reader(canonical);
	struct crypto_rsa k;

	k.n = ssh_read_mpint(&r, CRYPTO_RSA_MAX);
	k.e = ssh_read_mpint(&r, CRYPTO_RSA_MAX);
	k.d = ssh_read_mpint(&r, CRYPTO_RSA_MAX);
	k.iqmp = ssh_read_mpint(&r, CRYPTO_RSA_MAX);
	k.p = ssh_read_mpint(&r, CRYPTO_RSA_MAX);
	k.q = ssh_read_mpint(&r, CRYPTO_RSA_MAX);
	if (ssh_reader_end(&r))
		return ERR_SSHKEY_FORMAT;
	*out = k;
	return ERR_OK;
}

/* The point of a seed or scalar. */
static enum err
point_of(enum sshkey_type type, struct span canonical, uint8_t point[CRYPTO_NIST_POINT_MAX])
{
	if (type == SSHKEY_ED25519) {
		if (canonical.len != 32)
			return ERR_SSHKEY_FORMAT;
		crypto_ed25519_public(canonical.p, point);
		return ERR_OK;
	}
	if (canonical.len != crypto_nist_size(sshkey_nist(type)))
		return ERR_SSHKEY_FORMAT;
	return crypto_ecdsa_public(sshkey_nist(type), canonical.p, point) ? ERR_SSHKEY_PAIR
									  : ERR_OK;
}

static size_t
point_len(enum sshkey_type type)
{
	return type == SSHKEY_ED25519 ? 32 : crypto_nist_point(sshkey_nist(type));
}

enum err
sshkey_public_of(enum sshkey_type type, struct span canonical, struct buf *blob)
{
	uint8_t point[CRYPTO_NIST_POINT_MAX];
	struct crypto_rsa rsa;
	enum err e;

	if (type == SSHKEY_RSA) {
		if ((e = sshkey_rsa_parts(canonical, &rsa)) || (e = rsa_check(&rsa)))
			return e;
		sshkey_put_rsa(rsa.n, rsa.e, blob);
	} else {
		if ((e = point_of(type, canonical, point)))
			return e;
		sshkey_put_point(type, SPAN(point, point_len(type)), blob);
	}
	return buf_err(blob);
}

/* --- reading --- */

/* pub: what came with it; the private half behind must be of the same key. */
static enum err
read_ed25519(struct ssh_reader *r, struct span pub, struct sec *out)
{
	struct span pair = ssh_read_string(r, 64);
	uint8_t own[32];
	enum err e;

	if (r->failed || pair.len != 64)
		return ERR_SSHKEY_FORMAT;
	crypto_ed25519_public(pair.p, own);
	if (!crypto_eq(SPAN(own, 32), pub) || !crypto_eq(SPAN(own, 32), SPAN(pair.p + 32, 32)))
		return ERR_SSHKEY_PAIR;
	if (!(e = sec_init(out, 32)))
		e = sec_set(out, SPAN(pair.p, 32));
	return e;
}

static enum err
read_ecdsa(struct ssh_reader *r, enum sshkey_type type, struct span pub, struct sec *out)
{
	static const uint8_t zero[CRYPTO_NIST_SCALAR_MAX];
	size_t size = crypto_nist_size(sshkey_nist(type));
	struct span d = ssh_read_mpint(r, size);
	uint8_t own[CRYPTO_NIST_POINT_MAX];
	enum err e;

	if (r->failed)
		return ERR_SSHKEY_FORMAT;
	if ((e = sec_init(out, size)) || (e = sec_put(out, SPAN(zero, size - d.len))) ||
	    (e = sec_put(out, d)) || (e = point_of(type, sec_span(out), own)))
		return e;
	return crypto_eq(SPAN(own, pub.len), pub) ? ERR_OK : ERR_SSHKEY_PAIR;
}

static enum err
put_rsa(const struct crypto_rsa *k, struct sec *out)
{
	const struct span *v[] = { &k->n, &k->e, &k->d, &k->iqmp, &k->p, &k->q };
	size_t size = 0;
	enum err e;

	for (unsigned i = 0; i < 6; i++)
		size += 4 + 1 + v[i]->len;
	e = sec_init(out, size);
	for (unsigned i = 0; i < 6 && !e; i++)
		e = ssh_sec_mpint(out, *v[i]);
	return e;
}

static enum err
read_rsa(struct ssh_reader *r, struct crypto_rsa *k, struct sec *out)
{
	enum err e;

	k->d = ssh_read_mpint(r, CRYPTO_RSA_MAX);
	k->iqmp = ssh_read_mpint(r, CRYPTO_RSA_MAX);
	k->p = ssh_read_mpint(r, CRYPTO_RSA_MAX);
	k->q = ssh_read_mpint(r, CRYPTO_RSA_MAX);
	if (r->failed)
		return ERR_SSHKEY_FORMAT;
	if ((e = rsa_check(k)))
		return e;
	return put_rsa(k, out);
}

/* Public numbers as private parts have them: other than in a blob, RSA has n before e. */
static enum err
read_public(struct ssh_reader *r, struct sshkey_public *k)
{
	struct crypto_rsa rsa = { 0 };

	if (k->type != SSHKEY_RSA)
		return sshkey_read_numbers(r, k);
	k->n = rsa.n = ssh_read_mpint(r, SSHKEY_BLOB_MAX);
	k->e = rsa.e = ssh_read_mpint(r, SSHKEY_BLOB_MAX);
	if (r->failed)
		return ERR_SSHKEY_FORMAT;
	return crypto_rsa_public_ok(&rsa) ? ERR_OK : ERR_SSHKEY_WEAK;
}

/* From a certificate, which must be of the kind that was announced. */
static enum err
read_certified(struct ssh_reader *r, struct sshkey_public *k)
{
	struct span blob = ssh_read_string(r, SSHKEY_BLOB_MAX);
	enum sshkey_type type = k->type;
	struct span pub;
	enum err e;

	if ((e = ssh_reader_err(r)) || (e = sshkey_parse_public(blob, k)))
		return e;
	if (k->type != type || !k->is_cert)
		return ERR_SSHKEY_FORMAT;
	if (type != SSHKEY_ED25519)
		return ERR_OK;
	/* PROTOCOL.agent: it alone repeats its public key */
	pub = ssh_read_string(r, 32);
	if (r->failed || pub.len != 32)
		return ERR_SSHKEY_FORMAT;
	return span_eq(pub, k->point) ? ERR_OK : ERR_SSHKEY_PAIR;
}

static enum err
read_half(struct ssh_reader *r, const struct sshkey_public *pub, struct sec *out)
{
	struct crypto_rsa rsa = { .n = pub->n, .e = pub->e };

	if (pub->type == SSHKEY_ED25519)
		return read_ed25519(r, pub->point, out);
	if (pub->type == SSHKEY_RSA)
		return read_rsa(r, &rsa, out);
	return read_ecdsa(r, pub->type, pub->point, out);
}

enum err
sshkey_parse_private(struct ssh_reader *r, struct sshkey_private *out)
{
	struct span name = ssh_read_string(r, 64);
	struct sshkey_public pub = { 0 };
	struct sshkey_private k = { 0 };
	enum err e;
	bool cert;

	if ((e = ssh_reader_err(r)) || (e = sshkey_type_of(name, &pub.type, &cert)) ||
	    (e = cert ? read_certified(r, &pub) : read_public(r, &pub)) ||
	    (e = read_half(r, &pub, &k.canonical)) || (e = sshkey_put_plain(&pub, &k.blob)))
		goto out;
	if (cert)
		buf_put_span(&k.cert, pub.blob);
	if ((e = buf_err(&k.cert)))
		goto out;
	k.type = pub.type;
	*out = k;
	return ERR_OK;
out:
	sshkey_private_done(&k);
	return e;
}

void
sshkey_private_done(struct sshkey_private *k)
{
	sec_done(&k->canonical);
	buf_done(&k->blob);
	buf_done(&k->cert);
}

/* --- writing --- */

static enum err
write_rsa(const struct crypto_rsa *k, bool cert, struct sec *out)
{
	const struct span *v[] = { &k->n, &k->e, &k->d, &k->iqmp, &k->p, &k->q };
	enum err e = ERR_OK;

	for (unsigned i = cert ? 2 : 0; i < 6 && !e; i++)
		e = ssh_sec_mpint(out, *v[i]);
	return e;
}

static enum err
write_point(enum sshkey_type type, struct span canonical, bool cert, struct sec *out)
{
	uint8_t point[CRYPTO_NIST_POINT_MAX];
	enum err e;

	if ((e = point_of(type, canonical, point)))
		return e;
	if (type == SSHKEY_ED25519) {
		if ((e = ssh_sec_string(out, SPAN(point, 32))) || (e = ssh_sec_u32(out, 64)) ||
		    (e = sec_put(out, canonical)))
			return e;
		return sec_put(out, SPAN(point, 32));
	}
	if (!cert &&
	    ((e = ssh_sec_string(out, span_str(sshkey_curve(type)))) ||
		(e = ssh_sec_string(out, SPAN(point, point_len(type))))))
		return e;
	return ssh_sec_mpint(out, canonical);
}

enum err
sshkey_put_private(enum sshkey_type type, struct span canonical, struct span cert, struct sec *out)
{
	struct crypto_rsa rsa;
	enum err e;

	if (type == SSHKEY_RSA && (e = sshkey_rsa_parts(canonical, &rsa)))
		return e;
	if ((e = ssh_sec_string(out, span_str(sshkey_name(type, cert.len > 0)))) ||
	    (cert.len > 0 && (e = ssh_sec_string(out, cert))))
		return e;
	return type == SSHKEY_RSA ? write_rsa(&rsa, cert.len > 0, out)
				  : write_point(type, canonical, cert.len > 0, out);
}
