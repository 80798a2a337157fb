/* service.h - org.freedesktop.Secret.Service. */
#ifndef CLI_SECRETS_SERVICE_H
#define CLI_SECRETS_SERVICE_H

#include "cli/secrets/secrets.h"

extern const sd_bus_vtable service_vtable[];

#endif
