/*
 * transport.h - how a secret crosses the bus (Secret Service 0.2, "Transfer of Secrets").
 *
 * "plain": as it is.  "dh-ietf1024-sha256-aes128-cbc-pkcs7": group 2 of RFC 2409, the shared secret
 * left-padded to 128 bytes, HKDF-SHA256 without salt and info to 16 bytes, AES-128-CBC.  It hides
 * secrets from who records the bus, not from who owns it.
 */
#ifndef CLI_SECRETS_TRANSPORT_H
#define CLI_SECRETS_TRANSPORT_H

#include "lib/buf.h"
#include "lib/sec.h"

#define TRANSPORT_PUBLIC     128
#define TRANSPORT_BLOCK	     16
#define TRANSPORT_MAX	     (128 * 1024) /* bytes of a secret, as in the vault */
#define TRANSPORT_SEALED_MAX (TRANSPORT_MAX + TRANSPORT_BLOCK)

enum transport_kind { TRANSPORT_PLAIN, TRANSPORT_DH };
struct transport {
	enum transport_kind kind;
	uint8_t key[16]; /* wiped by transport_done */
};

/* t is not looked at before.  ERR_UNSUPPORTED for another algorithm; ERR_RANGE for a peer's number
 * <= 1 or >= p - 1, ERR_FORMAT when it is empty or longer than 128 bytes.  ours: our public number
 * (DH), else unchanged. */
MUST enum err transport_open(
    struct transport *t, struct span algorithm, struct span theirs, uint8_t ours[TRANSPORT_PUBLIC]);
void transport_done(struct transport *t);
/* parameters (iv; empty when plain) and value as they go over the bus; buffers are wiped when
 * freed. */
MUST enum err transport_seal(
    const struct transport *t, struct span secret, struct buf *parameters, struct buf *value);
/* *secret must be empty.  ERR_FORMAT: lengths or padding are wrong; ERR_TOOBIG; ERR_NOMEM when the
 * arena is full. */
MUST enum err transport_unseal(
    const struct transport *t, struct span parameters, struct span value, struct sec *secret);

#endif
