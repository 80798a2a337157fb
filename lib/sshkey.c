/* Names, plain public keys and their numbers (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4). */
#include "lib/sshkey_parts.h"
#include "lib/text.h"

#define CERT "-cert-v01@openssh.com"

static const struct kind {
	const char *name;
	const char *cert;
	const char *alg;
	const char *curve;
	enum crypto_nist nist;
} kinds[SSHKEY_TYPES] = {
	[SSHKEY_ED25519] = { "ssh-ed25519", "ssh-ed25519" CERT, "ed25519", NULL, 0 },
	[SSHKEY_RSA] = { "ssh-rsa", "ssh-rsa" CERT, "rsa", NULL, 0 },
	[SSHKEY_P256] = { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" CERT, "p256", "nistp256",
	    CRYPTO_NIST_P256 },
	[SSHKEY_P384] = { "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" CERT, "p384", "nistp384",
	    CRYPTO_NIST_P384 },
	[SSHKEY_P521] = { "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" CERT, "p521", "nistp521",
	    CRYPTO_NIST_P521 },
};

const char *
sshkey_name(enum sshkey_type type, bool cert)
{
	return cert ? kinds[type].cert : kinds[type].name;
}

const char *
sshkey_alg(enum sshkey_type type)
{
	return kinds[type].alg;
}

const char *
sshkey_curve(enum sshkey_type type)
{
	return kinds[type].curve;
}

enum crypto_nist
sshkey_nist(enum sshkey_type type)
{
	return kinds[type].nist;
}

enum err
sshkey_type_of(struct span name, enum sshkey_type *type, bool *cert)
{
	for (unsigned i = 0; i < SSHKEY_TYPES; i++) {
		bool is_cert = span_is(name, kinds[i].cert);

		if (!is_cert && !span_is(name, kinds[i].name))
			continue;
		*type = (enum sshkey_type)i;
		if (cert)
			*cert = is_cert;
		return ERR_OK;
	}
	return ERR_SSHKEY_KIND;
}

bool
sshkey_type_of_alg(struct span alg, enum sshkey_type *type)
{
	for (unsigned i = 0; i < SSHKEY_TYPES; i++)
		if (span_is(alg, kinds[i].alg)) {
			*type = (enum sshkey_type)i;
			return true;
		}
	return false;
}

/* --- numbers --- */

static enum err
read_rsa(struct ssh_reader *r, struct sshkey_public *k)
{
	struct crypto_rsa rsa = { 0 };

	k->e = ssh_read_mpint(r, SSHKEY_BLOB_MAX);
	k->n = ssh_read_mpint(r, SSHKEY_BLOB_MAX);
	rsa.n = k->n;
	rsa.e = k->e;
	if (r->failed)
		return ERR_SSHKEY_FORMAT;
	return crypto_rsa_public_ok(&rsa) ? ERR_OK : ERR_SSHKEY_WEAK;
}

static enum err
read_point(struct ssh_reader *r, struct sshkey_public *k)
{
	struct span curve = SPAN_NONE;
	bool ok;

	if (sshkey_is_ecdsa(k->type)) {
		curve = ssh_read_string(r, 16);
		k->point = ssh_read_string(r, CRYPTO_NIST_POINT_MAX);
		ok = span_is(curve, sshkey_curve(k->type)) &&
		    k->point.len == crypto_nist_point(sshkey_nist(k->type)) && k->point.p[0] == 4;
	} else {
		k->point = ssh_read_string(r, 32);
		ok = k->point.len == 32;
	}
	return !r->failed && ok ? ERR_OK : ERR_SSHKEY_FORMAT;
}

enum err
sshkey_read_numbers(struct ssh_reader *r, struct sshkey_public *k)
{
	return k->type == SSHKEY_RSA ? read_rsa(r, k) : read_point(r, k);
}

enum err
sshkey_parse_public(struct span blob, struct sshkey_public *out)
{
	struct sshkey_public k = { .blob = blob };
	struct ssh_reader r = ssh_reader(blob);
	struct span name;
	enum err e;

	if (blob.len > SSHKEY_BLOB_MAX)
		return ERR_SSHKEY_FORMAT;
	name = ssh_read_string(&r, 64);
	if ((e = ssh_reader_err(&r)) || (e = sshkey_type_of(name, &k.type, &k.is_cert)))
		return e;
	if (k.is_cert)
		k.cert.nonce = ssh_read_string(&r, 256);
	if ((e = sshkey_read_numbers(&r, &k)) || (k.is_cert && (e = sshkey_read_cert(&r, &k))) ||
	    (e = ssh_reader_end(&r)))
		return e;
	*out = k;
	return ERR_OK;
}

/* --- writing --- */

void
sshkey_put_point(enum sshkey_type type, struct span point, struct buf *out)
{
	ssh_put_text(out, sshkey_name(type, false));
	if (sshkey_is_ecdsa(type))
		ssh_put_text(out, sshkey_curve(type));
	ssh_put_string(out, point);
}

void
sshkey_put_rsa(struct span n, struct span e, struct buf *out)
{
	ssh_put_text(out, sshkey_name(SSHKEY_RSA, false));
	ssh_put_mpint(out, e);
	ssh_put_mpint(out, n);
}

enum err
sshkey_put_plain(const struct sshkey_public *k, struct buf *out)
{
	if (k->type == SSHKEY_RSA)
		sshkey_put_rsa(k->n, k->e, out);
	else
		sshkey_put_point(k->type, k->point, out);
	return buf_err(out);
}

void
sshkey_fingerprint(struct span blob, struct buf *out)
{
	uint8_t hash[32];

	crypto_sha256(blob, hash);
	buf_put_str(out, "SHA256:");
	text_encode(TEXT_BASE64_NOPAD, SPAN(hash, sizeof(hash)), out);
}
