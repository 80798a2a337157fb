/*
 * serve_parts.h - what the files of TOKEN_SERVE share.
 */
#ifndef AGENT_TOKEN_SERVE_PARTS_H
#define AGENT_TOKEN_SERVE_PARTS_H

#include "agent/token/forward.h"
#include "agent/token/port.h"
#include "agent/token/remote.h"
#include "lib/job.h"
#include "lib/sec.h"

#define SERVE_IDLE_MS  15000  /* between two requests */
#define SERVE_TOTAL_MS 600000 /* one connection */
#define SERVE_CALL_MS  120000 /* one request to the token */
#define SERVE_OPEN_MS  5000
#define SERVE_REQUESTS 256
#define SERVE_TOUCHES  8
#define SERVE_SILENT   64
#define SERVE_NOTES    16

struct serve {
	const struct token_job *job; /* borrowed */
	int vault;
	int remote_fd;
	struct port port;
	uint8_t cid[4];
	bool has_cid;
	struct remote remote;
	uint8_t part[REPORT_LEN];
	size_t npart;
	bool gone;	/* the other side hung up, or does not read */
	bool cancelled; /* it does not want the answer any more */
	bool pending;	/* the token works on a request */
	bool told;	/* the touch was announced */
	bool fresh;	/* a credential that this machine was never asked for */
	int64_t until;
	unsigned requests, touches, silent, notes, released;
	uint64_t next; /* statements that getNextAssertion may fetch */
	struct forward_info info;
	struct sec pin; /* was right */
	bool stale;	/* a wrong PIN made the token change its key agreement key */
};

/* ---- serve_call.c ---- */
void serve_event(struct serve *s, struct token_event *ev);
/* For the person: "asked to make a credential". */
void serve_note(struct serve *s, const char *what);
/* A channel of our own with the token. */
MUST enum err serve_open(struct serve *s);
/* One CTAP request, status byte and CBOR back; the other side is heard meanwhile.  ERR_HANGUP: it
 * is gone.  ERR_CANCELLED: the vault is. */
MUST enum err serve_call(struct serve *s, struct span request, struct buf *reply);
enum { SERVE_TOKEN = 1, SERVE_REMOTE = 2, SERVE_VAULT = 4 };
/* Wait for what is named; ready: which.  ERR_TIMEOUT; ERR_CANCELLED, ERR_HANGUP: an end is gone,
 * named or not. */
MUST enum err serve_wait(struct serve *s, unsigned what, int64_t until, unsigned *ready);
/* Take what the other side sent.  ERR_HANGUP. */
MUST enum err serve_hear(struct serve *s, enum remote_event *ev);
/* For struct remote. */
void serve_send(void *arg, const uint8_t r[REPORT_LEN]);

/* ---- serve_pin.c ---- */
/* The pinUvAuthParam for this assertion; param 32 bytes.  *status: why not, for the other side. */
MUST enum err serve_verify(struct serve *s, const struct forward *f, struct forward_auth *auth,
    uint8_t param[32], uint8_t *status);

#endif
