/* import_age.c - files of age identities, plain or encrypted with a passphrase. */
#include "cli/import.h"
#include "lib/age.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define SECRET	 "AGE-SECRET-KEY-1"
#define PLUGIN	 "AGE-PLUGIN-"
#define TEXT_MAX ((size_t)256 * 1024) /* of a file of identities */

static bool
is_sealed(struct span s)
{
	return import_begins(s, "age-encryption.org/v1\n") ||
	    import_begins(s, "-----BEGIN AGE ENCRYPTED FILE-----");
}

static bool
is_age(struct span s)
{
	struct span line;
	unsigned n = 0;

	if (is_sealed(s))
		return true;
	while (n++ < 100 && import_line(&s, &line))
		if (import_begins(line, SECRET) || import_begins(line, PLUGIN))
			return true;
		else if (line.len && line.p[0] != '#')
			return false;
	return false;
}

/* ---- one line ---- */
static void
put_identity(struct import_in *in, const uint8_t priv[32], struct import_list *l)
{
	struct import_key key = { .service = "age", .alg = "x25519", .secret = SPAN(priv, 32) };
	char recipient[AGE_TEXT_MAX];
	uint8_t pub[32];
	size_t n = 0;

	crypto_x25519_public(priv, pub);
	if (text_bech32_encode("age", SPAN(pub, 32), recipient, sizeof recipient, &n))
		n = 0;
	key.account = import_base(in->path);
	key.shown = SPAN(recipient, n);
	import_key(l, &key);
}

static enum err
take_line(struct import_in *in, struct span line, struct import_list *l)
{
	struct sec priv = { 0 };
	enum err e;

	if (line.len == 0 || line.p[0] == '#')
		return ERR_OK;
	if (import_begins(line, PLUGIN)) {
		import_refuse(l, span_sub(line, 0, line.len < 40 ? line.len : 40),
		    "it names a plugin and a key that stays in its device: go on with the plugin");
		return ERR_OK;
	}
	if ((e = sec_init(&priv, 32)))
		return e;
	e = age_identity_parse(line, priv.p);
	if (!e)
		put_identity(in, priv.p, l);
	else if (e == ERR_AGE_QUANTUM)
		import_refuse(l, import_base(in->path), "post-quantum age keys are not supported");
	else
		e = ERR_IMPORT_FORMAT;
	sec_done(&priv);
	return e == ERR_AGE_QUANTUM ? ERR_OK : e;
}

static enum err
take_text(struct import_in *in, struct span text, struct import_list *l)
{
	struct span line;
	enum err e = ERR_OK;

	while (!e && import_line(&text, &line))
		e = take_line(in, import_trim(line), l);
	if (!e && import_count(l) == 0)
		e = ERR_IMPORT_FORMAT;
	return e;
}

/* ---- encrypted with a passphrase ---- */
static enum err
give_key(struct import_in *in, struct age_reader *r)
{
	struct sec pass = { 0 }, wrap = { 0 };
	enum err e;

	if (!(r->header.kinds & AGE_SCRYPT))
		return ERR_IMPORT_CIPHER;
	if (!(e = import_passphrase(in, "passphrase of", &pass)) && !(e = sec_init(&wrap, 32)) &&
	    !(e = age_scrypt(sec_span(&pass), r->header.salt, r->header.log_n, wrap.p)))
		e = age_reader_scrypt(r, wrap.p);
	sec_done(&pass);
	sec_done(&wrap);
	return e == ERR_AGE_MATCH ? ERR_PASS_WRONG : e;
}

static enum err
unseal(struct import_in *in, struct age_reader *r, struct buf *text)
{
	struct span left = in->content, out;
	enum err e;

	do {
		if ((e = age_reader_push(r, &left, &out)))
			return e;
		buf_put_span(text, out);
		if (r->wants_key && (e = give_key(in, r)))
			return e;
		if (text->len > TEXT_MAX)
			return ERR_TOOBIG;
	} while (left.len || out.len);
	if ((e = age_reader_end(r, &out)))
		return e;
	buf_put_span(text, out);
	return buf_err(text);
}

static enum err
read_age(struct import_in *in, struct import_list *l)
{
	struct buf text = BUF_INIT;
	struct age_reader r;
	enum err e;

	if (!is_sealed(in->content))
		return take_text(in, in->content, l);
	age_reader_init(&r, AGE_LOGN_MAX);
	e = unseal(in, &r, &text);
	age_reader_done(&r);
	if (!e)
		e = take_text(in, buf_span(&text), l);
	buf_done(&text);
	return e;
}

const struct import_source import_age = {
	.name = "age",
	.what = "age identities (AGE-SECRET-KEY-1...), also in age -p",
	.is = is_age,
	.read = read_age,
};
