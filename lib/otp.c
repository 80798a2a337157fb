/* otp.c - one-time codes, and reading their seeds. */
#include "lib/otp.h"

#include <stdio.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "lib/text_ct.h"

#define N(a) (sizeof(a) / sizeof *(a))

/* ---- codes ---- */
static size_t
hmac(enum otp_alg alg, struct span key, struct span msg, uint8_t out[64])
{
	switch (alg) {
	case OTP_SHA256:
		crypto_hmac_sha256(key, msg, out);
		return 32;
	case OTP_SHA512:
		crypto_hmac_sha512(key, msg, out);
		return 64;
	default:
		crypto_hmac_sha1(key, msg, out);
		return 20;
	}
}

/* RFC 4226 5.3: four bytes from where the last one's low bits say. */
void
otp_code(
    const struct otp *o, struct span seed, uint64_t unix_seconds, char code[OTP_DIGITS_MAX + 1])
{
	uint8_t counter[8], mac[64];
	uint32_t v, most = 1;
	size_t n;

	put_be64(counter, unix_seconds / o->period);
	n = hmac(o->alg, seed, SPAN(counter, sizeof counter), mac);
	v = be32(mac + (mac[n - 1] & 15)) & 0x7fffffff;
	for (uint32_t i = 0; i < o->digits; i++)
		most *= 10;
	snprintf(code, OTP_DIGITS_MAX + 1, "%0*u", (int)o->digits, (unsigned)(v % most));
	sec_zero(mac, sizeof mac);
	sec_zero(&v, sizeof v);
}

/* ---- names and numbers ---- */
static const char *const names[] = { "SHA1", "SHA256", "SHA512" };

const char *
otp_alg_name(enum otp_alg alg)
{
	return (size_t)alg < N(names) ? names[alg] : "";
}

static bool
is_word(struct span s, const char *upper)
{
	size_t n = strlen(upper);

	if (s.len != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 32 : s.p[i]) != upper[i])
			return false;
	return true;
}

enum err
otp_alg_find(struct span name, enum otp_alg *alg)
{
	static const char *const hyphened[] = { "SHA-1", "SHA-256", "SHA-512" };

	for (size_t i = 0; i < N(names); i++)
		if (is_word(name, names[i]) || is_word(name, hyphened[i])) {
			*alg = (enum otp_alg)i;
			return ERR_OK;
		}
	return ERR_OTP_TEXT;
}

enum err
otp_number(struct span text, uint32_t min, uint32_t max, uint32_t *v)
{
	uint32_t n = 0;

	if (text.len == 0 || text.len > 6)
		return ERR_OTP_TEXT;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_OTP_TEXT;
		n = 10 * n + (uint32_t)(text.p[i] - '0');
	}
	if (n < min || n > max)
		return ERR_OTP_TEXT;
	*v = n;
	return ERR_OK;
}

/* ---- base32 (RFC 4648 6), as people copy it ---- */
static const struct text_range base32[] = { { 'A', 'Z', 0 }, { 'a', 'z', 0 }, { '2', '7', 26 } };

struct bits {
	uint32_t v;
	unsigned n;
	size_t chars;
	bool ended; /* padding: nothing else follows */
};

/* What separates is no secret; which characters there are, is. */
static bool
is_between(uint8_t c)
{
	return c == ' ' || c == '-' || c == '\t';
}

static enum err
take_char(struct bits *b, uint8_t c, struct sec *out)
{
	uint32_t bad = 0;

	if (c == '=') {
		b->ended = true;
		return b->chars ? ERR_OK : ERR_OTP_TEXT;
	}
	b->v = (b->v << 5 | ct_value(base32, N(base32), c, &bad)) & 0xfff;
	b->n += 5;
	b->chars++;
	if (bad || b->ended || (b->n >= 8 && out->len == out->cap))
		return ERR_OTP_TEXT;
	if (b->n >= 8) {
		b->n -= 8;
		out->p[out->len++] = (uint8_t)(b->v >> b->n);
	}
	return ERR_OK;
}

/* Bits that are left over are dropped: there are services whose seeds have some. */
static enum err
take_base32(struct span text, struct sec *out)
{
	struct bits b = { 0 };
	enum err e = sec_init(out, OTP_SEED_MAX);

	for (size_t i = 0; i < text.len && !e; i++)
		if (!is_between(text.p[i]))
			e = take_char(&b, text.p[i], out);
	sec_zero(&b, sizeof b);
	if (!e && out->len == 0)
		e = ERR_OTP_TEXT;
	if (e)
		sec_done(out);
	return e;
}

enum err
otp_seed_text(struct span seed, struct sec *out)
{
	return text_encode_sec(TEXT_BASE32, seed, out);
}

/* ---- otpauth://totp/ISSUER:ACCOUNT?secret=...&issuer=... ---- */
static int
hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.1; '+' is a blank in what comes after '?', as services write it. */
static enum err
unescape(struct span s, bool plus, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (n == OTP_NAME_MAX)
			return ERR_OTP_TEXT;
		if (c == '%') {
			if (s.len - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
				return ERR_OTP_TEXT;
			c = (uint8_t)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return text_is_utf8(SPAN(out, n)) && strlen(out) == n ? ERR_OK : ERR_OTP_TEXT;
}

static struct span
until(struct span *s, char end)
{
	const uint8_t *at = s->len ? memchr(s->p, end, s->len) : NULL;
	size_t n = at ? (size_t)(at - s->p) : s->len;
	struct span part = SPAN(s->p, n);

	n += at != NULL;
	*s = SPAN(s->p + n, s->len - n);
	return part;
}

static enum err
take_parameter(struct span name, struct span value, struct otp_given *g)
{
	if (is_word(name, "SECRET")) {
		while (value.len > 3 && is_word(span_sub(value, value.len - 3, 3), "%3D"))
			value.len -= 3; /* padding */
		return g->seed.p ? ERR_OTP_TEXT : take_base32(value, &g->seed);
	}
	if (is_word(name, "ALGORITHM"))
		return otp_alg_find(value, &g->otp.alg);
	if (is_word(name, "DIGITS"))
		return otp_number(value, OTP_DIGITS_MIN, OTP_DIGITS_MAX, &g->otp.digits);
	if (is_word(name, "PERIOD"))
		return otp_number(value, 1, OTP_PERIOD_MAX, &g->otp.period);
	if (is_word(name, "ISSUER"))
		return unescape(value, true, g->issuer);
	/* Steam's codes are no RFC 6238 */
	return is_word(name, "ENCODER") ? ERR_OTP_TEXT : ERR_OK; /* image, color: not ours */
}

/* "Issuer:account" or "account". */
static enum err
take_label(struct span label, struct otp_given *g)
{
	char *colon, *account = g->account;
	enum err e;

	if ((e = unescape(label, false, account)))
		return e;
	if (!(colon = strchr(account, ':')))
		return ERR_OK;
	*colon++ = '\0';
	snprintf(g->issuer, sizeof g->issuer, "%s", account);
	while (*colon == ' ')
		colon++;
	memmove(account, colon, strlen(colon) + 1);
	return ERR_OK;
}

static enum err
take_address(struct span rest, struct otp_given *g)
{
	struct span path = until(&rest, '?'), type = until(&path, '/');
	enum err e;

	if (!is_word(type, "TOTP"))
		return ERR_OTP_TEXT;
	e = take_label(path, g);
	while (!e && rest.len) {
		struct span value = until(&rest, '&'), name = until(&value, '=');

		e = take_parameter(name, value, g);
	}
	return e || g->seed.p ? e : ERR_OTP_TEXT;
}

static struct span
trimmed(struct span s)
{
	while (s.len && s.p[0] <= ' ')
		s = SPAN(s.p + 1, s.len - 1);
	while (s.len && s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

enum err
otp_parse(struct span text, struct otp_given *given)
{
	static const char scheme[] = "OTPAUTH://";
	struct span s = trimmed(text);
	enum err e;

	*given = (struct otp_given){ .otp = OTP_USUAL };
	if (s.len == 0 || s.len > OTP_TEXT_MAX)
		return ERR_OTP_TEXT;
	if (!is_word(span_sub(s, 0, sizeof scheme - 1), scheme))
		return take_base32(s, &given->seed);
	e = take_address(SPAN(s.p + sizeof scheme - 1, s.len - sizeof scheme + 1), given);
	if (e)
		sec_done(&given->seed);
	return e;
}
