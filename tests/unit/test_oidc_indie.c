/* Clients of IndieAuth: who is one, where answers may go, what they may ask for. */
#include "lib/wire.h"
#include "oidc/op/authreq.h"
#include "oidc/op/claims.h"
#include "oidc/op/indie.h"
#include "tests/unit/oidc_place.h"

#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636 B */
#define PKCE	  "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define OWN	  "client_id=https%3A%2F%2FApp.example&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"
#define FAR	  "client_id=https%3A%2F%2Fapp.example%2F&redirect_uri=https%3A%2F%2Fcb.example%2F"
#define CODE	  "&response_type=code"

/* What a client's page said: the list as fetchjob.h has it. */
static struct indie_met
met(enum fetch_source source, struct span list, size_t n)
{
	struct indie_met m = { .fetched = true };

	m.got.a.source = source;
	m.got.a.redirects = (struct wire_list){ .n = n, .raw = list };
	return m;
}

static void
test_who(void **state)
{
	static const struct {
		const char *id, *canonical;
	} rows[] = { { "https://app.example", "https://app.example/" },
		{ "HTTPS://APP.example/X", "https://app.example/X" },
		{ "http://localhost:8080/", "http://localhost:8080/" },
		{ "http://127.0.0.1/", "http://127.0.0.1/" }, { "http://app.example/", NULL },
		{ "https://10.0.0.1/", NULL }, { "rp", NULL }, { "", NULL },
		{ "https://api.example/v1", NULL }, { "https://API.example/v1", NULL } };
	struct db_client api = { .id = SPAN_LIT("https://api.example/v1"), .flags = DB_RESOURCE };
	struct db_client c;

	(void)state;
	assert_int_equal(db_client_add(s, &api), ERR_OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum err e = indie_client(s, span_str(rows[i].id), &c);

		if (e != (rows[i].canonical ? ERR_OK : ERR_NOTFOUND))
			fail_msg("%s: %s", rows[i].id, err_name(e));
		if (rows[i].canonical ? !span_is(c.id, rows[i].canonical) : c.id.len > 0)
			fail_msg("%s", rows[i].id);
		assert_int_equal(c.auth, DB_AUTH_NONE);
		assert_int_equal(c.flags, DB_STRANGER);
		db_row_done(&c);
	}
}

static void
test_where(void **state)
{
	static const uint8_t list[] = "\x58\x1c"
				      "https://app.example/only/one"
				      "\x53"
				      "http://127.0.0.1/cb"
				      "\x55"
				      "org.example.app:/back";
	static const struct {
		const char *uri;
		bool json, html, bare; /* a document with the list, a page with it, one without */
	} rows[] = { { "https://app.example/only/one", true, true, true },
		{ "https://app.example/", false, true, true },
		{ "http://127.0.0.1:4711/cb", true, true, false },
		{ "http://127.0.0.1:4711/cb2", false, false, false },
		{ "org.example.app:/back", true, true, false },
		{ "https://app.example:8443/", false, false, false },
		{ "https://app.example.evil.example/", false, false, false },
		{ "https://app.example@evil.example/", false, false, false },
		{ "javascript:alert(1)", false, false, false }, { "", false, false, false } };
	const struct span client = SPAN_LIT("https://app.example/");
	struct indie_met json = met(FETCH_JSON, SPAN(list, sizeof list - 1), 3);
	struct indie_met html = met(FETCH_HTML, SPAN(list, sizeof list - 1), 3);
	struct indie_met bare = met(FETCH_JSON, SPAN_NONE, 0), local = { .fetched = false };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span uri = span_str(rows[i].uri);

		if (indie_may_redirect(client, &json, uri) != rows[i].json ||
		    indie_may_redirect(client, &html, uri) != rows[i].html ||
		    indie_may_redirect(client, &bare, uri) != rows[i].bare)
			fail_msg("%s", rows[i].uri);
	}
	assert_true(indie_may_redirect(client, NULL, SPAN_LIT("https://cb.example/")));
	assert_false(indie_may_redirect(client, NULL, SPAN_LIT("http://app.example/")));
	assert_true(indie_may_redirect(
	    SPAN_LIT("http://localhost:81/"), &local, SPAN_LIT("http://localhost:81/x")));
	assert_false(indie_may_redirect(
	    SPAN_LIT("http://localhost:81/"), &local, SPAN_LIT("http://localhost:82/x")));
	assert_true(indie_is_local(SPAN_LIT("https://a.localhost/")));
	assert_false(indie_is_local(client));
}

static void
test_scopes(void **state)
{
	static const struct {
		const char *asked, *given; /* NULL: refused */
	} rows[] = { { "", "" }, { "profile email create", "profile email create" },
		{ "email create", "create" }, { "email profile", "email profile" },
		{ "openid profile address phone groups profile", "profile" }, { "a\"b", NULL },
		{ " a", NULL },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 "
		  "30 31 32 33",
		    NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = BUF_INIT;
		bool good = indie_put_scopes(&out, span_str(rows[i].asked));

		if (good != (rows[i].given != NULL) ||
		    (good && !span_is(buf_span(&out), rows[i].given)))
			fail_msg("%s: %s", rows[i].asked, buf_cstr(&out));
		buf_done(&out);
	}
}

/* error NULL: it is good; told: the client may be. */
static const struct row {
	const char *text;
	bool met, old;
	const char *error;
	bool told;
} rows[] = {
	{ OWN CODE PKCE, true, false, NULL, true },
	{ OWN CODE PKCE, false, false, NULL, false },
	{ FAR CODE PKCE, false, false, NULL, false },
	{ FAR CODE PKCE, true, false, "invalid_request", false },
	{ OWN CODE, true, false, "invalid_request", true },
	{ OWN CODE, false, false, "invalid_request", false },
	{ OWN CODE, true, true, NULL, true },
	{ OWN PKCE, true, false, "invalid_request", true },
	{ OWN PKCE, true, true, NULL, true },
	{ OWN "&response_type=id" PKCE, true, false, "unsupported_response_type", true },
	{ OWN "&response_type=id" PKCE, true, true, NULL, true },
	{ OWN "&response_type=token" PKCE, true, true, "unsupported_response_type", true },
	{ OWN CODE PKCE "&code_challenge_method=S256", true, true, "invalid_request", true },
	{ OWN CODE PKCE "&scope=%22", true, false, "invalid_scope", true },
	{ OWN CODE PKCE "&scope=openid", true, false, NULL, true },
};

static void
test_requests(void **state)
{
	struct indie_met page = met(FETCH_HTML, SPAN_NONE, 0);
	struct authreq_rules rules = { .db = s, .indieauth = true };
	struct authreq_wrong w;
	struct form f;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct authreq r = { .known = false };
		enum err e;

		f = (struct form){ .n = 0 };
		assert_int_equal(form_parse(span_str(rows[i].text), &f), ERR_OK);
		rules.met = rows[i].met ? &page : NULL;
		rules.old_clients = rows[i].old;
		e = authreq_judge(&r, &f, &rules, &w);
		if (rows[i].error ? e != ERR_FORMAT || strcmp(w.error, rows[i].error) != 0 : e)
			fail_msg("%zu: %s %s", i, err_name(e), e ? w.error : "");
		if (r.known != rows[i].told)
			fail_msg("%zu: %s", i, r.known ? "told" : "a page");
		authreq_done(&r);
		rules.indieauth = false;
		assert_int_equal(authreq_judge(&r, &f, &rules, &w), ERR_FORMAT);
		rules.indieauth = true;
		authreq_done(&r);
		form_done(&f);
	}
}

static void
test_person(void **state)
{
	static const struct {
		const char *claims, *scopes, *json;
	} people[] = {
		{ "{\"name\":\"A\",\"email\":\"a@x\"}", "", "{\"me\":\"https://a.x/\"}" },
		{ "{\"name\":\"A\",\"email\":\"a@x\"}", "profile",
		    "{\"me\":\"https://a.x/\",\"profile\":{\"name\":\"A\",\"url\":\"https://a.x/"
		    "\"}}" },
		{ "{\"picture\":\"p\",\"website\":\"w\",\"email\":\"a@x\"}", "profile email",
		    "{\"me\":\"https://a.x/\",\"profile\":{\"name\":\"a\",\"url\":\"w\",\"photo\":"
		    "\"p\",\"email\":\"a@x\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
		struct db_account a = { .name = SPAN_LIT("a"),
			.me = SPAN_LIT("https://a.x/"),
			.claims = span_str(people[i].claims) };
		struct buf out = BUF_INIT;
		struct jput j = jput_into(&out);

		jput_object(&j, NULL);
		assert_int_equal(indie_put_person(&j, &a, span_str(people[i].scopes)), ERR_OK);
		jput_end(&j);
		assert_string_equal(buf_cstr(&out), people[i].json);
		buf_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_who),
		T(test_requests),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
