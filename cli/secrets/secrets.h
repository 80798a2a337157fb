/*
 * secrets.h - what the objects on the bus share: the store, the peers, the calls that wait.
 *
 * One thread, one loop.  A method whose answer needs the agent becomes a struct call, which holds
 * the message until the agent has answered; everything else is answered at once.  While the store
 * is reading, the bus is not listened to (bus.h): so no handler meets that state, but when reading
 * takes too long, and then it is the same as locked.
 */
#ifndef CLI_SECRETS_SECRETS_H
#define CLI_SECRETS_SECRETS_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "cli/secrets/objpath.h"
#include "cli/secrets/peer.h"
#include "cli/secrets/placeholder.h"
#include "cli/secrets/store.h"
#include "lib/buf.h"
#include "lib/sec.h"

#define SECRETS_PROMPTS	 16		    /* of a peer */
#define SECRETS_PENDING	 64		    /* calls of a peer that wait for the agent */
#define SECRETS_PATHS	 16384		    /* in one call */
#define SECRETS_MESSAGE	 (2 * 1024 * 1024)  /* bytes of one that waits for the agent */
#define SECRETS_HELD	 (16 * 1024 * 1024) /* of all such ones of a peer */
#define SECRETS_VALUE	 (128 * 1024)
#define SECRETS_SERVICE	 "org.freedesktop.secrets"
#define SECRETS_PORTAL	 "org.freedesktop.impl.portal.desktop.ownkey"
#define IFACE_SERVICE	 "org.freedesktop.Secret.Service"
#define IFACE_COLLECTION "org.freedesktop.Secret.Collection"
#define IFACE_ITEM	 "org.freedesktop.Secret.Item"
#define IFACE_SESSION	 "org.freedesktop.Secret.Session"
#define IFACE_PROMPT	 "org.freedesktop.Secret.Prompt"

#define SECRET_STRUCT "(oayays)"

struct bus_session;
struct prompt;
struct portal_request;
struct kept;
struct volatile_item;
struct call;

struct secrets {
	sd_event *loop;
	sd_bus *bus;
	struct store *store;
	struct peers *peers;
	struct placeholders *holders;
	struct bus_session *sessions;
	struct prompt *prompts;
	struct portal_request *requests;
	struct kept *kept;
	struct volatile_item *items;
	struct call *calls;
	uint64_t last_session, last_prompt, last_item;
	size_t volatile_bytes;
	char (*known)[OBJPATH_ID + 1]; /* collections of the vault when it was open last */
	size_t nknown;
	int starter; /* starter.h */
	sd_event_source *slow;
	bool deaf, quit;
	bool replace, named;  /* take the names from others; they were asked for */
	enum err name_err;    /* what became of that */
	sd_event_source *due; /* when they are taken in any case */
};

/* A method that waits for the agent. */
struct call {
	struct secrets *s;
	sd_bus_message *m;
	struct peer *peer;  /* NULL: it has left the bus */
	size_t weight;	    /* of m, see call_hold */
	uint64_t request;   /* of the store */
	uint64_t session;   /* number of the one for the answer */
	const char **paths; /* of the answer, borrowed from m; the array is owned */
	uint8_t (*ids)[16]; /* owned, one each */
	size_t n, done;
	sd_bus_message *reply; /* under way */
	struct buf key;	       /* what it replaces: collection and attributes; or empty */
	bool waits;	       /* until another with this key has been answered */
	struct call *next;
};

/* ---- calls ---- */
/* A message that is going to be held for its peer: what it weighs is added to peer->held, which
 * whoever lets it go takes back.  m is rewound; what was read of it stays good.  ERR_TOOBIG,
 * ERR_LIMIT: the peer has too much. */
MUST enum err call_hold(struct peer *peer, sd_bus_message *m, size_t *weight);
/* ERR_LIMIT: the peer has too many; and those of call_hold.  All of m has been read. */
MUST enum err call_new(struct secrets *s, sd_bus_message *m, struct peer *peer, struct call **out);
/* Answer with an error (but ERR_OK: with nothing), and free. */
void call_end(struct call *c, enum err e, const char *text);
/* Answer with a message (given away, may be NULL: out of memory), and free. */
void call_reply(struct call *c, sd_bus_message *reply);
/* Free without an answer. */
void call_free(struct call *c);
void call_peer_gone(struct secrets *s, const struct peer *p);

static inline struct store_ids
call_ids(uint8_t (*ids)[16], size_t n)
{
	return (struct store_ids){ (const uint8_t(*)[16])ids, n };
}

/* ---- errors ---- */
/* Sets the D-Bus error that stands for e; the value to return from a handler.  text may be NULL. */
int fail(sd_bus_error *error, enum err e, const char *text);
int fail_args(sd_bus_error *error, const char *text);
/* Of a libsystemd function, while reading a message. */
int fail_read(sd_bus_error *error, int r);
/* What the state of the store makes of a call that needs it open: ERR_OK, LOCKED, NOVAULT. */
MUST enum err secrets_open(const struct secrets *s);

/* ---- reading messages ---- */
struct attrs {
	struct store_attr v[OPS_ENTRY_ATTRS];
	size_t n;
};
/* a{ss}, borrowed from m, sorted by name. */
MUST enum err read_attrs(sd_bus_message *m, struct attrs *a);
/* ao, borrowed from m; *out is owned. */
MUST enum err read_paths(sd_bus_message *m, const char ***out, size_t *n);

#endif
