#include "oidc/page/page.h"

#include <time.h>

#include "oidc/oidc.h"
#include "oidc/page/html.h"

#define NAME_MOST 100 /* characters of a name that others gave */
#define CODE_MOST 300

static void
put(struct web_response *a, const char *text)
{
	buf_put_str(&a->body, text);
}

static void
put_text(struct web_response *a, const char *text)
{
	html_text(&a->body, span_str(text));
}

static const char *
base(const struct web_request *q)
{
	return oidc_conf_path(q->oidc->conf.issuer);
}

/* ---- language ---- */
const struct say_language *
page_language(struct web_request *q)
{
	const char *have[SAY_MOST + 1];

	if (!q->language) {
		say_list(q->oidc->conf.language, have);
		q->language = say_find(web_language(q, have));
		q->asked_language = header_locales(form_value(web_params(q), "ui_locales"), have);
	}
	return q->language;
}

void
page_prefer(struct web_request *q, struct span locales)
{
	const char *have[SAY_MOST + 1], *got;

	(void)page_language(q);
	say_list(q->oidc->conf.language, have);
	if (q->asked_language || !(got = header_locales(locales, have)))
		return;
	q->asked_language = got;
	q->language = say_find(got);
}

void
page_put_locale(struct web_request *q, struct buf *out)
{
	(void)page_language(q);
	if (q->asked_language)
		buf_putf(out, "&ui_locales=%s", q->asked_language);
}

/* ---- the frame ---- */
static void
put_name(struct web_request *q, struct web_response *a)
{
	const struct oidc_conf *c = &q->oidc->conf;
	struct span host = span_str(strstr(c->issuer, "://") + 3);

	host.len -= strlen(oidc_conf_path(c->issuer));
	html_text(&a->body, c->name[0] ? span_str(c->name) : host);
}

/* Known by its English, or shown as that. */
static void
put_same(struct web_request *q, struct web_response *a, const char *english)
{
	const char *same = say_same(page_language(q), english);

	put_text(a, same ? same : english);
}

static void
put_head(struct web_request *q, struct web_response *a, const char *title)
{
	buf_putf(&a->body,
	    "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	    "<meta name=\"color-scheme\" content=\"light dark\">"
	    "<meta name=\"robots\" content=\"noindex\"><title>",
	    page_language(q)->tag);
	put_same(q, a, title);
	put(a, " - ");
	put_name(q, a);
	buf_putf(&a->body,
	    "</title><link rel=\"stylesheet\" href=\"%s" PATH_STATIC "style.css\">"
	    "<link rel=\"icon\" type=\"image/svg+xml\" href=\"%s" PATH_STATIC "icon.svg\">",
	    base(q), base(q));
}

static void
put_body(struct web_request *q, struct web_response *a, const char *title)
{
	put(a, "</head>\n<body><header><p>");
	put_name(q, a);
	put(a, "</p></header>\n<main><h1>");
	put_same(q, a, title);
	put(a, "</h1>\n");
}

void
page_begin(struct web_request *q, struct web_response *a, const char *title)
{
	put_head(q, a, title);
	put_body(q, a, title);
}

void
page_open(struct web_request *q, struct web_response *a, enum say title)
{
	page_begin(q, a, say_text(say_languages, title));
}

void
page_open_with(struct web_request *q, struct web_response *a, enum say title, const char *script)
{
	put_head(q, a, say_text(say_languages, title));
	buf_putf(&a->body, "<script defer src=\"%s" PATH_STATIC "%s\"></script>", base(q), script);
	put_body(q, a, say_text(say_languages, title));
}

void
page_open_on(struct web_request *q, struct web_response *a, enum say title, const char *path)
{
	put_head(q, a, say_text(say_languages, title));
	buf_putf(&a->body, "<meta http-equiv=\"refresh\" content=\"0;url=%s%s\">", base(q), path);
	put_body(q, a, say_text(say_languages, title));
}

void
page_open_head(struct web_request *q, struct web_response *a, enum say title, struct span head)
{
	put_head(q, a, say_text(say_languages, title));
	buf_put_span(&a->body, head);
	put_body(q, a, say_text(say_languages, title));
}

static void
put_foot_link(struct web_request *q, struct web_response *a, const char *uri, enum say what)
{
	if (!uri[0])
		return;
	put(a, "<li>");
	html_link(&a->body, span_str(uri), span_str(say_text(page_language(q), what)));
	put(a, "</li>");
}

static void
put_foot(struct web_request *q, struct web_response *a)
{
	const struct oidc_conf *c = &q->oidc->conf;

	if (!c->policy_uri[0] && !c->tos_uri[0])
		return;
	put(a, "<footer><ul>");
	put_foot_link(q, a, c->policy_uri, SAY_POLICY);
	put_foot_link(q, a, c->tos_uri, SAY_TERMS);
	put(a, "</ul></footer>");
}

void
page_end(struct web_request *q, struct web_response *a, unsigned status)
{
	put(a, "</main>\n");
	put_foot(q, a);
	put(a, "</body></html>\n");
	web_page(a, status);
}

/* ---- text ---- */
static void
put_time(struct web_response *a, uint64_t when, bool day)
{
	char machine[32] = "", person[32] = "";
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm)) {
		strftime(machine, sizeof machine, "%Y-%m-%dT%H:%M:%SZ", &tm);
		strftime(person, sizeof person, day ? "%Y-%m-%d" : "%Y-%m-%d %H:%M UTC", &tm);
	}
	buf_putf(&a->body, "<time datetime=\"%s\">%s</time>", machine, person);
}

static void
put_part(struct web_request *q, struct web_response *a, const struct page_part *p)
{
	switch (p->kind) {
	case PAGE_NAME:
	case PAGE_CODE:
		put(a, p->kind == PAGE_NAME ? "<strong><bdi>" : "<code><bdi>");
		html_text_short(&a->body, p->text, p->kind == PAGE_NAME ? NAME_MOST : CODE_MOST);
		put(a, p->kind == PAGE_NAME ? "</bdi></strong>" : "</bdi></code>");
		break;
	case PAGE_SAY:
		put(a, "<strong>");
		page_say(q, a, (enum say)p->number);
		put(a, "</strong>");
		break;
	case PAGE_NUMBER:
		buf_putf(&a->body, "%llu", (unsigned long long)p->number);
		break;
	case PAGE_DAY:
	case PAGE_MOMENT:
		put_time(a, p->number, p->kind == PAGE_DAY);
		break;
	case PAGE_END:
		break;
	}
}

static const struct page_part *
find_part(const struct page_part *parts, char digit)
{
	for (char c = '1'; parts && parts->kind; c++, parts++)
		if (c == digit)
			return parts;
	return NULL;
}

void
page_say_with(
    struct web_request *q, struct web_response *a, enum say what, const struct page_part *parts)
{
	const char *s = say_text(page_language(q), what);

	while (*s) {
		size_t n = strcspn(s, "{");
		const struct page_part *p = s[n] ? find_part(parts, s[n + 1]) : NULL;

		html_text(&a->body, SPAN(s, n));
		s += n;
		if (!*s)
			return;
		if (p)
			put_part(q, a, p);
		s += strcspn(s, "}");
		s += *s == '}';
	}
}

void
page_say(struct web_request *q, struct web_response *a, enum say what)
{
	page_say_with(q, a, what, NULL);
}

void
page_put_with(struct web_request *q, struct web_response *a, const char *tag, enum say what,
    const struct page_part *parts)
{
	buf_putf(&a->body, "<%s>", tag);
	page_say_with(q, a, what, parts);
	buf_putf(&a->body, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

void
page_put(struct web_request *q, struct web_response *a, const char *tag, enum say what)
{
	page_put_with(q, a, tag, what, NULL);
}

/* ---- what can be pressed ---- */
void
page_hidden(struct web_response *a, const char *name, struct span value)
{
	buf_putf(&a->body, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_text(&a->body, value);
	put(a, "\">");
}

void
page_hidden_locale(struct web_request *q, struct web_response *a)
{
	(void)page_language(q);
	if (q->asked_language)
		page_hidden(a, "ui_locales", span_str(q->asked_language));
}

void
page_form(struct web_request *q, struct web_response *a, const char *path, const char *token)
{
	buf_putf(&a->body, "<form method=\"post\" action=\"%s%s\">", base(q), path);
	page_hidden(a, "token", span_str(token));
	page_hidden_locale(q, a);
}

void
page_button(struct web_request *q, struct web_response *a, const char *class, enum say what)
{
	buf_putf(
	    &a->body, "<p><button%s%s%s>", *class ? " class=\"" : "", class, *class ? "\"" : "");
	page_say(q, a, what);
	put(a, "</button></p>");
}

void
page_label(struct web_request *q, struct web_response *a, const char *id, enum say what)
{
	buf_putf(&a->body, "<label for=\"%s\">", id);
	page_say(q, a, what);
	put(a, "</label>");
}

void
page_link(struct web_request *q, struct web_response *a, const char *path, enum say what)
{
	struct buf to = BUF_INIT, locale = BUF_INIT;

	page_put_locale(q, &locale);
	buf_put_str(&to, base(q));
	buf_put_str(&to, path);
	if (locale.len && !strchr(path, '?'))
		locale.p[0] = '?';
	buf_put_span(&to, buf_span(&locale));
	put(a, "<a href=\"");
	html_text(&a->body, buf_span(&to));
	put(a, "\">");
	page_say(q, a, what);
	put(a, "</a>");
	buf_done(&locale);
	buf_done(&to);
}

/* ---- errors ---- */
void
page_error(struct web_request *q, struct web_response *a, const char *title, const char *text)
{
	const char *contact = q->oidc->conf.contact, *same = say_same(page_language(q), text);

	page_begin(q, a, title);
	if (same) {
		put(a, "<p>");
		put_text(a, same);
		put(a, "</p>\n");
	} else {
		page_put(q, a, "p", SAY_ERROR_SAYS_SITE);
		put(a, "<p class=\"faint\">");
		page_say_with(q, a, SAY_ERROR_DETAIL, PAGE_PARTS(PAGE_PART_CODE(span_str(text))));
		put(a, "</p>\n");
	}
	if (contact[0])
		page_put_with(
		    q, a, "p", SAY_HELP_FROM, PAGE_PARTS(PAGE_PART_NAME(span_str(contact))));
	page_end(q, a, a->status);
}
