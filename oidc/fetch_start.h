/*
 * fetch_start.h - the process that starts the fetch helper, and another one when it has ended.
 *
 * What the provider gives up, its children have given up, too.  So a child that gave up nothing but
 * its descriptors is made first; it does nothing but start the one program that it was told at the
 * beginning, whenever it is asked.
 */
#ifndef OIDC_FETCH_START_H
#define OIDC_FETCH_START_H

#include "oidc/conf.h"

/* *fd is the caller's; when it is closed, that process and the helper end.  Before the
 * sandbox. */
MUST enum err fetch_start_open(const struct oidc_conf *c, int *fd);
/* Another helper, please. */
MUST enum err fetch_start_ask(int fd);
/* *helper is the caller's: a stream to a fresh one.  Waits.  ERR_NOPROGRAM and the like: what kept
 * it from starting; ERR_HANGUP: there is nobody to ask any more. */
MUST enum err fetch_start_take(int fd, int *helper);

#endif
