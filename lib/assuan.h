/*
 * assuan.h - lines of the Assuan protocol, as a pinentry speaks it: no I/O here.  ownkey-prompt is
 * the client of one, pinentry-ownkey is one.
 */
#ifndef LIB_ASSUAN_H
#define LIB_ASSUAN_H

#include "lib/buf.h"
#include "lib/sec.h"

#define ASSUAN_LINE_MAX 1000 /* bytes without the line end */

enum assuan_kind { ASSUAN_OK, ASSUAN_ERR, ASSUAN_DATA, ASSUAN_STATUS, ASSUAN_COMMENT };

struct assuan_reply {
	enum assuan_kind kind;
	unsigned code;	  /* ERR: the lower 16 bits, a gpg-error code */
	struct span rest; /* DATA: still escaped; borrowed */
};

/* gpg-error codes a pinentry uses on purpose */
enum assuan_code {
	ASSUAN_TIMEOUT = 62,
	ASSUAN_CANCELED = 99,
	ASSUAN_NOT_CONFIRMED = 114,
	ASSUAN_FULLY_CANCELED = 198
};

/* One line without its LF (a CR before it is dropped).  ERR_TOOBIG, or ERR_FORMAT for a NUL and for
 * anything a pinentry has no reason to say. */
MUST enum err assuan_parse(struct span line, struct assuan_reply *r);
/* Append unescaped data.  ERR_FORMAT for a bad escape, ERR_TOOBIG. */
MUST enum err assuan_unescape(struct span data, struct sec *out);
/* Make one command line, LF included: verb as it is, value escaped and, when it is too long, cut
 * with an ellipsis between characters of valid UTF-8. */
void assuan_command(const char *verb, struct span value, struct buf *out);
/* Append the D lines that say data, escaped, none longer than ASSUAN_LINE_MAX; ASSUAN_DATA_ROOM
 * bytes always suffice.  ERR_TOOBIG. */
#define ASSUAN_DATA_ROOM(n) (3 * (n) + 3 * (3 * (n) / (ASSUAN_LINE_MAX - 4) + 1))
MUST enum err assuan_put_data(struct span data, struct sec *out);

#endif
