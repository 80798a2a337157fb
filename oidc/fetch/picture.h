/*
 * picture.h - what kind of picture it is, by its first bytes and not by what its server says.
 */
#ifndef OIDC_FETCH_PICTURE_H
#define OIDC_FETCH_PICTURE_H

#include "lib/span.h"

/* "image/png", "image/jpeg", "image/gif", "image/webp"; NULL: none of these.  SVG is none: it is a
 * program. */
const char *picture_type(struct span bytes);

#endif
