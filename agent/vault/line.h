/*
 * line.h - lines (DESIGN 6): is this file the one this machine saw last, or later?
 */
#ifndef AGENT_VAULT_LINE_H
#define AGENT_VAULT_LINE_H

#include "lib/buf.h"

#define LINE_LEN 32

/* t = kdf(VRK, "line", vault_id, 32). */
void line_make(struct span vrk, const uint8_t vault_id[16], uint8_t t[LINE_LEN]);

/* What is remembered of a file: by `seen`, and by the supervisor for the next vault process. */
struct line_mark {
	uint8_t vault_id[16];
	uint8_t line[32]; /* SHA-256(t) */
	uint64_t generation;
	uint8_t last_hash[32];
	uint8_t before[32]; /* the lock appended a head of the audit log, and no more, behind the
			     * version with this hash; zero: it did not */
};

/* The file that was opened. */
struct line_file {
	uint8_t vault_id[16];
	uint8_t t[LINE_LEN];
	uint64_t generation; /* vaultfile_state.last */
	uint8_t last_hash[32];
	struct span lines; /* body.lines */
};
void line_mark_of(const struct line_file *f, struct line_mark *m);

enum line_verdict {
	LINE_SAME,  /* exactly the file that was seen last */
	LINE_AHEAD, /* a later state of the line: `seen` lags, write it */
	LINE_LATER, /* a later line (a slot was removed): write `seen`; vault.prev is of another */
	LINE_FIRST  /* nothing is remembered: warn once */
};
/*
 * known: NULL when nothing is remembered.  ERR_VAULT_OLD: an older state.  ERR_VAULT_DIVERGED: the
 * same generation with other content, or a later line that was begun before what was seen.
 * ERR_VAULT_FORGED: another vault or line.  *verdict is set on ERR_OK.
 */
MUST enum err line_check(
    const struct line_mark *known, const struct line_file *f, enum line_verdict *verdict);

#endif
