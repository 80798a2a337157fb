/*
 * chan.h - frames over a stream socket: u32be length, then that many bytes.  Used between client
 * and front, front and vault, vault and helpers.  Non-blocking; reads drain, writes are collected
 * and sent once per wake-up.
 */
#ifndef LIB_CHAN_H
#define LIB_CHAN_H

#include "lib/buf.h"
#include "lib/sec.h"

#define CHAN_FILL_MOST (1024 * 1024)
#define CHAN_SEC_MAX   (64 * 1024)

struct chan {
	int fd;	    /* owned; -1 when closed */
	size_t max; /* largest frame accepted */
	struct buf in;
	struct buf out;
	size_t in_at;	 /* start of the first unread frame in `in` */
	size_t in_wiped; /* what is before it in `in` has been wiped */
	size_t out_at;	 /* what is before it in `out` has been sent */
};

/* Takes the descriptor, makes it non-blocking. */
void chan_init(struct chan *c, int fd, size_t max);
void chan_done(struct chan *c); /* closes, wipes */
/* Read what is there, at most CHAN_FILL_MOST bytes a call, and nothing while that much is unread.
 * ERR_HANGUP at end of file or reset (what came before has been returned by then), ERR_TOOBIG on a
 * length beyond max. */
MUST enum err chan_fill(struct chan *c);
/* Next complete frame without its length; ERR_TRUNCATED when there is none yet (not a failure).
 * In place: valid until the next chan_fill. */
MUST enum err chan_next(struct chan *c, struct span *frame);
/* The frame that was taken last comes again at the next chan_next. */
void chan_again(struct chan *c, struct span frame);
/* Wipe the frames that were taken: a secret stays no longer than it is needed. */
void chan_forget(struct chan *c);
/* Queue a frame / write what is queued; chan_flush leaves the rest when the socket is full. */
MUST enum err chan_put(struct chan *c, struct span frame);
MUST enum err chan_flush(struct chan *c);
static inline bool
chan_wants_write(const struct chan *c)
{
	return c->out.len > 0;
}
/* A partial frame is waiting to be completed? */
bool chan_is_partial(const struct chan *c);
/* Blocking pair for helpers and clients: one whole frame out / in (into b, wiped on free).
 * timeout_ms -1 = for ever.  ERR_TIMEOUT, ERR_HANGUP. */
MUST enum err chan_send(int fd, struct span frame);
MUST enum err chan_recv(int fd, size_t max, int timeout_ms, struct buf *b);
/* The same for secrets: the payload, at most CHAN_SEC_MAX, goes straight into the arena; s must be
 * empty. */
MUST enum err chan_recv_sec(int fd, int timeout_ms, struct sec *s);

#endif
