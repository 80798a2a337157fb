/* age.c - age X25519 identities (C2SP age.md "X25519 recipient stanza"). */
#include "agent/format/format.h"
#include "lib/age_plugin.h"
#include "lib/crypto.h"

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

/* The path of the key, as items are named (DESIGN 5): age asks for it, whichever epoch it is in. */
static enum err
plugin_identity(const struct format_in *in, struct buf *out)
{
	struct buf path = BUF_INIT;
	enum err e;

	buf_put_str(&path, "age/");
	for (size_t i = 0; i < in->account.len; i++)
		if (in->account.p[i] == '/' || in->account.p[i] == '%')
			buf_putf(&path, "%%%02X", in->account.p[i]);
		else
			buf_put_u8(&path, in->account.p[i]);
	buf_put_str(&path, "/identity");
	if (!(e = buf_err(&path)))
		e = age_plugin_identity(AGE_PLUGIN_LABEL, buf_span(&path), out);
	buf_done(&path);
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

static const struct format_public publics[] = {
	{ "identity", "recipient", recipient },
	{ "identity", "plugin-identity", plugin_identity },
};

static const struct format_export exports[] = {
	{ "identity", "identity", "key.txt", true, identity, "for age -d -i FILE" },
};

static enum err
import_x25519(struct span priv, struct buf *pub)
{
	uint8_t point[32];

	if (priv.len != 32)
		return ERR_RANGE;
	crypto_x25519_public(priv.p, point);
	buf_put(pub, point, sizeof point);
	return buf_err(pub);
}

static const struct format_import imports[] = {
	{ "identity", "x25519", import_x25519, false },
};

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE, NULL,
	    "Senders go on using the old recipient until you give them the new one.",
	    "Give everybody the new recipient.\n"
	    "Files that were made for the old one open with the old key only: it stays "
	    "derivable here.\n"
	    "To be rid of it, decrypt them and encrypt them to the new one (age -d, "
	    "then age -r)." },
	{ FORMAT_MOVE, NULL,
	    "Senders go on using the old recipient, which others may read, until you "
	    "give them the new one.",
	    "Give everybody the new recipient at once, and have them forget the old "
	    "one.\n"
	    "Encrypt your files anew (age -d with the old key, then age -r) and delete "
	    "the old ones, copies too.\n"
	    "What others copied already stays open to them: treat its content as known." },
	{ FORMAT_RETIRE, NULL, "Senders may go on using the old recipient: age cannot tell them.",
	    "Tell everybody to use another one.\n"
	    "The key stays derivable here, for files that were made for it." },
	{ FORMAT_REVOKE, NULL,
	    "age has no revocation: who knows the key opens every file that was made "
	    "for it.",
	    "Tell everybody not to use this recipient any more.\n"
	    "Encrypt your files anew to another one, and delete the old ones, copies "
	    "too." },
};

const struct format format_age = {
	.name = "age",
	.help = "age identity, to decrypt files",
	.account = "any name",
	.key = keys,
	.nkey = N(keys),
	.public = publics,
	.npublic = N(publics),
	.export = exports,
	.nexport = N(exports),
	.advice = advice,
	.nadvice = N(advice),
	.import = imports,
	.nimport = N(imports),
};
