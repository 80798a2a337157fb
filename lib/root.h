/*
 * root.h - what is derived from the recovery root P, 32 bytes (DESIGN 4).
 *
 * P exists only inside a worker job; everybody else has what these functions give.
 */
#ifndef LIB_ROOT_H
#define LIB_ROOT_H

#include "lib/sec.h"

#define ROOT_LEN	32
#define ROOT_SUCCESSION 256 /* public keys a generation stores */

/* seed of all derived identities of generation g */
void root_seed(struct span p, uint32_t g, uint8_t seed[32]);
/* factor of a phrase slot */
void root_recovery(struct span p, const uint8_t slot_id[16], uint8_t rec[32]);
/* Ed25519 seed j of generation g; one identity uses one j, never again */
void root_succession(struct span p, uint32_t g, uint32_t j, uint8_t seed[32]);
/* SHA-256 of its public key */
void root_succession_public_hash(struct span p, uint32_t g, uint32_t j, uint8_t hash[32]);
/* Passphrase of backups: 10 words joined by "-", appended. */
MUST enum err root_backup(struct span p, uint32_t g, struct sec *words);
/* shown as 8 hex digits on the card; public */
void root_fingerprint(struct span p, uint8_t fpr[4]);

#endif
