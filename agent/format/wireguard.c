/*
 * wireguard.c - keys of WireGuard interfaces (wg(8)): X25519, base64 of 32 bytes.
 * Clamped when they leave, as `wg genkey` makes them.
 */
#include "agent/format/format.h"
#include "lib/crypto.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "interface", "x25519", "the key of an interface", 1, 0, NULL },
};

static enum err
public_key(const struct format_in *in, struct buf *out)
{
	text_encode(TEXT_BASE64, in->pub, out);
	return buf_err(out);
}

static enum err
private_key(const struct format_in *in, struct sec *out)
{
	struct sec k = { 0 };
	enum err e;

	if ((e = sec_init_copy(&k, in->priv)))
		return e;
	crypto_x25519_clamp(k.p);
	e = format_encode(TEXT_BASE64, sec_span(&k), out);
	sec_done(&k);
	return e;
}

static const struct format_public publics[] = {
	{ "interface", "public", public_key },
};

static const struct format_export exports[] = {
	{ "interface", "key", "wg0.key", true, private_key,
	    "for wg set wg0 private-key FILE, or PrivateKey" },
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
	{ "interface", "x25519", import_x25519, false },
};

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE | FORMAT_MOVE, NULL,
	    "Peers do not answer the new key until they have its public half.",
	    "Put the new public key in place of the old one in the [Peer] of every peer.\n"
	    "Put the new key into your own interface: wg set wg0 private-key FILE.\n"
	    "Preshared keys stay, unless others may know them, too: wg genpsk." },
	{ FORMAT_RETIRE | FORMAT_REVOKE, NULL,
	    "WireGuard has no revocation: peers take the key until it is removed there.",
	    "Have the [Peer] with this public key removed from every peer." },
};

const struct format format_wireguard = {
	.name = "wireguard",
	.help = "key of a WireGuard interface",
	.account = "any name, as of the interface",
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
