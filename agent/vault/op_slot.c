/* op_slot.c - the ways in: listed, named, proven. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/vault/op.h"
#include "agent/vault/store.h"
#include "agent/vault/upgrade.h"
#include "agent/vault/way.h"
#include "lib/crypto.h"
#include "lib/softtoken_aaguid.h"
#include "lib/text.h"

/* ---- list ---- */
static void
fill_from_note(const struct body *b, const struct slot *s, struct ops_slot *row)
{
	struct slot_note n;

	if (!b || body_note_get(b, s->id, &n))
		return;
	row->label = n.label;
	row->last_used = n.last_used;
	row->last_verified = n.last_verified;
	row->software = n.aaguid.len == 16 && softtoken_aaguid_is(n.aaguid.p);
}

static void
fill(const struct outer *o, const struct body *b, size_t i, struct ops_slot *row)
{
	const struct slot *s = &o->slot[i];

	*row = (struct ops_slot){ .id = SPAN(s->id, 16),
		.index = i,
		.factors = s->factors,
		.pin = s->uv,
		.hint = span_str(s->hint),
		.created = s->created,
		.deferred = s->wrap == WRAP_DEFERRED,
		.argon_m = s->argon_m,
		.argon_t = s->argon_t,
		.err = (uint64_t)o->slot_err[i] };
	if (!o->slot_err[i])
		fill_from_note(b, s, row);
	wire_mark(&ops_slot_map, row);
}

static enum err
list(struct req *r, const struct outer *o, const struct body *b)
{
	struct ops_slot rows[OUTER_SLOTS];
	struct ops_slot_list_rep rep = { .slots.v = rows };

	for (size_t i = 0; i < OUTER_SLOTS; i++)
		if (o->slot[i].kind != SLOT_EMPTY || o->slot_err[i])
			fill(o, b, i, &rows[rep.slots.n++]);
	wire_mark(&ops_slot_list_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_slot_list(struct req *r)
{
	static struct outer o;
	struct buf bytes = BUF_INIT;
	enum err e;

	if (r->v->open.is)
		return list(r, &r->v->open.outer, &r->v->open.body);
	REQ_MUST_WAIT(r);
	if (!(e = store_read(r->job, &bytes)) && !(e = outer_parse(buf_span(&bytes), &o)))
		e = list(r, &o, NULL);
	buf_done(&bytes);
	return e;
}

/* ---- one slot by name ---- */
static enum err
answer(struct req *r, int i)
{
	struct vault *v = r->v;
	struct ops_slot_rep rep = { .id = SPAN(v->open.outer.slot[i].id, 16) };
	char label[256];

	way_label(&v->open.outer, &v->open.body, i, label, sizeof label);
	rep.label = span_str(label);
	wire_mark(&ops_slot_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_slot_find(const struct vault *v, struct span label, int *slot)
{
	struct way_want w = { .outer = &v->open.outer, .body = &v->open.body, .label = label };
	unsigned bits = way_candidates(&w);

	if (!bits || !label.len)
		return ERR_NOTFOUND;
	if (bits & (bits - 1))
		return ERR_EXISTS;
	*slot = __builtin_ctz(bits);
	return ERR_OK;
}

/* ---- verify ---- */
enum err
op_slot_verify(struct req *r)
{
	const struct ops_slot_sel *in = r->in;
	struct vault *v = r->v;
	struct way_want w = { .outer = &v->open.outer,
		.body = &v->open.body,
		.label = in->label,
		.force = in->force,
		.token = in->token,
		.purpose = "approve",
		.why = "to verify this way in" };
	struct way_got got;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = way_open(r->job, &w, &got)))
		return e;
	if (crypto_eq(sec_span(&got.vrk), sec_span(&v->open.vrk)))
		e = upgrade_note(r->job, got.slot, true);
	else
		e = ERR_VAULT_KEY;
	if (!e)
		e = answer(r, got.slot);
	way_done(&got);
	return e;
}

/* ---- label ---- */
static enum err
put_label(struct req *r, int i, struct span label)
{
	struct vault *v = r->v;
	struct delta d = DELTA_INIT;
	struct slot_note n;
	enum err e;

	if ((e = body_note_get(&v->open.body, v->open.outer.slot[i].id, &n)))
		return e;
	n.label = label;
	n.labelled = (uint64_t)time(NULL);
	wire_mark(&slot_note_map, &n);
	delta_note(&d, &n);
	e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

/* The hint is outside, under the AD of the wrap: changing it needs the way in itself, so it is set
 * when a way in is made or renewed. */
enum err
op_slot_label(struct req *r)
{
	const struct ops_slot_sel *in = r->in;
	int i, other = -1;
	enum err e;

	REQ_MUST_WAIT(r);
	if (!in->text.len || in->hint.len)
		return ERR_USAGE;
	if (!text_is_name(in->text))
		return ERR_TEXT;
	if ((e = store_take(r->job)) || (e = op_slot_find(r->v, in->label, &i)))
		return e;
	if (op_slot_find(r->v, in->text, &other) != ERR_NOTFOUND && other != i)
		return ERR_EXISTS;
	if ((e = put_label(r, i, in->text)))
		return e;
	return answer(r, i);
}
