/*
 * chat.h - the conversation with age over two pipes: commands one way, answers the other.
 */
#ifndef CLI_AGE_CHAT_H
#define CLI_AGE_CHAT_H

#include "cli/age/stanza.h"

#define CHAT_TEXT 1024 /* of a message, bytes */

struct chat {
	int in, out;
	struct stanza_in rd;
	struct sec wr;	/* what is being said */
	bool was_quiet; /* age shows no messages: it is not told more */
};

MUST enum err chat_init(struct chat *t, int in, int out);
void chat_done(struct chat *t);
/* Next command of age; waits.  ERR_HANGUP: age has gone; ERR_AGE_PLUGIN, ERR_TOOBIG, ERR_IO. */
MUST enum err chat_next(struct chat *t, struct stanza *s);
/*
 * Say a command and wait for the answer; *reply (may be NULL) borrows until the next call.
 * ERR_REFUSED: "fail" or "unsupported" was the answer, which ends nothing.  Others as chat_next.
 */
MUST enum err chat_ask(struct chat *t, const char *line, struct span body, struct stanza *reply);
/* "done": there is no answer. */
MUST enum err chat_end(struct chat *t);
/* A message for the person.  Nobody to show it to is no error. */
MUST enum err chat_msg(struct chat *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An error: which = "internal", "identity 0", "stanza 0 1", ...  The text says what to do, too. */
MUST enum err chat_error(struct chat *t, const char *which, enum err e, const char *detail);

#endif
