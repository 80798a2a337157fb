/*
 * request.h - one command line of gpg-agent's, read: no I/O here.
 */
#ifndef CLI_PINENTRY_REQUEST_H
#define CLI_PINENTRY_REQUEST_H

#include "lib/err.h"
#include "lib/span.h"

enum request_kind {
	REQUEST_NOTHING, /* a comment */
	REQUEST_OPTION,
	REQUEST_SET, /* SETDESC and the like, kept for the real pinentry */
	REQUEST_KEYINFO,
	REQUEST_ERROR,	/* what was given last was wrong */
	REQUEST_REPEAT, /* and others that belong to a new passphrase */
	REQUEST_GETPIN,
	REQUEST_CLEAR, /* what was given from a cache was wrong */
	REQUEST_GETINFO,
	REQUEST_RESET,
	REQUEST_BYE,
	REQUEST_NOP,
	REQUEST_STRAY, /* D, END, CAN: nothing was inquired */
	REQUEST_OTHER
};

struct request {
	enum request_kind kind;
	struct span line; /* all of it; both are borrowed */
	struct span rest; /* behind the command */
};

#define REQUEST_KEYGRIP 40

/* line: without its LF.  ERR_FORMAT: it is empty, or has a NUL. */
MUST enum err request_parse(struct span line, struct request *r);
/* The keygrip of "n/KEYGRIP" (n, s or u) in upper case; "": it names none. */
void request_keygrip(struct span keyinfo, char out[REQUEST_KEYGRIP + 1]);
/* The value of "name=value" or "name value"; false: it is another option. */
bool request_option(struct span rest, const char *name, struct span *value);

#endif
