/* Addresses: what is taken apart is put together again, and a canonical form is its own. */
#include <stdlib.h>

#include "oidc/fetch/peer.h"
#include "oidc/op/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
canonical(struct span url, enum profile_wrong (*check)(struct span, struct buf *))
{
	struct buf one = BUF_INIT, two = BUF_INIT;

	if (!check(url, &one) &&
	    (check(buf_span(&one), &two) || !span_eq(buf_span(&one), buf_span(&two))))
		abort();
	buf_done(&one);
	buf_done(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct weburl u;

	canonical(SPAN(p, n), profile_check_person);
	canonical(SPAN(p, n), profile_check_client);
	if (weburl_parse(SPAN(p, n), &u))
		return 0;
	if (u.path.p + u.path.len + u.has_query + u.query.len + u.has_fragment + u.fragment.len !=
	    p + n)
		abort();
	if (!peer_check_url(&u, false, false) && (!u.is_https || u.kind != WEBURL_DOMAIN))
		abort();
	return 0;
}
