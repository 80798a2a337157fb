/* A phrase that is accepted stands for bytes whose phrase stands for the same bytes. */
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
start(void)
{
	if (sec_arena_kind() == SEC_NONE &&
	    (sec_arena_open(65536, true, true) || crypto_init_light()))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sec bytes = { 0 }, phrase = { 0 }, again = { 0 };
	size_t bad = 0;
	enum err r;

	start();
	r = words_to_bytes(SPAN(p, n), 0, &bytes, &bad);
	if (r == ERR_OK &&
	    (words_from_bytes(sec_span(&bytes), '-', &phrase) ||
		words_to_bytes(sec_span(&phrase), bytes.len, &again, &bad) ||
		!span_eq(sec_span(&bytes), sec_span(&again))))
		abort();
	if (r != ERR_OK && bytes.p != NULL)
		abort();
	if (bad > 24)
		abort();
	sec_done(&bytes);
	sec_done(&phrase);
	sec_done(&again);
	if (sec_arena_used() != 0)
		abort();
	return 0;
}
