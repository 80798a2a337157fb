/*
 * jwt_rows.h - public keys of issuers as the vault tells them to front, which shows them while
 * locked: rows of struct jwt_row, encoded, one behind the other.
 */
#ifndef LIB_JWT_ROWS_H
#define LIB_JWT_ROWS_H

#include "lib/ops_jwt.h"

struct jwt_row {
	uint64_t has;
	struct span issuer;	/* 1 */
	struct ops_jwt_key key; /* 2 */
};
extern const struct wire_map jwt_row_map;

/* The keys of this issuer that are to be shown at `now` (unix seconds), as a list of struct
 * ops_jwt_key: append it to out, *n how many.  Current ones first, then next, then old.
 * ERR_NOTFOUND: there is none. */
MUST enum err jwt_rows_of(
    struct span rows, struct span issuer, uint64_t now, struct buf *out, size_t *n);

#endif
