/*
 * serve.h - the conversation with gpg-agent.
 */
#ifndef CLI_PINENTRY_SERVE_H
#define CLI_PINENTRY_SERVE_H

#include "lib/err.h"

/* Until BYE or the end of in.  signals: a signalfd.  args: ours, passed on to the real pinentry. */
MUST enum err serve(int in, int out, int signals, char **args);

#endif
