#include <time.h>

#include "oidc/db/handle.h"
#include "oidc/oidc.h"
#include "oidc/op/claims.h"
#include "oidc/op/clientauth.h"
#include "oidc/op/scope.h"
#include "oidc/op/userinfo.h"
#include "oidc/web/jput.h"

/* RFC 6750 3: with an error only when there were credentials. */
static void
refuse_bearer(struct web_request *q, struct web_response *a, const char *error, const char *text)
{
	bool scope = error && span_is(span_str(error), "insufficient_scope");
	struct buf b = BUF_INIT;

	buf_put_str(&b, "Bearer realm=\"ownkey\"");
	if (error)
		buf_putf(&b, ", error=\"%s\"%s", error, scope ? ", scope=\"openid profile\"" : "");
	if (!buf_err(&b))
		web_header_put(a, "WWW-Authenticate", buf_span(&b));
	buf_done(&b);
	web_refuse(q, a, scope ? 403 : 401, error ? error : "invalid_request", text);
}

/* The one token that is there; false: there is none, or too many. */
static bool
bearer(struct web_request *q, struct header_credentials *auth, struct span *token)
{
	struct span in_form;
	enum form_got form = form_get(&q->form, "access_token", &in_form);
	bool header = !web_authorization(q, auth) && auth->kind == HEADER_AUTH_BEARER;

	if (form_get(&q->query, "access_token", NULL) != FORM_ABSENT)
		return false;
	*token = header ? auth->token : in_form;
	return header ? form == FORM_ABSENT : form == FORM_ONE;
}

/* A token of IndieAuth: about no subject. */
static bool
is_indie(const struct db_token *t)
{
	return !t->sub.len;
}

static enum err
tell(struct web_request *q, struct web_response *a, const struct db_token *t)
{
	struct db_account account;
	enum err e = db_account_get(q->oidc->db, t->account, &account);
	struct jput j;

	if (!e && account.disabled)
		e = ERR_NOTFOUND;
	if (!e) {
		j = jput_into(&a->body);
		jput_object(&j, NULL);
		if (is_indie(t)) {
			e = claims_put_profile(&j, &account, t->scopes);
		} else {
			jput_text(&j, "sub", t->sub);
			e = claims_put(&j, &account, t->scopes);
		}
		jput_end(&j);
		web_json(a, 200);
	}
	db_row_done(&account);
	return e;
}

void
userinfo_endpoint(struct web_request *q, struct web_response *a)
{
	struct header_credentials auth = { .kind = HEADER_AUTH_NONE };
	struct db_token t = { .issued = 0 };
	uint8_t hash[HANDLE_HASH];
	struct span token;
	enum err e;

	if (!bearer(q, &auth, &token)) {
		refuse_bearer(q, a, NULL, "an access token is needed, in the Authorization header");
		goto out;
	}
	e = handle_read(HANDLE_ACCESS, token, hash)
	    ? db_token_get(q->oidc->db, hash, (uint64_t)time(NULL), &t)
	    : ERR_NOTFOUND;
	/* one that is meant for somebody else's service opens nothing here */
	if (!e && (t.kind != DB_ACCESS || t.audience.len))
		e = ERR_NOTFOUND;
	if (!e && !scope_has(t.scopes, is_indie(&t) ? "profile" : "openid")) {
		refuse_bearer(q, a, "insufficient_scope",
		    "the token is neither for OpenID Connect nor for a profile of IndieAuth");
		goto out;
	}
	if (!e)
		e = tell(q, a, &t);
	if (e)
		buf_reset(&a->body);
	if (e == ERR_NOTFOUND)
		refuse_bearer(q, a, "invalid_token", "the access token is not known, or too old");
	else if (e)
		web_unavailable(q, a, e);
out:
	header_credentials_done(&auth);
	db_row_done(&t);
}

/* ---- introspection ---- */
static bool
may_see(const struct db_client *client, const struct db_token *t)
{
	if (t->spent)
		return false;
	/* clients of IndieAuth do not say for which service a token is to be */
	if (client->flags & DB_RESOURCE && t->kind == DB_ACCESS && is_indie(t) && !t->audience.len)
		return (client->flags & DB_INDIEAUTH) != 0;
	if (client->flags & DB_RESOURCE)
		return t->kind == DB_ACCESS && span_eq(t->audience, client->id);
	return span_eq(t->client, client->id);
}

/* A name is the same everywhere, which a pairwise subject is there to hide: services of the owner
 * need it, a client only if the person lets it know. */
static bool
may_know_name(const struct db_client *client, const struct db_token *t)
{
	return client->flags & DB_RESOURCE || scope_has(t->scopes, "profile");
}

static void
put_name(struct jput *j, const struct db_account *account)
{
	jput_text(j, "username", account->name);
	if (account->me.len)
		jput_text(j, "me", account->me);
}

static void
put_active(struct web_request *q, struct jput *j, const struct db_token *t)
{
	jput_bool(j, "active", true);
	jput_text(j, "iss", span_str(q->oidc->conf.issuer));
	if (!is_indie(t))
		jput_text(j, "sub", t->sub);
	jput_text(j, "client_id", t->client);
	jput_text(j, "scope", t->scopes);
	jput_text(j, "token_type", t->kind == DB_ACCESS ? SPAN_LIT("Bearer") : SPAN_LIT("refresh"));
	if (t->audience.len)
		jput_text(j, "aud", t->audience);
	jput_uint(j, "iat", t->issued);
	jput_uint(j, "exp", t->expires);
}

static enum err
look_up(struct web_request *q, struct span text, struct db_token *t)
{
	uint8_t hash[HANDLE_HASH];

	if (!handle_read(HANDLE_ACCESS, text, hash) && !handle_read(HANDLE_REFRESH, text, hash))
		return ERR_NOTFOUND;
	return db_token_get(q->oidc->db, hash, (uint64_t)time(NULL), t);
}

static enum err
introspect(struct web_request *q, struct web_response *a, const struct db_client *client)
{
	struct db_token t = { .issued = 0 };
	struct db_account account = { .created = 0 };
	struct jput j = jput_into(&a->body);
	enum err e = look_up(q, form_value(&q->form, "token"), &t);

	if (!e && !may_see(client, &t))
		e = ERR_NOTFOUND;
	if (!e)
		e = db_account_get(q->oidc->db, t.account, &account);
	if (!e && account.disabled)
		e = ERR_NOTFOUND;
	jput_object(&j, NULL);
	if (!e)
		put_active(q, &j, &t);
	else
		jput_bool(&j, "active", false);
	if (!e && may_know_name(client, &t))
		put_name(&j, &account);
	jput_end(&j);
	web_json(a, 200);
	db_row_done(&t);
	db_row_done(&account);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

void
introspect_endpoint(struct web_request *q, struct web_response *a)
{
	struct db_client client;
	enum err e = clientauth(q, a, &client);

	if (!e && client.auth == DB_AUTH_NONE) {
		web_refuse(q, a, 401, "invalid_client", "only who has a secret may ask");
		e = ERR_FORMAT;
	}
	if (!e && form_get(&q->form, "token", NULL) != FORM_ONE) {
		web_refuse(q, a, 400, "invalid_request", "token is missing, or there twice");
		e = ERR_FORMAT;
	}
	if (!e)
		e = introspect(q, a, &client);
	db_row_done(&client);
	if (e && e != ERR_FORMAT) {
		buf_reset(&a->body);
		web_unavailable(q, a, e);
	}
}

/* ---- revocation ---- */
static enum err
revoke(struct web_request *q, const struct db_client *client)
{
	struct db_token t = { .issued = 0 };
	enum err e = look_up(q, form_value(&q->form, "token"), &t);

	if (!e && !span_eq(t.client, client->id) && (client->id.len || !is_indie(&t)))
		e = ERR_NOTFOUND;
	if (!e && t.kind == DB_REFRESH_TOKEN)
		e = db_family_remove(q->oidc->db, t.family, NULL);
	else if (!e)
		e = db_token_remove(q->oidc->db, t.hash);
	db_row_done(&t);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* A client of IndieAuth need not say who it is (7.1): it has the token, and no secret. */
static bool
is_nameless(const struct web_request *q)
{
	struct span name;

	return q->oidc->conf.indieauth && web_header(q, "Authorization", &name) == FORM_ABSENT &&
	    form_get(&q->form, "client_id", NULL) == FORM_ABSENT &&
	    form_get(&q->form, "client_secret", NULL) == FORM_ABSENT;
}

void
revoke_endpoint(struct web_request *q, struct web_response *a)
{
	struct db_client client = { .flags = DB_STRANGER };
	enum err e = is_nameless(q) ? ERR_OK : clientauth(q, a, &client);

	if (!e && form_get(&q->form, "token", NULL) != FORM_ONE) {
		web_refuse(q, a, 400, "invalid_request", "token is missing, or there twice");
		e = ERR_FORMAT;
	}
	if (!e && !(e = revoke(q, &client))) {
		buf_put_str(&a->body, "{}");
		web_json(a, 200);
	}
	db_row_done(&client);
	if (e && e != ERR_FORMAT)
		web_unavailable(q, a, e);
}
