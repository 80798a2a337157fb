/* store_put.c - changes of our own: in the copy before who made them is told. */
#include <stdlib.h>

#include "cli/secrets/store_parts.h"

/* ---- changes ---- */
static void
finish(struct ask *k, enum err err, const char *text, const struct entry *e)
{
	struct store_then then = k->then;

	store_ask_free(k);
	if (then.fn)
		then.fn(then.arg, err, text, e);
}

/* What the agent says it is now; the vault may have been locked since. */
static enum err
take_in(struct store *s, const struct ops_entry_rep *rep, const struct entry **now)
{
	struct cbor c = wire_each(&rep->entry);
	struct ops_entry row;
	bool was;
	enum err e;

	*now = NULL;
	if (s->state != STORE_OPEN)
		return ERR_OK;
	if (rep->entry.n != 1 || wire_next(&ops_entry_map, &c, &row))
		return ERR_FORMAT;
	was = index_find(s->open, row.id.p) != NULL;
	if ((e = index_put(s->open, &row, now)))
		return e;
	store_tell(s, was ? STORE_CHANGED : STORE_ADDED, *now);
	return ERR_OK;
}

static void
on_put(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_entry_rep *r = rep;
	const struct entry *now = NULL;
	struct ask *k = arg;
	struct store *s = k->s;
	enum err e = ERR_OK;

	/* it is in the vault, whatever becomes of the copy: that one is read anew */
	if (!status && (e = take_in(s, r, &now)))
		s->again = true;
	finish(k, status, text, now);
	store_changed(s, status ? 0 : r->change);
}

static void
put_pairs(const struct store_set *set, struct ops_pair *pairs)
{
	for (size_t i = 0; i < set->nattr; i++) {
		pairs[i] =
		    (struct ops_pair){ .name = set->attr[i].name, .value = set->attr[i].value };
		wire_mark(&ops_pair_map, &pairs[i]);
	}
}

/* Given and empty is something else than not given. */
static void
mark(const struct store_set *set, struct ops_entry_set *q)
{
	wire_mark(&ops_entry_set_map, q);
	if (set->id)
		q->id = SPAN(set->id, 16);
	wire_set(&ops_entry_set_map, q, set->id ? "id" : "kind");
	if (set->has_label)
		wire_set(&ops_entry_set_map, q, "label");
	if (set->has_type)
		wire_set(&ops_entry_set_map, q, "type");
	if (set->has_value)
		wire_set(&ops_entry_set_map, q, "value");
	if (set->has_attr)
		wire_set(&ops_entry_set_map, q, "attributes");
}

enum err
store_put(struct store *s, const struct peer *who, const struct store_set *set,
    struct store_then then, uint64_t *call)
{
	struct ops_pair pairs[OPS_ENTRY_ATTRS]; /* until it is encoded */
	struct ops_entry_set q = { .kind = set->kind,
		.collection = set->collection,
		.label = set->label,
		.type = set->type,
		.value = set->value };
	struct ask *k;
	enum err e;

	if ((e = store_check_open(s)))
		return e;
	if (set->nattr > OPS_ENTRY_ATTRS)
		return ERR_TOOBIG;
	put_pairs(set, pairs);
	q.attributes = (struct wire_list){ .v = pairs, .n = set->nattr };
	store_who(who, &q.who);
	mark(set, &q);
	if (!(k = store_ask_new(s)))
		return ERR_NOMEM;
	k->then = then;
	if ((e = store_ask_send(k, OP_ENTRY_SET, &q, on_put)))
		return e;
	s->changing++;
	if (call)
		*call = k->call;
	return ERR_OK;
}

/* ---- removing ---- */
static bool
take_item(void *arg, const struct entry *e)
{
	uint8_t *id = arg;

	memcpy(id, e->id, sizeof e->id);
	return false;
}

static void
take_out(struct store *s, const uint8_t id[16])
{
	const struct entry *e = index_find(s->open, id);

	if (!e)
		return;
	store_tell(s, STORE_REMOVED, e);
	index_remove(s->open, id);
}

/* A collection goes with what is in it. */
static void
take_collection_out(struct store *s, const struct entry *collection)
{
	struct store_query q = { .collection = collection->collection };
	uint8_t none[16] = { 0 }, id[16];

	for (;;) {
		memcpy(id, none, sizeof id);
		index_search(s->open, &q, take_item, id);
		if (memcmp(id, none, sizeof id) == 0)
			break;
		take_out(s, id);
	}
}

static void
on_removed(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_change_rep *r = rep;
	const struct entry *e;
	struct ask *k = arg;
	struct store *s = k->s;

	if (!status && s->state == STORE_OPEN && (e = index_find(s->open, k->id))) {
		if (e->kind == OPS_ENTRY_COLLECTION)
			take_collection_out(s, e);
		take_out(s, k->id);
	}
	finish(k, status, text, NULL);
	store_changed(s, status ? 0 : r->change);
}

enum err
store_remove(struct store *s, const struct peer *who, const uint8_t id[16], struct store_then then,
    uint64_t *call)
{
	struct ops_entry_sel q = { .id = SPAN(id, 16) };
	struct ask *k;
	enum err e;

	if ((e = store_check_open(s)))
		return e;
	if (!(k = store_ask_new(s)))
		return ERR_NOMEM;
	k->then = then;
	memcpy(k->id, id, sizeof k->id);
	store_who(who, &q.who);
	wire_mark(&ops_entry_sel_map, &q);
	if ((e = store_ask_send(k, OP_ENTRY_REMOVE, &q, on_removed)))
		return e;
	s->changing++;
	if (call)
		*call = k->call;
	return ERR_OK;
}
