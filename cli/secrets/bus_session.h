/*
 * bus_session.h - sessions of clients: how the secrets cross the bus (transport.h).
 *
 * A session belongs to the peer that opened it and ends with it.  At most PEER_SESSIONS of a peer.
 */
#ifndef CLI_SECRETS_BUS_SESSION_H
#define CLI_SECRETS_BUS_SESSION_H

#include "cli/secrets/secrets.h"

struct bus_session {
	uint64_t number;
	struct peer *peer;
	struct transport *transport;
	struct bus_session *next;
};

/* OpenSession(s, v) -> (v, o) */
int bus_session_open(sd_bus_message *m, void *arg, sd_bus_error *error);
extern const sd_bus_vtable bus_session_vtable[];
/* NULL when there is none, or it is somebody else's. */
struct bus_session *bus_session_of(struct secrets *s, const struct peer *peer, uint64_t number);
struct bus_session *bus_session_at(struct secrets *s, const struct peer *peer, const char *path);
bool bus_session_is(const struct secrets *s, uint64_t number);
void bus_session_peer_gone(struct secrets *s, const struct peer *peer);

/* ---- secrets in messages: (oayays) ---- */
/* Append one, sealed for the session.  Negative errno. */
int bus_session_append(
    sd_bus_message *m, const struct bus_session *b, const struct ops_entry_value *v);
/* Read one: value is made here (sec_done), type is borrowed from m.  ERR_SECRETS_SESSION,
 * ERR_FORMAT, ERR_TOOBIG. */
MUST enum err bus_session_read(struct secrets *s, const struct peer *peer, sd_bus_message *m,
    struct sec *value, struct span *type);

#endif
