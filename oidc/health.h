/*
 * health.h - how it is: for load balancers and people (/health), and for Prometheus (/metrics).
 */
#ifndef OIDC_HEALTH_H
#define OIDC_HEALTH_H

#include "oidc/web/web.h"

/* 200 when tokens can be signed and written, else 503; JSON says what is the matter. */
void health_show(struct web_request *q, struct web_response *a);
void health_metrics(struct web_request *q, struct web_response *a);
extern const struct web_route health_routes[]; /* of the metrics' door */

#endif
