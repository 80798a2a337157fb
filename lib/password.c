/* password.c - uniform choice without tables that a secret would index. */
#include "lib/password.h"

#include "lib/crypto.h"
#include "lib/text_ct.h"
#include "lib/words_list.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct text_range alnum[] = { { 'A', 'Z', 0 }, { 'a', 'z', 26 }, { '0', '9', 52 } };
static const struct text_range print[] = { { '!', '~', 0 } };
static const struct text_range digits[] = { { '0', '9', 0 } };

static const struct {
	const struct text_range *range;
	size_t n;
	uint32_t size;
	size_t usual;
} alphabets[] = {
	[PASSWORD_ALNUM] = { alnum, N(alnum), 62, 24 },
	[PASSWORD_PRINT] = { print, N(print), 94, 24 },
	[PASSWORD_DIGITS] = { digits, N(digits), 10, 8 },
	[PASSWORD_WORDS] = { NULL, 0, 0, 8 },
};

/* 0..size-1: numbers above the last whole multiple are thrown away. */
static uint32_t
choose(uint32_t size)
{
	uint32_t most = UINT32_MAX / size * size, v;

	do
		crypto_random(&v, sizeof v);
	while (v >= most);
	return v % size;
}

static void
put_words(size_t length, struct sec *out)
{
	struct words_word w;

	for (size_t i = 0; i < length; i++) {
		if (i > 0)
			out->p[out->len++] = '-';
		words_list_at(&words_list_bip39, choose(words_list_bip39.count), &w);
		memcpy(out->p + out->len, w.letter, w.len);
		out->len += w.len;
	}
	sec_zero(&w, sizeof w);
}

enum err
password_make(enum password_alphabet alphabet, size_t length, struct sec *out)
{
	enum err e;

	if ((size_t)alphabet >= N(alphabets))
		return ERR_RANGE;
	if (length == 0)
		length = alphabets[alphabet].usual;
	if (length >
	    (alphabet == PASSWORD_WORDS ? PASSWORD_MAX / (WORDS_LONGEST + 1) : PASSWORD_MAX))
		return ERR_RANGE;
	if ((e = sec_init(out, PASSWORD_MAX)))
		return e;
	if (alphabet == PASSWORD_WORDS)
		put_words(length, out);
	while (out->len < length && alphabet != PASSWORD_WORDS)
		out->p[out->len++] = ct_char(alphabets[alphabet].range, alphabets[alphabet].n,
		    choose(alphabets[alphabet].size));
	return ERR_OK;
}
