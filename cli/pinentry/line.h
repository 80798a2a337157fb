/*
 * line.h - lines that come in on a descriptor, in the arena: a passphrase may be among them.
 */
#ifndef CLI_PINENTRY_LINE_H
#define CLI_PINENTRY_LINE_H

#include "lib/sec.h"

struct line {
	int fd; /* not owned */
	struct sec in;
	size_t at;   /* what is before is done with */
	bool passes; /* the rest of a line that was too long is passed over */
};

/* ERR_NOMEM. */
MUST enum err line_open(struct line *l, int fd);
void line_close(struct line *l);
/* The next whole line, without its LF and a CR before it; borrowed until line_fill.  ERR_BUSY:
 * there is none yet.  ERR_TOOBIG: it was too long for Assuan and is passed over. */
MUST enum err line_take(struct line *l, struct span *out);
/* Read once, which may wait.  ERR_HANGUP, ERR_IO. */
MUST enum err line_fill(struct line *l);
/* Write all of it and an LF.  ERR_HANGUP. */
MUST enum err line_write(int fd, struct span s);

#endif
