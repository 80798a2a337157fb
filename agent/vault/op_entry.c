/* op_entry.c - what desktop applications keep: lists of it, and values (lib/ops_entry.h). */
#include <stdlib.h>

#include "agent/vault/applist.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/store.h"

/* Of a frame: the rest is its head and that of the reply. */
#define PAGE_BYTES (OPS_FRAME_MAX - 4096)

/* ---- list ---- */
static struct wire_list
allowed(const struct item *it)
{
	static struct span v[OPS_ENTRY_CLIENTS]; /* large */
	struct cbor at = wire_each(&it->policy.clients);
	struct span app;
	bool denied;
	size_t n = 0;

	while (n < OPS_ENTRY_CLIENTS && applist_next(&at, &app, &denied))
		if (!denied && app.len && app.len <= OPS_ENTRY_APP)
			v[n++] = app;
	return (struct wire_list){ .v = v, .n = n };
}

void
op_entry_row(const struct item *it, const struct entry *en, struct ops_entry *row)
{
	*row = (struct ops_entry){ .id = it->id,
		.kind = en->kind,
		.collection = en->collection,
		.label = en->label,
		.type = en->type,
		.created = en->created,
		.modified = it->mtime,
		.name = it->label,
		.removed = en->removed,
		.use = it->policy.use,
		.clients = allowed(it) };
	row->attributes = (struct wire_list){ .v = en->attr,
		.n = en->nattr < OPS_ENTRY_ATTRS ? en->nattr : OPS_ENTRY_ATTRS };
	wire_mark(&ops_entry_map, row);
}

/* False: the page is full. */
static bool
put_row(const struct item *it, bool removed, struct wire_list *list, struct buf *mem)
{
	struct entry en;
	struct ops_entry row;
	size_t at = mem->len;

	if (!entry_read(it, &en) || (en.removed != 0) != removed)
		return true;
	op_entry_row(it, &en, &row);
	if (wire_encode(&ops_entry_map, &row, mem))
		return true; /* written by something else: `ownkey secret` shows it */
	if (mem->len > PAGE_BYTES && at) {
		buf_cut(mem, at);
		return false;
	}
	list->n++;
	return true;
}

enum err
op_entry_list(struct req *r)
{
	const struct ops_entry_page *in = r->in;
	struct ops_entry_list_rep rep = { .change = store_change(r->v) };
	struct buf mem = BUF_INIT;
	uint8_t cursor[8];
	size_t pos = 0, next;
	struct item it;
	enum err e;

	if (in->cursor.len && in->cursor.len != sizeof cursor)
		return ERR_RANGE;
	if (in->cursor.len)
		pos = (size_t)be64(in->cursor.p);
	if (!buf_room(&mem, OPS_FRAME_MAX))
		return ERR_NOMEM;
	for (next = pos; body_entry_next(&r->v->open.body, &next, &it); pos = next)
		if (rep.entries.n == OPS_ENTRY_IDS ||
		    !put_row(&it, in->removed, &rep.entries, &mem)) {
			put_be64(cursor, pos);
			rep.cursor = SPAN(cursor, sizeof cursor);
			break;
		}
	rep.entries.raw = buf_span(&mem);
	wire_mark(&ops_entry_list_rep_map, &rep);
	e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

/* ---- get ---- */
/* The value goes where the reply is made, which is wiped. */
static enum err
open_value(struct req *r, struct span id, struct ops_entry_value *val, struct sec *value)
{
	struct entry en;
	struct item it;
	enum err e;

	if (body_item_by_id(&r->v->open.body, id.p, &it) || !entry_read(&it, &en) || en.removed)
		return ERR_NOTFOUND;
	if ((e = keyring_secret(r->v, &it, value)))
		return e;
	val->value = sec_span(value);
	val->type = en.type;
	return ERR_OK;
}

static enum err
encode_value(struct ops_entry_value *val, struct buf *mem)
{
	wire_mark(&ops_entry_value_map, val);
	if (!val->err)
		wire_set(&ops_entry_value_map, val, "value");
	return wire_encode(&ops_entry_value_map, val, mem);
}

static enum err
put_value(struct req *r, const struct use_item *ui, struct buf *mem)
{
	struct ops_entry_value val = { .id = SPAN(ui->id, sizeof ui->id), .err = ui->err };
	struct sec value = { 0 };
	size_t at = mem->len;
	enum err e;

	if (!val.err)
		val.err = open_value(r, val.id, &val, &value);
	e = encode_value(&val, mem);
	if (!e && mem->len > PAGE_BYTES && at) {
		buf_cut(mem, at);
		val = (struct ops_entry_value){ .id = val.id, .err = ERR_TOOBIG };
		e = encode_value(&val, mem);
	}
	sec_done(&value);
	return e;
}

enum err
op_entry_values(struct req *r, const struct use_item *v, size_t n)
{
	struct ops_entry_get_rep rep = { .values = { .n = n } };
	struct buf mem = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && !e; i++)
		e = put_value(r, &v[i], &mem);
	rep.values.raw = buf_span(&mem);
	wire_mark(&ops_entry_get_rep_map, &rep);
	if (!e)
		e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

static enum err
take_ids(struct req *r, const struct ops_entry_get *in, struct use_item *v)
{
	static struct entry en; /* large */
	struct cbor c = wire_each(&in->ids);
	struct item it;
	struct span id;
	enum err e = ERR_OK;

	for (size_t i = 0; i < in->ids.n && !(e = cbor_get_bytes(&c, &id)); i++) {
		memcpy(v[i].id, id.p, sizeof v[i].id);
		if (op_entry_find(r->v, id, false, &it, &en))
			v[i].err = ERR_NOTFOUND;
	}
	return e;
}

static enum err
hand_out(struct req *r, struct use_item *v)
{
	const struct ops_entry_get *in = r->in;
	struct use u = { .verb = "read the secret",
		.request = in->ids.raw,
		.who = op_entry_who(&ops_entry_get_map, in, &in->who) };
	enum err e;

	if (in->export)
		e = op_entry_export(r, v, in->ids.n);
	else if (!(e = policy_use_all(r, &u, v, in->ids.n)))
		op_entry_adopt(r, u.who, v, in->ids.n);
	if (e)
		return e;
	vault_touch(r->v);
	return op_entry_values(r, v, in->ids.n);
}

enum err
op_entry_get(struct req *r)
{
	const struct ops_entry_get *in = r->in;
	struct use_item *v;
	enum err e;

	if (in->export)
		REQ_MUST_WAIT(r);
	if ((!in->ids.n && !in->export) || in->ids.n > OPS_ENTRY_IDS)
		return ERR_RANGE;
	if (!(v = calloc(in->ids.n + 1, sizeof *v)))
		return ERR_NOMEM;
	if (!(e = take_ids(r, in, v)))
		e = hand_out(r, v);
	free(v);
	return e;
}
