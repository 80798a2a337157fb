/* merge.c - two copies of one vault become one: the whole, its report, its digest. */
#include <stdlib.h>

#include "agent/vault/merge_parts.h"
#include "lib/crypto.h"

/* ---- the report ---- */
static const char *const event_text[MERGE_EVENTS] = {
	[MERGE_ADDED] = "was added on the other copy, and taken from it",
	[MERGE_CHANGED] = "was changed on the other copy, and taken from it",
	[MERGE_JOINED] = "was changed on both copies, and joined",
	[MERGE_CONFLICT_OURS] = "is what the other copy had: both were changed, the one here stays",
	[MERGE_CONFLICT_THEIRS] = "is what was here: both were changed, the other one won",
	[MERGE_SETTLED] = "is no conflict any more",
	[MERGE_REMOVED] = "was removed on the other copy",
	[MERGE_KEPT] = "was removed on one copy and changed on the other: it is kept",
	[MERGE_SAME_NAME] = "is the name of two different things now: rename one of them",
	[MERGE_SLOT_ADDED] = "is a way in of the other copy, and opens this one now, too",
	[MERGE_SLOT_REMOVED] = "is a way in that was removed on the other copy",
	[MERGE_SEED] = "is a generation of the recovery phrase that only the other copy had",
	[MERGE_VALUE] = "is a record that was changed on both copies, and joined",
	[MERGE_DROPPED] = "is a record whose oldest rows were dropped: there were too many",
};

const char *
merge_event_text(enum merge_event what)
{
	return what < MERGE_EVENTS ? event_text[what] : "";
}

static bool
room(struct merge_report *r)
{
	size_t cap = r->cap ? r->cap * 2 : 64;
	struct merge_row *row;

	if (r->n < r->cap)
		return true;
	if (!(row = realloc(r->row, cap * sizeof *row)))
		return false;
	r->row = row;
	r->cap = cap;
	return true;
}

void
merge_say(struct merge_report *r, enum merge_event what, struct span label)
{
	r->count[what]++;
	if (r->n >= MERGE_ROWS)
		return;
	if (!room(r)) {
		r->text.failed = true;
		return;
	}
	r->row[r->n++] = (struct merge_row){ what, r->text.len, label.len };
	buf_put_span(&r->text, label);
}

void
merge_report_done(struct merge_report *r)
{
	buf_done(&r->text);
	free(r->row);
	*r = (struct merge_report){ .text = BUF_INIT };
}

int
merge_order(struct span a, struct span b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.p, b.p, a.len) : 0;
}

/* ---- of one line? ---- */
static bool
is_same_vault(const struct outer *a, const struct outer *b)
{
	return memcmp(a->vault_id, b->vault_id, 16) == 0 &&
	    memcmp(a->prf_salt, b->prf_salt, 32) == 0 &&
	    memcmp(a->hard_salt, b->hard_salt, 32) == 0 && strcmp(a->rp_id, b->rp_id) == 0;
}

/* The earlier t of one are those of the other, which may know more of them. */
static enum err
merge_lines(struct merge *m)
{
	struct span a = buf_span(&m->copy[0].body->lines), b = buf_span(&m->copy[1].body->lines);
	struct span more = a.len > b.len ? a : b;
	size_t common = a.len < b.len ? a.len : b.len;

	if (!is_same_vault(m->copy[0].outer, m->copy[1].outer) ||
	    (common && memcmp(a.p, b.p, common) != 0))
		return ERR_MERGE_LINES;
	buf_put_span(&m->body->lines, more);
	return buf_err(&m->body->lines);
}

/* ---- all of it ---- */
enum err
merge_copies(
    const struct merge_in *in, struct outer *outer, struct body *body, struct merge_report *rep)
{
	struct merge m = { .copy = { in->ours, in->theirs },
		.vrk = in->vrk,
		.outer = outer,
		.body = body,
		.rep = rep };
	const struct body *a = in->ours.body, *b = in->theirs.body;
	enum err e;

	body_init(body);
	body->generation = merge_later(a->generation, b->generation);
	body->saved_at = merge_later(a->saved_at, b->saved_at);
	if (!(e = merge_lines(&m)) && !(e = merge_tombs(&m)) && !(e = merge_slots(&m)) &&
	    !(e = merge_seeds(&m)) && !(e = merge_items(&m)) && !(e = merge_values(&m)))
		e = buf_err(&rep->text);
	buf_done(&m.known);
	if (e)
		body_done(body);
	return e;
}

/* ---- comparing ---- */
/* Without what is sealed: its nonce is another one each time, and the rev_id stands for it. */
static enum err
put_item(const struct item *full, struct buf *out)
{
	struct item it = *full;

	buf_put_u32(out, (uint32_t)it.secret.len);
	it.secret = SPAN_NONE;
	return body_item_encode(&it, out);
}

static enum err
put_items(const struct body *b, struct buf *out)
{
	struct item it;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && body_item_next(b, &pos, &it))
		e = put_item(&it, out);
	return e;
}

static void
put_seed(const struct seed *s, struct buf *out)
{
	buf_put_u64(out, s->generation);
	buf_put_u32(out, (uint32_t)s->backup.len);
	buf_put_lp(out, s->fpr);
	buf_put_u64(out, s->created);
	buf_put_u64(out, s->exposed);
	buf_put_span(out, s->rest.raw);
}

static void
put_rows(const struct rows *r, struct buf *out)
{
	buf_put_u64(out, r->n);
	for (size_t i = 0; i < r->n; i++) {
		buf_put_u64(out, r->v[i].key);
		buf_put_span(out, rows_raw(r, i));
	}
}

static enum err
put_content(const struct outer *o, const struct body *b, struct buf *out)
{
	struct seed s;
	size_t pos = 0;
	enum err e;

	for (size_t i = 0; i < OUTER_SLOTS; i++)
		buf_put(out, o->raw + OUTER_HEAD + i * OUTER_SLOT_SIZE, OUTER_SLOT_SIZE);
	put_rows(&b->notes, out);
	while (body_seed_next(b, &pos, &s))
		put_seed(&s, out);
	if ((e = put_items(b, out)))
		return e;
	put_rows(&b->tombs, out);
	put_rows(&b->other, out);
	buf_put_span(out, buf_span(&b->lines));
	return buf_err(out);
}

/* Merged with itself, content has one form only. */
enum err
merge_digest(const struct merge_copy *c, struct span vrk, uint8_t digest[32])
{
	struct merge_in in = { .ours = *c, .theirs = *c, .vrk = vrk };
	struct merge_report rep = { .text = BUF_INIT };
	struct buf content = BUF_INIT;
	struct outer *o;
	struct body b;
	enum err e;

	if (!(o = malloc(sizeof *o)))
		return ERR_NOMEM;
	if (!(e = merge_copies(&in, o, &b, &rep)) && !(e = put_content(o, &b, &content)))
		crypto_sha256(buf_span(&content), digest);
	buf_done(&content);
	merge_report_done(&rep);
	body_done(&b);
	free(o);
	return e;
}

enum err
merge_same(const struct merge_copy *a, const struct merge_copy *b, struct span vrk, bool *same)
{
	uint8_t x[32], y[32];
	enum err e;

	*same = false;
	if (!(e = merge_digest(a, vrk, x)) && !(e = merge_digest(b, vrk, y)))
		*same = memcmp(x, y, sizeof x) == 0;
	return e;
}
