/*
 * handoff.h - the drive of ownkey-handoff: what has to be done as the person who logs in.
 *
 * The helper is started as root, becomes the person for good (groups, gid, uid, checked), with an
 * environment of its own, and only then looks at their files and their agent.  What it read of them
 * was written by them: it is bounded, and proves nothing.  Where the host is not root, it can serve
 * its own account only.  Every call ends at `until` (helper_clock); no child is left, but for the
 * agent, and for what handoff_hold says.
 *
 * ERR_BECOME: the helper could not become the person; ERR_NOPROGRAM, ERR_TIMEOUT, ERR_HANGUP of it.
 */
#ifndef PAM_HANDOFF_H
#define PAM_HANDOFF_H

#include "lib/buf.h"
#include "lib/handoff.h"
#include "pam/kept.h"
#include "pam/person.h"

/*
 * Open the person's vault with this factor.  Their agent is started where nobody listens; open
 * already is ERR_OK.  ERR_NOVAULT; ERR_NOTOWNER: somebody else listens on their socket;
 * ERR_NOAGENT;
 * ERR_GIVEN_SLOT: the credential is no way into the vault; ERR_GIVEN_PASS: that way in wants its
 * passphrase, too; ERR_VAULT_KEY: the factor is wrong (the salt of the map is stale);
 * ERR_GIVEN_WAIT; whatever else the agent says.
 */
MUST enum err handoff_unlock(const struct person *p, const struct factor *f, int64_t until);
/* Lock it, unless a session is open.  Nobody listens, or locked already: ERR_OK. */
MUST enum err handoff_lock(const struct person *p, int64_t until);

/*
 * A file as the person reads it: absolute path, no link at its end, plain, of the person's or
 * root's, writable by nobody else; appended to *out, at most `most` bytes (<= HANDOFF_READ_MAX).
 * ERR_NOTFOUND: there is none; ERR_PERMISSION; ERR_TOOBIG; ERR_IO.
 */
MUST enum err handoff_read(
    const struct person *p, const char *path, size_t most, struct buf *out, int64_t until);

/* What the header of the person's vault says in the clear (DESIGN 6). */
struct handoff_header {
	char rp_id[65];
	uint8_t salt[32]; /* prf_salt */
	size_t n;
	struct handoff_slot {
		size_t len;
		uint8_t cred_id[HANDOFF_CRED_MAX];
		bool pass; /* wants a passphrase, too: no use for a login */
	} slot[HANDOFF_SLOTS];
};
/* ERR_NOVAULT; ERR_FORMAT: what is there is none; errors of handoff_read. */
MUST enum err handoff_header(const struct person *p, struct handoff_header *out, int64_t until);
/* The same from the bytes of a file, or of its first HANDOFF_HEADER bytes.  ERR_FORMAT. */
MUST enum err handoff_header_parse(struct span file, struct handoff_header *out);
/* Does a slot of it have this credential? */
bool handoff_header_has(const struct handoff_header *h, struct span cred_id);

/* A signature of the person's ssh agent (lib/sshlogin.h). */
struct handoff_sign {
	const char *socket; /* SSH_AUTH_SOCK, as it was found: any text */
	struct span message, tbs;
	const struct span *keys; /* public key blobs that will do, the best first */
	size_t n;		 /* 1..64 */
};
/* *which of the keys, and the signature blob, at most HANDOFF_SIG_MAX bytes, appended; it proves
 * nothing yet.  ERR_AGENT_NONE, ERR_AGENT_KEY (pam/handoff/sshagent.h). */
MUST enum err handoff_sign(const struct person *p, const struct handoff_sign *q, uint32_t *which,
    struct buf *sig, int64_t until);

/*
 * For hosts that authenticate in a child which is gone when the session opens (sshd, keyboard
 * interactive): a process of root's keeps the factor in locked memory for HANDOFF_HOLD_S seconds at
 * most, and gives it to nobody: it hands it over itself when root asks it to, by the name that is
 * returned (pam_putenv carries it over; it is random, public, and of no use to others).
 */
MUST enum err handoff_hold(
    const struct person *p, const struct factor *f, char name[HANDOFF_NAME_MAX], int64_t until);
/* Tell it to unlock: as handoff_unlock.  ERR_NOTFOUND: it is gone, or name is none of ours;
 * ERR_HANGUP: it is held for somebody else. */
MUST enum err handoff_held_unlock(const struct person *p, const char *name, int64_t until);
/* Tell it to go. */
void handoff_held_drop(const struct person *p, const char *name, int64_t until);

/*
 * A session that counts: a process of the person's stays until handoff_session_end, or until the
 * process that called this has ended in whatever way.  With the last one the vault is locked.
 */
MUST enum err handoff_session(const struct person *p, char name[HANDOFF_NAME_MAX], int64_t until);
/* Returns when it is locked, or others are open.  ERR_NOTFOUND: nobody waits for it any more. */
MUST enum err handoff_session_end(const struct person *p, const char *name, int64_t until);

#endif
