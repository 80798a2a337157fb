/* given.c - what handlers put into a response, and what every response gets. */
#include <stdlib.h>

#include "oidc/web/parts.h"

/* ---- headers: name NUL value NUL, one after the other ---- */
static bool
is_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

void
web_header_put(struct web_response *a, const char *name, struct span value)
{
	if (!is_clean(value)) {
		a->bad = true;
		return;
	}
	buf_put(&a->headers, name, strlen(name) + 1);
	buf_put_span(&a->headers, value);
	buf_put_u8(&a->headers, 0);
}

static bool
has_header(const struct web_response *a, const char *name)
{
	const char *p = (const char *)a->headers.p, *end = p + a->headers.len;

	while (p && p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcmp(p, name) == 0)
			return true;
		p = value + strlen(value) + 1;
	}
	return false;
}

void
web_redirect(struct web_response *a, struct span to)
{
	for (size_t i = 0; i < to.len; i++)
		if (to.p[i] <= ' ' || to.p[i] >= 0x7f)
			a->bad = true;
	a->status = 303;
	web_header_put(a, "Location", to);
}

static void
set(struct web_response *a, unsigned status, const char *type)
{
	a->status = status;
	a->type = type;
}

void
web_json(struct web_response *a, unsigned status)
{
	set(a, status, "application/json");
}

void
web_page(struct web_response *a, unsigned status)
{
	set(a, status, "text/html; charset=utf-8");
}

void
web_text(struct web_response *a, unsigned status)
{
	set(a, status, "text/plain; charset=utf-8");
}

void
web_cookie_put(struct web_request *q, struct web_response *a, const char *name, struct span value,
    uint64_t max_age)
{
	struct buf line = BUF_INIT;

	if (value.len > WEB_COOKIE_VALUE)
		a->bad = true;
	buf_putf(&line, "%s=", name);
	buf_put_span(&line, value);
	buf_put_str(&line, "; Path=/; HttpOnly; SameSite=Lax");
	if (q->answer->web->secure)
		buf_put_str(&line, "; Secure");
	if (max_age || !value.len)
		buf_putf(&line, "; Max-Age=%llu", (unsigned long long)(value.len ? max_age : 0));
	web_header_put(a, "Set-Cookie", buf_span(&line));
	buf_done(&line);
}

void
web_response_clear(struct web_response *a)
{
	buf_done(&a->body);
	buf_done(&a->headers);
	*a = (struct web_response){ .status = 0 };
}

/* ---- errors ---- */
/* Texts are ours, plain ASCII: nothing in them needs more. */
static void
put_plain_page(struct web_response *a, const char *title, const char *text)
{
	buf_putf(&a->body,
	    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<title>%s</title></head>\n<body><main><h1>%s</h1><p>%s</p></main></body></html>\n",
	    title, title, text);
}

static const char *
title_of(unsigned status)
{
	switch (status) {
	case 404:
		return "Not found";
	case 405:
		return "Not possible here";
	case 503:
		return "Not now";
	default:
		return status >= 500 ? "Something went wrong" : "This request cannot be answered";
	}
}

void
web_refuse(struct web_request *q, struct web_response *a, unsigned status, const char *code,
    const char *text)
{
	const struct web_hooks *hooks = &q->answer->web->conf.hooks;

	buf_reset(&a->body);
	if (q->is_api || (q->route && q->route->flags & WEB_API)) {
		buf_putf(&a->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", code, text);
		web_json(a, status);
		return;
	}
	web_page(a, status);
	if (hooks->page)
		hooks->page(q, a, title_of(status), text);
	else
		put_plain_page(a, title_of(status), text);
}

/* Pages know them by these words (page/say_en_table.h). */
#define LOCKED                                                                                 \
	"The vault that signs is locked: nobody can log in until whoever runs this opens it. " \
	"Nothing is wrong with your token."
#define NO_AGENT                                                                                 \
	"The agent that signs is not running: nobody can log in until whoever runs this starts " \
	"it. Nothing is wrong with your token."

void
web_unavailable(struct web_request *q, struct web_response *a, enum err why)
{
	static const struct {
		enum err why;
		const char *text;
	} texts[] = {
		{ ERR_LOCKED, LOCKED },
		{ ERR_NOAGENT, NO_AGENT },
		{ ERR_BUSY, "Too many people are here at once. Try again in a moment." },
		{ ERR_LIMIT, "Too much was signed in a short time. Try again in a moment." },
		{ ERR_JWT_AUDIENCE,
		    "The vault does not know this site yet. Whoever runs this allows it "
		    "(ownkey jwt allow)." },
		{ ERR_JWT_ACCOUNT,
		    "The vault does not know this account yet. Whoever runs this allows it "
		    "(ownkey jwt allow)." },
		{ ERR_CANCELLED, "This service is being stopped. Try again in a moment." },
	};
	const char *text = "Nothing was changed. Try again in a moment.";

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].why == why)
			text = texts[i].text;
	web_header_put(a, "Retry-After", span_str(why == ERR_LOCKED ? "60" : "2"));
	web_refuse(q, a, 503, "temporarily_unavailable", text);
}

/* ---- what every response gets ---- */
static bool
is_origin(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || strchr(";,'\"", *s))
			return false;
	return true;
}

/* Chromium holds the redirect after a form to form-action, too: so the origin of the client that
 * this page leads to is in it. */
static void
protect_page(struct web_response *a)
{
	struct buf csp = BUF_INIT;

	a->bad |= !is_origin(a->form_action);
	buf_putf(&csp,
	    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
	    "connect-src 'self'; form-action 'self'%s%s; frame-ancestors 'none'; base-uri 'none'",
	    a->form_action[0] && !a->bad ? " " : "", a->bad ? "" : a->form_action);
	web_header_put(a, "Content-Security-Policy", buf_span(&csp));
	web_header_put(a, "X-Frame-Options", SPAN_LIT("DENY"));
	web_header_put(a, "Cross-Origin-Opener-Policy", SPAN_LIT("same-origin"));
	web_header_put(a, "Cross-Origin-Resource-Policy", SPAN_LIT("same-origin"));
	buf_done(&csp);
}

void
web_give_defaults(struct web_answer *x)
{
	struct web_response *a = &x->a;
	unsigned flags = x->q.route ? x->q.route->flags : 0;

	if (a->type)
		web_header_put(a, "Content-Type", span_str(a->type));
	if (a->type && strncmp(a->type, "text/html", 9) == 0 &&
	    !has_header(a, "Content-Security-Policy"))
		protect_page(a);
	web_header_put(a, "X-Content-Type-Options", SPAN_LIT("nosniff"));
	/* with no-referrer browsers say "Origin: null" of our own forms (Fetch 3.1) */
	web_header_put(a, "Referrer-Policy", SPAN_LIT("same-origin"));
	if (!(flags & WEB_CACHED && a->status < 400) && !has_header(a, "Cache-Control")) {
		web_header_put(a, "Cache-Control", SPAN_LIT("no-store"));
		web_header_put(a, "Pragma", SPAN_LIT("no-cache"));
	}
	if (flags & WEB_CORS) {
		web_header_put(a, "Access-Control-Allow-Origin", SPAN_LIT("*"));
		web_header_put(a, "Access-Control-Expose-Headers", SPAN_LIT("WWW-Authenticate"));
	}
	if (x->web->draining || x->web->counts.connections > WEB_KEEPS_ALIVE)
		web_header_put(a, "Connection", SPAN_LIT("close"));
}

/* The body goes with the response and is wiped with it: its length stands in front of it. */
struct carried {
	size_t len;
	uint8_t bytes[];
};

static void
free_carried(void *p)
{
	struct carried *c =
	    (struct carried *)(void *)((uint8_t *)p - offsetof(struct carried, bytes));

	explicit_bzero(c->bytes, c->len);
	free(c);
}

static struct MHD_Response *
carry(struct span body)
{
	struct carried *c;
	struct MHD_Response *r;

	if (!body.len)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!(c = malloc(sizeof *c + body.len)))
		return NULL;
	c->len = body.len;
	memcpy(c->bytes, body.p, body.len);
	r = MHD_create_response_from_buffer_with_free_callback(body.len, c->bytes, free_carried);
	if (!r)
		free_carried(c->bytes);
	return r;
}

struct MHD_Response *
web_render(struct web_answer *x)
{
	struct MHD_Response *r = carry(buf_span(&x->a.body));
	const char *p = (const char *)x->a.headers.p, *end = p + x->a.headers.len;

	while (r && p && p < end) {
		const char *value = p + strlen(p) + 1;

		if (MHD_add_response_header(r, p, value) != MHD_YES) {
			MHD_destroy_response(r);
			return NULL;
		}
		p = value + strlen(value) + 1;
	}
	return r;
}
