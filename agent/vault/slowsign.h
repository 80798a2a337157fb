/*
 * slowsign.h - signatures that take long (RSA, the larger NIST curves): made by one worker process
 * that stays until lock, so that the vault answers others meanwhile.  It is started for the first
 * one, and again when it died.  One after the other, in the order of asking; at most SLOWSIGN_MOST
 * wait.
 */
#ifndef AGENT_VAULT_SLOWSIGN_H
#define AGENT_VAULT_SLOWSIGN_H

#include "agent/vault/job.h"
#include "lib/sshkey.h"

#define SLOWSIGN_MOST 128

struct slowsign_want {
	enum sshkey_type type;
	enum sshkey_hash hash;
	struct span canonical; /* copied before anything waits */
	struct span data;
};

bool slowsign_is(enum sshkey_type type);
/* Append the signature blob.  ERR_LIMIT: too many wait.  What the worker says; ERR_HANGUP when it
 * died twice over it. */
MUST enum err slowsign(struct job *j, const struct slowsign_want *w, struct buf *sig);

#endif
