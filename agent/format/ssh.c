/*
 * ssh.c - OpenSSH keys: the public line, openssh-key-v1 private files (PROTOCOL.key; ssh-keygen 9.2
 * reads no PKCS#8 Ed25519), and SSHSIG signatures (PROTOCOL.sshsig).
 */
#include "agent/format/format.h"
#include "lib/crypto.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define TYPE "ssh-ed25519"

static const struct format_key keys[] = {
	{ "identity", "ed25519", "logs in to servers, signs files and commits", 1,
	    1u << OPS_SIGN_SSHSIG, NULL },
};

/* RFC 4251 5: string = u32be length, bytes. */
static void
put_string(struct buf *b, struct span s)
{
	buf_put_u32(b, (uint32_t)s.len);
	buf_put_span(b, s);
}

static void
put_public(struct buf *b, struct span pub)
{
	put_string(b, SPAN_LIT(TYPE));
	put_string(b, pub);
}

static enum err
public_line(const struct format_in *in, struct buf *out)
{
	struct buf blob = BUF_INIT;
	enum err e;

	put_public(&blob, in->pub);
	if (!(e = buf_err(&blob))) {
		buf_put_str(out, TYPE " ");
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
	uint8_t hash[32];
	enum err e;

	put_public(&blob, in->pub);
	if (!(e = buf_err(&blob))) {
		crypto_sha256(buf_span(&blob), hash);
		buf_put_str(out, "SHA256:");
		text_encode(TEXT_BASE64_NOPAD, SPAN(hash, sizeof hash), out);
	}
	buf_done(&blob);
	return e;
}

/* ---- private file ---- */
static enum err
sec_u32(struct sec *s, size_t v)
{
	uint8_t b[4];

	put_be32(b, (uint32_t)v);
	return sec_put(s, SPAN(b, 4));
}

static enum err
sec_string(struct sec *s, struct span v)
{
	enum err e = sec_u32(s, v.len);

	return e ? e : sec_put(s, v);
}

static enum err
sec_public(struct sec *s, struct span pub)
{
	enum err e = sec_string(s, SPAN_LIT(TYPE));

	return e ? e : sec_string(s, pub);
}

/* The part that would be encrypted: check twice, key, comment, padding 1 2 3 … to 8. */
static enum err
private_part(const struct format_in *in, struct sec *s)
{
	uint8_t check[4];
	enum err e;

	crypto_random(check, sizeof check);
	if ((e = sec_put(s, SPAN(check, 4))) || (e = sec_put(s, SPAN(check, 4))) ||
	    (e = sec_public(s, in->pub)) || (e = sec_u32(s, 64)) || (e = sec_put(s, in->priv)) ||
	    (e = sec_put(s, in->pub)) || (e = sec_string(s, in->account)))
		return e;
	for (uint8_t pad = 1; !e && s->len % 8; pad++)
		e = sec_put(s, SPAN(&pad, 1));
	return e;
}

static enum err
private_blob(const struct format_in *in, struct sec *s)
{
	struct sec part = { 0 };
	size_t public_len = 4 + sizeof TYPE - 1 + 4 + in->pub.len;
	enum err e;

	if (!(e = sec_init(&part, 512)) && !(e = private_part(in, &part)) &&
	    !(e = sec_put(s, SPAN("openssh-key-v1", 15))) &&
	    !(e = sec_string(s, SPAN_LIT("none"))) && !(e = sec_string(s, SPAN_LIT("none"))) &&
	    !(e = sec_u32(s, 0)) && !(e = sec_u32(s, 1)) && !(e = sec_u32(s, public_len)) &&
	    !(e = sec_public(s, in->pub)))
		e = sec_string(s, sec_span(&part));
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
	struct sec blob = { 0 }, text = { 0 };
	enum err e;

	if (!(e = sec_init(&blob, 1024)) && !(e = private_blob(in, &blob)) &&
	    !(e = format_encode(TEXT_BASE64, sec_span(&blob), &text)) &&
	    !(e = sec_init(out, text.len + text.len / 70 + 128)))
		e = armour(sec_span(&text), out);
	sec_done(&blob);
	sec_done(&text);
	return e;
}

/* ---- SSHSIG ---- */
/* What is signed: "SSHSIG", namespace, reserved, hash algorithm, hash of the message. */
static enum err
to_be_signed(const struct ops_sign *q, struct buf *b)
{
	size_t want = span_is(q->hash_alg, "sha512") ? 64 : span_is(q->hash_alg, "sha256") ? 32 : 0;

	if (!want || q->hash.len != want || !q->name_space.len)
		return ERR_RANGE;
	buf_put_str(b, "SSHSIG");
	put_string(b, q->name_space);
	put_string(b, SPAN_NONE);
	put_string(b, q->hash_alg);
	put_string(b, q->hash);
	return buf_err(b);
}

static void
put_blob(
    const struct format_in *in, const struct ops_sign *q, const uint8_t sig[64], struct buf *blob)
{
	buf_put_str(blob, "SSHSIG");
	buf_put_u32(blob, 1);
	buf_put_u32(blob, (uint32_t)(4 + sizeof TYPE - 1 + 4 + in->pub.len));
	put_public(blob, in->pub);
	put_string(blob, q->name_space);
	put_string(blob, SPAN_NONE);
	put_string(blob, q->hash_alg);
	buf_put_u32(blob, (uint32_t)(4 + sizeof TYPE - 1 + 4 + 64));
	put_string(blob, SPAN_LIT(TYPE));
	put_string(blob, SPAN(sig, 64));
}

enum err
format_ssh_sign(const struct format_in *in, const struct ops_sign *q, struct buf *blob)
{
	struct buf tbs = BUF_INIT;
	uint8_t sig[64];
	enum err e;

	if (!(e = to_be_signed(q, &tbs))) {
		crypto_ed25519_sign(in->priv.p, in->pub.p, buf_span(&tbs), sig);
		put_blob(in, q, sig, blob);
		e = buf_err(blob);
	}
	buf_done(&tbs);
	return e;
}

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
};
