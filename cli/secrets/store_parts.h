/*
 * store_parts.h - what the files store*.c share.
 */
#ifndef CLI_SECRETS_STORE_PARTS_H
#define CLI_SECRETS_STORE_PARTS_H

#include "cli/secrets/index.h"
#include "cli/secrets/store.h"
#include "lib/buf.h"

/* One that waits for the vault to be open. */
struct waiter {
	struct store_then then;
	bool quiet; /* waits, and wants nobody to be asked */
	struct waiter *next;
};

/* A request that the agent has; freed when it is answered, or with the store. */
struct ask {
	struct store *s;
	struct ask *next, **at;
	uint64_t call;	/* what our caller has: the first id */
	uint64_t now;	/* the id of async.h that is out */
	uint64_t epoch; /* of the reading that a page belongs to */
	struct store_then then;
	/* a change: */
	uint8_t id[16];
	/* values: */
	struct store_values_then values;
	struct held_value *held;
	size_t n, again; /* which of them is asked for by itself */
	struct ops_who who;
	char app[OPS_ENTRY_APP + 1];
};

struct store {
	struct async *async;
	struct store_hooks hooks;
	void *arg;
	enum store_state state;
	struct index *open; /* the copy; NULL unless STORE_OPEN */
	struct entry fallback;
	struct ask *asks;

	/* reading (store_read.c) */
	struct index *next; /* what is being read */
	uint64_t epoch;	    /* of the reading; pages of others are dropped */
	uint64_t change;    /* of the vault that the copy shows */
	uint64_t reading;   /* ... that is being read */
	uint64_t heard;	    /* the newest that we were told of */
	unsigned changing;  /* requests of our own that may change it */
	bool again;	    /* it is to be read anew */
	uint64_t read_at;   /* loop_now: the next try; 0 = none */

	/* unlocking (store_unlock.c) */
	struct waiter *waiters;
	bool asking, stop; /* a request is out; it was cancelled by us */
	uint64_t unlocking;
	uint64_t unlock_at, delay; /* the next try, when somebody waits; 0 = none */
};

/* ---- store.c ---- */
struct ask *store_ask_new(struct store *s);
void store_ask_free(struct ask *k);
/* k is freed when it cannot be sent. */
MUST enum err store_ask_send(struct ask *k, enum op op, const void *req, async_reply_fn *fn);
void store_set_state(struct store *s, enum store_state now);
/* ERR_OK only while it is open. */
MUST enum err store_check_open(const struct store *s);
void store_who(const struct peer *who, struct ops_who *out);
void store_tell(struct store *s, enum store_change what, const struct entry *e);

/* ---- store_read.c ---- */
void store_read_all(struct store *s); /* from the beginning */
void store_read_stop(struct store *s);
/* The vault is at this change now, and not by us. */
void store_heard(struct store *s, uint64_t change);
/* One of our own changes was answered (0: it failed): when they are all in, what is missing is
 * read. */
void store_changed(struct store *s, uint64_t change);

/* ---- store_unlock.c ---- */
void store_unlock_turn(struct store *s); /* what is due */
void store_unlock_end(struct store *s, enum err err, const char *text);
/* 0 = never */
uint64_t store_unlock_due(const struct store *s);
void store_unlock_done(struct store *s);

/* ---- store_get.c ---- */
void store_values_free(struct ask *k);

#endif
