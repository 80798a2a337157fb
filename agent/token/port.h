/*
 * port.h - 64-byte CTAPHID reports in and out of one device: a hidraw node (the write has the
 * report number 0 in front) or a Unix stream socket that carries bare reports.
 *
 * While it waits it also watches the vault's end: closed means "cancel".
 */
#ifndef AGENT_TOKEN_PORT_H
#define AGENT_TOKEN_PORT_H

#include "lib/err.h"
#include "lib/span.h"

#define REPORT_LEN 64

struct port {
	int fd;	 /* device, owned; -1 when closed */
	int ctl; /* vault's end, borrowed; -1 = cannot be cancelled */
	bool hidraw;
	uint8_t part[REPORT_LEN]; /* a stream may split a report */
	size_t npart;
	int64_t part_since; /* when its first byte came */
	/* One report, not later than `until` (port_clock).  ERR_TIMEOUT, ERR_CANCELLED,
	 * ERR_TOKEN_GONE, ERR_TOKEN_IO.  Replaced by tests and fuzzing. */
	enum err (*recv)(struct port *p, uint8_t r[REPORT_LEN], int64_t until);
	enum err (*send)(struct port *p, const uint8_t r[REPORT_LEN], int64_t until);
	/* Sleep, watching the vault's end: ERR_OK or ERR_CANCELLED. */
	enum err (*pause)(struct port *p, int ms);
	void *arg; /* for those */
};

/* Milliseconds, CLOCK_MONOTONIC. */
int64_t port_clock(void);
/* Open "unix:/path" or the path of a hidraw node; nothing of the device is read.  ERR_TOKEN_ABSENT,
 * ERR_TOKEN_ACCESS, ERR_BUSY, ERR_TOKEN_IO. */
MUST enum err port_open(struct port *p, const char *path, int ctl);
/* Then, without root: is it a token?  Waits until `until` for others to let go of it.
 * ERR_TOKEN_ABSENT, ERR_TOKEN_GONE, ERR_BUSY, ERR_CANCELLED, ERR_TOKEN_IO. */
MUST enum err port_ready(struct port *p, int64_t until);
void port_close(struct port *p);
#endif
