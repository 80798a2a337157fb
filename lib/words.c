/* BIP39. */
#include "lib/crypto.h"
#include "lib/words.h"
#include "lib/words_list.h"

#define BITS	  11
#define MAX_BYTES 32
#define MAX_WORDS 24

const char *
words_at(size_t i)
{
	return i < words_list_bip39.count ? words_list_bip39.word[i] : "";
}

static enum err
ensure(struct sec *out, size_t cap)
{
	return out->p == NULL ? sec_init(out, cap) : ERR_OK;
}

/* --- to words --- */

/* Eleven bits from bit `at` on; what lies behind the end counts as zero. */
static uint32_t
bits_at(struct span in, size_t at)
{
	uint32_t v = 0;
	size_t i;

	for (i = at / 8; i < at / 8 + 3; i++)
		v = v << 8 | (i < in.len ? in.p[i] : 0);
	return v >> (24 - BITS - at % 8) & ((1 << BITS) - 1);
}

enum err
words_from_bits(struct span in, size_t nbits, char sep, struct sec *out)
{
	struct words_word w;
	size_t at, start = out->len;
	enum err r;

	if (nbits == 0 || nbits % BITS != 0 || nbits / 8 > in.len || nbits > in.len * 8)
		return ERR_RANGE;
	if ((r = ensure(out, nbits / BITS * (WORDS_LONGEST + 1))))
		return r;
	for (at = 0; at < nbits && r == ERR_OK; at += BITS) {
		words_list_at(&words_list_bip39, bits_at(in, at), &w);
		if (at > 0)
			r = sec_put(out, SPAN(&sep, 1));
		if (r == ERR_OK)
			r = sec_put(out, SPAN(w.letter, w.len));
	}
	sec_zero(&w, sizeof(w));
	if (r) {
		sec_zero(out->p + start, out->len - start);
		out->len = start;
	}
	return r;
}

/* The checksum is as many bits as the entropy has groups of four bytes. */
static bool
is_length(size_t n)
{
	return n >= 16 && n <= MAX_BYTES && n % 4 == 0;
}

enum err
words_from_bytes(struct span entropy, char sep, struct sec *out)
{
	struct sec bits = { 0 }, sum = { 0 };
	enum err r;

	if (!is_length(entropy.len))
		return ERR_RANGE;
	if ((r = sec_init(&bits, MAX_BYTES + 1)) || (r = sec_init(&sum, 32)) ||
	    (r = sec_put(&bits, entropy)))
		goto out;
	crypto_sha256(entropy, sum.p);
	if ((r = sec_put(&bits, SPAN(sum.p, 1))))
		goto out;
	r = words_from_bits(sec_span(&bits), entropy.len / 4 * 3 * BITS, sep, out);
out:
	sec_done(&bits);
	sec_done(&sum);
	return r;
}

/* --- from words --- */

/* OR eleven bits into p at bit `at`. */
static void
put_bits(uint8_t *p, size_t at, uint32_t v)
{
	size_t i;

	v <<= 24 - BITS - at % 8;
	for (i = 0; i < 3; i++)
		p[at / 8 + i] |= (uint8_t)(v >> (16 - 8 * i));
}

/* bits: room for all words and two bytes beyond. */
static enum err
read_words(struct span text, uint8_t *bits, size_t *n, size_t *bad)
{
	struct words_word w;
	uint32_t index = 0;
	enum err r = ERR_OK;

	for (*n = 0; r == ERR_OK && words_list_next(&text, &w); (*n)++) {
		if (*n == MAX_WORDS) {
			r = ERR_WORDS_COUNT;
			break;
		}
		if ((r = words_list_find(&words_list_bip39, &w, &index)) && bad != NULL)
			*bad = *n;
		if (r == ERR_OK)
			put_bits(bits, *n * BITS, index);
	}
	sec_zero(&w, sizeof(w));
	sec_zero(&index, sizeof(index));
	return r;
}

static enum err
check_sum(const uint8_t *bits, size_t n)
{
	struct sec sum = { 0 };
	uint32_t diff;
	enum err r;

	if ((r = sec_init(&sum, 32)))
		return r;
	crypto_sha256(SPAN(bits, n), sum.p);
	diff = (uint32_t)(sum.p[0] ^ bits[n]) >> (8 - n / 4);
	sec_done(&sum);
	return diff ? ERR_WORDS_CHECKSUM : ERR_OK;
}

enum err
words_to_bytes(struct span text, size_t want, struct sec *out, size_t *bad)
{
	struct sec bits = { 0 };
	size_t n, len;
	enum err r;

	if ((r = sec_init(&bits, MAX_BYTES + 3)) || (r = read_words(text, bits.p, &n, bad)))
		goto out;
	len = n / 3 * 4;
	if (n % 3 != 0 || !is_length(len) || (want != 0 && len != want))
		r = ERR_WORDS_COUNT;
	if (r == ERR_OK)
		r = check_sum(bits.p, len);
	if (r || (r = ensure(out, len)))
		goto out;
	r = sec_set(out, SPAN(bits.p, len));
out:
	sec_done(&bits);
	return r;
}
