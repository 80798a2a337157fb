#include "lib/didkey.h"

#include <stdlib.h>

#include "lib/text.h"

#define PREFIX	  "did:key:z"
#define CODEC_LEN 2
#define KEY_LEN	  32

/* varint of 0xed, ed25519-pub in the table of multicodec */
static const uint8_t codec[CODEC_LEN] = { 0xed, 0x01 };

void
didkey_print(const uint8_t pub[32], char out[DIDKEY_TEXT])
{
	uint8_t raw[CODEC_LEN + KEY_LEN];
	size_t at = sizeof(PREFIX) - 1, n;

	memcpy(raw, codec, CODEC_LEN);
	memcpy(raw + CODEC_LEN, pub, KEY_LEN);
	memcpy(out, PREFIX, at);
	if (text_base58_encode(SPAN(raw, sizeof(raw)), out + at, DIDKEY_TEXT - 1 - at, &n))
		abort();
	out[at + n] = 0;
}

enum err
didkey_parse(struct span text, uint8_t pub[32])
{
	struct span prefix = SPAN_LIT(PREFIX);
	uint8_t raw[128];
	size_t n;
	enum err e;

	if (text.len > 160 || !span_eq(span_sub(text, 0, prefix.len), prefix))
		return ERR_FORMAT;
	text = span_sub(text, prefix.len, text.len - prefix.len);
	if ((e = text_base58_decode(text, raw, sizeof(raw), &n)) != ERR_OK)
		return ERR_FORMAT;
	if (n < CODEC_LEN || memcmp(raw, codec, CODEC_LEN) != 0)
		return ERR_UNSUPPORTED;
	if (n != CODEC_LEN + KEY_LEN)
		return ERR_FORMAT;
	memcpy(pub, raw + CODEC_LEN, KEY_LEN);
	return ERR_OK;
}
