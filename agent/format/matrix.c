/*
 * matrix.c - Matrix: everything that a person keeps is a plain 32-byte value (Matrix spec v1.11,
 * client-server API 11.12 "Secrets", 11.12.3.2 "Key backup"; notes/messengers.md 2).
 */
#include "agent/format/format.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "recovery", "secret", "recovery key: opens the secret storage of the account", 2, 0,
	    NULL },
	{ "cross-signing.master", "ed25519", "master key: says which signing keys are yours", 2, 0,
	    NULL },
	{ "cross-signing.self", "ed25519", "self-signing key: signs your devices", 1, 0, NULL },
	{ "cross-signing.user", "ed25519", "user-signing key: signs people you verified", 1, 0,
	    NULL },
	{ "backup", "x25519", "key backup: opens stored message keys", 1, 0, NULL },
};

/* Unpadded base64, as everywhere in Matrix. */
static enum err
public_base64(const struct format_in *in, struct buf *out)
{
	text_encode(TEXT_BASE64_NOPAD, in->pub, out);
	return ERR_OK;
}

static enum err
private_base64(const struct format_in *in, struct sec *out)
{
	return format_encode(TEXT_BASE64_NOPAD, in->priv, out);
}

/* Spec 11.12.2.3.1 "Recovery key": base58(8B 01 | key | parity), parity makes the XOR of all 35
 * bytes zero; shown in groups of four. */
static enum err
encode_recovery(struct span key, char *text, size_t cap, size_t *n)
{
	struct sec raw = { 0 };
	uint8_t parity = 0x8b ^ 0x01;
	enum err e;

	if ((e = sec_init(&raw, 2 + key.len + 1)))
		return e;
	for (size_t i = 0; i < key.len; i++)
		parity ^= key.p[i];
	if (!(e = sec_put(&raw, SPAN_LIT("\x8b\x01"))) && !(e = sec_put(&raw, key)) &&
	    !(e = sec_put(&raw, SPAN(&parity, 1))))
		e = text_base58_encode(sec_span(&raw), text, cap, n);
	sec_done(&raw);
	sec_zero(&parity, 1);
	return e;
}

static enum err
recovery_key(const struct format_in *in, struct sec *out)
{
	struct sec plain = { 0 };
	size_t n = 0;
	enum err e;

	if ((e = sec_init(&plain, 64)))
		return e;
	e = encode_recovery(in->priv, (char *)plain.p, plain.cap, &n);
	if (!e)
		e = sec_init(out, n + n / 4);
	for (size_t i = 0; i < n && !e; i++) {
		if (i && i % 4 == 0)
			e = sec_put(out, SPAN_LIT(" "));
		if (!e)
			e = sec_put(out, SPAN(plain.p + i, 1));
	}
	sec_done(&plain);
	return e;
}

static const struct format_public publics[] = {
	{ "cross-signing.master", "public", public_base64 },
	{ "cross-signing.self", "public", public_base64 },
	{ "cross-signing.user", "public", public_base64 },
	{ "backup", "public", public_base64 },
};

static const struct format_export exports[] = {
	{ "recovery", "recovery-key", "", true, recovery_key,
	    "type it where a client asks for the recovery key" },
	{ "recovery", "base64", "", true, private_base64, "the key itself, for tools" },
	{ "cross-signing.master", "seed", "", true, private_base64,
	    "secret m.cross_signing.master of the secret storage" },
	{ "cross-signing.self", "seed", "", true, private_base64,
	    "secret m.cross_signing.self_signing" },
	{ "cross-signing.user", "seed", "", true, private_base64,
	    "secret m.cross_signing.user_signing" },
	{ "backup", "private", "", true, private_base64, "secret m.megolm_backup.v1" },
};

/* @localpart:server (spec appendix 4.2.1, the historical grammar too: no more than a shape). */
static enum err
check(struct span account)
{
	const uint8_t *colon = memchr(account.p, ':', account.len);

	return account.len > 3 && account.p[0] == '@' && colon && colon > account.p + 1 ? ERR_OK
											: ERR_TEXT;
}

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE | FORMAT_MOVE, "cross-signing.master",
	    "Everybody who verified you is told that your identity changed, and has to "
	    "verify you again. A signature of the old master key does not prevent that.",
	    "Publish the three public keys of 'ownkey id show' (request "
	    "keys/device_signing/upload of the server's API; it asks for your account "
	    "password).\n"
	    "Only then give the three seeds to a client ('ownkey id export', form "
	    "seed): before that it takes none of them, and does not say so.\n"
	    "Let it store them in the secret storage, for your other devices.\n"
	    "Verify your own other devices again, and log out those that you do not "
	    "know.\n"
	    "Tell people on another way that this was you; they compare emoji or a QR "
	    "code with you again." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "cross-signing.self",
	    "Nobody notices a new self-signing key, as long as the master key is the "
	    "same.",
	    "Publish the new public key, signed by the master key (request "
	    "keys/device_signing/upload).\n"
	    "Import its seed into a client, and let it store that in the secret "
	    "storage.\n"
	    "Sign your devices again: verify each of them from that client." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "cross-signing.user",
	    "Nobody notices a new user-signing key, as long as the master key is the "
	    "same.",
	    "Publish the new public key, signed by the master key (request "
	    "keys/device_signing/upload).\n"
	    "Import its seed into a client, and let it store that in the secret "
	    "storage.\n"
	    "People whom you verified count as unverified for you until you sign them "
	    "again." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "backup", "Contacts see nothing of a new key backup.",
	    "Let a client make a new version of the key backup with the new key, and "
	    "wait until it has stored all message keys in it.\n"
	    "Delete the old version on the server: who knows its key reads every "
	    "message that it covers.\n"
	    "The old key stays derivable here, should the old version still be needed." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "recovery", "Contacts see nothing of a new recovery key.",
	    "Let a client set up secret storage anew with the new recovery key ('ownkey "
	    "id export', form recovery-key), and store all secrets again.\n"
	    "Destroy what you wrote down of the old recovery key.\n"
	    "If others may know the old one, they may know the cross-signing keys and "
	    "the key backup, too: rotate all keys of the account." },
	{ FORMAT_RETIRE, "cross-signing.master",
	    "Contacts see nothing: Matrix has no word for a key that is no longer used.",
	    "To leave the account, log out its devices and deactivate it in a client." },
	{ FORMAT_RETIRE, "backup", "Contacts see nothing.",
	    "Delete the key backup on the server, if you do not want to read old "
	    "messages any more." },
	{ FORMAT_RETIRE, NULL, "Contacts see nothing.",
	    "Remove the secret from the account's secret storage, in a client." },
	{ FORMAT_REVOKE, "cross-signing.master",
	    "Matrix has no revocation: contacts go on trusting this key until another "
	    "one takes its place.",
	    "Go on with a new key at once: 'ownkey id rotate', and what it says then.\n"
	    "Tell people on another way not to trust the old one; log out all sessions "
	    "that you do not know." },
	{ FORMAT_REVOKE, NULL,
	    "Matrix has no revocation: the key is good until another one takes its "
	    "place.",
	    "Go on with a new key at once: 'ownkey id rotate', and what it says then." },
};

const struct format format_matrix = {
	.name = "matrix",
	.help = "Matrix account: recovery key, cross-signing, key backup",
	.account = "@you:server",
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
