#include <stdio.h>
#include <time.h>

#include "lib/log.h"
#include "lib/text.h"
#include "oidc/db/handle.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/login.h"
#include "oidc/login/rate.h"
#include "oidc/login/register.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

#define TRANSPORTS_MAX 64

struct registration {
	struct web_request *q;
	struct web_response *a;
	struct span invite; /* as text; empty: for who is logged in */
	struct ceremony c;
	struct db_account account;
	struct db_session session;
	struct db_credential row;
	struct webauthn_why why;
	const char *no; /* why it is refused, for the person */
	struct buf keep, list;
};

static void
put(struct registration *r, const char *text)
{
	buf_put_str(&r->a->body, text);
}

static void
done(struct registration *r)
{
	db_row_done(&r->account);
	db_row_done(&r->session);
	buf_done(&r->keep);
	buf_done(&r->list);
}

static enum err
refuse(struct registration *r, const char *text)
{
	r->no = text;
	return ERR_FORMAT;
}

static void
failed(struct registration *r, enum err e)
{
	if (e == ERR_FORMAT)
		ceremony_failed(r->q, r->a, r->no, PATH_LOGIN);
	else if (e)
		web_unavailable(r->q, r->a, e);
}

/* ---- who may ---- */
static enum err
by_invitation(struct registration *r)
{
	static const char gone[] =
	    "This invitation was used already, has ended, or was not copied whole. Ask for a new "
	    "one.";
	struct db_pass p;
	enum err e;

	if (!handle_read(HANDLE_INVITE, r->invite, r->c.invite))
		return refuse(r, gone);
	e = db_pass_look(r->q->oidc->db, r->c.invite, (uint64_t)time(NULL), &p);
	if (e == ERR_NOTFOUND || (!e && p.kind == DB_RECOVERY))
		return refuse(r, gone);
	if (!e && p.kind == DB_INVITE && r->q->oidc->conf.registration == OIDC_CLOSED)
		return refuse(
		    r, "Invitations are not taken here: whoever runs this registers you.");
	if (e)
		return e;
	r->c.invited = true;
	memcpy(r->c.account, p.account, DB_ID);
	return ERR_OK;
}

static enum err
by_session(struct registration *r)
{
	enum err e = session_get(r->q, &r->session);

	if (e == ERR_NOTFOUND)
		return refuse(r, "Log in first, or open the invitation that you were sent.");
	if (e)
		return e;
	if (!session_is_fresh(&r->session))
		return refuse(r, "Log in again first: a token is added only shortly after that.");
	memcpy(r->c.account, r->session.account, DB_ID);
	return ERR_OK;
}

static enum err
load_account(struct registration *r)
{
	enum err e = db_account_get(r->q->oidc->db, r->c.account, &r->account);

	if (e == ERR_NOTFOUND || (!e && r->account.disabled))
		return refuse(r, "This account cannot be used.");
	return e;
}

static enum err
find_person(struct registration *r)
{
	enum err e = r->invite.len ? by_invitation(r) : by_session(r);

	return e ? e : load_account(r);
}

/* ---- the page ---- */
static void
show(struct registration *r)
{
	char token[SESSION_FORM];

	session_form(r->q, r->a, "register", r->invite, token);
	page_open(r->q, r->a, SAY_REGISTER);
	page_put_with(
	    r->q, r->a, "p", SAY_REGISTER_FOR, PAGE_PARTS(PAGE_PART_NAME(r->account.name)));
	put(r, "<noscript>");
	page_put(r->q, r->a, "p class=\"notice\"", SAY_NO_SCRIPT);
	put(r, "</noscript>\n");
	page_form(r->q, r->a, PATH_REGISTER_START, token);
	page_hidden(r->a, "invite", r->invite);
	put(r, "<p>");
	page_label(r->q, r->a, "label", SAY_REGISTER_LABEL);
	put(r,
	    "<input id=\"label\" name=\"label\" maxlength=\"64\" autocomplete=\"off\" dir=\"auto\""
	    " aria-describedby=\"hint\"></p>\n");
	page_put(r->q, r->a, "p id=\"hint\" class=\"faint\"", SAY_REGISTER_HINT);
	page_button(r->q, r->a, "", SAY_REGISTER_DO);
	put(r, "</form>\n");
	page_end(r->q, r->a, 200);
}

void
register_page(struct web_request *q, struct web_response *a)
{
	struct registration r = { .q = q, .a = a, .invite = form_value(&q->query, "invite") };
	static const struct rate rate = { "register", 100, 1000 };
	enum err e;

	if (!rate_take(q, a, &rate))
		return;
	if (!(e = find_person(&r)))
		show(&r);
	failed(&r, e);
	done(&r);
}

/* ---- the challenge ---- */
/* A name that its owner gives; "Token" when it is none. */
static struct span
label(struct span s)
{
	return s.len && s.len <= DB_NAME && text_is_name(s) ? s : SPAN_LIT("Token");
}

static void
put_attribute(struct registration *r, const char *name, struct span value)
{
	buf_putf(&r->a->body, " data-%s=\"", name);
	html_text(&r->a->body, value);
	put(r, "\"");
}

static void
put_options(struct registration *r, const char *challenge)
{
	const struct oidc_conf *c = &r->q->oidc->conf;
	char user[24];
	struct relying relying;

	relying_of(c->issuer, &relying);
	text_encode_raw(TEXT_BASE64URL, SPAN(r->account.id, DB_ID), user);
	ceremony_put_form(r->q, r->a, PATH_REGISTER_FINISH, "create");
	put_attribute(r, "challenge", span_str(challenge));
	put_attribute(r, "rp", span_str(relying.id));
	put_attribute(r, "rp-name", span_str(c->name[0] ? c->name : relying.id));
	put_attribute(r, "user", SPAN(user, text_encoded_len(TEXT_BASE64URL, DB_ID)));
	put_attribute(r, "user-name", r->account.name);
	put_attribute(r, "list", buf_span(&r->list));
	put(r, ">");
}

static void
put_ceremony(struct registration *r, const char *challenge)
{
	char token[SESSION_FORM], path[128];

	/* an invitation has been read: it is as short as it must be */
	snprintf(path, sizeof path, "%s%s%.*s", PATH_REGISTER, r->invite.len ? "?invite=" : "",
	    (int)r->invite.len, r->invite.len ? (const char *)r->invite.p : "");
	session_form(r->q, r->a, "register finish", span_str(challenge), token);
	page_open_with(r->q, r->a, SAY_TOUCH, "webauthn.js");
	put_options(r, challenge);
	page_hidden(r->a, "token", span_str(token));
	page_hidden(r->a, "challenge", span_str(challenge));
	page_hidden(r->a, "label", label(form_value(&r->q->form, "label")));
	page_hidden(r->a, "client_data", SPAN_NONE);
	page_hidden(r->a, "object", SPAN_NONE);
	page_hidden(r->a, "transports", SPAN_NONE);
	page_hidden(r->a, "found", SPAN_NONE);
	ceremony_put_status(r->q, r->a, path, "");
	page_end(r->q, r->a, 200);
}

void
register_start(struct web_request *q, struct web_response *a)
{
	struct registration r = { .q = q, .a = a, .invite = form_value(&q->form, "invite") };
	char challenge[CEREMONY_TEXT];
	enum err e;

	r.c.kind = CEREMONY_REGISTER;
	if (!session_form_is(q, "register", r.invite))
		e = refuse(&r, "This form was not made by this page.");
	else if (!(e = find_person(&r)) &&
	    !(e = login_put_credentials(q->oidc->db, r.account.id, &r.list)) &&
	    !(e = ceremony_begin(q, a, &r.c, challenge)))
		put_ceremony(&r, challenge);
	failed(&r, e);
	done(&r);
}

/* ---- the answer ---- */
static bool
is_transports(struct span s)
{
	if (s.len > TRANSPORTS_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-' || s.p[i] == ' '))
			return false;
	return true;
}

static enum err
read_answer(struct registration *r, struct register_answer *out)
{
	const struct ceremony_field fields[] = {
		{ "client_data", WEBAUTHN_JSON_MAX, &out->client_data },
		{ "object", WEBAUTHN_OBJECT_MAX, &out->object },
	};

	r->why.text = "fields";
	out->transports = form_value(&r->q->form, "transports");
	out->label = form_value(&r->q->form, "label");
	out->found = span_is(form_value(&r->q->form, "found"), "1");
	return ceremony_read(&r->q->form, fields, 2, &r->keep);
}

static enum err
judge(struct registration *r, const struct register_answer *got)
{
	struct relying relying;
	struct webauthn_expect x = { .origin = relying.origin,
		.rp_id = relying.id,
		.challenge = r->c.challenge,
		.uv = true };
	enum err e;

	relying_of(r->q->oidc->conf.issuer, &relying);
	if ((e = webauthn_register(&x, got->client_data, got->object, &r->row, &r->why)))
		return e;
	if (got->found)
		r->row.flags |= DB_FOUND;
	r->row.transports = is_transports(got->transports) ? got->transports : SPAN_NONE;
	r->row.name = label(got->label);
	memcpy(r->row.account, r->c.account, DB_ID);
	r->row.created = r->row.used = (uint64_t)time(NULL);
	return ERR_OK;
}

static enum err
store(struct registration *r)
{
	struct db *s = r->q->oidc->db;

	return r->c.invited ? db_credential_invited(s, &r->row, r->c.invite, r->row.created)
			    : db_credential_add(s, &r->row);
}

/* Who was invited is logged in by it; who added one is already, as the same person still. */
static enum err
recheck(struct registration *r)
{
	uint8_t account[DB_ID];
	enum err e;

	memcpy(account, r->c.account, DB_ID);
	if (!r->c.invited && (e = by_session(r)))
		return e;
	if (memcmp(account, r->c.account, DB_ID) != 0)
		return refuse(r, "Somebody else is logged in now.");
	return load_account(r);
}

static enum err
unfit(struct registration *r)
{
	log_info("registration refused: %s", r->why.text);
	return refuse(r, "The token's answer does not fit what was asked. Nothing was registered.");
}

static enum err
settle(struct registration *r, const struct register_answer *got)
{
	enum err e;

	if ((e = judge(r, got)) == ERR_FORMAT)
		return unfit(r);
	if (e)
		return e;
	if ((e = store(r)) == ERR_EXISTS)
		return refuse(r, "This token is registered already.");
	if (e == ERR_NOTFOUND)
		return refuse(r, "This invitation was used meanwhile. Nothing was registered.");
	return e;
}

static enum err
finish(struct registration *r)
{
	struct register_answer got = { .found = false };
	struct buf to = BUF_INIT;
	enum err e;

	if ((e = recheck(r)))
		return e;
	if ((e = read_answer(r, &got)))
		return e == ERR_FORMAT ? unfit(r) : e;
	if (!(e = settle(r, &got)) && r->c.invited)
		e = login_by(r->q, r->a, &r->row);
	if (!e) {
		buf_putf(&to, "%s/account", r->q->oidc->conf.issuer);
		web_redirect(r->a, buf_span(&to));
	}
	buf_done(&to);
	return e;
}

void
register_finish(struct web_request *q, struct web_response *a)
{
	struct registration r = { .q = q, .a = a };
	enum err e;

	if (!session_form_is(q, "register finish", form_value(&q->form, "challenge")) ||
	    !ceremony_take(q, CEREMONY_REGISTER, &r.c))
		e = refuse(
		    &r, "This page is too old, was used already, or was begun in another browser.");
	else
		e = finish(&r);
	failed(&r, e);
	done(&r);
}

/* ---- from a terminal ---- */
enum err
register_look(struct web_request *q, struct span invite, struct register_offer *out)
{
	struct registration r = { .q = q, .invite = invite };
	enum err e;

	*out = (struct register_offer){ .c = { .kind = CEREMONY_REGISTER } };
	r.c.kind = CEREMONY_REGISTER;
	if (!(e = by_invitation(&r)) && !(e = load_account(&r)))
		e = login_put_credentials(q->oidc->db, r.account.id, &out->list);
	out->c = r.c;
	out->why = r.no;
	if (e)
		db_row_done(&r.account);
	else
		out->account = r.account;
	return e;
}

void
register_offer_done(struct register_offer *o)
{
	db_row_done(&o->account);
	buf_done(&o->list);
}

enum err
register_settle(struct web_request *q, const struct ceremony *c, const struct register_answer *got,
    const char **why)
{
	struct registration r = { .q = q, .c = *c };
	enum err e;

	if (!(e = recheck(&r)))
		e = settle(&r, got);
	*why = r.no;
	done(&r);
	return e;
}
