/* sshkey_sk.c - signatures of tokens as OpenSSH wraps them. */
#include "lib/sshkey_sk.h"

#include "lib/crypto_ssh.h"
#include "lib/ssh_wire.h"

#define ED25519 "sk-ssh-ed25519@openssh.com"
#define ECDSA	"sk-ecdsa-sha2-nistp256@openssh.com"
#define UP	1
#define UV	4
#define SIGNED	(32 + 1 + 4 + 32)

/* Borrowed from the blob. */
struct key {
	bool ecdsa;
	struct span name, point, application;
};

static struct span
name_of(struct span blob)
{
	struct ssh_reader r = ssh_reader(blob);

	return ssh_read_string(&r, 64);
}

bool
sshkey_is_sk(struct span blob)
{
	struct span name = name_of(blob);

	return span_is(name, ED25519) || span_is(name, ECDSA);
}

static enum err
parse(struct span blob, struct key *k)
{
	struct ssh_reader r = ssh_reader(blob);

	k->name = ssh_read_string(&r, 64);
	k->ecdsa = span_is(k->name, ECDSA);
	if (!k->ecdsa && !span_is(k->name, ED25519))
		return ERR_SSHKEY_KIND;
	if (k->ecdsa && !span_is(ssh_read_string(&r, 16), "nistp256"))
		return ERR_SSHKEY_FORMAT;
	k->point = ssh_read_string(&r, 65);
	k->application = ssh_read_string(&r, 512);
	if (ssh_reader_end(&r) || !k->application.len || k->point.len != (k->ecdsa ? 65 : 32))
		return ERR_SSHKEY_FORMAT;
	return ERR_OK;
}

static bool
verify_ecdsa(const struct key *k, struct span sig, struct span data)
{
	struct ssh_reader in = ssh_reader(sig);
	struct span r = ssh_read_mpint(&in, 32), s = ssh_read_mpint(&in, 32);
	uint8_t rs[64] = { 0 };

	if (ssh_reader_end(&in) || !r.len || !s.len || k->point.p[0] != 4)
		return false;
	memcpy(rs + 32 - r.len, r.p, r.len);
	memcpy(rs + 64 - s.len, s.p, s.len);
	return crypto_ecdsa_verify(CRYPTO_NIST_P256, k->point.p, data, rs);
}

enum err
sshkey_sk_verify(
    struct span blob, struct span signature, struct span data, struct sshkey_sk_said *out)
{
	struct ssh_reader r = ssh_reader(signature);
	struct span name = ssh_read_string(&r, 64), sig = ssh_read_string(&r, 128);
	uint8_t flags = ssh_read_u8(&r), whole[SIGNED];
	uint32_t counter = ssh_read_u32(&r);
	struct key k;
	enum err e = parse(blob, &k);

	if (e)
		return e;
	if (ssh_reader_end(&r) || !span_eq(name, k.name))
		return ERR_SSHKEY_SIGNATURE;
	/* what a token signs: authenticator data, hash of the client data */
	crypto_sha256(k.application, whole);
	whole[32] = flags;
	put_be32(whole + 33, counter);
	crypto_sha256(data, whole + 37);
	if (k.ecdsa ? !verify_ecdsa(&k, sig, SPAN(whole, sizeof whole))
		    : sig.len != 64 ||
		    !crypto_ed25519_verify(k.point.p, SPAN(whole, sizeof whole), sig.p))
		return ERR_SSHKEY_SIGNATURE;
	*out = (struct sshkey_sk_said){ .up = flags & UP, .uv = flags & UV, .counter = counter };
	return ERR_OK;
}
