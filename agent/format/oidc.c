/* oidc.c - the keys of an OpenID Connect provider: JWKs, subjects, and what an issuer is. */
#include "agent/format/oidc.h"

#include "lib/crypto.h"
#include "lib/sshkey.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "es256", "p256", "signs tokens as ES256", 0, FORMAT_JWT, NULL },
	{ "eddsa", "ed25519", "signs tokens as EdDSA", 0, FORMAT_JWT, NULL },
	{ "rs256", FORMAT_RSA, "signs tokens as RS256; not in the phrase", 0, FORMAT_JWT, NULL },
	{ OIDC_SUBJECT, "secret", "makes the names of people in tokens", 0,
	    FORMAT_JWT | FORMAT_STAYS, NULL },
};

const char *
oidc_purpose(enum jwt_alg alg)
{
	return keys[alg].purpose;
}

bool
oidc_alg(struct span purpose, enum jwt_alg *alg)
{
	for (unsigned i = 0; i <= JWT_RS256; i++)
		if (span_is(purpose, keys[i].purpose)) {
			*alg = (enum jwt_alg)i;
			return true;
		}
	return false;
}

/* ---- keys ---- */
enum err
oidc_rsa_halves(struct span priv, struct span half[2])
{
	struct ssh_reader r = ssh_reader(priv);

	for (int h = 0; h < 2; h++) {
		half[h] = r.left;
		for (int i = 0; i < 6; i++)
			(void)ssh_read_mpint(&r, CRYPTO_RSA_MAX);
		half[h].len -= r.failed ? 0 : r.left.len;
	}
	return ssh_reader_end(&r);
}

enum err
oidc_jwk(enum jwt_alg alg, struct span pub, struct jwk *out)
{
	struct sshkey_public rsa;
	enum err e;

	*out = (struct jwk){ .alg = alg, .point = pub };
	if (alg != JWT_RS256)
		return ERR_OK;
	if ((e = sshkey_parse_public(pub, &rsa)))
		return e;
	*out = (struct jwk){ .alg = alg, .n = rsa.n, .e = rsa.e };
	return rsa.type == SSHKEY_RSA ? ERR_OK : ERR_RANGE;
}

static enum err
made_rsa(struct span priv, struct buf *pub)
{
	struct buf next = BUF_INIT;
	struct span half[2];
	enum err e;

	if (!(e = oidc_rsa_halves(priv, half)) &&
	    !(e = sshkey_public_of(SSHKEY_RSA, half[1], &next)))
		e = sshkey_public_of(SSHKEY_RSA, half[0], pub);
	buf_done(&next);
	return e;
}

static const struct format_import imports[] = {
	{ "rs256", FORMAT_RSA, made_rsa, true },
};

static enum err
key_of(const struct format_in *in, struct jwk *k)
{
	enum jwt_alg alg = span_is(in->alg, FORMAT_RSA) ? JWT_RS256
	    : in->pub.len == 65				? JWT_ES256
							: JWT_EDDSA;

	return oidc_jwk(alg, in->pub, k);
}

static enum err
public_kid(const struct format_in *in, struct buf *out)
{
	char kid[JWK_KID];
	struct jwk k;
	enum err e;

	if (!(e = key_of(in, &k)) && !(e = jwk_kid(&k, kid)))
		buf_put(out, kid, sizeof kid);
	return e;
}

static enum err
public_jwk(const struct format_in *in, struct buf *out)
{
	struct jwk k;
	enum err e = key_of(in, &k);

	return e ? e : jwk_put(&k, out);
}

static const struct format_public publics[] = {
	{ "es256", "kid", public_kid },
	{ "es256", "jwk", public_jwk },
	{ "eddsa", "kid", public_kid },
	{ "eddsa", "jwk", public_jwk },
	{ "rs256", "kid", public_kid },
	{ "rs256", "jwk", public_jwk },
};

/* The public one, and d before its end (RFC 7518 6.2.2, 6.3.2; RFC 8037 2). */
static enum err
private_jwk(const struct format_in *in, struct sec *out)
{
	struct buf public = BUF_INIT;
	struct span half[2], d = in->priv;
	struct crypto_rsa rsa;
	enum err e = ERR_OK;

	if (span_is(in->alg, FORMAT_RSA) && !(e = oidc_rsa_halves(in->priv, half)) &&
	    !(e = sshkey_rsa_parts(half[0], &rsa)))
		d = rsa.d;
	if (!e && !(e = public_jwk(in, &public)) &&
	    !(e = sec_init(out, public.len + 2 * d.len + 64)) &&
	    !(e = sec_put(out, SPAN(public.p, public.len - 1))) &&
	    !(e = sec_put(out, SPAN_LIT(",\"d\":\""))) &&
	    !(e = text_encode_sec(TEXT_BASE64URL, d, out)))
		e = sec_put(out, SPAN_LIT("\"}"));
	buf_done(&public);
	return e;
}

static enum err
hex(const struct format_in *in, struct sec *out)
{
	return format_encode(TEXT_HEX, in->priv, out);
}

#define PRIVATE "a private JWK (RFC 7517), for another provider that takes this issuer over"
static const struct format_export exports[] = {
	{ "es256", "jwk", "es256.jwk", true, private_jwk, PRIVATE },
	{ "eddsa", "jwk", "eddsa.jwk", true, private_jwk, PRIVATE },
	{ "rs256", "jwk", "rs256.jwk", true, private_jwk, PRIVATE },
	{ OIDC_SUBJECT, "hex", "", true, hex,
	    "the key of HMAC-SHA256 that subjects are made with" },
};

/* ---- subjects ---- */
enum err
oidc_subject(struct span key, struct span sector, struct span account, char sub[OIDC_SUB])
{
	static struct buf msg; /* nothing is allocated once it is warm */
	uint8_t mac[32];
	enum err e;

	buf_reset(&msg);
	buf_put_lp(&msg, sector);
	buf_put_lp(&msg, account);
	if ((e = buf_err(&msg)))
		return e;
	crypto_hmac_sha256(key, buf_span(&msg), mac);
	text_encode_raw(TEXT_BASE64URL, SPAN(mac, 24), sub);
	return ERR_OK;
}

/* ---- issuers ---- */
static bool
is_host_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool
is_name(struct span h)
{
	for (size_t i = 0; i < h.len; i++)
		if (!is_host_char(h.p[i]) || (h.p[i] == '.' && (i == 0 || h.p[i - 1] == '.')))
			return false;
	return h.len > 0 && h.len <= 253 && h.p[h.len - 1] != '.';
}

/* [::1]: what may stand in brackets, not whether it is an address. */
static bool
is_ipv6(struct span h)
{
	for (size_t i = 1; i + 1 < h.len; i++)
		if (!memchr("0123456789abcdef:.", h.p[i], 18))
			return false;
	return h.len > 4 && h.p[0] == '[' && h.p[h.len - 1] == ']';
}

static bool
is_port(struct span p)
{
	unsigned long n = 0;

	for (size_t i = 0; i < p.len; i++) {
		if (p.p[i] < '0' || p.p[i] > '9' || p.len > 5)
			return false;
		n = n * 10 + (p.p[i] - '0');
	}
	return p.len && p.p[0] != '0' && n <= 65535;
}

static bool
ends_with(struct span s, const char *end)
{
	size_t n = strlen(end);

	return s.len > n && span_eq(SPAN(s.p + s.len - n, n), span_str(end));
}

/* Where what is sent in the clear does not leave the machine, or is not in the clear. */
static bool
may_be_http(struct span host)
{
	return span_is(host, "localhost") || span_is(host, "127.0.0.1") || span_is(host, "[::1]") ||
	    ends_with(host, ".onion");
}

/* Nothing that programs read in different ways: no escapes, no empty or dotted segments. */
static bool
is_path(struct span p)
{
	for (size_t i = 0; i < p.len; i++) {
		size_t left = p.len - i;

		if (p.p[i] != '/') {
			if (!is_host_char(p.p[i] | 0x20) && !memchr("_~", p.p[i], 2))
				return false;
			continue;
		}
		if (left == 1 || p.p[i + 1] == '/' || p.p[i + 1] == '.')
			return false;
	}
	return true;
}

static bool
is_authority(struct span a, bool tls)
{
	const uint8_t *colon = a.len ? memrchr(a.p, ':', a.len) : NULL;
	struct span host = a;

	if (colon && a.p[a.len - 1] != ']') {
		host.len = (size_t)(colon - a.p);
		if (!is_port(SPAN(colon + 1, a.len - host.len - 1)))
			return false;
	}
	if (host.len && host.p[0] == '[' ? !is_ipv6(host) : !is_name(host))
		return false;
	return tls || may_be_http(host);
}

enum err
oidc_check_issuer(struct span s)
{
	bool tls = s.len > 8 && memcmp(s.p, "https://", 8) == 0;
	struct span rest = SPAN_NONE, path = SPAN_NONE;
	const uint8_t *slash;

	if (tls)
		rest = SPAN(s.p + 8, s.len - 8);
	else if (s.len > 7 && memcmp(s.p, "http://", 7) == 0)
		rest = SPAN(s.p + 7, s.len - 7);
	if (!rest.len || s.len > JWT_ISSUER_MAX)
		return ERR_JWT_ISSUER;
	if ((slash = memchr(rest.p, '/', rest.len))) {
		path = SPAN(slash, rest.len - (size_t)(slash - rest.p));
		rest.len -= path.len;
	}
	return is_authority(rest, tls) && is_path(path) ? ERR_OK : ERR_JWT_ISSUER;
}

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE, OIDC_SUBJECT,
	    "Every service takes every person for somebody new: all accounts there are lost.",
	    "Do it only if these names must not be linked any more.\n"
	    "Tell people before: they begin anew at each service, or its administrator joins the "
	    "accounts." },
	{ FORMAT_ROTATE, NULL,
	    "Services take the new key from the provider by themselves: it was published before.",
	    "Nothing is to be done, unless a service was given the old key in a file: give it the "
	    "new one (ownkey jwt keys)." },
	{ FORMAT_MOVE, NULL,
	    "Who knows the old key can log in as anybody, where it is still taken for good.",
	    "Restart services that keep keys for long, so that they fetch them again.\n"
	    "Where a service was given the old key in a file, give it the new one.\n"
	    "Look for logins that were not yours, and end the sessions of the services." },
	{ FORMAT_RETIRE, NULL,
	    "The provider makes no more tokens of this kind; those that are out run out within an "
	    "hour.",
	    "Services that want this algorithm need another one: change it there first." },
	{ FORMAT_REVOKE, NULL,
	    "The key is taken out of what the provider publishes; services notice when they fetch "
	    "that again.",
	    "Restart services that keep keys for long.\n"
	    "End the sessions of the services: what was made with the key stays good there." },
};

const struct format format_oidc = {
	.name = "oidc",
	.help = "OpenID Connect provider: signs its tokens (ownkey-oidc)",
	.account = "the issuer: https://id.example.org",
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
	.check = oidc_check_issuer,
};
