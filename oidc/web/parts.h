/*
 * parts.h - what the server's own files know of each other; nobody else includes it.
 *
 *   server.c    listeners, connections and how long each may take, the loop
 *   exchange.c  one request: checks, route, body, handler (on a fiber), commit, response
 *   note.c      its line in the log, and counts
 *   asked.c     what handlers ask of a request      given.c  what they put into a response
 */
#ifndef OIDC_WEB_PARTS_H
#define OIDC_WEB_PARTS_H

#include <microhttpd.h>

#include "lib/fiber.h"
#include "lib/loop.h"
#include "oidc/web/web.h"

/* With more connections than this, each is closed after its response. */
#define WEB_KEEPS_ALIVE 1024

/* Bytes of all bodies that are here at once: WEB_BODY_MAX bounds one, and there are many
 * connections. */
#define WEB_BODIES (16 * 1024 * 1024)

/* Milliseconds that a connection may be in a phase: the same for all, so that each phase's list is
 * in the order in which they end. */
enum web_phase {
	WEB_IDLE,
	WEB_READING,
	WEB_ANSWERING,
	WEB_WRITING,
	WEB_ENDING, /* shut down by us; MHD will notice */
	WEB_PHASES
};

/* A connection; MHD has it as socket context. */
struct web_conn {
	struct web *web;
	struct MHD_Connection *mhd;
	int fd; /* MHD's */
	enum web_door door;
	enum web_phase phase;
	uint64_t since; /* of the phase */
	bool trusted;	/* a proxy: may say whose request it is */
	char address[WEB_ADDRESS];
	struct web_conn *prev, *next; /* of its phase */
};

/* A request and its response, from the request line until it has been sent. */
struct web_answer {
	struct web_request q;
	struct web_response a;
	struct web *web;
	struct web_conn *conn;
	struct MHD_Connection *mhd;
	struct buf url;	 /* path and query as they came */
	struct buf body; /* as it came */
	size_t query_at; /* in url: behind the "?", or its length */
	bool head;
	bool checked; /* headers were looked at, a row was found or it was refused */
	bool has_body;
	bool too_large;	 /* the body: read and thrown away, then refused */
	bool no_room;	 /* for the body, besides all others: the same */
	bool done;	 /* the response is complete */
	bool held;	 /* suspended until the commit */
	bool wrote;	 /* began in this wake-up, before what is to be committed, and waits */
	enum err failed; /* what it wrote was not kept */
	uint64_t began;
	size_t size, swallowed;
	struct fiber *fiber;
	struct web_answer *prev, *next; /* of those that a failed commit concerns */
};

struct web_list {
	struct web_conn *head, *tail; /* longest there first */
};

struct web {
	struct web_conf conf;
	struct MHD_Daemon *mhd;
	struct loop_fd *watch;
	struct loop_timer *tick, *again;
	struct web_ear {
		struct web *web;
		struct loop_fd *watch;
		int fd;
		enum web_door door;
	} ear[WEB_LISTENERS];
	size_t nears;
	struct web_list phase[WEB_PHASES];
	struct web_answer *pending; /* suspended, or on a fiber */
	struct web_conn *arriving;  /* while MHD is given a connection */
	char origin[WEB_ORIGIN];    /* of the issuer */
	const char *path;	    /* of the issuer; in conf.issuer */
	bool secure;		    /* issuer on https */
	struct web_counts counts;
	size_t bodies;	       /* bytes that they have, all together */
	uint64_t (*by_row)[6]; /* of conf.routes, and one more for what is none of them */
	size_t nrows;
	bool draining;
	uint64_t drain_until;
	void (*drained)(void *arg);
	void *drained_arg;
};

/* server.c */
/* arg: struct web; is this the address of a proxy that may say whose request it is? */
bool web_trusts(void *arg, const char *address);
void web_conn_phase(struct web_conn *c, enum web_phase phase);
/* exchange.c: callbacks of MHD, and what happens when the wake-up ends */
enum MHD_Result web_on_request(void *arg, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *data, size_t *size, void **context);
void *web_on_url(void *arg, const char *url, struct MHD_Connection *mhd);
void web_on_completed(
    void *arg, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode how);
/* Commit, and let go what waited for it; true: responses are ready to be sent. */
bool web_settle(struct web *w);
/* note.c: it was answered. */
void web_note(const struct web_answer *x);
/* given.c: everything but the body becomes a response of MHD's.  NULL: out of memory. */
struct MHD_Response *web_render(struct web_answer *x);
void web_give_defaults(struct web_answer *x);
void web_response_clear(struct web_response *a);

#endif
