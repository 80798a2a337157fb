/* op_rebuild.c - a vault is rebuilt from the recovery phrase alone. */
#include <stdlib.h>

#include "agent/vault/identity.h"
#include "agent/vault/op.h"
#include "agent/vault/public.h"
#include "agent/vault/rebuild.h"

#define EPOCHS 3

static struct rebuild *one;

void
op_rebuild_forget(const struct client *c)
{
	if (!one || one->conn != c->conn)
		return;
	rebuild_free(one);
	one = NULL;
}

static enum err
ours(const struct req *r)
{
	return one && r->c && one->conn == r->c->conn ? ERR_OK : ERR_NOTFOUND;
}

/* ---- open ---- */
static enum err
answer_open(struct req *r)
{
	static struct ops_pair rows[64];
	struct ops_rebuild_open_rep rep = { .fingerprint = SPAN(one->fpr, 4),
		.services = { .v = rows, .n = nformats } };

	for (size_t i = 0; i < nformats; i++) {
		rows[i] = (struct ops_pair){ .name = span_str(formats[i]->name),
			.value = span_str(formats[i]->account) };
		wire_mark(&ops_pair_map, &rows[i]);
	}
	wire_mark(&ops_rebuild_open_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_rebuild_open(struct req *r)
{
	struct rebuild *made;
	enum err e;

	REQ_MUST_WAIT(r);
	if (r->v->open.is)
		return ERR_VAULT_EXISTS;
	if ((e = newvault_none_yet(r->job)) || (e = rebuild_open(r->job, &made)))
		return e;
	if (!r->c) {
		rebuild_free(made);
		return ERR_CANCELLED;
	}
	rebuild_free(one);
	one = made;
	one->conn = r->c->conn;
	return answer_open(r);
}

enum err
op_rebuild_close(struct req *r)
{
	if (r->c)
		op_rebuild_forget(r->c);
	return ERR_OK;
}

/* ---- preview ---- */
/* The key that people know an account by: the first with a public half. */
static const struct format_key *
known_by(const struct format *f, struct span account)
{
	for (size_t i = 0; i < f->nkey; i++)
		if (identity_wants(&f->key[i], account) &&
		    format_public(f, span_str(f->key[i].purpose), SPAN_NONE))
			return &f->key[i];
	return NULL;
}

static enum err
put_row(struct rebuild_key *k, struct buf *mem, struct ops_item *row)
{
	static const uint8_t none[16];
	const struct format_public *p =
	    format_public(k->format, span_str(k->key->purpose), SPAN_NONE);
	struct format_in in;
	size_t at = mem->len;
	enum err e;

	if (!(e = rebuild_derive(one, k, &in)) && !(e = p->fn(&in, mem)))
		e = buf_err(mem);
	rebuild_key_done(k);
	if (e)
		return e;
	*row = (struct ops_item){ .id = SPAN(none, sizeof none), /* not an item yet */
		.label = k->account,
		.service = span_str(k->format->name),
		.account = k->account,
		.purpose = span_str(k->key->purpose),
		.alg = span_str(k->key->alg),
		.epoch = k->epoch,
		.generation = k->generation,
		.shown = SPAN(mem->p + at, mem->len - at) };
	wire_mark(&ops_item_map, row);
	return ERR_OK;
}

static enum err
find_format(struct span service, struct span account, const struct format **f)
{
	if (!(*f = format_find(service)))
		return ERR_UNSUPPORTED;
	return (*f)->check ? (*f)->check(account) : ERR_OK;
}

enum err
op_rebuild_preview(struct req *r)
{
	static struct ops_item rows[OPS_REBUILD_GENERATIONS * OPS_REBUILD_EPOCHS];
	const struct ops_rebuild_preview *in = r->in;
	struct ops_item_list_rep rep = { .items.v = rows };
	uint64_t epochs = in->epochs ? in->epochs : EPOCHS;
	struct rebuild_key k = { .account = in->account };
	struct buf mem = BUF_INIT;
	enum err e;

	if ((e = ours(r)) || (e = find_format(in->service, in->account, &k.format)))
		return e;
	if (!(k.key = known_by(k.format, in->account)))
		return ERR_UNSUPPORTED;
	if (!buf_room(&mem, sizeof rows / sizeof *rows * ITEMOP_ROW))
		return ERR_NOMEM;
	for (k.generation = 0; k.generation < OPS_REBUILD_GENERATIONS && !e; k.generation++)
		for (k.epoch = 0; k.epoch < epochs && !e; k.epoch++)
			e = put_row(&k, &mem, &rows[rep.items.n++]);
	wire_mark(&ops_item_list_rep_map, &rep);
	if (!e)
		e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

/* ---- add ---- */
static enum err
take_epochs(const struct wire_list *l, struct item_epoch *out, size_t *n)
{
	struct cbor c = wire_each(l);
	struct ops_rebuild_epoch row;
	enum err e;

	for (*n = 0; !cbor_at_end(&c); ++*n) {
		if ((e = wire_next(&ops_rebuild_epoch_map, &c, &row)))
			return e;
		if (*n && row.epoch <= out[*n - 1].epoch)
			return ERR_RANGE;
		out[*n] = (struct item_epoch){ .epoch = row.epoch,
			.generation = row.generation,
			.state = cbor_at_end(&c) ? EPOCH_ACTIVE : EPOCH_RETIRED,
			.created = one->n.now };
		wire_mark(&item_epoch_map, &out[*n]);
		wire_set(&item_epoch_map, &out[*n], "generation");
	}
	return *n ? ERR_OK : ERR_RANGE;
}

enum err
op_rebuild_add(struct req *r)
{
	const struct ops_rebuild_add *in = r->in;
	struct item_epoch epoch[OPS_REBUILD_EPOCHS];
	struct rebuild_account a = {
		.account = in->account, .purpose = in->purpose, .epoch = epoch
	};
	enum err e;

	if ((e = ours(r)) || (e = find_format(in->service, in->account, &a.format)) ||
	    (e = take_epochs(&in->epochs, epoch, &a.n)))
		return e;
	return rebuild_add(one, &a);
}

/* ---- commit ---- */
static void
fill_ways(const struct ops_rebuild_commit *in, struct newvault_ways *w)
{
	*w = (struct newvault_ways){ .ways = in->ways,
		.token = in->token,
		.token_label = in->token_label,
		.no_pin = in->no_pin,
		.and_pass = in->and_pass,
		.force = in->force,
		.argon_m = in->argon_m,
		.argon_t = in->argon_t,
		.phrase = true,
		.one_way_in = in->one_way_in };
}

static enum err
answer_commit(struct req *r, const struct rebuild *b)
{
	struct vault *v = r->v;
	struct ops_init_rep rep = { .fingerprint = SPAN(b->fpr, 4), .note = span_str(b->n.note) };

	op_unlocked(v, 0);
	public_send(v);
	rep.vault_id = SPAN(v->open.outer.vault_id, 16);
	rep.path = span_str(v->store.path);
	wire_mark(&ops_init_rep_map, &rep);
	return req_reply(r, &rep);
}

/* It is not `one` any more while the person is asked: a second commit finds nothing. */
static enum err
commit(struct req *r, struct rebuild *b)
{
	const struct ops_rebuild_commit *in = r->in;
	struct newvault_ways w;
	enum err e, told;

	fill_ways(in, &w);
	if ((e = newvault_none_yet(r->job)) || (e = newvault_enrol(&b->n, r->job, &w)) ||
	    (e = rebuild_finish(b, in->generation, in->one_way_in)))
		return e;
	e = newvault_write(&b->n, r->job);
	if (e && e != ERR_VAULT_UNSURE)
		return e;
	told = answer_commit(r, b);
	return e ? e : told;
}

enum err
op_rebuild_commit(struct req *r)
{
	struct newvault_ways w;
	struct rebuild *b;
	enum err e;

	REQ_MUST_WAIT(r);
	fill_ways(r->in, &w);
	if ((e = ours(r)) || (e = newvault_check(&w)))
		return e;
	b = one;
	one = NULL;
	e = commit(r, b);
	rebuild_free(b);
	return e;
}
