/*
 * import_keepass.h - entries of KeePass, from whichever export.
 *
 * An entry becomes the secret GROUP/TITLE with the attributes user and url.  What may be secret,
 * too, becomes a secret of its own: GROUP/TITLE/notes, /otp, /NAME of a protected string.
 */
#ifndef CLI_IMPORT_KEEPASS_H
#define CLI_IMPORT_KEEPASS_H

#include "cli/import.h"

struct keepass_entry {
	struct span path; /* of its group, without the root's name */
	struct span title, user, password, url, notes;
	struct span otp; /* otpauth:// */
};

/* "Root/a/b": "a/b". */
struct span keepass_below_root(struct span group);
/* Its secret is the last one of the list afterwards, so that attributes can be added; *false: there
 * is nothing in it, so it has none. */
bool keepass_put(struct import_list *l, const struct keepass_entry *e);
/* A one-time code's seed, NAME/otp. */
void keepass_put_otp(struct import_list *l, struct span name, struct span address);

#endif
