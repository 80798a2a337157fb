/*
 * op_vault_merge.c - another copy of this vault, of this line or another, is joined with the one
 * that is open (DESIGN 6): what it has that is new is listed, or taken.  Ways in stay as they are.
 *
 * A copy of another line was left behind when a way in was removed or renewed.  It is opened with a
 * way in of its own, what is sealed in it is sealed anew, and from there on it is as one of ours.
 */
#include <stdlib.h>

#include "agent/vault/audit.h"
#include "agent/vault/op.h"
#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"

struct other {
	struct req *r;
	struct buf bytes;
	struct outer outer, merged;
	struct body body, result;
	struct way_got got; /* the way in of the other copy */
	struct way_got proof;
	struct mergenotes notes;
	bool is_older_line; /* opened with a way in of its own */
};

static void
other_end(struct other *o)
{
	if (!o)
		return;
	buf_done(&o->bytes);
	body_done(&o->body);
	body_done(&o->result);
	way_done(&o->got);
	way_done(&o->proof);
	mergenotes_done(&o->notes);
	free(o);
}

/* ---- opening it ---- */
static struct way_want
want(const struct other *o, const struct outer *outer, const char *why)
{
	const struct ops_vault_merge *in = o->r->in;

	return (struct way_want){ .outer = outer,
		.ways = in->way,
		.label = in->label,
		.token = in->token,
		.force = in->force,
		.purpose = "approve",
		.why = why };
}

static enum err
open_other_line(struct other *o, struct vaultfile_state *st)
{
	struct way_want w = want(o, &o->outer, "to open the other copy");
	enum err e;

	o->is_older_line = true;
	job_event(o->r->job, OPS_EV_NOTE,
	    "the other copy is from before or after a way in was removed or renewed: open it");
	if ((e = way_open(o->r->job, &w, &o->got)))
		return e;
	return vaultfile_open(buf_span(&o->bytes), &o->outer, sec_span(&o->got.vrk), &o->body, st);
}

static enum err
open_other(struct other *o)
{
	const struct ops_vault_merge *in = o->r->in;
	struct vault *v = o->r->v;
	struct vaultfile_state st;
	enum err e;

	e = store_read_beside(o->r->job, 0, in->name, &o->bytes);
	/* nobody waits for a person with the disk in hand */
	store_release(o->r->job);
	if (e || (e = outer_parse(buf_span(&o->bytes), &o->outer)))
		return e == ERR_FORMAT ? ERR_MERGE_OTHER : e;
	if (!v->open.is)
		return ERR_LOCKED;
	if (memcmp(o->outer.vault_id, v->open.outer.vault_id, 16) != 0)
		return ERR_MERGE_OTHER;
	e = vaultfile_open(buf_span(&o->bytes), &o->outer, sec_span(&v->open.vrk), &o->body, &st);
	return e == ERR_VAULT_HEADER ? open_other_line(o, &st) : e;
}

/* ---- as one of ours ---- */
/* Ways in are those of the vault: what the other copy removed is said, not done. */
static enum err
drop_slots(struct other *o)
{
	const struct body *live = &o->r->v->open.body;
	struct body view = o->body;
	struct slot_note n;
	struct tomb t;
	enum err e = ERR_OK;

	o->body.notes = o->body.tombs = (struct rows){ 0 };
	for (size_t pos = 0; !e && body_note_next(live, &pos, &n);)
		e = body_note_put(&o->body, &n);
	for (size_t pos = 0; !e && body_tomb_next(&view, &pos, &t);) {
		if (t.kind != TOMB_SLOT)
			e = body_tomb_put(&o->body, &t);
		else if (!body_note_get(live, t.id.p, &n))
			mergenotes_say(&o->notes,
			    "'%.*s' was removed as a way in on the other copy, and still opens "
			    "this one: 'ownkey slot remove'",
			    (int)n.label.len, n.label.len ? (const char *)n.label.p : "");
	}
	rows_done(&view.notes);
	rows_done(&view.tombs);
	return e;
}

static enum err
adopt_line(struct other *o)
{
	struct vault *v = o->r->v;
	struct slotmake_line l = { .outer = &o->outer, .body = &o->body };
	enum err e;

	if ((e = sec_init_copy(&l.vrk, sec_span(&v->open.vrk))))
		return e;
	e = slotmake_reseal(&l, sec_span(&o->got.vrk));
	sec_done(&l.vrk);
	if (e || (e = drop_slots(o)))
		return e;
	buf_reset(&o->body.lines);
	buf_put_span(&o->body.lines, buf_span(&v->open.body.lines));
	o->outer = v->open.outer;
	return buf_err(&o->body.lines);
}

/* Needs no waiting: what is open stays as it is. */
static enum err
merge(struct other *o)
{
	struct vault *v = o->r->v;
	struct merge_in in = { .ours = { &v->open.outer, &v->open.body },
		.theirs = { &o->outer, &o->body },
		.vrk = sec_span(&v->open.vrk) };
	struct merge_report rep = { .text = BUF_INIT };
	enum err e;

	if (!(e = merge_copies(&in, &o->merged, &o->result, &rep)))
		mergenotes_report(&o->notes, &rep);
	merge_report_done(&rep);
	return e;
}

/* ---- taking it ---- */
/* The factors that opened the other copy may be fresh factors of a way in of the vault, too. */
static bool
proves_both(struct other *o)
{
	const struct outer *live = &o->r->v->open.outer;
	struct keys_slot ks = { .vault_id = live->vault_id };
	struct keys_factors f;
	int i = -1;
	enum err e;

	if (o->is_older_line)
		i = outer_slot_find(live, o->outer.slot[o->got.slot].id);
	if (i < 0)
		return false;
	ks.hdr = outer_slot_hdr(live, (size_t)i).p;
	way_factors(&o->got, &f);
	if (!(e = keys_prk(&f, live->slot[i].kdf_salt, &o->proof.prk)))
		e = keys_unwrap(&ks, &o->proof.prk, outer_wrap(&live->slot[i]), &o->proof.vrk);
	if (e)
		way_done(&o->proof);
	return !e;
}

static enum err
prove(struct other *o)
{
	struct vault *v = o->r->v;
	struct way_want w = want(o, &v->open.outer, "to prove that it is you");
	enum err e;

	if (proves_both(o))
		return ERR_OK;
	w.body = &v->open.body;
	job_event(o->r->job, OPS_EV_NOTE, "prove that it is you, for the vault that is open");
	if ((e = way_open(o->r->job, &w, &o->proof)))
		return e;
	return ERR_OK;
}

static enum err
take(struct other *o)
{
	struct vault *v = o->r->v;
	struct store_rewrite w = { .outer = &o->merged, .body = &o->result };
	enum err e;

	if ((e = prove(o)) || (e = store_take(o->r->job)))
		return e;
	if (!v->open.is || !crypto_eq(sec_span(&o->proof.vrk), sec_span(&v->open.vrk)))
		return ERR_NEEDFACTOR;
	if ((o->is_older_line && (e = adopt_line(o))) || (e = merge(o)))
		return e;
	return store_rewrite(o->r->job, &w);
}

static enum err
answer(struct other *o)
{
	static struct ops_note rows[MERGENOTES_MOST + 2];
	struct ops_vault_merge_rep rep = { .came = o->notes.came + o->notes.removed,
		.conflicts = o->notes.conflicts,
		.other_line = o->is_older_line };

	rep.notes.v = rows;
	rep.notes.n = mergenotes_rows(&o->notes, SPAN_NONE, rows);
	wire_mark(&ops_vault_merge_rep_map, &rep);
	return req_reply(o->r, &rep);
}

enum err
op_vault_merge(struct req *r)
{
	const struct ops_vault_merge *in = r->in;
	struct other *o;
	enum err e;

	REQ_MUST_WAIT(r);
	if (!(o = calloc(1, sizeof *o)))
		return ERR_NOMEM;
	o->r = r;
	o->got.slot = -1;
	if (!(e = open_other(o))) {
		if (in->take)
			e = take(o);
		else if (!o->is_older_line || !(e = adopt_line(o)))
			e = merge(o);
	}
	if (!e)
		e = answer(o);
	other_end(o);
	return e;
}
