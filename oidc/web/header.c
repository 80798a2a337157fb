/* header.c - credentials, cookies, media types, languages and addresses in headers. */
#include "oidc/web/header.h"

#include <arpa/inet.h>

#include "lib/text.h"
#include "oidc/web/form.h"

#define CREDENTIALS_MAX 4096

/* ---- pieces ---- */
static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* word: lower case. */
static bool
is_word(struct span s, const char *word)
{
	if (s.len != strlen(word))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (lower(s.p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

static struct span
trim(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = SPAN(s.p + 1, s.len - 1);
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* What is before the next of these, which is taken away with it. */
static struct span
until(struct span *s, char c)
{
	const uint8_t *at = s->len ? memchr(s->p, c, s->len) : NULL;
	size_t n = at ? (size_t)(at - s->p) : s->len;
	struct span piece = SPAN(s->p, n);

	n += at != NULL;
	*s = SPAN(s->p + n, s->len - n);
	return trim(piece);
}

/* ---- Authorization ---- */
/* RFC 7617 with RFC 6749 2.3.1: base64(urlencode(id) ":" urlencode(secret)). */
static enum err
take_basic(struct span code, struct header_credentials *c)
{
	struct buf raw = BUF_INIT;
	const uint8_t *colon;
	size_t n = 0, id;
	uint8_t *to;
	enum err e = ERR_FORMAT;

	if (!(to = buf_room(&raw, code.len))) {
		e = buf_err(&raw);
		goto out;
	}
	if (text_decode(TEXT_BASE64, code, to, code.len, &n))
		goto out;
	buf_add(&raw, n);
	if (n == 0 || !(colon = memchr(to, ':', n)) || !buf_room(&c->text, n))
		goto out;
	id = (size_t)(colon - to);
	if ((e = form_decode(SPAN(to, id), &c->text)))
		goto out;
	id = c->text.len;
	if ((e = form_decode(SPAN(colon + 1, n - (size_t)(colon - to) - 1), &c->text)))
		goto out;
	c->id = SPAN(c->text.p, id);
	c->secret = SPAN(c->text.p + id, c->text.len - id);
	c->kind = HEADER_AUTH_BASIC;
out:
	buf_done(&raw);
	return e;
}

/* b64token of RFC 6750 2.1. */
static enum err
take_bearer(struct span token, struct header_credentials *c)
{
	static const char marks[] = "-._~+/";
	size_t n = 0;

	while (n < token.len && token.p[n] &&
	    (strchr(marks, token.p[n]) || (token.p[n] >= '0' && token.p[n] <= '9') ||
		(lower(token.p[n]) >= 'a' && lower(token.p[n]) <= 'z')))
		n++;
	if (n == 0)
		return ERR_FORMAT;
	while (n < token.len && token.p[n] == '=')
		n++;
	if (n != token.len)
		return ERR_FORMAT;
	c->token = token;
	c->kind = HEADER_AUTH_BEARER;
	return ERR_OK;
}

enum err
header_authorization(struct span value, struct header_credentials *out)
{
	struct header_credentials c = { .kind = HEADER_AUTH_OTHER };
	struct span rest = trim(value), scheme = until(&rest, ' ');
	enum err e = ERR_OK;

	rest = trim(rest);
	if (value.len > CREDENTIALS_MAX || scheme.len == 0)
		return ERR_FORMAT;
	if (is_word(scheme, "basic"))
		e = take_basic(rest, &c);
	else if (is_word(scheme, "bearer"))
		e = take_bearer(rest, &c);
	if (e)
		header_credentials_done(&c);
	else
		*out = c;
	return e;
}

void
header_credentials_done(struct header_credentials *c)
{
	buf_done(&c->text);
	*c = (struct header_credentials){ .kind = HEADER_AUTH_NONE };
}

/* ---- Cookie ---- */
/* cookie-octet of RFC 6265 4.1.1, which is all that we put into ours. */
static bool
is_cookie_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("\",;\\", s.p[i]))
			return false;
	return true;
}

bool
header_cookie(struct span value, const char *name, struct span *out)
{
	struct span found = SPAN_NONE;
	size_t times = 0;

	while (value.len) {
		struct span pair = until(&value, ';'), left = pair, key;

		if (!pair.len || !memchr(pair.p, '=', pair.len))
			continue;
		key = until(&left, '=');
		if (!span_is(key, name))
			continue;
		found = trim(left);
		times++;
	}
	/* two of them: one was planted by a sibling domain, and nobody can tell which */
	if (times != 1 || !is_cookie_value(found))
		return false;
	*out = found;
	return true;
}

/* ---- Content-Type ---- */
bool
header_is_type(struct span value, const char *type)
{
	if (!is_word(until(&value, ';'), type))
		return false;
	while (value.len) {
		struct span left = until(&value, ';'), key = until(&left, '=');

		left = trim(left);
		if (left.len >= 2 && left.p[0] == '"' && left.p[left.len - 1] == '"')
			left = SPAN(left.p + 1, left.len - 2);
		if (is_word(key, "charset") && !is_word(left, "utf-8"))
			return false;
	}
	return true;
}

/* ---- Accept-Language ---- */
/* RFC 4647 3.4, lookup: "de-AT" finds "de-AT" or "de"; NULL: we have none. */
static const char *
look_up(struct span range, const char *const *have)
{
	for (;;) {
		for (const char *const *h = have; *h; h++) {
			size_t i = 0, n = strlen(*h);

			while (
			    i < n && n == range.len && lower(range.p[i]) == lower((uint8_t)(*h)[i]))
				i++;
			if (n == range.len && i == n)
				return *h;
		}
		while (range.len && range.p[range.len - 1] != '-')
			range.len--;
		if (!range.len)
			return NULL;
		range.len--;
	}
}

/* "q=0.8" in thousandths; 1000 when there is none, 0 when it cannot be read. */
static unsigned
quality(struct span params)
{
	unsigned q = 0, unit = 100;
	struct span p = until(&params, ';');

	if (!p.len)
		return 1000;
	if (p.len < 3 || lower(p.p[0]) != 'q' || p.p[1] != '=')
		return 0;
	if (p.p[2] == '1')
		return 1000;
	if (p.p[2] != '0' || (p.len > 3 && p.p[3] != '.'))
		return 0;
	for (size_t i = 4; i < p.len && i < 7; i++, unit /= 10) {
		if (p.p[i] < '0' || p.p[i] > '9')
			return 0;
		q += (unsigned)(p.p[i] - '0') * unit;
	}
	return q;
}

const char *
header_language(struct span value, const char *const *have)
{
	const char *best = have[0];
	unsigned most = 0;

	for (size_t i = 0; value.len && i < 32; i++) {
		struct span left = until(&value, ','), range = until(&left, ';');
		const char *got = range.len && range.len < 36 ? look_up(range, have) : NULL;
		unsigned q = got ? quality(left) : 0;

		if (q > most) {
			most = q;
			best = got;
		}
	}
	return best;
}

const char *
header_locales(struct span value, const char *const *have)
{
	for (size_t i = 0; value.len && i < 32; i++) {
		struct span range = until(&value, ' ');
		const char *got = range.len && range.len < 36 ? look_up(range, have) : NULL;

		if (got)
			return got;
	}
	return NULL;
}

/* ---- X-Forwarded-For ---- */
/* Into out as inet_ntop writes it; a port is left out. */
static bool
to_address(struct span s, char out[64])
{
	uint8_t bytes[16];
	char text[64];
	const uint8_t *end;
	int family = AF_INET;

	if (s.len >= 2 && s.p[0] == '[' && (end = memchr(s.p, ']', s.len)))
		s = SPAN(s.p + 1, (size_t)(end - s.p) - 1);
	else if (s.len && (end = memchr(s.p, ':', s.len)) && memchr(s.p, '.', (size_t)(end - s.p)))
		s.len = (size_t)(end - s.p);
	if (s.len == 0 || s.len >= sizeof text || memchr(s.p, '\0', s.len))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	if (strchr(text, ':'))
		family = AF_INET6;
	return inet_pton(family, text, bytes) == 1 && inet_ntop(family, bytes, out, 64);
}

bool
header_forwarded_for(
    struct span value, bool (*trusted)(void *arg, const char *address), void *arg, char out[64])
{
	while (value.len) {
		size_t at = value.len;

		while (at && value.p[at - 1] != ',')
			at--;
		if (!to_address(trim(SPAN(value.p + at, value.len - at)), out))
			return false;
		if (!trusted(arg, out))
			return true;
		value.len = at ? at - 1 : 0;
	}
	return false;
}
