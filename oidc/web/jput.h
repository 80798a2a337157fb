/*
 * jput.h - JSON that we write (RFC 8259), straight into a buf: no tree, no allocation of its own.
 *
 *	struct jput j = jput_into(&a->body);
 *	jput_object(&j, NULL);
 *	jput_text(&j, "scope", scope);
 *	jput_end(&j);
 *
 * key is NULL in lists and at the top.  Texts are UTF-8 (what is not becomes U+FFFD).
 */
#ifndef OIDC_WEB_JPUT_H
#define OIDC_WEB_JPUT_H

#include "lib/buf.h"

#define JPUT_DEPTH 16

struct jput {
	struct buf *out;
	unsigned depth;
	bool any[JPUT_DEPTH]; /* a member stands there already */
	char close[JPUT_DEPTH];
};

struct jput jput_into(struct buf *out);
void jput_object(struct jput *j, const char *key);
void jput_list(struct jput *j, const char *key);
void jput_end(struct jput *j); /* of the innermost object or list */
void jput_text(struct jput *j, const char *key, struct span value);
void jput_uint(struct jput *j, const char *key, uint64_t value);
void jput_bool(struct jput *j, const char *key, bool value);
/* JSON that somebody else wrote. */
void jput_raw(struct jput *j, const char *key, struct span json);
/* Space-separated words (scopes) as a list. */
void jput_words(struct jput *j, const char *key, struct span words);

#endif
