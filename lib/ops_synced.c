/* ops_synced.c - the field tables of ops_synced.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_note_fields[] = {
	WIRE_F(ops_note, 1, TEXT, 0, text, 0, 1023, "a sentence"),
};
const struct wire_map ops_note_map = { "note", sizeof(struct ops_note), ops_note_fields,
	N(ops_note_fields), false, 0 };
