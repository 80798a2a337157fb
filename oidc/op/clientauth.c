#include "lib/crypto.h"
#include "oidc/oidc.h"
#include "oidc/op/clientauth.h"
#include "oidc/op/indie.h"

struct claim {
	enum db_auth how;
	struct span id, secret;
};

static enum err
refuse(struct web_request *q, struct web_response *a, const struct claim *c, const char *text)
{
	/* RFC 6749 5.2: who tried Basic is told so */
	if (c->how == DB_AUTH_BASIC)
		web_header_put(a, "WWW-Authenticate", SPAN_LIT("Basic realm=\"ownkey\""));
	web_refuse(q, a, 401, "invalid_client", text);
	return ERR_FORMAT;
}

static enum err
malformed(struct web_request *q, struct web_response *a, const char *text)
{
	web_refuse(q, a, 400, "invalid_request", text);
	return ERR_FORMAT;
}

/* What the request says; spans are in *basic and in the form. */
static enum err
read_claim(struct web_request *q, struct web_response *a, struct header_credentials *basic,
    struct claim *c)
{
	struct span id, secret;
	enum form_got has_id = form_get(&q->form, "client_id", &id);
	enum form_got has_secret = form_get(&q->form, "client_secret", &secret);

	if (web_authorization(q, basic))
		return malformed(q, a, "the Authorization header is malformed");
	if (has_id == FORM_TWICE || has_secret == FORM_TWICE)
		return malformed(q, a, "client_id or client_secret is there twice");
	if (form_get(&q->form, "client_assertion", NULL) != FORM_ABSENT)
		return refuse(q, a, c, "client_assertion is not taken here");
	if (basic->kind == HEADER_AUTH_BASIC) {
		*c = (struct claim){ DB_AUTH_BASIC, basic->id, basic->secret };
		if (has_secret != FORM_ABSENT)
			return malformed(q, a, "the client authenticates in two ways");
		if (has_id == FORM_ONE && !span_eq(id, basic->id))
			return malformed(q, a, "two different clients are named");
		return ERR_OK;
	}
	*c = (struct claim){ has_secret == FORM_ONE ? DB_AUTH_POST : DB_AUTH_NONE, id, secret };
	return ERR_OK;
}

/* Compared even when there is no such client: the time says nothing about who is registered. */
static bool
fits(const struct db_client *client, const struct claim *c)
{
	uint8_t hash[DB_HASH];
	bool same;

	crypto_sha256(c->secret, hash);
	same = crypto_eq(SPAN(hash, DB_HASH), SPAN(client->secret, DB_HASH));
	if (!client->id.len || client->auth != c->how)
		return false;
	return client->auth == DB_AUTH_NONE || same;
}

enum err
clientauth(struct web_request *q, struct web_response *a, struct db_client *client)
{
	struct header_credentials basic = { .kind = HEADER_AUTH_NONE };
	struct claim c = { .how = DB_AUTH_NONE };
	enum err e;

	*client = (struct db_client){ .flags = 0 };
	if ((e = read_claim(q, a, &basic, &c)))
		goto out;
	e = db_client_get(q->oidc->db, c.id, client);
	if (e == ERR_NOTFOUND && q->oidc->conf.indieauth)
		e = indie_client(q->oidc->db, c.id, client);
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
	if (!e && !fits(client, &c))
		e = refuse(q, a, &c, "the client is not known, or did not prove who it is");
out:
	header_credentials_done(&basic);
	return e;
}
