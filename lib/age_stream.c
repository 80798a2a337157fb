/* The payload of an age file: chunks of 64 KiB (C2SP age.md, "Payload"; STREAM). */
#include "lib/age_parts.h"
#include "lib/crypto.h"

/* 11 bytes of counter, big endian, and whether it is the last */
static void
chunk_nonce(uint64_t n, bool last, uint8_t nonce[12])
{
	memset(nonce, 0, 3);
	put_be64(nonce + 3, n);
	nonce[11] = last;
}

enum err
age_chunk_seal(const struct sec *key, uint64_t n, bool last, struct span in, uint8_t *out)
{
	uint8_t nonce[12];

	chunk_nonce(n, last, nonce);
	return crypto_aead_seal(key->p, nonce, SPAN_NONE, in, out);
}

enum err
age_chunk_open(const struct sec *key, uint64_t n, bool last, struct span in, uint8_t *out)
{
	uint8_t nonce[12];

	chunk_nonce(n, last, nonce);
	if (crypto_aead_open(key->p, nonce, SPAN_NONE, in, out))
		return ERR_AGE_PAYLOAD;
	return ERR_OK;
}

/* The last chunk may be shorter, but only that of an empty payload may be empty. */
enum err
age_payload_size(uint64_t sealed, uint64_t *plain)
{
	uint64_t chunks = sealed / AGE_SEALED, last = sealed % AGE_SEALED;

	if (last > 0 || chunks == 0) {
		if (last < AGE_TAG || (last == AGE_TAG && chunks > 0))
			return ERR_AGE_PAYLOAD;
		chunks++;
	}
	*plain = sealed - chunks * AGE_TAG;
	return ERR_OK;
}
