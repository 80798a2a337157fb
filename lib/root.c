#include "lib/root.h"

#include "lib/crypto.h"
#include "lib/seal.h"
#include "lib/words.h"

#define BACKUP_BITS 110 /* 10 words of 11 bits */

void
root_seed(struct span p, uint32_t g, uint8_t seed[32])
{
	uint8_t ctx[4];

	put_be32(ctx, g);
	seal_kdf(p, "seed", SPAN(ctx, sizeof(ctx)), seed, 32);
}

void
root_recovery(struct span p, const uint8_t slot_id[16], uint8_t rec[32])
{
	seal_kdf(p, "recovery", SPAN(slot_id, 16), rec, 32);
}

void
root_succession(struct span p, uint32_t g, uint32_t j, uint8_t seed[32])
{
	uint8_t ctx[8];

	put_be32(ctx, g);
	put_be32(ctx + 4, j);
	seal_kdf(p, "succession", SPAN(ctx, sizeof(ctx)), seed, 32);
}

void
root_succession_public_hash(struct span p, uint32_t g, uint32_t j, uint8_t hash[32])
{
	uint8_t seed[32], pub[32];

	root_succession(p, g, j, seed);
	crypto_ed25519_public(seed, pub);
	crypto_sha256(SPAN(pub, sizeof(pub)), hash);
	sec_zero(seed, sizeof(seed));
}

enum err
root_backup(struct span p, uint32_t g, struct sec *words)
{
	uint8_t ctx[4], b[16];
	enum err r;

	put_be32(ctx, g);
	seal_kdf(p, "backup", SPAN(ctx, sizeof(ctx)), b, sizeof(b));
	r = words_from_bits(SPAN(b, sizeof(b)), BACKUP_BITS, '-', words);
	sec_zero(b, sizeof(b));
	return r;
}

void
root_fingerprint(struct span p, uint8_t fpr[4])
{
	seal_kdf(p, "fingerprint", SPAN_NONE, fpr, 4);
}
