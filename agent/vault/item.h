/*
 * item.h - the records of the body (DESIGN 6) and their wire tables (body_tables.c).
 *
 * All maps are open: keys of later versions are kept in rest and survive a change.  Decoded records
 * borrow from the encoded bytes.  To make or change one: fill or edit the struct and hand it to
 * body_*_put or delta_*; `has` is marked there (wire_mark), for list items by the caller.
 */
#ifndef AGENT_VAULT_ITEM_H
#define AGENT_VAULT_ITEM_H

#include "lib/wire.h"

#define ITEM_ID_LEN	16
#define ITEM_LABEL_MAX	1023 /* path text, percent-encoded; names of secrets: 255 (caller) */
#define ITEM_REVS	9    /* rev_id and the last 8 before it */
#define ITEM_SECRET_MAX (128 * 1024) /* before sealing */
#define ITEM_PUBLIC_MAX (200 * 1024) /* cards of contacts are the largest */
#define ITEM_ATTRS	256
#define ITEM_CLIENTS	256
#define ITEM_EPOCHS	4096

enum item_kind {
	ITEM_KEY = 1,	  /* key of an identity; label = path text without the epoch */
	ITEM_SECRET = 2,  /* named secret; label = name */
	ITEM_CONTACT = 3, /* somebody else's card, pinned; label = our name for them */
	ITEM_LOG = 4,	  /* succession log of an identity and its key; label = path */
	ITEM_JWT = 5	  /* an audience or account of an issuer (jwtlist.h) */
			  /* others: kept, listed by nobody */
};
enum item_origin_kind { ORIGIN_DERIVED, ORIGIN_IMPORTED, ORIGIN_GENERATED };
enum item_use { USE_FREE, USE_ASK_ONCE, USE_TOUCH /* more: of a later version, refuse */ };
enum item_epoch_state { EPOCH_ACTIVE, EPOCH_RETIRED, EPOCH_REVOKED };

/* 7: where the key comes from; the components for every key of an identity. */
struct item_origin {
	uint64_t has;
	uint64_t kind;	     /* 1 enum item_origin_kind */
	uint64_t generation; /* 2 of the seed (derived) */
	struct span service; /* 3 path components, not encoded */
	struct span account; /* 4 */
	struct span purpose; /* 5 */
	struct span alg;     /* 6 "ed25519", "password.alnum.20", "rsa" ... */
	struct span source;  /* 7 imported: from where, for people */
	struct wire_rest rest;
};

/* 10.4: a client that is allowed (not asked again) or denied, by label or unit (applist.h). */
struct item_client {
	uint64_t has;
	struct span label; /* 1 "program:/path": a label, no boundary */
	struct span unit;  /* 2 "unit:NAME" of its cgroup, "flatpak:ID" */
	uint64_t uid;	   /* 3 uid + 1; 0 = the owner */
	bool deny;	   /* 4 never, and it is not asked */
	struct wire_rest rest;
};

/* 10 */
struct item_policy {
	uint64_t has;
	uint64_t use;		  /* 1 enum item_use */
	bool may_export;	  /* 2 */
	uint64_t rate;		  /* 3 uses a minute, 0 = no limit */
	struct wire_list clients; /* 4 struct item_client */
	bool raw;		  /* 5 raw signatures and agreements are allowed */
	uint64_t rev;		  /* 6 revision of the item that set it (merging) */
	struct wire_rest rest;
};

/* 11 */
struct item_attr {
	uint64_t has;
	struct span name;  /* 1 */
	struct span value; /* 2 */
	struct wire_rest rest;
};

/* 12 */
struct item_epoch {
	uint64_t has;
	uint64_t epoch;	  /* 1 */
	uint64_t state;	  /* 2 enum item_epoch_state */
	uint64_t created; /* 3 unix seconds */
	/* 4 of the seed; absent = origin.generation.  Written for every epoch when an identity
	 * moves to another generation, so that older epochs stay derivable. */
	uint64_t generation;
	struct wire_rest rest;
};

/* 14: a revision that lost against another one when two copies of the vault were merged, kept as an
 * item of its own (merge.h).  Who edits it makes it an item like others: then only root is left. */
struct item_conflict {
	uint64_t has;
	struct span root;  /* 1 id of the item that all this began with */
	struct span item;  /* 2 id of the item that it was a revision of */
	struct span label; /* 3 its label there */
	struct wire_rest rest;
};

struct item {
	uint64_t has;
	struct span id;		     /* 1 16 bytes */
	uint64_t kind;		     /* 2 enum item_kind */
	struct span label;	     /* 3 */
	uint64_t rev;		     /* 4 u32, from 1 */
	struct wire_list rev_ids;    /* 5 blobs of 16, the newest first, at most ITEM_REVS */
	uint64_t mtime;		     /* 6 unix seconds */
	struct item_origin origin;   /* 7 */
	struct span secret;	     /* 8 sealed (keys: item_id||u32be rev); absent when derived */
	struct span public_part;     /* 9 one CBOR item, made by the format */
	struct item_policy policy;   /* 10 */
	struct wire_list attributes; /* 11 struct item_attr */
	struct wire_list epochs;     /* 12 struct item_epoch */
	uint64_t exposed;	     /* 13 unix seconds: since then others may know it; 0 = no */
	struct item_conflict conflict; /* 14 */
	struct wire_rest rest;
};

/* 3: what is known of a slot besides the slot itself. */
struct slot_note {
	uint64_t has;
	struct span slot_id;	/* 1 16 bytes */
	struct span auth;	/* 2 32 bytes (DESIGN 4): never outside the body */
	struct span label;	/* 3 1..255 */
	struct span aaguid;	/* 4 16 bytes; token only */
	struct span hard_pk;	/* 5 reserved: key of the token itself */
	uint64_t added;		/* 6 unix seconds */
	uint64_t last_used;	/* 7 */
	uint64_t last_verified; /* 8 */
	uint64_t labelled;	/* 9 when it got its label */
	struct wire_rest rest;
};

/* 4: one generation of the recovery root, as much of it as the vault keeps. */
struct seed {
	uint64_t has;
	uint64_t generation; /* 1 u32 g */
	struct span box;     /* 2 seal(seedbox key of g, "seedbox", u32be g, seed_g) */
	struct span backup;  /* 3 seal(seedbox key of g, "backup", u32be g, bkp_g text) */
	struct span fpr;     /* 4 fingerprint of P, 4 bytes */
	uint64_t created;    /* 5 unix seconds */
	uint64_t exposed;    /* 6 unix seconds: since then others may know it; 0 = no */
	struct wire_rest rest;
};

#define TOMB_REVS 64
enum tomb_kind { TOMB_ITEM, TOMB_SLOT };
/* 6: something that was removed; stays for merging. */
struct tomb {
	uint64_t has;
	struct span id; /* 1 16 bytes */
	uint64_t kind;	/* 2 enum tomb_kind */
	uint64_t rev;	/* 3 last revision of an item */
	uint64_t at;	/* 4 unix seconds */
	/* 5 the revisions that were removed knowingly; others come back when merging */
	struct wire_list rev_ids;
	struct span root; /* 6 as of the item (struct item_conflict) */
	struct wire_rest rest;
};

/* One row of 7 (a list of these). */
struct succession {
	uint64_t has;
	uint64_t generation; /* 1 */
	struct span hashes;  /* 2 n x 32: SHA-256 of the public keys of succ_g,0.. */
	uint64_t next;	     /* 3 first j that was not given to an identity */
	struct wire_rest rest;
};

/* 8: the audit log (audit_log.h) of the machine that wrote last, and those of all machines. */
struct audit {
	uint64_t has;
	struct span key;	/* 1 32 bytes */
	uint64_t n;		/* 2 entries so far */
	struct span head;	/* 3 hash of the last one, 32 bytes */
	struct wire_list heads; /* 4 struct audit_head, the one that was written last at the end */
	struct wire_rest rest;
};
struct audit_head {
	uint64_t has;
	struct span log_id; /* 1 16 bytes */
	uint64_t n;	    /* 2 entries so far */
	struct span hash;   /* 3 of the last one, 32 bytes */
	struct wire_rest rest;
};
#define AUDIT_HEADS 64

/* 9 */
struct defaults {
	uint64_t has;
	bool notreal;	     /* 1 made by `ownkey try` */
	bool one_way_in;     /* 2 its owner accepted a single way in */
	uint64_t created;    /* 3 unix seconds */
	uint64_t generation; /* 4 of the seed that new identities use */
	uint64_t owed; /* 5 unix seconds: the phrase was printed, not typed back yet; 0 = no */
	struct wire_rest rest;
};

/* A row of 10 (a list): one splitting of the recovery phrase.  Never the shares themselves. */
struct share_set {
	uint64_t has;
	uint64_t set;		 /* 1 identifier that its shares carry (SLIP-39, 15 bits) */
	uint64_t threshold;	 /* 2 */
	uint64_t created;	 /* 3 unix seconds */
	struct span fpr;	 /* 4 of the phrase, 4 bytes */
	struct wire_list shares; /* 5 struct share_note */
	struct wire_rest rest;
};
struct share_note {
	uint64_t has;
	uint64_t index;	    /* 1 from 1 */
	struct span label;  /* 2 who holds it */
	struct span check;  /* 3 SHA-256 of its words, 32 bytes */
	uint64_t confirmed; /* 4 unix seconds: its holder read the code out; 0 = never */
	struct wire_rest rest;
};
#define SHARE_SETS 64
#define SHARES_MAX 16

/* A row of 12 (a list): a backup that was written whole. */
struct backup_note {
	uint64_t has;
	uint64_t created;    /* 1 unix seconds */
	struct span hash;    /* 2 SHA-256 of the file, 32 bytes */
	uint64_t size;	     /* 3 bytes */
	uint64_t generation; /* 4 of the vault then */
	uint64_t seed;	     /* 5 generation of its passphrase */
	uint64_t recipients; /* 6 0 = passphrase alone */
	struct span where;   /* 7 file name, for people */
	uint64_t verified;   /* 8 unix seconds: last time it was opened and compared; 0 = never */
	bool here;	     /* 9 on the disk of the vault: not counted as kept twice */
	struct wire_rest rest;
};
#define BACKUP_NOTES 64

extern const struct wire_map item_map, item_origin_map, item_policy_map, item_client_map,
    item_attr_map, item_epoch_map, slot_note_map, seed_map, tomb_map, succession_map, audit_map,
    audit_head_map, item_conflict_map, defaults_map, share_set_map, share_note_map, backup_note_map;

/* The limits that the tables cannot say: ERR_RANGE (rev, number of rev_ids). */
MUST enum err item_check(const struct item *it);

/* Next revision: rev + 1, rev_id in front of the history; what was kept as a conflict is an item
 * like others from now on.  *h must live until `it` was encoded.
 * ERR_RANGE past 2^32 - 1. */
struct item_history {
	struct span v[ITEM_REVS];
};
MUST enum err item_next_rev(struct item *it, const uint8_t rev_id[16], struct item_history *h);
/* Is rev_id among the revisions of it? (merging) */
bool item_has_rev(const struct item *it, struct span rev_id);
/* The revisions in a list of rev_ids, at most `most` of them; how many. */
size_t item_revs(const struct wire_list *l, struct span *v, size_t most);

#endif
