/* One share as words, and the cipher around the secret. */
#include "agent/worker/slip39_parts.h"

#include "lib/crypto.h"

#define BITS   10
#define HEADER 4 /* words before the value */
#define SUM    3
#define ROUNDS 4
#define HALF   (SLIP39_SECRET_MAX / 2)

/* --- the header: id 15, extendable 1, exponent 4, group 4, group threshold 4, groups 4, member 4,
 * threshold 4 = 40 bits --- */

static void
get_header(const struct words_slip39 *w, struct slip39_share *s)
{
	uint64_t h = 0;

	for (size_t i = 0; i < HEADER; i++)
		h = h << BITS | w->value[i];
	s->id = (uint16_t)(h >> 25);
	s->extendable = h >> 24 & 1;
	s->exponent = h >> 20 & 15;
	s->group = h >> 16 & 15;
	s->group_threshold = (uint8_t)((h >> 12 & 15) + 1);
	s->groups = (uint8_t)((h >> 8 & 15) + 1);
	s->member = h >> 4 & 15;
	s->threshold = (uint8_t)((h & 15) + 1);
}

static void
put_header(const struct slip39_share *s, struct words_slip39 *w)
{
	uint64_t h = (uint64_t)s->id << 25 | (uint64_t)s->extendable << 24 |
	    (uint64_t)s->exponent << 20 | (uint64_t)s->group << 16 |
	    (uint64_t)(s->group_threshold - 1) << 12 | (uint64_t)(s->groups - 1) << 8 |
	    (uint64_t)s->member << 4 | (uint64_t)(s->threshold - 1);

	for (size_t i = 0; i < HEADER; i++)
		w->value[i] = h >> BITS * (HEADER - 1 - i) & 1023;
}

/* --- the value: its bits at the end of the words, zeros before --- */

/* Bit i of the value from its end on is in this word ... */
static size_t
word_of(size_t words, size_t i)
{
	return HEADER + words - 1 - i / BITS;
}

static enum err
get_value(const struct words_slip39 *w, struct slip39_share *s)
{
	size_t words = w->n - HEADER - SUM, bits = words * BITS, padding = bits % 16;
	uint32_t bit, wrong = 0;

	/* lengths that no secret has */
	if (padding > 8)
		return ERR_SHARE_FORMAT;
	s->len = (uint8_t)((bits - padding) / 8);
	for (size_t i = 0; i < bits; i++) {
		bit = w->value[word_of(words, i)] >> i % BITS & 1;
		if (i < s->len * 8u)
			s->value[s->len - 1 - i / 8] |= (uint8_t)(bit << i % 8);
		else
			wrong |= bit;
	}
	return wrong ? ERR_SHARE_FORMAT : ERR_OK;
}

static void
put_value(const struct slip39_share *s, struct words_slip39 *w)
{
	size_t words = (s->len * 8u + BITS - 1) / BITS;
	uint32_t bit;

	w->n = HEADER + words + SUM;
	for (size_t i = 0; i < s->len * 8u; i++) {
		bit = s->value[s->len - 1 - i / 8] >> i % 8 & 1;
		w->value[word_of(words, i)] |= (uint16_t)(bit << i % BITS);
	}
}

enum err
slip39_decode(struct span text, struct slip39_share *share, size_t *bad)
{
	struct words_slip39 w;
	enum err e;

	memset(share, 0, sizeof(*share));
	if ((e = words_slip39_read(text, &w, bad)) != ERR_OK)
		goto out;
	get_header(&w, share);
	if ((e = get_value(&w, share)) != ERR_OK)
		goto out;
	if (share->group_threshold > share->groups)
		e = ERR_SHARE_FORMAT;
	else if (share->exponent > SLIP39_EXPONENT_MAX)
		e = ERR_SHARE_SLOW;
out:
	sec_zero(&w, sizeof(w));
	if (e)
		sec_zero(share, sizeof(*share));
	return e;
}

enum err
slip39_encode(const struct slip39_share *share, struct sec *text)
{
	struct words_slip39 w = { 0 };
	enum err e;

	put_header(share, &w);
	put_value(share, &w);
	words_slip39_sum(&w);
	e = words_slip39_write(&w, text);
	sec_zero(&w, sizeof(w));
	return e;
}

/* --- the cipher: four rounds of Feistel --- */

void
slip39_digest(struct span noise, struct span secret, uint8_t digest[SLIP39_DIGEST])
{
	uint8_t mac[32];

	crypto_hmac_sha256(noise, secret, mac);
	memcpy(digest, mac, SLIP39_DIGEST);
	sec_zero(mac, sizeof(mac));
}

/* F(i, R), added to L; both of len / 2 bytes. */
static void
add_round(const struct slip39_share *how, struct span pass, uint8_t *l, const uint8_t *r)
{
	uint8_t salt[8 + HALF] = "shamir", f[HALF];
	size_t half = how->len / 2, at = 0;

	if (!how->extendable) {
		salt[6] = (uint8_t)(how->id >> 8);
		salt[7] = (uint8_t)how->id;
		at = 8;
	}
	memcpy(salt + at, r, half);
	crypto_pbkdf2_sha256(pass, SPAN(salt, at + half), 2500u << how->exponent, f, half);
	for (size_t i = 0; i < half; i++)
		l[i] ^= f[i];
	sec_zero(salt, sizeof(salt));
	sec_zero(f, sizeof(f));
}

/* Instead of swapping L and R, each round takes them in the other order; at the end they stand
 * swapped, as R || L wants it. */
static void
feistel(const struct slip39_share *how, struct span passphrase, uint8_t *p, bool back)
{
	uint8_t pass[1 + SLIP39_PASSPHRASE_MAX], t[HALF];
	size_t n = passphrase.len, half = how->len / 2;

	if (n > 0)
		memcpy(pass + 1, passphrase.p, n);
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t *l = i % 2 ? p + half : p, *r = i % 2 ? p : p + half;

		pass[0] = (uint8_t)(back ? ROUNDS - 1 - i : i);
		add_round(how, SPAN(pass, 1 + n), l, r);
	}
	memcpy(t, p, half);
	memcpy(p, p + half, half);
	memcpy(p + half, t, half);
	sec_zero(pass, sizeof(pass));
	sec_zero(t, sizeof(t));
}

void
slip39_encrypt(const struct slip39_share *how, struct span passphrase, uint8_t *secret)
{
	feistel(how, passphrase, secret, false);
}

void
slip39_decrypt(const struct slip39_share *how, struct span passphrase, uint8_t *secret)
{
	feistel(how, passphrase, secret, true);
}
