#include <time.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/op/indie.h"
#include "oidc/op/issue.h"
#include "oidc/op/scope.h"
#include "oidc/sign.h"
#include "oidc/web/jput.h"

#define CLAIMS 8

/* ---- the ID token (OpenID Connect Core 2) ---- */
struct claims {
	struct ops_jwt_claim at[CLAIMS];
	size_t n;
	struct span amr[4];
	char at_hash[22], sid[SESSION_NAME];
};

static struct ops_jwt_claim *
next(struct claims *c, const char *name)
{
	struct ops_jwt_claim *one = &c->at[c->n++];

	*one = (struct ops_jwt_claim){ .name = span_str(name) };
	return one;
}

static void
put_text(struct claims *c, const char *name, struct span text)
{
	if (text.len)
		next(c, name)->text = text;
}

static void
put_amr(struct claims *c, struct span words)
{
	struct wire_list l = { .v = c->amr };

	while (l.n < sizeof c->amr / sizeof *c->amr && scope_next(&words, &c->amr[l.n]))
		l.n++;
	if (l.n)
		next(c, "amr")->texts = l;
}

/* Core 3.1.3.6: half of the hash that goes with the algorithm, which is SHA-256.  Not for EdDSA: no
 * document says which hash that is (Ed25519 hashes by SHA-512 within), Authlib 1.2 refuses any, and
 * a code flow does not need it. */
static void
put_at_hash(struct claims *c, enum jwt_alg alg, const char *access)
{
	uint8_t hash[32];

	if (alg == JWT_EDDSA)
		return;
	crypto_sha256(span_str(access), hash);
	text_encode_raw(TEXT_BASE64URL, SPAN(hash, 16), c->at_hash);
	put_text(c, "at_hash", SPAN(c->at_hash, text_encoded_len(TEXT_BASE64URL, 16)));
}

static enum jwt_alg
algorithm(const struct db_client *client)
{
	return span_is(client->algorithm, "ES256") ? JWT_ES256
	    : span_is(client->algorithm, "EdDSA")  ? JWT_EDDSA
						   : JWT_RS256;
}

static void
put_claims(struct claims *c, const struct issue *i, enum jwt_alg alg, const char *access)
{
	if (i->first)
		put_text(c, "nonce", i->grant->nonce);
	next(c, "auth_time")->number = i->grant->auth_time;
	if (scope_has(i->grant->amr, "hwk"))
		put_text(c, "acr", SPAN_LIT("phrh"));
	put_amr(c, i->grant->amr);
	put_at_hash(c, alg, access);
	if (!crypto_is_zero(SPAN(i->grant->sid, DB_ID))) {
		session_name(i->grant->sid, i->client->id, c->sid);
		put_text(c, "sid", span_str(c->sid));
	}
	for (size_t k = 0; k < c->n; k++)
		wire_mark(&ops_jwt_claim_map, &c->at[k]);
}

enum err
issue_sign(struct web_request *q, const struct issue *i, struct issue_signed *out)
{
	enum jwt_alg alg = algorithm(i->client);
	char account[2 * DB_ID];
	struct claims c = { .n = 0 };
	struct sign_made made;
	enum err e;
	struct ops_jwt_sign want = { .alg = alg,
		.typ = JWT_ID_TOKEN,
		.audience = i->client->id,
		.lifetime = q->oidc->conf.id_lifetime };

	*out = (struct issue_signed){ .id_token = BUF_INIT };
	handle_make(HANDLE_ACCESS, out->access, out->access_hash);
	if (!scope_has(i->grant->scopes, "openid"))
		return ERR_OK;
	put_claims(&c, i, alg, out->access);
	text_encode_raw(TEXT_HEX, SPAN(i->grant->account, DB_ID), account);
	want.account = SPAN(account, sizeof account);
	want.claims = (struct wire_list){ .v = c.at, .n = c.n };
	if ((e = sign_token(q->oidc->sign, &want, &out->id_token, &made)))
		return e;
	memcpy(out->sub, made.subject, sizeof out->sub);
	return ERR_OK;
}

void
issue_signed_done(struct issue_signed *s)
{
	buf_done(&s->id_token);
	*s = (struct issue_signed){ .id_token = BUF_INIT };
}

/* ---- the answer ---- */
/* The vault decides, and its list may have changed since the consent: what userinfo says is what
 * the ID token says (Core 5.3.2). */
static struct span
subject(const struct issue *i, const struct issue_signed *s)
{
	return s->sub[0] ? span_str(s->sub) : i->grant->sub;
}

/* What can be refreshed was asked for to last (Core 11), or is of an IndieAuth client: it stays
 * when the browser's session ends (Back-Channel Logout 2.7). */
static struct db_token
row(const struct issue *i, const struct issue_signed *s, enum db_kind kind, uint64_t life)
{
	const struct code *g = i->grant;
	struct db_token t = { .kind = kind,
		.client = i->client->id,
		.scopes = g->scopes,
		.audience = g->audience,
		.sub = subject(i, s),
		.amr = g->amr,
		.auth_time = g->auth_time,
		.issued = (uint64_t)time(NULL),
		.lasts = i->refresh };

	memcpy(t.family, g->family, DB_ID);
	memcpy(t.account, g->account, DB_ID);
	memcpy(t.sid, g->sid, DB_ID);
	t.expires = t.issued + life;
	return t;
}

static enum err
write_down(struct web_request *q, const struct issue *i, const struct issue_signed *s,
    char refresh[HANDLE_TEXT])
{
	const struct oidc_conf *c = &q->oidc->conf;
	struct db_token t = row(i, s, DB_ACCESS, c->access_lifetime);
	enum err e;

	if (!span_eq(t.sub, i->grant->sub) &&
	    (e = db_consent_subject(q->oidc->db, t.account, t.client, t.sub)) && e != ERR_NOTFOUND)
		return e;
	memcpy(t.hash, s->access_hash, DB_HASH);
	if ((e = db_token_add(q->oidc->db, &t)) || !i->refresh)
		return e;
	t = row(i, s, DB_REFRESH_TOKEN, c->refresh_lifetime);
	if (i->later.len)
		t.scopes = i->later;
	handle_make(HANDLE_REFRESH, refresh, t.hash);
	return db_token_add(q->oidc->db, &t);
}

/* IndieAuth 5.3.3 */
static enum err
put_person(struct web_request *q, struct jput *j, const struct issue *i)
{
	struct db_account account;
	enum err e = db_account_get(q->oidc->db, i->grant->account, &account);

	if (!e)
		e = indie_put_person(j, &account, i->grant->scopes);
	db_row_done(&account);
	return e;
}

enum err
issue_answer(struct web_request *q, struct web_response *a, const struct issue *i,
    const struct issue_signed *s)
{
	char refresh[HANDLE_TEXT] = "";
	struct jput j = jput_into(&a->body);
	enum err e = write_down(q, i, s, refresh);

	if (e)
		return e;
	jput_object(&j, NULL);
	jput_text(&j, "access_token", span_str(s->access));
	jput_text(&j, "token_type", SPAN_LIT("Bearer"));
	jput_uint(&j, "expires_in", q->oidc->conf.access_lifetime);
	jput_text(&j, "scope", i->grant->scopes);
	if (i->refresh)
		jput_text(&j, "refresh_token", span_str(refresh));
	if (s->id_token.len)
		jput_text(&j, "id_token", buf_span(&s->id_token));
	if (i->client->flags & DB_STRANGER && (e = put_person(q, &j, i)))
		return e;
	jput_end(&j);
	web_json(a, 200);
	return buf_err(&a->body);
}
