/*
 * control.h - commands to a running daemon: one datagram, one answer.
 */
#ifndef SOFTTOKEN_CONTROL_H
#define SOFTTOKEN_CONTROL_H

#include "tests/softtoken/daemon.h"

struct daemon;

/* --- daemon.c, for control.c --- */
struct softtoken *soft_daemon_token(struct daemon *d);
void soft_daemon_step(struct daemon *d);
void soft_daemon_replug(struct daemon *d);

/* --- control.c --- */
MUST enum err soft_control_open(const char *path, int *fd);
void soft_control_read(struct daemon *d, int fd);

#endif
