/*
 * move.h - ownkey-secrets as a client: another Secret Service is read (--move-in) or filled
 * (--move-out) for `ownkey`, which holds the other end of descriptor 0 (lib/move.h).
 *
 * It is a program of its own run: it serves nobody and knows no vault.  In the other service it
 * changes nothing when it reads, and only adds when it fills.
 */
#ifndef CLI_SECRETS_MOVE_H
#define CLI_SECRETS_MOVE_H

#include <systemd/sd-bus.h>

#include "cli/secrets/transport.h"
#include "lib/move.h"

#define MOVE_PATH     256 /* of an object, longer ones are refused */
#define MOVE_SERVICE  "org.freedesktop.secrets"
#define MOVE_ROOT     "/org/freedesktop/secrets"
#define MOVE_IFACE(x) "org.freedesktop.Secret." x
#define MOVE_USEC     (120 * UINT64_C(1000000)) /* for one answer that asks nobody */

/* The other service. */
struct move {
	int fd; /* to `ownkey`; not owned */
	sd_bus *bus;
	char owner[256]; /* its unique name */
	bool keepassxc;	 /* its attributes Uuid and Path are its own: nobody else may set them */
	char session[MOVE_PATH];
	struct transport transport;
	char wrong[512]; /* what it said last, for people */
};

/* The whole run: the exit status of the program. */
int move_run(bool out);

/* ---- move_bus.c ---- */
/* Find the service, greet it, open a session (DH when it can, else plain); says OWNER.
 * ERR_MOVE_BUS, ERR_MOVE_NONE, ERR_MOVE_OURS, ERR_MOVE_KWALLET, ERR_MOVE_SERVICE. */
MUST enum err move_open(struct move *m);
void move_close(struct move *m);
/* Call and wait; in: NULL or a message that is taken over.  *rep is the caller's.  ERR_LOCKED,
 * ERR_NOTFOUND, ERR_MOVE_SERVICE with m->wrong. */
MUST enum err move_call(struct move *m, sd_bus_message *in, sd_bus_message **rep);
MUST enum err move_new_call(
    struct move *m, const char *path, const char *iface, const char *member, sd_bus_message **out);
MUST enum err move_error(struct move *m, int r);
/* A property, what: its name, a blank and its type; *rep stands before its value. */
MUST enum err move_property(
    struct move *m, const char *path, const char *iface, const char *what, sd_bus_message **rep);
/* Its prompt, when there is one ("/" = none): the person answers it there.  found: NULL, or the
 * object path that it made.  ERR_REFUSED: dismissed. */
MUST enum err move_prompt(struct move *m, const char *prompt, char found[MOVE_PATH]);
/* paths: NULL-ended.  ERR_REFUSED as above; some may be open although. */
MUST enum err move_unlock(struct move *m, char **paths);
MUST enum err move_alias(struct move *m, const char *alias, char path[MOVE_PATH]);
/* The secret of an item: value and type into wiped buffers.  ERR_LOCKED, ERR_TOOBIG. */
MUST enum err move_secret(struct move *m, const char *item, struct buf *value, struct buf *type);
void move_say(struct move *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- move_session.c, move_in.c, move_out.c ---- */
MUST enum err move_session(struct move *m);
MUST enum err move_in(struct move *m);
MUST enum err move_out(struct move *m);

#endif
