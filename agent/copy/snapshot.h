/*
 * snapshot.h - the vault file as opaque bytes: how far they are whole, without any key (DESIGN 6).
 *
 * Only what the vault process has opened or written is copied: the bytes must reach the record
 * whose hash it names, and are cut behind it.  So neither a torn tail nor a file that somebody put
 * in the vault's place ever takes the place of a good copy.
 */
#ifndef AGENT_COPY_SNAPSHOT_H
#define AGENT_COPY_SNAPSHOT_H

#include "agent/control.h"
#include "lib/buf.h"

/* Where the whole part of a file ends. */
struct snapshot_end {
	uint8_t vault_id[16];
	uint64_t generation; /* of the last record, or of the body */
	uint8_t hash[32];    /* the same */
	size_t size;
};

/* Follow file to its end, or to the record with the hash `until` (NULL: to the end).  A torn tail
 * is not counted.  ERR_FORMAT: no vault.  ERR_VERSION: of a later version.  ERR_VAULT_HEADER,
 * ERR_VAULT_DAMAGED: *end is what can be said nevertheless.  ERR_VAULT_CHANGED: there is no such
 * record.  ERR_NOMEM. */
MUST enum err snapshot_scan(struct span file, const uint8_t *until, struct snapshot_end *end);
/* The file at path up to the record that mem names, into *out (empty before).
 * ERR_NOVAULT.  ERR_COPY_UNKNOWN: this is not the version that mem means.  ERR_VAULT_DAMAGED,
 * ERR_VAULT_HEADER, ERR_NOMEM, ERR_TOOBIG, ERR_IO, ERR_PERMISSION. */
MUST enum err snapshot_read(const char *path, const struct control_memory *mem, struct buf *out);

#endif
