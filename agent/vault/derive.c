#include "agent/vault/derive.h"

#include "lib/crypto.h"
#include "lib/seal.h"
#include "lib/text.h"

/* No I, O, l, 0, 1: a person may have to type it. */
static const char alnum[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
static const char print[] = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			    "abcdefghijklmnopqrstuvwxyz{|}~";

static const struct derive_alg algs[] = {
	{ "ed25519", DERIVE_ED25519, 32, NULL },
	{ "x25519", DERIVE_X25519, 32, NULL },
	{ "p256", DERIVE_P256, 48, NULL },
	{ "secp256k1", DERIVE_SECP256K1, 48, NULL },
	{ "secret", DERIVE_SECRET, 32, NULL },
	{ "password.alnum.", DERIVE_PASSWORD, 4, alnum },
	{ "password.print.", DERIVE_PASSWORD, 4, print },
};

#define NALGS (sizeof(algs) / sizeof(algs[0]))

const struct derive_alg *
derive_alg_at(size_t i)
{
	return i < NALGS ? &algs[i] : NULL;
}

/* A decimal number as it would be printed: one name for one thing. */
static enum err
number_parse(struct span s, uint64_t max, uint64_t *n)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0 || s.len > 10 || (s.p[0] == '0' && s.len > 1))
		return ERR_FORMAT;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_FORMAT;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (v > max)
		return ERR_RANGE;
	*n = v;
	return ERR_OK;
}

enum err
derive_alg_find(struct span name, const struct derive_alg **alg, unsigned *n)
{
	uint64_t chars = 0;
	struct span row;
	size_t i;

	for (i = 0; i < NALGS; i++) {
		row = span_str(algs[i].name);
		if (span_eq(algs[i].alphabet ? span_sub(name, 0, row.len) : name, row))
			break;
	}
	if (i == NALGS)
		return ERR_UNSUPPORTED;
	if (algs[i].alphabet &&
	    (number_parse(
		 span_sub(name, row.len, name.len - row.len), DERIVE_PASSWORD_MAX, &chars) ||
		chars == 0))
		return ERR_RANGE;
	*alg = &algs[i];
	*n = (unsigned)chars;
	return ERR_OK;
}

/* --- paths --- */

static bool
is_length(struct span s, size_t max)
{
	return s.len >= 1 && s.len <= max;
}

enum err
derive_path_check(const struct derive_path *path)
{
	if (!is_length(path->service, DERIVE_SERVICE_MAX) ||
	    !is_length(path->account, DERIVE_ACCOUNT_MAX) ||
	    !is_length(path->purpose, DERIVE_PURPOSE_MAX) || path->epoch > DERIVE_EPOCH_MAX)
		return ERR_RANGE;
	if (!text_is_label(path->service, false) || !text_is_label(path->purpose, true) ||
	    !text_is_name(path->account))
		return ERR_TEXT;
	return ERR_OK;
}

/* The next component, without the "/" behind it; false when there is none. */
static bool
component_next(struct span *rest, struct span *c)
{
	const uint8_t *slash;

	if (rest->len == 0 || (slash = memchr(rest->p, '/', rest->len)) == NULL)
		return false;
	*c = SPAN(rest->p, (size_t)(slash - rest->p));
	*rest = span_sub(*rest, c->len + 1, rest->len - c->len - 1);
	return true;
}

/* Only what must be escaped may be: a path has one text form. */
static bool
component_decode(struct span c, struct buf *mem, struct span *out)
{
	size_t i, at = mem->len;
	struct span code;

	for (i = 0; i < c.len; i++) {
		if (c.p[i] != '%') {
			buf_put_u8(mem, c.p[i]);
			continue;
		}
		code = span_sub(c, i, 3);
		if (!span_is(code, "%2F") && !span_is(code, "%25"))
			return false;
		buf_put_u8(mem, code.p[2] == 'F' ? '/' : '%');
		i += 2;
	}
	*out = span_sub(buf_span(mem), at, mem->len - at);
	return true;
}

static enum err
epoch_parse(struct span s, struct derive_path *path, struct span *alg)
{
	const uint8_t *hash = s.len ? memchr(s.p, '#', s.len) : NULL;
	size_t len = hash ? (size_t)(hash - s.p) : s.len;
	uint64_t n;
	enum err r;

	if (hash && len + 1 == s.len)
		return ERR_FORMAT;
	if ((r = number_parse(SPAN(s.p, len), DERIVE_EPOCH_MAX, &n)))
		return r;
	path->epoch = (uint32_t)n;
	*alg = hash ? span_sub(s, len + 1, s.len - len - 1) : SPAN_NONE;
	return ERR_OK;
}

enum err
derive_path_parse(struct span text, struct buf *mem, struct derive_path *path, struct span *alg)
{
	struct span service, account, purpose, a;
	struct derive_path p;
	enum err r;

	if (!component_next(&text, &service) || !component_next(&text, &account) ||
	    !component_next(&text, &purpose))
		return ERR_FORMAT;
	if ((r = epoch_parse(text, &p, &a)))
		return r;
	/* the memory must not move under the parts that are there already */
	if (buf_room(mem, account.len) == NULL && account.len > 0)
		return buf_err(mem);
	if (!component_decode(account, mem, &p.account))
		return ERR_FORMAT;
	/* neither "/" nor "%" can be in these two: an escape fails the check */
	p.service = service;
	p.purpose = purpose;
	if ((r = derive_path_check(&p)))
		return r;
	*path = p;
	*alg = a;
	return ERR_OK;
}

static void
component_print(struct span c, struct buf *out)
{
	size_t i;

	for (i = 0; i < c.len; i++) {
		if (c.p[i] == '/' || c.p[i] == '%')
			buf_put_str(out, c.p[i] == '/' ? "%2F" : "%25");
		else
			buf_put_u8(out, c.p[i]);
	}
}

void
derive_path_print(const struct derive_path *path, struct span alg, struct buf *out)
{
	component_print(path->service, out);
	buf_put_u8(out, '/');
	component_print(path->account, out);
	buf_put_u8(out, '/');
	component_print(path->purpose, out);
	buf_putf(out, "/%u", (unsigned)path->epoch);
	if (alg.len > 0) {
		buf_put_u8(out, '#');
		buf_put_span(out, alg);
	}
}

/* --- the tree --- */

enum err
derive_root(struct span seed, struct sec *root)
{
	enum err r;

	if ((r = sec_init(root, DERIVE_ROOT)))
		return r;
	crypto_hmac_sha512(SPAN_LIT("ownkey1 root"), seed, root->p);
	root->len = DERIVE_ROOT;
	return ERR_OK;
}

/* The parent is overwritten by its child: the key is consumed before the result is written. */
static void
child(struct sec *node, uint8_t level, struct span component)
{
	uint8_t len[2];

	put_be16(len, (uint16_t)component.len);
	crypto_hmac_sha512v(sec_span(node),
	    (const struct span[]){
		SPAN_LIT("ownkey1 child"), SPAN(&level, 1), SPAN(len, 2), component },
	    4, node->p);
}

static enum err
derive_node(const struct sec *root, const struct derive_path *path, struct sec *node)
{
	uint8_t epoch[4];
	enum err r;

	if (root->len != DERIVE_ROOT)
		return ERR_INTERNAL;
	if ((r = sec_init_copy(node, sec_span(root))))
		return r;
	put_be32(epoch, path->epoch);
	child(node, 1, path->service);
	child(node, 2, path->account);
	child(node, 3, path->purpose);
	child(node, 4, SPAN(epoch, sizeof(epoch)));
	return ERR_OK;
}

/* v mod m without dividing v, which takes longer for some values than for others: the quotient from
 * a reciprocal of the public m is right or one too small. */
static uint32_t
mod_ct(uint32_t v, uint32_t m)
{
	uint64_t inverse = ((uint64_t)1 << 32) / m;
	uint32_t t, rest;

	rest = v - (uint32_t)(v * inverse >> 32) * m;
	t = rest - m;
	return t + (m & (0 - (t >> 31)));
}

/* alphabet[index], all of it being read */
static uint8_t
select_ct(const char *alphabet, size_t size, uint32_t index)
{
	uint32_t i, miss, c = 0;

	for (i = 0; i < size; i++) {
		miss = ((i ^ index) + 0x7fffffff) >> 31; /* 0 if equal, else 1 */
		c |= (uint8_t)alphabet[i] & (miss - 1);
	}
	return (uint8_t)c;
}

static void
password(const char *alphabet, const uint8_t *stream, size_t n, uint8_t *out)
{
	size_t i, size = strlen(alphabet);

	for (i = 0; i < n; i++)
		out[i] = select_ct(alphabet, size, mod_ct(be32(stream + 4 * i), (uint32_t)size));
}

/* From the stream to the key. */
static enum err
key_from_stream(const struct derive_alg *alg, unsigned chars, struct sec *stream, struct sec *out)
{
	enum err r;

	if (alg->len == 32) {
		sec_move(out, stream);
		return ERR_OK;
	}
	if ((r = sec_init(out, chars ? chars : 32)))
		return r;
	if (alg->kind == DERIVE_P256)
		r = crypto_p256_scalar(stream->p, out->p);
	else if (alg->kind == DERIVE_SECP256K1)
		r = crypto_secp256k1_scalar(stream->p, out->p);
	else
		password(alg->alphabet, stream->p, chars, out->p);
	out->len = out->cap;
	if (r)
		sec_done(out);
	return r;
}

enum err
derive_key(const struct sec *root, const struct derive_path *path, struct span alg, struct sec *out)
{
	struct sec node = { 0 }, stream = { 0 };
	const struct derive_alg *row;
	unsigned chars;
	enum err r;

	if ((r = derive_path_check(path)) || (r = derive_alg_find(alg, &row, &chars)) ||
	    (r = derive_node(root, path, &node)))
		return r;
	r = seal_kdf_sec(
	    sec_span(&node), "key", alg, row->len * (size_t)(chars ? chars : 1), &stream);
	if (r == ERR_OK)
		r = key_from_stream(row, chars, &stream, out);
	sec_done(&stream);
	sec_done(&node);
	return r;
}

/* SEC 1 2.3.3, uncompressed */
static enum err
public_point(enum derive_kind kind, const uint8_t *private, struct buf *out)
{
	uint8_t xy[64];
	enum err r;

	r = kind == DERIVE_P256 ? crypto_p256_public(private, xy)
				: crypto_secp256k1_public(private, xy);
	if (r)
		return r;
	buf_put_u8(out, 4);
	buf_put(out, xy, sizeof(xy));
	return buf_err(out);
}

enum err
derive_public(struct span alg, struct span private, struct buf *out)
{
	const struct derive_alg *row;
	uint8_t pub[32];
	unsigned chars;
	enum err r;

	if ((r = derive_alg_find(alg, &row, &chars)))
		return r;
	if (row->kind == DERIVE_SECRET || row->kind == DERIVE_PASSWORD)
		return ERR_OK;
	if (private.len != 32)
		return ERR_RANGE;
	if (row->kind == DERIVE_P256 || row->kind == DERIVE_SECP256K1)
		return public_point(row->kind, private.p, out);
	if (row->kind == DERIVE_ED25519)
		crypto_ed25519_public(private.p, pub);
	else
		crypto_x25519_public(private.p, pub);
	buf_put(out, pub, sizeof(pub));
	return buf_err(out);
}

/* --- personas --- */

void
derive_persona_salt(struct span seed, uint8_t salt[DERIVE_PERSONA_SALT])
{
	seal_kdf(seed, "persona", SPAN_NONE, salt, DERIVE_PERSONA_SALT);
}

enum err
derive_persona_root(const struct sec *root, struct span argon, struct sec *out)
{
	enum err r;

	if (argon.len != 32)
		return ERR_RANGE;
	if ((r = sec_init(out, DERIVE_ROOT)))
		return r;
	crypto_hmac_sha512v(
	    sec_span(root), (const struct span[]){ SPAN_LIT("ownkey1 persona"), argon }, 2, out->p);
	out->len = DERIVE_ROOT;
	return ERR_OK;
}
