/*
 * handoff.h - between pam_ownkey.so and ownkey-handoff: fixed sizes, so that neither parses much.
 *
 * Frames of chan.h on descriptor 0: one request (struct handoff_ask), behind it for UNLOCK and HOLD
 * two more, the credential id and the 32 bytes of the factor, for READ one, the path, for SIGN two,
 * the path of the socket and what pam/handoff/sshagent.h says; one answer (struct handoff_reply and
 * its bytes).  The exit status says the same as the answer.
 */
#ifndef LIB_HANDOFF_H
#define LIB_HANDOFF_H

#include <stdint.h>

#include "lib/err.h"

#define HANDOFF_MAGIC	 0x4f4b4831u /* "OKH1" */
#define HANDOFF_READ_MAX (1024 * 1024)
#define HANDOFF_HEADER	 33280 /* bytes of a vault before its body */
#define HANDOFF_SLOTS	 16
#define HANDOFF_CRED_MAX 1023
#define HANDOFF_FACTOR	 32
#define HANDOFF_PATH_MAX 1024
#define HANDOFF_NAME_MAX 64
#define HANDOFF_HOLD_S	 120
#define HANDOFF_SIGN_MAX (272 * 1024) /* 64 keys of 4 KiB */
#define HANDOFF_SIG_MAX	 4096

/* Names of what stays, in the abstract namespace; behind it 32 hex digits.  Who started it
 * connects, sends a struct handoff_held, and after UNLOCK and END gets a frame with a struct
 * handoff_reply.  Anybody may hear of a name (/proc/net/unix) and have it in the environment of
 * their own login: whose it should be is said, too. */
#define HANDOFF_HELD	    "ownkey-held-"
#define HANDOFF_HELD_UNLOCK 'u'
#define HANDOFF_HELD_DROP   'd'
#define HANDOFF_HELD_END    'e'

enum handoff_op {
	HANDOFF_UNLOCK = 1,
	HANDOFF_LOCK, /* unless a session is open */
	HANDOFF_READ,
	HANDOFF_HEAD, /* the first HANDOFF_HEADER bytes of the person's vault */
	HANDOFF_HOLD, /* the answer's bytes are the name */
	/* a session is open until END, or until the process that asks has ended: then LOCK; the
	 * answer's bytes are the name */
	HANDOFF_SESSION,
	HANDOFF_SIGN /* number of the key, u32be, and the signature blob */
};

struct handoff_ask {
	uint32_t magic;
	uint32_t op;   /* enum handoff_op */
	uint32_t uid;  /* must be that of the account */
	uint32_t ms;   /* so much time there is */
	uint32_t most; /* READ: bytes */
	char name[256];
};

struct handoff_held {
	uint32_t what; /* HANDOFF_HELD_UNLOCK, HANDOFF_HELD_DROP */
	uint32_t uid;
};

struct handoff_reply {
	uint32_t magic;
	uint32_t err; /* enum err */
};

/* What ownkey-handoff exits with for a reason; 1 for those that have no number of their own. */
int handoff_exit(enum err e);

#endif
