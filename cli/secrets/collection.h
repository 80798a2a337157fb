/* collection.h - org.freedesktop.Secret.Collection, also at the paths of aliases. */
#ifndef CLI_SECRETS_COLLECTION_H
#define CLI_SECRETS_COLLECTION_H

#include "cli/secrets/secrets.h"

extern const sd_bus_vtable collection_vtable[];
/* For sd_bus_add_fallback_vtable. */
int collection_find(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error);
/* CreateItem(a{sv}, (oayays), b) -> (o, o): create.c */
int collection_create_item(sd_bus_message *m, void *arg, sd_bus_error *error);

/* An id for a new collection with this label, that no other has. */
void collection_new_id(const struct secrets *s, struct span label, char out[OBJPATH_ID + 1]);

#endif
