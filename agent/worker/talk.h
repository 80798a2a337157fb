/*
 * talk.h - the worker's conversation with the person, on their connection to secret.sock.
 *
 * Frames of struct secret_msg, read and written in the arena.  Every wait watches the vault
 * (ERR_CANCELLED) and one deadline for the whole conversation (ERR_TIMEOUT); the person closing the
 * connection is ERR_CANCELLED too.
 */
#ifndef WORKER_TALK_H
#define WORKER_TALK_H

#include "lib/job.h"
#include "lib/sec.h"

#define TALK_FRAME_MAX (4096 + 32)
#define TALK_FILE_MAX  (SECRET_DATA_MAX + 32) /* of a file */

struct talk {
	int vault;
	int fd;		   /* owned; -1 before talk_open */
	size_t in_max;	   /* of a message that is received; 0 = TALK_FRAME_MAX */
	uint64_t deadline; /* as loop_now */
	struct sec in;
	struct sec out;
	bool ended; /* OK or a last ERROR was sent */
	/* shares of a phrase: told with every ERROR; need is 0 when there is nothing to tell */
	uint64_t have, need;
};

#define TALK_INIT ((struct talk){ .vault = -1, .fd = -1 })

/* Receive the person's connection on door, within wait_ms. */
MUST enum err talk_open(struct talk *t, int vault, int door, uint64_t wait_ms);
/* Say goodbye with e if the person has not been told an end yet, close, wipe. */
void talk_close(struct talk *t, enum err e);
/* The next SECRET_TEXT; borrowed until the next call.  ERR_FORMAT for anything else. */
MUST enum err talk_text(struct talk *t, struct span *typed);
/* more: a card follows. */
MUST enum err talk_show(struct talk *t, struct span text, bool more);
/* The next SECRET_DATA; borrowed until the next call.  *last: the file ends behind it. */
MUST enum err talk_data(struct talk *t, struct span *data, bool *last);
/* Somebody has to type a key for the file. */
MUST enum err talk_want(struct talk *t, uint64_t kinds, uint64_t log_n);
/* The key fits; the rest of the file, please. */
MUST enum err talk_go_on(struct talk *t);
/* have and need, and that what was typed is accepted. */
MUST enum err talk_more(struct talk *t);
/* Returns when the person has it: ERR_FORMAT for any other answer than OK. */
MUST enum err talk_card(struct talk *t, struct span text);
MUST enum err talk_ok(struct talk *t);
/* index: number of the wrong word from 1, 0 when there is none to name. */
MUST enum err talk_error(struct talk *t, enum err e, size_t index, bool more);

#endif
