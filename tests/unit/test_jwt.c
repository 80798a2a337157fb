/* lib/jwk.c, lib/jwt.c, lib/jwt_claims.c: known answers, what is printed, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/format/oidc.h"
#include "lib/crypto.h"
#include "lib/crypto_ssh.h"
#include "lib/jwt.h"
#include "lib/jwt_rows.h"
#include "lib/text.h"
#include "tests/unit/vectors.h"

static char *doc;

static int
setup(void **state)
{
	(void)state;
	if (sec_arena_open(65536, false, true) || crypto_init())
		return -1;
	return (doc = vectors_read("tests/vectors/jose.json")) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	free(doc);
	sec_arena_close();
	return 0;
}

/* ---- known answers ---- */
static struct span
get(const char *id, const char *name, uint8_t *out, size_t cap)
{
	char text[1024];
	size_t n;

	vectors_get(doc, id, name, text, sizeof text);
	assert_int_equal(text_decode(TEXT_BASE64URL, span_str(text), out, cap, &n), ERR_OK);
	return SPAN(out, n);
}

static void
check_kid(const char *id, const struct jwk *k)
{
	char kid[JWK_KID], want[64];

	assert_int_equal(jwk_kid(k, kid), ERR_OK);
	vectors_get(doc, id, "kid", want, sizeof want);
	assert_true(span_is(SPAN(kid, sizeof kid), want));
}

static void
test_thumbprints(void **state)
{
	struct jwk k = { .alg = JWT_RS256 };
	uint8_t n[512], e[8], x[32];

	(void)state;
	k.n = get("rfc7638-rsa", "n", n, sizeof n);
	k.e = get("rfc7638-rsa", "e", e, sizeof e);
	check_kid("rfc7638-rsa", &k);
	k = (struct jwk){ .alg = JWT_EDDSA };
	k.point = get("rfc8037-ed25519", "x", x, sizeof x);
	check_kid("rfc8037-ed25519", &k);
}

static void
test_signatures(void **state)
{
	uint8_t d[32], x[65] = { 4 }, want[64], sig[64], point[65];
	char input[512];

	(void)state;
	get("rfc8037-ed25519", "d", d, sizeof d);
	get("rfc8037-ed25519", "x", x, sizeof x);
	get("rfc8037-ed25519", "signature", want, sizeof want);
	vectors_get(doc, "rfc8037-ed25519", "signing_input", input, sizeof input);
	crypto_ed25519_sign(d, x, span_str(input), sig);
	assert_memory_equal(sig, want, 64);

	x[0] = 4;
	get("rfc7515-es256", "d", d, sizeof d);
	get("rfc7515-es256", "x", x + 1, 32);
	get("rfc7515-es256", "y", x + 33, 32);
	get("rfc7515-es256", "signature", want, sizeof want);
	vectors_get(doc, "rfc7515-es256", "signing_input", input, sizeof input);
	assert_int_equal(crypto_ecdsa_public(CRYPTO_NIST_P256, d, point), ERR_OK);
	assert_memory_equal(point, x, 65);
	assert_true(crypto_ecdsa_verify(CRYPTO_NIST_P256, x, span_str(input), want));
	assert_int_equal(crypto_ecdsa_sign(CRYPTO_NIST_P256, d, span_str(input), sig), ERR_OK);
	assert_true(crypto_ecdsa_verify(CRYPTO_NIST_P256, x, span_str(input), sig));
	memset(d, 0, sizeof d);
	assert_int_equal(crypto_ecdsa_sign(CRYPTO_NIST_P256, d, span_str(input), sig), ERR_RANGE);
	memset(d, 0xff, sizeof d);
	assert_int_equal(crypto_ecdsa_sign(CRYPTO_NIST_P256, d, span_str(input), sig), ERR_RANGE);
}

static void
test_jwk(void **state)
{
	struct jwk k = { .alg = JWT_EDDSA };
	struct buf out = BUF_INIT;
	uint8_t x[65];

	(void)state;
	k.point = get("rfc8037-ed25519", "x", x, sizeof x);
	assert_int_equal(jwk_put(&k, &out), ERR_OK);
	assert_string_equal(buf_cstr(&out),
	    "{\"crv\":\"Ed25519\",\"kty\":\"OKP\","
	    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"use\":\"sig\","
	    "\"alg\":\"EdDSA\",\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"}");
	k.point.len = 31;
	assert_int_equal(jwk_put(&k, &out), ERR_RANGE);
	k = (struct jwk){ .alg = JWT_ES256, .point = SPAN(x, 65) };
	x[0] = 2; /* compressed */
	assert_int_equal(jwk_put(&k, &out), ERR_RANGE);
	k.alg = JWT_RS256;
	assert_int_equal(jwk_put(&k, &out), ERR_RANGE);
	buf_done(&out);
}

/* ---- payloads ---- */
/* A list as a decoded message has it. */
static struct wire_list
claims(const struct ops_jwt_claim *v, size_t n, struct buf *mem)
{
	struct ops_jwt_sign q = { .issuer = SPAN_LIT("i"),
		.audience = SPAN_LIT("a"),
		.account = SPAN_LIT("u"),
		.lifetime = 1,
		.claims = { .v = v, .n = n } };
	struct ops_jwt_sign out;

	wire_mark(&ops_jwt_sign_map, &q);
	buf_reset(mem);
	assert_int_equal(wire_encode(&ops_jwt_sign_map, &q, mem), ERR_OK);
	assert_int_equal(wire_decode(&ops_jwt_sign_map, buf_span(mem), &out), ERR_OK);
	return out.claims;
}

static struct ops_jwt_claim
a_text(const char *name, struct span value)
{
	struct ops_jwt_claim c = { .name = span_str(name), .text = value };

	wire_mark(&ops_jwt_claim_map, &c);
	wire_set(&ops_jwt_claim_map, &c, "text");
	return c;
}

static struct ops_jwt_claim
a_number(const char *name, uint64_t value)
{
	struct ops_jwt_claim c = { .name = span_str(name), .number = value };

	wire_mark(&ops_jwt_claim_map, &c);
	wire_set(&ops_jwt_claim_map, &c, "number");
	return c;
}

static struct ops_jwt_claim
a_truth(const char *name, bool value)
{
	struct ops_jwt_claim c = { .name = span_str(name), .truth = value };

	wire_mark(&ops_jwt_claim_map, &c);
	wire_set(&ops_jwt_claim_map, &c, "truth");
	return c;
}

static struct ops_jwt_claim
a_list(const char *name, const struct span *v, size_t n)
{
	struct ops_jwt_claim c = { .name = span_str(name), .texts = { .v = v, .n = n } };

	wire_mark(&ops_jwt_claim_map, &c);
	wire_set(&ops_jwt_claim_map, &c, "texts");
	return c;
}

static struct jwt_fields
fields(enum jwt_typ typ)
{
	return (struct jwt_fields){ .alg = JWT_ES256,
		.typ = typ,
		.kid = SPAN_LIT("k"),
		.issuer = SPAN_LIT("https://id.example.org"),
		.subject = SPAN_LIT("s"),
		.audience = SPAN_LIT("https://app.example/\""),
		.issued = 1700000000,
		.expires = 1700000300 };
}

#define HEAD                                                                               \
	"{\"iss\":\"https://id.example.org\",\"sub\":\"s\",\"aud\":\"https://app.example/" \
	"\\u0022\",\"iat\":1700000000,\"exp\":1700000300"

static enum err
payload(enum jwt_typ typ, const struct ops_jwt_claim *v, size_t n, struct buf *out)
{
	struct jwt_fields f = fields(typ);
	struct buf mem = BUF_INIT;
	enum err e;

	f.claims = claims(v, n, &mem);
	buf_reset(out);
	e = jwt_put_payload(&f, out);
	buf_done(&mem);
	return e;
}

static void
test_header(void **state)
{
	struct jwt_fields f = fields(JWT_LOGOUT_TOKEN);
	struct buf out = BUF_INIT;

	(void)state;
	f.alg = JWT_RS256;
	assert_int_equal(jwt_put_header(&f, &out), ERR_OK);
	assert_string_equal(
	    buf_cstr(&out), "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"logout+jwt\"}");
	buf_done(&out);
}

static void
test_payload(void **state)
{
	const struct span amr[] = { SPAN_LIT("hwk"), SPAN_LIT("p\"in") };
	const struct span event[] = { SPAN_LIT("http://schemas.openid.net/event/"
					       "backchannel-logout") };
	const struct ops_jwt_claim v[] = {
		a_text("nonce", SPAN_LIT("a\"b\\c</script>&\n\xc3\xa9\xf0\x9f\x94\x91")),
		a_number("auth_time", 0),
		a_truth("email_verified", false),
		a_list("amr", amr, 2),
		a_list("groups", NULL, 0),
		a_text("name", SPAN_LIT("")),
	};
	const struct ops_jwt_claim logout = a_list("events", event, 1);
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(payload(JWT_ID_TOKEN, NULL, 0, &out), ERR_OK);
	assert_string_equal(buf_cstr(&out), HEAD "}");
	assert_int_equal(payload(JWT_ID_TOKEN, v, 6, &out), ERR_OK);
	assert_string_equal(buf_cstr(&out),
	    HEAD ",\"nonce\":\"a\\u0022b\\u005cc\\u003c/script\\u003e\\u0026\\u000a\xc3\xa9"
		 "\xf0\x9f\x94\x91\",\"auth_time\":0,\"email_verified\":false,"
		 "\"amr\":[\"hwk\",\"p\\u0022in\"],\"groups\":[],\"name\":\"\"}");
	assert_int_equal(payload(JWT_LOGOUT_TOKEN, &logout, 1, &out), ERR_OK);
	assert_string_equal(buf_cstr(&out),
	    HEAD ",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}}");
	buf_done(&out);
}

static void
refused(enum jwt_typ typ, struct ops_jwt_claim c, enum err want)
{
	struct buf out = BUF_INIT;

	assert_int_equal(payload(typ, &c, 1, &out), want);
	buf_done(&out);
}

static void
test_refused(void **state)
{
	static const char *const never[] = { "iss", "sub", "aud", "iat", "exp", "nbf", "cnf", "act",
		"Nonce", "nonce ", "x" };
	const struct span one[] = { SPAN_LIT("\xff") }, evil[] = { SPAN_LIT("http://evil") };
	const struct ops_jwt_claim twice[] = { a_text("nonce", SPAN_LIT("a")),
		a_text("nonce", SPAN_LIT("b")) };
	struct ops_jwt_claim both = a_text("nonce", SPAN_LIT("a"));
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		for (int typ = 0; typ <= JWT_LOGOUT_TOKEN; typ++)
			refused((enum jwt_typ)typ, a_text(never[i], SPAN_LIT("x")), ERR_JWT_CLAIM);
	refused(JWT_ID_TOKEN, a_text("scope", SPAN_LIT("x")), ERR_JWT_CLAIM);
	refused(JWT_ACCESS_TOKEN, a_text("nonce", SPAN_LIT("x")), ERR_JWT_CLAIM);
	refused(JWT_LOGOUT_TOKEN, a_text("nonce", SPAN_LIT("x")), ERR_JWT_CLAIM);
	refused(JWT_LOGOUT_TOKEN, a_text("sid", SPAN_LIT("x")), ERR_JWT_CLAIM);
	refused(JWT_ID_TOKEN, a_number("nonce", 1), ERR_JWT_CLAIM);
	refused(JWT_ID_TOKEN, a_truth("auth_time", true), ERR_JWT_CLAIM);
	refused(JWT_ID_TOKEN, a_list("nonce", one, 1), ERR_JWT_CLAIM);
	refused(JWT_ID_TOKEN, a_list("amr", one, 1), ERR_TEXT);
	refused(JWT_LOGOUT_TOKEN, a_list("events", evil, 1), ERR_JWT_CLAIM);
	refused(JWT_LOGOUT_TOKEN, a_list("events", NULL, 0), ERR_JWT_CLAIM);
	both.number = 1;
	wire_set(&ops_jwt_claim_map, &both, "number");
	refused(JWT_ID_TOKEN, both, ERR_JWT_CLAIM);
	assert_int_equal(payload(JWT_ID_TOKEN, twice, 2, &out), ERR_JWT_CLAIM);
	buf_done(&out);
}

/* A claim for each text row, each as long as may be: too much, and nothing is left behind. */
static void
test_bounds(void **state)
{
	static uint8_t quotes[JWT_TEXT_MAX];
	struct ops_jwt_claim v[JWT_CLAIMS];
	struct jwt_fields f = fields(JWT_ID_TOKEN);
	struct buf mem = BUF_INIT, out = BUF_INIT;
	size_t n = 0;

	(void)state;
	memset(quotes, '"', sizeof quotes);
	for (size_t i = 0; i < njwt_claims; i++)
		if (jwt_claims[i].value == JWT_TEXT && jwt_claims[i].typs & 1u << JWT_ID_TOKEN)
			v[n++] = a_text(jwt_claims[i].name, SPAN(quotes, sizeof quotes));
	f.claims = claims(v, n, &mem);
	assert_int_equal(jwt_put(&f, &out), ERR_TOOBIG);
	buf_reset(&out);
	f.claims = claims(v, 1, &mem);
	assert_int_equal(jwt_put(&f, &out), ERR_OK);
	assert_true(out.len < JWT_TOKEN_MAX - 1024);
	assert_int_equal(jwt_lifetime(JWT_ID_TOKEN), 3600);
	assert_int_equal(jwt_lifetime(JWT_ACCESS_TOKEN), 3600);
	assert_int_equal(jwt_lifetime(JWT_LOGOUT_TOKEN), 120);
	buf_done(&mem);
	buf_done(&out);
}

/* What a provider or a client can set is never a claim that the vault makes, and no row is there
 * twice; the bits of seen ones fit a word. */
static void
test_table(void **state)
{
	(void)state;
	assert_in_range(njwt_claims, 1, 64);
	for (size_t i = 0; i < njwt_claims; i++) {
		assert_ptr_equal(jwt_claim_find(span_str(jwt_claims[i].name)), &jwt_claims[i]);
		assert_in_range(jwt_claims[i].typs, 1, 7);
		assert_true(*jwt_claims[i].help);
	}
}

/* ---- subjects ---- */
static void
test_subject(void **state)
{
	static const uint8_t key[32] = { 1 };
	char a[OIDC_SUB], b[OIDC_SUB];
	uint8_t want[32], msg[] = { 0, 1, 's', 0, 1, 'u' };
	char text[OIDC_SUB];
	struct span k = SPAN(key, sizeof key);

	(void)state;
	assert_int_equal(oidc_subject(k, SPAN_LIT("s"), SPAN_LIT("u"), a), ERR_OK);
	crypto_hmac_sha256(k, SPAN(msg, sizeof msg), want);
	text_encode_raw(TEXT_BASE64URL, SPAN(want, 24), text);
	assert_memory_equal(a, text, sizeof a);
	/* what belongs to which is not to be moved */
	assert_int_equal(oidc_subject(k, SPAN_LIT("su"), SPAN_LIT(""), b), ERR_OK);
	assert_memory_not_equal(a, b, sizeof a);
	assert_int_equal(oidc_subject(k, SPAN_LIT(""), SPAN_LIT("su"), b), ERR_OK);
	assert_memory_not_equal(a, b, sizeof a);
}

/* ---- rows for front ---- */
static void
put_row(struct buf *rows, const char *issuer, enum jwt_state state, const char *kid, uint64_t until)
{
	struct jwt_row r = { .issuer = span_str(issuer),
		.key = {
		    .kid = span_str(kid), .state = state, .jwk = SPAN_LIT("{}"), .until = until } };

	wire_mark(&jwt_row_map, &r);
	assert_int_equal(wire_encode(&jwt_row_map, &r, rows), ERR_OK);
}

static void
test_rows(void **state)
{
	struct buf rows = BUF_INIT, out = BUF_INIT;
	struct ops_jwt_key k;
	struct cbor c;
	char order[8] = "";
	size_t n;

	(void)state;
	put_row(&rows, "a", JWT_OLD, "1", 100);
	put_row(&rows, "a", JWT_OLD, "2", 99);
	put_row(&rows, "a", JWT_NEXT, "3", 0);
	put_row(&rows, "b", JWT_CURRENT, "4", 0);
	put_row(&rows, "a", JWT_CURRENT, "5", 0);
	assert_int_equal(jwt_rows_of(buf_span(&rows), SPAN_LIT("a"), 100, &out, &n), ERR_OK);
	assert_int_equal(n, 3);
	c = cbor_from(buf_span(&out));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(wire_decode_at(&ops_jwt_key_map, &c, &k), ERR_OK);
		order[i] = (char)k.kid.p[0];
	}
	assert_string_equal(order, "531");
	buf_reset(&out);
	assert_int_equal(jwt_rows_of(buf_span(&rows), SPAN_LIT("c"), 0, &out, &n), ERR_NOTFOUND);
	rows.p[0] = 0xff;
	assert_int_not_equal(jwt_rows_of(buf_span(&rows), SPAN_LIT("a"), 0, &out, &n), ERR_OK);
	buf_done(&rows);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thumbprints),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_jwk),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
