/*
 * recent.h - rows that every login reads again (account, client, session, consent), within this
 * room.  A fixed number of places; its key says which few a row may have, and a later one takes
 * one of those.
 *
 * A row from here is never older than one that would be read instead:
 *   - a transaction, of reads or of writes, asks as it begins whether another process has changed
 *     the file since; then all rows are dropped (recent_look);
 *   - a write of ours that is not of tokens alone drops all, and until its transaction has ended
 *     nothing is taken from here or kept (recent_touch, recent_settle).
 * Only for a store whose reads are in transactions (db_steady).
 */
#ifndef OIDC_DB_RECENT_H
#define OIDC_DB_RECENT_H

#include "oidc/db/sql.h"

#define RECENT_PLACES 256
#define RECENT_WAYS   4	   /* that one key may have */
#define RECENT_BYTES  2048 /* texts of a row, or its key; larger ones are not kept */

enum recent_kind { RECENT_ACCOUNT, RECENT_CLIENT, RECENT_SESSION, RECENT_CONSENT, RECENT_STANDS };

/* What a row is found by.  What stands before the last part has a fixed size. */
struct recent_key {
	enum recent_kind kind;
	struct span part[3];
};

/* Into out, a row of that kind with bytes of its own (none for RECENT_STANDS, whose out is NULL);
 * false: it must be read.  Like any read it may begin a transaction. */
bool recent_get(struct db *s, const struct recent_key *k, void *out);
/* Keep a copy of a row that was read just now, if that may be. */
void recent_put(struct db *s, const struct recent_key *k, const void *row);
void recent_look(struct db *s);
void recent_touch(struct db *s, const char *statement);
void recent_settle(struct db *s);
void recent_done(struct db *s);

#endif
