/*
 * client.h - a blocking connection to the agent, for the command line, PAM and adapters.
 *
 * One call at a time: client_call sends a request and waits for its reply; events that come in
 * between go to the callback.  What a person types is sent over secret.sock with client_secret_*.
 */
#ifndef LIB_CLIENT_H
#define LIB_CLIENT_H

#include "lib/job.h"
#include "lib/ops.h"
#include "lib/sec.h"

struct client_conn {
	int fd;
	uint64_t next_id;
	struct buf frame; /* the last reply; results borrow from it */
	char text[1024];  /* its detail for people, made printable; "" = none */
	void (*event)(void *arg, const struct ops_event *ev);
	void *arg;
	struct ops_hello_rep hello; /* spans are void */
	int cancel_fd;		    /* readable = the person wants to stop (-1 = never) */
	bool cancelling;
};

/* Connect and say hello.  ERR_NOAGENT.  hello: what to say (protocol is filled in). */
MUST enum err client_open(struct client_conn *c, struct ops_hello *hello);
/* Start ownkey-agent and wait until it serves, then as client_open.  args: extra arguments of the
 * agent, NULL-ended; may be NULL. */
MUST enum err client_start_agent(const char *const *args);
void client_close(struct client_conn *c);
/* The reply's status is returned; rep (struct of the row; may be NULL) borrows from c->frame until
 * the next call. */
MUST enum err client_call(struct client_conn *c, enum op op, const void *req, void *rep);
/* The same; a vault that is locked is opened first, by a touch or a prompt program of the agent's:
 * for programs that own no terminal, or whose terminal is somebody else's.  It takes as long as the
 * agent's limits say; ERR_LOCKED when nobody could be asked. */
MUST enum err client_call_opened(struct client_conn *c, enum op op, const void *req, void *rep);
/* The result map as it came, for --json. */
struct span client_result(const struct client_conn *c);

/* ---- secret.sock ---- */
/* Connect for a job id. */
MUST enum err client_secret_open(struct span job, int *fd);
MUST enum err client_secret_send(int fd, struct span text);
/* A factor that somebody has obtained from a token (unlock, given). */
MUST enum err client_secret_factor(int fd, struct span cred_id, struct span factor);
/* A card is shown, written or printed: the next one, please. */
MUST enum err client_secret_taken(int fd);
/* A piece of a file (at most SECRET_DATA_MAX); more: it is not the last. */
MUST enum err client_secret_data(int fd, struct span data, bool more);
/* Next message into s; m borrows from s. */
MUST enum err client_secret_recv(int fd, struct sec *s, struct secret_msg *m);

#endif
