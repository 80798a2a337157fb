/*
 * app.c - keys for a program that has no row of its own: a messenger in the making, a tool of
 * one's own, through libownkey (include/ownkey.h).  What it signs and agrees on is set apart from
 * all else by what the vault puts around it, so that no other program's bytes can be had this way.
 */
#include "agent/format/format.h"
#include "lib/crypto.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "sign", "ed25519", "signs what the program says, each for a context", 1,
	    1u << OPS_SIGN_APP, NULL },
	{ "agree", "x25519", "agrees on keys with others' X25519 keys", 1, FORMAT_AGREES, NULL },
	{ "secret", "secret", "32 bytes for the program: the key of its database", 1, FORMAT_GIVES,
	    NULL },
};

static enum err
public_base64(const struct format_in *in, struct buf *out)
{
	text_encode(TEXT_BASE64, in->pub, out);
	return ERR_OK;
}

static enum err
private_base64(const struct format_in *in, struct sec *out)
{
	return format_encode(TEXT_BASE64, in->priv, out);
}

/* "ownkey1 app" || 0x00 || lp(context) || data: no other type's bytes begin like this. */
enum err
format_app_signed(const struct ops_sign *q, struct buf *out)
{
	if (!q->name_space.len)
		return ERR_USAGE;
	buf_put(out, "ownkey1 app", sizeof "ownkey1 app");
	buf_put_u16(out, (uint16_t)q->name_space.len);
	buf_put_span(out, q->name_space);
	buf_put_span(out, q->data);
	return buf_err(out);
}

enum err
format_app_sign(const struct format_in *in, const struct ops_sign *q, struct buf *sig)
{
	struct buf msg = BUF_INIT;
	uint8_t raw[64];
	enum err e;

	if (!(e = format_app_signed(q, &msg))) {
		crypto_ed25519_sign(in->priv.p, in->pub.p, buf_span(&msg), raw);
		buf_put(sig, raw, sizeof raw);
		e = buf_err(sig);
	}
	buf_done(&msg);
	return e;
}

static const struct format_public publics[] = {
	{ "sign", "public", public_base64 },
	{ "agree", "public", public_base64 },
};

static const struct format_export exports[] = {
	{ "sign", "seed", "", true, private_base64, "the seed of the Ed25519 key" },
	{ "agree", "private", "", true, private_base64, "the private X25519 key" },
	{ "secret", "base64", "", true, private_base64, "the 32 bytes" },
};

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE | FORMAT_MOVE, "sign",
	    "That depends on the program: others know the old key until it tells them.",
	    "Start the program again, and let it publish the new key.\n"
	    "Tell people on another way that this was you." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "agree",
	    "That depends on the program: others know the old key until it tells them.",
	    "Start the program again, and let it publish the new key." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "secret", "Contacts see nothing.",
	    "Let the program encrypt what it keeps with the new secret.\n"
	    "Until then 'ownkey id export' of the old epoch opens it." },
	{ FORMAT_RETIRE, NULL, "Nothing, unless the program tells others.",
	    "Have the program forget the account." },
	{ FORMAT_REVOKE, NULL, "Nothing, unless the program tells others.",
	    "Go on with a new key at once: 'ownkey id rotate', and what it says then.\n"
	    "Tell people on another way not to trust the old one." },
};

const struct format format_app = {
	.name = "app",
	.help = "keys for any program that uses libownkey",
	.account = "program, or you@program",
	.key = keys,
	.nkey = N(keys),
	.public = publics,
	.npublic = N(publics),
	.export = exports,
	.nexport = N(exports),
	.advice = advice,
	.nadvice = N(advice),
};
