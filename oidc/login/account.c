#include "oidc/login/account.h"

#include <stdio.h>
#include <time.h>

#include "lib/text.h"
#include "oidc/login/browser.h"
#include "oidc/login/login.h"
#include "oidc/login/register.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/consent.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

#define NAME_MOST 100 /* characters of a site's name */

struct own {
	struct web_request *q;
	struct web_response *a;
	struct db_session session;
	struct db_account account;
	char token[SESSION_FORM];
	uint64_t rows, codes, inputs;
};

static void
put(struct own *o, const char *text)
{
	buf_put_str(&o->a->body, text);
}

static void
put_text(struct own *o, struct span text)
{
	html_text(&o->a->body, text);
}

static void
say_in(struct own *o, const char *tag, enum say what)
{
	page_put(o->q, o->a, tag, what);
}

/* A form with a button, about one row. */
static void
put_button(struct own *o, const char *what, struct span id, enum say says)
{
	char path[64];

	snprintf(path, sizeof path, "%s/%s", PATH_ACCOUNT, what);
	page_form(o->q, o->a, path, o->token);
	if (id.len)
		page_hidden(o->a, "id", id);
	page_button(o->q, o->a, "quiet", says);
	put(o, "</form>\n");
}

/* What is not needed every day: closed, until it is asked for. */
static void
open_details(struct own *o, enum say what)
{
	put(o, "<details>");
	say_in(o, "summary", what);
}

static void
begin_section(struct own *o, enum say title)
{
	put(o, "<section>");
	say_in(o, "h2", title);
}

/* ---- tokens ---- */
static void
put_rename(struct own *o, const struct db_credential *c, struct span id)
{
	char input[32];

	snprintf(input, sizeof input, "name%llu", (unsigned long long)++o->inputs);
	page_form(o->q, o->a, PATH_ACCOUNT "/rename", o->token);
	page_hidden(o->a, "id", id);
	put(o, "<p>");
	page_label(o->q, o->a, input, SAY_TOKEN_NAME);
	buf_putf(&o->a->body,
	    "<input id=\"%s\" name=\"label\" maxlength=\"64\" dir=\"auto\""
	    " autocomplete=\"off\" value=\"",
	    input);
	put_text(o, c->name);
	put(o, "\"></p>\n");
	page_button(o->q, o->a, "quiet", SAY_RENAME);
	put(o, "</form>\n");
}

static void
put_about(struct own *o, const struct db_credential *c)
{
	page_put_with(o->q, o->a, "p class=\"faint\"", SAY_TOKEN_ADDED,
	    PAGE_PARTS(PAGE_PART_DAY(c->created), PAGE_PART_DAY(c->used)));
	if (c->flags & DB_BE)
		say_in(o, "p class=\"faint\"",
		    c->flags & DB_BS ? SAY_TOKEN_COPIED : SAY_TOKEN_COPYABLE);
	if (c->flags & DB_TERMINAL)
		say_in(o, "p class=\"faint\"", SAY_TOKEN_TERMINAL);
}

static enum err
put_credential(void *arg, const struct db_credential *c)
{
	struct own *o = arg;
	struct buf id = BUF_INIT;
	enum err e;

	text_encode(TEXT_BASE64URL, c->id, &id);
	put(o, "<li><p><strong><bdi>");
	put_text(o, c->name);
	put(o, "</bdi></strong></p>\n");
	put_about(o, c);
	open_details(o, o->rows > 1 ? SAY_TOKEN_CHANGE : SAY_TOKEN_RENAME_ONLY);
	put_rename(o, c, buf_span(&id));
	if (o->rows > 1) {
		say_in(o, "p", SAY_REMOVE_WHAT);
		put_button(o, "remove", buf_span(&id), SAY_REMOVE);
	}
	page_put_with(o->q, o->a, "p class=\"faint\"", SAY_TOKEN_COUNT,
	    PAGE_PARTS(PAGE_PART_NUMBER(c->count)));
	put(o, "</details></li>\n");
	e = buf_err(&id);
	buf_done(&id);
	return e;
}

static enum err
count_row(void *arg, const struct db_credential *c)
{
	struct own *o = arg;

	(void)c;
	o->rows++;
	return ERR_OK;
}

static enum err
put_credentials(struct own *o)
{
	struct db *s = o->q->oidc->db;
	enum err e = db_credential_each(s, o->account.id, count_row, o);

	if (e)
		return e;
	begin_section(o, SAY_TOKENS);
	put(o, "<ul class=\"rows\">");
	e = db_credential_each(s, o->account.id, put_credential, o);
	put(o, "</ul>\n");
	if (o->rows < 2)
		say_in(o, "p class=\"notice\"", SAY_TOKEN_SECOND);
	put(o, "<p>");
	page_link(o->q, o->a, PATH_REGISTER, SAY_TOKEN_ADD);
	put(o, "</p></section>\n");
	return e;
}

/* ---- where ---- */
static void
put_browser(struct own *o, const struct db_session *x)
{
	struct browser b = browser_kept(x->agent);
	struct page_part system = PAGE_PART_NAME(span_str(b.system));
	struct page_part name = PAGE_PART_NAME(span_str(b.name));

	put(o, "<p>");
	if (*b.name && *b.system)
		page_say_with(o->q, o->a, SAY_BROWSER_ON, PAGE_PARTS(name, system));
	else if (*b.name || *b.system)
		buf_putf(&o->a->body, "<strong>%s%s</strong>", b.name, b.system);
	else
		page_say(o->q, o->a, SAY_BROWSER_UNKNOWN);
	put(o, "</p>\n");
	page_put_with(o->q, o->a, "p class=\"faint\"", SAY_SINCE_USED,
	    PAGE_PARTS(PAGE_PART_MOMENT(x->created), PAGE_PART_MOMENT(x->used)));
}

static enum err
put_session(void *arg, const struct db_session *x)
{
	struct own *o = arg;
	char sid[2 * DB_ID];

	text_encode_raw(TEXT_HEX, SPAN(x->sid, DB_ID), sid);
	if (x->expires <= (uint64_t)time(NULL))
		return ERR_OK;
	put(o, "<li>");
	put_browser(o, x);
	if (memcmp(x->sid, o->session.sid, DB_ID) == 0)
		say_in(o, "p", SAY_HERE);
	else
		put_button(o, "leave", SPAN(sid, sizeof sid), SAY_LEAVE);
	put(o, "</li>\n");
	o->rows++;
	return ERR_OK;
}

static enum err
put_sessions(struct own *o)
{
	enum err e;

	o->rows = 0;
	begin_section(o, SAY_WHERE);
	put(o, "<ul class=\"rows\">");
	e = db_session_each(o->q->oidc->db, o->account.id, put_session, o);
	put(o, "</ul>\n");
	if (o->rows > 1) {
		say_in(o, "p", SAY_WHERE_WHAT);
		put_button(o, "leave-others", SPAN_NONE, SAY_LEAVE_OTHERS);
	}
	put(o, "</section>\n");
	return e;
}

/* ---- sites ---- */
static void
put_scopes(struct own *o, struct span scopes)
{
	say_in(o, "p", SAY_SITE_GETS);
	put(o, "<ul>");
	while (scopes.len) {
		const uint8_t *space = memchr(scopes.p, ' ', scopes.len);
		size_t n = space ? (size_t)(space - scopes.p) : scopes.len;

		put(o, "<li>");
		page_put_scope(o->q, o->a, SPAN(scopes.p, n));
		put(o, "</li>");
		n += space ? 1 : 0;
		scopes = SPAN(scopes.p + n, scopes.len - n);
	}
	put(o, "</ul>\n");
}

static enum err
put_consent(void *arg, const struct db_consent *c)
{
	struct own *o = arg;
	struct db_client client = { .created = 0 };
	enum err e = db_client_get(o->q->oidc->db, c->client, &client);

	put(o, "<li><p><strong><bdi>");
	html_text_short(&o->a->body, !e && client.name.len ? client.name : c->client, NAME_MOST);
	put(o, "</bdi></strong></p>\n");
	page_put_with(o->q, o->a, "p class=\"faint\"", SAY_SINCE_USED,
	    PAGE_PARTS(PAGE_PART_DAY(c->created), PAGE_PART_DAY(c->used)));
	put_scopes(o, c->scopes);
	put_button(o, "take-back", c->client, SAY_TAKE_BACK);
	put(o, "</li>\n");
	db_row_done(&client);
	o->rows++;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
put_consents(struct own *o)
{
	enum err e;

	o->rows = 0;
	begin_section(o, SAY_SITES);
	put(o, "<ul class=\"rows\">");
	e = db_consent_each(o->q->oidc->db, o->account.id, put_consent, o);
	put(o, "</ul>\n");
	say_in(o, "p", o->rows ? SAY_TAKE_BACK_WHAT : SAY_SITES_NONE);
	put(o, "</section>\n");
	return e;
}

/* ---- the rest ---- */
static void
put_codes(struct own *o)
{
	begin_section(o, SAY_CODES);
	page_put_with(o->q, o->a, "p", o->codes ? SAY_CODES_SOME : SAY_CODES_NONE,
	    PAGE_PARTS(PAGE_PART_NUMBER(o->codes)));
	if (o->codes)
		say_in(o, "p", SAY_CODES_OLD);
	put_button(o, "codes", SPAN_NONE, SAY_CODES_MAKE);
	put(o, "</section>\n");
}

static void
put_end(struct own *o)
{
	begin_section(o, SAY_END);
	say_in(o, "p", SAY_END_WHAT);
	open_details(o, SAY_END_SHOW);
	page_form(o->q, o->a, PATH_ACCOUNT "/delete", o->token);
	put(o, "<p>");
	page_label(o->q, o->a, "sure", SAY_END_SURE);
	put(o,
	    "<input id=\"sure\" name=\"name\" required maxlength=\"64\" dir=\"auto\""
	    " autocomplete=\"off\"></p>\n");
	page_button(o->q, o->a, "danger", SAY_END_DO);
	put(o, "</form></details></section>\n");
}

static void
put_rest(struct own *o)
{
	put_codes(o);
	begin_section(o, SAY_DATA);
	say_in(o, "p", SAY_DATA_WHAT);
	put_button(o, "export", SPAN_NONE, SAY_DATA_SAVE);
	put(o, "</section>\n");
	put_end(o);
}

static enum err
show(struct own *o)
{
	struct db *s = o->q->oidc->db;
	enum err e;

	if ((e = db_account_get(s, o->session.account, &o->account)) ||
	    (e = db_pass_count(s, o->account.id, DB_RECOVERY, &o->codes)))
		return e;
	session_form(o->q, o->a, "account", SPAN(o->session.sid, DB_ID), o->token);
	page_open(o->q, o->a, SAY_ACCOUNT);
	page_put_with(o->q, o->a, "p", SAY_YOU_ARE, PAGE_PARTS(PAGE_PART_NAME(o->account.name)));
	put(o, "<p>");
	page_link(o->q, o->a, "/logout", SAY_LOGOUT_HERE);
	put(o, "</p>\n");
	if ((e = put_credentials(o)) || (e = put_sessions(o)) || (e = put_consents(o)))
		return e;
	put_rest(o);
	page_end(o->q, o->a, 200);
	return ERR_OK;
}

void
account_page(struct web_request *q, struct web_response *a)
{
	struct own o = { .q = q, .a = a };
	struct buf to = BUF_INIT;
	enum err e = session_get(q, &o.session);

	if (e == ERR_NOTFOUND) {
		buf_putf(&to, "%s%s", q->oidc->conf.issuer, PATH_LOGIN);
		web_redirect(a, buf_span(&to));
		e = ERR_OK;
	} else if (!e && (e = show(&o)))
		buf_reset(&a->body);
	if (e)
		web_unavailable(q, a, e);
	db_row_done(&o.session);
	db_row_done(&o.account);
	buf_done(&to);
}
