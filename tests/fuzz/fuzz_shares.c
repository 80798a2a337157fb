/*
 * Shares, one a line.  What is read is written and read again as the same; a set of them opens, or
 * says why not, and leaves nothing behind.  After a first byte 0 the rest are the bits of a share,
 * which gets a right checksum: so the fuzzer comes behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/worker/slip39.h"
#include "lib/crypto.h"

#define LINES 20

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
start(void)
{
	if (sec_arena_kind() == SEC_NONE)
		must(!sec_arena_open(65536, true, true) && !crypto_init_light());
}

static enum err
read_share(struct span line, struct slip39_share *share)
{
	struct slip39_share again;
	struct sec text = { 0 };
	size_t bad = 0;
	enum err e = slip39_decode(line, share, &bad);

	must(bad < WORDS_SLIP39_MAX);
	if (e)
		return e;
	must(!sec_init(&text, WORDS_SLIP39_TEXT) && !slip39_encode(share, &text));
	must(!slip39_decode(sec_span(&text), &again, &bad));
	must(memcmp(&again, share, sizeof(again)) == 0);
	sec_done(&text);
	return ERR_OK;
}

static void
combine(struct slip39_set *set, const struct slip39_share *last)
{
	struct sec out = { 0 };
	enum err e;

	/* more takes too long for a fuzzer */
	if (last->exponent > 0)
		return;
	e = slip39_set_combine(set, SPAN_NONE, &out);
	must((e == ERR_SHARE_FEW) == (slip39_set_missing(set) > 0));
	must((e == ERR_OK) == (out.p != NULL));
	sec_done(&out);
}

static void
read_lines(const uint8_t *p, size_t n)
{
	struct slip39_set set = { 0 };
	struct slip39_share share = { 0 };
	const uint8_t *end;
	size_t len;

	for (int i = 0; i < LINES && n > 0; i++) {
		end = memchr(p, '\n', n);
		len = end ? (size_t)(end - p) : n;
		if (!read_share(SPAN(p, len), &share) && !slip39_set_add(&set, &share))
			combine(&set, &share);
		len += end != NULL;
		p += len;
		n -= len;
	}
	slip39_set_done(&set);
}

static void
read_bits(const uint8_t *p, size_t n)
{
	struct words_slip39 w = { 0 };
	struct slip39_share share;
	struct sec text = { 0 };
	enum err e;

	w.n = n / 2 < WORDS_SLIP39_MAX - 3 ? n / 2 + 3 : WORDS_SLIP39_MAX;
	for (size_t i = 0; i < w.n - 3; i++)
		w.value[i] = (uint16_t)((p[2 * i] << 8 | p[2 * i + 1]) & 1023);
	words_slip39_sum(&w);
	must(!sec_init(&text, WORDS_SLIP39_TEXT) && !words_slip39_write(&w, &text));
	e = read_share(sec_span(&text), &share);
	must(e != ERR_WORDS_CHECKSUM && e != ERR_WORDS_UNKNOWN);
	sec_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t hash[32];

	start();
	must(words_slip39_is_meant(SPAN(p, n)) || true);
	must(words_slip39_hash(SPAN(p, n), hash, NULL) != ERR_NOMEM);
	if (n > 0 && p[0] == 0)
		read_bits(p + 1, n - 1);
	else
		read_lines(p, n);
	must(sec_arena_used() == 0);
	return 0;
}
