/*
 * remote.h - CTAPHID as a token speaks it (CTAP 2.1, 11.2), to whoever has our token forwarded.
 *
 * Reports in, messages out, and back; no descriptors.  The other side is believed nothing: lengths,
 * sequence and channels are checked, one message is in the making at a time, all is bounded.
 */
#ifndef AGENT_TOKEN_REMOTE_H
#define AGENT_TOKEN_REMOTE_H

#include "agent/token/port.h"
#include "lib/buf.h"

#define REMOTE_MSG_MAX	7609 /* what 1 + 128 reports hold */
#define REMOTE_CHANNELS 64
#define REMOTE_PART_MS	2000 /* between two reports of one message */

enum remote_event {
	REMOTE_NONE,
	REMOTE_REQUEST, /* a CBOR message is whole: remote_request */
	REMOTE_CANCEL	/* nobody waits for the answer to it any more */
};

struct remote {
	uint32_t channels; /* numbers 1 ... are given away */
	uint32_t cid;	   /* whose message is coming or is answered; 0 = none */
	bool busy;	   /* it is whole, and not answered yet */
	bool aborted;	   /* nobody wants the answer, but the token works on it still */
	uint8_t cmd, seq;
	size_t want;
	struct buf in;
	int64_t until; /* when its next report is due */
	void (*send)(void *arg, const uint8_t r[REPORT_LEN]);
	void *arg;
};

void remote_init(struct remote *r, void (*send)(void *arg, const uint8_t r[REPORT_LEN]), void *arg);
void remote_done(struct remote *r);
/* One report; what needs no token is answered at once.  now: port_clock. */
enum remote_event remote_take(struct remote *r, const uint8_t report[REPORT_LEN], int64_t now);
/* Half a message whose rest does not come is given up. */
void remote_tick(struct remote *r, int64_t now);
/* The whole message; valid until it is answered. */
struct span remote_request(const struct remote *r);
/* Status and CBOR.  Nothing happens when nobody waits for it. */
void remote_answer(struct remote *r, struct span msg);
/* All that there was to do for a request is done: the next one may come. */
void remote_idle(struct remote *r);
/* 1 processing, 2 a touch is needed. */
void remote_keepalive(struct remote *r, uint8_t status);

#endif
