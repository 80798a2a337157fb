/*
 * peer.h - who is at the other end of the bus: what the bus daemon and the kernel say of a client.
 *
 * One struct for each unique name that has asked for something, until that name is gone.
 */
#ifndef CLI_SECRETS_PEER_H
#define CLI_SECRETS_PEER_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "lib/ops_entry.h"

#define PEER_SESSIONS 64
#define PEERS_MAX     4096

struct peer {
	char name[256]; /* unique name */
	uid_t uid;
	pid_t pid;
	char app[OPS_ENTRY_APP + 1]; /* as in struct ops_who */
	bool vouched;
	/* counted by their owners, limits above; a peer that is gone loses what it had */
	unsigned sessions, prompts, pending;
	size_t held; /* bytes of its messages that are pending */
	struct peer *next;
};

struct peers;
/* gone: the name left the bus; what belongs to it must be dropped before it returns. */
typedef void peer_gone_fn(void *arg, struct peer *p);
MUST enum err peers_new(struct peers **out, sd_bus *bus, peer_gone_fn *gone, void *arg);
void peers_done(struct peers *p);
/* The sender of m.  The first time the bus daemon is asked, and waited for (it never waits for
 * clients itself; 2 s at most), so that nothing is decided about somebody unknown.  ERR_LIMIT,
 * ERR_PERMISSION for another uid, or one that is gone; app is "" when nobody can tell. */
MUST enum err peers_of(struct peers *p, sd_bus_message *m, struct peer **out);

#endif
