/*
 * base58 with bitcoin's alphabet.  A number in base 256 becomes one in base 58 digit by digit, over
 * the whole width whatever the value; leading zero bytes become leading '1', which is digit 0, so
 * the result is the tail of the digits and only its length (public) depends on the data.
 */
#include "lib/text.h"
#include "lib/text_ct.h"

#define MAX_BYTES ((size_t)128)
#define MAX_CHARS ((size_t)177) /* 128 * log(256) / log(58) + 1 */

static const struct text_range alphabet[] = {
	{ '1', '9', 0 },
	{ 'A', 'H', 9 },
	{ 'J', 'N', 17 },
	{ 'P', 'Z', 22 },
	{ 'a', 'k', 33 },
	{ 'm', 'z', 44 },
};

#define NRANGES (sizeof(alphabet) / sizeof(alphabet[0]))

/* number = number * mul + add, in digits of the given base, the lowest one last */
static void
mul_add(uint8_t *digit, size_t n, uint32_t mul, uint32_t add, bool base58)
{
	uint32_t v, carry = add;

	while (n-- > 0) {
		v = digit[n] * mul + carry;
		carry = base58 ? v / 58 : v >> 8;
		digit[n] = (uint8_t)(base58 ? v % 58 : v & 255);
	}
}

/* How many values are zero before the first other one. */
static size_t
leading_zeros(const uint8_t *p, size_t n)
{
	uint32_t zero = ~0u, count = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		zero &= ~ct_nonzero(p[i]);
		count += zero & 1;
	}
	return count;
}

enum err
text_base58_encode(struct span in, char *out, size_t cap, size_t *n)
{
	uint8_t digit[MAX_CHARS] = { 0 };
	enum err r = ERR_TOOBIG;
	size_t i, len;

	if (in.len > MAX_BYTES)
		return ERR_TOOBIG;
	for (i = 0; i < in.len; i++)
		mul_add(digit, MAX_CHARS, 256, in.p[i], true);
	len = leading_zeros(in.p, in.len) + MAX_CHARS - leading_zeros(digit, MAX_CHARS);
	if (len > cap)
		goto out;
	for (i = 0; i < len; i++)
		out[i] = (char)ct_char(alphabet, NRANGES, digit[MAX_CHARS - len + i]);
	*n = len;
	r = ERR_OK;
out:
	sec_zero(digit, sizeof(digit));
	return r;
}

enum err
text_base58_decode(struct span in, uint8_t *out, size_t cap, size_t *n)
{
	uint8_t digit[MAX_CHARS], number[MAX_CHARS] = { 0 };
	uint32_t bad = 0;
	enum err r = ERR_FORMAT;
	size_t i, len;

	if (in.len > MAX_CHARS)
		return ERR_TOOBIG;
	for (i = 0; i < in.len; i++)
		digit[i] = (uint8_t)ct_value(alphabet, NRANGES, in.p[i], &bad);
	if (bad)
		goto out;
	for (i = 0; i < in.len; i++)
		mul_add(number, MAX_CHARS, 58, digit[i], false);
	len = leading_zeros(digit, in.len) + MAX_CHARS - leading_zeros(number, MAX_CHARS);
	r = ERR_TOOBIG;
	if (len > cap || len > MAX_BYTES)
		goto out;
	if (len > 0)
		memcpy(out, number + MAX_CHARS - len, len);
	*n = len;
	r = ERR_OK;
out:
	sec_zero(digit, sizeof(digit));
	sec_zero(number, sizeof(number));
	return r;
}
