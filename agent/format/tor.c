/*
 * tor.c - Tor v3 onion services and client authorization (rend-spec-v3 6 "ENCODING-ONION-ADDRESS",
 * "CLIENT-AUTH"; control-spec 3.27 ADD_ONION).  The smallest complete format: read it first.
 */
#include "agent/format/format.h"
#include "lib/crypto.h"

#define N(a)	     (sizeof(a) / sizeof *(a))
#define ONION_CHARS  56
#define ONION_SUFFIX ".onion"
#define SECRET_TAG   "== ed25519v1-secret: type0 ==\0\0\0"
#define PUBLIC_TAG   "== ed25519v1-public: type0 ==\0\0\0"

static const uint8_t version = 3;

/* An account that is an address belongs to somebody else's service: we are its client. */
static bool
is_address(struct span account)
{
	size_t n = account.len, suffix = sizeof ONION_SUFFIX - 1;

	if (n == ONION_CHARS + suffix && memcmp(account.p + ONION_CHARS, ONION_SUFFIX, suffix) == 0)
		n = ONION_CHARS;
	if (n != ONION_CHARS)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((account.p[i] >= 'a' && account.p[i] <= 'z') ||
			(account.p[i] >= '2' && account.p[i] <= '7')))
			return false;
	return true;
}

static bool
is_service(struct span account)
{
	return !is_address(account);
}

static const struct format_key keys[] = {
	{ "onion", "ed25519", "master key of your onion service: its address", 1, 0, is_service },
	{ "client-auth", "x25519", "key with which you enter a private onion service", 1, 0,
	    is_address },
};

/* checksum = SHA3-256(".onion checksum" | pub | version)[0..2) */
static enum err
hostname(const struct format_in *in, struct buf *out)
{
	uint8_t raw[35], sum[32];
	struct span parts[] = { SPAN_LIT(".onion checksum"), in->pub, SPAN(&version, 1) };

	crypto_sha3_256v(parts, N(parts), sum);
	memcpy(raw, in->pub.p, 32);
	memcpy(raw + 32, sum, 2);
	raw[34] = version;
	text_encode(TEXT_BASE32_LOWER, SPAN(raw, sizeof raw), out);
	buf_put_str(out, ONION_SUFFIX);
	return ERR_OK;
}

static enum err
public_file(const struct format_in *in, struct buf *out)
{
	struct buf raw = BUF_INIT;
	enum err e;

	buf_put(&raw, PUBLIC_TAG, 32);
	buf_put_span(&raw, in->pub);
	if (!(e = buf_err(&raw)))
		text_encode(TEXT_BASE64, buf_span(&raw), out);
	buf_done(&raw);
	return e;
}

static enum err
authorized_client(const struct format_in *in, struct buf *out)
{
	buf_put_str(out, "descriptor:x25519:");
	text_encode(TEXT_BASE32, in->pub, out);
	return ERR_OK;
}

/* tor keeps the expanded key, not the seed. */
static enum err
secret_file(const struct format_in *in, struct sec *out)
{
	enum err e;

	if ((e = sec_init(out, 96)) || (e = sec_put(out, SPAN(SECRET_TAG, 32))))
		return e;
	crypto_ed25519_expand(in->priv.p, out->p + 32);
	out->len = 96;
	return ERR_OK;
}

static enum err
add_onion(const struct format_in *in, struct sec *out)
{
	static const char head[] = "ED25519-V3:";
	struct sec key = { 0 }, text = { 0 };
	enum err e;

	if ((e = sec_init(&key, 64)))
		return e;
	crypto_ed25519_expand(in->priv.p, key.p);
	key.len = 64;
	if (!(e = format_encode(TEXT_BASE64, sec_span(&key), &text)) &&
	    !(e = sec_init(out, sizeof head - 1 + text.len)) && !(e = sec_put(out, SPAN_LIT(head))))
		e = sec_put(out, sec_span(&text));
	sec_done(&key);
	sec_done(&text);
	return e;
}

/* One line of a file NAME.auth_private: address without suffix, then the key. */
static enum err
auth_private(const struct format_in *in, struct sec *out)
{
	static const char middle[] = ":descriptor:x25519:";
	struct sec text = { 0 };
	enum err e;

	if (!(e = format_encode(TEXT_BASE32, in->priv, &text)) &&
	    !(e = sec_init(out, ONION_CHARS + sizeof middle - 1 + text.len)) &&
	    !(e = sec_put(out, SPAN(in->account.p, ONION_CHARS))) &&
	    !(e = sec_put(out, SPAN_LIT(middle))))
		e = sec_put(out, sec_span(&text));
	sec_done(&text);
	return e;
}

static const struct format_public publics[] = {
	{ "onion", "hostname", hostname },
	{ "onion", "hs_ed25519_public_key", public_file },
	{ "client-auth", "authorized-client", authorized_client },
};

static const struct format_export exports[] = {
	{ "onion", "hs_ed25519_secret_key", "hs_ed25519_secret_key", false, secret_file,
	    "into the HiddenServiceDir (mode 0700); tor makes the other files" },
	{ "onion", "add-onion", "", true, add_onion,
	    "for ADD_ONION on the control socket: the key stays off the disk" },
	{ "client-auth", "auth_private", "client.auth_private", true, auth_private,
	    "a file in the ClientOnionAuthDir" },
};

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE, "onion",
	    "A new key is a new address: visitors find the old one for as long as you "
	    "serve it.",
	    "Install the new key beside the old one, in a HiddenServiceDir of its own, "
	    "and serve both for a while.\n"
	    "Announce the new address on the old one, and wherever you gave the old one "
	    "away.\n"
	    "Then stop serving the old one, and delete its files." },
	{ FORMAT_MOVE, "onion",
	    "A new key is a new address. Who knows the old key can serve the old "
	    "address: visitors cannot tell whose answer they get.",
	    "Install the new key in a HiddenServiceDir of its own.\n"
	    "Announce the new address on a way that does not hang on the old one; what "
	    "the old address says may be theirs.\n"
	    "Stop serving the old one soon, and warn people of it." },
	{ FORMAT_RETIRE, "onion", "Visitors find the old address for as long as you serve it.",
	    "Say on it that it goes, then stop serving it and delete its files." },
	{ FORMAT_REVOKE, "onion",
	    "Tor has no revocation: who knows the key can serve the address for ever.",
	    "Stop serving it, delete its files, and warn people on another way." },
	{ FORMAT_ROTATE | FORMAT_MOVE, "client-auth",
	    "Only the owner of that service sees it: the new key opens nothing until "
	    "they put it in.",
	    "Send them the new line 'authorized-client' of 'ownkey id show'.\n"
	    "Put the new key into your ClientOnionAuthDir in the place of the old "
	    "one.\n"
	    "Ask them to remove the file with your old key and to reload tor." },
	{ FORMAT_RETIRE | FORMAT_REVOKE, "client-auth",
	    "Only the owner of that service can shut the old key out.",
	    "Ask them to remove the file with your key from authorized_clients and to "
	    "reload tor.\n"
	    "Delete its file in your ClientOnionAuthDir." },
};

const struct format format_tor = {
	.name = "tor",
	.help = "Tor onion service, or your key for somebody's private one",
	.account = "a name for your service, or the address of theirs",
	.key = keys,
	.nkey = N(keys),
	.public = publics,
	.npublic = N(publics),
	.export = exports,
	.nexport = N(exports),
	.advice = advice,
	.nadvice = N(advice),
};
