/*
 * slot.h - the kinds of ways in: one file and one row each.
 *
 * A row turns what the person has into the factors of DESIGN 4.  Rows are pure: they build the jobs
 * for helpers and judge the answers; agent/vault/way.c runs them.
 */
#ifndef AGENT_SLOT_SLOT_H
#define AGENT_SLOT_SLOT_H

#include "lib/job.h"
#include "lib/sec.h"
#include "lib/token.h"

struct slot_type {
	unsigned factors; /* exactly these bits (1 token, 2 passphrase, 4 phrase) */
	const char *name; /* as people read it */
	const char *help;
};

extern const struct slot_type slot_types[];
extern const size_t nslot_types;
/* NULL: no such combination. */
const struct slot_type *slot_type_find(unsigned factors);

/* "ownkey:vault" by default; never a domain. */
#define SLOT_RP_ID "ownkey:vault"

/* ---- passphrase.c ---- */
#define SLOT_ARGON_M (256u * 1024) /* KiB */
#define SLOT_ARGON_T 4u
void passphrase_job(
    struct span pass, struct span salt, uint32_t m, uint32_t t, struct worker_job *out);
/* f2 out of the worker's answer. */
MUST enum err passphrase_factor(struct span frame, struct sec *f2);

/* ---- phrase.c ---- */
/* Factor i of the answer to PHRASE_OPEN or PHRASE_MAKE. */
MUST enum err phrase_factor(const struct worker_event *ev, size_t i, struct sec *f3);

#endif
