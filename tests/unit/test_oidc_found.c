/* What clients say about themselves: JSON documents, pages, Link headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oidc/fetch/found.h"
#include "oidc/fetch/picture.h"
#include "oidc/fetch/relative.h"
#include "oidc/fetch/transfer.h"

#define ID   "https://app.example/dir/client?x=1"
#define SELF "\"client_id\":\"" ID "\""

static struct found found;
static struct weburl url;

static int
begin(void **state)
{
	(void)state;
	memset(&found, 0, sizeof found);
	return weburl_parse(SPAN_LIT(ID), &url) != WEBURL_OK;
}

static enum fetch_why
json(const char *text)
{
	memset(&found, 0, sizeof found);
	return found_read_json(&found, span_str(text), &url);
}

static void
html(const char *text)
{
	memset(&found, 0, sizeof found);
	found_read_html(&found, span_str(text), &url);
}

/* ---- JSON ---- */
static void
json_full(void **state)
{
	(void)state;
	assert_int_equal(json("{" SELF ",\"client_name\":\"App\","
			      "\"client_uri\":\"https://app.example/dir/\","
			      "\"logo_uri\":\"https://cdn.example/l\","
			      "\"policy_uri\":\"https://app.example/p\","
			      "\"tos_uri\":\"https://app.example/t\",\"unknown\":{\"a\":[1,2]},"
			      "\"token_endpoint_auth_method\":\"none\","
			      "\"redirect_uris\":[\"https://app.example/b\",\"a.b:/c\"]}"),
	    FETCH_WHY_OK);
	assert_int_equal(found.source, FETCH_JSON);
	assert_string_equal(found.name, "App");
	assert_string_equal(found.home, "https://app.example/dir/");
	assert_string_equal(found.logo, "https://cdn.example/l");
	assert_string_equal(found.policy, "https://app.example/p");
	assert_string_equal(found.terms, "https://app.example/t");
	assert_int_equal(found.nredirects, 2);
	assert_string_equal(found.redirect[1], "a.b:/c");
}

static void
json_refused(void **state)
{
	static const struct {
		const char *text;
		enum fetch_why why;
	} rows[] = {
		{ "", FETCH_WHY_JSON },
		{ "nonsense", FETCH_WHY_JSON },
		{ "{" SELF "} trailing", FETCH_WHY_JSON },
		{ "\xef\xbb\xbf{" SELF "}", FETCH_WHY_JSON },
		{ "{" SELF "," SELF "}", FETCH_WHY_JSON },
		{ "{" SELF ",\"a\":{\"b\":1,\"b\":1}}", FETCH_WHY_JSON },
		{ "{" SELF ",\"a\":\"\xff\"}", FETCH_WHY_JSON },
		{ "{" SELF ",\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", FETCH_WHY_JSON },
		{ "[" SELF "]", FETCH_WHY_JSON },
		{ "[]", FETCH_WHY_MEMBER },
		{ "{}", FETCH_WHY_SELF },
		{ "{\"client_id\":1}", FETCH_WHY_MEMBER },
		{ "{\"client_id\":\"https://app.example/dir/client\"}", FETCH_WHY_SELF },
		{ "{\"client_id\":\"HTTPS://app.example/dir/client?x=1\"}", FETCH_WHY_SELF },
		{ "{\"client_id\":\"" ID "\\u0000\"}", FETCH_WHY_SELF },
		{ "{" SELF ",\"client_secret\":\"x\"}", FETCH_WHY_SECRET },
		{ "{" SELF ",\"client_secret\":null}", FETCH_WHY_SECRET },
		{ "{" SELF ",\"client_secret_expires_at\":0}", FETCH_WHY_SECRET },
		{ "{" SELF ",\"token_endpoint_auth_method\":\"client_secret_post\"}",
		    FETCH_WHY_SECRET },
		{ "{" SELF ",\"token_endpoint_auth_method\":\"client_secret_basic\"}",
		    FETCH_WHY_SECRET },
		{ "{" SELF ",\"token_endpoint_auth_method\":\"client_secret_jwt\"}",
		    FETCH_WHY_SECRET },
		{ "{" SELF ",\"client_name\":[]}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"logo_uri\":{}}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"redirect_uris\":\"https://app.example/\"}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"redirect_uris\":[1]}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"redirect_uris\":[\"\"]}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"redirect_uris\":[\"/back\"]}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"redirect_uris\":[\"https://a/\\nhttps://b/\"]}", FETCH_WHY_MEMBER },
		{ "{" SELF ",\"client_uri\":\"https://app.exam\"}", FETCH_WHY_HOME },
		{ "{" SELF ",\"client_uri\":\"https://app.example/di\"}", FETCH_WHY_HOME },
		{ "{" SELF ",\"client_uri\":\"https://other.example/\"}", FETCH_WHY_HOME },
		{ "{" SELF ",\"client_uri\":\"https:\"}", FETCH_WHY_HOME },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum fetch_why why = json(rows[i].text);

		if (why != rows[i].why)
			fail_msg("%s: %s", rows[i].text, fetch_why_text(why));
		assert_int_equal(found.nredirects, 0);
	}
}

static void
json_limits(void **state)
{
	static char text[FETCH_JSON_MAX + 100];
	size_t n = (size_t)snprintf(text, sizeof text, "{" SELF ",\"a\":\"");

	(void)state;
	memset(text + n, 'x', FETCH_JSON_MAX - n - 2);
	memcpy(text + FETCH_JSON_MAX - 2, "\"}", 3);
	assert_int_equal(json(text), FETCH_WHY_OK);
	memcpy(text + FETCH_JSON_MAX - 2, "x\"}", 4);
	assert_int_equal(json(text), FETCH_WHY_LARGE);
	n = (size_t)snprintf(text, sizeof text, "{" SELF ",\"redirect_uris\":[\"a:/\"");
	for (size_t i = 1; i < FETCH_REDIRECTS; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, ",\"a:/\"");
	snprintf(text + n, sizeof text - n, "]}");
	assert_int_equal(json(text), FETCH_WHY_OK);
	snprintf(text + n, sizeof text - n, ",\"a:/\"]}");
	assert_int_equal(json(text), FETCH_WHY_MEMBER);
}

/* Links that are none are not shown; they do not make the document bad. */
static void
json_links(void **state)
{
	static const char *const bad[] = { "javascript:alert(1)", "http://a.example/", "/x", "",
		"https://127.0.0.1/", "https://localhost/", "https://a.example/\\\"x", "data:,x" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "{" SELF ",\"logo_uri\":\"%s\",\"tos_uri\":\"%s\"}",
		    bad[i], bad[i]);
		assert_int_equal(json(text), FETCH_WHY_OK);
		assert_string_equal(found.logo, "");
		assert_string_equal(found.terms, "");
	}
}

static void
names(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "App", "App" },
		{ "  A \t\r\n b\xc2\xa0 ", "A b" },
		{ "a\xe2\x80\xae"
		  "b\xe2\x80\x8b"
		  "c\xef\xbb\xbf",
		    "abc" }, /* turned, unseen */
		{ "a\x1b[31mb\x07", "a [31mb" },
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "x" },
		{ "\xf3\xa0\x80\xa1y", "y" }, /* tags */
		{ "\xe2\x80\xa8", "" },
		{ "B\xc3\xbc"
		  "cher \xe6\x97\xa5\xe6\x9c\xac",
		    "B\xc3\xbc"
		    "cher \xe6\x97\xa5\xe6\x9c\xac" },
		{ "<script>\"'&", "<script>\"'&" }, /* escaped where it is shown */
		{ "\xff", "" },
	};
	char many[400];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&found, 0, sizeof found);
		found_set_name(&found, span_str(rows[i].in));
		assert_string_equal(found.name, rows[i].out);
	}
	for (size_t i = 0; i < sizeof many; i += 2)
		memcpy(many + i, "\xc3\xbc", 2);
	found_set_name(&found, SPAN(many + 0, 300));
	assert_int_equal(strlen(found.name), FETCH_NAME_MAX);
	memset(many, 'a', 1);
	many[1] = 'a';
	found_set_name(&found, SPAN(many + 1, 299)); /* a character is not cut in two */
	assert_int_equal(strlen(found.name), FETCH_NAME_MAX - 1);
}

/* ---- HTML ---- */
static void
html_app(void **state)
{
	(void)state;
	html("<div class=\"h-app\"><img src=\"/logo.png\" class=\"u-logo\">"
	     "<a href=\"/\" class=\"u-url p-name\">Example App</a></div>");
	assert_int_equal(found.source, FETCH_HTML);
	assert_string_equal(found.name, "Example App");
	assert_string_equal(found.home, "https://app.example/");
	assert_string_equal(found.logo, "https://app.example/logo.png");
	html("<a class='x h-x-app' href='?'> One <script>no</script><style>no</style>"
	     "<b>two</b></a><p class=h-app>Second</p>");
	assert_string_equal(found.name, "One two");
	assert_string_equal(found.home, "https://app.example/dir/client?");
	html("<div class=h-app><p>Name</p><a href='a'>x</a></div>"); /* implied */
	assert_string_equal(found.name, "Namex");
	assert_string_equal(found.home, "https://app.example/dir/a");
	html("<div class=h-app><div class=h-card><a class='u-url p-name' href='/no'>No</a></div>"
	     "<abbr class=p-name title=Yes>y</abbr><a class=u-url href=/yes></a></div>");
	assert_string_equal(found.name, "Yes"); /* not of the object inside */
	assert_string_equal(found.home, "https://app.example/yes");
}

static void
html_base(void **state)
{
	(void)state;
	html("<link rel=redirect_uri href=r><base href='/base/'><base href='https://evil.example/'>"
	     "<div class=h-app><a class=u-url href=home>N</a></div>");
	assert_string_equal(found.home, "https://app.example/base/home");
	assert_string_equal(found.redirect[0], "https://app.example/base/r");
}

static void
html_redirects(void **state)
{
	static char many[8192];
	size_t n = 0;

	(void)state;
	html("<link rel='redirect_uri' href='/a'><link rel='X REDIRECT_URI' href='b.c:/d'>"
	     "<link rel='redirect_uris' href='/no'><link rel=redirect_uri>"
	     "<link rel=redirect_uri href=''><a rel=redirect_uri href='/no'></a>"
	     "<link rel=redirect_uri href='/with space'>"
	     "<link rel=redirect_uri href='java\nscript:x'>"
	     "<!-- <link rel=redirect_uri href='/no'> -->"
	     "<template><link rel=redirect_uri href='/no'></template>");
	assert_string_equal(found.redirect[0], "https://app.example/a");
	assert_string_equal(found.redirect[1], "b.c:/d");
	assert_int_equal(found.nredirects, 2);
	for (size_t i = 0; i < 2 * FETCH_REDIRECTS; i++)
		n += (size_t)snprintf(
		    many + n, sizeof many - n, "<link rel=redirect_uri href=%zu>", i);
	html(many);
	assert_int_equal(found.nredirects, FETCH_REDIRECTS);
}

static void
html_hostile(void **state)
{
	static const char *const texts[] = { "", "<", "<!--", "<div class=h-app>", "<a class=h-app",
		"<div class='h-app'><img class=u-logo><a class=u-url></a></div>",
		"<div class='h-app'><a class=u-url href='javascript:x'>a</a></div>",
		"<div class='h-app'><img class=u-logo src='data:image/png;base64,x'></div>",
		"<svg><div class=h-app>", "<table><tr class=h-app>x",
		"&#0;&#x10ffff;<p class=h-app>&#0;" };
	static char deep[60000];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		html(texts[i]);
		assert_string_equal(found.logo, "");
		assert_string_equal(found.home, "");
		assert_int_equal(found.nredirects, 0);
	}
	for (size_t i = 0; i + 5 < sizeof deep; i += 5)
		memcpy(deep + i, "<div>", 5);
	html(deep);
	memcpy(deep, "<div class=h-app>   ", 20);
	html(deep);
	assert_string_equal(found.name, "");
}

/* ---- Link headers ---- */
static void
link_headers(void **state)
{
	static const struct {
		const char *value, *first;
		size_t n;
	} rows[] = {
		{ "</a>; rel=redirect_uri", "https://app.example/a", 1 },
		{ "<a>;rel=\"redirect_uri\"", "https://app.example/dir/a", 1 },
		{ "<a>; REL=\"next Redirect_URI\" ; x", "https://app.example/dir/a", 1 },
		{ "<x>; rel=next, <b>; rel=redirect_uri, <c.d:/e>; rel=redirect_uri",
		    "https://app.example/dir/b", 2 },
		{ "<x?a,b>; title=\"a, \\\"<y>; rel=redirect_uri\"; rel=redirect_uri",
		    "https://app.example/dir/x?a,b", 1 },
		{ ",, <a>; rel=redirect_uri,", "https://app.example/dir/a", 1 },
		{ "<>; rel=redirect_uri", "https://app.example/dir/client?x=1", 1 },
		{ "<a>; rel=next; rel=redirect_uri", "", 0 }, /* the first counts */
		{ "<a>; rel=redirect_uri; anchor=\"https://evil.example/\"", "", 0 },
		{ "<a>; rel=redirect_urix", "", 0 },
		{ "<a>; rev=redirect_uri", "", 0 },
		{ "<a>; rel", "", 0 },
		{ "<a", "", 0 },
		{ "a; rel=redirect_uri", "", 0 },
		{ "<a>; rel=\"redirect_uri", "", 0 },
		{ "<a>; rel=\"redirect_uri\\", "", 0 },
		{ "<a b>; rel=redirect_uri", "", 0 },
		{ "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&found, 0, sizeof found);
		found_read_link(&found, span_str(rows[i].value), &url);
		if (found.nredirects != rows[i].n || strcmp(found.redirect[0], rows[i].first) != 0)
			fail_msg("%s: %zu %s", rows[i].value, found.nredirects, found.redirect[0]);
	}
}

/* RFC 3986 5.4.1 and 5.4.2, all of it. */
static void
relative(void **state)
{
	static const char *const rows[][2] = { { "g:h", "g:h" }, { "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" },
		{ "//g", "http://g" }, { "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" }, { "#s", "http://a/b/c/d;p?q#s" },
		{ "g#s", "http://a/b/c/g#s" }, { "g?y#s", "http://a/b/c/g?y#s" },
		{ ";x", "http://a/b/c/;x" }, { "g;x", "http://a/b/c/g;x" },
		{ "g;x?y#s", "http://a/b/c/g;x?y#s" }, { "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" }, { "./", "http://a/b/c/" }, { "..", "http://a/b/" },
		{ "../", "http://a/b/" }, { "../g", "http://a/b/g" }, { "../..", "http://a/" },
		{ "../../", "http://a/" }, { "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" }, { "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" }, { "/../g", "http://a/g" }, { "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" }, { "g..", "http://a/b/c/g.." },
		{ "..g", "http://a/b/c/..g" }, { "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" }, { "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" }, { "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" }, { "g#s/./x", "http://a/b/c/g#s/./x" },
		{ "g#s/../x", "http://a/b/c/g#s/../x" }, { "http:g", "http:g" },
		{ " \n g\t", "http://a/b/c/g" } };
	static char longest[WEBURL_MAX + 10];
	char out[WEBURL_MAX + 1];
	struct weburl base;

	(void)state;
	assert_int_equal(weburl_parse(SPAN_LIT("http://a/b/c/d;p?q"), &base), WEBURL_OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(relative_resolve(&base, span_str(rows[i][0]), out));
		assert_string_equal(out, rows[i][1]);
	}
	memset(longest, 'a', sizeof longest);
	assert_false(relative_resolve(&base, SPAN(longest, WEBURL_MAX), out));
	assert_string_equal(out, "");
	assert_true(relative_resolve(&base, SPAN(longest, WEBURL_MAX - 13), out));
	assert_false(relative_resolve(&base, SPAN_LIT("a\0b"), out));
	assert_false(relative_resolve(&base, SPAN_LIT("\xc3\xbc"), out));
}

/* ---- the rest ---- */
static void
pictures(void **state)
{
	(void)state;
	assert_string_equal(picture_type(SPAN_LIT("\x89PNG\r\n\x1a\nx")), "image/png");
	assert_string_equal(picture_type(SPAN_LIT("\xff\xd8\xff\xe0")), "image/jpeg");
	assert_string_equal(picture_type(SPAN_LIT("GIF87a")), "image/gif");
	assert_string_equal(picture_type(SPAN_LIT("GIF89a")), "image/gif");
	assert_string_equal(picture_type(SPAN_LIT("RIFFxxxxWEBPVP8 ")), "image/webp");
	assert_null(picture_type(SPAN_LIT("<svg xmlns='http://www.w3.org/2000/svg'>")));
	assert_null(picture_type(SPAN_LIT("\x89PNG\r\n\x1a")));
	assert_null(picture_type(SPAN_LIT("RIFFxxxxWAVE")));
	assert_null(picture_type(SPAN_NONE));
}

static void
ages(void **state)
{
	(void)state;
	assert_int_equal(transfer_age(SPAN_LIT("max-age=60")), 60);
	assert_int_equal(transfer_age(SPAN_LIT("public, Max-Age=60")), 60);
	assert_int_equal(transfer_age(SPAN_LIT("max-age=60, no-store")), 0);
	assert_int_equal(transfer_age(SPAN_LIT("No-Cache")), 0);
	assert_int_equal(transfer_age(SPAN_LIT("max-age=999999999999999999999")), FETCH_AGE_MAX);
	assert_int_equal(transfer_age(SPAN_LIT("max-age=-1")), 0);
	assert_int_equal(transfer_age(SPAN_LIT("max-age=")), 0);
	assert_int_equal(transfer_age(SPAN_LIT("")), 300);
}

static void
reasons(void **state)
{
	(void)state;
	for (uint64_t why = 1; why <= FETCH_WHY_BROKEN; why++) {
		assert_true(strlen(fetch_why_text(why)) > 10);
		assert_int_not_equal(fetch_why_err(why), ERR_OK);
	}
	assert_int_equal(fetch_why_err(0), ERR_OK);
	assert_int_equal(fetch_why_err(FETCH_WHY_BROKEN + 1), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(json_full, begin),
		cmocka_unit_test_setup(json_refused, begin),
		cmocka_unit_test_setup(json_limits, begin),
		cmocka_unit_test_setup(json_links, begin),
		cmocka_unit_test_setup(names, begin),
		cmocka_unit_test_setup(html_app, begin),
		cmocka_unit_test_setup(html_base, begin),
		cmocka_unit_test_setup(html_redirects, begin),
		cmocka_unit_test_setup(html_hostile, begin),
		cmocka_unit_test_setup(link_headers, begin),
		cmocka_unit_test(relative),
		cmocka_unit_test(pictures),
		cmocka_unit_test(ages),
		cmocka_unit_test(reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
