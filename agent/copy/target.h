/*
 * target.h - one copy into one folder, in a process of its own: a folder that hangs holds up
 * nobody else.
 */
#ifndef AGENT_COPY_TARGET_H
#define AGENT_COPY_TARGET_H

#include <sys/types.h>

#include "agent/control.h"

struct target {
	const struct control_start *start; /* paths, and the version that is copied */
	const char *folder;
	const char *name; /* the file in it */
	const char *tmp;  /* before it has that name; no other machine uses this one */
	bool local; /* the one on this machine: what is in the way is put aside, not refused */
	bool apart; /* the last good copy was on another file system than the vault */
};

/* What became of it. */
struct target_result {
	uint32_t index; /* which, for who started several */
	uint32_t err;
	uint32_t apart;
};

/*
 * Confine this process to the vault's folder and the target's, and copy.  Sets r->err and apart.
 * ERR_COPY_ABSENT: no such folder, or the stick is not mounted on it.  ERR_COPY_NEWER,
 * ERR_VAULT_DIVERGED: a newer copy, or another one just as new, is there.  ERR_COPY_OTHER: a copy
 * of another vault, a link, no vault at all.  Otherwise as snapshot_read and whole_replace.
 */
void target_copy(const struct target *t, struct target_result *r);

#endif
