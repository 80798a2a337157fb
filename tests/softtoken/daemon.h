/*
 * daemon.h - the token behind a Unix socket: records of 64 bytes both ways, as hidraw would carry
 * them; what the token says goes to every connection, as with hidraw.
 */
#ifndef SOFTTOKEN_DAEMON_H
#define SOFTTOKEN_DAEMON_H

#include "lib/err.h"
#include "tests/softtoken/softtoken.h"

struct soft_daemon_config {
	const char *socket;
	const char *control; /* datagram socket for commands; may be NULL */
	int ready_fd;	     /* gets one byte when the socket is there; -1: none */
};

/* Serve until SIGTERM or SIGINT. */
MUST enum err soft_daemon_run(const struct soft_daemon_config *c, struct softtoken *t);
/* The other side: send a command to a control socket, wait for the answer.  *done: "ok". */
MUST enum err soft_control_send(const char *path, const char *command, bool *done);
/* "auto", "never", "signal", "delay=MS" */
MUST enum err soft_touch_parse(const char *s, enum softtoken_touch *mode, uint32_t *ms);

#endif
