/*
 * seen.h - the file `seen`: what this machine remembers of the vault (DESIGN 6).
 *
 * 1024 bytes: two halves of 512, written in turn; each
 *   0 4 'OWKS'   4 2 version = 1   6 2 zero   8 8 sequence   16 16 vault_id   32 32 SHA-256(t)
 *   64 8 generation   72 32 last hash   104 32 what the lock appended to (line.h), or zero
 *   136..479 zero   480 32 SHA-256 of all before
 * The valid half with the higher sequence counts; the other one is written next.
 */
#ifndef AGENT_VAULT_SEEN_H
#define AGENT_VAULT_SEEN_H

#include "agent/vault/line.h"

#define SEEN_HALF 512
#define SEEN_SIZE 1024

struct seen {
	bool known;   /* there is a valid half */
	bool damaged; /* there are bytes, but not both halves are valid or empty */
	uint64_t sequence;
	unsigned half; /* the one that counts, 0 or 1 */
	struct line_mark mark;
};
/* content: the whole seen file, empty when missing.  Never fails: what is broken is not known. */
void seen_parse(struct span content, struct seen *s);
/* Next content of the other half: out goes to offset *at.  *s becomes what it says. */
void seen_next(struct seen *s, const struct line_mark *m, uint8_t out[SEEN_HALF], size_t *at);

#endif
