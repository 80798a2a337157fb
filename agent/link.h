/*
 * link.h - frames between front and vault (a chan.h stream; DESIGN 3).
 *
 *   byte 0 type, 1..3 zero, 4..7 u32be connection (0 = none), then the payload.
 *
 * front -> vault
 *   LINK_PEER     a client connected: struct link_peer
 *   LINK_BYE      it left: every job of it is cancelled
 *   LINK_REQUEST  a native frame of it (ops_request), checked by front against the table already;
 *                 the vault checks again
 *   LINK_FILE     struct file_reply
 * vault -> front
 *   LINK_REPLY    a native frame for the connection (reply or event), to be forwarded as it is
 *   LINK_DROP     close the connection
 *   LINK_FILE     struct file_request
 *   LINK_PUBLIC   rows of keys (ops_item, one behind the other), which front shows while locked
 *   LINK_SSH      struct ssh_rows: changes of the keys that the ssh door lists (ops_ssh.h)
 *   LINK_JWT      public keys of issuers (struct jwt_row, lib/jwt_rows.h, one behind the other),
 *                 which front shows while locked
 *
 * Both sides read all there is, work, and write once.
 */
#ifndef AGENT_LINK_H
#define AGENT_LINK_H

#include "lib/wire.h"

#define LINK_HEAD      8
#define LINK_CHUNK     (1024 * 1024)
#define LINK_FRAME_MAX (LINK_CHUNK + 64 * 1024)

enum link_type {
	LINK_PEER = 1,
	LINK_BYE = 2,
	LINK_REQUEST = 3,
	LINK_FILE = 4,
	LINK_REPLY = 5,
	LINK_DROP = 6,
	LINK_PUBLIC = 7,
	LINK_SSH = 8,
	LINK_JWT = 9,
	LINK_TYPES = LINK_JWT /* the last one */
};

struct link_peer {
	uint64_t has;
	uint64_t uid;
	uint64_t pid;
	struct span label; /* executable: shown in prompts, no boundary */
	struct span unit;  /* cgroup unit or Flatpak id */
	uint64_t session;  /* setsid(2), as in struct sock_peer; 0 = not known */
	uint64_t session_began;
};
extern const struct wire_map link_peer_map;

/*
 * The vault's file, as opaque bytes.  One operation at a time; data of more than LINK_CHUNK comes
 * in several frames with more = true on all but the last.
 *
 * READ      front opens, checks owner and mode, locks shared while reading, keeps the descriptor;
 *           reply chunks: data; the last one has size and seen (whole content of the seen file).
 *           ERR_NOVAULT when there is no file.
 * APPEND    at = size of the valid part, expect = hash its last 32 bytes must have; front locks,
 *           checks that path, inode, size and hash are still those of its descriptor (else
 *           ERR_VAULT_CHANGED), cuts a torn tail and syncs it, writes data there, fdatasync, writes
 *           `seen`.  Any error: cut back to `at`, nothing has changed.
 * REWRITE   data = the whole new file.  Front writes it next to the old one (O_EXCL, 0600),
 *           allocates, fsyncs, reads it back to the vault in VERIFY replies (more until the last);
 *           the vault answers COMMIT or ABORT; then link old to vault.prev, rename, fsync the
 *           directory, write `seen`.  expect as in APPEND; create = there must be no file yet;
 *           drop_prev = delete vault.prev at the end (a new line).
 * PREVIOUS  exchange vault and vault.prev (durably).
 * BESIDE    read another file that may be a copy of the vault; at: which (enum file_beside_at), or
 *           data: its name, one of those that would be listed, vault.prev or "vault.merge-*".
 *           From FILE_BESIDE_FIRST on what programs that synchronise folders put there; FIRST
 *           itself looks at the folder anew.  Reply as READ; name: which file it is, also when it
 *           cannot be read.  ERR_NOTFOUND: none there.  ERR_LIMIT: there are more.
 * SEEN      write `seen` only; drop_prev: vault.prev is of another line, delete it.
 * AUDIT     what audit says: append to the audit log beside `seen`.  APPEND and COMMIT can carry
 *           the same; then the log comes first, and if it fails the vault is not touched.
 * AUDIT_READ  audit.at, audit.size: so many bytes (at most LINK_CHUNK) from there; step ROTATE,
 *           ASIDE: of the older file, of the one put aside; size: all it has.  ERR_NOTFOUND.
 *
 * The audit log (struct file_audit): front checks that the file has size bytes and that those in
 * front of `at` are expect (nothing when at is 0), else ERR_AUDIT_CHANGED; cuts what is behind `at`
 * and syncs that; writes data, fdatasync; a file that is new: its folder, too.  Any error: cut back
 * to `at`.  step: ROTATE renames the file to the older one first (what was there before is gone)
 * and writes data into a new one; ASIDE does the same with a name for damaged ones; FOREIGN as
 * ROTATE, whatever is there, if anything.  quiet: no answer is sent (the vault is about to end).
 */
enum file_op {
	FILE_READ,
	FILE_APPEND,
	FILE_REWRITE,
	FILE_COMMIT,
	FILE_ABORT,
	FILE_PREVIOUS,
	FILE_SEEN,
	FILE_AUDIT,
	FILE_AUDIT_READ,
	FILE_BESIDE
};

enum file_beside_at {
	FILE_BESIDE_LOCAL, /* this machine's own copy */
	FILE_BESIDE_ASIDE, /* what was in its place and newer */
	FILE_BESIDE_PREV,  /* vault.prev */
	FILE_BESIDE_FIRST
};
#define FILE_BESIDE_MOST 16

enum audit_step { AUDIT_STEP_APPEND, AUDIT_STEP_ROTATE, AUDIT_STEP_ASIDE, AUDIT_STEP_FOREIGN };

struct file_audit {
	uint64_t has;
	uint64_t step;
	uint64_t at;
	uint64_t size;
	struct span expect; /* 32 */
	struct span data;
};
extern const struct wire_map file_audit_map;
#define LINK_AUDIT_MOST (48 * 1024)

struct file_request {
	uint64_t has;
	uint64_t op;
	uint64_t at;
	struct span expect; /* 32 */
	struct span data;
	bool more;
	bool create;
	bool drop_prev;
	struct span seen;	 /* new content of the seen file; front writes it as given */
	uint64_t seen_at;	 /* offset at which it is written (two halves in turn) */
	bool previous;		 /* READ: read vault.prev instead (nothing is kept open) */
	struct file_audit audit; /* absent: nothing for the audit log */
	bool quiet;
};
extern const struct wire_map file_request_map;

struct file_reply {
	uint64_t has;
	uint64_t err;
	struct span data;
	bool more;
	uint64_t size;
	struct span seen;
	bool verify;	  /* data is what was read back: answer COMMIT or ABORT after the last */
	struct span path; /* where the vault is, for people */
	bool prev;	  /* vault.prev exists */
	uint64_t audit;	  /* what went wrong with the audit log; then err is the same */
	struct span name; /* BESIDE: of the file; bytes that somebody else chose */
};
extern const struct wire_map file_reply_map;

/* Append one frame (length, head, payload) to a channel's out buffer. */
void link_put(struct buf *out, enum link_type t, uint32_t conn, struct span payload);
/* The same when the payload is a wire message. */
MUST enum err link_put_msg(
    struct buf *out, enum link_type t, uint32_t conn, const struct wire_map *m, const void *msg);
/* Split a received frame. */
MUST enum err link_get(struct span frame, enum link_type *t, uint32_t *conn, struct span *payload);

#endif
