/*
 * omemo.c - OMEMO (XEP-0384 0.3, "eu.siacs.conversations.axolotl"): the Curve25519 identity key of
 * a device.  The scalar is clamped before it is installed: libomemo-c does not clamp, and an
 * unclamped seed gives another public key there (notes/messengers.md 0.3).
 */
#include "agent/format/format.h"
#include "lib/crypto.h"

#define N(a)	 (sizeof(a) / sizeof *(a))
#define DJB_TYPE 0x05 /* libsignal's type byte in front of a Curve25519 public key */

static const struct format_key keys[] = {
	{ "identity", "x25519", "identity key of your OMEMO device", 1, 0, NULL },
};

/* As Profanity and Gajim show it: eight groups of eight hex digits. */
static enum err
fingerprint(const struct format_in *in, struct buf *out)
{
	for (size_t i = 0; i < 32; i += 4) {
		if (i)
			buf_put_u8(out, '-');
		text_encode(TEXT_HEX, span_sub(in->pub, i, 4), out);
	}
	return ERR_OK;
}

static enum err
public_typed(const struct format_in *in, struct buf *out)
{
	uint8_t typed[33] = { DJB_TYPE };

	memcpy(typed + 1, in->pub.p, 32);
	text_encode(TEXT_BASE64, SPAN(typed, sizeof typed), out);
	return ERR_OK;
}

static enum err
clamped(const struct format_in *in, enum text_code code, struct sec *out)
{
	struct sec k = { 0 };
	enum err e;

	if ((e = sec_init_copy(&k, in->priv)))
		return e;
	crypto_x25519_clamp(k.p);
	e = format_encode(code, sec_span(&k), out);
	sec_done(&k);
	return e;
}

static enum err
private_base64(const struct format_in *in, struct sec *out)
{
	return clamped(in, TEXT_BASE64, out);
}

static enum err
private_hex(const struct format_in *in, struct sec *out)
{
	return clamped(in, TEXT_HEX, out);
}

static const struct format_public publics[] = {
	{ "identity", "fingerprint", fingerprint },
	{ "identity", "identity-key", public_typed },
};

static const struct format_export exports[] = {
	{ "identity", "base64", "", true, private_base64,
	    "identity_key_private in Profanity's identity.txt" },
	{ "identity", "hex", "", true, private_hex,
	    "private_key (32 bytes) of table secret in Gajim's OMEMO database" },
};

static enum err
check(struct span account)
{
	const uint8_t *at = memchr(account.p, '@', account.len);

	return at && at > account.p && at + 1 < account.p + account.len ? ERR_OK : ERR_TEXT;
}

const struct format format_omemo = {
	.name = "omemo",
	.help = "OMEMO identity key of an XMPP account",
	.account = "you@server",
	.advice = "Install it together with a new device id. Contacts see a new device whose "
		  "fingerprint they must trust; remove the old device from the device list.",
	.key = keys,
	.nkey = N(keys),
	.public = publics,
	.npublic = N(publics),
	.export = exports,
	.nexport = N(exports),
	.check = check,
};
