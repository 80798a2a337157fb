/* RFC 4648: one row per alphabet, one loop for all of them. */
#include "lib/text.h"
#include "lib/text_ct.h"

#define RANGES 5

static const struct alphabet {
	unsigned bits; /* per character */
	bool pad;
	size_t nencode; /* ranges used for encoding; decoding knows all n */
	size_t n;
	struct text_range range[RANGES];
} alphabets[] = {
	/* clang-format off */
	[TEXT_HEX] = {4, false, 2, 3, {{'0', '9', 0}, {'a', 'f', 10}, {'A', 'F', 10}}},
	[TEXT_BASE64] = {6, true, 5, 5,
	    {{'A', 'Z', 0}, {'a', 'z', 26}, {'0', '9', 52}, {'+', '+', 62}, {'/', '/', 63}}},
	[TEXT_BASE64_NOPAD] = {6, false, 5, 5,
	    {{'A', 'Z', 0}, {'a', 'z', 26}, {'0', '9', 52}, {'+', '+', 62}, {'/', '/', 63}}},
	[TEXT_BASE64URL] = {6, false, 5, 5,
	    {{'A', 'Z', 0}, {'a', 'z', 26}, {'0', '9', 52}, {'-', '-', 62}, {'_', '_', 63}}},
	[TEXT_BASE32] = {5, false, 2, 2, {{'A', 'Z', 0}, {'2', '7', 26}}},
	[TEXT_BASE32_LOWER] = {5, false, 2, 2, {{'a', 'z', 0}, {'2', '7', 26}}},
	/* clang-format on */
};

size_t
text_encoded_len(enum text_code code, size_t n)
{
	const struct alphabet *a = &alphabets[code];

	if (a->pad)
		return (n + 2) / 3 * 4;
	return n / a->bits * 8 + (n % a->bits * 8 + a->bits - 1) / a->bits;
}

void
text_encode_raw(enum text_code code, struct span in, char *out)
{
	const struct alphabet *a = &alphabets[code];
	size_t i, at = 0, len = text_encoded_len(code, in.len);
	uint32_t acc = 0, mask = (1u << a->bits) - 1;
	unsigned nbits = 0;

	for (i = 0; i < in.len; i++) {
		acc = (acc << 8 | in.p[i]) & 0xffff;
		for (nbits += 8; nbits >= a->bits; nbits -= a->bits)
			out[at++] =
			    (char)ct_char(a->range, a->nencode, acc >> (nbits - a->bits) & mask);
	}
	if (nbits > 0)
		out[at++] = (char)ct_char(a->range, a->nencode, acc << (a->bits - nbits) & mask);
	while (at < len)
		out[at++] = '=';
}

void
text_encode(enum text_code code, struct span in, struct buf *out)
{
	size_t n = text_encoded_len(code, in.len);
	uint8_t *to;

	if (n == 0 || (to = buf_room(out, n)) == NULL)
		return;
	text_encode_raw(code, in, (char *)to);
	buf_add(out, n);
}

enum err
text_encode_sec(enum text_code code, struct span in, struct sec *out)
{
	size_t n = text_encoded_len(code, in.len);

	if (n > out->cap - out->len)
		return ERR_TOOBIG;
	if (n > 0)
		text_encode_raw(code, in, (char *)out->p + out->len);
	out->len += n;
	return ERR_OK;
}

/* Length without its padding; the padding of 4n characters is what is missing to 4n. */
static enum err
strip_padding(const struct alphabet *a, struct span *in)
{
	int i;

	if (!a->pad)
		return ERR_OK;
	if (in->len % 4 != 0)
		return ERR_FORMAT;
	for (i = 0; i < 2 && in->len > 0 && in->p[in->len - 1] == '='; i++)
		in->len--;
	return ERR_OK;
}

/* 0x20 is what tells the two cases of a letter apart; digits have it too, so ask for a letter. */
static uint32_t
mixed_pairs(struct span in)
{
	uint32_t bad = 0, upper, lower;
	size_t i;

	for (i = 0; i + 1 < in.len; i += 2) {
		upper = ct_in(in.p[i], 'A', 'F') | ct_in(in.p[i + 1], 'A', 'F');
		lower = ct_in(in.p[i], 'a', 'f') | ct_in(in.p[i + 1], 'a', 'f');
		bad |= upper & lower;
	}
	return bad;
}

/* All ones when a character is foreign or bits are left that an encoder would not have set. */
static uint32_t
decode_raw(const struct alphabet *a, struct span in, uint8_t *out)
{
	uint32_t acc = 0, bad = 0;
	unsigned nbits = 0;
	size_t i, at = 0;

	for (i = 0; i < in.len; i++) {
		acc = (acc << a->bits | ct_value(a->range, a->n, in.p[i], &bad)) & 0xffff;
		nbits += a->bits;
		if (nbits >= 8) {
			nbits -= 8;
			out[at++] = (uint8_t)(acc >> nbits);
		}
	}
	return bad | ct_nonzero(acc & ((1u << nbits) - 1));
}

enum err
text_decode(enum text_code code, struct span in, uint8_t *out, size_t cap, size_t *n)
{
	const struct alphabet *a = &alphabets[code];
	uint32_t bad;
	size_t len;
	enum err r;

	if ((r = strip_padding(a, &in)))
		return r;
	len = in.len / 8 * a->bits + in.len % 8 * a->bits / 8;
	/* a whole character more than these bytes need */
	if (in.len % 8 * a->bits % 8 >= a->bits)
		return ERR_FORMAT;
	if (len > cap)
		return ERR_TOOBIG;
	bad = decode_raw(a, in, out);
	if (code == TEXT_HEX)
		bad |= mixed_pairs(in);
	if (bad) {
		sec_zero(out, len);
		return ERR_FORMAT;
	}
	*n = len;
	return ERR_OK;
}
