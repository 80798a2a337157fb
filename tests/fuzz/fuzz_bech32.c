/* What is accepted encodes to the same text again, in its own case; and any bytes come back. */
#include <stdlib.h>

#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static enum err
encode(const char *hrp, struct span in, bool upper, char text[512], size_t *n)
{
	enum err e = text_bech32_encode(hrp, in, text, 512, n);

	if (!e && upper)
		text_upper(text, *n);
	return e;
}

static void
there_and_back(const char *hrp, struct span s)
{
	uint8_t out[256];
	char text[512];
	size_t n, m;
	bool upper = s.len > 0 && s.p[0] >= 'A' && s.p[0] <= 'Z';

	if (text_bech32_decode(s, hrp, out, sizeof(out), &n))
		return;
	if (encode(hrp, SPAN(out, n), upper, text, &m) || !span_eq(SPAN(text, m), s))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t out[128];
	char text[512];
	size_t m;

	there_and_back("age-secret-key-", SPAN(p, n));
	there_and_back("age", SPAN(p, n));
	there_and_back("a", SPAN(p, n));
	if (n > sizeof(out))
		return 0;
	if (encode("a", SPAN(p, n), n & 1, text, &m) ||
	    text_bech32_decode(SPAN(text, m), "a", out, sizeof(out), &m) ||
	    !span_eq(SPAN(out, m), SPAN(p, n)))
		abort();
	return 0;
}
