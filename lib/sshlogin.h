/*
 * sshlogin.h - what an ssh agent signs for a login: option from-agent of pam_ownkey(8), where the
 * same stands.  This is the only place that says so.
 *
 * message   string "ownkey login 1", string nonce (32 bytes), string host, string service,
 *           string user; each as RFC 4251 5 has it: u32be length, bytes
 * signed    "SSHSIG", string "ownkey-pam", string "", string "sha512", string SHA-512(message)
 *           (PROTOCOL.sshsig of OpenSSH, 3), as `ssh-keygen -Y sign -n ownkey-pam` does it
 *
 * The nonce is drawn by ownkey-verify for this login.  An agent sees only the hash, so the message
 * is told to it first: SSH_AGENTC_EXTENSION "login@ownkey", string message.  Agents that do not
 * know it answer with a failure, and sign all the same; ours signs in that namespace what it was
 * told on that connection, and can show, and nothing else.
 */
#ifndef LIB_SSHLOGIN_H
#define LIB_SSHLOGIN_H

#include "lib/buf.h"

#define SSHLOGIN_DOMAIN	   "ownkey login 1"
#define SSHLOGIN_NAMESPACE "ownkey-pam"
#define SSHLOGIN_EXTENSION "login@ownkey"
#define SSHLOGIN_NONCE	   32
#define SSHLOGIN_TEXT_MAX  256	/* host, service, user */
#define SSHLOGIN_MAX	   1024 /* of a message */
#define SSHLOGIN_TBS_MAX   128

struct sshlogin {
	struct span nonce;
	struct span host; /* may be empty: not known */
	struct span service, user;
};

/* Append the message.  ERR_RANGE: a field is too long, or one is missing. */
MUST enum err sshlogin_put(const struct sshlogin *l, struct buf *message);
/* The opposite, strict; borrows.  ERR_FORMAT. */
MUST enum err sshlogin_parse(struct span message, struct sshlogin *out);
/* Append what is signed for a message. */
MUST enum err sshlogin_tbs(struct span message, struct buf *tbs);
/* Are these bytes, or the beginning of these, what is signed in our namespace? */
bool sshlogin_is_tbs(struct span data);

#endif
