/*
 * ops_synced.h - copies of one vault that were changed apart (part of ops.h).
 */
#ifndef LIB_OPS_SYNCED_H
#define LIB_OPS_SYNCED_H

#include "lib/wire.h"

/* A sentence for people. */
struct ops_note {
	uint64_t has;
	struct span text;
};
extern const struct wire_map ops_note_map;

#endif
