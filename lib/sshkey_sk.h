/*
 * sshkey_sk.h - keys of OpenSSH that live on a token: sk-ssh-ed25519@openssh.com and
 * sk-ecdsa-sha2-nistp256@openssh.com (PROTOCOL.u2f).  Public keys and signatures; no certificates,
 * and not the signatures that browsers make (webauthn-...).
 */
#ifndef LIB_SSHKEY_SK_H
#define LIB_SSHKEY_SK_H

#include "lib/err.h"
#include "lib/span.h"

#define SSHKEY_SK_BLOB_MAX 1024

/* What the token says in what it signs. */
struct sshkey_sk_said {
	bool up; /* touched */
	bool uv; /* PIN or fingerprint */
	uint32_t counter;
};

/* Does its name say so? */
bool sshkey_is_sk(struct span public_blob);
/* ERR_SSHKEY_KIND, ERR_SSHKEY_FORMAT; ERR_SSHKEY_SIGNATURE: wrong, malformed, of another
 * algorithm.  Whether the flags suffice is for the caller. */
MUST enum err sshkey_sk_verify(
    struct span public_blob, struct span signature, struct span data, struct sshkey_sk_said *out);

#endif
