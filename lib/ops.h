/*
 * ops.h - the native protocol (DESIGN 8): every operation with its fields, types, limits, flags and
 * help in one table.  Front, vault, client, --json, ownkey-protocol(7) and the fuzz dictionary are
 * made from it.  To add an operation: a number, two structs, two field tables, one row.
 *
 * Frame: u32be length, then a map {1: op, 2: request id, 3: parameters}; the reply is
 * {1: op, 2: request id, 3: status, 4: result, 5: text}.  Events have request id 0 and op EVENT.
 */
#ifndef LIB_OPS_H
#define LIB_OPS_H

#include "lib/wire.h"

#define OPS_FRAME_MAX (256 * 1024)
#define OPS_PROTOCOL  1
#define OPS_ID_LEN    16
#define OPS_PAGE      256 /* rows of a list in one reply */

enum op {
	OP_HELLO = 1,
	OP_STATUS = 2,
	OP_SUBSCRIBE = 3,
	OP_CANCEL = 4,
	OP_EVENT = 5,
	OP_UNLOCK = 10,
	OP_LOCK = 11,
	OP_INIT = 12,
	OP_TOKEN_LIST = 20,
	OP_TOKEN_INFO = 21,
	OP_TOKEN_PIN = 22,
	OP_TOKEN_MAKE = 24,
	OP_TOKEN_ASSERT = 25,
	OP_SLOT_LIST = 30,
	OP_SLOT_ADD = 31,
	OP_SLOT_REMOVE = 32,
	OP_SLOT_VERIFY = 33,
	OP_SLOT_RENEW = 34,
	OP_SLOT_LABEL = 35,
	OP_ID_LIST = 40,
	OP_ID_ADD = 41,
	OP_ID_SHOW = 42,
	OP_ID_EXPORT = 43,
	OP_ID_RETIRE = 44,
	OP_POLICY_SET = 45,
	OP_ID_ROTATE = 46,
	OP_ID_REVOKE = 47,
	OP_ID_RESEED = 48,
	OP_SIGN = 50,
	OP_AGREE = 51,
	OP_DECRYPT = 52,
	OP_SECRET_GET = 60,
	OP_SECRET_SET = 61,
	OP_SECRET_LIST = 62,
	OP_SECRET_REMOVE = 63,
	OP_SECRET_CODE = 64,
	OP_SECRET_SHOW = 65,
	OP_SECRET_GENERATE = 66,
	OP_VAULT_CHECK = 70,
	OP_VAULT_PREVIOUS = 71,
	OP_VAULT_MERGE = 72,
	OP_BACKUP_CREATE = 80,
	OP_BACKUP_READ = 81,
	OP_BACKUP_DONE = 82,
	OP_BACKUP_LIST = 83,
	OP_BACKUP_COPIES = 84,
	OP_BACKUP_PASSPHRASE = 85,
	OP_RESTORE_OPEN = 86,
	OP_RESTORE_COMPARE = 87,
	OP_RESTORE_COMMIT = 88,
	OP_RESTORE_CLOSE = 89,
	OP_SHARE_CREATE = 90,
	OP_SHARE_LIST = 91,
	OP_SHARE_CHECK = 92,
	OP_SHARE_REMOVE = 93,
	OP_PHRASE_CARD = 94,
	OP_PHRASE_CHECK = 95,
	OP_AUDIT_SHOW = 100,
	OP_AUDIT_VERIFY = 101,
	OP_REBUILD_OPEN = 120,
	OP_REBUILD_PREVIEW = 121,
	OP_REBUILD_ADD = 122,
	OP_REBUILD_COMMIT = 123,
	OP_REBUILD_CLOSE = 124,
	OP_SUCCESSION_SHOW = 110,
	OP_SUCCESSION_SIGN = 111,
	OP_CARD_MAKE = 112,
	OP_CONTACT_ADD = 113,
	OP_CONTACT_LIST = 114,
	OP_CONTACT_CHECK = 115,
	OP_CONTACT_REMOVE = 116,
	OP_CONTACT_SHOW = 117,
	OP_KEY_ADD = 130,
	OP_KEY_HIDE = 131,
	OP_KEY_LIST = 132,
	OP_SSH_LOCK = 133,
	OP_TOKEN_SERVE = 140,
	OP_ENTRY_LIST = 150,
	OP_ENTRY_SET = 151,
	OP_ENTRY_GET = 152,
	OP_ENTRY_REMOVE = 153,
	OP_ENTRY_BACK = 154,
	OP_PORTAL_SECRET = 155,
	OP_GRANT_LIST = 156,
	OP_GRANT_SET = 157,
	OP_JWT_SIGN = 160,
	OP_JWT_KEYS = 161,
	OP_JWT_SUBJECT = 162,
	OP_JWT_ALLOW = 163,
	OP_JWT_LIST = 164,
	OP_JWT_FORGET = 165
};

enum op_flag {
	OPF_LOCKED = 1,	    /* allowed while locked */
	OPF_OWNER = 2,	    /* only the owner's uid (system mode has others) */
	OPF_WIDEN = 4,	    /* widening: needs a fresh factor of an existing way in (DESIGN 9) */
	OPF_JOB = 8,	    /* may wait for a touch or a person: runs as a job, can be cancelled */
	OPF_NOVAULT = 16,   /* allowed when there is no vault yet */
	OPF_AUDIT = 32,	    /* in the audit log before the reply; so is what widens */
	OPF_AUDIT_SOFT = 64 /* goes on when that cannot be written: opens, or takes power away */
};

struct op_row {
	enum op op;
	const char *name; /* "slot.add" */
	unsigned flags;
	const struct wire_map *req; /* NULL: no parameters */
	const struct wire_map *rep; /* NULL: no result */
	const char *help;
};

extern const struct op_row ops[];
extern const size_t nops;
/* NULL when there is no such operation. */
const struct op_row *ops_find(uint64_t op);

/* ---- frames ---- */
struct ops_request {
	uint64_t has;
	uint64_t op;
	uint64_t id;
	struct span params; /* raw map; absent = empty */
};
struct ops_reply {
	uint64_t has;
	uint64_t op;
	uint64_t id;
	uint64_t status;    /* enum err */
	struct span result; /* raw map */
	struct span text;   /* detail for people; may be absent */
};
extern const struct wire_map ops_request_map, ops_reply_map;
/* A complete frame body for request / reply; msg may be NULL when the row has no map. */
MUST enum err ops_put_request(struct buf *b, enum op op, uint64_t id, const void *msg);
MUST enum err ops_put_reply(
    struct buf *b, enum op op, uint64_t id, enum err status, const void *msg);

/* ---- small shared messages ---- */
struct ops_empty {
	uint64_t has;
};
extern const struct wire_map ops_empty_map;

struct ops_hello {
	uint64_t has;
	uint64_t protocol;
	struct span client; /* name and version, a label */
	struct span tty, display, wayland, xauthority, lang;
	struct span bus;  /* DBUS_SESSION_BUS_ADDRESS, for prompt programs */
	bool interactive; /* can answer on secret.sock (a terminal is there) */
};
struct ops_hello_rep {
	uint64_t has;
	uint64_t protocol;
	struct span version;
	bool locked;
	bool vault; /* a vault exists */
	bool notreal;
};
extern const struct wire_map ops_hello_map, ops_hello_rep_map;

struct ops_status_rep {
	uint64_t has;
	bool locked;
	bool vault;
	struct span vault_id;
	struct span path;
	uint64_t slots;	     /* ways in */
	uint64_t identities; /* only while unlocked */
	uint64_t secrets;
	uint64_t only_here;  /* secrets that exist only on this disk */
	uint64_t generation; /* of the file */
	uint64_t unlocked_at;
	uint64_t idle_left; /* seconds until the idle lock; absent = never */
	uint64_t absolute_left;
	struct span unlocked_by; /* label of the slot */
	uint64_t lacks;		 /* bits of enum sandbox_lack: what this kernel cannot do */
	uint64_t jobs;
	uint64_t warning; /* enum err: VAULT_TORN, ...; absent = none */
	bool notreal;	  /* every way in is a software token, or a try-out */
	struct span version;
	uint64_t pid;
	uint64_t copies;    /* folders that get copies of the vault; absent = not known yet */
	uint64_t copied_at; /* the newest good copy in one of them; absent = none */
	uint64_t copy_generation;
	/* only while unlocked: */
	uint64_t owed;		  /* unix seconds: the phrase was printed, not typed back yet */
	uint64_t exposed;	  /* identities in use that others may know */
	uint64_t exposed_secrets; /* secrets that others may know */
	uint64_t older;		  /* identities in use that the newest phrase does not bring back */
	uint64_t seed;		  /* generation of the newest seed */
	uint64_t seed_exposed;	  /* since when others may know that one; absent = no */
	uint64_t backup_at;	  /* newest backup; absent = none */
	uint64_t backup_seed;	  /* generation of its passphrase */
	uint64_t changed;	  /* identities, secrets and seeds that are newer */
	/* copies that were changed apart and joined since it was unlocked: */
	uint64_t joined;	 /* things that came from another one, or were removed there */
	uint64_t conflicts;	 /* changed on both sides: kept twice */
	bool backup_here;	 /* the newest backup is on the disk of the vault */
	struct span opened_with; /* device path of the token; absent = none, or a forwarded one */
};
extern const struct wire_map ops_status_rep_map;

/* ---- events ---- */
enum ops_event_kind {
	OPS_EV_LOCKED,
	OPS_EV_UNLOCKED,
	OPS_EV_CHANGED,	   /* items or ways in changed */
	OPS_EV_WAIT_TOKEN, /* request: plug the token in */
	OPS_EV_TOUCH,	   /* request: touch now; label = which token */
	OPS_EV_NEED_PIN,   /* request, job: connect to secret.sock and send SECRET_TEXT */
	OPS_EV_NEED_PASS,  /* passphrase; new = choose one */
	OPS_EV_NEED_WORDS, /* recovery phrase */
	OPS_EV_SHOW_WORDS, /* connect: SECRET_SHOW, then type them back */
	OPS_EV_WORKING,	   /* something that takes seconds (Argon2) */
	OPS_EV_NEED_NEWPIN,
	OPS_EV_NOTE,	   /* text for the person (warnings) */
	OPS_EV_NEED_FILE,  /* connect and send the backup (job.h); the key for it is asked there */
	OPS_EV_FORWARD,	   /* ops_forward.h */
	OPS_EV_ANSWERED,   /* subscriptions: what `which` asked for is not wanted any more */
	OPS_EV_NEED_FACTOR /* request, job: connect to secret.sock and send SECRET_FACTOR */
};
struct ops_event {
	uint64_t has;
	uint64_t kind;
	uint64_t request; /* id of the request it belongs to; absent for subscriptions */
	struct span job;  /* 16: job id for secret.sock */
	struct span text; /* for people */
	struct span label;
	uint64_t err;	  /* why it is asked again */
	uint64_t retries; /* PIN tries left */
	bool again;	  /* choose a new one (twice typed by the client) */
	uint64_t change;  /* changed: generation of the vault now, without foldings of its
			   * journal: one more for each change, until lock */
	uint64_t which;	  /* subscriptions, of what waits for the person: tells requests apart */
};
extern const struct wire_map ops_event_map;

struct ops_subscribe {
	uint64_t has;
	bool on;
	/* What other connections' requests ask of the person, too: WAIT_TOKEN, TOUCH, NEED_PIN,
	 * NEED_PASS, then ANSWERED, with which; text and label for the owner only. */
	bool asks;
};
struct ops_cancel {
	uint64_t has;
	uint64_t request; /* id of the request to cancel */
};
extern const struct wire_map ops_subscribe_map, ops_cancel_map;

/* ---- unlock, init ---- */
enum ops_way { /* bits: what the person has at hand */
	OPS_WAY_TOKEN = 1,
	OPS_WAY_PASS = 2,
	OPS_WAY_PHRASE = 4
};
struct ops_unlock {
	uint64_t has;
	uint64_t
	    way; /* enum ops_way bits; absent = token if a token slot exists, else what there is */
	struct span label; /* of the slot; absent = any */
	bool accept_older;
	bool force;	   /* PIN although few tries are left */
	struct span token; /* device path, when several are plugged in */
	bool nowait;	   /* fail at once when no token is there */
	/* No token is asked: NEED_FACTOR, and a credential id and f1 come over secret.sock, from
	 * whoever has asked it already (a login). */
	bool given;
};
struct ops_unlock_rep {
	uint64_t has;
	struct span label;
	bool was_open;		/* it was unlocked already */
	bool first_seen;	/* this machine had no memory of the vault */
	uint64_t warning;	/* enum err or absent */
	struct span note;	/* e.g. the PIN does not protect this slot */
	struct wire_list notes; /* what copies that were changed apart brought */
};
extern const struct wire_map ops_unlock_map, ops_unlock_rep_map;

struct ops_init {
	uint64_t has;
	uint64_t ways;	   /* what to enrol now: TOKEN, PASS bits; the phrase always */
	struct span token; /* device path */
	struct span token_label;
	bool no_pin;	 /* touch only */
	bool and_pass;	 /* token AND passphrase in one slot */
	bool one_way_in; /* accept a single way in */
	uint64_t argon_m, argon_t;
	bool try_out; /* nothing real: words not typed back, labelled */
	bool force;
	bool card; /* the client prints the phrase: typing it back stays owed */
};
struct ops_init_rep {
	uint64_t has;
	struct span vault_id;
	struct span fingerprint; /* 4 bytes, as hex on the card */
	struct span path;
	struct span note;
};
extern const struct wire_map ops_init_map, ops_init_rep_map;

/* ---- tokens ---- */
struct ops_token {
	uint64_t has;
	struct span path, name;
	bool access;
	uint64_t vendor, product;
	bool software;
	bool enrolled; /* one of our credentials is on it (only told while unlocked) */
	uint64_t err;  /* why nothing more is known */
	struct span aaguid, versions, extensions;
	uint64_t options;
	uint64_t retries, min_pin, max_creds, firmware;
};
struct ops_token_list_rep {
	uint64_t has;
	struct wire_list tokens;
};
struct ops_token_sel {
	uint64_t has;
	struct span path;
	bool force;
};
extern const struct wire_map ops_token_map, ops_token_list_rep_map, ops_token_sel_map;

/* ---- ways in ---- */
struct ops_slot {
	uint64_t has;
	struct span id; /* 16 */
	uint64_t index;
	uint64_t factors; /* bits of ops_way */
	bool pin;	  /* opened with PIN or fingerprint */
	struct span label, hint;
	uint64_t created, last_used, last_verified; /* days or seconds, unix */
	bool deferred;				    /* wrap 1 */
	bool software;				    /* software token: not hardware */
	uint64_t err;				    /* slot is damaged */
	uint64_t argon_m, argon_t;
};
struct ops_slot_list_rep {
	uint64_t has;
	struct wire_list slots;
};
struct ops_slot_add {
	uint64_t has;
	uint64_t way; /* TOKEN, PASS, PHRASE, or TOKEN|PASS */
	struct span label, hint;
	struct span token; /* device path of the NEW token */
	bool no_pin;
	uint64_t argon_m, argon_t;
	uint64_t proof; /* way to prove with: ops_way bits; absent = any */
	struct span proof_label;
	bool force;
};
struct ops_slot_sel {
	uint64_t has;
	struct span label; /* label or id in hex */
	uint64_t proof;
	struct span proof_label;
	struct span token; /* renew: device path */
	struct span text;  /* slot.label: the new label */
	struct span hint;
	bool one_way_in;
	bool force;
	bool exposed; /* remove: who has it may have the file and the PIN, too */
};
struct ops_slot_rep {
	uint64_t has;
	struct span id, label, note;
};
extern const struct wire_map ops_slot_map, ops_slot_list_rep_map, ops_slot_add_map,
    ops_slot_sel_map, ops_slot_rep_map;

/* ---- identities ---- */
struct ops_item { /* identities and secrets in lists */
	uint64_t has;
	struct span id;
	struct span label; /* path, or name of the secret */
	struct span service, account, purpose, alg;
	uint64_t epoch;
	uint64_t state;	   /* 0 active 1 retired 2 revoked */
	struct span shown; /* public part as text, one line (fingerprint, public line, recipient) */
	uint64_t use;
	bool may_export;
	uint64_t mtime;
	uint64_t origin;     /* 0 derived 1 imported 2 generated */
	bool recoverable;    /* from the phrase alone */
	uint64_t generation; /* of the seed of the epoch in use */
	uint64_t exposed;    /* unix seconds: since then others may know it */
	uint64_t epochs;     /* how many there are */
};
struct ops_page {
	uint64_t has;
	struct span cursor; /* absent = from the start */
	struct span match;  /* substring of the label */
	struct span service;
	bool all;		     /* retired ones too */
	struct wire_list attributes; /* ops_pair: it has all of these */
};
struct ops_item_list_rep {
	uint64_t has;
	struct wire_list items;
	struct span cursor; /* absent = that was all */
};
struct ops_id_add {
	uint64_t has;
	struct span service, account;
	struct span purpose; /* one key only; absent = all of the format */
	uint64_t epoch;
	struct span alg; /* generic formats only */
};
struct ops_sel { /* one item by label (path) or id in hex */
	uint64_t has;
	struct span label;
	struct span form; /* export: which form; absent = the first */
	uint64_t proof;
	struct span proof_label;
	bool force;
};
struct ops_pair {
	uint64_t has;
	struct span name, value;
};
struct ops_id_show_rep {
	uint64_t has;
	struct wire_list item;	/* one ops_item */
	struct wire_list parts; /* ops_pair: public forms */
	struct wire_list forms; /* ops_pair: export forms and what they are for */
	struct span advice;	/* what contacts will see */
};
struct ops_export_rep {
	uint64_t has;
	struct span data;
	struct span file; /* suggested file name */
	bool text;
};
extern const struct wire_map ops_item_map, ops_page_map, ops_item_list_rep_map, ops_id_add_map,
    ops_sel_map, ops_pair_map, ops_id_show_rep_map, ops_export_rep_map;

struct ops_policy {
	uint64_t has;
	struct span label;
	uint64_t use; /* 0 1 2 */
	bool may_export;
	uint64_t rate; /* uses a minute, 0 = no limit */
	uint64_t proof;
	struct span proof_label;
	bool force;
	bool raw; /* bytes whose meaning nobody sees */
};
extern const struct wire_map ops_policy_map;

/* ---- sign ---- */
enum ops_sign_type { OPS_SIGN_SSHSIG, OPS_SIGN_RAW, OPS_SIGN_SSH_USERAUTH, OPS_SIGN_APP };
struct ops_sign {
	uint64_t has;
	struct span label;
	uint64_t type;
	struct span name_space; /* sshsig: namespace, 1..255; app: context */
	struct span hash_alg;	/* sshsig: "sha256" or "sha512" */
	struct span hash;	/* sshsig: hash of the file */
	struct span data;	/* raw: only where the item's policy says raw; app */
	/* ssh: the signature algorithm ("rsa-sha2-512"); absent = the key's only one */
	struct span alg;
	bool bare; /* ssh: the signature blob of RFC 4253 6.6 alone, without an SSHSIG around it */
	/* ssh-userauth (RFC 4252 7, and publickey-hostbound-v00@openssh.com with a hostkey): */
	struct span session, user, auth_service, hostkey;
	/* What the ssh door has verified; who says so on agent.sock is refused (ERR_SSH_PATH). */
	struct wire_list binds;	 /* struct ssh_bind: how the request came here, the oldest first */
	bool unproven;		 /* a host could not prove itself: perhaps the agent is forwarded */
	struct span certificate; /* ssh-userauth: of the key, shown to the host in its place */
	/* sshsig in the namespace of logins: the message whose hash it is (sshlogin.h) */
	struct span login;
};
struct ops_sign_rep {
	uint64_t has;
	struct span signature; /* type's binary form: sshsig blob, raw signature */
	struct span public_key;
};
extern const struct wire_map ops_sign_map, ops_sign_rep_map;

/* ---- secrets ---- */
struct ops_secret {
	uint64_t has;
	struct span label;
	struct span value;
	struct wire_list attributes; /* ops_pair */
	uint64_t use;
	bool replace;
};
struct ops_secret_rep {
	uint64_t has;
	struct span value;
};
extern const struct wire_map ops_secret_map, ops_secret_rep_map;

/* ---- audit log ---- */
struct ops_audit_page {
	uint64_t has;
	struct span cursor; /* absent = from the newest */
	uint64_t since;	    /* unix seconds: nothing older */
};
struct ops_audit_entry {
	uint64_t has;
	uint64_t n;
	uint64_t kind; /* enum audit_kind */
	struct span op;
	uint64_t time, boottime;
	struct span item; /* its name in the log */
	struct span name; /* its label, if it is still there */
	struct span client;
	uint64_t err;
	uint64_t count;
	bool bad; /* not as it was written */
};
struct ops_audit_show_rep {
	uint64_t has;
	struct wire_list entries; /* newest first */
	struct span cursor;	  /* absent = that was all */
};
struct ops_audit_verify_rep {
	uint64_t has;
	bool good;
	uint64_t first, entries; /* number of the first one that is there; how many there are */
	uint64_t anchored;	 /* as many are known to the vault: they cannot be cut off unseen */
	uint64_t err;
	uint64_t at;	 /* number of the first bad one */
	uint64_t offset; /* in its file, bytes */
	uint64_t file;	 /* which: 0 the log, 1 the older file, 2 the one put aside */
	uint64_t begun;	 /* enum err: why this log was begun anew */
	uint64_t logs;	 /* of all machines, as many as the vault knows */
};
extern const struct wire_map ops_audit_page_map, ops_audit_entry_map, ops_audit_show_rep_map,
    ops_audit_verify_rep_map;

/* ---- vault ---- */
struct ops_finding {
	uint64_t has;
	uint64_t err;
	uint64_t offset;
	struct span text;
};
struct ops_check_rep {
	uint64_t has;
	bool good;
	struct wire_list findings;
	uint64_t generation, slots, size;
};
extern const struct wire_map ops_finding_map, ops_check_rep_map;

#include "lib/ops_age.h"
#include "lib/ops_backup.h"
#include "lib/ops_forward.h"
#include "lib/ops_life.h"
#include "lib/ops_rebuild.h"
#include "lib/ops_copies.h"
#include "lib/ops_synced.h"
#include "lib/ops_restore.h"
#include "lib/ops_succession.h"
#include "lib/ops_share.h"
#include "lib/ops_ssh.h"
#include "lib/ops_token.h"
#include "lib/ops_agree.h"
#include "lib/ops_secrets.h"
#include "lib/ops_entry.h"
#include "lib/ops_jwt.h"

#endif
