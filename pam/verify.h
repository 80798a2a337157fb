/*
 * verify.h - the drive of ownkey-verify: one of it for each authentication (lib/verify.h).
 *
 * Nothing but a verify_check or verify_check_ssh of a verifier begun without `probe` makes a login.
 */
#ifndef PAM_VERIFY_H
#define PAM_VERIFY_H

#include "lib/verify.h"
#include "pam/helper.h"

struct verify {
	struct helper h;
	bool probe, ssh;
	uint8_t nonce[32];
	uint8_t cdh[32];	       /* for tokens_call */
	uint8_t message[SSHLOGIN_MAX]; /* ssh: what it is about, and */
	uint8_t tbs[SSHLOGIN_TBS_MAX]; /* what the agent is asked to sign */
	size_t message_len, tbs_len;
};
#define VERIFY_NONE              \
	{                        \
		.h = HELPER_NONE \
	}

/* What is logged in to: all of it is in what is signed. */
struct verify_about {
	const char *rp_id; /* NULL: an ssh agent is asked, not a token */
	const char *host;  /* "" when unknown */
	const char *service;
	const char *user;
	bool probe; /* a silent assertion that only tells which token it is */
};

/* What a token answered, and who may answer. */
struct verify_answer {
	const struct verify_cred *creds;
	size_t ncreds; /* 1..VERIFY_CREDS */
	struct span cred_id, authdata, sig;
};

struct verify_verdict {
	size_t index;	  /* which of creds, or keys */
	uint64_t counter; /* as signed; 0: the token counts nothing */
	bool up, uv;	  /* as signed */
};

/* Start it; v is VERIFY_NONE before, and given back by verify_end in any case.  ERR_NOPROGRAM,
 * ERR_TIMEOUT, ERR_HANGUP, ERR_VERIFY_ANSWER (it is not what we started). */
MUST enum err verify_begin(const struct verify_about *about, int64_t until, struct verify *v);
/* Its second half: v->h runs already.  For tests that play the verifier. */
MUST enum err verify_hello(const struct verify_about *about, int64_t until, struct verify *v);
/* ERR_OK: the signature of creds[index] over this nonce, and all that its row wants.  ERR_LIE_*:
 * the token's answer is not good; another one may be tried, up to VERIFY_CHECKS. */
MUST enum err verify_check(
    struct verify *v, const struct verify_answer *a, int64_t until, struct verify_verdict *out);

struct verify_ssh_answer {
	const struct verify_key *keys; /* who may log in */
	size_t nkeys;		       /* 1..VERIFY_CREDS */
	struct span key;	       /* the one that was asked */
	struct span sig;	       /* signature blob, as the agent gave it */
};
/* ERR_LIE_CREDENTIAL, ERR_LIE_PRESENCE, ERR_LIE_VERIFIED, ERR_SSHKEY_*. */
MUST enum err verify_check_ssh(
    struct verify *v, const struct verify_ssh_answer *a, int64_t until, struct verify_verdict *out);
void verify_end(struct verify *v);

#endif
