#include "oidc/login/rate.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/op/indie.h"
#include "oidc/op/indie_page.h"
#include "oidc/op/metadata.h"
#include "oidc/op/waiting.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

/* ---- a person's page ---- */
static const struct {
	const char *rel, *path;
} links[] = {
	/* below the issuer, of which it has to begin with (3.1) */
	{ "indieauth-metadata", "/.well-known/oauth-authorization-server" },
	{ "authorization_endpoint", PATH_AUTHORIZE },
	{ "token_endpoint", PATH_TOKEN },
};
#define NLINKS (sizeof links / sizeof *links)

void
indie_put_links(struct buf *out, const struct oidc_conf *c)
{
	for (size_t i = 0; i < NLINKS; i++) {
		buf_putf(out, "<link rel=\"%s\" href=\"", links[i].rel);
		html_text(out, span_str(c->issuer));
		buf_putf(out, "%s\">\n", links[i].path);
	}
}

static void
put_link_header(struct web_response *a, const struct oidc_conf *c)
{
	struct buf all = BUF_INIT;

	for (size_t i = 0; i < NLINKS; i++)
		buf_putf(&all, "%s<%s%s>; rel=\"%s\"", i ? ", " : "", c->issuer, links[i].path,
		    links[i].rel);
	a->bad |= buf_err(&all) != ERR_OK;
	web_header_put(a, "Link", buf_span(&all));
	buf_done(&all);
}

/* Their name as in the address, and no more: the rest is for whom they let have it. */
static void
put_page(struct web_request *q, struct web_response *a, const struct db_account *account)
{
	struct buf head = BUF_INIT;

	indie_put_links(&head, &q->oidc->conf);
	put_link_header(a, &q->oidc->conf);
	page_open_head(q, a, SAY_WHO_THIS_IS, buf_span(&head));
	buf_put_str(
	    &a->body, "<p class=\"h-card\"><a class=\"p-name u-url u-uid\" rel=\"me\" href=\"");
	html_text(&a->body, account->me);
	buf_put_str(&a->body, "\">");
	html_text(&a->body, account->name);
	buf_put_str(&a->body, "</a></p>\n");
	page_put(q, a, "p", SAY_WHO_KNOWN);
	web_header_put(a, "Cache-Control", SPAN_LIT("public, max-age=600"));
	page_end(q, a, 200);
	buf_done(&head);
}

void
indie_page(struct web_request *q, struct web_response *a)
{
	struct db_account account = { .created = 0 };
	struct buf me = BUF_INIT;
	enum err e = ERR_NOTFOUND;

	buf_put_str(&me, q->oidc->conf.issuer);
	buf_put_str(&me, PATH_PEOPLE);
	buf_put_span(&me, q->tail);
	if (q->oidc->conf.indieauth && q->tail.len && !(e = buf_err(&me)))
		e = db_account_by_me(q->oidc->db, buf_span(&me), &account);
	if (!e && account.disabled)
		e = ERR_NOTFOUND;
	if (!e)
		put_page(q, a, &account);
	else if (e == ERR_NOTFOUND)
		web_refuse(q, a, 404, "not_found", "There is no such page here.");
	else
		web_unavailable(q, a, e);
	db_row_done(&account);
	buf_done(&me);
}

/* ---- a client's logo ---- */
/* Is somebody logged in here?  Nobody else makes this machine go anywhere, and they not to
 * everywhere. */
static enum err
check_person(struct web_request *q, struct span client)
{
	struct db_session s;
	enum err e = session_get(q, &s);

	if (!e && !rate_page(q, s.account, client))
		e = ERR_LIMIT;
	db_row_done(&s);
	return e;
}

static enum err
find_logo(struct web_request *q, struct span client, struct fetch_got *logo)
{
	struct db_client c;
	struct indie_met met = { .fetched = false };
	enum err e = indie_client(q->oidc->db, client, &c);

	if (!e)
		e = check_person(q, c.id);
	if (!e)
		e = indie_meet(q->oidc->fetch, c.id, &met);
	if (!e && (!met.fetched || !met.got.a.logo.len))
		e = ERR_NOTFOUND;
	if (!e)
		e = fetch_image(q->oidc->fetch, met.got.a.logo, logo);
	indie_met_done(&met);
	db_row_done(&c);
	return e;
}

/* As what fetch.h says that the bytes are. */
static const char *
type_of(struct span type)
{
	static const char *const known[] = { "image/png", "image/jpeg", "image/gif", "image/webp" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (span_is(type, known[i]))
			return known[i];
	return "application/octet-stream";
}

static void
put_logo(struct web_response *a, const struct fetch_got *logo)
{
	buf_put_span(&a->body, logo->a.body);
	a->type = type_of(logo->a.type);
	web_header_put(a, "Content-Security-Policy", SPAN_LIT("default-src 'none'; sandbox"));
	web_header_put(a, "Cross-Origin-Resource-Policy", SPAN_LIT("same-origin"));
	a->status = 200;
}

void
indie_logo(struct web_request *q, struct web_response *a)
{
	struct fetch_got logo = { .bytes = BUF_INIT };
	struct waiting *w = waiting_find(q, form_value(&q->query, "go"));
	enum err e = w ? ERR_OK : ERR_NOTFOUND;

	if (!e)
		e = find_logo(q, form_value(&w->form, "client_id"), &logo);
	if (!e)
		put_logo(a, &logo);
	else
		web_refuse(q, a, 404, "not_found", "There is no such picture.");
	fetch_got_done(&logo);
	waiting_done(w);
}
