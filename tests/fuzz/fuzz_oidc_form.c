/* Forms and queries: what is taken comes out the same when it is written again. */
#include <stdlib.h>

#include "oidc/web/form.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct form f = { .n = 0 }, again = { .n = 0 };
	struct buf b = BUF_INIT;

	if (form_parse(SPAN(p, n), &f))
		return 0;
	for (size_t i = 0; i < f.n; i++) {
		if (i)
			buf_put_u8(&b, '&');
		form_encode(f.at[i].name, &b);
		buf_put_u8(&b, '=');
		form_encode(f.at[i].value, &b);
	}
	if (form_parse(buf_span(&b), &again) || again.n != f.n)
		abort();
	for (size_t i = 0; i < f.n; i++)
		if (!span_eq(f.at[i].name, again.at[i].name) ||
		    !span_eq(f.at[i].value, again.at[i].value))
			abort();
	form_done(&f);
	form_done(&again);
	buf_done(&b);
	return 0;
}
