/* base58 and RFC 4648: what is accepted encodes to the same again; any bytes come back. */
#include <stdlib.h>

#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
base58(struct span s)
{
	uint8_t out[128];
	char text[180];
	size_t n, m;

	if (text_base58_decode(s, out, sizeof(out), &n) == ERR_OK &&
	    (text_base58_encode(SPAN(out, n), text, sizeof(text), &m) ||
		!span_eq(SPAN(text, m), s)))
		abort();
	if (s.len <= sizeof(out) &&
	    (text_base58_encode(s, text, sizeof(text), &m) ||
		text_base58_decode(SPAN(text, m), out, sizeof(out), &n) ||
		!span_eq(SPAN(out, n), s)))
		abort();
}

/* Hex may be in upper case, which does not come back. */
static void
base(enum text_code code, struct span s)
{
	struct buf text = BUF_INIT;
	uint8_t out[512];
	size_t n;

	if (text_decode(code, s, out, sizeof(out), &n) == ERR_OK) {
		text_encode(code, SPAN(out, n), &text);
		if (code != TEXT_HEX && !span_eq(buf_span(&text), s))
			abort();
		buf_reset(&text);
	}
	if (s.len <= sizeof(out)) {
		text_encode(code, s, &text);
		if (text_decode(code, buf_span(&text), out, sizeof(out), &n) ||
		    !span_eq(SPAN(out, n), s))
			abort();
	}
	buf_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int code;

	base58(SPAN(p, n));
	for (code = TEXT_HEX; code <= TEXT_BASE32_LOWER; code++)
		base((enum text_code)code, SPAN(p, n));
	return 0;
}
