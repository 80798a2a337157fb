/*
 * check.h - `vault check`: what can be said of a file without any key (DESIGN 6).  When it finds
 * nothing, a way in that does not open the vault is the wrong way in, not damage.
 */
#ifndef AGENT_VAULT_CHECK_H
#define AGENT_VAULT_CHECK_H

#include "agent/vault/outer.h"

#define CHECK_FINDINGS 64

struct check_finding {
	enum err err;
	int slot;	  /* 0..15, -1 = not about a slot */
	uint64_t offset;  /* in the file */
	const char *text; /* for people, static */
};

struct check_report {
	struct check_finding finding[CHECK_FINDINGS];
	size_t n;
	bool good;	     /* nothing but a torn tail at most */
	bool torn;	     /* the last change was not written completely: it will be dropped */
	bool head;	     /* the fields below are set */
	uint64_t generation; /* of the last good record */
	uint64_t size;	     /* of the file */
	uint64_t size_valid; /* without the torn tail */
	size_t slots;	     /* usable ones */
	size_t records;	     /* of the journal */
};

/* ERR_NOMEM only; everything else is a finding. */
MUST enum err check_file(struct span file, struct check_report *r);

#endif
