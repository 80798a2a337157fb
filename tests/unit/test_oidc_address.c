/* Which addresses the provider goes to: first and last of each block, and their neighbours; and
 * the notations that getaddrinfo takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "oidc/fetch/address.h"
#include "oidc/fetch/peer.h"

/* clang-format off */
static const char *const special[] = {
	"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
	"127.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254",
	"169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0",
	"192.0.2.255", "192.31.196.1", "192.52.193.1", "192.88.99.0", "192.88.99.255",
	"192.168.0.0", "192.168.255.255", "192.175.48.1", "198.18.0.0", "198.19.255.255",
	"198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "224.0.0.0",
	"239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255",
	"::", "::1", "::2", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
	"64:ff9b::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "100:0:0:1::1",
	"2001::1", "2001:1::1", "2001:2::1", "2001:3::1", "2001:4:112::1", "2001:10::1",
	"2001:20::1", "2001:30::1", "2001:1ff:ffff::1", "2001:db8::", "2001:db8:ffff::1",
	"2002::1", "2002:7f00:1::", "2002:ffff::1", "2620:4f:8000::1", "3fff::1", "3fff:fff::1",
	"4000::1", "5f00::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff00::1",
	"ff02::1", "ffff::1", "1fff::1",
};

static const char *const ordinary[] = {
	"1.0.0.0", "1.2.3.4", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
	"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
	"172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255",
	"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
	"198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8",
	"2000::1", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2001:4860:4860::8888",
	"2606:4700::1111", "2620:4f:8001::1", "2a00:1450::1", "3ffe:ffff::1", "3fff:1000::1",
};
/* clang-format on */

static bool
is_public(const char *text)
{
	struct addrinfo want = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *got = NULL;
	bool yes;

	if (getaddrinfo(text, NULL, &want, &got) != 0)
		fail_msg("%s: no address", text);
	yes = address_is_public(got->ai_addr, got->ai_addrlen);
	freeaddrinfo(got);
	return yes;
}

static void
blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (is_public(special[i]))
			fail_msg("%s is taken for public", special[i]);
	for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
		if (!is_public(ordinary[i]))
			fail_msg("%s is taken for special", ordinary[i]);
}

/* What inet_aton understands; such hosts are refused before, too (peer_check_url). */
static void
notations(void **state)
{
	static const char *const loopback[] = { "127.1", "127.0.1", "0x7f.1", "0x7f000001",
		"0X7F.0.0.0x1", "2130706433", "0177.0.0.1", "017700000001", "0", "0x0" };
	static const char *const written[] = { "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0",
		"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "1.2.3.4", "localhost", "a.localhost",
		"intranet", "hidden.onion" };
	char url[64];

	(void)state;
	for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
		assert_false(is_public(loopback[i]));
	for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
		struct weburl u;

		snprintf(url, sizeof url, "https://%s/", written[i]);
		assert_int_equal(weburl_parse(span_str(url), &u), WEBURL_OK);
		assert_int_equal(peer_check_url(&u, false, false), FETCH_WHY_HOST);
	}
}

static enum fetch_why
checked(const char *url, bool person, bool proxied)
{
	struct weburl u;

	assert_int_equal(weburl_parse(span_str(url), &u), WEBURL_OK);
	return peer_check_url(&u, person, proxied);
}

static void
urls(void **state)
{
	(void)state;
	assert_int_equal(checked("https://a.example/", false, false), FETCH_WHY_OK);
	assert_int_equal(checked("https://a.example:443/", false, false), FETCH_WHY_OK);
	assert_int_equal(checked("https://a.example:1024/", false, false), FETCH_WHY_OK);
	assert_int_equal(checked("https://a.example:1023/", false, false), FETCH_WHY_PORT);
	assert_int_equal(checked("https://a.example:22/", false, false), FETCH_WHY_PORT);
	assert_int_equal(checked("http://a.example/", false, false), FETCH_WHY_URL);
	assert_int_equal(checked("https://a.example/#a", false, false), FETCH_WHY_URL);
	assert_int_equal(checked("https://a.example/../", false, false), FETCH_WHY_URL);
	assert_int_equal(checked("https://a.onion/", false, false), FETCH_WHY_HOST);
	assert_int_equal(checked("https://a.onion/", false, true), FETCH_WHY_OK);
	assert_int_equal(checked("https://a.onion/", true, false), FETCH_WHY_HOST);
	assert_int_equal(checked("https://10.0.0.1:22/", true, false), FETCH_WHY_OK);
	assert_int_equal(checked("http://10.0.0.1/", true, false), FETCH_WHY_URL);
	assert_int_equal(checked("http://127.0.0.1:8480/", true, false), FETCH_WHY_OK);
	assert_int_equal(checked("http://[::1]:8480/", true, false), FETCH_WHY_OK);
	assert_int_equal(checked("http://localhost.evil.example/", true, false), FETCH_WHY_URL);
}

static void
proxies(void **state)
{
	static const struct {
		const char *proxy, *host;
		uint16_t port;
	} rows[] = {
		{ "socks5h://127.0.0.1:9050", "127.0.0.1", 9050 },
		{ "http://user:p@ss@proxy.example:3128/", "proxy.example", 3128 },
		{ "socks5://[::1]:1", "::1", 1 },
		{ "http://proxy", "proxy", 1080 },
	};
	static const char *const none[] = { "http://", "http://:80", "http://a:0", "http://a:70000",
		"http://[]:1" };
	struct weburl u = { 0 };
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(peer_set(&p, &u, rows[i].proxy), FETCH_WHY_OK);
		assert_string_equal(p.host, rows[i].host);
		assert_int_equal(p.port, rows[i].port);
		assert_true(p.is_proxy);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(peer_set(&p, &u, none[i]), FETCH_WHY_PROXY);
}

/* Only whole addresses with their port are the peer's. */
static void
same_address(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct sockaddr_un unix_socket = { .sun_family = AF_UNIX };
	struct peer p = { .n = 1, .len = { sizeof a } };

	(void)state;
	a.sin_addr.s_addr = htonl(0x01020304);
	memcpy(&p.address[0], &a, sizeof a);
	assert_true(peer_has(&p, (struct sockaddr *)&a, sizeof a));
	a.sin_port = htons(22);
	assert_false(peer_has(&p, (struct sockaddr *)&a, sizeof a));
	a.sin_port = htons(443);
	a.sin_addr.s_addr = htonl(0x7f000001);
	assert_false(peer_has(&p, (struct sockaddr *)&a, sizeof a));
	assert_false(address_is_public((struct sockaddr *)&unix_socket, sizeof unix_socket));
	a.sin_addr.s_addr = htonl(0x01020304);
	assert_true(address_is_public((struct sockaddr *)&a, sizeof a));
	assert_false(address_is_public((struct sockaddr *)&a, sizeof a - 1));
}

static void
scoped(void **state)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "2a00:1450::1", &a.sin6_addr), 1);
	assert_true(address_is_public((struct sockaddr *)&a, sizeof a));
	a.sin6_scope_id = 1;
	assert_false(address_is_public((struct sockaddr *)&a, sizeof a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(notations),
		cmocka_unit_test(urls),
		cmocka_unit_test(proxies),
		cmocka_unit_test(same_address),
		cmocka_unit_test(scoped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
