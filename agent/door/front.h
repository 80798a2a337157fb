/*
 * front.h - the front process: accepts clients, parses what they say, moves the bytes of the
 * vault's file.  It holds no key; it sees plaintext only of the secret that it is
 * delivering (DESIGN 3).
 *
 *   client --frame--> conn.c --checked by lib/ops--> native.c --LINK_REQUEST--> vault
 *   vault --LINK_REPLY--> native.c --> conn.c --> client
 *   vault --LINK_FILE--> file.c --> disk --> LINK_FILE
 *
 * A door is a socket and what is spoken on it: native.c on agent.sock, ssh.c on ssh.sock.  Both
 * have frames of u32be length and content, and share conn.c.
 */
#ifndef AGENT_DOOR_FRONT_H
#define AGENT_DOOR_FRONT_H

#include "agent/door/file.h"
#include "agent/door/ssh.h"
#include "lib/chan.h"
#include "lib/loop.h"
#include "lib/ops.h"

#define FRONT_CONNS	 4096 /* power of two: a connection number is generation || index */
#define FRONT_IN_FLIGHT	 64
#define FRONT_TURN	 32 /* frames that front itself answers before others have a turn */
#define FRONT_PARTIAL_MS 5000
#define FRONT_ACCEPT_MS	 100		    /* until it is tried again after it failed */
#define FRONT_LAST_MS	 1000		    /* for what an ending vault has still to say */
#define FRONT_CONN_QUEUE (1024 * 1024)	    /* unsent to one client: it is not read meanwhile */
#define FRONT_CONN_MOST	 (32 * 1024 * 1024) /* and then it is dropped */
#define FRONT_LINK_QUEUE (8 * 1024 * 1024)  /* unsent to the vault: nobody is read meanwhile */

struct pending {
	uint64_t id; /* 0 = free */
	uint32_t op;
	bool slow; /* a signature that counts in ssh_slow.c */
};

struct door {
	const char *name;		       /* of the socket: "agent", "ssh" */
	MUST enum err (*open)(struct conn *c); /* somebody connected; may be NULL */
	/* One frame of a client.  An error ends the connection. */
	MUST enum err (*request)(struct conn *c, struct span frame);
	/* One frame of the vault for a client. */
	void (*reply)(struct conn *c, struct span frame);
	/* A fresh vault: what was pending is asked again where it may be, else answered. */
	void (*renew)(struct conn *c);
	void (*gone)(struct conn *c); /* it left; may be NULL */
};

/* A socket that is listened at. */
struct listener {
	struct front *f;
	const struct door *door;
	int fd;
	struct loop_fd *watch;
};

struct conn {
	struct front *f;
	const struct door *door;
	uint32_t number; /* 0 = free */
	uint32_t uid;	 /* as the kernel says */
	struct chan chan;
	struct loop_fd *fd;
	struct loop_timer *partial; /* a frame has begun and must end */
	struct pending pending[FRONT_IN_FLIGHT];
	unsigned npending;
	struct buf peer;  /* struct link_peer, encoded: told again to a fresh vault */
	struct buf hello; /* the same for what it said of itself */
	struct buf subscribe;
	struct ssh_conn *ssh; /* door ssh */
	bool held;	      /* its next frame waits for something else */
	unsigned spent;	      /* frames that front itself answered since others had their turn */
	bool more;	      /* and there may be more of them */
	bool closing;
	bool dirty; /* on the list of those with replies to send */
	struct conn *next_dirty;
};

struct front {
	struct loop *loop;
	struct chan vault; /* fd -1 between two vaults */
	struct loop_fd *vault_fd;
	int control;
	struct listener listener[2];
	struct control_start start;
	struct conn *conns[FRONT_CONNS];
	uint32_t generation;
	unsigned nconns;
	unsigned most; /* of them, since memory was given back */
	struct conn *dirty;
	bool paused;
	struct buf public; /* public rows of keys, shown while locked */
	struct buf jwt;	   /* public keys of issuers, the same */
	bool locked;	   /* no vault has been opened since the last lock */
	bool between;	   /* the old vault is ending, the new one not there yet */
	struct ssh_door ssh;
	struct loop_timer *again; /* for those that have more */
	struct file file;
};

/* Stop or resume reading clients (the vault is away or slow). */
void front_pause(struct front *f, bool pause);

/* ---- conn.c ---- */
void conn_accept(struct listener *l);
struct conn *conn_find(struct front *f, uint32_t number);
void conn_close(struct conn *c);
/* What poll should wait for, after any change of its queues. */
void conn_update(struct conn *c);
/* Something was queued for it: it is flushed once, at the end of the wake-up. */
void conn_mark(struct conn *c);
void conn_flush_marked(struct front *f);
/* Read again what was left unread while paused. */
void conn_resume_all(struct front *f);

/* ---- public.c ---- */
/* id.list while locked, answered here. */
MUST enum err public_list(struct conn *c, const struct ops_request *q);
/* The rows of an open vault. */
void public_take(struct front *f, struct span rows);
/* jwt.keys, the same. */
MUST enum err public_jwt_keys(struct conn *c, const struct ops_request *q);
void public_take_jwt(struct front *f, struct span rows);

/* ---- native.c ---- */
extern const struct door native_door;
MUST enum err native_request(struct conn *c, struct span frame);
void native_reply(struct conn *c, struct span frame);
/* What was pending and cannot be asked again is answered "locked". */
void native_renew(struct conn *c);
/* {1: op, 2: id, 3: status, ...} of a reply: just these, without decoding the rest. */
MUST enum err native_peek(struct span frame, uint64_t *op, uint64_t *id, uint64_t *status);

#endif
