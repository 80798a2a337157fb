/*
 * ssh.h - what SSH keys sign: the bytes are built here from what a request says, never given
 * (DESIGN 8).  PROTOCOL.sshsig; RFC 4252 7 and publickey-hostbound-v00@openssh.com (PROTOCOL 3.1).
 */
#ifndef AGENT_FORMAT_SSH_H
#define AGENT_FORMAT_SSH_H

#include "lib/ops.h"
#include "lib/sshkey.h"

/* A key that signs, wherever it is kept; borrowed. */
struct format_ssh_key {
	enum sshkey_type type;
	struct span canonical; /* private bytes (sshkey.h) */
	struct span point;     /* ed25519: public key, 32 */
	struct span blob;      /* public key or certificate, as who verifies is shown it */
	bool cert;
};

/* The hash of q->alg (absent: the key's only one; RSA: SHA-512).  ERR_KEY_ALG: not of this key. */
MUST enum err format_ssh_hash(
    enum sshkey_type type, const struct ops_sign *q, enum sshkey_hash *hash);
/* Append what is signed.  ERR_RANGE: the request lacks a part, or has one of a wrong length. */
MUST enum err format_ssh_tbs(
    const struct format_ssh_key *k, const struct ops_sign *q, struct buf *tbs);
/* Append the signature blob (RFC 4253 6.6) over tbs. */
MUST enum err format_ssh_make(
    const struct format_ssh_key *k, const struct ops_sign *q, struct span tbs, struct buf *sig);
/* Append what the request wants of it: the blob alone, or an SSHSIG around it. */
MUST enum err format_ssh_wrap(
    const struct format_ssh_key *k, const struct ops_sign *q, struct span sig, struct buf *out);
/* Append the public blob of an Ed25519 key. */
void format_ssh_ed25519(struct span point, struct buf *out);

#endif
