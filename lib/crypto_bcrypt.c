/*
 * bcrypt_pbkdf, as OpenSSH protects key files (PROTOCOL.key; bcrypt of Provos and Mazieres with
 * Blowfish of Schneier, over SHA-512).  No library of Debian has it.  Blowfish's tables are the
 * fraction of pi, which is computed here.
 */
#include <stdlib.h>

#include "lib/crypto_openssh.h"

#define BOXES (18 + 4 * 256)
#define WORDS (BOXES + 3) /* the integer part in front, two words behind for what is rounded */

struct blowfish {
	uint32_t p[18];
	uint32_t s[4][256];
};

/* ---- pi: 16 arctan(1/5) - 4 arctan(1/239), fixed point, most significant word first ---- */
static void
divide(uint32_t *w, uint32_t by)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < WORDS; i++) {
		rest = rest << 32 | w[i];
		w[i] = (uint32_t)(rest / by);
		rest %= by;
	}
}

static void
add(uint32_t *a, const uint32_t *b, bool subtract)
{
	uint64_t carry = subtract;

	for (size_t i = WORDS; i-- > 0;) {
		carry += (uint64_t)a[i] + (subtract ? ~b[i] : b[i]);
		a[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static bool
is_zero(const uint32_t *w)
{
	for (size_t i = 0; i < WORDS; i++)
		if (w[i])
			return false;
	return true;
}

/* sum += times * arctan(1/x), or -=: the series of Gregory. */
static void
add_arctan(uint32_t *sum, uint32_t times, uint32_t x, bool subtract)
{
	static uint32_t power[WORDS], term[WORDS];

	memset(power, 0, sizeof(power));
	power[0] = times;
	divide(power, x);
	for (uint32_t k = 1; !is_zero(power); k += 2, subtract = !subtract) {
		memcpy(term, power, sizeof(term));
		divide(term, k);
		add(sum, term, subtract);
		divide(power, x * x);
	}
}

static const struct blowfish *
start_state(void)
{
	static struct blowfish pi;
	static bool ready;
	uint32_t sum[WORDS] = { 0 };

	if (ready)
		return &pi;
	add_arctan(sum, 16, 5, false);
	add_arctan(sum, 4, 239, true);
	memcpy(pi.p, sum + 1, sizeof(pi.p));
	memcpy(pi.s, sum + 1 + 18, sizeof(pi.s));
	ready = true;
	return &pi;
}

/* ---- Blowfish ---- */
static uint32_t
mix(const struct blowfish *b, uint32_t x)
{
	return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 0xff]) ^ b->s[2][x >> 8 & 0xff]) +
	    b->s[3][x & 0xff];
}

static void
encipher(const struct blowfish *b, uint32_t lr[2])
{
	uint32_t l = lr[0], r = lr[1];

	for (int i = 0; i < 16; i += 2) {
		l ^= b->p[i];
		r ^= mix(b, l);
		r ^= b->p[i + 1];
		l ^= mix(b, r);
	}
	lr[0] = r ^ b->p[17];
	lr[1] = l ^ b->p[16];
}

/* All of the state anew: key into p, then chained encryptions; salt (64 bytes, or NULL) goes in
 * between. */
static void
expand(struct blowfish *b, const uint8_t *salt, const uint8_t key[64])
{
	uint32_t lr[2] = { 0, 0 }, *w = b->p;

	for (size_t i = 0; i < 18; i++)
		b->p[i] ^= be32(key + 4 * (i % 16));
	for (size_t i = 0; i < BOXES; i += 2) {
		if (salt) {
			lr[0] ^= be32(salt + 4 * (i % 16));
			lr[1] ^= be32(salt + 4 * ((i + 1) % 16));
		}
		encipher(b, lr);
		w = i < 18 ? b->p + i : &b->s[(i - 18) / 256][(i - 18) % 256];
		w[0] = lr[0];
		w[1] = lr[1];
	}
	sec_zero(lr, sizeof(lr));
}

static void
hash(const uint8_t pass[64], const uint8_t salt[64], uint8_t out[32])
{
	struct blowfish b = *start_state();
	uint32_t w[8];

	expand(&b, salt, pass);
	for (int i = 0; i < 64; i++) {
		expand(&b, NULL, salt);
		expand(&b, NULL, pass);
	}
	for (size_t i = 0; i < 8; i++)
		w[i] = be32((const uint8_t *)"OxychromaticBlowfishSwatDynamite" + 4 * i);
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < 8; j += 2)
			encipher(&b, w + j);
	/* each word comes out with its last byte first */
	for (size_t i = 0; i < 32; i++)
		out[i] = (uint8_t)(w[i / 4] >> 8 * (i % 4));
	sec_zero(&b, sizeof(b));
	sec_zero(w, sizeof(w));
}

/* One block of 32 bytes: the sum (xor) of `rounds` hashes, each salted by the one before. */
static void
block(const uint8_t pass[64], struct span salt, uint32_t number, uint32_t rounds, uint8_t out[32])
{
	uint8_t count[4], salted[64], next[32];
	struct span v[2] = { salt, SPAN(count, 4) };

	put_be32(count, number);
	crypto_sha512v(v, 2, salted);
	hash(pass, salted, next);
	memcpy(out, next, 32);
	for (uint32_t i = 1; i < rounds; i++) {
		crypto_sha512(SPAN(next, 32), salted);
		hash(pass, salted, next);
		for (int j = 0; j < 32; j++)
			out[j] ^= next[j];
	}
	sec_zero(next, sizeof(next));
	sec_zero(salted, sizeof(salted));
}

enum err
crypto_bcrypt_pbkdf(struct span pass, struct span salt, uint32_t rounds, uint8_t *out, size_t len)
{
	size_t blocks = (len + 31) / 32;
	uint8_t key[64], part[32];

	if (rounds < 1 || rounds > CRYPTO_BCRYPT_ROUNDS || len < 1 || len > 128 || salt.len < 1 ||
	    salt.len > 512)
		return ERR_RANGE;
	crypto_sha512(pass, key);
	/* the blocks are not put behind one another but dealt out, byte by byte */
	for (size_t i = 0; i < blocks; i++) {
		block(key, salt, (uint32_t)i + 1, rounds, part);
		for (size_t j = 0; j * blocks + i < len; j++)
			out[j * blocks + i] = part[j];
	}
	sec_zero(key, sizeof(key));
	sec_zero(part, sizeof(part));
	return ERR_OK;
}
