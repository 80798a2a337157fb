/*
 * sshkey.h - SSH keys: public blobs, certificates, private parts, signatures.
 *
 * Kinds: ssh-ed25519 (RFC 8709), ssh-rsa (RFC 4253, 8332), ecdsa-sha2-nistp256/384/521 (RFC
 * 5656), and the certificate of each, "...-cert-v01@openssh.com" (PROTOCOL.certkeys).  All others,
 * DSA and keys of tokens ("sk-...") among them: ERR_SSHKEY_KIND.  Blobs are at most SSHKEY_BLOB_MAX
 * bytes, RSA keys 2048 to 16384 bits (else ERR_SSHKEY_WEAK).  Whatever else does not fit, trailing
 * bytes included, is ERR_SSHKEY_FORMAT.
 *
 * Canonical private bytes, as the vault keeps them:
 *   ed25519   32: the seed
 *   ecdsa     32, 48, 66: the scalar, big-endian, fixed width
 *   rsa       six RFC 4251 mpints, minimal, nothing else: n e d iqmp p q
 */
#ifndef LIB_SSHKEY_H
#define LIB_SSHKEY_H

#include "lib/crypto_ssh.h"
#include "lib/ssh_wire.h"

#define SSHKEY_BLOB_MAX	      ((size_t)32 * 1024)
#define SSHKEY_PRINCIPALS_MAX 256
#define SSHKEY_CANONICAL_MAX  ((size_t)10 * 1024) /* of RSA with 16384 bits, the longest */

enum sshkey_type { SSHKEY_ED25519, SSHKEY_RSA, SSHKEY_P256, SSHKEY_P384, SSHKEY_P521 };
#define SSHKEY_TYPES 5

/* "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", ...; with cert that of its certificate. */
const char *sshkey_name(enum sshkey_type type, bool cert);
/* "ed25519", "rsa", "p256", "p384", "p521". */
const char *sshkey_alg(enum sshkey_type type);
/* Type of a name, of either sort; *cert may be NULL.  ERR_SSHKEY_KIND. */
MUST enum err sshkey_type_of(struct span name, enum sshkey_type *type, bool *cert);
/* false: not one of the five algs above. */
bool sshkey_type_of_alg(struct span alg, enum sshkey_type *type);

enum sshkey_cert_type { SSHKEY_CERT_USER = 1, SSHKEY_CERT_HOST = 2 };

struct sshkey_cert {
	struct span nonce;
	uint64_t serial;
	uint32_t type;		 /* enum sshkey_cert_type, nothing else */
	struct span key_id;	 /* foreign text */
	struct span principals;	 /* strings one after the other: sshkey_next */
	unsigned nprincipals;	 /* 0..256 */
	uint64_t valid_after;	 /* unix seconds; valid from then on ... */
	uint64_t valid_before;	 /* ... and up to, not at, this; UINT64_MAX: for ever */
	struct span critical;	 /* options: sshkey_next_option; in order, no name twice */
	struct span extensions;	 /* the same */
	struct span ca;		 /* blob of the key that signed: one of the five, no certificate */
	struct span signature;	 /* signature blob ... */
	struct span signed_part; /* ... of these bytes of the certificate */
};

/* A public key.  Everything is borrowed from the blob. */
struct sshkey_public {
	enum sshkey_type type;
	bool is_cert;
	struct span blob;  /* all of it, as given */
	struct span point; /* ed25519: 32 bytes; ecdsa: 04 || x || y (65, 97, 133); rsa: empty */
	struct span n, e;  /* rsa: magnitudes, big-endian without leading zeros; else empty */
	struct sshkey_cert cert; /* if is_cert; all empty otherwise */
};

/* Whether a point lies on its curve is found out by sshkey_verify, not here. */
MUST enum err sshkey_parse_public(struct span blob, struct sshkey_public *out);
/* Append the blob of the plain key: of a certificate that of the key in it, else the blob. */
MUST enum err sshkey_put_plain(const struct sshkey_public *k, struct buf *out);
/* Take one string off a list such as cert.principals; false at its end. */
bool sshkey_next(struct span *list, struct span *one);
/* Take one option off cert.critical or cert.extensions; data is what is inside, still packed. */
bool sshkey_next_option(struct span *list, struct span *name, struct span *data);
/* Append "SHA256:..." of a blob, as ssh-keygen -l prints it.  A certificate has that of its plain
 * key there: give that blob. */
void sshkey_fingerprint(struct span blob, struct buf *out);

/* A key pair.  Owned; sshkey_private_done gives it back. */
struct sshkey_private {
	enum sshkey_type type;
	struct sec canonical; /* see above */
	struct buf blob;      /* of the plain public key */
	struct buf cert;      /* blob of the certificate; empty: none */
};

/*
 * The private part as it stands in SSH_AGENTC_ADD_IDENTITY (RFC 9987) behind the message number
 * and in openssh-key-v1 behind the check numbers: type name and the numbers of the key, or type
 * name, certificate and private numbers.  *out must be empty ({ 0 }); r stands at the comment
 * afterwards.  Public and private half are checked against each other: ERR_SSHKEY_PAIR.  Also
 * ERR_SSHKEY_KIND, _WEAK, _FORMAT, ERR_NOMEM (arena); *out stays empty.
 */
MUST enum err sshkey_parse_private(struct ssh_reader *r, struct sshkey_private *out);
void sshkey_private_done(struct sshkey_private *k);
/* The opposite, without a comment: type name (of the certificate if there is one), numbers.
 * out has room for the canonical bytes, the certificate and 512 more. */
MUST enum err sshkey_put_private(
    enum sshkey_type type, struct span canonical, struct span cert, struct sec *out);

/* Check canonical bytes, whole and against themselves (for what comes from elsewhere), and append
 * the plain public blob.  ERR_SSHKEY_FORMAT, _WEAK, _PAIR. */
MUST enum err sshkey_public_of(enum sshkey_type type, struct span canonical, struct buf *blob);
/* RSA: the six numbers, borrowed.  No check but of the shape. */
MUST enum err sshkey_rsa_parts(struct span canonical, struct crypto_rsa *out);

/* --- signatures --- */

enum sshkey_hash { SSHKEY_SHA256, SSHKEY_SHA512 }; /* of RSA; the others have their own */

/* Append a signature blob: string algorithm, string signature.  hash: RSA only (rsa-sha2-256,
 * rsa-sha2-512); SHA-1 cannot be asked for.  canonical is believed, but for the sizes. */
MUST enum err sshkey_sign(enum sshkey_type type, struct span canonical, enum sshkey_hash hash,
    struct span data, struct buf *out);
/* The same by an RSA key that was made ready; size: bytes of n. */
MUST enum err sshkey_sign_ready(const struct crypto_rsa_ready *key, size_t size,
    enum sshkey_hash hash, struct span data, struct buf *out);
/* ERR_SSHKEY_SIGNATURE: wrong, malformed, of an algorithm that is not the key's, or with SHA-1.
 * The public blob may be a certificate: then its key counts (the rest is not looked at). */
MUST enum err sshkey_verify(struct span public_blob, struct span signature, struct span data);

/* What a certificate has to fulfil. */
struct sshkey_cert_want {
	enum sshkey_cert_type type;
	uint64_t now;	       /* unix seconds */
	struct span principal; /* has to be among its principals; empty: not looked at */
};

/* ERR_SSHKEY_CERT: is none, of the other type, outside its time, not for this principal, or with
 * critical options besides force-command, source-address and verify-required (host: none at all).
 * ERR_SSHKEY_SIGNATURE: not signed by cert.ca.  Whether that CA is trusted is for the caller. */
MUST enum err sshkey_cert_check(const struct sshkey_public *k, const struct sshkey_cert_want *want);

#endif
