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

struct slot_type {
	unsigned factors; /* exactly these bits (1 token, 2 passphrase, 4 phrase) */
	const char *name; /* as people read it */
	const char *help;
};

extern const struct slot_type slot_types[];
extern const size_t nslot_types;
/* NULL: no such combination. */
const struct slot_type *slot_type_find(unsigned factors);

/* ---- token.c: what a token says, judged (DESIGN 7) ---- */
/* "ownkey:vault" by default; never a domain. */
#define SLOT_RP_ID "ownkey:vault"

#define TOKEN_ES256 (-7) /* COSE */
#define TOKEN_EDDSA (-8)

struct token_nonce {
	uint8_t nonce[32];
	uint8_t cdh[32]; /* client data hash */
};
/* Draw a fresh challenge.  purpose: unlock, approve, enrol, probe, pam. */
void token_challenge(const char *purpose, struct span request, struct token_nonce *n);

/* What was asked, and of which credential the key is known. */
struct token_expect {
	const char *rp_id;
	const uint8_t *cdh;
	struct span cred_id; /* of the slot that the answer names */
	struct span pubkey;
	int64_t alg;
	bool up;       /* a touch was asked for */
	bool uv;       /* PIN or fingerprint was asked for */
	size_t secret; /* bytes wanted, 0 = none */
};
/* Judge an assertion.  ERR_LIE_*, each its own. */
MUST enum err token_judge(const struct token_expect *x, const struct token_event *ev);
/* The same without the signature, where no key is known: whoever asked checks it. */
MUST enum err token_judge_unsigned(const struct token_expect *x, const struct token_event *ev);
/* Flags of authenticator data: *up, *uv. */
void token_flags(struct span authdata, bool *up, bool *uv);
/* Judge a new credential: rpIdHash, UP, attested data of the same id and key (WebAuthn 6.5.1). */
MUST enum err token_judge_new(const char *rp_id, bool uv, const struct token_event *ev);

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
