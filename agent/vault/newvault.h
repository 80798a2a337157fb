/*
 * newvault.h - a vault that is being made: nothing of it is on the disk before everything is known.
 *
 *	newvault_begin -> ways in, records into body (sealed under vrk) -> newvault_write
 *
 * `init` makes an empty one, `restore` one with what was brought back.
 */
#ifndef AGENT_VAULT_NEWVAULT_H
#define AGENT_VAULT_NEWVAULT_H

#include "agent/vault/enrol.h"
#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/job.h"

struct newvault {
	struct outer outer; /* fresh id and salts */
	struct body body;
	struct sec vrk;	       /* fresh: seal secrets of items and seeds under it */
	uint8_t phrase_id[16]; /* slot of the phrase: what its factor is derived for */
	uint64_t now;
	int next;	/* place of the next slot */
	char note[512]; /* for people, about the token */
};

/* What the person wants to open it with, besides the phrase. */
struct newvault_ways {
	uint64_t ways;	   /* enum ops_way bits TOKEN, PASS */
	struct span token; /* device path; empty = the one that is there or touched */
	struct span token_label;
	bool no_pin;
	bool and_pass; /* token AND passphrase in one slot */
	bool force;
	uint64_t argon_m, argon_t; /* 0 = default */
	bool phrase;		   /* there will be a way in by the phrase */
	bool one_way_in;	   /* a single way in is accepted */
};

MUST enum err newvault_begin(struct newvault *n);
void newvault_done(struct newvault *n); /* wipes */
/* Before anything is asked: ERR_TEXT (label), ERR_USAGE, ERR_ONEWAY. */
MUST enum err newvault_check(const struct newvault_ways *w);
/* ERR_OK when there is no vault yet, ERR_VAULT_EXISTS, errors of reading. */
MUST enum err newvault_none_yet(struct job *j);
/* Token and passphrase, as they are asked for; in a job, asks the person. */
MUST enum err newvault_enrol(struct newvault *n, struct job *j, const struct newvault_ways *w);
/* The way in of the phrase; rec: what the worker derived for phrase_id (32). */
MUST enum err newvault_phrase(struct newvault *n, struct span rec);
/* Audit key and defaults, unless they are there already. */
MUST enum err newvault_defaults(struct newvault *n, const struct defaults *def);
/* Write it and open it: body, outer and vrk are moved away.  ERR_VAULT_UNSURE: it is open, too. */
MUST enum err newvault_write(struct newvault *n, struct job *j);

#endif
