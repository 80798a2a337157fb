/* ssh_sign.c - SSHSIG and userauth signatures, of all kinds of keys. */
#include "agent/format/ssh.h"

#include "lib/crypto.h"

#define CERT "-cert-v01@openssh.com"

/* RFC 4252 7; PROTOCOL 3.1 of OpenSSH */
#define USERAUTH_REQUEST 50
#define SERVICE		 "ssh-connection"
#define METHOD		 "publickey"
#define METHOD_BOUND	 "publickey-hostbound-v00@openssh.com"

enum err
format_ssh_hash(enum sshkey_type type, const struct ops_sign *q, enum sshkey_hash *hash)
{
	*hash = SSHKEY_SHA512;
	if (!q->alg.len)
		return ERR_OK;
	if (type != SSHKEY_RSA)
		return span_is(q->alg, sshkey_name(type, false)) ? ERR_OK : ERR_KEY_ALG;
	if (span_is(q->alg, "rsa-sha2-512"))
		return ERR_OK;
	*hash = SSHKEY_SHA256;
	return span_is(q->alg, "rsa-sha2-256") ? ERR_OK : ERR_KEY_ALG;
}

/* ---- what is signed ---- */
/* "SSHSIG", namespace, reserved, hash algorithm, hash of the message. */
static enum err
sshsig_tbs(const struct ops_sign *q, struct buf *b)
{
	size_t want = span_is(q->hash_alg, "sha512") ? 64 : span_is(q->hash_alg, "sha256") ? 32 : 0;

	if (!want || q->hash.len != want || !q->name_space.len)
		return ERR_RANGE;
	buf_put_str(b, "SSHSIG");
	ssh_put_string(b, q->name_space);
	ssh_put_string(b, SPAN_NONE);
	ssh_put_string(b, q->hash_alg);
	ssh_put_string(b, q->hash);
	return buf_err(b);
}

/* The name of the public key algorithm: of RSA it says the hash, too (RFC 8332 3.2). */
static enum err
put_algorithm(const struct format_ssh_key *k, const struct ops_sign *q, struct buf *b)
{
	enum sshkey_hash hash;
	enum err e;

	if ((e = format_ssh_hash(k->type, q, &hash)))
		return e;
	if (k->type != SSHKEY_RSA)
		ssh_put_text(b, sshkey_name(k->type, k->cert));
	else if (hash == SSHKEY_SHA512)
		ssh_put_text(b, k->cert ? "rsa-sha2-512" CERT : "rsa-sha2-512");
	else
		ssh_put_text(b, k->cert ? "rsa-sha2-256" CERT : "rsa-sha2-256");
	return ERR_OK;
}

static enum err
userauth_tbs(const struct format_ssh_key *k, const struct ops_sign *q, struct buf *b)
{
	enum err e;

	if (!q->session.len || !q->user.len)
		return ERR_RANGE;
	ssh_put_string(b, q->session);
	buf_put_u8(b, USERAUTH_REQUEST);
	ssh_put_string(b, q->user);
	if (q->auth_service.len)
		ssh_put_string(b, q->auth_service);
	else
		ssh_put_text(b, SERVICE);
	ssh_put_text(b, q->hostkey.len ? METHOD_BOUND : METHOD);
	buf_put_u8(b, 1);
	if ((e = put_algorithm(k, q, b)))
		return e;
	ssh_put_string(b, k->blob);
	if (q->hostkey.len)
		ssh_put_string(b, q->hostkey);
	return buf_err(b);
}

enum err
format_ssh_tbs(const struct format_ssh_key *k, const struct ops_sign *q, struct buf *tbs)
{
	if (q->type == OPS_SIGN_SSHSIG)
		return sshsig_tbs(q, tbs);
	if (q->type == OPS_SIGN_RAW) {
		buf_put_span(tbs, q->data);
		return q->data.len ? buf_err(tbs) : ERR_USAGE;
	}
	return q->type == OPS_SIGN_SSH_USERAUTH ? userauth_tbs(k, q, tbs) : ERR_UNSUPPORTED;
}

/* ---- signatures ---- */
enum err
format_ssh_make(
    const struct format_ssh_key *k, const struct ops_sign *q, struct span tbs, struct buf *sig)
{
	enum sshkey_hash hash;
	uint8_t raw[64];
	enum err e;

	if ((e = format_ssh_hash(k->type, q, &hash)))
		return e;
	if (k->type != SSHKEY_ED25519)
		return sshkey_sign(k->type, k->canonical, hash, tbs, sig);
	/* the public key is known: making it again would cost as much as the signature */
	crypto_ed25519_sign(k->canonical.p, k->point.p, tbs, raw);
	ssh_put_text(sig, sshkey_name(SSHKEY_ED25519, false));
	ssh_put_string(sig, SPAN(raw, sizeof raw));
	return buf_err(sig);
}

enum err
format_ssh_wrap(
    const struct format_ssh_key *k, const struct ops_sign *q, struct span sig, struct buf *out)
{
	if (q->type == OPS_SIGN_SSHSIG && !q->bare) {
		buf_put_str(out, "SSHSIG");
		buf_put_u32(out, 1);
		ssh_put_string(out, k->blob);
		ssh_put_string(out, q->name_space);
		ssh_put_string(out, SPAN_NONE);
		ssh_put_string(out, q->hash_alg);
		ssh_put_string(out, sig);
	} else {
		buf_put_span(out, sig);
	}
	return buf_err(out);
}

void
format_ssh_ed25519(struct span point, struct buf *out)
{
	ssh_put_text(out, sshkey_name(SSHKEY_ED25519, false));
	ssh_put_string(out, point);
}
