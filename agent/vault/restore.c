/* restore.c - records of a backup, as they come. */
#include "agent/vault/restore.h"

#include <stdlib.h>

#include "agent/slot/slot.h"

enum err
restore_new(struct restore **out)
{
	struct restore *r = calloc(1, sizeof *r);
	enum err e;

	if (!r)
		return ERR_NOMEM;
	if ((e = newvault_begin(&r->made))) {
		restore_free(r);
		return e;
	}
	*out = r;
	return ERR_OK;
}

void
restore_free(struct restore *r)
{
	if (!r)
		return;
	newvault_done(&r->made);
	sec_done(&r->rec);
	sec_zero(r, sizeof *r);
	free(r);
}

/* ---- what it says of itself ---- */
static enum err
take_head(struct restore *r, const struct worker_event *ev)
{
	if (ev->vault_id.len == 16) {
		memcpy(r->vault_id, ev->vault_id.p, 16);
		r->generation = ev->generation;
	} else {
		r->created = ev->created;
	}
	return ERR_OK;
}

/* ---- records ---- */
static enum err
seal_seed(struct restore *r, const struct worker_event *ev, struct buf *box, struct buf *backup)
{
	struct span vrk = sec_span(&r->made.vrk);
	uint32_t g = (uint32_t)ev->generation;
	enum err e = keys_seed_seal(vrk, g, ev->seed, box);

	if (!e && ev->backup.len)
		e = slotmake_seal_backup(vrk, g, ev->backup, backup);
	return e;
}

static enum err
take_seed(struct restore *r, const struct worker_event *ev)
{
	struct seed s = { .generation = ev->generation,
		.created = ev->created,
		.exposed = ev->exposed,
		.fpr = ev->fpr };
	struct buf box = BUF_INIT, backup = BUF_INIT;
	struct seed other;
	enum err e;

	if (ev->seed.len != 32 || ev->generation > UINT32_MAX ||
	    !body_seed_get(&r->made.body, ev->generation, &other))
		return ERR_BACKUP_FORMAT;
	if (!(e = seal_seed(r, ev, &box, &backup))) {
		s.box = buf_span(&box);
		s.backup = buf_span(&backup);
		e = body_seed_put(&r->made.body, &s);
	}
	buf_done(&box);
	buf_done(&backup);
	return e;
}

/* The audit log it belongs to is not in a backup; what has functions of its own comes otherwise. */
static enum err
take_value(struct restore *r, const struct worker_event *ev)
{
	enum err e = ERR_OK;

	if (ev->key != BODY_AUDIT)
		e = body_raw_put(&r->made.body, ev->key, ev->record);
	return !e || e == ERR_NOMEM ? e : ERR_BACKUP_FORMAT;
}

static enum err
take_item(struct restore *r, const struct worker_event *ev)
{
	struct buf box = BUF_INIT;
	struct item it, other;
	struct keys_item ki;
	enum err e = ERR_OK;

	if (wire_decode(&item_map, ev->record, &it) || item_check(&it) || it.secret.len ||
	    ev->out.len > ITEM_SECRET_MAX || !body_item_by_id(&r->made.body, it.id.p, &other))
		return ERR_BACKUP_FORMAT;
	if (wire_has(&worker_event_map, ev, "out")) {
		ki = (struct keys_item){ .id = it.id.p, .rev = (uint32_t)it.rev };
		e = keys_item_seal(sec_span(&r->made.vrk), &ki, ev->out, &box);
		it.secret = buf_span(&box);
	}
	if (!e)
		e = body_item_put(&r->made.body, &it);
	buf_done(&box);
	return e;
}

static enum err
take_result(struct restore *r, const struct worker_event *ev)
{
	if (ev->hash.len != 32)
		return ERR_BACKUP_FORMAT;
	memcpy(r->hash, ev->hash.p, 32);
	r->size = ev->size;
	return ev->recs.n ? phrase_factor(ev, 0, &r->rec) : ERR_OK;
}

enum err
restore_take(struct restore *r, const struct worker_event *ev)
{
	switch (ev->kind) {
	case WORKER_EV_HEAD:
		return take_head(r, ev);
	case WORKER_EV_SEED:
		return take_seed(r, ev);
	case WORKER_EV_VALUE:
		return take_value(r, ev);
	case WORKER_EV_ITEM:
		return take_item(r, ev);
	case WORKER_EV_RESULT:
		return take_result(r, ev);
	default:
		return ERR_FORMAT;
	}
}
