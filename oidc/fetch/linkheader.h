/*
 * linkheader.h - the value of a Link header (RFC 8288 3), from somebody we do not know.
 */
#ifndef OIDC_FETCH_LINKHEADER_H
#define OIDC_FETCH_LINKHEADER_H

#include "lib/span.h"

/* target: what stands between < and >, not resolved. */
typedef void linkheader_fn(void *arg, struct span target);

/* Each link whose relation types have `rel` among them (without regard to case) and that has no
 * anchor, which would make it another document's.  Stops at what is malformed. */
void linkheader_each(struct span value, const char *rel, linkheader_fn *fn, void *arg);
/* Is `word` among these, separated by white space?  (rel, class) */
bool linkheader_has(struct span words, const char *word);

#endif
