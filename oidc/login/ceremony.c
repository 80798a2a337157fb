#include <stdio.h>
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "oidc/db/memo.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

#define MOST 10000

struct memo *
ceremony_table(void)
{
	const struct memo_kind kind = { MOST, CEREMONY_LIFE, true, free };

	return memo_new(&kind);
}

enum err
ceremony_begin(struct web_request *q, struct web_response *a, struct ceremony *c,
    char challenge[CEREMONY_TEXT])
{
	struct ceremony *kept = malloc(sizeof *kept);
	uint8_t key[MEMO_KEY];

	if (!kept)
		return ERR_NOMEM;
	session_browser(q, a, c->browser);
	crypto_random(c->challenge, sizeof c->challenge);
	text_encode_raw(TEXT_BASE64URL, SPAN(c->challenge, sizeof c->challenge), challenge);
	challenge[CEREMONY_TEXT - 1] = '\0';
	crypto_sha256(SPAN(c->challenge, sizeof c->challenge), key);
	*kept = *c;
	return memo_put(q->oidc->ceremonies, key, kept, loop_now());
}

/* Another browser that learned it must not even use it up. */
bool
ceremony_take(struct web_request *q, enum ceremony_kind kind, struct ceremony *out)
{
	struct span text = form_value(&q->form, "challenge");
	uint8_t challenge[WEBAUTHN_CHALLENGE], key[MEMO_KEY];
	struct ceremony *c;
	size_t n = 0;

	if (text.len != CEREMONY_TEXT - 1 ||
	    text_decode(TEXT_BASE64URL, text, challenge, sizeof challenge, &n))
		return false;
	crypto_sha256(SPAN(challenge, sizeof challenge), key);
	c = memo_find(q->oidc->ceremonies, key, loop_now());
	if (!c || c->kind != kind || !session_browser_is(q, c->browser))
		return false;
	if (!(c = memo_take(q->oidc->ceremonies, key, loop_now())))
		return false;
	*out = *c;
	free(c);
	return true;
}

void
relying_of(const char *issuer, struct relying *out)
{
	const char *host = strstr(issuer, "://") + 3;
	size_t all = (size_t)(oidc_conf_path(issuer) - issuer), n = strcspn(host, ":/");

	/* both fit: an issuer is shorter than origin, a name of a host than id */
	snprintf(out->origin, sizeof out->origin, "%.*s", (int)all, issuer);
	snprintf(out->id, sizeof out->id, "%.*s", (int)n, host);
}

enum err
ceremony_read(const struct form *f, const struct ceremony_field *field, size_t n, struct buf *keep)
{
	size_t room = 1, got;
	struct span v;
	uint8_t *p;

	for (size_t i = 0; i < n; i++)
		room += form_value(f, field[i].name).len;
	if (!(p = buf_room(keep, room)))
		return buf_err(keep);
	for (size_t i = 0; i < n; i++) {
		v = form_value(f, field[i].name);
		got = 0;
		if (text_decode(TEXT_BASE64URL, v, p, v.len, &got) || got > field[i].most)
			return ERR_FORMAT;
		*field[i].to = SPAN(p, got);
		p += got;
	}
	return ERR_OK;
}

void
ceremony_failed(struct web_request *q, struct web_response *a, const char *text, const char *path)
{
	const char *same = say_same(page_language(q), text);

	page_open(q, a, SAY_FAILED);
	buf_put_str(&a->body, "<p role=\"alert\">");
	html_text(&a->body, span_str(same ? same : text));
	buf_put_str(&a->body, "</p>\n<p>");
	page_link(q, a, path, strcmp(path, "/account") == 0 ? SAY_TO_ACCOUNT : SAY_BEGIN_AGAIN);
	buf_put_str(&a->body, "</p>\n");
	page_end(q, a, 403);
}

/* ---- what the script says ---- */
void
ceremony_put_form(struct web_request *q, struct web_response *a, const char *path, const char *act)
{
	static const struct {
		const char *name;
		enum say what;
	} says[] = {
		{ "now", SAY_TOUCH_NOW },
		{ "moment", SAY_TOUCH_MOMENT },
		{ "exists", SAY_WHY_EXISTS },
		{ "address", SAY_WHY_ADDRESS },
		{ "nothing", SAY_WHY_NOTHING },
		{ "other", SAY_WHY_OTHER },
		{ "none", SAY_WHY_NO_TOKENS },
	};

	buf_putf(&a->body, "<form method=\"post\" id=\"ceremony\" action=\"%s%s\" data-act=\"%s\"",
	    oidc_conf_path(q->oidc->conf.issuer), path, act);
	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		buf_putf(&a->body, " data-say-%s=\"", says[i].name);
		page_say(q, a, says[i].what);
		buf_put_str(&a->body, "\"");
	}
}

void
ceremony_put_status(struct web_request *q, struct web_response *a, const char *path, const char *go)
{
	char to[256];

	page_hidden_locale(q, a);
	buf_put_str(&a->body, "<ol class=\"steps\">");
	page_put(q, a, "li", SAY_TOUCH_PLUG);
	page_put(q, a, "li", SAY_TOUCH_PIN);
	page_put(q, a, "li", SAY_TOUCH_BLINKS);
	buf_put_str(&a->body,
	    "</ol>\n<p id=\"say\" class=\"notice\" role=\"status\" aria-live=\"polite\"></p>"
	    "<noscript>");
	page_put(q, a, "p class=\"notice\"", SAY_NO_SCRIPT);
	buf_put_str(&a->body, "</noscript><p><button type=\"button\" id=\"again\" hidden>");
	page_say(q, a, SAY_TRY_AGAIN);
	buf_put_str(&a->body, "</button></p></form>\n<p>");
	snprintf(to, sizeof to, "%s%s%s", path, go[0] ? "?go=" : "", go);
	page_link(q, a, to, SAY_BEGIN_AGAIN);
	buf_put_str(&a->body, "</p>\n");
}
