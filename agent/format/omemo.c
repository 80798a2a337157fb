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

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE, NULL,
	    "Contacts see a new device, with a fingerprint that they have to trust "
	    "before you can read what they write to it.",
	    "Quit the client first.\n"
	    "Install the new key ('ownkey id export') together with a new device id: "
	    "never a new key under an old id, or sessions break.\n"
	    "Let the signed prekey be signed again: delete the old prekeys and sessions "
	    "there.\n"
	    "Start it and look whether contacts are offered the new key. Gajim "
	    "publishes it when it signs in; Profanity 0.13 does not.\n"
	    "Take the old device id out of your device list.\n"
	    "Read the new fingerprint out to your contacts, on another way." },
	{ FORMAT_MOVE, NULL,
	    "Contacts see a new device, with a fingerprint that they have to trust. "
	    "Until the old device is out of your list they go on writing to it, too, "
	    "for others to read.",
	    "Take the old device id out of your device list at once, in any client of "
	    "the account.\n"
	    "End the client, install the new key ('ownkey id export') together with a "
	    "new device id, delete the old prekeys and sessions, start it.\n"
	    "Look whether contacts are offered the new key. Gajim publishes it when it "
	    "signs in; Profanity 0.13 does not.\n"
	    "Read the new fingerprint out to your contacts, on another way, and ask "
	    "them to distrust the old one." },
	{ FORMAT_RETIRE, NULL,
	    "Contacts go on encrypting to the old device until it is out of your device "
	    "list.",
	    "Take its device id out of your device list, in a client of the account." },
	{ FORMAT_REVOKE, NULL,
	    "OMEMO has no revocation: who trusted the fingerprint goes on doing so.",
	    "Take its device id out of your device list, and delete its bundle, in a "
	    "client of the account.\n"
	    "Ask each contact, on another way, to distrust the old fingerprint." },
};

const struct format format_omemo = {
	.name = "omemo",
	.help = "OMEMO identity key of an XMPP account",
	.account = "you@server",
	.key = keys,
	.nkey = N(keys),
	.public = publics,
	.npublic = N(publics),
	.export = exports,
	.nexport = N(exports),
	.advice = advice,
	.nadvice = N(advice),
	.check = check,
};
