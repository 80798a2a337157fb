/*
 * drill.h - what a drill knows of the vault that is open, and the restore in its private place.
 */
#ifndef CLI_DRILL_H
#define CLI_DRILL_H

#include "cli/cli.h"

/* A key that should come back. */
struct drill_row {
	char label[1024];
	char service[33], account[256], purpose[49];
	uint64_t epoch, generation, state;
	uint8_t shown[32]; /* SHA-256 of its public form */
	uint64_t mtime;
	bool secret;
	bool recoverable; /* from the phrase */
	bool wanted;	  /* it should come back from what is tried */
	bool public;	  /* it has a public form to compare */
	bool back, same;
};

struct drill {
	struct cli *c;
	struct drill_row *row;
	size_t n, cap;
	const char *file; /* the backup that is tried; NULL: the phrase */
	enum err err;
};

void drill_text(char *out, size_t cap, struct span s);
void drill_hash(struct span s, uint8_t out[32]);
/* There: from the phrase that the person types, all keys that the phrase should bring back. */
MUST enum err drill_phrase(struct drill *d);
/* There: from c->file, which is open, and the key that the person types. */
MUST enum err drill_backup(struct drill *d);

#endif
