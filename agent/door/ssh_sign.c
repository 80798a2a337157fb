/*
 * ssh_sign.c - what a client wants signed, taken apart (DESIGN 8, "typed only"): the vault gets
 * fields and makes the bytes again.  Strict: what is not exactly one of the two is raw, and that
 * the vault refuses unless the key's policy says otherwise.
 */
#include "agent/door/ssh.h"
#include "lib/sshkey.h"

#define MAGIC	    "SSHSIG"
#define USERAUTH    50 /* SSH_MSG_USERAUTH_REQUEST */
#define CERT_SUFFIX "-cert-v01@openssh.com"

#define FLAG_SHA256 2 /* RFC 9987 5.3 */
#define FLAG_SHA512 4

/* The name of the key's kind: the first string of its blob. */
static struct span
name_of(struct span blob)
{
	struct ssh_reader r = ssh_reader(blob);

	return ssh_read_string(&r, blob.len);
}

static bool
is_rsa(struct span name)
{
	return span_is(name, "ssh-rsa") || span_is(name, "ssh-rsa" CERT_SUFFIX);
}

/* OpenSSH prefers the shorter hash when both flags are set. */
static const char *
rsa_alg(uint32_t flags)
{
	if (flags & FLAG_SHA256)
		return "rsa-sha2-256";
	return flags & FLAG_SHA512 ? "rsa-sha2-512" : NULL;
}

/* The algorithm that a userauth request names: that of the key, certificates by their own name. */
static bool
is_alg_of(struct span alg, struct span key_name, struct span sign_alg)
{
	struct span rest;

	if (!sign_alg.len)
		return span_eq(alg, key_name);
	if (!span_eq(span_sub(alg, 0, sign_alg.len), sign_alg))
		return false;
	rest = SPAN(alg.p + sign_alg.len, alg.len - sign_alg.len);
	return span_is(key_name, "ssh-rsa") ? !rest.len : span_is(rest, CERT_SUFFIX);
}

/* A plain key signs for its certificate, too: ssh has that from a file (CertificateFile). */
static bool
is_certificate_of(struct span blob, struct span key)
{
	struct buf plain = BUF_INIT;
	struct sshkey_public c;
	bool is = !sshkey_parse_public(blob, &c) && c.is_cert && !sshkey_put_plain(&c, &plain) &&
	    !buf_err(&plain) && span_eq(buf_span(&plain), key);

	buf_done(&plain);
	return is;
}

/* RFC 4252 7; with a hostkey: publickey-hostbound-v00@openssh.com (PROTOCOL 3.1). */
static bool
parse_userauth(const struct ssh_key *key, struct span data, struct ops_sign *in)
{
	struct ssh_reader r = ssh_reader(data);
	struct span method, alg, blob;
	uint8_t type, signature_follows;

	in->session = ssh_read_string(&r, SSH_SESSION_MAX);
	type = ssh_read_u8(&r);
	in->user = ssh_read_string(&r, SSH_NAME_MAX);
	in->auth_service = ssh_read_string(&r, 64);
	method = ssh_read_string(&r, 64);
	signature_follows = ssh_read_u8(&r);
	alg = ssh_read_string(&r, 64);
	blob = ssh_read_string(&r, SSH_BLOB_MAX);
	if (span_is(method, "publickey-hostbound-v00@openssh.com")) {
		in->hostkey = ssh_read_string(&r, SSH_HOSTKEY_MAX);
		if (!in->hostkey.len)
			return false;
	} else if (!span_is(method, "publickey")) {
		return false;
	}
	if (ssh_reader_end(&r) || !in->session.len || type != USERAUTH || !in->auth_service.len ||
	    signature_follows != 1 || !is_alg_of(alg, name_of(blob), in->alg))
		return false;
	if (span_eq(blob, key->blob))
		return true;
	in->certificate = blob;
	return is_certificate_of(blob, key->blob);
}

/* PROTOCOL.sshsig 3: what is signed, not what comes out. */
static bool
parse_sshsig(struct span data, struct ops_sign *in)
{
	struct ssh_reader r = ssh_reader(data);
	struct span magic = ssh_read_bytes(&r, sizeof MAGIC - 1), reserved;

	in->name_space = ssh_read_string(&r, 255);
	reserved = ssh_read_string(&r, 0);
	in->hash_alg = ssh_read_string(&r, 6);
	in->hash = ssh_read_string(&r, 64);
	if (ssh_reader_end(&r) || !span_is(magic, MAGIC) || !in->name_space.len || reserved.len)
		return false;
	return (span_is(in->hash_alg, "sha256") && in->hash.len == 32) ||
	    (span_is(in->hash_alg, "sha512") && in->hash.len == 64);
}

enum err
ssh_sign_parse(const struct ssh_key *key, struct span data, uint32_t flags, struct ops_sign *in)
{
	struct ops_sign plain = { .bare = true };
	const char *alg;

	if (is_rsa(name_of(key->blob))) {
		if (!(alg = rsa_alg(flags)))
			return ERR_SSHKEY_SIGNATURE;
		plain.alg = span_str(alg);
	}
	*in = plain;
	in->type = OPS_SIGN_SSH_USERAUTH;
	if (parse_userauth(key, data, in))
		return ERR_OK;
	*in = plain;
	in->type = OPS_SIGN_SSHSIG;
	if (parse_sshsig(data, in))
		return ERR_OK;
	*in = plain;
	in->type = OPS_SIGN_RAW;
	in->data = data;
	return ERR_OK;
}
