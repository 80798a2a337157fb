/*
 * entry.h - one entry of a list of known answers: reading its members, comparing with them.
 *
 * The first thing that is missing, malformed or different is kept in `why`; all functions say false
 * then.
 */
#ifndef KAT_ENTRY_H
#define KAT_ENTRY_H

#include <jansson.h>

#include "lib/buf.h"

struct entry {
	const json_t *obj;
	const char *name; /* member that failed, NULL = none */
	const char *why;
};

bool entry_fail(struct entry *e, const char *name, const char *why);
bool entry_has(const struct entry *e, const char *name);
/* Borrowed from the entry. */
bool entry_text(struct entry *e, const char *name, const char **text);
bool entry_number(struct entry *e, const char *name, uint64_t max, uint64_t *n);
/* Hex into out, which is emptied first; len: bytes wanted, ENTRY_ANY = any number. */
#define ENTRY_ANY SIZE_MAX
bool entry_bytes(struct entry *e, const char *name, size_t len, struct buf *out);
/* Is got what the hex says? */
bool entry_same(struct entry *e, const char *name, struct span got);

#endif
