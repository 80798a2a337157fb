/* health.c - /health and /metrics. */
#include "oidc/health.h"

#include "oidc/db/db.h"
#include "oidc/oidc.h"
#include "oidc/sign.h"
#include "oidc/web/jput.h"

void
health_show(struct web_request *q, struct web_response *a)
{
	static const char *const agent[] = { "absent", "locked", "open" };
	enum sign_state s = sign_state(q->oidc->sign);
	struct jput j = jput_into(&a->body);
	enum err store = db_probe(q->oidc->db);
	bool good = s == SIGN_OPEN && !store;

	jput_object(&j, NULL);
	jput_text(&j, "status", span_str(good ? "ok" : "degraded"));
	jput_text(&j, "agent", span_str(agent[s]));
	jput_text(&j, "store", span_str(store ? err_text(store) : "ok"));
	jput_end(&j);
	web_json(a, good ? 200 : 503);
}

static void
put(struct buf *b, const char *name, const char *type, const char *help, uint64_t v)
{
	buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
	    (unsigned long long)v);
}

static void
put_row(struct buf *b, const char *path, unsigned class, uint64_t n)
{
	buf_putf(b, "ownkey_oidc_responses_total{route=\"%s\",class=\"%uxx\"} %llu\n",
	    path ? path : "none", class, (unsigned long long)n);
}

static void
put_rows(struct buf *b, const struct web *w, const struct web_route *routes)
{
	const uint64_t *n;

	buf_put_str(b,
	    "# HELP ownkey_oidc_responses_total Responses by route and class of status.\n"
	    "# TYPE ownkey_oidc_responses_total counter\n");
	for (size_t i = 0; (n = web_row_counts(w, i)); i++)
		for (unsigned class = 1; class < 6; class ++)
			if (n[class])
				put_row(b, routes[i].path, class, n[class]);
}

void
health_metrics(struct web_request *q, struct web_response *a)
{
	const struct web_counts *c = web_counts(q->oidc->web);
	struct buf *b = &a->body;

	put(b, "ownkey_oidc_connections", "gauge", "Open connections.", c->connections);
	put(b, "ownkey_oidc_waiting", "gauge", "Requests that wait for the agent or the network.",
	    c->fibers);
	put(b, "ownkey_oidc_connections_total", "counter", "Accepted.", c->accepted);
	put(b, "ownkey_oidc_connections_refused_total", "counter", "Refused.", c->refused);
	put(b, "ownkey_oidc_connections_evicted_total", "counter", "Closed for others.",
	    c->evicted);
	put(b, "ownkey_oidc_vault_open", "gauge", "Can tokens be signed?",
	    sign_state(q->oidc->sign) == SIGN_OPEN);
	put(b, "ownkey_oidc_store_writable", "gauge", "Can the store be written?",
	    !db_probe(q->oidc->db));
	put_rows(b, q->oidc->web, q->oidc->routes);
	a->status = 200;
	a->type = "text/plain; version=0.0.4; charset=utf-8";
}

/* clang-format off */
const struct web_route health_routes[] = {
	{ "/metrics", WEB_GET, health_metrics, WEB_API | WEB_AT_HOST },
	{ "/health",  WEB_GET, health_show,    WEB_API | WEB_AT_HOST },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */
