/*
 * keyring.h - private keys, kept in the arena while unlocked: derived at first use, or opened,
 * those that were made elsewhere; so that a signature costs a signature (notes/perf.md: deriving
 * costs about as much again).
 * Bounded: the least recently used key goes when the ring is full.
 */
#ifndef AGENT_VAULT_KEYRING_H
#define AGENT_VAULT_KEYRING_H

#include "agent/vault/vault.h"

struct item;

struct key_cache;
MUST enum err keyring_new(struct key_cache **out);
/* Private bytes of an item's key (derive.h; imported: as its format takes them), and its public
 * key.  Borrowed until the next call; ERR_FORMAT when it has no secret, ERR_UNSUPPORTED. */
MUST enum err keyring_get(struct vault *v, const struct item *it, const struct sec **priv,
    const uint8_t **pub, size_t *publen);
/* Append the public key of another epoch of a derived one; nothing is kept. */
struct item_epoch;
MUST enum err keyring_public_of(
    struct vault *v, const struct item *it, const struct item_epoch *ep, struct buf *pub);
/* Forget one (retired, removed). */
void keyring_forget(struct vault *v, const uint8_t item_id[16]);
/* The secret of an item (imported or generated): opened into out for this one use. */
MUST enum err keyring_secret(struct vault *v, const struct item *it, struct sec *out);
/* Seal a secret for an item (id and rev must be set); appended to out. */
MUST enum err keyring_seal(
    struct vault *v, const struct item *it, struct span secret, struct buf *out);
/* root of a generation (derive.h), kept in the arena. */
MUST enum err keyring_root(struct vault *v, uint32_t generation, const struct sec **root);

#endif
