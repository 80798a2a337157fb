/*
 * token.h - the tokens that are plugged in, as a job sees them: found, examined, asked
 * (DESIGN 7: touches on all at once, a PIN to one only).
 */
#ifndef AGENT_VAULT_TOKEN_H
#define AGENT_VAULT_TOKEN_H

#include "agent/slot/slot.h"
#include "agent/vault/job.h"

#define TOKENS 6

struct token {
	char path[128];
	char name[64];
	bool access;
	uint64_t vendor, product;
	enum err err; /* why it cannot be asked */
	/* from its info */
	bool examined;
	uint64_t options, retries, min_pin, max_creds, firmware;
	uint8_t aaguid[16];
	char versions[64], extensions[128];
	int slot;	  /* the way in that it has proven to hold; -1 = it did not say */
	const char *what; /* its PIN is asked for this: "for ssh-keygen, ssh:"; NULL = a vault */
};

struct tokens {
	struct token t[TOKENS];
	size_t n;
};

/* What is plugged in now. */
MUST enum err tokens_list(struct job *j, struct tokens *out);
/* The same; waits for one that may be opened (tells the person) unless nowait: ERR_TOKEN_ABSENT,
 * ERR_TOKEN_ACCESS. */
MUST enum err tokens_wait(struct job *j, bool nowait, struct tokens *out);
/* tokens_wait and tokens_only; "unix:/PATH" is taken at its word, configured or not. */
MUST enum err tokens_find(struct job *j, struct span path, bool nowait, struct tokens *out);
/* Keep only the one with this path (empty = all).  ERR_TOKEN_ABSENT. */
MUST enum err tokens_only(struct tokens *ts, struct span path);
/* The one that is named, or the only one, examined.  ERR_TOKEN_ABSENT, ERR_TOKEN_MANY. */
MUST enum err tokens_pick(struct job *j, struct span path, struct tokens *ts, struct token **t);
/* Ask a token for its info; errors go to t->err. */
MUST enum err token_examine(struct job *j, struct token *t);
bool token_is_software(const struct token *t);
/* The person touches the one that is meant. */
MUST enum err tokens_select(
    struct job *j, const struct tokens *ts, const char *text, struct token **out);
/* Send one job to one token and wait; touch is announced with this text.  The result's spans are
 * valid until h is ended by the caller (job_end). */
struct token_call {
	struct token_job job;
	const char *touch; /* "to unlock" ... NULL = do not announce */
	struct helper *h;
	struct token_event ev;
};
MUST enum err token_call(struct job *j, const struct token *t, struct token_call *c);

/* Credentials of other programs.  Where no key is known, nothing is proven by an answer. */
struct token_foreign {
	const char *rp_id;
	const struct span *creds;
	size_t ncreds;
	const uint8_t *cdh; /* 32 */
	struct span salt;   /* none, 32 or 64 bytes */
	struct span pubkey; /* of the only credential; empty: not known */
	bool silent;	    /* no touch */
	/* The answer, judged as far as it can be; its spans are valid for the call. */
	enum err (*take)(void *arg, const struct token *t, const struct token_event *ev);
	void *arg;
};

/* An assertion by one of the ways in of o whose index bits are in slots. */
struct token_ask {
	const struct token_foreign *foreign; /* then no outer, slots, purpose, request, secret */
	const struct outer *outer;
	unsigned slots; /* bit i = slot i may answer */
	const char *purpose;
	struct span request;
	bool secret; /* with the PRF output */
	bool verify; /* by PIN or fingerprint where the slot was enrolled so */
	bool force;
	struct span path; /* this token only; empty = any */
	bool nowait;
	const char *touch;
	char *which; /* gets the device path of the one that answered, 128 bytes; may be NULL */
};
/* *slot = which; secret (may be NULL) gets 32 bytes. */
MUST enum err token_assert(struct job *j, const struct token_ask *a, int *slot, struct sec *secret);

/* One call with a fingerprint, where there is one and it is wanted, or the PIN, asked for and tried
 * up to three times. */
struct token_verify {
	enum err (*call)(void *arg, struct token *t, enum token_uv uv, struct span pin);
	void *arg;
	bool force;
};
MUST enum err token_verified(struct job *j, const struct token_verify *v, struct token *t);

/* Ask for the PIN of t, refusing what can only go wrong.  again: why it is asked once more. */
MUST enum err token_ask_pin(
    struct job *j, const struct token *t, enum err again, bool force, struct sec *pin);

#endif
