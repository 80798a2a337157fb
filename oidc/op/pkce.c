#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/op/pkce.h"

bool
pkce_is_challenge(struct span s)
{
	uint8_t hash[32];
	size_t n = 0;

	return s.len == 43 && !text_decode(TEXT_BASE64URL, s, hash, sizeof hash, &n) && n == 32;
}

bool
pkce_is_verifier(struct span s)
{
	if (s.len < 43 || s.len > 128)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			c == '-' || c == '.' || c == '_' || c == '~'))
			return false;
	}
	return true;
}

bool
pkce_fits(struct span challenge, struct span verifier)
{
	uint8_t hash[32];
	char text[43];

	if (!pkce_is_verifier(verifier) || challenge.len != sizeof text)
		return false;
	crypto_sha256(verifier, hash);
	text_encode_raw(TEXT_BASE64URL, SPAN(hash, sizeof hash), text);
	return crypto_eq(challenge, SPAN(text, sizeof text));
}
