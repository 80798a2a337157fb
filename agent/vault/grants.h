/*
 * grants.h - what was granted until lock, what is being asked, how often things were used in this
 * minute.  Inside of policy.h.
 */
#ifndef AGENT_VAULT_GRANTS_H
#define AGENT_VAULT_GRANTS_H

#include "agent/vault/policy.h"
#include "agent/vault/turn.h"

#define GRANTS 4096
#define RATES  256
#define ASKING 16
#define APPS   256

/* What people may read of who was granted something, and take back. */
struct grant_app {
	char app[OPS_ENTRY_APP + 1];  /* lib/ops_entry.h; "" = not known */
	char unit[OPS_ENTRY_APP + 1]; /* "unit:NAME" of a client of ours, else "" */
};

struct grant {
	bool used;
	uint64_t uid;
	pid_t pid; /* 0 = of a session */
	uint8_t session[32];
	uint8_t through[32]; /* zero: nobody */
	uint8_t item[16];
	uint32_t app; /* index of its grant_app; APPS = there was no room */
	pid_t shown;  /* the process whom it is for */
};

struct rate {
	uint8_t item[16];
	uint64_t minute;
	uint64_t n;
};

/* One that is open: who of the same session wants the same waits for its answer. */
struct asking {
	struct grant about;
	struct turn turn; /* of who asks it */
	unsigned jobs;	  /* that ask it or wait */
	bool answered;
	enum err answer;
	struct buf ids; /* of several items: those that it was about */
};

struct grants {
	struct grant grant[GRANTS];
	size_t next;
	size_t most; /* that were ever used */
	struct grant_app app[APPS];
	uint32_t apps;
	struct asking asking[ASKING];
	struct rate rate[RATES];
};

bool grants_has(
    const struct vault *v, const struct client *c, const struct use *u, const uint8_t item[16]);
void grants_add(
    struct vault *v, const struct client *c, const uint8_t item[16], const struct use *u);
/* The question that is open about it, or a new one; NULL: nobody can share it. */
struct asking *grants_asking(struct req *r, const struct use *u, const uint8_t item[16]);
/* One more use, of this many a minute (0 = any).  ERR_LIMIT. */
MUST enum err grants_count(struct vault *v, const uint8_t item[16], uint64_t most);

#endif
