/*
 * serving.h - a socket on which another machine finds a token of ours: connections are taken one at
 * a time, and each is brought to the agent, which reads it.
 */
#ifndef CLI_SERVING_H
#define CLI_SERVING_H

#include "cli/cli.h"
#include "cli/forwarded.h"
#include "lib/sock.h"

struct serving {
	struct cli *c;
	int listener;
	char path[SOCK_PATH_MAX];
	struct span token; /* device; empty = the only one */
	bool same_vault;
	int remote; /* the connection of now */
	struct forwarded list;
	uint64_t released; /* assertions that went out */
	enum err last;	   /* how the last connection ended */
	unsigned credit;   /* connections that may come at once */
	int64_t since;
	pid_t spare; /* a child that somebody else waits for */
};

/* Listen at path (its folder is there); name: of the other machine.  Starts the agent if need be.
 * ERR_BUSY, ERR_PERMISSION, ERR_FORWARD_PATH. */
MUST enum err serving_open(struct serving *s, struct cli *c, const char *path, const char *name);
/* Until ended(arg), or the person stops it (ERR_CANCELLED).  What goes wrong with one connection is
 * said, and the next one taken. */
MUST enum err serving_run(struct serving *s, bool (*ended)(void *arg), void *arg);
void serving_close(struct serving *s);

#endif
