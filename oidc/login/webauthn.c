#include "oidc/login/webauthn.h"

#include <jansson.h>

#include "lib/cbor.h"
#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/login/authdata.h"

static enum err
no(struct webauthn_why *why, const char *text)
{
	why->text = text;
	return ERR_FORMAT;
}

/* ---- clientDataJSON (5.8.1) ---- */
static bool
is_text(const json_t *object, const char *name, const char *want)
{
	const json_t *v = json_object_get(object, name);

	return json_is_string(v) && json_string_length(v) == strlen(want) &&
	    memcmp(json_string_value(v), want, strlen(want)) == 0;
}

static enum err
judge_json(
    const struct webauthn_expect *x, const json_t *j, const char *type, struct webauthn_why *why)
{
	char challenge[44];

	text_encode_raw(TEXT_BASE64URL, SPAN(x->challenge, WEBAUTHN_CHALLENGE), challenge);
	challenge[43] = '\0';
	if (!is_text(j, "type", type))
		return no(why, "clientData: type");
	if (!is_text(j, "challenge", challenge))
		return no(why, "clientData: challenge");
	if (!is_text(j, "origin", x->origin))
		return no(why, "clientData: origin");
	/* somebody else's page around ours; two libraries looked at neither */
	if (json_object_get(j, "crossOrigin") && !json_is_false(json_object_get(j, "crossOrigin")))
		return no(why, "clientData: crossOrigin");
	if (json_object_get(j, "topOrigin"))
		return no(why, "clientData: topOrigin");
	return ERR_OK;
}

static enum err
judge_client_data(
    const struct webauthn_expect *x, struct span in, const char *type, struct webauthn_why *why)
{
	json_t *j;
	enum err e;

	if (!in.len || in.len > WEBAUTHN_JSON_MAX)
		return no(why, "clientData: length");
	/* 7.1 step 6: UTF-8 decode drops a byte order mark */
	if (span_eq(span_sub(in, 0, 3), SPAN_LIT("\xef\xbb\xbf")))
		in = SPAN(in.p + 3, in.len - 3);
	j = json_loadb((const char *)in.p, in.len, JSON_REJECT_DUPLICATES, NULL);
	e = json_is_object(j) ? judge_json(x, j, type, why) : no(why, "clientData: no JSON");
	json_decref(j);
	return e;
}

/* ---- authenticator data ---- */
static enum err
judge_authdata(const struct webauthn_expect *x, const struct authdata *d, struct webauthn_why *why)
{
	uint8_t hash[32];

	crypto_sha256(span_str(x->rp_id), hash);
	if (!span_eq(d->rp_hash, SPAN(hash, 32)))
		return no(why, "authData: rpIdHash");
	if (!(d->flags & AUTHDATA_UP))
		return no(why, "authData: not touched");
	if (x->uv && !(d->flags & AUTHDATA_UV))
		return no(why, "authData: no PIN or fingerprint");
	return ERR_OK;
}

static uint64_t
row_flags(const struct authdata *d)
{
	return (d->flags & AUTHDATA_UV ? DB_UV : 0) | (d->flags & AUTHDATA_BE ? DB_BE : 0) |
	    (d->flags & AUTHDATA_BS ? DB_BS : 0);
}

/* What was signed: authData || SHA-256(clientDataJSON). */
static enum err
check_signature(const struct cose_key *k, struct span authdata, struct span client_data,
    struct span sig, struct webauthn_why *why)
{
	struct buf msg = BUF_INIT;
	uint8_t hash[32];
	enum err e;

	crypto_sha256(client_data, hash);
	buf_put_span(&msg, authdata);
	buf_put(&msg, hash, sizeof hash);
	if (!(e = buf_err(&msg)) && !cose_verify(k, buf_span(&msg), sig))
		e = no(why, "signature");
	buf_done(&msg);
	return e;
}

/* ---- registration (7.1) ---- */
struct object {
	struct span fmt, authdata, statement;
};

/* {"fmt": text, "attStmt": map, "authData": bytes}, in the order of CTAP2's canonical CBOR. */
static enum err
parse_object(struct span in, struct object *o)
{
	struct cbor c = cbor_from(in);
	struct span name;
	size_t n;
	enum err e;

	if ((e = cbor_check(in)) || (e = cbor_get_map(&c, &n)))
		return e;
	if (n != 3)
		return ERR_FORMAT;
	if ((e = cbor_get_text(&c, &name)) || !span_is(name, "fmt") ||
	    (e = cbor_get_text(&c, &o->fmt)))
		return e ? e : ERR_FORMAT;
	if ((e = cbor_get_text(&c, &name)) || !span_is(name, "attStmt") ||
	    (e = cbor_skip(&c, &o->statement)))
		return e ? e : ERR_FORMAT;
	if ((e = cbor_get_text(&c, &name)) || !span_is(name, "authData") ||
	    (e = cbor_get_bytes(&c, &o->authdata)))
		return e ? e : ERR_FORMAT;
	return ERR_OK;
}

/* packed without a certificate: signed by the new key itself (8.2). */
static enum err
judge_self(const struct object *o, const struct cose_key *k, struct span client_data,
    struct webauthn_why *why)
{
	struct cbor c = cbor_from(o->statement);
	struct span name, sig;
	size_t n;
	int64_t alg;

	if (cbor_get_map(&c, &n) || n != 2 || cbor_get_text(&c, &name) || !span_is(name, "alg") ||
	    cbor_get_int(&c, &alg) || alg != k->kind || cbor_get_text(&c, &name) ||
	    !span_is(name, "sig") || cbor_get_bytes(&c, &sig))
		return no(why, "attestation: packed");
	return check_signature(k, o->authdata, client_data, sig, why);
}

/* We ask for none, and do not want to know which make a token is of; what came all the same must
 * at least be one of the two forms that then come. */
static enum err
judge_statement(const struct object *o, const struct cose_key *k, struct span client_data,
    struct webauthn_why *why)
{
	if (span_is(o->fmt, "none"))
		return o->statement.len == 1 && o->statement.p[0] == 0xa0
		    ? ERR_OK
		    : no(why, "attestation: none, and something");
	if (span_is(o->fmt, "packed"))
		return judge_self(o, k, client_data, why);
	return no(why, "attestation: a format that was not asked for");
}

enum err
webauthn_register(const struct webauthn_expect *x, struct span client_data, struct span object,
    struct db_credential *row, struct webauthn_why *why)
{
	struct object o = { .fmt = SPAN_NONE };
	struct authdata d;
	struct cose_key k;
	enum err e;

	if ((e = judge_client_data(x, client_data, "webauthn.create", why)))
		return e;
	if (object.len > WEBAUTHN_OBJECT_MAX || parse_object(object, &o))
		return no(why, "attestationObject");
	if (authdata_parse(o.authdata, &d) || !(d.flags & AUTHDATA_AT))
		return no(why, "authData");
	if ((e = judge_authdata(x, &d, why)))
		return e;
	if (cose_parse(d.key, &k))
		return no(why, "public key");
	if ((e = judge_statement(&o, &k, client_data, why)))
		return e;
	row->id = d.id;
	row->key = d.key;
	memcpy(row->aaguid, d.aaguid.p, sizeof row->aaguid);
	row->count = d.count;
	row->flags = row_flags(&d);
	return ERR_OK;
}

/* ---- authentication (7.2) ---- */
static enum err
judge_row(const struct webauthn_assertion *got, const struct authdata *d,
    const struct db_credential *row, struct webauthn_why *why)
{
	if (!span_eq(got->id, row->id))
		return no(why, "another credential");
	if (got->user_handle.len && !span_eq(got->user_handle, SPAN(row->account, DB_ID)))
		return no(why, "userHandle of another account");
	if (d->flags & AUTHDATA_AT)
		return no(why, "authData: a new credential in an assertion");
	if (!(d->flags & AUTHDATA_BE) != !(row->flags & DB_BE))
		return no(why, "authData: backup eligibility changed");
	/* 7.2 step 22: a copy of the token would count on its own */
	if ((d->count || row->count) && d->count <= row->count)
		return no(why, "the counter went back: perhaps the token was copied");
	return ERR_OK;
}

enum err
webauthn_assert(const struct webauthn_expect *x, const struct webauthn_assertion *got,
    struct db_credential *row, struct webauthn_why *why)
{
	struct authdata d;
	struct cose_key k;
	enum err e;

	if ((e = judge_client_data(x, got->client_data, "webauthn.get", why)))
		return e;
	if (authdata_parse(got->authdata, &d))
		return no(why, "authData");
	if ((e = judge_authdata(x, &d, why)))
		return e;
	if (cose_parse(row->key, &k))
		return ERR_DB_DAMAGED;
	if ((e = check_signature(&k, got->authdata, got->client_data, got->signature, why)) ||
	    (e = judge_row(got, &d, row, why)))
		return e;
	row->count = d.count;
	row->flags = (row->flags & ~(uint64_t)DB_BS) | (row_flags(&d) & (DB_BS | DB_UV));
	return ERR_OK;
}
