/*
 * oidc_forged.h - ceremonies of WebAuthn, made here by keys of these tests: what is right, and each
 * thing that can be wrong with it, by name.  Also told to another verifier (tests/interop).
 */
#ifndef TESTS_UNIT_OIDC_FORGED_H
#define TESTS_UNIT_OIDC_FORGED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/cbor.h"
#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/login/authdata.h"
#include "oidc/login/webauthn.h"

#define ORIGIN	  "https://id.example"
#define RP	  "id.example"
#define CHALLENGE "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static const uint8_t challenge[WEBAUTHN_CHALLENGE] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
static const struct webauthn_expect expect = { ORIGIN, RP, challenge, true };

/* What an authenticator and a browser would send, and how it is bent. */
struct forged {
	const char *type, *challenge, *origin, *other; /* of clientDataJSON */
	const char *json;			       /* instead of it */
	const char *rp;
	unsigned flags;
	uint32_t count;
	size_t id_len;
	enum cose_kind kind;
	struct span key; /* instead of a good one */
	bool extensions;
	struct span behind; /* authData */
	const char *fmt;
	struct span statement; /* empty: what fmt has */
	struct span behind_object;
	const char *order; /* members of the object: "fsa" */
	bool break_signature;
	struct span row_id, user_handle;
	uint32_t row_count;
	unsigned row_flags;
};

static uint8_t p256[32], p256_pub[64], seed[32], ed_pub[32], account[DB_ID];

static int
make_keys(void **state)
{
	(void)state;
	memset(p256, 7, sizeof p256);
	memset(seed, 9, sizeof seed);
	memset(account, 3, sizeof account);
	crypto_ed25519_public(seed, ed_pub);
	return crypto_p256_public(p256, p256_pub) == ERR_OK ? 0 : -1;
}

static struct forged
good(void)
{
	return (struct forged){ .type = "webauthn.create",
		.challenge = CHALLENGE,
		.origin = ORIGIN,
		.other = "",
		.rp = RP,
		.flags = AUTHDATA_UP | AUTHDATA_UV | AUTHDATA_AT,
		.count = 5,
		.id_len = 32,
		.kind = COSE_ES256,
		.fmt = "none",
		.order = "fsa" };
}

static struct forged
good_assertion(void)
{
	struct forged f = good();

	f.type = "webauthn.get";
	f.flags = AUTHDATA_UP | AUTHDATA_UV;
	f.row_count = 4;
	return f;
}

static void
put_key(struct buf *b, enum cose_kind kind)
{
	cbor_put_map(b, kind == COSE_ES256 ? 5 : 4);
	cbor_put_int(b, 1);
	cbor_put_int(b, kind == COSE_ES256 ? 2 : kind == COSE_EDDSA ? 1 : 3);
	cbor_put_int(b, 3);
	cbor_put_int(b, kind);
	cbor_put_int(b, -1);
	cbor_put_int(b, kind == COSE_ES256 ? 1 : 6);
	cbor_put_int(b, -2);
	cbor_put_bytes(b, kind == COSE_ES256 ? SPAN(p256_pub, 32) : SPAN(ed_pub, 32));
	if (kind == COSE_ES256) {
		cbor_put_int(b, -3);
		cbor_put_bytes(b, SPAN(p256_pub + 32, 32));
	}
}

static void
put_json(struct buf *b, const struct forged *f)
{
	if (f->json)
		buf_put_str(b, f->json);
	else
		buf_putf(b, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}", f->type,
		    f->challenge, f->origin, f->other);
}

static void
put_authdata(struct buf *b, const struct forged *f)
{
	uint8_t hash[32];

	crypto_sha256(span_str(f->rp), hash);
	buf_put(b, hash, sizeof hash);
	buf_put_u8(b, (uint8_t)f->flags);
	buf_put_u32(b, f->count);
	if (f->flags & AUTHDATA_AT) {
		buf_put_zero(b, 16);
		buf_put_u16(b, (uint16_t)f->id_len);
		for (size_t i = 0; i < f->id_len; i++)
			buf_put_u8(b, 0xcc);
		if (f->key.len)
			buf_put_span(b, f->key);
		else
			put_key(b, f->kind);
	}
	if (f->extensions)
		buf_put_span(b, SPAN_LIT("\xa1\x61x\x01"));
	buf_put_span(b, f->behind);
}

static void
sign(enum cose_kind kind, struct span authdata, struct span json, struct buf *sig)
{
	struct buf msg = BUF_INIT;
	uint8_t hash[32];

	crypto_sha256(json, hash);
	buf_put_span(&msg, authdata);
	buf_put(&msg, hash, sizeof hash);
	if (kind == COSE_EDDSA) {
		crypto_ed25519_sign(seed, ed_pub, buf_span(&msg), buf_room(sig, 64));
		buf_add(sig, 64);
	} else
		assert_int_equal(crypto_p256_sign(p256, buf_span(&msg), sig), ERR_OK);
	buf_done(&msg);
}

static void
put_statement(struct buf *b, const struct forged *f, struct span authdata, struct span json)
{
	struct buf sig = BUF_INIT;

	if (f->statement.len) {
		buf_put_span(b, f->statement);
	} else if (strcmp(f->fmt, "packed") != 0) {
		cbor_put_map(b, 0);
	} else {
		sign(f->kind, authdata, json, &sig);
		sig.p[sig.len - 1] ^= f->break_signature;
		cbor_put_map(b, 2);
		cbor_put_str(b, "alg");
		cbor_put_int(b, f->kind);
		cbor_put_str(b, "sig");
		cbor_put_bytes(b, buf_span(&sig));
	}
	buf_done(&sig);
}

static void
put_object(struct buf *b, const struct forged *f, struct span json)
{
	struct buf data = BUF_INIT;

	put_authdata(&data, f);
	cbor_put_map(b, strlen(f->order));
	for (const char *p = f->order; *p; p++) {
		cbor_put_str(b, *p == 'f' ? "fmt" : *p == 's' ? "attStmt" : "authData");
		if (*p == 'f')
			cbor_put_str(b, f->fmt);
		else if (*p == 's')
			put_statement(b, f, buf_span(&data), json);
		else
			cbor_put_bytes(b, buf_span(&data));
	}
	buf_put_span(b, f->behind_object);
	buf_done(&data);
}

/* An assertion, and the row that it is judged with; all points into the buffers. */
struct forged_parts {
	struct buf *json, *data, *sig, *key;
};
static void
forge_assertion(const struct forged *f, const struct forged_parts *b,
    struct webauthn_assertion *got, struct db_credential *row)
{
	static const uint8_t id[] = "an id";

	put_json(b->json, f);
	put_authdata(b->data, f);
	put_key(b->key, f->kind);
	sign(f->kind, buf_span(b->data), buf_span(b->json), b->sig);
	b->sig->p[b->sig->len - 1] ^= f->break_signature;
	*got = (struct webauthn_assertion){ .id = SPAN(id, 5),
		.client_data = buf_span(b->json),
		.authdata = buf_span(b->data),
		.signature = buf_span(b->sig),
		.user_handle = f->user_handle };
	*row = (struct db_credential){ .id = f->row_id.len ? f->row_id : got->id,
		.key = buf_span(b->key),
		.count = f->row_count,
		.flags = f->row_flags };
	memcpy(row->account, account, DB_ID);
}

/* ---- what is wrong with both ---- */
struct wrong {
	const char *name;
	void (*bend)(struct forged *f);
	const char *why; /* NULL: it is taken */
};

#define BEND(name, what)                   \
	static void name(struct forged *f) \
	{                                  \
		what;                      \
	}

#define JSON(text) (f->json = (text))
#define HEAD \
	"{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\""
BEND(challenge_of_another, f->challenge = "AgEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE")
BEND(challenge_padded, f->challenge = CHALLENGE "=")
BEND(challenge_empty, f->challenge = "")
BEND(origin_suffix, f->origin = ORIGIN ".evil.example")
BEND(origin_port, f->origin = ORIGIN ":444")
BEND(origin_http, f->origin = "http://id.example")
BEND(origin_slash, f->origin = ORIGIN "/")
BEND(cross_origin, f->other = ",\"crossOrigin\":true")
BEND(cross_origin_text, f->other = ",\"crossOrigin\":\"false\"")
BEND(cross_origin_false, f->other = ",\"crossOrigin\":false,\"new\":[1]")
BEND(top_origin, f->other = ",\"crossOrigin\":false,\"topOrigin\":\"" ORIGIN "\"")
BEND(json_twice, f->other = ",\"origin\":\"https://evil.example\"")
BEND(json_none, JSON("no"))
BEND(json_list, JSON("[]"))
BEND(json_empty, JSON(""))
BEND(json_behind, f->other = "} {")
BEND(json_not_utf8, f->other = ",\"x\":\"\xff\"")
BEND(rp_other, f->rp = "evil.example")
BEND(rp_parent, f->rp = "example")
BEND(not_touched, f->flags &= ~AUTHDATA_UP)
BEND(not_verified, f->flags &= ~AUTHDATA_UV)
BEND(reserved_flag, f->flags |= 0x02)
BEND(reserved_flag_5, f->flags |= 0x20)
BEND(bs_without_be, f->flags |= AUTHDATA_BS)
BEND(trailing, f->behind = SPAN_LIT("\xa0"))
BEND(extensions_unsaid, f->extensions = true)
BEND(extensions_lacking, f->flags |= AUTHDATA_ED)
BEND(extensions_no_map, f->flags |= AUTHDATA_ED; f->behind = SPAN_LIT("\x80"))
BEND(extensions_indefinite, f->flags |= AUTHDATA_ED; f->behind = SPAN_LIT("\xbf\xff"))
BEND(extensions_twice, f->flags |= AUTHDATA_ED; f->behind = SPAN_LIT("\xa2\x61x\x01\x61x\x01"))
BEND(extensions_good, f->flags |= AUTHDATA_ED; f->extensions = true)

static const struct wrong both[] = {
	{ "challenge of another session", challenge_of_another, "clientData: challenge" },
	{ "challenge with padding", challenge_padded, "clientData: challenge" },
	{ "no challenge", challenge_empty, "clientData: challenge" },
	{ "origin with a suffix", origin_suffix, "clientData: origin" },
	{ "origin with a port", origin_port, "clientData: origin" },
	{ "origin by http", origin_http, "clientData: origin" },
	{ "origin with a slash", origin_slash, "clientData: origin" },
	{ "crossOrigin", cross_origin, "clientData: crossOrigin" },
	{ "crossOrigin that is a text", cross_origin_text, "clientData: crossOrigin" },
	{ "crossOrigin false, and what is new", cross_origin_false, NULL },
	{ "topOrigin", top_origin, "clientData: topOrigin" },
	{ "origin twice", json_twice, "clientData: no JSON" },
	{ "no JSON", json_none, "clientData: no JSON" },
	{ "a list", json_list, "clientData: no JSON" },
	{ "nothing", json_empty, "clientData: length" },
	{ "JSON with more behind", json_behind, "clientData: no JSON" },
	{ "JSON that is not UTF-8", json_not_utf8, "clientData: no JSON" },
	{ "rpIdHash of another", rp_other, "authData: rpIdHash" },
	{ "rpIdHash of the parent", rp_parent, "authData: rpIdHash" },
	{ "UP unset", not_touched, "authData: not touched" },
	{ "UV unset", not_verified, "authData: no PIN or fingerprint" },
	{ "reserved flag 1", reserved_flag, NULL },
	{ "reserved flag 5", reserved_flag_5, NULL },
	{ "BS without BE", bs_without_be, "authData" },
	{ "bytes behind authData", trailing, "authData" },
	{ "extensions without their flag", extensions_unsaid, "authData" },
	{ "no extensions with their flag", extensions_lacking, "authData" },
	{ "extensions that are no map", extensions_no_map, "authData" },
	{ "indefinite extensions", extensions_indefinite, "authData" },
	{ "a key twice in extensions", extensions_twice, "authData" },
	{ "extensions", extensions_good, NULL },
};

/* ---- registrations ---- */
BEND(type_swapped, f->type = "webauthn.get")
BEND(bom, f->json = "\xef\xbb\xbf" HEAD "}")
BEND(no_credential, f->flags &= ~AUTHDATA_AT)
BEND(id_empty, f->id_len = 0)
BEND(id_long, f->id_len = 1024)
BEND(id_longest, f->id_len = 1023)
BEND(key_other_alg, f->key = SPAN_LIT("\xa4\x01\x01\x03\x38\x22\x20\x06\x21\x40"))
BEND(key_wrong_kty, f->key = SPAN_LIT("\xa4\x01\x02\x03\x27\x20\x06\x21\x40"))
BEND(key_trailing, f->key = SPAN_LIT("\xa0\xa0"))
BEND(key_indefinite, f->key = SPAN_LIT("\xbf\xff"))
BEND(rsa_tiny, f->key = SPAN_LIT("\xa4\x01\x03\x03\x39\x01\x00\x20\x41\xff\x21\x43\x01\x00\x01"))
BEND(fmt_unknown, f->fmt = "tpm")
BEND(none_and_something, f->statement = SPAN_LIT("\xa1\x61x\x01"))
BEND(packed, f->fmt = "packed")
BEND(packed_eddsa, f->fmt = "packed"; f->kind = COSE_EDDSA)
BEND(packed_broken, f->fmt = "packed"; f->break_signature = true)
BEND(packed_empty, f->fmt = "packed"; f->statement = SPAN_LIT("\xa0"))
BEND(packed_x5c_empty, f->fmt = "packed"; f->statement = SPAN_LIT("\xa3\x63"
								  "alg\x26\x63sig\x40\x63x5c\x80"))
BEND(object_trailing, f->behind_object = SPAN_LIT("\x00"))
BEND(object_order, f->order = "asf")
BEND(object_lacks, f->order = "fa")
BEND(object_twice, f->order = "fsaa")
BEND(eddsa, f->kind = COSE_EDDSA)

static const struct wrong registrations[] = {
	{ "type of a login", type_swapped, "clientData: type" },
	{ "a byte order mark", bom, NULL },
	{ "no credential in it", no_credential, "authData" },
	{ "empty credential id", id_empty, "authData" },
	{ "credential id of 1024 bytes", id_long, "authData" },
	{ "credential id of 1023 bytes", id_longest, NULL },
	{ "algorithm that was not asked for", key_other_alg, "public key" },
	{ "kty of another algorithm", key_wrong_kty, "public key" },
	{ "key and another item", key_trailing, "authData" },
	{ "indefinite key", key_indefinite, "authData" },
	{ "RSA with a tiny modulus", rsa_tiny, "public key" },
	{ "unknown format", fmt_unknown, "attestation: a format that was not asked for" },
	{ "none, and something", none_and_something, "attestation: none, and something" },
	{ "packed by the key itself", packed, NULL },
	{ "the same by Ed25519", packed_eddsa, NULL },
	{ "packed by another key", packed_broken, "signature" },
	{ "packed, and nothing", packed_empty, "attestation: packed" },
	{ "packed with an empty x5c", packed_x5c_empty, "attestation: packed" },
	{ "bytes behind the object", object_trailing, "attestationObject" },
	{ "members in another order", object_order, "attestationObject" },
	{ "a member lacks", object_lacks, "attestationObject" },
	{ "a member twice", object_twice, "attestationObject" },
	{ "Ed25519", eddsa, NULL },
};

/* ---- logins ---- */
BEND(type_create, f->type = "webauthn.create")
BEND(another_credential, f->row_id = SPAN_LIT("other"))
BEND(handle_of_another, f->user_handle = SPAN_LIT("0123456789abcdef"))
BEND(handle_short, f->user_handle = SPAN_LIT("\3"))
BEND(handle_right, f->user_handle = SPAN(account, DB_ID))
BEND(new_credential, f->flags |= AUTHDATA_AT)
BEND(be_came, f->flags |= AUTHDATA_BE)
BEND(be_went, f->row_flags = DB_BE)
BEND(be_stays, f->row_flags = DB_BE; f->flags |= AUTHDATA_BE | AUTHDATA_BS)
BEND(counter_back, f->row_count = 6)
BEND(counter_same, f->row_count = 5)
BEND(counter_to_zero, f->row_count = 1; f->count = 0)
BEND(counter_none, f->row_count = 0; f->count = 0)
BEND(signature_broken, f->break_signature = true)

static const struct wrong assertions[] = {
	{ "type of a registration", type_create, "clientData: type" },
	{ "another credential", another_credential, "another credential" },
	{ "userHandle of another", handle_of_another, "userHandle of another account" },
	{ "userHandle that is short", handle_short, "userHandle of another account" },
	{ "userHandle", handle_right, NULL },
	{ "a new credential", new_credential, "authData: a new credential in an assertion" },
	{ "BE came", be_came, "authData: backup eligibility changed" },
	{ "BE went", be_went, "authData: backup eligibility changed" },
	{ "BE stays", be_stays, NULL },
	{ "counter back", counter_back, "the counter went back: perhaps the token was copied" },
	{ "counter that stays", counter_same,
	    "the counter went back: perhaps the token was copied" },
	{ "counter to 0", counter_to_zero, "the counter went back: perhaps the token was copied" },
	{ "a token that does not count", counter_none, NULL },
	{ "signature", signature_broken, "signature" },
	{ "Ed25519", eddsa, NULL },
};

#endif
