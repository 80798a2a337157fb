/*
 * store.h - the entries of the open vault (lib/ops_entry.h) as ownkey-secrets sees them: a copy of
 * what is around the secrets, with an index of attributes, in ordinary memory that is wiped at
 * lock;
 * values are fetched one request at a time and never kept.
 *
 * While the vault is locked, or was not read yet, the copy is empty, and questions about entries
 * must be answered with placeholder.h: nothing here may be taken for "no such item".
 *
 * Changes that go through store_* are in the copy before their function is called; changes of
 * others (ownkey secret, another adapter) come with the agent's event, and are read anew.
 */
#ifndef CLI_SECRETS_STORE_H
#define CLI_SECRETS_STORE_H

#include "lib/async.h"
#include "lib/ops_entry.h"

enum store_state {
	STORE_NO_AGENT,
	STORE_NO_VAULT, /* `ownkey init` first */
	STORE_LOCKED,
	STORE_READING, /* open; the copy is not whole: as locked, but nobody need touch anything */
	STORE_OPEN
};

struct store_attr {
	struct span name, value;
};

/* Owned by the store; good until the next call that may change it, or the next turn of the loop. */
struct entry {
	uint8_t id[16];
	enum ops_entry_kind kind;
	struct span collection, label, type, name;
	struct store_attr *attr; /* sorted by name */
	size_t nattr;
	uint64_t created, modified;
	uint64_t use;	     /* of its policy: 0 free, 1 asked about once, 2 touch each time */
	struct span *client; /* apps that are not asked about */
	size_t nclient;
};

/* Who asks: of peer.h. */
struct peer;

enum store_change { STORE_ADDED, STORE_CHANGED, STORE_REMOVED };
struct store_hooks {
	void (*state)(void *arg, enum store_state now);
	/* What changes while it is open, by whomever, once it is in the copy (where something that
	 * is removed may still be found until this returns); not what a first reading finds.
	 * Before the function of the store_* that did it. */
	void (*change)(void *arg, enum store_change what, const struct entry *e);
	/* For prompts and notifications: what the agent waits for.  request: the `call` that it is
	 * for, 0 when it is the unlocking. */
	void (*event)(void *arg, const struct ops_event *ev);
};

struct store;
MUST enum err store_new(struct store **out, const struct store_hooks *hooks, void *arg);
void store_done(struct store *s);
struct async *store_async(struct store *s);
/* For poll, as in async.h, with what the store itself has to do; instead of async_*. */
int store_fd(const struct store *s);
short store_events(const struct store *s);
int store_timeout(const struct store *s);
void store_run(struct store *s);
enum store_state store_state(const struct store *s);

/* ---- the copy; only while STORE_OPEN ---- */
const struct entry *store_find(const struct store *s, const uint8_t id[16]);
/* NULL when there is none; "default" always is one, even with nothing in it. */
const struct entry *store_collection(const struct store *s, struct span id);
/* What is looked for: entries of kind item with all of these attributes, byte for byte. */
struct store_query {
	struct span collection; /* empty = all */
	const struct store_attr *attr;
	size_t nattr; /* 0 = all */
};
/* fn is called for each in the order of creation, until it returns false. */
typedef bool store_each_fn(void *arg, const struct entry *e);
void store_search(const struct store *s, const struct store_query *q, store_each_fn *fn, void *arg);
void store_collections(const struct store *s, store_each_fn *fn, void *arg);
size_t store_count(const struct store *s);

/* ---- what takes a while ---- */
/* Functions are called once, never from within the call that gave them; `call` (may be NULL) is for
 * store_cancel.  All of them: ERR_LOCKED unless it is open, ERR_NOAGENT, ERR_LIMIT, ERR_NOMEM. */
/* e borrowed as above; NULL when err, and where there is none. */
typedef void store_done_fn(void *arg, enum err err, const char *text, const struct entry *e);
struct store_then {
	store_done_fn *fn;
	void *arg;
};
struct store_set {
	const uint8_t *id; /* NULL = a new one */
	enum ops_entry_kind kind;
	struct span collection, label, type, value;
	const struct store_attr *attr;
	size_t nattr;
	bool has_label, has_type, has_value, has_attr; /* changes: what is given */
};
MUST enum err store_put(struct store *s, const struct peer *who, const struct store_set *set,
    struct store_then then, uint64_t *call);
MUST enum err store_remove(struct store *s, const struct peer *who, const uint8_t id[16],
    struct store_then then, uint64_t *call);
/* Values, in the order of ids, all at once (those too big for one frame are asked for again);
 * v[i].err says which were refused; values are wiped when fn returns.  At most OPS_ENTRY_IDS ids
 * (ERR_LIMIT), which are copied. */
typedef void store_values_fn(
    void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n);
struct store_values_then {
	store_values_fn *fn;
	void *arg;
};
struct store_ids {
	const uint8_t (*id)[16];
	size_t n;
};
MUST enum err store_get(struct store *s, const struct peer *who, struct store_ids ids,
    struct store_values_then then, uint64_t *call);
/* Until it is open and read: ERR_OK, or when the person said no (ERR_REFUSED) or there is no vault
 * (ERR_NOVAULT); never for a time limit: a token that is absent is waited for, and so is an agent
 * (who wants one started does that).  Several wait for the same touch; when the last of them is
 * cancelled (which calls fn no more) the person is not asked any longer. */
MUST enum err store_unlock(struct store *s, struct store_then then);
/* As store_unlock, but nobody is asked for this one, and it hears of no "no": it waits until the
 * vault is opened for another. */
MUST enum err store_await(struct store *s, struct store_then then);
void store_unlock_cancel(struct store *s, void *arg);
MUST enum err store_lock(struct store *s, struct store_then then);
/* Secret of an application for the portal: one value (64 bytes unless it was imported). */
MUST enum err store_portal(struct store *s, const struct peer *who, struct span app,
    struct store_values_then then, uint64_t *call);
void store_cancel(struct store *s, uint64_t call);

#endif
