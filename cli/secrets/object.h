/*
 * object.h - what a path stands for now.
 *
 * While the vault is not open, every path that could be an item or a collection of it is one, and
 * is locked: saying "no such object" would make its owner throw away what it sealed (DESIGN 10).
 */
#ifndef CLI_SECRETS_OBJECT_H
#define CLI_SECRETS_OBJECT_H

#include "cli/secrets/secrets.h"

/* What is shown of an item; all of it borrowed, good until the store changes. */
struct object_item {
	bool locked;
	struct span label;
	const struct store_attr *attr;
	size_t nattr;
	uint64_t created, modified;
};
/* ERR_NOTFOUND: it is certain that there is none. */
MUST enum err object_item(const struct secrets *s, const struct objpath *o, struct object_item *v);
/* The entry of an item or a placeholder.  ERR_LOCKED, ERR_NOVAULT, ERR_NOTFOUND. */
MUST enum err object_entry(
    const struct secrets *s, const struct objpath *o, const struct entry **e);
/* The same of a collection (not "session"). */
MUST enum err object_collection(
    const struct secrets *s, const struct objpath *o, const struct entry **e);
/* Is this entry the collection itself, or only the place that "default" always has? */
bool object_is_kept(const struct entry *collection);

/* Append ao: the items that the query finds; with `held`, in a vault that is not open, a
 * placeholder.  Negative errno, with the error set. */
int object_append_items(sd_bus_message *reply, struct secrets *s, const struct store_query *q,
    struct peer *held, sd_bus_error *error);
/* Append ao: the items of the collection "session". */
int object_append_volatile(sd_bus_message *reply, const struct secrets *s, const struct attrs *a);
/* Append ao: all that is found and not locked for this client; all that is, in an open vault, as
 * the person would be asked about it (kept.h). */
int object_append_open(
    sd_bus_message *reply, const struct secrets *s, const struct attrs *a, const struct peer *peer);
int object_append_asked(
    sd_bus_message *reply, const struct secrets *s, const struct attrs *a, const struct peer *peer);

/* ---- signals ---- */
void object_entry_changed(struct secrets *s, enum store_change what, const struct entry *e);
void object_volatile_changed(struct secrets *s, enum store_change what, uint64_t number);
/* This client was given the value: it is not locked for it any more, which it alone is told. */
void object_given(struct secrets *s, const struct peer *p, const uint8_t id[16]);
/* The vault was opened or locked. */
void object_state_changed(struct secrets *s);

#endif
