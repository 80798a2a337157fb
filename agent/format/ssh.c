/*
 * ssh.c - OpenSSH keys: the public line, openssh-key-v1 private files (PROTOCOL.key; ssh-keygen 9.2
 * reads no PKCS#8 Ed25519).  What they sign is in ssh_sign.c.
 */
#include "agent/format/format.h"
#include "agent/format/ssh.h"
#include "lib/crypto.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "identity", "ed25519", "logs in to servers, signs files and commits", 1,
	    1u << OPS_SIGN_SSHSIG | 1u << OPS_SIGN_SSH_USERAUTH, NULL },
};

static enum sshkey_type
type_of(const struct format_in *in)
{
	enum sshkey_type t = SSHKEY_ED25519;

	return in->alg.len && sshkey_type_of_alg(in->alg, &t) ? t : SSHKEY_ED25519;
}

static enum err
put_public(const struct format_in *in, struct buf *blob)
{
	if (type_of(in) == SSHKEY_ED25519)
		format_ssh_ed25519(in->pub, blob);
	else
		buf_put_span(blob, in->pub);
	return buf_err(blob);
}

static enum err
public_line(const struct format_in *in, struct buf *out)
{
	struct buf blob = BUF_INIT;
	enum err e;

	if (!(e = put_public(in, &blob))) {
		buf_put_str(out, sshkey_name(type_of(in), false));
		buf_put_str(out, " ");
		text_encode(TEXT_BASE64, buf_span(&blob), out);
		buf_put_str(out, " ");
		buf_put_span(out, in->account);
	}
	buf_done(&blob);
	return e;
}

static enum err
fingerprint(const struct format_in *in, struct buf *out)
{
	struct buf blob = BUF_INIT;
	enum err e;

	if (!(e = put_public(in, &blob)))
		sshkey_fingerprint(buf_span(&blob), out);
	buf_done(&blob);
	return e;
}

/* ---- private file ---- */
/* The part that would be encrypted: check twice, key, comment, padding 1 2 3 … to 8. */
static enum err
private_part(const struct format_in *in, struct sec *s)
{
	uint8_t check[4];
	enum err e;

	crypto_random(check, sizeof check);
	if ((e = sec_put(s, SPAN(check, 4))) || (e = sec_put(s, SPAN(check, 4))) ||
	    (e = sshkey_put_private(type_of(in), in->priv, SPAN_NONE, s)) ||
	    (e = ssh_sec_string(s, in->account)))
		return e;
	for (uint8_t pad = 1; !e && s->len % 8; pad++)
		e = sec_put(s, SPAN(&pad, 1));
	return e;
}

static enum err
private_blob(const struct format_in *in, struct span public, struct sec *s)
{
	struct sec part = { 0 };
	enum err e;

	if (!(e = sec_init(&part, in->priv.len + public.len + 512)) &&
	    !(e = private_part(in, &part)) && !(e = sec_put(s, SPAN("openssh-key-v1", 15))) &&
	    !(e = ssh_sec_string(s, SPAN_LIT("none"))) &&
	    !(e = ssh_sec_string(s, SPAN_LIT("none"))) && !(e = ssh_sec_u32(s, 0)) &&
	    !(e = ssh_sec_u32(s, 1)) && !(e = ssh_sec_string(s, public)))
		e = ssh_sec_string(s, sec_span(&part));
	sec_done(&part);
	return e;
}

/* Armoured in lines of 70, as ssh-keygen writes them. */
static enum err
armour(struct span text, struct sec *out)
{
	enum err e = sec_put(out, SPAN_LIT("-----BEGIN OPENSSH PRIVATE KEY-----\n"));

	for (size_t i = 0; i < text.len && !e; i += 70) {
		size_t n = text.len - i < 70 ? text.len - i : 70;

		if (!(e = sec_put(out, SPAN(text.p + i, n))))
			e = sec_put(out, SPAN_LIT("\n"));
	}
	return e ? e : sec_put(out, SPAN_LIT("-----END OPENSSH PRIVATE KEY-----\n"));
}

static enum err
private_file(const struct format_in *in, struct sec *out)
{
	struct buf public = BUF_INIT;
	struct sec blob = { 0 }, text = { 0 };
	enum err e;

	if (!(e = put_public(in, &public)) &&
	    !(e = sec_init(&blob, in->priv.len + 2 * public.len + 1024)) &&
	    !(e = private_blob(in, buf_span(&public), &blob)) &&
	    !(e = format_encode(TEXT_BASE64, sec_span(&blob), &text)) &&
	    !(e = sec_init(out, text.len + text.len / 70 + 128)))
		e = armour(sec_span(&text), out);
	sec_done(&blob);
	sec_done(&text);
	buf_done(&public);
	return e;
}

/* ---- keys from elsewhere ---- */
static enum err
import_ed25519(struct span priv, struct buf *pub)
{
	uint8_t point[32];

	if (priv.len != 32)
		return ERR_RANGE;
	crypto_ed25519_public(priv.p, point);
	buf_put(pub, point, sizeof point);
	return buf_err(pub);
}

static enum err
import_rsa(struct span priv, struct buf *pub)
{
	return sshkey_public_of(SSHKEY_RSA, priv, pub);
}

static enum err
import_p256(struct span priv, struct buf *pub)
{
	return sshkey_public_of(SSHKEY_P256, priv, pub);
}

static enum err
import_p384(struct span priv, struct buf *pub)
{
	return sshkey_public_of(SSHKEY_P384, priv, pub);
}

static enum err
import_p521(struct span priv, struct buf *pub)
{
	return sshkey_public_of(SSHKEY_P521, priv, pub);
}

static const struct format_import imports[] = {
	{ "identity", "ed25519", import_ed25519, false },
	{ "identity", "rsa", import_rsa, false },
	{ "identity", "p256", import_p256, false },
	{ "identity", "p384", import_p384, false },
	{ "identity", "p521", import_p521, false },
};

static const struct format_public publics[] = {
	{ "identity", "public", public_line },
	{ "identity", "fingerprint", fingerprint },
};

static const struct format_export exports[] = {
	{ "identity", "openssh", "id_ed25519", true, private_file,
	    "a private key file for ssh (not encrypted: mode 0600)" },
};

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE, NULL, "Servers know only the old key until you put the new one in.",
	    "On each server add the new public line to ~/.ssh/authorized_keys, and log "
	    "in with it.\n"
	    "Only then take the old line out.\n"
	    "Where you sign files or commits: in allowed_signers give the old line "
	    "valid-before=\"YYYYMMDD\" and add the new one; old signatures stay good.\n"
	    "Put the new line in where you host code, for logins and for signatures." },
	{ FORMAT_MOVE, NULL,
	    "Servers let everybody in who knows the old key, until its line is gone.",
	    "On each server add the new public line to ~/.ssh/authorized_keys, log in "
	    "with it, and take the old line out at once.\n"
	    "Look who logged in since (last, journalctl -u ssh), and for lines in "
	    "authorized_keys that are not yours.\n"
	    "In allowed_signers give the old line valid-before=\"YYYYMMDD\" with the "
	    "day of the loss, and add the new one.\n"
	    "Change it where you host code, too, for logins and for signatures." },
	{ FORMAT_RETIRE, NULL, "Servers go on accepting the old key until you take it out.",
	    "Take its line out of ~/.ssh/authorized_keys on each server, and out of "
	    "where you host code.\n"
	    "In allowed_signers give it valid-before=\"YYYYMMDD\": old signatures stay "
	    "good." },
	{ FORMAT_REVOKE, NULL, "Servers go on accepting the key until they are told.",
	    "Take its line out of ~/.ssh/authorized_keys on each server, and out of "
	    "where you host code.\n"
	    "Where you administrate: add its public line to the file of RevokedKeys in "
	    "sshd_config.\n"
	    "Who checks your signatures puts it into a file for ssh-keygen -Y verify "
	    "-r, and takes it out of allowed_signers." },
};

const struct format format_ssh = {
	.name = "ssh",
	.help = "OpenSSH key: logins, signatures of files and commits",
	.account = "any name; the comment of the public line",
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
