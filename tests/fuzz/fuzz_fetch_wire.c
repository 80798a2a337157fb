/* What the provider and its fetch helper say to each other: neither trusts the other. */
#include <stdlib.h>

#include "lib/fetchjob.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
again(const struct wire_map *map, const void *m)
{
	struct buf b = BUF_INIT;

	if (wire_encode(map, m, &b) || wire_decode(map, buf_span(&b), NULL))
		abort();
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fetch_answer a;
	struct fetch_ask q;

	if (!wire_decode(&fetch_ask_map, SPAN(p, n), &q)) {
		if (!q.id || q.kind > FETCH_TALK || q.url.len > WEBURL_MAX)
			abort();
		again(&fetch_ask_map, &q);
	}
	if (!wire_decode(&fetch_answer_map, SPAN(p, n), &a)) {
		if (a.why > FETCH_WHY_BROKEN || a.name.len > FETCH_NAME_MAX ||
		    a.age > FETCH_AGE_MAX)
			abort();
		again(&fetch_answer_map, &a);
	}
	return 0;
}
