/* Names of browsers: strings that real ones send, and what nobody should trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oidc/login/browser.h"

#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "

static const struct {
	const char *agent, *name, *system;
} rows[] = {
	{ "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox",
	    "Linux" },
	{ "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
	    "Firefox", "Linux" },
	{ "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", "Firefox",
	    "Android" },
	{ "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
	  "like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15",
	    "Firefox", "iPhone" },
	{ "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome",
	    "Linux" },
	{ "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT "HeadlessChrome/156.0.0.0 Safari/537.36",
	    "Chrome", "Linux" },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT
	  "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
	    "Edge", "Windows" },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT
	  "Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0",
	    "Opera", "Windows" },
	{ "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/126.0.0.0 Mobile Safari/537.36",
	    "Chrome", "Android" },
	{ "Mozilla/5.0 (Linux; Android 13; SM-S901B) " WEBKIT
	  "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
	    "Samsung Internet", "Android" },
	{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
	  "Gecko) Version/17.5 Safari/605.1.15",
	    "Safari", "macOS" },
	{ "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	  "CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1",
	    "Chrome", "iPad" },
	{ "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT "Chrome/126.0.0.0 Safari/537.36",
	    "Chrome", "ChromeOS" },
	{ "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 "
	  "Safari/605.1.15 Epiphany/605.1.15",
	    "GNOME Web", "Linux" },
	{ "Mozilla/5.0 (X11; OpenBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox",
	    "OpenBSD" },
	{ "w3m/0.5.3+git20230121", "w3m", "" },
	{ "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8", "Lynx", "" },
	{ "Links (2.28; Linux 6.1.0-21-amd64 x86_64; GNU C 12.2; text)", "Links", "Linux" },
	{ "ELinks/0.13.2 (textmode; Debian; Linux 6.1.0-21-amd64 x86_64; 80x24-2)", "ELinks",
	    "Linux" },
	{ "curl/7.88.1", "curl", "" },
	/* nothing that we know, or that cannot be what it says */
	{ "", "", "" },
	{ "Mozilla/5.0", "", "" },
	{ "test browser", "", "" },
	{ "NotFirefox/1.0 (NotLinux)", "", "" },
	{ "Firefoxy/1.0", "", "" },
	{ "x (Firefox/1.0", "", "" },
	{ "((((((((((Linux))))))))))", "", "" },
	{ ")))((( Firefox/1", "", "" },
	{ "Firefox/1.0\x1b[2J (Linux)", "", "" },
	{ "Firefox/1.0 \xe2\x80\xae (Linux)", "", "" },
};

static void
knows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct browser b = browser_read(span_str(rows[i].agent));

		if (strcmp(b.name, rows[i].name) != 0 || strcmp(b.system, rows[i].system) != 0)
			fail_msg("%s: %s, %s", rows[i].agent, b.name, b.system);
	}
}

/* Behind 512 bytes nothing counts, and whatever is cut in two is harmless. */
static void
is_bounded(void **state)
{
	static const char tail[] = " Firefox/1.0 (X11; Linux x86_64)";
	char text[4096];

	(void)state;
	memset(text, '(', sizeof text);
	assert_string_equal(browser_read(SPAN(text, sizeof text)).name, "");
	memset(text, 'x', sizeof text);
	for (size_t at = BROWSER_MOST - 60; at < BROWSER_MOST + 60; at++) {
		struct browser b;

		memset(text, 'x', sizeof text);
		memcpy(text + at, tail, sizeof tail - 1);
		b = browser_read(SPAN(text, at + sizeof tail - 1));
		if (at >= BROWSER_MOST)
			assert_string_equal(b.name, "");
		if (at + sizeof tail - 1 <= BROWSER_MOST)
			assert_string_equal(b.system, "Linux");
	}
}

static void
is_kept(void **state)
{
	char text[BROWSER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct browser b = browser_read(span_str(rows[i].agent)), c;

		browser_write(b, text);
		assert_true(strlen(text) < BROWSER_TEXT - 1);
		c = browser_kept(span_str(text));
		assert_string_equal(b.name, c.name);
		assert_string_equal(b.system, c.system);
	}
	/* what others may have written to the database is never shown */
	assert_string_equal(browser_kept(SPAN_LIT("<b>/Linux")).name, "");
	assert_string_equal(browser_kept(SPAN_LIT("Firefox")).name, "");
	assert_string_equal(browser_kept(SPAN_NONE).name, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
