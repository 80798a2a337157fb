/*
 * address.h - which addresses are on the public Internet: all but those of the special-purpose
 * registries (RFC 6890 and what IANA added), as a table.
 *
 * An IPv4 address inside an IPv6 one (::ffff:0:0/96, 64:ff9b::/96, 6to4, Teredo) is special
 * whatever it is: nobody publishes such.
 */
#ifndef OIDC_FETCH_ADDRESS_H
#define OIDC_FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Other families than IPv4 and IPv6 never are. */
bool address_is_public(const struct sockaddr *a, socklen_t len);

#endif
