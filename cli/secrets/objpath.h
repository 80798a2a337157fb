/*
 * objpath.h - object paths of the Secret Service, taken apart and made.
 *
 * Only what a path says; whether the object is there, object.h knows.  The vault calls its main
 * collection "default", its path is collection/login; "session" is in memory (volatile.h).
 */
#ifndef CLI_SECRETS_OBJPATH_H
#define CLI_SECRETS_OBJPATH_H

#include "lib/span.h"

#define OBJPATH_ROOT	"/org/freedesktop/secrets"
#define OBJPATH_ID	64  /* bytes of the id of a collection */
#define OBJPATH_MOST	192 /* of a path of ours, with the NUL */
#define OBJPATH_MAIN	"default"
#define OBJPATH_SESSION "session"

enum objpath_kind {
	OBJPATH_NONE,
	OBJPATH_SERVICE,
	OBJPATH_COLLECTION,
	OBJPATH_VOLATILE, /* the collection "session" */
	OBJPATH_ITEM,
	OBJPATH_PLACEHOLDER,
	OBJPATH_VOLATILE_ITEM,
	OBJPATH_BUS_SESSION,
	OBJPATH_PROMPT
};

struct objpath {
	enum objpath_kind kind;
	char collection[OBJPATH_ID + 1]; /* as the vault calls it */
	uint8_t id[16];			 /* of an item */
	uint64_t number;		 /* of all others */
};

/* kind is OBJPATH_NONE when it is none of ours. */
void objpath_parse(const char *path, struct objpath *o);
/* The canonical path. */
void objpath_put(const struct objpath *o, char out[OBJPATH_MOST]);
/* The same for parts; collection is cut at OBJPATH_ID. */
void objpath_item(struct span collection, const uint8_t id[16], char out[OBJPATH_MOST]);
void objpath_collection(struct span collection, char out[OBJPATH_MOST]);
void objpath_numbered(enum objpath_kind kind, uint64_t number, char out[OBJPATH_MOST]);

#endif
