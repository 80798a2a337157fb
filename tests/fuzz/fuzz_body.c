/*
 * The input as a decrypted body, and as a record applied to a small one.  What is accepted is
 * written again the same, every item is found, and what is refused changes nothing.
 */
#include "tests/unit/vault_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct fixture fx;
static struct buf before;

static void
start(void)
{
	if (fx.file.p != NULL)
		return;
	fixture_make(&fx);
	if (body_encode(&fx.body, 1, 1, &before) != ERR_OK)
		abort();
}

static void
walk(const struct body *b)
{
	struct item it, found;
	struct slot_note note;
	struct seed seed;
	struct tomb t;
	size_t pos = 0, n = 0;

	while (body_item_next(b, &pos, &it)) {
		n++;
		if (body_item_by_id(b, it.id.p, &found) != ERR_OK || found.id.p != it.id.p ||
		    body_item_by_label(b, it.kind, it.label, &found) != ERR_OK ||
		    !span_eq(found.label, it.label))
			abort();
	}
	if (n != body_items(b))
		abort();
	for (pos = 0; body_note_next(b, &pos, &note);)
		if (body_note_get(b, note.slot_id.p, &note) != ERR_OK)
			abort();
	for (pos = 0; body_seed_next(b, &pos, &seed);)
		if (body_seed_get(b, seed.generation, &seed) != ERR_OK)
			abort();
	for (pos = 0; body_tomb_next(b, &pos, &t);)
		if (t.id.len != 16)
			abort();
}

/* That it decodes again is seen in again(); cbor_check of the whole would say no to a value that is
 * kept raw and CBOR_DEPTH deep in itself, which is where its depth is counted. */
static void
encode(const struct body *b, struct buf *out)
{
	buf_reset(out);
	if (body_encode(b, 1, 1, out) != ERR_OK)
		abort();
}

/* encode(decode(encode(b))) == encode(b), and each item can be put again. */
static void
again(struct body *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	struct body c;
	struct item it;
	size_t pos = 0;

	encode(b, &x);
	if (body_clone(b, &c) != ERR_OK)
		abort();
	encode(&c, &y);
	if (!span_eq(buf_span(&x), buf_span(&y)))
		abort();
	while (pos < b->items.n && body_item_next(b, &pos, &it))
		if (body_item_put(&c, &it) != ERR_OK)
			abort();
	walk(&c);
	body_done(&c);
	buf_done(&x);
	buf_done(&y);
}

static void
as_body(struct span s)
{
	struct buf owner = BUF_INIT;
	struct body b;

	buf_put_span(&owner, s);
	if (body_decode(&b, &owner, buf_span(&owner)) == ERR_OK) {
		walk(&b);
		again(&b);
	} else if (b.plain.p != NULL || b.items.v != NULL) {
		abort();
	}
	body_done(&b);
}

static void
as_delta(struct span s)
{
	struct buf after = BUF_INIT;
	struct body b;
	enum err e;

	if (body_clone(&fx.body, &b) != ERR_OK)
		abort();
	e = body_apply(&b, s, fx.body.generation + 1);
	encode(&b, &after);
	if (e == ERR_OK) {
		walk(&b);
		again(&b);
	} else if (!span_eq(buf_span(&before), buf_span(&after))) {
		abort();
	}
	body_done(&b);
	buf_done(&after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	start();
	as_body(SPAN(p, n));
	as_delta(SPAN(p, n));
	return 0;
}
