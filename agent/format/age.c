/* age.c - age X25519 identities (C2SP age.md "X25519 recipient stanza"). */
#include "agent/format/format.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "identity", "x25519", "opens files that were encrypted to you", 1, 0, NULL },
};

static enum err
recipient(const struct format_in *in, struct buf *out)
{
	char text[80];
	size_t n;
	enum err e;

	if (!(e = text_bech32_encode("age", in->pub, text, sizeof text, &n)))
		buf_put(out, text, n);
	return e;
}

static enum err
identity(const struct format_in *in, struct sec *out)
{
	enum err e;

	if ((e = sec_init(out, 96)))
		return e;
	e = text_bech32_encode("age-secret-key-", in->priv, (char *)out->p, out->cap, &out->len);
	text_upper((char *)out->p, out->len);
	return e;
}

static const struct format_public publics[] = { { "identity", "recipient", recipient } };

static const struct format_export exports[] = {
	{ "identity", "identity", "key.txt", true, identity, "for age -d -i FILE" },
};

const struct format format_age = {
	.name = "age",
	.help = "age identity, to decrypt files",
	.account = "any name",
	.advice = "Tell people the new recipient; keep the old key for files that were made for "
		  "it.",
	.key = keys,
	.nkey = N(keys),
	.public = publics,
	.npublic = N(publics),
	.export = exports,
	.nexport = N(exports),
};
