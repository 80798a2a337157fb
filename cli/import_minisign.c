/*
 * import_minisign.c - secret keys of minisign: "Ed", KDF ("Sc" or zeros), "B2", salt 32, limits 8
 * and 8 (little-endian), and, under the KDF's stream, key number 8, secret key 64, checksum 32.
 *
 * Kept as the file that minisign -W would have made: minisign -Sm FILE -s <(ownkey secret get NAME)
 */
#include "cli/import.h"
#include "lib/crypto_openssh.h"
#include "lib/text.h"

#define COMMENT	 "untrusted comment: "
#define FILE_LEN 158
#define HEAD	 54 /* up to the key number */
#define PART	 104
#define TRIES	 3

static bool
is_minisign(struct span s)
{
	struct span line;

	return import_begins(s, COMMENT) && import_line(&s, &line) && import_line(&s, &line) &&
	    line.len == 212 && import_begins(line, "RW");
}

static uint64_t
le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 8; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* The public half is the key's own. */
static bool
is_pair(const uint8_t *raw)
{
	uint8_t pub[32];

	crypto_ed25519_public(raw + HEAD + 8, pub);
	return crypto_eq(SPAN(pub, 32), SPAN(raw + HEAD + 8 + 32, 32));
}

/* BLAKE2b of "Ed", key number, secret key; a file in the clear has zeros there. */
static bool
is_right(const uint8_t *raw)
{
	uint8_t text[2 + 72], sum[32];

	memcpy(text, raw, 2);
	memcpy(text + 2, raw + HEAD, 72);
	crypto_blake2b_256(SPAN(text, sizeof text), sum);
	sec_zero(text, sizeof text);
	return crypto_eq(SPAN(sum, 32), SPAN(raw + HEAD + 72, 32));
}

/* *raw in the clear; the header says so, too. */
static enum err
unseal(struct span pass, struct span file, uint8_t *raw)
{
	const uint64_t limits[2] = { le64(file.p + 38), le64(file.p + 46) };
	uint8_t stream[PART];
	enum err e;

	if ((e = crypto_scrypt_limits(pass, file.p + 6, limits, stream, PART)))
		return e == ERR_RANGE ? ERR_IMPORT_CIPHER : e;
	memcpy(raw, file.p, FILE_LEN);
	for (int i = 0; i < PART; i++)
		raw[HEAD + i] ^= stream[i];
	memset(raw + 2, 0, 2);
	memset(raw + 6, 0, HEAD - 6);
	sec_zero(stream, sizeof stream);
	if (!is_right(raw))
		return ERR_PASS_WRONG;
	memset(raw + HEAD + 72, 0, 32);
	return is_pair(raw) ? ERR_OK : ERR_IMPORT_FORMAT;
}

static enum err
ask_and_open(struct import_in *in, struct span file, uint8_t *raw)
{
	unsigned tries = in->c && in->c->term.scripted ? 1 : TRIES;
	struct sec pass = { 0 };
	enum err e = ERR_PASS_WRONG;

	if (!file.p[2] && !file.p[3]) {
		memcpy(raw, file.p, FILE_LEN);
		return is_pair(raw) ? ERR_OK : ERR_IMPORT_FORMAT;
	}
	if (memcmp(file.p + 2, "Sc", 2) != 0)
		return ERR_IMPORT_CIPHER;
	while (e == ERR_PASS_WRONG && tries-- > 0) {
		if (!(e = import_passphrase(in, "passphrase of", &pass)))
			e = unseal(sec_span(&pass), file, raw);
		sec_done(&pass);
	}
	return e;
}

/* What minisign -p FILE holds: "Ed", key number, public key. */
static void
public_line(const uint8_t *raw, struct buf *out)
{
	uint8_t pub[42];

	memcpy(pub, raw, 2);
	memcpy(pub + 2, raw + HEAD, 8);
	memcpy(pub + 10, raw + HEAD + 8 + 32, 32);
	text_encode(TEXT_BASE64, SPAN(pub, sizeof pub), out);
}

static enum err
put(struct import_in *in, const uint8_t *raw, struct import_list *l)
{
	struct buf name = BUF_INIT, public = BUF_INIT;
	struct sec text = { 0 };
	struct span base = import_base(in->path);
	enum err e;

	if (base.len > 4 && memcmp(base.p + base.len - 4, ".key", 4) == 0)
		base.len -= 4;
	import_join(&name, SPAN_LIT("minisign"), base);
	public_line(raw, &public);
	if (!(e = sec_init(&text, 512)) &&
	    !(e = sec_put(&text, SPAN_LIT(COMMENT "minisign secret key\n"))) &&
	    !(e = text_encode_sec(TEXT_BASE64, SPAN(raw, FILE_LEN), &text))) {
		import_secret(l, buf_span(&name), sec_span(&text));
		import_attribute(l, "kind", SPAN_LIT("minisign"));
		import_attribute(l, "public", buf_span(&public));
	}
	sec_done(&text);
	buf_done(&name);
	buf_done(&public);
	return e;
}

static enum err
read_minisign(struct import_in *in, struct import_list *l)
{
	struct span all = in->content, line = SPAN_NONE;
	uint8_t file[FILE_LEN];
	struct sec raw = { 0 };
	size_t n = 0;
	enum err e;

	if (!import_line(&all, &line) || !import_line(&all, &line) ||
	    text_decode(TEXT_BASE64, import_trim(line), file, sizeof file, &n) || n != FILE_LEN ||
	    memcmp(file, "Ed", 2) != 0 || memcmp(file + 4, "B2", 2) != 0)
		e = ERR_IMPORT_FORMAT;
	else if (!(e = sec_init(&raw, FILE_LEN)) &&
	    !(e = ask_and_open(in, SPAN(file, FILE_LEN), raw.p)))
		e = put(in, raw.p, l);
	sec_zero(file, sizeof file);
	sec_done(&raw);
	return e;
}

const struct import_source import_minisign = {
	.name = "minisign",
	.what = "secret key of minisign",
	.is = is_minisign,
	.read = read_minisign,
};
