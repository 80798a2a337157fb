#include "oidc/op/authreq.h"
#include "oidc/op/pkce.h"
#include "oidc/op/scope.h"
#include "oidc/op/uri.h"

/* What a check works with; false: it fails, with the row's error or the one in *wrong. */
struct judge {
	struct authreq *r;
	const struct authreq_rules *rules;
	struct authreq_wrong *wrong;
	enum err e; /* not the request's fault */
};

typedef bool check_fn(struct judge *j);

static bool
say(struct judge *j, const char *error, const char *text)
{
	*j->wrong = (struct authreq_wrong){ error, text };
	return false;
}

static struct span
value(const struct judge *j, const char *name)
{
	return form_value(j->r->form, name);
}

static bool
is_once(const struct judge *j, const char *name)
{
	return form_get(j->r->form, name, NULL) == FORM_ONE;
}

static bool
is_stranger(const struct judge *j)
{
	return (j->r->client.flags & DB_STRANGER) != 0;
}

/* IndieAuth before 2020. */
static bool
is_old(const struct judge *j)
{
	return is_stranger(j) && j->rules->old_clients;
}

/* ---- before anything is known: a page ---- */
static bool
client_is_once(struct judge *j)
{
	return is_once(j, "client_id");
}

static bool
client_is_known(struct judge *j)
{
	struct span id = value(j, "client_id");
	enum err e = db_client_get(j->rules->db, id, &j->r->client);

	if (e == ERR_NOTFOUND && j->rules->indieauth)
		e = indie_client(j->rules->db, id, &j->r->client);
	if (e && e != ERR_NOTFOUND)
		j->e = e;
	return !e && !(j->r->client.flags & DB_RESOURCE);
}

static bool
redirect_is_once(struct judge *j)
{
	return is_once(j, "redirect_uri");
}

/* Where it leads is known once the client's page was read, which is not before a login. */
static bool
redirect_is_published(struct judge *j, struct span uri)
{
	if (!indie_may_redirect(j->r->client.id, j->rules->met, uri))
		return say(j, "invalid_request",
		    "redirect_uri is neither at the address of this client nor on its list");
	j->r->redirect_uri = uri;
	j->r->known = j->rules->met != NULL;
	return true;
}

static bool
redirect_is_listed(struct judge *j)
{
	struct span uri = value(j, "redirect_uri");

	if (is_stranger(j))
		return redirect_is_published(j, uri);
	if (!uri_is_listed(j->r->client.redirects, uri, j->r->client.flags & DB_NATIVE))
		return false;
	j->r->redirect_uri = uri;
	j->r->known = true;
	return true;
}

/* ---- from here on the client is told ---- */
/* First, since the answer needs it: one that came twice is not sent back. */
static bool
state_fits(struct judge *j)
{
	struct span s;
	enum form_got got = form_get(j->r->form, "state", &s);

	if (got == FORM_TWICE || s.len > AUTHREQ_STATE)
		return false;
	j->r->state = s;
	return true;
}

static bool
mode_is_known(struct judge *j)
{
	struct span m = value(j, "response_mode");

	j->r->form_post = span_is(m, "form_post");
	return !m.len || j->r->form_post || span_is(m, "query");
}

/* RFC 8707 lets resource stand there several times, and has its own error for that. */
static bool
nothing_is_twice(struct judge *j)
{
	static const char *const may[] = { "resource", NULL };
	struct span name;

	return !form_repeats(j->r->form, may, &name);
}

static bool
is_absent(struct judge *j, const char *name)
{
	return form_get(j->r->form, name, NULL) == FORM_ABSENT;
}

static bool
no_request(struct judge *j)
{
	return is_absent(j, "request");
}

static bool
no_request_uri(struct judge *j)
{
	return is_absent(j, "request_uri");
}

static bool
no_registration(struct judge *j)
{
	return is_absent(j, "registration");
}

static bool
has_response_type(struct judge *j)
{
	return is_old(j) || is_once(j, "response_type");
}

static bool
response_is_code(struct judge *j)
{
	struct span type = value(j, "response_type");

	return span_is(type, "code") || (is_old(j) && (!type.len || span_is(type, "id")));
}

static bool
scope_fits(struct judge *j)
{
	struct span asked = value(j, "scope");

	if (is_stranger(j)) {
		bool good = indie_put_scopes(&j->r->scopes, asked);

		j->e = buf_err(&j->r->scopes);
		return !j->e && good;
	}
	if (!scope_is_set(asked))
		return false;
	scope_put_allowed(&j->r->scopes, asked, j->r->client.scopes);
	j->e = buf_err(&j->r->scopes);
	return !j->e && j->r->scopes.len > 0;
}

/* RFC 8707 2: the service that the access token is for, one that is known here. */
static bool
resource_is_known(struct judge *j)
{
	struct db_client api;
	struct span s;
	enum form_got got = form_get(j->r->form, "resource", &s);
	enum err e;

	if (got == FORM_ABSENT)
		return true;
	if (got == FORM_TWICE)
		return false;
	e = db_client_get(j->rules->db, s, &api);
	if (e && e != ERR_NOTFOUND)
		j->e = e;
	if (!e && api.flags & DB_RESOURCE)
		j->r->audience = s;
	db_row_done(&api);
	return j->r->audience.len > 0;
}

static bool
nonce_fits(struct judge *j)
{
	j->r->nonce = value(j, "nonce");
	return j->r->nonce.len <= AUTHREQ_NONCE;
}

/* A challenge that is taken out of a request on its way must not go unnoticed (authentik
 * CVE-2024-23647): who has no secret must have one, others unless they are known not to. */
static bool
challenge_fits(struct judge *j)
{
	struct span method = value(j, "code_challenge_method");
	bool must = (j->r->client.auth == DB_AUTH_NONE && !is_old(j)) ||
	    (j->rules->pkce_always && !(j->r->client.flags & DB_NO_PKCE));

	j->r->challenge = value(j, "code_challenge");
	if (!j->r->challenge.len) {
		if (must)
			return say(j, "invalid_request", "code_challenge is missing (PKCE)");
		return !method.len ||
		    say(j, "invalid_request", "code_challenge_method without code_challenge");
	}
	if (!span_is(method, "S256"))
		return say(j, "invalid_request", "code_challenge_method must be S256");
	return pkce_is_challenge(j->r->challenge);
}

static bool
prompt_fits(struct judge *j)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = { { "none", AUTHREQ_PROMPT_NONE }, { "login", AUTHREQ_PROMPT_LOGIN },
		{ "consent", AUTHREQ_PROMPT_CONSENT },
		{ "select_account", AUTHREQ_PROMPT_SELECT } };
	struct span all = value(j, "prompt"), rest = all, one;

	/* one that is not known is as if it were not there */
	while (scope_next(&rest, &one))
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			if (span_is(one, known[i].name))
				j->r->prompt |= known[i].bit;
	return !(j->r->prompt & AUTHREQ_PROMPT_NONE) || span_is(all, "none");
}

static bool
max_age_fits(struct judge *j)
{
	struct span s = value(j, "max_age");

	j->r->has_max_age = s.len > 0;
	if (s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		j->r->max_age = j->r->max_age * 10 + s.p[i] - '0';
	}
	return true;
}

static bool
hint_fits(struct judge *j)
{
	return value(j, "id_token_hint").len <= AUTHREQ_HINT;
}

/* In this order.  Rows above "state" are for pages: nothing may be sent to an address that nobody
 * vouched for. */
static const struct {
	check_fn *fn;
	const char *error, *text;
} checks[] = {
	{ client_is_once, "invalid_request", "client_id is missing, or there twice" },
	{ client_is_known, "invalid_request", "no client of this id is registered here" },
	{ redirect_is_once, "invalid_request", "redirect_uri is missing, or there twice" },
	{ redirect_is_listed, "invalid_request",
	    "redirect_uri is not one that this client registered" },
	{ state_fits, "invalid_request", "state is too long, or there twice" },
	{ mode_is_known, "invalid_request", "response_mode is query or form_post" },
	{ nothing_is_twice, "invalid_request", "a parameter is there twice" },
	{ no_request, "request_not_supported", "request objects are not taken here" },
	{ no_request_uri, "request_uri_not_supported", "request_uri is not taken here" },
	{ no_registration, "registration_not_supported", "registration is not taken here" },
	{ has_response_type, "invalid_request", "response_type is missing" },
	{ response_is_code, "unsupported_response_type", "response_type must be code" },
	{ scope_fits, "invalid_scope", "scope has nothing that this client may ask for" },
	{ resource_is_known, "invalid_target", "resource is one service that is known here" },
	{ nonce_fits, "invalid_request", "nonce is too long" },
	{ challenge_fits, "invalid_request", "code_challenge is malformed" },
	{ prompt_fits, "invalid_request", "prompt none stands alone" },
	{ max_age_fits, "invalid_request", "max_age is a number of seconds" },
	{ hint_fits, "invalid_request", "id_token_hint is too long" },
};

enum err
authreq_judge(struct authreq *r, const struct form *form, const struct authreq_rules *rules,
    struct authreq_wrong *wrong)
{
	struct judge j = { .r = r, .rules = rules, .wrong = wrong };

	r->form = form;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		*wrong = (struct authreq_wrong){ checks[i].error, checks[i].text };
		if (!checks[i].fn(&j))
			return j.e ? j.e : ERR_FORMAT;
	}
	*wrong = (struct authreq_wrong){ NULL, NULL };
	return ERR_OK;
}

void
authreq_done(struct authreq *r)
{
	db_row_done(&r->client);
	buf_done(&r->scopes);
	*r = (struct authreq){ .known = false };
}
