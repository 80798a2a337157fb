/*
 * ops_entry.h - secrets that desktop applications keep: what the Secret Service and the portals
 * store (part of ops.h; DESIGN 10).
 *
 * An entry is a secret of the vault like any other: `ownkey secret` lists it under a name of its
 * own (the label, and " (2)" where another has it), backups and merging need not know of it.  What
 * the Secret Service knows besides is in attributes of the item whose names begin with "ownkey.":
 *
 *	ownkey.kind		"item" or "collection"; says that it is an entry
 *	ownkey.collection	id of the collection that it is in: text of [A-Za-z0-9_], "default"
 *	ownkey.label		as the application gave it
 *	ownkey.type		content type ("text/plain"; may be empty)
 *	ownkey.created		unix seconds, decimal
 *	ownkey.removed		unix seconds, decimal: an application removed or replaced it.
 *				Nobody but its owner sees it, with `ownkey secret`, and may take
 *				it back
 *	ownkey.of		of a value that was replaced: id of its entry, in hex
 *
 * Applications neither see nor set names that begin so.  Nothing that an application does
 * destroys a value at once: OPS_ENTRY_OLDER values that it removed or replaced stay, for each set
 * of attributes and clients.  The last one is among them, and the first for 30 days; of the rest
 * those that were in use for longer.
 *
 * A value that is the same sets nothing aside, and who sets everything as it is changes nothing.
 *
 * Who asks.  The client of the agent is the adapter (ownkey-secrets); `who` is whom it asks for, as
 * the kernel said there.  It is in the prompt, and a grant belongs to adapter process and app
 * together: another client that makes the same claim is asked itself.
 *
 * Policy of a new entry: use 1 with the app that made it as its client (item_client), so that one
 * is not asked; others are, once for each app and entry until lock.  That an app is a client counts
 * where a program named ownkey-secrets says so (by its label).  An entry without any client
 * (imported) becomes that of the first app for which the person says yes; that is audited.  Who may
 * not read an entry may not change, remove or take it back either.
 */
#ifndef LIB_OPS_ENTRY_H
#define LIB_OPS_ENTRY_H

#include "lib/wire.h"

#define OPS_ENTRY_ATTRS	  48   /* of an application, for each entry */
#define OPS_ENTRY_NAME	  200  /* bytes of an attribute's name */
#define OPS_ENTRY_VALUE	  4096 /* of its value */
#define OPS_ENTRY_LABEL	  1023
#define OPS_ENTRY_IDS	  1024 /* in one request */
#define OPS_ENTRY_APP	  300
#define OPS_ENTRY_CLIENTS 100 /* of an entry, that are listed */
#define OPS_ENTRY_OLDER	  3
#define OPS_PORTAL_BYTES  64 /* of the secret that a portal hands to an application */

/* Whom an adapter asks for. */
struct ops_who {
	uint64_t has;
	uint64_t pid;	 /* 1 */
	struct span app; /* 2 "flatpak:ID", "unit:NAME", "program:/path"; empty = not known */
	bool vouched;	 /* 3 the kernel says so (flatpak, unit); a program's path is a label */
};

enum ops_entry_kind { OPS_ENTRY_ITEM, OPS_ENTRY_COLLECTION };
struct ops_entry {
	uint64_t has;
	struct span id;		     /* 1 16 */
	uint64_t kind;		     /* 2 */
	struct span collection;	     /* 3 its own id, of a collection */
	struct span label;	     /* 4 */
	struct span type;	     /* 5 */
	struct wire_list attributes; /* 6 ops_pair, sorted by name, each name once */
	uint64_t created, modified;  /* 7, 8 unix seconds */
	struct span name;	     /* 9 among the secrets */
	uint64_t removed;	     /* 10 when; absent = it is there */
	uint64_t use;		     /* 11 of its policy; absent = 0 */
	/* 12 texts: apps that its policy allows (not those that it denies).  So many that a row
	 * fits into a frame: one that is not listed may be allowed. */
	struct wire_list clients;
};
/* Pages as many as fit into a frame; cursor absent = from the start, or that was all. */
struct ops_entry_page {
	uint64_t has;
	struct span cursor;
	bool removed; /* those instead */
};
struct ops_entry_list_rep {
	uint64_t has;
	struct wire_list entries;
	struct span cursor;
	uint64_t change; /* of the vault; see ops_event.change */
};
/* Make one (without id), or change what is given of one.  ERR_NOTFOUND, ERR_RESERVED for names that
 * begin with "ownkey.". */
struct ops_entry_set {
	uint64_t has;
	struct span id;
	uint64_t kind;
	struct span collection, label, type, value;
	struct wire_list attributes;
	struct ops_who who;
	uint64_t use; /* new ones; absent = 1 */
	/* moving in from another service: no app made it; when it was made there */
	bool import;
	uint64_t created;
};
struct ops_entry_rep {
	uint64_t has;
	struct wire_list entry; /* one */
	uint64_t change;
};
/* Values of several: one question for all, and each has its own err (REFUSED, TIMEOUT, DENIED,
 * NOTFOUND, LIMIT).  Those that do not fit into the reply have err TOOBIG
 * and
 * are asked for again by themselves. */
struct ops_entry_get {
	uint64_t has;
	struct wire_list ids; /* blobs of 16 */
	struct ops_who who;
	/* Out of the vault: what its policy says about export counts, not who uses it.  The first
	 * of a connection, with no ids, asks for a fresh factor; it holds until the connection
	 * ends. */
	bool export;
	uint64_t proof;
	struct span proof_label;
	bool force;
};
struct ops_entry_value {
	uint64_t has;
	struct span id, value, type;
	uint64_t err;
};
struct ops_entry_get_rep {
	uint64_t has;
	struct wire_list values; /* in the order of ids */
};
/* Remove: set aside (see above); a collection with all that is in it.  Back: undo that; a value
 * that was replaced and the one that replaced it change places.  Reply: the entry as it is then. */
struct ops_entry_sel {
	uint64_t has;
	struct span id;
	struct ops_who who;
};
struct ops_change_rep {
	uint64_t has;
	uint64_t change;
};
/* The secret of an application for org.freedesktop.portal.Secret: an entry with the attributes
 * xdg:schema = org.freedesktop.impl.portal.Secret and app_id if there is one (imported), else
 * derived: portal/APP/secret/0, OPS_PORTAL_BYTES characters.  app: its id, 1..255. */
struct ops_portal {
	uint64_t has;
	struct span app;
	struct ops_who who;
};

/* ---- grants ---- */
enum ops_grant_kind { OPS_GRANT_UNTIL_LOCK, OPS_GRANT_ALWAYS, OPS_GRANT_NEVER };
struct ops_grant {
	uint64_t has;
	struct span item; /* 1 16 */
	struct span name; /* 2 of the item */
	struct span app;  /* 3 as in ops_who, or a program of our own clients */
	uint64_t kind;	  /* 4 */
	uint64_t pid;	  /* 5 until lock: of which process */
};
struct ops_grant_list_rep {
	uint64_t has;
	struct wire_list grants;
	struct span cursor;
};
/* allow widens (a fresh factor); deny and forget do not. */
enum ops_grant_verb { OPS_GRANT_ALLOW, OPS_GRANT_DENY, OPS_GRANT_FORGET };
struct ops_grant_set {
	uint64_t has;
	uint64_t verb;
	struct span label; /* item: name or id in hex */
	struct span app;
	uint64_t proof;
	struct span proof_label;
	bool force;
};

extern const struct wire_map ops_who_map, ops_entry_map, ops_entry_page_map, ops_entry_list_rep_map,
    ops_entry_set_map, ops_entry_rep_map, ops_entry_get_map, ops_entry_value_map,
    ops_entry_get_rep_map, ops_entry_sel_map, ops_change_rep_map, ops_portal_map, ops_grant_map,
    ops_grant_list_rep_map, ops_grant_set_map;

#endif
