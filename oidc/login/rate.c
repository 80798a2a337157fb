#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/loop.h"
#include "oidc/db/memo.h"
#include "oidc/login/rate.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"

#define MOST 20000

struct memo *
rate_table(void)
{
	const struct memo_kind kind = { MOST, RATE_WINDOW * 1000, true, free };

	return memo_new(&kind);
}

struct memo *
rate_page_table(void)
{
	const struct memo_kind kind = { MOST, RATE_PAGE_WINDOW * 1000, true, free };

	return memo_new(&kind);
}

/* One more under this key. */
static bool
count_key(struct memo *m, const uint8_t key[MEMO_KEY], unsigned most)
{
	unsigned *n = memo_find(m, key, loop_now());

	if (n) {
		if (*n >= most)
			return false;
		++*n;
		return true;
	}
	if (!(n = malloc(sizeof *n)))
		return true;
	*n = 1;
	return !memo_put(m, key, n, loop_now());
}

static bool
count(struct web_request *q, const char *what, struct span who, unsigned most)
{
	struct span v[] = { span_str(what), SPAN("", 1), who };
	uint8_t key[MEMO_KEY];

	crypto_sha256v(v, sizeof v / sizeof *v, key);
	return count_key(q->oidc->rates, key, most);
}

/* What one house has of an address.  Empty: nobody's in particular; loopback is the proxy's, which
 * does not say for whom it asks, and one stranger must not use up what all have together. */
static struct span
house_of(const char *address, uint8_t ip[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }, /* RFC 4291 2.5.5.2 */
	    loopback[16] = { [15] = 1 };
	struct span four = SPAN(ip, 4);

	if (inet_pton(AF_INET, address, ip) != 1) {
		if (inet_pton(AF_INET6, address, ip) != 1 || memcmp(ip, loopback, 16) == 0)
			return SPAN_NONE;
		if (memcmp(ip, mapped, sizeof mapped) != 0)
			return SPAN(ip, 8);
		four = SPAN(ip + 12, 4);
	}
	return four.p[0] == 127 ? SPAN_NONE : four;
}

static bool
count_address(struct web_request *q, const struct rate *r)
{
	uint8_t ip[16];
	struct span house = house_of(q->address, ip);

	return !r->by_address || !house.len || count(q, r->what, house, r->by_address);
}

bool
rate_take(struct web_request *q, struct web_response *a, const struct rate *r)
{
	uint8_t browser[32];
	bool ok = count_address(q, r);

	if (ok && r->by_browser && session_browser_has(q, browser))
		ok = count(q, r->what, SPAN(browser, 32), r->by_browser);
	if (ok)
		return true;
	web_header_put(a, "Retry-After", SPAN_LIT("600"));
	web_refuse(q, a, 429, "temporarily_unavailable",
	    "That was tried too often. Wait ten minutes, and try again.");
	return false;
}

bool
rate_page(struct web_request *q, const uint8_t account[DB_ID], struct span client)
{
	struct span v[] = { SPAN(account, DB_ID), client };
	struct memo *m = q->oidc->pages;
	uint8_t all[MEMO_KEY], one[MEMO_KEY];

	crypto_sha256v(v, 1, all);
	crypto_sha256v(v, 2, one);
	if (memo_find(m, one, loop_now()))
		return true;
	return count_key(m, all, RATE_PAGES) && count_key(m, one, 1);
}
