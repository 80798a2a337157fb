/* pamu2f.c - handle,key[,type,attributes] of pam_u2f's authfile. */
#include "cli/pamu2f.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

#define CRED_MAX 1023
#define POINT	 65 /* of keys made before pamu2fcfg knew FIDO2 */

/* What comes before the character, which is dropped with it. */
static struct span
word(struct span *rest, char end)
{
	const uint8_t *at = rest->len ? memchr(rest->p, end, rest->len) : NULL;
	struct span w = SPAN(rest->p, at ? (size_t)(at - rest->p) : rest->len);

	*rest = at ? SPAN(at + 1, rest->len - w.len - 1) : SPAN_NONE;
	return w;
}

static bool
decodes(enum text_code code, struct span in, uint8_t *bytes, size_t cap, size_t *n)
{
	return !text_decode(code, in, bytes, cap, n) && *n > 0;
}

static const char *
take_attributes(struct span s, struct pamu2f_token *out)
{
	bool up = false, uv = false, pin = false;

	if (!s.len || s.p[0] != '+')
		return "refused: its attributes are not understood";
	(void)word(&s, '+');
	do {
		struct span w = word(&s, '+');

		if (span_is(w, "presence"))
			up = true;
		else if (span_is(w, "verification"))
			uv = true;
		else if (span_is(w, "pin"))
			pin = true;
		else
			return "refused: its attributes are not understood";
	} while (s.p);
	snprintf(out->flags, sizeof out->flags, "%s%s%s", up ? "up" : "", uv || pin ? ",uv" : "",
	    pin ? ",pin" : "");
	return up ? NULL : "refused: it asks for no touch";
}

/* The key of today: its type, itself, and what is asked of the token. */
static const char *
take_key(struct span key, struct span text, struct pamu2f_token *out)
{
	struct span type = word(&text, ',');
	uint8_t bytes[POINT];
	size_t n;

	if (span_is(type, "rs256"))
		return "refused: an RSA key";
	if (!span_is(type, "es256") && !span_is(type, "eddsa"))
		return "refused: a type of key that is not known";
	if (!decodes(TEXT_BASE64, key, bytes, sizeof bytes, &n) ||
	    n != (span_is(type, "es256") ? 64 : 32))
		return "refused: its key is damaged";
	return take_attributes(text, out);
}

static const char *
take(struct span text, struct pamu2f_token *out)
{
	struct span handle = word(&text, ','), key = word(&text, ',');
	bool old = !text.p;
	uint8_t bytes[CRED_MAX];
	size_t n;

	if (span_is(handle, "*"))
		return "refused: only the token keeps it (pamu2fcfg -r)";
	if (!decodes(old ? TEXT_BASE64URL : TEXT_BASE64, handle, bytes, sizeof bytes, &n))
		return "refused: its handle is damaged";
	if (!old)
		return take_key(key, text, out);
	if (!decodes(TEXT_HEX, key, bytes, sizeof bytes, &n) || n != POINT || bytes[0] != 4)
		return "refused: its key is damaged";
	snprintf(out->flags, sizeof out->flags, "up");
	return NULL;
}

bool
pamu2f_next(struct span *rest, struct pamu2f_token *out)
{
	*out = (struct pamu2f_token){ .refused = NULL };
	if (!rest->p)
		return false;
	out->refused = take(word(rest, ':'), out);
	return true;
}
