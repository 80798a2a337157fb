/*
 * agejson.h - JSON (RFC 8259) written piece by piece into an age file: the plaintext of a backup is
 * never in memory as a whole, and never outside of the arena but for a few wiped bytes.
 *
 * Errors stick in err.  Commas are put by the writer: say what comes, not what stood before.
 */
#ifndef AGENT_VAULT_AGEJSON_H
#define AGENT_VAULT_AGEJSON_H

#include "lib/age.h"

struct agejson {
	struct age_writer *age;
	struct buf *out; /* finished pieces of the file are appended here */
	enum err err;
	bool first; /* nothing stands in this object or array yet */
	unsigned depth;
};

void agejson_open(struct agejson *j, const char *name, char bracket); /* name NULL: an element */
void agejson_close(struct agejson *j, char bracket);
void agejson_text(struct agejson *j, const char *name, struct span text); /* UTF-8 */
void agejson_number(struct agejson *j, const char *name, uint64_t n);
/* "2026-11-23T14:00:00Z"; 0 is left out */
void agejson_time(struct agejson *j, const char *name, uint64_t unix_seconds);
void agejson_hex(struct agejson *j, const char *name, struct span bytes);
void agejson_base64(struct agejson *j, const char *name, struct span bytes);

#endif
