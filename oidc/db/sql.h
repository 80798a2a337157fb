/*
 * sql.h - statements of the store, within this room.  SQL stands where it is used; a statement is
 * prepared at its first use and kept, found by the address of its text.
 *
 * A query is begun, gets its values in order, and is run or read row by row.  The first error
 * sticks: q_run and q_end tell.
 */
#ifndef OIDC_DB_SQL_H
#define OIDC_DB_SQL_H

#include <sqlite3.h>

#include "oidc/db/db.h"

#define SQL_KEPT 128

/* recent.h */
struct recent {
	struct recent_place *places; /* made when the first row comes */
	uint64_t version;	     /* of the file when they were read */
	uint64_t hits;
	unsigned turn; /* whose place is taken next */
	bool touched;  /* this transaction has written what may be here */
};

struct db {
	sqlite3 *db;
	bool writing;
	bool steady;	   /* reads between two db_rest are of one moment */
	bool reading;	   /* a transaction of nothing but reads is open */
	bool lost;	   /* the transaction was rolled back under us */
	enum db_last last; /* of what the transaction has so far */
	enum err unsure;   /* kept, and perhaps not on the disk yet */
	enum db_last sync; /* as the database is set, which cannot change within one */
	uint64_t swept;	   /* tokens: the purge has come so far */
	int64_t version;   /* data_version as it was asked last */
	struct recent recent;
	struct {
		const char *text;
		sqlite3_stmt *st;
	} kept[SQL_KEPT]; /* open addressing */
	unsigned nkept;
};

struct q {
	struct db *s;
	sqlite3_stmt *st; /* NULL after an error */
	int in, out;	  /* next value, next column */
	enum err e;
};

void q_begin(struct q *q, struct db *s, const char *text);
/* The same, within the transaction of this wake-up. */
void q_begin_write(struct q *q, struct db *s, const char *text, enum db_last last);
void q_int(struct q *q, uint64_t v);
void q_bytes(struct q *q, struct span v);
void q_text(struct q *q, struct span v);
void q_text_or_null(struct q *q, struct span v); /* empty: NULL, which a unique column has often */
/* A write: to its end.  ERR_EXISTS: a row with that key is there. */
MUST enum err q_run(struct q *q);
/* The same, and it must have changed a row: else ERR_NOTFOUND. */
MUST enum err q_run_one(struct q *q);
/* The next row; false at the end and after an error. */
bool q_row(struct q *q);
uint64_t q_get_int(struct q *q);
/* A column of exactly n bytes; DB_DAMAGED when it is not. */
void q_get_fixed(struct q *q, uint8_t *out, size_t n);
/* The texts and bytes of this row stay in *keep, which q_keep makes room for. */
void q_keep(struct q *q, struct buf *keep);
struct span q_get(struct q *q, struct buf *keep);
MUST enum err q_end(struct q *q);
/* End with what fn said. */
MUST enum err q_end_with(struct q *q, enum err e);
/* One row is wanted: ERR_NOTFOUND when there was none; on an error keep is emptied. */
MUST enum err q_end_one(struct q *q, bool found, struct buf *keep);
uint64_t q_changes(const struct db *s);
enum err sql_err(struct db *s, int rc);
/* Reads from now on are of one moment, if the store is steady and nothing has begun one. */
MUST enum err sql_moment(struct db *s);
/* A statement without values or rows. */
enum err sql_word(struct db *s, const char *text);
/* End the transaction of reads, if there is one. */
void sql_rest(struct db *s);
/* Several writes, all or none. */
MUST enum err sql_mark(struct db *s, enum db_last last);
MUST enum err sql_unmark(struct db *s, enum err e);

/* schema.c: make the tables, or bring them up to date.  ERR_VERSION. */
MUST enum err schema_apply(struct db *s);

#endif
