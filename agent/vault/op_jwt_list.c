/* op_jwt_list.c - whom an issuer may make tokens for: allowed, listed, forgotten. */
#include <time.h>

#include "agent/format/oidc.h"
#include "agent/vault/audit.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/jwtlist.h"
#include "agent/vault/op.h"
#include "agent/vault/op_jwt.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"

#define PAGE_BYTES (OPS_FRAME_MAX / 2)
#define LOOK_MOST  8192 /* items in one page */

/* The identity is there; what is recorded is about it. */
static enum err
find_issuer(struct req *r, struct span issuer)
{
	struct item it;
	enum err e = op_jwt_key(r, issuer, OIDC_SUBJECT, &it);

	if (!e)
		audit_about(r, it.id.p);
	return e;
}

/* ---- allow ---- */
static enum err
check(const struct ops_jwt_name *n)
{
	if (!text_is_name(n->name) || (n->sector.len && !text_is_name(n->sector)))
		return ERR_TEXT;
	if (n->kind == JWT_ACCOUNT &&
	    (n->name.len > JWT_ACCOUNT_MAX || n->sector.len || n->is_public))
		return ERR_RANGE;
	return n->is_public && n->sector.len ? ERR_RANGE : ERR_OK;
}

static bool
is_same(const struct ops_jwt_name *a, const struct ops_jwt_name *b)
{
	return span_eq(a->sector, b->sector) && a->is_public == b->is_public &&
	    span_eq(a->note, b->note);
}

/* The item of one name, and what it borrows until it was encoded. */
struct making {
	struct item it;
	struct itemop_new fresh;
	struct itemop_rev rev;
	struct item_attr attr[3];
	size_t nattr;
	struct buf label;
};

static void
add_attribute(struct making *m, const char *name, struct span value)
{
	struct item_attr *a = &m->attr[m->nattr];

	if (!value.len)
		return;
	*a = (struct item_attr){ .name = span_str(name), .value = value };
	wire_mark(&item_attr_map, a);
	m->nattr++;
}

static enum err
put_name(const struct ops_jwt_name *n, struct making *m, struct delta *d)
{
	enum err e = buf_err(&m->label);

	add_attribute(m, "sector", n->sector);
	add_attribute(m, "public", n->is_public ? SPAN_LIT("1") : SPAN_NONE);
	add_attribute(m, "note", n->note);
	m->it.attributes = (struct wire_list){ .v = m->attr, .n = m->nattr };
	m->it.has = 0;
	wire_mark(&item_map, &m->it);
	if (!e)
		delta_item(d, &m->it);
	return e ? e : d->err;
}

/* d NULL: only count. */
static enum err
allow_one(
    struct req *r, const struct ops_jwt_name *n, struct delta *d, struct ops_jwt_allow_rep *rep)
{
	const struct ops_jwt_allow *in = r->in;
	struct making m = { .nattr = 0 };
	struct ops_jwt_name have;
	enum err e;

	if ((e = check(n)))
		return e;
	if (!jwtlist_find(r->v, in->issuer, n->kind, n->name, &m.it) &&
	    jwtlist_read(r->v, in->issuer, &m.it, &have)) {
		if (is_same(n, &have))
			return ERR_OK;
		rep->changed++;
		if (!d)
			return ERR_OK;
		e = itemop_next(&m.it, &m.rev);
	} else {
		rep->added++;
		if (!d)
			return ERR_OK;
		itemop_new(&m.fresh, ITEM_JWT, &m.it);
		jwtlist_label(in->issuer, n->kind, n->name, &m.label);
		m.it.label = buf_span(&m.label);
	}
	if (!e)
		e = put_name(n, &m, d);
	buf_done(&m.label);
	return e;
}

static enum err
allow_all(struct req *r, struct delta *d, struct ops_jwt_allow_rep *rep)
{
	const struct ops_jwt_allow *in = r->in;
	struct cbor c = wire_each(&in->names);
	struct ops_jwt_name n;
	enum err e = ERR_OK;

	*rep = (struct ops_jwt_allow_rep){ .has = 0 };
	for (size_t i = 0; i < in->names.n && !e; i++)
		if (!(e = wire_next(&ops_jwt_name_map, &c, &n)))
			e = allow_one(r, &n, d, rep);
	if (!e && body_items(&r->v->open.body) + rep->added > BODY_ITEMS)
		e = ERR_LIMIT;
	wire_mark(&ops_jwt_allow_rep_map, rep);
	return e;
}

/* Who asks for what is there already need not prove anything. */
enum err
op_jwt_allow(struct req *r)
{
	const struct ops_jwt_allow *in = r->in;
	struct proof p = { .ways = in->proof,
		.label = in->proof_label,
		.force = in->force,
		.request = in->names.raw };
	struct ops_jwt_allow_rep rep;
	struct delta d = DELTA_INIT;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = find_issuer(r, in->issuer)) || (e = allow_all(r, NULL, &rep)))
		return e;
	if (!rep.added && !rep.changed)
		return req_reply(r, &rep);
	if ((e = policy_prove(r, &p, NULL)) || (e = store_take(r->job)) ||
	    (e = find_issuer(r, in->issuer)))
		return e;
	if (!(e = allow_all(r, &d, &rep)) && !(e = store_append(r->job, &d)))
		e = req_reply(r, &rep);
	delta_done(&d);
	return e;
}

/* ---- forget ---- */
static enum err
forget_one(struct req *r, const struct ops_jwt_name *n, struct delta *d, uint64_t *removed)
{
	const struct ops_jwt_forget *in = r->in;
	struct body_tomb_revs revs;
	struct item it;
	struct tomb t;

	if (jwtlist_find(r->v, in->issuer, n->kind, n->name, &it))
		return ERR_OK;
	body_item_tomb(&r->v->open.body, &it, (uint64_t)time(NULL), &t, &revs);
	delta_tomb(d, &t);
	++*removed;
	return d->err;
}

static enum err
forget_all(struct req *r, struct delta *d, uint64_t *removed)
{
	const struct ops_jwt_forget *in = r->in;
	struct cbor c = wire_each(&in->names);
	struct ops_jwt_name n;
	enum err e = ERR_OK;

	for (size_t i = 0; i < in->names.n && !e; i++)
		if (!(e = wire_next(&ops_jwt_name_map, &c, &n)))
			e = forget_one(r, &n, d, removed);
	return e;
}

/* Merging may have left two with one label: until there is none. */
enum err
op_jwt_forget(struct req *r)
{
	const struct ops_jwt_forget *in = r->in;
	struct ops_jwt_forget_rep rep = { .has = 1 };
	uint64_t n;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = store_take(r->job)) || (e = find_issuer(r, in->issuer)))
		return e;
	do {
		struct delta d = DELTA_INIT;

		n = 0;
		if (!(e = forget_all(r, &d, &n)) && n)
			e = store_append(r->job, &d);
		delta_done(&d);
		rep.removed += n;
	} while (!e && n);
	return e ? e : req_reply(r, &rep);
}

/* ---- list ---- */
static bool
contains(struct span text, struct span part)
{
	return !part.len || (text.len && memmem(text.p, text.len, part.p, part.len));
}

static bool
is_wanted(const struct ops_jwt_page *in, const struct ops_jwt_name *n)
{
	if (wire_has(&ops_jwt_page_map, in, "kind") && n->kind != in->kind)
		return false;
	return contains(n->name, in->match) || contains(n->note, in->match);
}

static enum err
put_page(struct req *r, size_t *pos, struct buf *rows, size_t *n)
{
	const struct ops_jwt_page *in = r->in;
	struct ops_jwt_name row;
	struct item it;
	size_t looked = 0;
	enum err e;

	while (*n < OPS_PAGE && rows->len < PAGE_BYTES && looked++ < LOOK_MOST) {
		if (!body_kind_next(&r->v->open.body, ITEM_JWT, pos, &it)) {
			*pos = 0;
			break;
		}
		if (!jwtlist_read(r->v, in->issuer, &it, &row) || !is_wanted(in, &row))
			continue;
		wire_mark(&ops_jwt_name_map, &row);
		if ((e = wire_encode(&ops_jwt_name_map, &row, rows)))
			return e;
		++*n;
	}
	return buf_err(rows);
}

enum err
op_jwt_list(struct req *r)
{
	const struct ops_jwt_page *in = r->in;
	struct ops_jwt_list_rep rep = { .has = 0 };
	struct buf rows = BUF_INIT;
	uint8_t cursor[8];
	struct item it;
	size_t pos;
	enum err e;

	if (in->cursor.len && in->cursor.len != sizeof cursor)
		return ERR_RANGE;
	pos = in->cursor.len ? (size_t)be64(in->cursor.p) : 0;
	if ((e = op_jwt_key(r, in->issuer, OIDC_SUBJECT, &it)))
		return e;
	if (!(e = put_page(r, &pos, &rows, &rep.names.n))) {
		put_be64(cursor, pos);
		rep.names.raw = buf_span(&rows);
		rep.cursor = pos ? SPAN(cursor, sizeof cursor) : SPAN_NONE;
		wire_mark(&ops_jwt_list_rep_map, &rep);
		rep.has |= 1;
		e = req_reply(r, &rep);
	}
	buf_done(&rows);
	return e;
}
