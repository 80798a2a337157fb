/*
 * derive.h - from a generation's seed to a private key (DESIGN 5).
 *
 * root, then one HMAC a level: service / account / purpose / epoch, hardened only; then
 * kdf(node, "key", alg, L).  Roots, nodes and keys are in the arena only.
 */
#ifndef AGENT_VAULT_DERIVE_H
#define AGENT_VAULT_DERIVE_H

#include "lib/buf.h"
#include "lib/sec.h"

#define DERIVE_ROOT	    64
#define DERIVE_SERVICE_MAX  32
#define DERIVE_ACCOUNT_MAX  255
#define DERIVE_PURPOSE_MAX  48
#define DERIVE_EPOCH_MAX    0x7fffffffu
#define DERIVE_PASSWORD_MAX 128

#define DERIVE_PERSONA_SALT 16
#define DERIVE_PERSONA_M    (256 * 1024) /* KiB */
#define DERIVE_PERSONA_T    4

struct derive_path {
	struct span service; /* [a-z0-9-] */
	struct span account; /* UTF-8, NFC, no controls */
	struct span purpose; /* [a-z0-9.-] */
	uint32_t epoch;
};

enum derive_kind {
	DERIVE_ED25519,
	DERIVE_X25519,
	DERIVE_P256,
	DERIVE_SECP256K1,
	DERIVE_SECRET,
	DERIVE_PASSWORD
};

/* One row an algorithm.  A name that ends in "." takes a number of characters. */
struct derive_alg {
	const char *name;
	enum derive_kind kind;
	uint16_t len;	      /* bytes of kdf output; passwords: of each character */
	const char *alphabet; /* passwords */
};

/* Row i, NULL past the end. */
const struct derive_alg *derive_alg_at(size_t i);
/* By name, "password.print.20" too; *n gets the number of characters (0 if it is no password).
 * ERR_UNSUPPORTED for a name that is not derived (rsa, say), ERR_RANGE for a bad number. */
MUST enum err derive_alg_find(struct span name, const struct derive_alg **alg, unsigned *n);

/* Lengths and epoch: ERR_RANGE; characters: ERR_TEXT. */
MUST enum err derive_path_check(const struct derive_path *path);
/*
 * From the text form matrix/@alice:example.org/cross-signing.master/0#ed25519, "/" and "%" within a
 * component written %2F and %25; "#ed25519" may be missing (*alg is empty then).  The result is
 * checked; it borrows from text and mem.  ERR_FORMAT, and those of derive_path_check.
 */
MUST enum err derive_path_parse(
    struct span text, struct buf *mem, struct derive_path *path, struct span *alg);
/* Append the text form; alg may be empty. */
void derive_path_print(const struct derive_path *path, struct span alg, struct buf *out);

/* seed 32 bytes; *root must be empty and gets 64. */
MUST enum err derive_root(struct span seed, struct sec *root);
/* Private key, or password as text, into *out, which must be empty.  Checks path and alg. */
MUST enum err derive_key(
    const struct sec *root, const struct derive_path *path, struct span alg, struct sec *out);
/* Append the public key: Ed25519, X25519 32 bytes; P-256, secp256k1 65 (SEC 1, uncompressed);
 * nothing for secrets and passwords.  ERR_RANGE when private is no key of this algorithm. */
MUST enum err derive_public(struct span alg, struct span private, struct buf *out);

/*
 * Personas: another root for every passphrase, nothing tells which is the right one.  argon: 32
 * bytes of Argon2id over the passphrase with this salt and DERIVE_PERSONA_M, _T.
 */
void derive_persona_salt(struct span seed, uint8_t salt[DERIVE_PERSONA_SALT]);
MUST enum err derive_persona_root(const struct sec *root, struct span argon, struct sec *out);

#endif
