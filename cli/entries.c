/* entries.c - entries of the vault, by pages and by batches. */
#include "cli/entries.h"

#include "lib/crypto.h"

/* Values in one request: the person is asked once for each, and what does not fit into the reply is
 * asked for again without a question. */
#define BATCH OPS_ENTRY_IDS

static enum err
one_page(const struct ops_entry_list_rep *rep, entries_fn *fn, void *arg)
{
	static struct ops_entry entry;
	struct cbor at = wire_each(&rep->entries);
	struct span raw;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at))
		if (!(e = cbor_skip(&at, &raw)) && !(e = wire_decode(&ops_entry_map, raw, &entry)))
			e = fn(arg, &entry, raw);
	return e;
}

enum err
entries_each(struct cli *c, bool removed, entries_fn *fn, void *arg)
{
	struct ops_entry_page q = { .removed = removed };
	struct ops_entry_list_rep rep;
	uint8_t cursor[64];
	enum err e;

	do {
		wire_mark(&ops_entry_page_map, &q);
		if ((e = cli_call(c, OP_ENTRY_LIST, &q, &rep)) || (e = one_page(&rep, fn, arg)))
			return e;
		if (rep.cursor.len > sizeof cursor)
			return ERR_TOOBIG;
		if (rep.cursor.len)
			memcpy(cursor, rep.cursor.p, rep.cursor.len);
		q.cursor = SPAN(cursor, rep.cursor.len);
	} while (q.cursor.len);
	return ERR_OK;
}

/* gnome-keyring gives it to what has none, some time after it was made. */
static bool
says_nothing(const struct ops_pair *p)
{
	return span_is(p->name, "xdg:schema") &&
	    span_is(p->value, "org.freedesktop.Secret.Generic");
}

void
entries_key(struct span collection, struct span label, const struct wire_list *attributes,
    uint8_t key[ENTRIES_KEY])
{
	struct buf b = BUF_INIT;
	struct cbor c = wire_each(attributes);
	struct ops_pair p;

	buf_put_lp(&b, collection);
	buf_put_lp(&b, label);
	while (!cbor_at_end(&c) && !wire_next(&ops_pair_map, &c, &p))
		if (!says_nothing(&p)) {
			buf_put_lp(&b, p.name);
			buf_put_lp(&b, p.value);
		}
	crypto_sha256(buf_span(&b), key);
	buf_done(&b);
}

/* ---- values ---- */
enum err
entries_prove(struct cli *c, const struct entries_proof *proof)
{
	struct ops_entry_get q = { .export = true,
		.proof = proof->ways,
		.proof_label = proof->label,
		.force = proof->force };

	wire_mark(&ops_entry_get_map, &q);
	return cli_call(c, OP_ENTRY_GET, &q, NULL);
}

struct fetch {
	struct cli *c;
	struct span ids;
	bool export;
	entries_value_fn *fn;
	void *arg;
};

static enum err
ask(const struct fetch *f, size_t at, size_t n, struct ops_entry_get_rep *rep)
{
	static struct span id[BATCH];
	struct ops_entry_get q = { .ids = { .v = id, .n = n }, .export = f->export };

	for (size_t i = 0; i < n; i++)
		id[i] = SPAN(f->ids.p + (at + i) * OPS_ID_LEN, OPS_ID_LEN);
	wire_mark(&ops_entry_get_map, &q);
	return cli_call(f->c, OP_ENTRY_GET, &q, rep);
}

/* *next: the first that did not fit; the reply has to be done with before it is asked for. */
static enum err
some(const struct fetch *f, size_t at, size_t n, size_t *next)
{
	struct ops_entry_get_rep rep;
	struct ops_entry_value v;
	struct cbor c;
	size_t i = 0;
	enum err e = ask(f, at, n, &rep);

	*next = at + n;
	if (e)
		return e;
	if (rep.values.n != n)
		return ERR_FORMAT;
	for (c = wire_each(&rep.values); !e && !cbor_at_end(&c); i++) {
		if ((e = wire_next(&ops_entry_value_map, &c, &v)))
			break;
		if (v.err == ERR_TOOBIG && n > 1) {
			*next = at + i;
			break;
		}
		e = f->fn(f->arg, at + i, &v);
	}
	return e;
}

enum err
entries_values(struct cli *c, struct span ids, bool export, entries_value_fn *fn, void *arg)
{
	struct fetch f = { c, ids, export, fn, arg };
	size_t n = ids.len / OPS_ID_LEN, next;
	enum err e = ERR_OK;

	for (size_t at = 0; at < n && !e; at = next) {
		size_t most = n - at < BATCH ? n - at : BATCH;

		e = term_is_cancelled() ? ERR_CANCELLED : some(&f, at, most, &next);
		if (!e && next == at) /* it alone fills a frame */
			e = some(&f, at, 1, &next);
	}
	return e;
}
