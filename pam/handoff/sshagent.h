/*
 * sshagent.h - the person's ssh agent, once we are them (RFC 9987).
 *
 * It may be any program, at this machine or, forwarded, at another: what it says is bounded, is
 * parsed here, by a process that can do no more than the person can, and proves nothing: the
 * signature is judged elsewhere.
 */
#ifndef PAM_HANDOFF_SSHAGENT_H
#define PAM_HANDOFF_SSHAGENT_H

#include "lib/buf.h"

#define SSHAGENT_REPLY_MAX (256 * 1024)
#define SSHAGENT_TRIES	   8 /* keys that it is asked to sign by */

/* What it is to do: strings (RFC 4251) of the message and of what is signed of it
 * (lib/sshlogin.h), then of the public keys that may log in, the best first. */
struct sshagent_ask {
	struct span message, tbs;
	struct span keys; /* strings, one after the other */
};
MUST enum err sshagent_parse(struct span bytes, struct sshagent_ask *out);
/*
 * Have it signed: appended are the number of the key, u32be, and the signature blob.
 * ERR_AGENT_NONE: the path is no socket of ours, nobody of ours listens there, or what they say
 * makes no sense; ERR_AGENT_KEY: it has none of the keys, or does not sign; ERR_TIMEOUT.
 * ms: for each of its answers.
 */
MUST enum err sshagent_sign(
    const char *path, const struct sshagent_ask *ask, int ms, struct buf *out);

/* ---- its answers ---- */
/* Bits, one a key of `keys`, of those in an IDENTITIES_ANSWER.  ERR_AGENT_NONE. */
MUST enum err sshagent_take_list(struct span reply, struct span keys, uint64_t *has);
/* SIGN_RESPONSE: *sig, borrowed, 1 to HANDOFF_SIG_MAX bytes; a failure: ERR_AGENT_KEY. */
MUST enum err sshagent_take_signature(struct span reply, struct span *sig);

#endif
