/*
 * page.h - the frame of every page: head, title, main, foot.  Works without scripts and pictures;
 * one stylesheet, from here.
 */
#ifndef OIDC_PAGE_PAGE_H
#define OIDC_PAGE_PAGE_H

#include "oidc/web/web.h"

#define PATH_STATIC "/static/" /* style.css, and the script of WebAuthn */

/* Begin the body of a page with this title; what follows goes into a->body. */
void page_begin(struct web_request *q, struct web_response *a, const char *title);
/* A script of ours besides, by its name below PATH_STATIC; before page_begin's end of head. */
void page_begin_with(
    struct web_request *q, struct web_response *a, const char *title, const char *script);
/* More in the head, which is markup of ours. */
void page_begin_head(
    struct web_request *q, struct web_response *a, const char *title, struct span head);
void page_end(struct web_request *q, struct web_response *a, unsigned status);
/* <form method="post" action="issuer path"> with its token; close it with "</form>". */
void page_form(struct web_request *q, struct web_response *a, const char *path, const char *token);
void page_hidden(struct web_response *a, const char *name, struct span value);
/* "2027-01-15 08:00", in UTC, as <time>. */
void page_time(struct web_response *a, uint64_t when);
/* web_hooks.page */
void page_error(struct web_request *q, struct web_response *a, const char *title, const char *text);

#endif
