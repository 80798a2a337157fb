/* Recipients and identities of age as text (C2SP age.md; bech32). */
#include "lib/age_parts.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define HRP_PUBLIC "age"
#define HRP_SECRET "age-secret-key-"

/* Bech32 has a checksum: nearly right is wrong, and the prefix says what it would have been. */
static bool
has_prefix(struct span text, const char *prefix)
{
	size_t i, n = strlen(prefix);

	if (text.len < n)
		return false;
	for (i = 0; i < n; i++)
		if ((text.p[i] | (text.p[i] >= 'A' && text.p[i] <= 'Z' ? 0x20 : 0)) !=
		    (uint8_t)prefix[i])
			return false;
	return true;
}

static enum err
key_parse(struct span text, const char *hrp, uint8_t key[32])
{
	size_t n;

	if (text.len > AGE_TEXT_MAX || text_bech32_decode(text, hrp, key, 32, &n))
		return ERR_FORMAT;
	return n == 32 ? ERR_OK : ERR_FORMAT;
}

enum err
age_recipient_parse(struct span text, uint8_t pub[32])
{
	static const uint8_t any[32] = { 1 };
	uint8_t shared[32];
	enum err e;

	if (has_prefix(text, "age1pq1") || has_prefix(text, "age1tagpq1"))
		return ERR_AGE_QUANTUM;
	if ((e = key_parse(text, HRP_PUBLIC, pub)))
		/* age1NAME1...: bech32 has no '1' in its data */
		return has_prefix(text, "age1") && memchr(text.p + 4, '1', text.len - 4)
		    ? ERR_UNSUPPORTED
		    : e;
	e = crypto_x25519(any, pub, shared);
	sec_zero(shared, sizeof(shared));
	return e;
}

enum err
age_identity_parse(struct span text, uint8_t priv[32])
{
	if (has_prefix(text, "age-secret-key-pq-1"))
		return ERR_AGE_QUANTUM;
	if (has_prefix(text, "age-plugin-"))
		return ERR_UNSUPPORTED;
	return key_parse(text, HRP_SECRET, priv);
}

static struct span
trim(struct span line)
{
	while (line.len > 0 && strchr(" \t\r", line.p[line.len - 1]))
		line.len--;
	return line;
}

static enum err
add_identity(struct span line, struct sec *privs)
{
	uint8_t priv[32];
	enum err e;

	line = trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return ERR_OK;
	if (!(e = age_identity_parse(line, priv)))
		e = sec_put(privs, SPAN(priv, sizeof(priv)));
	sec_zero(priv, sizeof(priv));
	return e;
}

enum err
age_identity_file(struct span text, struct sec *privs)
{
	const uint8_t *lf;
	size_t n;
	enum err e;

	while (text.len > 0) {
		lf = memchr(text.p, '\n', text.len);
		n = lf ? (size_t)(lf - text.p) : text.len;
		if ((e = add_identity(SPAN(text.p, n), privs)))
			return e;
		n += lf != NULL;
		text = SPAN(text.p + n, text.len - n);
	}
	return privs->len > 0 ? ERR_OK : ERR_FORMAT;
}
