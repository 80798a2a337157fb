/*
 * metadata.c - discovery documents and public keys.
 *
 * Some members mean something when they are absent: request_uri_parameter_supported would be true,
 * grant types would include implicit, PKCE would be unknown. All that has such a default is said.
 */
#include "oidc/op/metadata.h"

#include <stdlib.h>

#include "oidc/page/say.h"
#include "oidc/sign.h"
#include "oidc/web/jput.h"

struct metadata {
	struct buf document;
	uint64_t version;
	bool made;
};

static const struct {
	enum jwt_alg alg;
	enum oidc_alg bit;
	const char *name;
} algorithms[] = {
	{ JWT_RS256, OIDC_RS256, "RS256" },
	{ JWT_ES256, OIDC_ES256, "ES256" },
	{ JWT_EDDSA, OIDC_EDDSA, "EdDSA" },
};

static void
put_address(struct jput *j, const char *key, const struct oidc_conf *c, const char *path)
{
	struct buf text = BUF_INIT;

	buf_put_str(&text, c->issuer);
	buf_put_str(&text, path);
	jput_text(j, key, buf_span(&text));
	buf_done(&text);
}

static void
put_endpoints(struct jput *j, const struct oidc_conf *c)
{
	static const struct {
		const char *key, *path;
	} rows[] = {
		{ "authorization_endpoint", PATH_AUTHORIZE },
		{ "token_endpoint", PATH_TOKEN },
		{ "userinfo_endpoint", PATH_USERINFO },
		{ "jwks_uri", PATH_JWKS },
		{ "introspection_endpoint", PATH_INTROSPECT },
		{ "revocation_endpoint", PATH_REVOKE },
		{ "end_session_endpoint", PATH_LOGOUT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		put_address(j, rows[i].key, c, rows[i].path);
}

static void
put_lists(struct jput *j)
{
	static const struct {
		const char *key, *words;
	} rows[] = {
		{ "scopes_supported", "openid profile email address phone groups offline_access" },
		{ "response_types_supported", "code" },
		{ "response_modes_supported", "query form_post" },
		{ "grant_types_supported", "authorization_code refresh_token" },
		{ "subject_types_supported", "pairwise public" },
		{ "token_endpoint_auth_methods_supported",
		    "client_secret_basic client_secret_post none" },
		{ "revocation_endpoint_auth_methods_supported",
		    "client_secret_basic client_secret_post none" },
		{ "introspection_endpoint_auth_methods_supported",
		    "client_secret_basic client_secret_post" },
		{ "code_challenge_methods_supported", "S256" },
		{ "prompt_values_supported", "none login consent select_account" },
		{ "display_values_supported", "page popup touch" },
		{ "ui_locales_supported", say_tags },
		{ "claim_types_supported", "normal" },
		{ "claims_supported",
		    "iss sub aud exp iat auth_time nonce acr amr azp at_hash sid name "
		    "preferred_username given_name family_name nickname profile picture website "
		    "gender birthdate zoneinfo locale updated_at email email_verified address "
		    "phone_number phone_number_verified groups" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		jput_words(j, rows[i].key, span_str(rows[i].words));
}

/* What there are keys for; before the agent ever answered, what is configured. */
static void
put_algorithms(struct jput *j, const struct oidc *o)
{
	bool known = sign_key_at(o->sign, 0) != NULL;

	jput_list(j, "id_token_signing_alg_values_supported");
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (known ? sign_can(o->sign, algorithms[i].alg)
			  : (o->conf.algorithms & algorithms[i].bit) != 0)
			jput_text(j, NULL, span_str(algorithms[i].name));
	jput_end(j);
}

static void
put_booleans(struct jput *j, const struct oidc_conf *c)
{
	jput_bool(j, "authorization_response_iss_parameter_supported", true);
	jput_bool(j, "claims_parameter_supported", false);
	jput_bool(j, "request_parameter_supported", false);
	jput_bool(j, "request_uri_parameter_supported", false);
	jput_bool(j, "require_request_uri_registration", false);
	jput_bool(j, "backchannel_logout_supported", false);
	jput_bool(j, "frontchannel_logout_supported", false);
	jput_bool(j, "client_id_metadata_document_supported", c->indieauth);
}

static enum err
make(struct metadata *m, const struct oidc *o)
{
	struct buf text = BUF_INIT;
	struct jput j = jput_into(&text);

	jput_object(&j, NULL);
	jput_text(&j, "issuer", span_str(o->conf.issuer));
	put_endpoints(&j, &o->conf);
	put_lists(&j);
	put_algorithms(&j, o);
	put_booleans(&j, &o->conf);
	if (o->conf.policy_uri[0])
		jput_text(&j, "op_policy_uri", span_str(o->conf.policy_uri));
	if (o->conf.tos_uri[0])
		jput_text(&j, "op_tos_uri", span_str(o->conf.tos_uri));
	jput_end(&j);
	if (buf_err(&text)) {
		buf_done(&text);
		return ERR_NOMEM;
	}
	buf_done(&m->document);
	m->document = text;
	m->version = sign_version(o->sign);
	m->made = true;
	return ERR_OK;
}

void
metadata_document(struct web_request *q, struct web_response *a)
{
	const struct oidc *o = q->oidc;
	struct metadata *m = o->metadata;
	enum err e = ERR_OK;

	if (!m->made || m->version != sign_version(o->sign))
		e = make(m, o);
	if (e) {
		web_unavailable(q, a, e);
		return;
	}
	web_header_put(a, "Cache-Control", SPAN_LIT("public, max-age=3600"));
	buf_put_span(&a->body, buf_span(&m->document));
	web_json(a, 200);
}

void
metadata_jwks(struct web_request *q, struct web_response *a)
{
	struct span jwks = sign_jwks(q->oidc->sign);

	if (!jwks.len) {
		web_unavailable(q, a, ERR_NOAGENT);
		return;
	}
	web_header_put(a, "Cache-Control", SPAN_LIT("public, max-age=600"));
	buf_put_span(&a->body, jwks);
	a->status = 200;
	a->type = "application/jwk-set+json";
}

enum err
metadata_new(struct metadata **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

void
metadata_done(struct metadata *m)
{
	if (m)
		buf_done(&m->document);
	free(m);
}
