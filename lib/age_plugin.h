/*
 * age_plugin.h - lines that make age(1) start age-plugin-ownkey (C2SP age-plugin.md).
 *
 * Identity:  Bech32 "AGE-PLUGIN-OWNKEY-" of a version (1), a kind (enum age_plugin_kind) and what
 * it says; no bytes at all is what `age -j ownkey` makes: any identity.  There is no key in it.
 * Recipient: Bech32 "age1ownkey" of a version (1) and an X25519 public key.
 */
#ifndef LIB_AGE_PLUGIN_H
#define LIB_AGE_PLUGIN_H

#include "lib/buf.h"

#define AGE_PLUGIN_IDENTITY  "age-plugin-ownkey-"
#define AGE_PLUGIN_RECIPIENT "age1ownkey"
#define AGE_PLUGIN_SAYS	     1536 /* bytes */
#define AGE_PLUGIN_TEXT	     (AGE_PLUGIN_SAYS * 8 / 5 + 64)

enum age_plugin_kind {
	AGE_PLUGIN_ANY = 0,	/* every age identity of the vault */
	AGE_PLUGIN_LABEL = 1,	/* the one with this path */
	AGE_PLUGIN_FOREIGN = 2, /* the text of an identity of another plugin, in upper case */
	AGE_PLUGIN_KINDS
};

/* Append the line, without a line feed.  ERR_TOOBIG. */
MUST enum err age_plugin_identity(enum age_plugin_kind kind, struct span says, struct buf *out);
MUST enum err age_plugin_recipient(const uint8_t pub[32], struct buf *out);
/* The other way.  *says is appended to mem.  ERR_FORMAT; ERR_VERSION: of a later version. */
MUST enum err age_plugin_identity_parse(
    struct span text, enum age_plugin_kind *kind, struct buf *says);
MUST enum err age_plugin_recipient_parse(struct span text, uint8_t pub[32]);

#endif
