/*
 * reply.h - the answer to an authorization request, carried by the browser (RFC 6749 4.1.2, RFC
 * 9207): a redirect, or a form that posts itself.
 */
#ifndef OIDC_OP_REPLY_H
#define OIDC_OP_REPLY_H

#include "oidc/op/authreq.h"
#include "oidc/web/web.h"

void reply_code(
    struct web_request *q, struct web_response *a, const struct authreq *r, const char *code);
/* To the client, or a page if nobody may be told. */
void reply_error(struct web_request *q, struct web_response *a, const struct authreq *r,
    const struct authreq_wrong *w);

#endif
