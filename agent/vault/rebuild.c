/* rebuild.c - a vault rebuilt from the recovery phrase alone. */
#include "agent/vault/rebuild.h"

#include <stdlib.h>

#include "agent/slot/slot.h"
#include "agent/vault/derive.h"
#include "agent/vault/identity.h"
#include "agent/vault/phrasejob.h"

/* ---- what the phrase gives ---- */
static enum err
take_generation(void *arg, const struct worker_event *ev)
{
	struct rebuild *r = arg;
	struct rebuild_seed *s;
	enum err e;

	if (ev->generation >= OPS_REBUILD_GENERATIONS || ev->hashes.len != GENERATION_HASHES ||
	    ev->seed.len != 32)
		return ERR_FORMAT;
	s = &r->seed[ev->generation];
	if (s->seed.p)
		return ERR_FORMAT;
	memcpy(s->hashes, ev->hashes.p, sizeof s->hashes);
	if ((e = sec_init_copy(&s->seed, ev->seed)) || (e = sec_init_copy(&s->backup, ev->backup)))
		return e;
	return derive_root(ev->seed, &s->root);
}

static enum err
take_phrase(void *arg, const struct worker_event *ev)
{
	struct rebuild *r = arg;

	if (ev->fpr.len != sizeof r->fpr)
		return ERR_FORMAT;
	memcpy(r->fpr, ev->fpr.p, sizeof r->fpr);
	return phrase_factor(ev, 0, &r->rec);
}

static enum err
ask(struct job *j, struct rebuild *r)
{
	struct span id = SPAN(r->n.phrase_id, 16);
	struct phrasejob p = { .kind = OPS_EV_NEED_WORDS,
		.text = "the 24 words of your recovery phrase, or your shares of it",
		.take = take_phrase,
		.take_generation = take_generation,
		.arg = r };

	p.q.op = WORKER_PHRASE_OPEN;
	p.q.generations = OPS_REBUILD_GENERATIONS;
	p.q.slot_ids = (struct wire_list){ .v = &id, .n = 1 };
	return phrasejob_run(j, &p);
}

enum err
rebuild_open(struct job *j, struct rebuild **out)
{
	struct rebuild *r = calloc(1, sizeof *r);
	enum err e;

	if (!r)
		return ERR_NOMEM;
	if (!(e = newvault_begin(&r->n)) && !(e = ask(j, r)) &&
	    !r->seed[OPS_REBUILD_GENERATIONS - 1].root.p)
		e = ERR_FORMAT;
	if (e)
		rebuild_free(r);
	else
		*out = r;
	return e;
}

void
rebuild_free(struct rebuild *r)
{
	if (!r)
		return;
	newvault_done(&r->n);
	sec_done(&r->rec);
	for (size_t i = 0; i < OPS_REBUILD_GENERATIONS; i++) {
		sec_done(&r->seed[i].seed);
		sec_done(&r->seed[i].backup);
		sec_done(&r->seed[i].root);
	}
	free(r);
}

/* ---- keys ---- */
enum err
rebuild_derive(const struct rebuild *r, struct rebuild_key *k, struct format_in *in)
{
	struct derive_path p = { .service = span_str(k->format->name),
		.account = k->account,
		.purpose = span_str(k->key->purpose),
		.epoch = (uint32_t)k->epoch };
	struct span alg = span_str(k->key->alg);
	enum err e;

	if (k->generation >= OPS_REBUILD_GENERATIONS)
		return ERR_RANGE;
	if ((e = derive_key(&r->seed[k->generation].root, &p, alg, &k->priv)) ||
	    (e = derive_public(alg, sec_span(&k->priv), &k->pub)) || (e = buf_err(&k->pub)))
		return e;
	*in = (struct format_in){
		.account = k->account, .priv = sec_span(&k->priv), .pub = buf_span(&k->pub)
	};
	return ERR_OK;
}

void
rebuild_key_done(struct rebuild_key *k)
{
	sec_done(&k->priv);
	buf_done(&k->pub);
}

/* ---- accounts ---- */
/* One line of text as one CBOR item, as publicpart.h keeps it. */
static enum err
public_line(const struct rebuild *r, struct rebuild_key *k, struct buf *out)
{
	const struct format_public *p =
	    format_public(k->format, span_str(k->key->purpose), SPAN_NONE);
	struct buf text = BUF_INIT;
	struct format_in in;
	enum err e;

	if (!p)
		return ERR_OK;
	if (!(e = rebuild_derive(r, k, &in)) && !(e = p->fn(&in, &text)) && !(e = buf_err(&text)))
		cbor_put_text(out, buf_span(&text));
	rebuild_key_done(k);
	buf_done(&text);
	return e ? e : buf_err(out);
}

static enum err
add_key(struct rebuild *r, const struct rebuild_account *a, const struct format_key *key)
{
	const struct item_epoch *now = &a->epoch[a->n - 1];
	struct identity_want w = { .format = a->format,
		.key = key,
		.account = a->account,
		.epoch = now->epoch,
		.generation = now->generation };
	struct rebuild_key k = { .format = a->format,
		.key = key,
		.account = a->account,
		.epoch = now->epoch,
		.generation = now->generation };
	struct buf line = BUF_INIT;
	struct identity id;
	struct item other;
	enum err e;

	if ((e = identity_make(&id, &w)))
		return e;
	if (!body_item_by_label(&r->n.body, ITEM_KEY, id.item.label, &other))
		e = ERR_EXISTS;
	if (!e && !(e = public_line(r, &k, &line))) {
		id.item.epochs = (struct wire_list){ .v = a->epoch, .n = a->n };
		id.item.public_part = line.len ? buf_span(&line) : SPAN_NONE;
		e = body_item_put(&r->n.body, &id.item);
	}
	buf_done(&line);
	identity_done(&id);
	return e;
}

static bool
is_meant(const struct rebuild_account *a, const struct format_key *k)
{
	if (!identity_is_derived(k))
		return false;
	if (a->purpose.len)
		return span_is(a->purpose, k->purpose);
	return identity_wants(k, a->account);
}

enum err
rebuild_add(struct rebuild *r, const struct rebuild_account *a)
{
	uint64_t top = r->top;
	bool found = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < a->n; i++)
		if (a->epoch[i].generation > top)
			top = a->epoch[i].generation;
	if (top >= OPS_REBUILD_GENERATIONS)
		return ERR_RANGE;
	for (size_t i = 0; i < a->format->nkey && !e; i++)
		if (is_meant(a, &a->format->key[i])) {
			e = add_key(r, a, &a->format->key[i]);
			found = true;
		}
	if (!e)
		r->top = top;
	return e ? e : found ? ERR_OK : ERR_NOTFOUND;
}

/* ---- the vault ---- */
static enum err
put_seed(struct rebuild *r, uint64_t g)
{
	struct generation_new n = { .generation = g, .now = r->n.now, .vrk = sec_span(&r->n.vrk) };
	const struct rebuild_seed *s = &r->seed[g];
	struct worker_event ev = { .seed = sec_span(&s->seed),
		.backup = sec_span(&s->backup),
		.fpr = SPAN(r->fpr, 4),
		.hashes = SPAN(s->hashes, sizeof s->hashes) };

	return generation_put(&r->n.body, &n, &ev);
}

enum err
rebuild_finish(struct rebuild *r, uint64_t at_least, bool one_way_in)
{
	struct defaults def = { .one_way_in = one_way_in, .created = r->n.now };
	uint64_t top = at_least > r->top ? at_least : r->top;
	enum err e;

	if (top >= OPS_REBUILD_GENERATIONS)
		return ERR_RANGE;
	for (uint64_t g = 0; g <= top; g++)
		if ((e = put_seed(r, g)))
			return e;
	if ((e = newvault_phrase(&r->n, sec_span(&r->rec))))
		return e;
	return newvault_defaults(&r->n, &def);
}
