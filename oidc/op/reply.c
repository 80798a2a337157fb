#include "oidc/oidc.h"
#include "oidc/op/reply.h"
#include "oidc/op/uri.h"
#include "oidc/page/consent.h"

static void
send(struct web_request *q, struct web_response *a, const struct authreq *r, struct buf *fields)
{
	struct form f = { .n = 0 };
	struct span origin = uri_origin(r->redirect_uri);
	struct buf to = BUF_INIT;
	enum err e;

	if (r->state.len)
		form_put(fields, "state", r->state);
	form_put(fields, "iss", span_str(q->oidc->conf.issuer));
	uri_put_query(&to, r->redirect_uri, buf_span(fields));
	e = buf_err(&to);
	if (!e && r->form_post)
		e = form_parse(buf_span(fields), &f);
	if (e)
		web_unavailable(q, a, e);
	else if (r->form_post)
		page_form_post(q, a, r->redirect_uri, origin.len ? origin : r->redirect_uri, &f);
	else
		web_redirect(a, buf_span(&to));
	form_done(&f);
	buf_done(&to);
	buf_done(fields);
}

void
reply_code(struct web_request *q, struct web_response *a, const struct authreq *r, const char *code)
{
	struct buf fields = BUF_INIT;

	form_put(&fields, "code", span_str(code));
	send(q, a, r, &fields);
}

void
reply_error(struct web_request *q, struct web_response *a, const struct authreq *r,
    const struct authreq_wrong *w)
{
	struct buf fields = BUF_INIT;

	if (!r->known) {
		web_refuse(q, a, 400, w->error, w->text);
		return;
	}
	form_put(&fields, "error", span_str(w->error));
	form_put(&fields, "error_description", span_str(w->text));
	send(q, a, r, &fields);
}
