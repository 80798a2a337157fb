/*
 * client_fuzz.h - the promises of oidc/fetch/found.h, whatever was read.
 */
#ifndef TESTS_FUZZ_CLIENT_FUZZ_H
#define TESTS_FUZZ_CLIENT_FUZZ_H

#include <stdlib.h>

#include "lib/text.h"
#include "oidc/fetch/found.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static inline struct weburl
client_fuzz_url(void)
{
	struct weburl u;

	if (weburl_parse(SPAN_LIT("https://app.example/dir/client"), &u))
		abort();
	return u;
}

static inline void
client_fuzz_link(const char *s)
{
	struct weburl u;

	if (*s &&
	    (weburl_parse(span_str(s), &u) || !u.is_https || u.kind != WEBURL_DOMAIN ||
		weburl_is_local(&u)))
		abort();
}

static inline void
client_fuzz_check(const struct found *f, bool ok)
{
	struct span redirects[FETCH_REDIRECTS];
	struct fetch_answer a = { 0 }, again;
	struct buf b = BUF_INIT;

	if (!ok && (f->name[0] || f->nredirects || f->home[0]))
		abort();
	if (!text_is_utf8(span_str(f->name)) || strpbrk(f->name, "\n\t\r\x1b"))
		abort();
	client_fuzz_link(f->home);
	client_fuzz_link(f->logo);
	client_fuzz_link(f->policy);
	client_fuzz_link(f->terms);
	found_answer(f, redirects, &a);
	wire_mark(&fetch_answer_map, &a);
	/* the provider can read whatever is answered */
	if (wire_encode(&fetch_answer_map, &a, &b) || b.len > FETCH_FRAME_MAX ||
	    wire_decode(&fetch_answer_map, buf_span(&b), &again) ||
	    !span_eq(again.name, span_str(f->name)) || again.redirects.n != f->nredirects)
		abort();
	buf_done(&b);
}

#endif
