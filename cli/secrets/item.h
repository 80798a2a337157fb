/* item.h - org.freedesktop.Secret.Item, and the values of several at once. */
#ifndef CLI_SECRETS_ITEM_H
#define CLI_SECRETS_ITEM_H

#include "cli/secrets/secrets.h"

extern const sd_bus_vtable item_vtable[];
/* For sd_bus_add_fallback_vtable. */
int item_find(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error);
/* GetSecrets(ao, o) -> a{o(oayays)} */
int item_get_secrets(sd_bus_message *m, void *arg, sd_bus_error *error);

#endif
