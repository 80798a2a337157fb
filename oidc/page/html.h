/*
 * html.h - HTML that we write: everything that is not ours goes through html_text, also into
 * attributes, which are always in double quotes.  Addresses go through html_link.
 */
#ifndef OIDC_PAGE_HTML_H
#define OIDC_PAGE_HTML_H

#include "lib/buf.h"

/* & < > " ' become references; control characters, and those that turn the direction of text or
 * are invisible (U+200B..U+200F, U+202A..U+202E, U+2060..U+2069, U+FEFF) become U+FFFD: a name must
 * not pose as another.  At most `most` characters, then "…". */
void html_text(struct buf *b, struct span text);
void html_text_short(struct buf *b, struct span text, size_t most);
/* href="..." of a https (or, for our own, relative) address; nothing for any other. */
void html_link(struct buf *b, struct span uri, struct span text);

#endif
