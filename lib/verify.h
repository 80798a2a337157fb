/*
 * verify.h - what pam_ownkey.so and ownkey-verify say to each other (frames of chan.h, DESIGN 7,
 * 12).
 * The verifier has descriptor 0 = stream socket to the module.  It is told what is logged in to,
 * draws the nonce, answers what is to be signed, and judges what was signed: at most VERIFY_CHECKS
 * answers, because a token that lies must not end the turn of another, and none after the first
 * that is good.  Whoever started it compares the nonce of the verdict with that of the beginning.
 */
#ifndef LIB_VERIFY_H
#define LIB_VERIFY_H

#include "lib/sshlogin.h"
#include "lib/wire.h"

#define VERIFY_FRAME_MAX (128 * 1024)
#define VERIFY_CHECKS	 8
#define VERIFY_CREDS	 64
#define VERIFY_TEXT_MAX	 256

enum verify_op {
	VERIFY_BEGIN,	  /* BEGUN: nonce, cdh */
	VERIFY_BEGIN_SSH, /* BEGUN: nonce, message, tbs */
	VERIFY_CHECK,	  /* after BEGIN: creds, cred_id, authdata, sig */
	VERIFY_CHECK_SSH  /* after BEGIN_SSH: keys, key, sig */
};

/* A credential that may log in. */
struct verify_cred {
	uint64_t has;
	struct span cred_id; /* 1 */
	int64_t alg;	     /* 2 COSE: -7 ES256, -8 EdDSA */
	struct span pubkey;  /* 3 ES256: x||y 64; EdDSA: 32 */
	bool up;	     /* 4 a touch is wanted */
	bool uv;	     /* 5 PIN or fingerprint is wanted */
};
extern const struct wire_map verify_cred_map;

/* A key of an ssh agent that may log in. */
struct verify_key {
	uint64_t has;
	struct span blob; /* 1 public key, RFC 4253 6.6, no certificate */
	bool up;	  /* 2 a touch is wanted: keys of tokens (sk-...) only */
	bool uv;	  /* 3 PIN or fingerprint, the same */
};
extern const struct wire_map verify_key_map;

struct verify_job {
	uint64_t has;
	uint64_t op; /* 1 enum verify_op */
	/* begin: all of it is signed over; rp_id not for ssh */
	bool probe;	     /* 2 finds out who holds a credential; nothing that logs in */
	struct span rp_id;   /* 3 text */
	struct span host;    /* 4 where from, may be empty */
	struct span service; /* 5 of PAM */
	struct span user;    /* 6 who wants in */
	/* check */
	struct wire_list creds; /* 10 struct verify_cred, 1..64 */
	struct span cred_id;	/* 11 returned by the token */
	struct span authdata;	/* 12 raw */
	struct span sig;	/* 13 of the token; ssh: signature blob (RFC 4253 6.6) */
	struct wire_list keys;	/* 14 ssh: struct verify_key, 1..64 */
	struct span key;	/* 15 ssh: the one that signed */
};
extern const struct wire_map verify_job_map;

enum verify_kind { VERIFY_EV_BEGUN, VERIFY_EV_GOOD, VERIFY_EV_BAD };

struct verify_event {
	uint64_t has;
	uint64_t kind;	     /* 1 enum verify_kind */
	uint64_t err;	     /* 2 bad: enum err, the one reason */
	struct span nonce;   /* 3 32; in each */
	struct span cdh;     /* 4 begun: client data hash, 32 */
	struct span tbs;     /* 5 begun, ssh: what the agent is to sign (sshlogin.h) */
	uint64_t index;	     /* 6 good: which of creds or keys */
	uint64_t counter;    /* 7 good: signature counter of the token */
	bool up;	     /* 8 good: as signed */
	bool uv;	     /* 9 good: as signed */
	struct span message; /* 10 begun, ssh: what that is the signature of (sshlogin.h) */
};
extern const struct wire_map verify_event_map;

#endif
