/*
 * token.c - rows of grants; each ends with issue.h.
 *
 * A code is taken before it is judged: one that is wrong in any way is used up.  What is signed is
 * signed before anything is written, so that a locked vault takes no refresh token away.
 */
#include <time.h>

#include "lib/loop.h"
#include "oidc/oidc.h"
#include "oidc/op/clientauth.h"
#include "oidc/op/indie.h"
#include "oidc/op/issue.h"
#include "oidc/op/pkce.h"
#include "oidc/op/scope.h"
#include "oidc/op/token.h"

struct exchange {
	struct web_request *q;
	struct web_response *a;
	struct db_client client;
	bool profile; /* only who it was, no tokens */
};

/* Answered: what is to be told is in the response. */
static enum err
refuse(struct exchange *x, const char *error, const char *text)
{
	web_refuse(x->q, x->a, 400, error, text);
	return ERR_FORMAT;
}

/* RFC 8707 2.2: no other service than the one that was agreed to. */
static enum err
judge_resource(struct exchange *x, struct span audience)
{
	struct span s;

	if (form_get(&x->q->form, "resource", &s) == FORM_ABSENT || span_eq(s, audience))
		return ERR_OK;
	return refuse(x, "invalid_target", "resource is not the one that was asked for before");
}

static enum err
is_enabled(struct exchange *x, const uint8_t id[DB_ID])
{
	struct db_account account;
	enum err e = db_account_get(x->q->oidc->db, id, &account);
	bool off = !e && account.disabled;

	db_row_done(&account);
	if (e == ERR_NOTFOUND || off)
		return refuse(x, "invalid_grant", "the account is no more");
	return e;
}

/* ---- authorization_code ---- */
/* Who comes with a code a second time has it from somewhere: what came of it ends. */
static enum err
no_such_code(struct exchange *x, struct span text)
{
	struct oidc *o = x->q->oidc;
	uint8_t family[DB_ID];
	enum err e = ERR_OK;

	if (codes_was_spent(o->codes, text, loop_now(), family))
		e = db_family_remove(o->db, family, NULL);
	return e ? e : refuse(x, "invalid_grant", "the code is not known, used, or too old");
}

static enum err
judge_code(struct exchange *x, const struct code *c)
{
	const struct form *f = &x->q->form;
	struct span verifier = form_value(f, "code_verifier");

	if (!span_eq(c->client, x->client.id))
		return refuse(x, "invalid_grant", "the code was given to another client");
	if (!span_eq(c->redirect_uri, form_value(f, "redirect_uri")))
		return refuse(x, "invalid_grant", "redirect_uri is not the one of the code");
	/* RFC 9700 2.1.1: a verifier without a challenge says that somebody took it away */
	if (!c->challenge.len && verifier.len)
		return refuse(x, "invalid_grant", "there was no code_challenge");
	if (c->challenge.len && !pkce_fits(c->challenge, verifier))
		return refuse(x, "invalid_grant", "code_verifier does not fit");
	return is_enabled(x, c->account);
}

/* After the signature was waited for: the person may have taken it back, or logged out. */
static enum err
still_stands(struct exchange *x, const struct code *c)
{
	enum err e = db_consent_stands(x->q->oidc->db, c->account, c->client, c->sid);

	return e == ERR_NOTFOUND ? refuse(x, "invalid_grant", "it was taken back") : e;
}

static enum err
issue_for_code(struct exchange *x, const struct code *c, struct span text)
{
	bool stranger = (x->client.flags & DB_STRANGER) != 0;
	struct issue i = { .client = &x->client,
		.grant = c,
		.first = true,
		.refresh = stranger ||
		    ((x->client.flags & DB_REFRESH) && scope_has(c->scopes, "offline_access")) };
	struct issue_signed s;
	enum err e = issue_sign(x->q, &i, &s);

	if (!e)
		e = still_stands(x, c);
	if (!e)
		e = issue_answer(x->q, x->a, &i, &s);
	if (!e && codes_spent(x->q->oidc->codes, text, loop_now()))
		e = db_family_remove(x->q->oidc->db, c->family, NULL);
	issue_signed_done(&s);
	return e;
}

/* ---- the same for IndieAuth ---- */
static enum err
put_profile(struct exchange *x, const struct code *c)
{
	struct jput j = jput_into(&x->a->body);
	struct db_account account;
	enum err e = db_account_get(x->q->oidc->db, c->account, &account);

	if (!e) {
		jput_object(&j, NULL);
		e = indie_put_person(&j, &account, c->scopes);
		jput_end(&j);
		web_json(x->a, 200);
	}
	db_row_done(&account);
	return e;
}

static enum err
profile_for_code(struct exchange *x, const struct code *c)
{
	enum err e = still_stands(x, c);

	return e ? e : put_profile(x, c);
}

/* ---- both ---- */
static enum err
answer_code(struct exchange *x, const struct code *c, struct span text)
{
	if (x->profile)
		return profile_for_code(x, c);
	/* 5.3.3: whoever asked for nothing gets nothing but a name, elsewhere */
	if (!c->scopes.len)
		return refuse(x, "invalid_grant",
		    "no scope was asked for: this code is for the authorization endpoint");
	return issue_for_code(x, c, text);
}

static enum err
by_code(struct exchange *x)
{
	struct span text = form_value(&x->q->form, "code");
	struct code *c;
	enum err e;

	if (!text.len)
		return refuse(x, "invalid_request", "code is missing");
	if (!(c = codes_take(x->q->oidc->codes, text, loop_now())))
		return no_such_code(x, text);
	e = judge_code(x, c);
	if (!e)
		e = judge_resource(x, c->audience);
	if (!e)
		e = answer_code(x, c, text);
	code_free(c);
	return e;
}

/* ---- refresh_token ---- */
static enum err
find_refresh(struct exchange *x, uint8_t hash[HANDLE_HASH], struct db_token *t)
{
	struct oidc *o = x->q->oidc;
	enum err e = handle_read(HANDLE_REFRESH, form_value(&x->q->form, "refresh_token"), hash)
	    ? db_token_get(o->db, hash, (uint64_t)time(NULL), t)
	    : ERR_NOTFOUND;

	if (e && e != ERR_NOTFOUND)
		return e;
	if (e || t->kind != DB_REFRESH_TOKEN || !span_eq(t->client, x->client.id))
		return refuse(x, "invalid_grant", "the refresh token is not known, or too old");
	if (!(x->client.flags & (DB_REFRESH | DB_STRANGER)))
		return refuse(x, "unauthorized_client", "this client may not refresh any more");
	if (t->spent) {
		/* used by two: one of them stole it (RFC 9700 4.14.2) */
		if ((e = db_family_remove(o->db, t->family, NULL)))
			return e;
		return refuse(x, "invalid_grant", "the refresh token was used before");
	}
	return is_enabled(x, t->account);
}

/* The same or fewer (RFC 6749 6). */
static enum err
narrow(struct exchange *x, const struct db_token *t, struct span *scopes)
{
	struct span asked = form_value(&x->q->form, "scope");

	*scopes = t->scopes;
	/* what was taken away from the client since is not asked for again by the person's yes */
	if (!(x->client.flags & DB_STRANGER) &&
	    !scope_is_within(asked.len ? asked : t->scopes, x->client.scopes))
		return refuse(x, "invalid_scope", "this client may not have all of it any more");
	if (!asked.len)
		return ERR_OK;
	if (!scope_is_set(asked) || !scope_is_within(asked, t->scopes))
		return refuse(x, "invalid_scope", "scope has more than was granted");
	*scopes = asked;
	return ERR_OK;
}

/* Signed, and then spent: between the two others may have come with the same one. */
static enum err
issue_for_refresh(struct exchange *x, const struct db_token *t, const struct code *grant)
{
	struct issue i = {
		.client = &x->client, .grant = grant, .refresh = true, .later = t->scopes
	};
	struct issue_signed s;
	enum err e = issue_sign(x->q, &i, &s);
	bool first = false;

	if (!e)
		e = db_token_spend(x->q->oidc->db, t->hash, &first);
	if (!e && !first) {
		e = db_family_remove(x->q->oidc->db, grant->family, NULL);
		if (!e)
			e = refuse(x, "invalid_grant", "the refresh token was used before");
	}
	if (!e)
		e = issue_answer(x->q, x->a, &i, &s);
	issue_signed_done(&s);
	return e;
}

static enum err
by_refresh(struct exchange *x)
{
	struct db_token t = { .issued = 0 };
	uint8_t hash[HANDLE_HASH];
	struct code grant = { .auth_time = 0 };
	struct span scopes;
	enum err e;

	if (!form_value(&x->q->form, "refresh_token").len)
		return refuse(x, "invalid_request", "refresh_token is missing");
	if ((e = find_refresh(x, hash, &t)) || (e = narrow(x, &t, &scopes)) ||
	    (e = judge_resource(x, t.audience)))
		goto out;
	grant = (struct code){ .client = t.client,
		.scopes = scopes,
		.audience = t.audience,
		.sub = t.sub,
		.amr = t.amr,
		.auth_time = t.auth_time };
	memcpy(grant.account, t.account, DB_ID);
	memcpy(grant.sid, t.sid, DB_ID);
	memcpy(grant.family, t.family, DB_ID);
	e = issue_for_refresh(x, &t, &grant);
out:
	db_row_done(&t);
	return e;
}

/* ---- the endpoint ---- */
static const struct {
	const char *type;
	enum err (*run)(struct exchange *x);
} grants[] = {
	{ "authorization_code", by_code },
	{ "refresh_token", by_refresh },
};

static enum err
run_grant(struct exchange *x)
{
	struct span type;
	struct span name;

	if (form_repeats(&x->q->form, NULL, &name))
		return refuse(x, "invalid_request", "a parameter is there twice");
	if (form_get(&x->q->form, "grant_type", &type) != FORM_ONE)
		return refuse(x, "invalid_request", "grant_type is missing");
	for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
		if (span_is(type, grants[i].type))
			return grants[i].run(x);
	return refuse(x, "unsupported_grant_type", "only authorization_code and refresh_token");
}

/* Codes of strangers only; whoever is registered goes to the token endpoint with theirs. */
static enum err
run_profile(struct exchange *x)
{
	struct span name, type = form_value(&x->q->form, "grant_type");

	if (form_repeats(&x->q->form, NULL, &name))
		return refuse(x, "invalid_request", "a parameter is there twice");
	if (!(x->client.flags & DB_STRANGER))
		return refuse(x, "unauthorized_client", "this client uses the token endpoint");
	if (!span_is(type, "authorization_code") && (type.len || !x->q->oidc->conf.old_clients))
		return refuse(x, "unsupported_grant_type", "only authorization_code");
	return by_code(x);
}

void
token_profile(struct web_request *q, struct web_response *a)
{
	struct exchange x = { .q = q, .a = a, .profile = true };
	enum err e;

	q->is_api = true;
	/* clients that are pages in a browser; no cookie has a part in it */
	web_header_put(a, "Access-Control-Allow-Origin", SPAN_LIT("*"));
	if (!(e = clientauth(q, a, &x.client)))
		e = run_profile(&x);
	db_row_done(&x.client);
	if (e && e != ERR_FORMAT)
		web_unavailable(q, a, e);
}

void
token_endpoint(struct web_request *q, struct web_response *a)
{
	struct exchange x = { .q = q, .a = a };
	enum err e = clientauth(q, a, &x.client);

	if (!e && (x.client.flags & DB_RESOURCE))
		e = refuse(&x, "unauthorized_client", "a resource server gets no tokens");
	if (!e)
		e = run_grant(&x);
	db_row_done(&x.client);
	if (e && e != ERR_FORMAT)
		web_unavailable(q, a, e);
}
