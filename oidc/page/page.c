#include <time.h>

#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

static void
put(struct web_response *a, const char *text)
{
	buf_put_str(&a->body, text);
}

static const char *
base(const struct web_request *q)
{
	return oidc_conf_path(q->oidc->conf.issuer);
}

static void
put_head(struct web_request *q, struct web_response *a, const char *title)
{
	const struct oidc_conf *c = &q->oidc->conf;

	put(a, "<!DOCTYPE html>\n<html lang=\"");
	html_text(&a->body, span_str(c->language));
	put(a,
	    "\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	    "<meta name=\"robots\" content=\"noindex\"><title>");
	html_text(&a->body, span_str(title));
	put(a, "</title><link rel=\"stylesheet\" href=\"");
	put(a, base(q));
	put(a, PATH_STATIC "style.css\">");
}

static void
put_top(struct web_request *q, struct web_response *a, const char *title)
{
	put(a, "</head><body><header><p>");
	html_text(&a->body, span_str(q->oidc->conf.name));
	put(a, "</p></header><main><h1>");
	html_text(&a->body, span_str(title));
	put(a, "</h1>\n");
}

void
page_begin_with(
    struct web_request *q, struct web_response *a, const char *title, const char *script)
{
	put_head(q, a, title);
	if (script)
		buf_putf(&a->body, "<script defer src=\"%s" PATH_STATIC "%s\"></script>", base(q),
		    script);
	put_top(q, a, title);
}

void
page_begin_head(struct web_request *q, struct web_response *a, const char *title, struct span head)
{
	put_head(q, a, title);
	buf_put_span(&a->body, head);
	put_top(q, a, title);
}

void
page_begin(struct web_request *q, struct web_response *a, const char *title)
{
	page_begin_with(q, a, title, NULL);
}

void
page_end(struct web_request *q, struct web_response *a, unsigned status)
{
	(void)q;
	put(a, "</main></body></html>\n");
	web_page(a, status);
}

void
page_hidden(struct web_response *a, const char *name, struct span value)
{
	buf_putf(&a->body, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_text(&a->body, value);
	put(a, "\">");
}

void
page_form(struct web_request *q, struct web_response *a, const char *path, const char *token)
{
	buf_putf(&a->body, "<form method=\"post\" action=\"%s%s\">", base(q), path);
	page_hidden(a, "token", span_str(token));
}

void
page_time(struct web_response *a, uint64_t when)
{
	char machine[32] = "", person[32] = "";
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm)) {
		strftime(machine, sizeof machine, "%Y-%m-%dT%H:%M:%SZ", &tm);
		strftime(person, sizeof person, "%Y-%m-%d %H:%M", &tm);
	}
	buf_putf(&a->body, "<time datetime=\"%s\">%s UTC</time>", machine, person);
}

void
page_error(struct web_request *q, struct web_response *a, const char *title, const char *text)
{
	page_begin(q, a, title);
	put(a, "<p>");
	html_text(&a->body, span_str(text));
	put(a, "</p>");
	page_end(q, a, a->status);
}
