/*
 * forwarded.h - which machine was let use which credential of ours: one line each, "SHA-256 NAME",
 * in the file `forwarded` of the state directory.  So a server that asks for another one's is seen,
 * and one that asks for the first time.  What it keeps is no secret.
 */
#ifndef CLI_FORWARDED_H
#define CLI_FORWARDED_H

#include "lib/buf.h"

#define FORWARDED_MOST 512

struct forwarded {
	char name[128];
	uint8_t hash[2][FORWARDED_MOST][32]; /* 0: of others, 1: of this one */
	struct span row[2][FORWARDED_MOST];
	size_t n[2];
};

/* Read it, for the machine of this name.  No file: nothing.  ERR_TOOBIG, ERR_FORMAT, ERR_IO. */
MUST enum err forwarded_read(struct forwarded *f, const char *name);
/* This one was used (64 digits, as the agent says it).  Nothing when that is known. */
MUST enum err forwarded_add(struct forwarded *f, struct span hex);

#endif
