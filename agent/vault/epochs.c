/* epochs.c - the epochs of an identity's key. */
#include "agent/vault/epochs.h"

#include <stdlib.h>
#include <string.h>

/* What an item without rows has. */
static void
first_epoch(const struct item *it, struct item_epoch *ep)
{
	*ep = (struct item_epoch){ .created = it->mtime, .generation = it->origin.generation };
}

static void
fill_generation(const struct item *it, struct item_epoch *ep)
{
	if (!wire_has(&item_epoch_map, ep, "generation"))
		ep->generation = it->origin.generation;
}

void
epochs_current(const struct item *it, struct item_epoch *ep)
{
	struct cbor c = wire_each(&it->epochs);
	struct item_epoch row;
	bool found = false;

	first_epoch(it, ep);
	while (!cbor_at_end(&c) && !wire_next(&item_epoch_map, &c, &row)) {
		if (found && row.state != EPOCH_ACTIVE)
			continue;
		fill_generation(it, &row);
		*ep = row;
		found = row.state == EPOCH_ACTIVE;
	}
}

size_t
epochs_count(const struct item *it)
{
	return it->epochs.n ? it->epochs.n : 1;
}

/* ---- editing ---- */
enum err
epochs_load(const struct item *it, struct epochs *e)
{
	struct cbor c = wire_each(&it->epochs);
	enum err err = ERR_OK;

	*e = (struct epochs){ 0 };
	if (it->epochs.n >= ITEM_EPOCHS)
		return ERR_LIMIT;
	if (!(e->v = calloc(it->epochs.n + 2, sizeof *e->v)))
		return ERR_NOMEM;
	while (!err && !cbor_at_end(&c))
		err = wire_next(&item_epoch_map, &c, &e->v[e->n++]);
	for (size_t i = 0; i < e->n; i++)
		fill_generation(it, &e->v[i]);
	if (!e->n)
		first_epoch(it, &e->v[e->n++]);
	if (err)
		epochs_done(e);
	return err;
}

void
epochs_done(struct epochs *e)
{
	free(e->v);
	*e = (struct epochs){ 0 };
}

static struct item_epoch *
in_use(struct epochs *e)
{
	for (size_t i = e->n; i-- > 0;)
		if (e->v[i].state == EPOCH_ACTIVE)
			return &e->v[i];
	return &e->v[e->n - 1];
}

bool
epochs_set_state(struct epochs *e, enum item_epoch_state state)
{
	struct item_epoch *ep = in_use(e);

	if (ep->state == (uint64_t)state)
		return false;
	ep->state = state;
	return true;
}

enum err
epochs_next(struct epochs *e, uint64_t generation, uint64_t now)
{
	const struct item_epoch *last = &e->v[e->n - 1];

	if (last->epoch >= INT32_MAX)
		return ERR_RANGE;
	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].state == EPOCH_ACTIVE)
			e->v[i].state = EPOCH_RETIRED;
	e->v[e->n] = (struct item_epoch){
		.epoch = last->epoch + 1, .created = now, .generation = generation
	};
	e->n++;
	return ERR_OK;
}

/* Every row says its generation from now on: nothing depends on the origin any more. */
void
epochs_store(struct epochs *e, struct item *it)
{
	for (size_t i = 0; i < e->n; i++) {
		wire_mark(&item_epoch_map, &e->v[i]);
		wire_set(&item_epoch_map, &e->v[i], "generation");
	}
	it->epochs = (struct wire_list){ .v = e->v, .n = e->n };
}
