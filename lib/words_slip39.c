#include "lib/words_slip39.h"

#include "lib/crypto.h"
#include "lib/text_ct.h"
#include "lib/words_list.h"

#define SUM	   3
#define EXTENDABLE 0x10 /* in the second value: 15 bits of identifier, this, the exponent */

/* --- RS1024 --- */

static uint32_t
polymod(uint32_t sum, uint32_t value)
{
	static const uint32_t generator[] = { 0xe0e040, 0x1c1c080, 0x3838100, 0x7070200, 0xe0e0009,
		0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890, 0x3f3f120 };
	uint32_t top = sum >> 20;

	sum = (sum & 0xfffff) << 10 ^ value;
	for (size_t i = 0; i < 10; i++)
		sum ^= generator[i] & ct_nonzero(top >> i & 1);
	return sum;
}

static uint32_t
sum_of(const struct words_slip39 *w, size_t n)
{
	const char *custom = w->value[1] & EXTENDABLE ? "shamir_extendable" : "shamir";
	uint32_t sum = 1;

	while (*custom)
		sum = polymod(sum, (uint8_t)*custom++);
	for (size_t i = 0; i < n; i++)
		sum = polymod(sum, w->value[i]);
	return sum;
}

void
words_slip39_sum(struct words_slip39 *w)
{
	uint32_t sum = sum_of(w, w->n - SUM);

	for (size_t i = 0; i < SUM; i++)
		sum = polymod(sum, 0);
	sum ^= 1;
	for (size_t i = 0; i < SUM; i++)
		w->value[w->n - SUM + i] = (uint16_t)(sum >> 10 * (SUM - 1 - i) & 1023);
}

/* --- words --- */

static enum err
read_values(struct span text, struct words_slip39 *w, size_t *bad)
{
	struct words_word word;
	uint32_t index = 0;
	enum err e = ERR_OK;

	for (w->n = 0; e == ERR_OK && words_list_next(&text, &word); w->n++) {
		if (w->n == WORDS_SLIP39_MAX) {
			e = ERR_SHARE_LENGTH;
			break;
		}
		if ((e = words_list_find(&words_list_slip39, &word, &index)) && bad != NULL)
			*bad = w->n;
		if (e == ERR_OK)
			w->value[w->n] = (uint16_t)index;
	}
	sec_zero(&word, sizeof(word));
	sec_zero(&index, sizeof(index));
	return e == ERR_OK && w->n < WORDS_SLIP39_MIN ? ERR_SHARE_LENGTH : e;
}

enum err
words_slip39_read(struct span text, struct words_slip39 *w, size_t *bad)
{
	enum err e = read_values(text, w, bad);

	if (e == ERR_OK && sum_of(w, w->n) != 1)
		e = ERR_WORDS_CHECKSUM;
	if (e)
		sec_zero(w, sizeof(*w));
	return e;
}

enum err
words_slip39_write(const struct words_slip39 *w, struct sec *text)
{
	struct words_word word;
	enum err e = ERR_OK;
	size_t start = text->len;

	for (size_t i = 0; i < w->n && e == ERR_OK; i++) {
		words_list_at(&words_list_slip39, w->value[i], &word);
		if (i > 0)
			e = sec_put(text, SPAN_LIT(" "));
		if (e == ERR_OK)
			e = sec_put(text, SPAN(word.letter, word.len));
	}
	sec_zero(&word, sizeof(word));
	if (e) {
		sec_zero(text->p + start, text->len - start);
		text->len = start;
	}
	return e;
}

/* --- what a text is --- */

size_t
words_slip39_count(struct span text)
{
	struct words_word word;
	size_t n = 0;

	while (words_list_next(&text, &word))
		n++;
	sec_zero(&word, sizeof(word));
	return n;
}

static size_t
count_listed(const struct words_list *l, struct span text)
{
	struct words_word word;
	uint32_t index = 0;
	size_t n = 0;

	while (words_list_next(&text, &word))
		n += words_list_find(l, &word, &index) == ERR_OK;
	sec_zero(&word, sizeof(word));
	sec_zero(&index, sizeof(index));
	return n;
}

bool
words_slip39_is_meant(struct span text)
{
	size_t n = words_slip39_count(text);

	if (n == 24 || n == WORDS_SLIP39_MAX)
		return n != 24;
	return count_listed(&words_list_slip39, text) > count_listed(&words_list_bip39, text);
}

enum err
words_slip39_hash(struct span text, uint8_t hash[32], size_t *bad)
{
	struct sec values = { 0 }, whole = { 0 };
	struct words_slip39 *w;
	enum err e;

	if ((e = sec_init(&values, sizeof(*w))) || (e = sec_init(&whole, WORDS_SLIP39_TEXT)))
		goto out;
	w = (struct words_slip39 *)(void *)values.p;
	if ((e = words_slip39_read(text, w, bad)) || (e = words_slip39_write(w, &whole)))
		goto out;
	crypto_sha256(sec_span(&whole), hash);
out:
	sec_done(&values);
	sec_done(&whole);
	return e;
}

void
words_slip39_code(const uint8_t hash[32], char code[WORDS_SLIP39_CODE + 1])
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < WORDS_SLIP39_CODE; i++)
		code[i] = digit[hash[i / 2] >> (i % 2 ? 0 : 4) & 15];
	code[WORDS_SLIP39_CODE] = '\0';
}
