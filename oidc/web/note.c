/* note.c - what the log and the counts say of a request that was answered. */
#include "lib/log.h"
#include "oidc/web/parts.h"

static size_t
row_number(const struct web_answer *x)
{
	const struct web *w = x->web;

	if (!x->q.route || x->conn->door == WEB_DOOR_METRICS)
		return w->nrows;
	return (size_t)(x->q.route - w->conf.routes);
}

/* One line; of the address only the row's, as others hold what is nobody's business. */
void
web_note(const struct web_answer *x)
{
	static const char *const names[] = { [WEB_GET] = "GET",
		[WEB_POST] = "POST",
		[WEB_OPTIONS] = "OPTIONS",
		[WEB_OTHER] = "other" };
	struct web *w = x->web;
	unsigned class = x->a.status / 100 % 6;
	bool shown = w->conf.log_addresses && x->q.address[0];

	w->counts.requests++;
	w->counts.by_class[class]++;
	w->by_row[row_number(x)][class]++;
	w->counts.failed += class == 5;
	log_info("request method=%s route=%s status=%u ms=%llu bytes=%zu%s%s",
	    x->head ? "HEAD" : names[x->q.method], x->q.route ? x->q.route->path : "-", x->a.status,
	    (unsigned long long)(loop_now() - x->began), x->size, shown ? " address=" : "",
	    shown ? x->q.address : "");
}
