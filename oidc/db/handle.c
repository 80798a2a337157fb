#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/db/handle.h"

void
handle_make(const char *prefix, char text[HANDLE_TEXT], uint8_t hash[HANDLE_HASH])
{
	uint8_t random[32];
	size_t n = strlen(prefix);

	crypto_random(random, sizeof random);
	memcpy(text, prefix, n);
	text_encode_raw(TEXT_BASE64URL, SPAN(random, sizeof random), text + n);
	text[n + HANDLE_BODY] = '\0';
	if (hash)
		crypto_sha256(SPAN(text, n + HANDLE_BODY), hash);
}

bool
handle_read(const char *prefix, struct span text, uint8_t hash[HANDLE_HASH])
{
	size_t n = strlen(prefix), got = 0;
	uint8_t random[32];

	if (text.len != n + HANDLE_BODY || memcmp(text.p, prefix, n) != 0 ||
	    text_decode(TEXT_BASE64URL, SPAN(text.p + n, HANDLE_BODY), random, sizeof random, &got))
		return false;
	crypto_sha256(text, hash);
	return true;
}
