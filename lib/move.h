/*
 * move.h - what `ownkey` and its child `ownkey-secrets --move-in` or `--move-out` say to each
 * other while secrets go from another Secret Service into the vault, or out (DESIGN 10).
 *
 * Frames (chan.h) over a socket pair, descriptor 0 of the child, each a map of these.  In: the
 * child says OWNER, then SAY, COLLECTION, ITEM, REFUSED as it finds them, then END.  Out: the
 * child says OWNER; each COLLECTION and ITEM it is sent has a TAKEN as its answer, SAYs in
 * between; END ends it.
 * Values are in wiped memory on both sides, and nowhere else.
 */
#ifndef LIB_MOVE_H
#define LIB_MOVE_H

#include "lib/ops.h"
#include "lib/ops_entry.h"

#define MOVE_FRAME_MAX (512 * 1024)
#define MOVE_VALUE     131072 /* what the vault takes as one secret */

enum move_kind {
	MOVE_OWNER, /* text: the program that answers */
	MOVE_SAY,   /* text: for the person, now */
	MOVE_COLLECTION,
	MOVE_ITEM,
	MOVE_REFUSED, /* label, collection, text: why; count: of how many */
	MOVE_TAKEN,   /* err; there: it was there already */
	MOVE_END      /* err, text */
};

struct move_msg {
	uint64_t has;
	uint64_t kind;
	struct span collection; /* id in the vault */
	struct span label, type, value;
	struct wire_list attributes; /* ops_pair, sorted by name */
	uint64_t created;
	uint64_t err;
	struct span text;
	bool there;
	uint64_t count;
};
extern const struct wire_map move_msg_map;

/* One message, marked and encoded here; ERR_HANGUP, and what wire_encode finds wrong with it. */
MUST enum err move_send(int fd, struct move_msg *m);
/* The next one; m borrows from b, which is emptied first.  timeout as in chan_recv. */
MUST enum err move_recv(int fd, int timeout_ms, struct buf *b, struct move_msg *m);

#endif
