/*
 * fixed.h - the files that never change while the program runs: stylesheet and scripts, compiled
 * in from the files of those names here.
 */
#ifndef OIDC_PAGE_FIXED_H
#define OIDC_PAGE_FIXED_H

#include "oidc/web/web.h"

/* Handler of PATH_STATIC (page.h): the file named by the tail, with an ETag (RFC 9110 8.8.3). */
void page_fixed(struct web_request *q, struct web_response *a);

#endif
