/*
 * channel.h - what stands between libfido2 and the reports.
 *
 * The library swallows keepalives and other people's frames; here they are seen first: "touch me"
 * becomes an event, frames of other channels and answers to other people's INIT are dropped (every
 * opener of a hidraw node gets everything), and the deadline and the vault's cancel take effect.
 */
#ifndef AGENT_TOKEN_CHANNEL_H
#define AGENT_TOKEN_CHANNEL_H

#include <fido.h>

#include "agent/token/port.h"

struct channel {
	struct port *port;   /* borrowed */
	int64_t until;	     /* end of the whole operation (port_clock) */
	int64_t quiet_until; /* an answer must be there by then; 0 = no such limit */
	enum err err;	     /* why the last read or write failed; the library cannot say */
	bool busy;	     /* the token said: another channel is being served */
	bool opening;	     /* INIT is sent, its answer not seen */
	uint8_t nonce[8];
	uint8_t cid[4];
	bool has_cid;
	bool working, touch; /* said so during the running command */
	bool awaiting;	     /* the last thing it said is "touch me" */
	unsigned events;     /* bounded: a token may blink as often as it likes */
	void (*event)(void *arg, bool touch);
	void *arg;
};

/* The device from now on: one per process, because open() of the library takes only a path. */
void channel_use(struct channel *c);
/* Read and write through that device. */
extern const fido_dev_io_t channel_io;

#endif
