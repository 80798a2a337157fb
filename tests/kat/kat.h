/*
 * kat.h - known answers: are kdf, seal, derivation and slots of this build those of DESIGN 4, 5?
 */
#ifndef KAT_KAT_H
#define KAT_KAT_H

#include <stdio.h>

#include "tests/kat/entry.h"

struct kat {
	FILE *out; /* failures, one a line */
	size_t passed;
	size_t failed;
};

/* Check every entry of a file.  False when it cannot be read, is no JSON, or has a list that is not
 * known; the rest is in k. */
bool kat_file(struct kat *k, const char *path);

/* One a list; false with e->name, e->why set. */
bool check_kdf(struct entry *e);
bool check_seal(struct entry *e);
bool check_derive(struct entry *e);
bool check_persona(struct entry *e);
bool check_slot(struct entry *e);

#endif
