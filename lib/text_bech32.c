/* BIP173 without its limit of 90 characters, as age uses it. */
#include "lib/text.h"
#include "lib/text_ct.h"

#define CHECKSUM 6

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* The alphabet has no order: look at all of it each time. */
static uint8_t
char_of(uint32_t v)
{
	uint32_t c = 0, i;

	for (i = 0; i < 32; i++)
		c |= ct_eq(v, i) & (uint8_t)charset[i];
	return (uint8_t)c;
}

static uint32_t
value_of(uint32_t c, uint32_t *bad)
{
	uint32_t v = 0, known = 0, i, mask;

	for (i = 0; i < 32; i++) {
		mask = ct_eq(c, (uint8_t)charset[i]);
		known |= mask;
		v |= mask & i;
	}
	*bad |= ~known;
	return v;
}

static uint32_t
polymod(uint32_t sum, uint32_t v)
{
	static const uint32_t gen[5] = {
		0x3b6a57b2,
		0x26508e6d,
		0x1ea119fa,
		0x3d4233dd,
		0x2a1462b3,
	};
	uint32_t top = sum >> 25;
	int i;

	sum = (sum & 0x1ffffff) << 5 ^ v;
	for (i = 0; i < 5; i++)
		sum ^= (0 - (top >> i & 1)) & gen[i];
	return sum;
}

/* The prefix counts as its high bits, a zero, its low bits. */
static uint32_t
prefix_sum(const char *hrp, size_t n)
{
	uint32_t sum = 1;
	size_t i;

	for (i = 0; i < n; i++)
		sum = polymod(sum, (uint8_t)hrp[i] >> 5);
	sum = polymod(sum, 0);
	for (i = 0; i < n; i++)
		sum = polymod(sum, hrp[i] & 31);
	return sum;
}

static uint32_t
to_lower(uint32_t c)
{
	return c | (ct_in(c, 'A', 'Z') & 0x20);
}

static size_t
encode_data(struct span in, char *out, uint32_t *sum)
{
	uint32_t acc = 0, v;
	unsigned nbits = 0;
	size_t i, n = (in.len * 8 + 4) / 5, at = 0;

	for (i = 0; i < n; i++) {
		if (nbits < 5) {
			acc = (acc << 8 | (at < in.len ? in.p[at] : 0)) & 0xffff;
			at++;
			nbits += 8;
		}
		nbits -= 5;
		v = acc >> nbits & 31;
		*sum = polymod(*sum, v);
		out[i] = (char)char_of(v);
	}
	return n;
}

static void
encode_checksum(uint32_t sum, char *out)
{
	unsigned i;

	for (i = 0; i < CHECKSUM; i++)
		sum = polymod(sum, 0);
	sum ^= 1;
	for (i = 0; i < CHECKSUM; i++)
		out[i] = (char)char_of(sum >> 5 * (CHECKSUM - 1 - i) & 31);
}

enum err
text_bech32_encode(const char *hrp, struct span in, char *out, size_t cap, size_t *n)
{
	size_t at, hlen = strlen(hrp);
	uint32_t sum = prefix_sum(hrp, hlen);

	if (in.len > 4096 || hlen > 83 || cap < hlen + 1 + (in.len * 8 + 4) / 5 + CHECKSUM)
		return ERR_TOOBIG;
	memcpy(out, hrp, hlen);
	at = hlen;
	out[at++] = '1';
	at += encode_data(in, out + at, &sum);
	encode_checksum(sum, out + at);
	*n = at + CHECKSUM;
	return ERR_OK;
}

void
text_upper(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t c = (uint8_t)p[i];

		p[i] = (char)(c - (ct_in(c, 'a', 'z') & 0x20));
	}
}

/* All ones unless the prefix is hrp and all letters have one case. */
static uint32_t
check_prefix_case(struct span in, const char *hrp, size_t hlen)
{
	uint32_t upper = 0, lower = 0, bad = 0;
	size_t i;

	for (i = 0; i < in.len; i++) {
		upper |= ct_in(in.p[i], 'A', 'Z');
		lower |= ct_in(in.p[i], 'a', 'z');
	}
	for (i = 0; i < hlen; i++)
		bad |= ~ct_eq(to_lower(in.p[i]), (uint8_t)hrp[i]);
	return bad | ~ct_eq(in.p[hlen], '1') | (upper & lower);
}

/* data: what stands between the prefix and the checksum, at least CHECKSUM more characters. */
static uint32_t
decode_data(struct span data, uint32_t sum, uint8_t *out)
{
	uint32_t acc = 0, bad = 0, v;
	unsigned nbits = 0;
	size_t i, at = 0;

	for (i = 0; i < data.len + CHECKSUM; i++) {
		v = value_of(to_lower(data.p[i]), &bad);
		sum = polymod(sum, v);
		if (i >= data.len)
			continue;
		acc = (acc << 5 | v) & 0xffff;
		nbits += 5;
		if (nbits >= 8) {
			nbits -= 8;
			out[at++] = (uint8_t)(acc >> nbits);
		}
	}
	return bad | ~ct_eq(sum, 1) | ct_nonzero(acc & ((1u << nbits) - 1));
}

enum err
text_bech32_decode(struct span in, const char *hrp, uint8_t *out, size_t cap, size_t *n)
{
	size_t len, hlen = strlen(hrp);
	struct span data;

	if (in.len < hlen + 1 + CHECKSUM)
		return ERR_FORMAT;
	data = SPAN(in.p + hlen + 1, in.len - hlen - 1 - CHECKSUM);
	len = data.len / 8 * 5 + data.len % 8 * 5 / 8;
	if (data.len % 8 * 5 % 8 >= 5 || check_prefix_case(in, hrp, hlen))
		return ERR_FORMAT;
	if (len > cap)
		return ERR_TOOBIG;
	if (decode_data(data, prefix_sum(hrp, hlen), out)) {
		sec_zero(out, len);
		return ERR_FORMAT;
	}
	*n = len;
	return ERR_OK;
}
