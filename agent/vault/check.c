/* check.c - what can be said of a file without any key. */
#include "agent/vault/check.h"

#include <stdlib.h>

#include "agent/vault/journal.h"

static void
find(struct check_report *r, enum err e, int slot, uint64_t offset, const char *text)
{
	if (r->n < CHECK_FINDINGS)
		r->finding[r->n++] = (struct check_finding){ e, slot, offset, text };
	if (e != ERR_VAULT_TORN)
		r->good = false;
}

static void
check_slots(const struct outer *o, struct check_report *r)
{
	for (int i = 0; i < OUTER_SLOTS; i++) {
		uint64_t at = OUTER_HEAD + (uint64_t)i * OUTER_SLOT_SIZE;

		if (o->slot_err[i] == ERR_VERSION)
			find(r, ERR_VERSION, i, at, "a way in of a newer version");
		else if (o->slot_err[i])
			find(r, o->slot_err[i], i, at, "a way in is damaged or was edited");
		else
			r->slots += outer_slot_ok(o, (size_t)i);
	}
}

static void
check_journal(struct span file, const struct outer *o, struct check_report *r)
{
	struct journal_pos pos = { .generation = o->generation };
	struct journal_record rec;
	enum err e = ERR_OK;

	r->size_valid = o->total_len;
	memcpy(pos.hash, file.p + o->total_len - OUTER_TRAILER, 32);
	while (!e) {
		struct journal_rest rest = { SPAN(file.p + r->size_valid, file.len - r->size_valid),
			r->size_valid };

		if (!(e = journal_next(&rest, &pos, &rec))) {
			journal_advance(&pos, &rec);
			r->size_valid += rec.raw.len;
			r->records++;
		}
	}
	r->generation = pos.generation;
	if (e == ERR_VAULT_TORN) {
		r->torn = true;
		find(r, e, -1, r->size_valid, "the last change was not written completely");
	} else if (e != ERR_NOTFOUND) {
		find(r, e, -1, r->size_valid, "a later change is damaged");
	}
}

static const char *
head_text(enum err e)
{
	switch (e) {
	case ERR_FORMAT:
		return "this is no ownkey vault";
	case ERR_VERSION:
		return "it was made by a newer version of ownkey";
	case ERR_VAULT_HEADER:
		return "a field of the head has a value that it cannot have";
	default:
		return "the file is too short, or its lengths are wrong";
	}
}

static void
check_outer(struct span file, struct outer *o, struct check_report *r)
{
	enum err e = outer_parse_untrusted(file, o);

	if (e)
		find(r, e, -1, 0, head_text(e));
	if (e && e != ERR_VAULT_HEADER)
		return;
	r->head = true;
	r->generation = o->generation;
	if (outer_check_trailer(file, o))
		find(r, ERR_VAULT_DAMAGED, -1, o->total_len - OUTER_TRAILER,
		    "bytes of the head, a way in or the body have changed");
	if (!e)
		check_slots(o, r);
	check_journal(file, o, r);
}

enum err
check_file(struct span file, struct check_report *r)
{
	struct outer *o = malloc(sizeof *o);

	if (!o)
		return ERR_NOMEM;
	*r = (struct check_report){ .good = true, .size = file.len };
	check_outer(file, o, r);
	free(o);
	return ERR_OK;
}
