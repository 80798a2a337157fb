/* openssh-key-v1 files, and PEM by libcrypto. */
#include "lib/openssh_key.h"

#include "lib/text.h"

#define BEGIN	"-----BEGIN "
#define OPENSSH BEGIN "OPENSSH PRIVATE KEY-----"
#define END	"-----END OPENSSH PRIVATE KEY-----"
#define MAGIC	"openssh-key-v1" /* and its NUL */

static const char *const pems[] = { BEGIN "PRIVATE KEY-----", BEGIN "ENCRYPTED PRIVATE KEY-----",
	BEGIN "RSA PRIVATE KEY-----", BEGIN "EC PRIVATE KEY-----", BEGIN "DSA PRIVATE KEY-----" };

static const uint8_t *
look_for(struct span text, const char *what)
{
	return text.len ? memmem(text.p, text.len, what, strlen(what)) : NULL;
}

static bool
begins(struct span text, const char *what)
{
	return text.len >= strlen(what) && memcmp(text.p, what, strlen(what)) == 0;
}

static bool
is_pem(struct span text)
{
	for (size_t i = 0; i < sizeof(pems) / sizeof(pems[0]); i++)
		if (begins(text, pems[i]))
			return true;
	return false;
}

bool
openssh_key_is(struct span text)
{
	return begins(text, OPENSSH) || is_pem(text);
}

/* What stands between the two lines, without white space, is base64. */
static enum err
unarmour(struct span text, struct buf *raw)
{
	const uint8_t *from = text.p + strlen(OPENSSH), *to = look_for(text, END);
	struct buf b64 = BUF_INIT;
	uint8_t *room;
	size_t n = 0;
	enum err e;

	if (to == NULL)
		return ERR_SSHKEY_FORMAT;
	for (; from < to; from++)
		if (*from != '\n' && *from != '\r' && *from != ' ' && *from != '\t')
			buf_put_u8(&b64, *from);
	room = buf_room(raw, b64.len + 1);
	if (!(e = buf_err(&b64)) && !(e = buf_err(raw)))
		e = text_decode(TEXT_BASE64, buf_span(&b64), room, b64.len, &n) ? ERR_SSHKEY_FORMAT
										: ERR_OK;
	if (!e)
		buf_add(raw, n);
	buf_done(&b64);
	return e;
}

static enum err
read_kdf(struct openssh_key *k, struct span cipher, struct span kdf, struct span options)
{
	struct ssh_reader o = ssh_reader(options);

	if (span_is(cipher, "none"))
		return span_is(kdf, "none") && options.len == 0 ? ERR_OK : ERR_SSHKEY_FORMAT;
	if (!span_is(kdf, "bcrypt") || (k->cipher = crypto_ssh_cipher(cipher)) == NULL)
		return ERR_IMPORT_CIPHER;
	k->encrypted = true;
	k->salt = ssh_read_string(&o, 512);
	k->rounds = ssh_read_u32(&o);
	if (ssh_reader_end(&o) || k->salt.len == 0 || k->rounds == 0)
		return ERR_SSHKEY_FORMAT;
	return k->rounds <= CRYPTO_BCRYPT_ROUNDS ? ERR_OK : ERR_IMPORT_CIPHER;
}

static enum err
parse_raw(struct openssh_key *k)
{
	struct ssh_reader r = ssh_reader(buf_span(&k->raw));
	struct span magic = ssh_read_bytes(&r, sizeof(MAGIC));
	struct span cipher = ssh_read_string(&r, 64), kdf = ssh_read_string(&r, 64);
	struct span options = ssh_read_string(&r, 1024);
	uint32_t n = ssh_read_u32(&r);
	enum err e;

	k->blob = ssh_read_string(&r, SSHKEY_BLOB_MAX);
	k->sealed = ssh_read_string(&r, OPENSSH_KEY_MAX);
	if (ssh_reader_err(&r) || !span_eq(magic, SPAN(MAGIC, sizeof(MAGIC))) || n != 1)
		return ERR_SSHKEY_FORMAT;
	if ((e = read_kdf(k, cipher, kdf, options)))
		return e;
	k->tag = ssh_read_bytes(&r, k->cipher ? k->cipher->tag : 0);
	return ssh_reader_end(&r);
}

enum err
openssh_key_parse(struct span text, struct openssh_key *k)
{
	enum err e;

	*k = (struct openssh_key){ .encrypted = false };
	if (text.len > OPENSSH_KEY_MAX)
		return ERR_TOOBIG;
	if (is_pem(text)) {
		k->pem = text;
		k->encrypted = look_for(text, "ENCRYPTED") != NULL;
		return ERR_OK;
	}
	if (!begins(text, OPENSSH))
		return ERR_SSHKEY_FORMAT;
	if ((e = unarmour(text, &k->raw)) || (e = parse_raw(k)))
		openssh_key_done(k);
	return e;
}

void
openssh_key_done(struct openssh_key *k)
{
	buf_done(&k->raw);
	*k = (struct openssh_key){ .encrypted = false };
}

/* ---- opening ---- */
static enum err
decrypt(const struct openssh_key *k, struct span pass, struct sec *out)
{
	uint8_t key_iv[96];
	enum err e;

	if ((e = sec_init(out, k->sealed.len ? k->sealed.len : 1)))
		return e;
	if (k->cipher == NULL)
		return sec_put(out, k->sealed);
	e = crypto_bcrypt_pbkdf(pass, k->salt, k->rounds, key_iv, k->cipher->key + k->cipher->iv);
	if (!e && !(e = crypto_ssh_decrypt(k->cipher, key_iv, k->sealed, k->tag, out->p)))
		out->len = k->sealed.len;
	sec_zero(key_iv, sizeof(key_iv));
	return e;
}

/* Behind the comment: 1, 2, 3, ... up to the block. */
static bool
padding_ok(struct span s)
{
	if (s.len >= 256)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != i + 1)
			return false;
	return true;
}

static enum err
read_part(
    const struct openssh_key *k, struct span part, struct sshkey_private *out, struct buf *comment)
{
	struct ssh_reader r = ssh_reader(part);
	uint32_t a = ssh_read_u32(&r), b = ssh_read_u32(&r);
	struct span text;
	enum err e;

	/* the same twice: the passphrase was right */
	if (r.failed || a != b)
		return k->encrypted ? ERR_PASS_WRONG : ERR_SSHKEY_FORMAT;
	if ((e = sshkey_parse_private(&r, out)))
		return e;
	text = ssh_read_string(&r, 4096);
	if (r.failed || !padding_ok(r.left))
		e = ERR_SSHKEY_FORMAT;
	else if (!span_eq(buf_span(&out->blob), k->blob))
		e = ERR_SSHKEY_PAIR;
	if (e)
		sshkey_private_done(out);
	else
		buf_put_span(comment, text);
	return e;
}

static enum err
open_pem(const struct openssh_key *k, struct span pass, struct sshkey_private *out)
{
	static const enum sshkey_type nist[] = { SSHKEY_P256, SSHKEY_P384, SSHKEY_P521 };
	struct sshkey_private key = { .type = SSHKEY_RSA };
	enum crypto_nist curve = CRYPTO_NIST_P256;
	enum crypto_pem kind;
	enum err e;

	if ((e = crypto_pem_open(k->pem, pass, &kind, &curve, &key.canonical)))
		return e;
	if (kind == CRYPTO_PEM_ED25519)
		key.type = SSHKEY_ED25519;
	else if (kind == CRYPTO_PEM_EC)
		key.type = nist[curve];
	if ((e = sshkey_public_of(key.type, sec_span(&key.canonical), &key.blob)))
		sshkey_private_done(&key);
	else
		*out = key;
	return e;
}

enum err
openssh_key_open(
    const struct openssh_key *k, struct span pass, struct sshkey_private *out, struct buf *comment)
{
	struct sec part = { 0 };
	enum err e;

	if (k->pem.len)
		return open_pem(k, k->encrypted ? pass : SPAN_NONE, out);
	if (!(e = decrypt(k, pass, &part)))
		e = read_part(k, sec_span(&part), out, comment);
	sec_done(&part);
	return e;
}
