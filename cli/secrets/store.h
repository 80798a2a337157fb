/*
 * store.h - the entries of the open vault (lib/ops_entry.h) as ownkey-secrets sees them: a copy of
 * what is around the secrets, with an index of attributes, in ordinary memory that is wiped at
 * lock;
 * values are fetched one request at a time and never kept.
 *
 * While the vault is locked, or was not read yet, the copy is empty and every question about
 * entries
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
};

/* Who asks: of peer.h. */
struct peer;

enum store_change { STORE_ADDED, STORE_CHANGED, STORE_REMOVED };
struct store_hooks {
	void (*state)(void *arg, enum store_state now);
	/* After a whole reading, one call for each difference to what was known before the lock is
	 * NOT made: only what changes while it is open. */
	void (*change)(void *arg, enum store_change what, const struct entry *e);
	/* For prompts and notifications: what the agent waits for. */
	void (*event)(void *arg, const struct ops_event *ev);
};

struct store;
MUST enum err store_new(struct store **out, const struct store_hooks *hooks, void *arg);
void store_done(struct store *s);
struct async *store_async(struct store *s);
enum store_state store_state(const struct store *s);

/* ---- the copy; only while STORE_OPEN ---- */
const struct entry *store_find(const struct store *s, const uint8_t id[16]);
/* NULL when there is none; "default" always is one, even with nothing in it. */
const struct entry *store_collection(const struct store *s, struct span id);
/* fn is called for each in the order of creation, until it returns false.  collection empty = all.
 * Attributes: all of these, byte for byte; n 0 = all entries of kind item. */
typedef bool store_each_fn(void *arg, const struct entry *e);
void store_search(const struct store *s, struct span collection, const struct store_attr *attr,
    size_t n, store_each_fn *fn, void *arg);
void store_collections(const struct store *s, store_each_fn *fn, void *arg);
size_t store_count(const struct store *s);

/* ---- what takes a while ---- */
/* e borrowed as above; NULL when err.  id: of async.h, for store_cancel. */
typedef void store_done_fn(void *arg, enum err err, const char *text, const struct entry *e);
struct store_set {
	const uint8_t *id; /* NULL = a new one */
	enum ops_entry_kind kind;
	struct span collection, label, type, value;
	const struct store_attr *attr;
	size_t nattr;
	bool has_label, has_type, has_value, has_attr; /* changes: what is given */
};
MUST enum err store_put(struct store *s, const struct peer *who, const struct store_set *set,
    store_done_fn *fn, void *arg, uint64_t *id);
MUST enum err store_remove(struct store *s, const struct peer *who, const uint8_t id[16],
    store_done_fn *fn, void *arg, uint64_t *call);
/* Values, in the order of ids; called once, with all (it asks again for those too big for one
 * frame).
 * value.err says which were refused. */
typedef void store_values_fn(
    void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n);
MUST enum err store_get(struct store *s, const struct peer *who, const uint8_t (*ids)[16], size_t n,
    store_values_fn *fn, void *arg, uint64_t *call);
/* Until it is open and read: fn is called once, with ERR_OK, or when the person said no
 * (ERR_REFUSED)
 * or there is no vault; never for a time limit: a token that is absent is waited for.  Several
 * wait for the same touch.  cancel: store_unlock_cancel. */
MUST enum err store_unlock(struct store *s, store_done_fn *fn, void *arg);
void store_unlock_cancel(struct store *s, void *arg);
MUST enum err store_lock(struct store *s, store_done_fn *fn, void *arg);
/* Secret of an application for the portal, 64 bytes. */
MUST enum err store_portal(struct store *s, const struct peer *who, struct span app,
    store_values_fn *fn, void *arg, uint64_t *call);
void store_cancel(struct store *s, uint64_t call);

#endif
