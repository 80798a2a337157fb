/*
 * openssh_key.h - private key files of SSH: openssh-key-v1 (PROTOCOL.key), and PEM.
 */
#ifndef LIB_OPENSSH_KEY_H
#define LIB_OPENSSH_KEY_H

#include "lib/crypto_openssh.h"
#include "lib/sshkey.h"

#define OPENSSH_KEY_MAX ((size_t)256 * 1024) /* of a file */

/* A file without its armour.  All spans borrow from raw, or, with PEM, from the text. */
struct openssh_key {
	struct buf raw;
	bool encrypted; /* a passphrase is needed */
	/* openssh-key-v1 */
	const struct crypto_ssh_cipher *cipher; /* NULL: not encrypted */
	struct span salt;
	uint32_t rounds;
	struct span blob;	 /* public key */
	struct span sealed, tag; /* private part */
	/* PEM */
	struct span pem;
};

/* Does this look like a private key of SSH, of whichever form? */
bool openssh_key_is(struct span text);
/* *k gets what openssh_key_done gives back.  ERR_SSHKEY_FORMAT, ERR_IMPORT_CIPHER, ERR_TOOBIG,
 * ERR_NOMEM; *k is empty then. */
MUST enum err openssh_key_parse(struct span text, struct openssh_key *k);
void openssh_key_done(struct openssh_key *k);
/* pass: empty when it is not encrypted.  *out: empty before; comment is appended (foreign text;
 * PEM has none).  ERR_PASS_WRONG, and all of sshkey_parse_private. */
MUST enum err openssh_key_open(
    const struct openssh_key *k, struct span pass, struct sshkey_private *out, struct buf *comment);

#endif
