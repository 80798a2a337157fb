/*
 * stanza.h - the lines that age and a plugin say to each other (C2SP age-plugin.md "IPC protocol"):
 *
 *	-> command argument argument
 *	base64 of the body, lines of 64 characters, the last one shorter, maybe empty
 *
 * Pure: bytes are fed in, whole stanzas come out.  File keys and PINs pass through here, so both
 * what came and the body stand in the arena.
 */
#ifndef CLI_AGE_STANZA_H
#define CLI_AGE_STANZA_H

#include "lib/buf.h"
#include "lib/sec.h"

#define STANZA_TEXT  65536 /* of one stanza; headers of age files are no longer */
#define STANZA_ARGS  12	   /* that are kept */
#define STANZA_ARENA (3 * STANZA_TEXT)

struct stanza {
	struct span arg[STANZA_ARGS]; /* arg[0] is the command; printable ASCII */
	size_t nargs;		      /* all there are, at least 1 */
	struct span body;
};

struct stanza_in {
	struct sec text; /* what came */
	size_t taken;	 /* bytes of it that the last stanza was */
	struct sec body; /* of the last stanza */
};

/* Takes STANZA_ARENA of the arena.  ERR_NOMEM. */
MUST enum err stanza_in_init(struct stanza_in *in);
void stanza_in_done(struct stanza_in *in);
/* Where the next bytes go, and how many there is room for (never none before stanza_next said
 * ERR_TOOBIG); then how many came. */
uint8_t *stanza_in_room(struct stanza_in *in, size_t *n);
void stanza_in_add(struct stanza_in *in, size_t n);
/* The next one; it borrows from in until the next call.  ERR_TRUNCATED: not all of it is there yet;
 * ERR_AGE_PLUGIN: malformed; ERR_TOOBIG: longer than STANZA_TEXT.  Nothing comes after those. */
MUST enum err stanza_next(struct stanza_in *in, struct stanza *s);
/* Is something there that was not taken? */
bool stanza_in_waits(const struct stanza_in *in);
/* Append a stanza; line: command and arguments.  ERR_TOOBIG when it has no room. */
MUST enum err stanza_put(struct sec *out, struct span line, struct span body);

#endif
