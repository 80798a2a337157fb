/*
 * BIP39.  The list is always read from beginning to end, so that neither time nor cache tell which
 * word it was; the lengths of words do show, as they do on the screen.
 */
#include "lib/crypto.h"
#include "lib/text_ct.h"
#include "lib/words.h"
#include "lib/words_english.h"

#define BITS	  11
#define MAX_BYTES 32
#define MAX_WORDS 24
#define UNIQUE	  4 /* letters that tell all words apart */

struct word {
	uint8_t letter[WORDS_LONGEST];
	size_t len;
};

const char *
words_at(size_t i)
{
	return i < WORDS_COUNT ? words_english[i] : "";
}

static enum err
ensure(struct sec *out, size_t cap)
{
	return out->p == NULL ? sec_init(out, cap) : ERR_OK;
}

/* --- to words --- */

static void
word_of(uint32_t index, struct word *w)
{
	uint32_t i, mask, letters = 0;
	size_t j;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < WORDS_COUNT; i++) {
		mask = ct_eq(i, index);
		for (j = 0; j < WORDS_LONGEST; j++)
			w->letter[j] |= (uint8_t)(mask & (uint8_t)words_english[i][j]);
	}
	for (j = 0; j < WORDS_LONGEST; j++)
		letters += ct_nonzero(w->letter[j]) & 1;
	w->len = letters;
}

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
	struct word w;
	size_t at, start = out->len;
	enum err r;

	if (nbits == 0 || nbits % BITS != 0 || nbits / 8 > in.len || nbits > in.len * 8)
		return ERR_RANGE;
	if ((r = ensure(out, nbits / BITS * (WORDS_LONGEST + 1))))
		return r;
	for (at = 0; at < nbits && r == ERR_OK; at += BITS) {
		word_of(bits_at(in, at), &w);
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

static bool
is_separator(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '-' || c == ',';
}

/* The next run of other characters, in lower case; len counts those beyond letter[] too. */
static bool
next_word(struct span *text, struct word *w)
{
	size_t i = 0;

	memset(w, 0, sizeof(*w));
	while (i < text->len && is_separator(text->p[i]))
		i++;
	for (; i < text->len && !is_separator(text->p[i]); i++, w->len++)
		if (w->len < WORDS_LONGEST)
			w->letter[w->len] =
			    (uint8_t)(text->p[i] | (ct_in(text->p[i], 'A', 'Z') & 0x20));
	*text = SPAN(text->p + i, text->len - i);
	return w->len > 0;
}

/* All ones when w is list word i, or begins it and is long enough to be the only one. */
static uint32_t
is_word(const struct word *w, size_t i)
{
	uint32_t diff = 0;
	size_t j;

	for (j = 0; j < w->len; j++)
		diff |= w->letter[j] ^ (uint8_t)words_english[i][j];
	if (w->len < UNIQUE)
		diff |= (uint8_t)words_english[i][w->len];
	return ~ct_nonzero(diff);
}

static enum err
find_word(const struct word *w, uint32_t *index)
{
	uint32_t i, mask, found = 0, at = 0;

	if (w->len > WORDS_LONGEST)
		return ERR_WORDS_UNKNOWN;
	for (i = 0; i < WORDS_COUNT; i++) {
		mask = is_word(w, i);
		found |= mask;
		at |= mask & i;
	}
	*index = at;
	return found ? ERR_OK : ERR_WORDS_UNKNOWN;
}

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
	struct word w;
	uint32_t index = 0;
	enum err r = ERR_OK;

	for (*n = 0; r == ERR_OK && next_word(&text, &w); (*n)++) {
		if (*n == MAX_WORDS) {
			r = ERR_WORDS_COUNT;
			break;
		}
		if ((r = find_word(&w, &index)) && bad != NULL)
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
