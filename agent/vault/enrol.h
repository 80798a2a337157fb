/*
 * enrol.h - a token, a passphrase or the phrase becomes a new way in (DESIGN 7): the factor is
 * derived twice before a slot is written with it.
 */
#ifndef AGENT_VAULT_ENROL_H
#define AGENT_VAULT_ENROL_H

#include "agent/vault/token.h"
#include "agent/vault/way.h"

struct enrol_want {
	const struct outer *outer; /* rp_id, salt; slots whose credentials are excluded */
	int replaces;		   /* slot that is renewed: its credential is not excluded; -1 */
	struct span path;	   /* this token; empty = the only one, else the one touched */
	bool no_pin;
	bool force;
	uint32_t argon_m, argon_t; /* 0 = default */
};

struct enrol_report {
	uint8_t aaguid[16];
	bool software;
	char note[512]; /* for people, "" = nothing to say */
};

/* Fill the token part of s (credential, key, uv as observed) and f1. */
MUST enum err enrol_token(struct job *j, const struct enrol_want *w, struct slot *s, struct sec *f1,
    struct enrol_report *rep);
/* Ask for a new passphrase; fill the Argon2 part of s and f2. */
MUST enum err enrol_passphrase(
    struct job *j, const struct enrol_want *w, struct slot *s, struct sec *f2);

#endif
