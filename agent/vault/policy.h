/*
 * policy.h - may this client do this with this item now? (DESIGN 9)
 *
 * use 0: free while unlocked.  use 1: the person is asked once per client (the process at the other
 * end) and item until lock.  use 2: a touch for every use, over a challenge bound to the request.
 * An approval is an answer of the prompt program or a touch, never a message of the client.
 * Where programs start a process for each file (decrypt), the grant belongs to program, unit and
 * session (setsid(2)) together: what the kernel says of the other end, not what the client says.
 * Grants live in memory and die with the process at lock.
 */
#ifndef AGENT_VAULT_POLICY_H
#define AGENT_VAULT_POLICY_H

#include "agent/vault/vault.h"

struct item;

/* What is about to happen, for the prompt and for the challenge. */
struct use {
	const struct item *item;
	const char *verb;    /* "sign", "hand out", "export" */
	const char *detail;  /* "ssh signature for namespace git", "" = none */
	struct span request; /* bytes that are bound into the touch */
	/* Programs that start a process for each file: who was granted it is not the process, but
	 * its session (setsid(2), which only children can be in), unit and program, together. */
	bool by_session;
	/* 32 bytes that name who asks by way of that process (hosts that an ssh agent is forwarded
	 * to): what was granted is granted to them, and nothing else is.  NULL: it asks itself. */
	const uint8_t *through;
	/* An adapter asks for this application (lib/ops_entry.h): it is in the prompt, and what was
	 * granted is granted to both together.  policy_use_all alone. */
	const struct ops_who *who;
	/* Each time: a yes to what is shown, and nothing is remembered.  With use 2, or where
	 * nothing can be shown, a touch, too.  touch: what it is for, NULL = "to approve". */
	bool each;
	const char *touch;
};

/* ERR_OK: go on.  VAULT_WAIT in dispatch when the person must be asked.  ERR_REFUSED, ERR_DENIED
 * (its owner denied it to this program: nobody is asked), ERR_LIMIT (rate), token errors. */
MUST enum err policy_use(struct req *r, const struct use *u);
/* The same without an item, for what is not in the vault's body: a yes to this text, or a touch. */
MUST enum err policy_each(struct req *r, const struct use *u, const char *text);
/*
 * Several items of the body at once, one question for all that need one (use.item is not looked
 * at).  ERR_OK: each has its own answer in err.  VAULT_WAIT, ERR_CANCELLED, ERR_AUDIT_WRITE: none.
 */
struct use_item {
	uint8_t id[16];
	enum err err; /* in: not ERR_OK = leave it alone */
	bool asked;   /* the person said yes to it, now */
	/* inside */
	uint64_t had;
	unsigned need;
};
MUST enum err policy_use_all(struct req *r, const struct use *u, struct use_item *v, size_t n);
/* 32 bytes that name an application; one that is not known is its process. */
void policy_who(const struct ops_who *who, uint8_t out[32]);
/* Is it the program that says what the kernel told it of applications (by its label, which is no
 * boundary; in a sandbox nothing is it)? */
bool policy_is_adapter(const struct client *c);
/* As an item's policy lists it; borrows.  False: it is not known well enough to be listed. */
#define POLICY_CLIENT 255
struct item_client;
bool policy_client(const struct ops_who *who, struct item_client *ic);
/* It made the item: it need not be asked until lock.  who NULL: the client itself. */
void policy_grant(struct req *r, const struct ops_who *who, const uint8_t id[16]);
/*
 * A fresh factor of an existing way in: its wrap is opened again and VRK compared (widening
 * operations).  ways: enum ops_way bits the person has at hand, 0 = any; label may be empty.
 * *slot gets the index of the slot that was proven (may be NULL).
 */
struct proof {
	uint64_t ways;
	struct span label;
	bool force;
	struct span request; /* bound into the challenge */
};
MUST enum err policy_prove(struct req *r, const struct proof *p, int *slot);
/* Is going from a to b weaker? */
struct item_policy;
bool policy_is_weaker(const struct item_policy *from, const struct item_policy *to);

MUST enum err grants_new(struct grants **out);
void grants_forget_client(struct vault *v, const struct client *c);
/* Those that live, one after the other: *pos from 0.  False at the end. */
struct grant_row {
	const uint8_t *item;
	struct span app; /* "" = not known */
	pid_t pid;	 /* 0 = of a session, or not known */
};
bool grants_next(const struct vault *v, size_t *pos, struct grant_row *row);
/* What this application was granted of the item until lock is not granted any more; was there
 * anything? */
bool grants_take(struct vault *v, const uint8_t item[16], struct span app);

#endif
