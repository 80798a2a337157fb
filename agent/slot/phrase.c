/* phrase.c - f3 = kdf(P, "recovery", slot_id): the worker has P, we get one factor a slot. */
#include "agent/slot/slot.h"

enum err
phrase_factor(const struct worker_event *ev, size_t i, struct sec *f3)
{
	struct cbor c = wire_each(&ev->recs);
	struct span rec = SPAN_NONE;
	enum err e = ERR_OK;

	if (i >= ev->recs.n)
		return ERR_FORMAT;
	for (size_t k = 0; k <= i && !e; k++)
		e = cbor_get_bytes(&c, &rec);
	if (!e && rec.len != 32)
		e = ERR_FORMAT;
	return e ? e : sec_init_copy(f3, rec);
}
