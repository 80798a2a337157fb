/* terminal_page.c - what the browser shows meanwhile. */
#include <stdio.h>

#include "lib/crypto.h"
#include "oidc/login/login.h"
#include "oidc/login/rate.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/op/terminal.h"
#include "oidc/op/uri.h"
#include "oidc/op/waiting.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

#define AGAIN 5 /* seconds */

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
failed(struct web_request *q, struct web_response *a, const char *text, const char *go)
{
	char path[sizeof PATH_LOGIN + 4 + CEREMONY_GO];

	snprintf(path, sizeof path, "%s%s%s", PATH_LOGIN, go[0] ? "?go=" : "", go);
	ceremony_failed(q, a, text, path);
}

static void
gone(struct web_request *q, struct web_response *a)
{
	failed(q, a,
	    "This request has ended: it was used, five minutes have gone, or it was begun in "
	    "another browser.",
	    "");
}

/* ---- it begins ---- */
static void
copy(char *to, size_t cap, struct span from)
{
	size_t n = from.len < cap - 1 ? from.len : cap - 1;

	while (n < from.len && n && (from.p[n] & 0xc0) == 0x80)
		n--;
	if (n)
		memcpy(to, from.p, n);
	to[n] = '\0';
}

/* Who wants to know, as what waits for the login says. */
static void
name_site(struct web_request *q, struct terminal *t)
{
	struct waiting *w = t->c.go[0] ? waiting_find(q, span_str(t->c.go)) : NULL;
	struct db_client client = { .created = 0 };
	struct span id, back;

	if (!w)
		return;
	id = form_value(&w->form, "client_id");
	back = form_value(&w->form, "redirect_uri");
	if (!db_client_get(q->oidc->db, id, &client))
		copy(t->site, sizeof t->site, client.name.len ? client.name : client.id);
	else
		copy(t->site, sizeof t->site, id);
	copy(t->host, sizeof t->host, uri_host(back));
	db_row_done(&client);
	waiting_done(w);
}

static void
begin(struct web_request *q, struct web_response *a, struct ceremony *c, struct buf *list)
{
	struct buf to = BUF_INIT;
	struct terminal *t;
	enum err e;

	session_browser(q, a, c->browser);
	if ((e = terminal_new(q, c, list, &t))) {
		web_unavailable(q, a, e);
		return;
	}
	name_site(q, t);
	buf_putf(&to, "%s%s?page=%s", q->oidc->conf.issuer, PATH_TERMINAL, t->page);
	page_put_locale(q, &to);
	web_redirect(a, buf_span(&to));
	buf_done(&to);
}

void
terminal_choose(struct web_request *q, struct web_response *a)
{
	static const struct rate rate = { "terminal page", 30, 300 };
	struct buf list = BUF_INIT;
	struct ceremony c;
	enum err e;

	if (!form_value(&q->form, "terminal").len) {
		login_start(q, a);
		return;
	}
	if ((e = login_begin(q, a, &c, &list))) {
		if (!a->status)
			web_unavailable(q, a, e);
	} else if (!c.named) {
		failed(q, a,
		    "To log in from a terminal, type your name first: your token is asked for by "
		    "it.",
		    c.go);
	} else if (rate_take(q, a, &rate)) {
		begin(q, a, &c, &list);
	}
	buf_done(&list);
}

/* ---- it waits ---- */
static void
put_number(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	page_put_with(
	    q, a, "p", SAY_TERMINAL_NUMBER, PAGE_PARTS(PAGE_PART_NAME(span_str(t->number))));
}

static void
put_again(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	char path[sizeof PATH_TERMINAL_PASTE + 6 + TERMINAL_PAGE + CEREMONY_GO];

	buf_putf(&a->body, "<form method=\"get\" action=\"%s%s\">", base(q), PATH_TERMINAL);
	page_hidden(a, "page", span_str(t->page));
	page_hidden_locale(q, a);
	page_button(q, a, "", SAY_TERMINAL_AGAIN);
	put(a, "</form><p>");
	snprintf(path, sizeof path, "%s?page=%s", PATH_TERMINAL_PASTE, t->page);
	page_link(q, a, path, SAY_TERMINAL_UNREACHED);
	put(a, "</p><p>");
	snprintf(path, sizeof path, "%s%s%s", PATH_LOGIN, t->c.go[0] ? "?go=" : "", t->c.go);
	page_link(q, a, path, SAY_BEGIN_AGAIN);
	put(a, "</p>");
}

/* The page with its own address to come back to. */
static void
open_waits(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	struct buf head = BUF_INIT;

	buf_putf(&head, "<meta http-equiv=\"refresh\" content=\"%d;url=%s%s?page=%s", AGAIN,
	    base(q), PATH_TERMINAL, t->page);
	page_put_locale(q, &head);
	buf_put_str(&head, "\">");
	page_open_head(q, a, SAY_LOGIN_TERMINAL, buf_span(&head));
	buf_done(&head);
}

static void
put_waits(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	char code[APPROVAL_CODE_TEXT];

	approval_code_show(t->code, code);
	open_waits(q, a, t);
	page_put(q, a, "p", SAY_TERMINAL_RUN);
	put(a, "<pre class=\"code\">ownkey approve --at ");
	html_text(&a->body, span_str(q->oidc->conf.issuer));
	buf_putf(&a->body, " %s</pre>", code);
	put_number(q, a, t);
	page_put(q, a, "p role=\"status\"", t->seen ? SAY_TERMINAL_SEEN : SAY_TERMINAL_WAITS);
	put_again(q, a, t);
	page_end(q, a, 200);
}

/* ---- it has been answered ---- */
static void
log_in(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	struct db_credential row = { .flags = t->flags };
	char go[CEREMONY_GO];
	enum err e;

	memcpy(row.account, t->account, DB_ID);
	memcpy(go, t->c.go, sizeof go);
	terminal_drop(q, t);
	if ((e = login_by(q, a, &row)))
		web_unavailable(q, a, e);
	else
		login_go_on(q, a, go);
}

static void
refused(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	bool denied = t->state == TERMINAL_DENIED;
	char go[CEREMONY_GO];

	memcpy(go, t->c.go, sizeof go);
	terminal_drop(q, t);
	failed(q, a,
	    denied ? "No was said at the terminal. Nobody was logged in."
		   : "The terminal's answer did not fit: another token, or one that is not "
		     "registered for that name. Nobody was logged in.",
	    go);
}

static void
show(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	if (t->state == TERMINAL_WAITS)
		put_waits(q, a, t);
	else if (t->state == TERMINAL_APPROVED)
		log_in(q, a, t);
	else
		refused(q, a, t);
}

void
terminal_page(struct web_request *q, struct web_response *a)
{
	struct terminal *t = terminal_by_page(q, form_value(&q->query, "page"));

	if (t)
		show(q, a, t);
	else
		gone(q, a);
}

/* ---- by hand: no refresh here, which would take away what is being pasted ---- */
static enum err
put_paste(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	struct buf ask = BUF_INIT, block = BUF_INIT;
	char token[SESSION_FORM];
	enum err e;

	if ((e = terminal_put_ask(q, t, &ask)))
		goto out;
	approval_block_put(APPROVAL_BLOCK_ASK, buf_span(&ask), &block);
	if ((e = buf_err(&block)))
		goto out;
	session_form(q, a, "terminal paste", span_str(t->page), token);
	page_open(q, a, SAY_TERMINAL_COPY);
	page_put_with(
	    q, a, "p", SAY_TERMINAL_GIVE, PAGE_PARTS(PAGE_PART_CODE(SPAN_LIT("ownkey approve"))));
	put(a, "<pre>");
	buf_put_span(&a->body, buf_span(&block)); /* base64 in lines, which have to stay lines */
	put(a, "</pre>");
	put_number(q, a, t);
	page_form(q, a, PATH_TERMINAL_PASTE, token);
	page_hidden(a, "page", span_str(t->page));
	page_label(q, a, "block", SAY_TERMINAL_BLOCK);
	put(a,
	    "<textarea id=\"block\" name=\"block\" rows=\"8\" cols=\"66\" spellcheck=\"false\" "
	    "autocapitalize=\"none\"></textarea>");
	page_button(q, a, "", SAY_LOGIN);
	put(a, "</form>");
	page_end(q, a, 200);
out:
	buf_done(&ask);
	buf_done(&block);
	return e;
}

static void
show_paste(struct web_request *q, struct web_response *a)
{
	struct terminal *t = terminal_by_page(q, form_value(&q->query, "page"));
	enum err e;

	if (!t)
		gone(q, a);
	else if (t->state != TERMINAL_WAITS)
		show(q, a, t);
	else if ((e = put_paste(q, a, t)))
		web_unavailable(q, a, e);
}

/* A block that is not whole may be pasted again. */
static void
not_whole(struct web_request *q, struct web_response *a, const struct terminal *t)
{
	char path[sizeof PATH_TERMINAL_PASTE + 6 + TERMINAL_PAGE];

	snprintf(path, sizeof path, "%s?page=%s", PATH_TERMINAL_PASTE, t->page);
	ceremony_failed(q, a,
	    "That was no whole answer to this page. Copy it anew, from its BEGIN line to its END "
	    "line. Nobody was logged in.",
	    path);
}

static bool
read_block(struct web_request *q, const struct terminal *t, struct buf *message,
    struct approval_answer *got)
{
	return !approval_block_get(APPROVAL_BLOCK_ANSWER, form_value(&q->form, "block"), message) &&
	    !wire_decode(&approval_answer_map, buf_span(message), got) &&
	    crypto_eq(got->code, span_str(t->code));
}

static void
take_block(struct web_request *q, struct web_response *a, struct terminal *t)
{
	struct buf message = BUF_INIT;
	struct approval_answer got;
	const char *why;
	enum err e;

	if (!read_block(q, t, &message, &got))
		not_whole(q, a, t);
	else if ((e = terminal_answer(q, t, &got, &why)) && e != ERR_FORMAT)
		web_unavailable(q, a, e);
	else
		show(q, a, t);
	buf_done(&message);
}

void
terminal_paste(struct web_request *q, struct web_response *a)
{
	struct span page = form_value(&q->form, "page");
	struct terminal *t;

	if (q->method == WEB_GET) {
		show_paste(q, a);
		return;
	}
	if (!session_form_is(q, "terminal paste", page) || !(t = terminal_by_page(q, page)))
		gone(q, a);
	else if (t->state != TERMINAL_WAITS)
		show(q, a, t);
	else
		take_block(q, a, t);
}
