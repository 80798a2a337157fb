/*
 * scope.h - sets of scopes as text: names with one space between (RFC 6749 3.3).
 */
#ifndef OIDC_OP_SCOPE_H
#define OIDC_OP_SCOPE_H

#include "lib/buf.h"

#define SCOPE_MAX 1024 /* bytes of a set */

/* Characters and spaces as RFC 6749 3.3 has them; the empty set is none. */
bool scope_is_set(struct span s);
bool scope_has(struct span s, const char *name);
/* The next name of *rest, which is cut off; false at the end. */
bool scope_next(struct span *rest, struct span *name);
/* Every name of inner is in outer. */
bool scope_is_within(struct span inner, struct span outer);
/* Those of asked that are in allowed, each once, as asked, appended: unknown ones are left out
 * (OpenID Connect Core 3.1.2.1). */
void scope_put_allowed(struct buf *out, struct span asked, struct span allowed);

#endif
