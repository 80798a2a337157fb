/*
 * attrs.h - attributes of a secret: user, url and the like.  They are shown without being asked
 * for, so they are no place for a second secret.
 */
#ifndef CLI_ATTRS_H
#define CLI_ATTRS_H

#include "cli/cli.h"
#include "lib/otp.h"

struct attrs {
	size_t n;
	struct ops_pair pair[OPS_SECRET_ATTRS]; /* names and values are borrowed */
	char number[2][12];			/* but those of one-time codes */
};

/* Every --attr NAME=VALUE.  ERR_USAGE. */
MUST enum err attrs_from_args(struct cli *c, struct attrs *a);
/* One more, instead of an older one with this name.  ERR_TOOBIG, ERR_TEXT. */
MUST enum err attrs_put(struct attrs *a, struct span name, struct span value);
/* How codes are made; borrows from g. */
MUST enum err attrs_put_otp(struct attrs *a, const struct otp_given *g);
struct wire_list attrs_list(const struct attrs *a);
/* In a decoded list of ops_pair.  ERR_NOTFOUND. */
MUST enum err attrs_find(const struct wire_list *l, struct span name, struct span *value);

#endif
