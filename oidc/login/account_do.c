/* account_do.c - what a person does on their page. */
#include "lib/log.h"
#include "lib/text.h"
#include "oidc/login/account.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/login.h"
#include "oidc/login/recover.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

struct deed {
	struct web_request *q;
	struct web_response *a;
	struct db_session session;
	bool answered; /* with something else than the page again */
};

static struct db *
db_of(const struct deed *d)
{
	return d->q->oidc->db;
}

/* The row that it is about; ERR_NOTFOUND as if there was none. */
static enum err
read_id(const struct deed *d, enum text_code code, uint8_t *id, size_t most, size_t *n)
{
	struct span text = form_value(&d->q->form, "id");

	*n = 0;
	return !text.len || text_decode(code, text, id, most, n) ? ERR_NOTFOUND : ERR_OK;
}

/* ---- tokens ---- */
static enum err
do_rename(struct deed *d)
{
	struct span name = form_value(&d->q->form, "label");
	uint8_t id[DB_CREDENTIAL];
	size_t n;
	enum err e = read_id(d, TEXT_BASE64URL, id, sizeof id, &n);

	if (e || !name.len || name.len > DB_NAME || !text_is_name(name))
		return ERR_NOTFOUND;
	return db_credential_name(db_of(d), d->session.account, SPAN(id, n), name);
}

/* Who has a token that was stolen may be logged in by it. */
static enum err
do_remove(struct deed *d)
{
	uint8_t id[DB_CREDENTIAL];
	size_t n;
	enum err e = read_id(d, TEXT_BASE64URL, id, sizeof id, &n);

	if (!e)
		e = db_credential_remove_spare(db_of(d), d->session.account, SPAN(id, n));
	return e ? e : db_session_clear(db_of(d), d->session.account, d->session.sid);
}

/* ---- where, and which sites ---- */
struct mine {
	const uint8_t *sid;
	bool found;
};

static enum err
find_mine(void *arg, const struct db_session *x)
{
	struct mine *m = arg;

	m->found |= memcmp(x->sid, m->sid, DB_ID) == 0;
	return ERR_OK;
}

static enum err
do_leave(struct deed *d)
{
	uint8_t sid[DB_ID];
	struct mine m = { .sid = sid };
	size_t n;
	enum err e = read_id(d, TEXT_HEX, sid, sizeof sid, &n);

	if (e || n != DB_ID)
		return ERR_NOTFOUND;
	if ((e = db_session_each(db_of(d), d->session.account, find_mine, &m)))
		return e;
	return m.found ? db_session_remove(db_of(d), sid) : ERR_NOTFOUND;
}

static enum err
do_leave_others(struct deed *d)
{
	return db_session_clear(db_of(d), d->session.account, d->session.sid);
}

static enum err
do_take_back(struct deed *d)
{
	return db_consent_remove(db_of(d), d->session.account, form_value(&d->q->form, "id"));
}

/* ---- the rest ---- */
static enum err
do_codes(struct deed *d)
{
	char codes[RECOVER_CODES][RECOVER_TEXT];
	enum err e = recover_renew(db_of(d), d->session.account, codes);

	if (e)
		return e;
	page_open(d->q, d->a, SAY_CODES_TITLE);
	page_put_with(d->q, d->a, "p class=\"notice\"", SAY_CODES_ONCE,
	    PAGE_PARTS(PAGE_PART_SAY(SAY_CODES_THIS_ONCE)));
	buf_put_str(&d->a->body, "<ol class=\"codes\">");
	for (size_t i = 0; i < RECOVER_CODES; i++)
		buf_putf(&d->a->body, "<li>%s</li>", codes[i]);
	explicit_bzero(codes, sizeof codes);
	buf_put_str(&d->a->body, "</ol>\n<p>");
	page_link(d->q, d->a, PATH_ACCOUNT, SAY_CODES_DONE);
	buf_put_str(&d->a->body, "</p>\n");
	page_end(d->q, d->a, 200);
	d->answered = true;
	return ERR_OK;
}

static enum err
do_export(struct deed *d)
{
	enum err e = account_export(db_of(d), d->session.account, &d->a->body);

	if (e) {
		buf_reset(&d->a->body);
		return e;
	}
	web_header_put(
	    d->a, "Content-Disposition", SPAN_LIT("attachment; filename=\"account.json\""));
	web_json(d->a, 200);
	d->answered = true;
	return ERR_OK;
}

static enum err
do_delete(struct deed *d)
{
	struct db_account account = { .created = 0 };
	enum err e = db_account_get(db_of(d), d->session.account, &account);
	bool sure = !e && span_eq(account.name, form_value(&d->q->form, "name"));

	db_row_done(&account);
	if (e)
		return e;
	d->answered = true;
	if (!sure) {
		ceremony_failed(
		    d->q, d->a, "That is not your name here. Nothing was deleted.", PATH_ACCOUNT);
		return ERR_OK;
	}
	/* sessions go with it; then the cookie */
	if ((e = db_account_remove(db_of(d), d->session.account)) || (e = session_end(d->q, d->a)))
		return e;
	log_info("an account was deleted by its owner");
	page_open(d->q, d->a, SAY_DELETED);
	page_put(d->q, d->a, "p", SAY_DELETED_WHAT);
	page_end(d->q, d->a, 200);
	return ERR_OK;
}

static const struct {
	const char *name;
	bool fresh; /* asks for a login just before */
	enum err (*run)(struct deed *d);
} deeds[] = {
	{ "rename", false, do_rename },
	{ "remove", true, do_remove },
	{ "leave", false, do_leave },
	{ "leave-others", false, do_leave_others },
	{ "take-back", false, do_take_back },
	{ "codes", true, do_codes },
	{ "export", true, do_export },
	{ "delete", true, do_delete },
};
#define NDEEDS (sizeof deeds / sizeof *deeds)

static void
to_page(struct deed *d, const char *path)
{
	struct buf to = BUF_INIT;

	buf_putf(&to, "%s%s", d->q->oidc->conf.issuer, path);
	web_redirect(d->a, buf_span(&to));
	buf_done(&to);
}

static enum err
run(struct deed *d, size_t i)
{
	enum err e;

	if (!session_form_is(d->q, "account", SPAN(d->session.sid, DB_ID))) {
		ceremony_failed(d->q, d->a,
		    "This form was not made by this page, or you logged in anew since. Nothing was "
		    "changed.",
		    PATH_ACCOUNT);
		return ERR_OK;
	}
	if (deeds[i].fresh && !session_is_fresh(&d->session)) {
		ceremony_failed(d->q, d->a,
		    "For this, log in again: it is done only within five minutes of a touch of "
		    "your token. Nothing was changed.",
		    PATH_LOGIN);
		return ERR_OK;
	}
	if ((e = deeds[i].run(d)) == ERR_NOTFOUND) {
		ceremony_failed(d->q, d->a,
		    "That could not be done: it is gone already, is your last token, or is no "
		    "name. Nothing was changed.",
		    PATH_ACCOUNT);
		return ERR_OK;
	}
	if (!e && !d->answered)
		to_page(d, PATH_ACCOUNT);
	return e;
}

void
account_do(struct web_request *q, struct web_response *a)
{
	struct deed d = { .q = q, .a = a };
	size_t i = 0;
	enum err e;

	while (i < NDEEDS && !span_is(q->tail, deeds[i].name))
		i++;
	if (i == NDEEDS) {
		web_refuse(q, a, 404, "not_found", "There is nothing at this address.");
		return;
	}
	if (!(e = session_get(q, &d.session)))
		e = run(&d, i);
	else if (e == ERR_NOTFOUND) {
		to_page(&d, PATH_LOGIN);
		e = ERR_OK;
	}
	if (e)
		web_unavailable(q, a, e);
	db_row_done(&d.session);
}
