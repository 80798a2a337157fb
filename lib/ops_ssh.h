/*
 * ops_ssh.h - operations of the ssh door, and of keys that are added (part of ops.h; DESIGN 10).
 *
 * The door's rows (struct ssh_row) go from the vault to front as LINK_SSH (link.h), each with the
 * id that it signs by; front answers lists from them, also while the vault is locked.  The vault
 * decides at every signature again.
 */
#ifndef LIB_OPS_SSH_H
#define LIB_OPS_SSH_H

#include "lib/wire.h"

#define SSH_BLOB_MAX	 (32 * 1024) /* a public key or certificate */
#define SSH_HOSTKEY_MAX	 4096
#define SSH_SESSION_MAX	 128
#define SSH_BINDS	 16
#define SSH_DESTINATIONS 1000
#define SSH_HOP_KEYS	 64
#define SSH_NAME_MAX	 255 /* users, hosts, patterns: bytes that somebody else chose, printable */
#define SSH_PRIVATE_MAX	 (16 * 1024) /* sshkey.h: canonical private bytes */
#define SSH_COMMENT_MAX	 1023

/* A hop that the client's connection to the agent came over: session-bind@openssh.com
 * (PROTOCOL.agent 1).  Front has verified the host's signature over the session id; ca and names
 * are there only when hostkey is a valid host certificate: of whom, for which hosts. */
struct ssh_bind {
	uint64_t has;
	struct span session;	/* 1 */
	struct span hostkey;	/* 2 blob */
	bool forwarded;		/* 3 the agent is forwarded over it; else it authenticates on it */
	struct span ca;		/* 4 blob */
	struct wire_list names; /* 5 blobs: principals */
};
extern const struct wire_map ssh_bind_map;

/* restrict-destination-v00@openssh.com: one permitted hop.  Empty from: directly from here. */
struct ssh_hop_key {
	uint64_t has;
	struct span blob; /* 1 */
	bool ca;	  /* 2 */
};
struct ssh_destination {
	uint64_t has;
	struct span from_host;	    /* 1 */
	struct wire_list from_keys; /* 2 struct ssh_hop_key */
	struct span to_user;	    /* 3 pattern; empty = any */
	struct span to_host;	    /* 4 */
	struct wire_list to_keys;   /* 5 struct ssh_hop_key */
};
extern const struct wire_map ssh_hop_key_map, ssh_destination_map;

/* A key as the door lists it. */
struct ssh_row {
	uint64_t has;
	struct span id;	       /* 1 16 */
	struct span blob;      /* 2 public key or certificate */
	struct span comment;   /* 3 printable */
	bool added;	       /* 4 in memory until lock, else of the vault */
	bool confirm;	       /* 5 */
	uint64_t expires;      /* 6 CLOCK_BOOTTIME seconds; absent = when locked */
	struct wire_list dest; /* 7 struct ssh_destination; absent = anywhere */
	struct span label;     /* 8 path in the vault; absent: an added one */
	uint64_t unlisted;     /* 9 enum ssh_unlisted; key.list only */
};
/* Why OpenSSH does not get to see a key. */
enum ssh_unlisted {
	SSH_LISTED,
	SSH_NO_ROOM,  /* it reads 2,048 keys, 256 KiB, and no more */
	SSH_NOT_NAMED /* no ssh_list of the configuration fits */
};
extern const struct wire_map ssh_row_map;

/* LINK_SSH, vault -> front: changes of the rows, in this order. */
struct ssh_rows {
	uint64_t has;
	bool reset;	       /* 1 forget all first */
	struct wire_list put;  /* 2 struct ssh_row; one with the same id is replaced */
	struct wire_list drop; /* 3 blobs of 16: ids */
	bool locked;	       /* 4 the door is locked by ssh.lock: it lists nothing */
};
#define SSH_ROWS_MOST 512 /* in one frame */
extern const struct wire_map ssh_rows_map;

/* ---- key.add ---- */
struct ops_key_add {
	uint64_t has;
	bool keep;		 /* 1 in the vault; else in memory until lock, for the ssh door */
	struct span service;	 /* 2 keep: of a format that takes added keys */
	struct span account;	 /* 3 keep */
	struct span purpose;	 /* 4 keep; absent = the format's first */
	struct span alg;	 /* 5 "ed25519", "rsa", "p256", "p384", "p521", "x25519", ... */
	struct span private_key; /* 6 canonical (sshkey.h); x25519: 32 raw */
	struct span certificate; /* 7 blob; absent = none */
	struct span comment;	 /* 8 */
	uint64_t lifetime;	 /* 9 seconds, memory only; 0 = until lock */
	bool confirm;		 /* 10 */
	struct wire_list dest;	 /* 11 struct ssh_destination, memory only */
	struct span source;	 /* 12 keep: from where, for people */
	uint64_t use;		 /* 13 keep: policy; absent = the format's */
	bool replace;		 /* 14 keep: another key with this path becomes an older epoch */
};
struct ops_key_add_rep {
	uint64_t has;
	struct span id;	   /* 1 16 */
	struct span label; /* 2 keep: its path */
	bool there;	   /* 3 it was there already */
};
extern const struct wire_map ops_key_add_map, ops_key_add_rep_map;

/* ---- key.hide: away from the ssh door.  Added keys are forgotten; keys of the vault stay in it
 * and are back at the next unlock. ---- */
struct ops_key_hide {
	uint64_t has;
	struct span id; /* 1 16; absent = all */
};
extern const struct wire_map ops_key_hide_map;

/* ---- ssh.lock (RFC 9987 5.6): nothing is listed or signed by the door until the same passphrase
 * comes; or until the vault is locked, and opened by a way in. ---- */
struct ops_ssh_lock {
	uint64_t has;
	bool lock;	    /* 1 */
	struct span secret; /* 2 */
};
extern const struct wire_map ops_ssh_lock_map;

/* ---- key.list: the rows of the door, by pages; front answers it, from what it was told ---- */
struct ops_key_list_rep {
	uint64_t has;
	struct wire_list keys; /* 1 struct ssh_row */
	struct span cursor;    /* 2 absent = that was all */
	uint64_t total;	       /* 3 rows that the door has */
	uint64_t listed;       /* 4 of them in the list that ssh gets on this machine */
	uint64_t cut;	       /* 5 not in it for want of room */
};
extern const struct wire_map ops_key_list_rep_map;

#endif
