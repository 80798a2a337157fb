/* Making logs, and logs as text.  What is made here has passed the reader. */
#include "lib/crypto.h"
#include "lib/didkey.h"
#include "lib/succession_rules.h"
#include "lib/text.h"
#include "lib/textblock.h"

#define BLOCK "SUCCESSION"

static const struct succession_state nothing;

struct succession_binding
succession_carry(const struct succession_state *st, size_t i)
{
	const struct succession_bound *b = &st->bound[i];

	return (struct succession_binding){ .service = st->service,
		.account = st->account,
		.purpose = b->purpose,
		.alg = b->alg,
		.digest = SPAN(b->digest, 32),
		.epoch = b->epoch };
}

/* --- an entry --- */

/* The bindings as the raw items of a list: their presence bits are ours to set. */
static enum err
put_bindings(const struct succession_change *c, struct buf *b)
{
	struct succession_binding one;
	enum err e;

	for (size_t i = 0; i < c->n; i++) {
		one = c->bindings[i];
		wire_mark(&succession_binding_map, &one);
		if ((e = wire_encode(&succession_binding_map, &one, b)) != ERR_OK)
			return e;
	}
	return buf_err(b);
}

static void
fill(struct succession_entry *e, const struct succession_state *st,
    const struct succession_change *c, struct span *key)
{
	bool moves = e->type == SUCCESSION_INCEPT || e->type == SUCCESSION_ROTATE;

	e->version = 1;
	e->id = SPAN(st->id, SUCCESSION_ID);
	e->seq = st->n;
	if (st->n > 0)
		e->prev = SPAN(st->head, 32);
	*key = SPAN(moves ? c->key : st->key, 32);
	e->keys = (struct wire_list){ .v = key, .n = 1 };
	e->next = SPAN(moves ? c->next : st->next, 32);
	e->time = c->time < st->time ? st->time : c->time;
	e->reason = c->reason;
	wire_mark(&succession_entry_map, e);
}

static enum err
encode(struct succession_entry *e, struct buf *b)
{
	uint8_t id[SUCCESSION_ID];
	enum err r;

	if (e->type == SUCCESSION_INCEPT) {
		if ((r = succession_id(e, id)) != ERR_OK)
			return r;
		e->id = SPAN(id, SUCCESSION_ID);
	}
	return wire_encode(&succession_entry_map, e, b);
}

static enum err
check(const struct succession_state *st, struct span entry)
{
	struct succession_entry e;
	enum err r;

	if ((r = succession_parse(entry, &e)) != ERR_OK)
		return r;
	return succession_may_follow(st, &e);
}

enum err
succession_make(enum succession_type type, const struct succession_state *st,
    const struct succession_change *c, struct buf *entry)
{
	struct buf rows = BUF_INIT, b = BUF_INIT;
	struct succession_entry e = { .type = type };
	struct span key;
	enum err r;

	if ((st == NULL) != (type == SUCCESSION_INCEPT))
		return ERR_SUCC_RULE;
	if (st == NULL)
		st = &nothing;
	if ((r = put_bindings(c, &rows)) != ERR_OK)
		goto out;
	e.bindings = (struct wire_list){ .n = c->n, .raw = buf_span(&rows) };
	fill(&e, st, c, &key);
	if ((r = encode(&e, &b)) != ERR_OK || (r = check(st, buf_span(&b))) != ERR_OK)
		goto out;
	buf_put_span(entry, buf_span(&b));
	r = buf_err(entry);
out:
	buf_done(&rows);
	buf_done(&b);
	return r;
}

/* --- a log --- */

static enum err
put_signed(struct span entry, const struct succession_proof *proof, size_t n, struct buf *b)
{
	struct succession_signature sig[SUCCESSION_KEYS + 1] = { 0 };
	struct succession_signed s = { .entry = entry, .signatures = { .v = sig, .n = n } };

	if (n == 0 || n > SUCCESSION_KEYS + 1)
		return ERR_RANGE;
	for (size_t i = 0; i < n; i++) {
		sig[i].key = SPAN(proof[i].key, 32);
		sig[i].sig = SPAN(proof[i].sig, 64);
		wire_mark(&succession_signature_map, &sig[i]);
	}
	wire_mark(&succession_signed_map, &s);
	return wire_encode(&succession_signed_map, &s, b);
}

static enum err
verifies(struct span log)
{
	struct succession_state st;

	return succession_verify(log, &st);
}

enum err
succession_append(struct span log, struct span entry, const struct succession_proof *proof,
    size_t n, struct buf *out)
{
	struct cbor c = cbor_from(log);
	struct buf b = BUF_INIT;
	size_t had = 0;
	enum err e = ERR_OK;

	if (log.len > 0 && (e = cbor_get_array(&c, &had)) != ERR_OK)
		return e;
	cbor_put_array(&b, had + 1);
	buf_put(&b, c.p, (size_t)(c.end - c.p));
	if ((e = put_signed(entry, proof, n, &b)) != ERR_OK ||
	    (e = verifies(buf_span(&b))) != ERR_OK)
		goto out;
	buf_put_span(out, buf_span(&b));
	e = buf_err(out);
out:
	buf_done(&b);
	return e;
}

/* --- as text --- */

enum err
succession_print(struct span log, struct buf *out)
{
	struct succession_state st;
	char did[DIDKEY_TEXT];
	enum err e;

	if ((e = succession_verify(log, &st)) != ERR_OK)
		return e;
	didkey_print(st.key, did);
	buf_put_span(out, st.service);
	buf_put_u8(out, ' ');
	text_printable(st.account, out);
	buf_putf(out, ", %zu %s, %s key %s\n", st.n, st.n == 1 ? "entry" : "entries",
	    st.revoked ? "REVOKED" : "current", did);
	buf_put_str(out, "(these lines are not signed: only the block counts)\n");
	textblock_write(BLOCK, log, out);
	return buf_err(out);
}

enum err
succession_find_text(struct span text, struct buf *log)
{
	return textblock_read(BLOCK, text, SUCCESSION_LOG_MAX, log);
}
