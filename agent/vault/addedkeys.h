/*
 * addedkeys.h - keys that were added until lock (ssh-add): private bytes in the arena, the rest in
 * ordinary memory, found by id.  All of it goes with the process.
 *
 * A key's id is the first half of SHA-256 of its blob (public key or certificate), so that the same
 * one added again is found, and takes the place of the earlier one with what it is now added with.
 * Bounded: ADDEDKEYS_MOST keys, ADDEDKEYS_ARENA bytes of the arena, ADDEDKEYS_BYTES besides.
 */
#ifndef AGENT_VAULT_ADDEDKEYS_H
#define AGENT_VAULT_ADDEDKEYS_H

#include "lib/sec.h"
#include "lib/sshkey.h"
#include "lib/wire.h"

#define ADDEDKEYS_MOST	16384
#define ADDEDKEYS_ARENA ((size_t)1 << 20)
#define ADDEDKEYS_BYTES ((size_t)16 << 20)

/* One of them; pointers to it are good until the next change of the table. */
struct addedkey {
	uint8_t id[16];
	struct sec secret;	      /* canonical (sshkey.h); ed25519: the public key behind it */
	uint8_t *more;		      /* blob, comment, destinations, one behind the other */
	uint32_t blob, comment, dest; /* bytes of each */
	uint16_t ndest;
	uint8_t type; /* enum sshkey_type */
	bool cert;    /* the blob is a certificate */
	bool confirm;
	uint64_t expires; /* CLOCK_BOOTTIME seconds; 0 = when locked */
};

struct addedkeys;
MUST enum err addedkeys_new(struct addedkeys **out);
void addedkeys_free(struct addedkeys *a);

/* What is added: all borrowed. */
struct addedkeys_want {
	enum sshkey_type type;
	struct span canonical;
	struct span point; /* ed25519: public key, 32 bytes */
	struct span blob;
	struct span comment;
	struct wire_list dest; /* struct ssh_destination, as decoded */
	bool cert;
	bool confirm;
	uint64_t expires;
};
/* *there: in place of the same key.  ERR_LIMIT, ERR_NOMEM: nothing has changed. */
MUST enum err addedkeys_put(
    struct addedkeys *a, const struct addedkeys_want *w, uint8_t id[16], bool *there);
void addedkeys_id(struct span blob, uint8_t id[16]);
/* NULL when it is not there. */
const struct addedkey *addedkeys_find(const struct addedkeys *a, const uint8_t id[16]);
/* Wiped and gone; false when it was not there. */
bool addedkeys_drop(struct addedkeys *a, const uint8_t id[16]);
/* One that has expired at `now`, NULL when none has.  Drop it, ask again. */
const struct addedkey *addedkeys_expired(const struct addedkeys *a, uint64_t now);
/* When the next one expires; 0 = none does. */
uint64_t addedkeys_next_expiry(const struct addedkeys *a);
size_t addedkeys_count(const struct addedkeys *a);
/* In the order of adding: the first one at or behind *pos, which is moved behind it; NULL at the
 * end.  Positions are good until the next key is added. */
const struct addedkey *addedkeys_each(const struct addedkeys *a, size_t *pos);

static inline struct span
addedkey_blob(const struct addedkey *k)
{
	return SPAN(k->more, k->blob);
}
static inline struct span
addedkey_comment(const struct addedkey *k)
{
	return SPAN(k->more + k->blob, k->comment);
}
static inline struct wire_list
addedkey_dest(const struct addedkey *k)
{
	return (struct wire_list){ .n = k->ndest,
		.raw = SPAN(k->more + k->blob + k->comment, k->dest) };
}
struct span addedkey_canonical(const struct addedkey *k);

#endif
