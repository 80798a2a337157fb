/* merge_slots.c - ways in with their notes, and seeds, of two copies. */
#include <stdlib.h>

#include "agent/vault/keys.h"
#include "agent/vault/merge_parts.h"
#include "lib/crypto.h"

/* ---- slots ---- */
static struct span
raw_slot(const struct outer *o, size_t i)
{
	return SPAN(o->raw + OUTER_HEAD + i * OUTER_SLOT_SIZE, OUTER_SLOT_SIZE);
}

static bool
is_taken(const struct outer *o, size_t i)
{
	return o->slot_err[i] || o->slot[i].kind != SLOT_EMPTY;
}

/* One way in, or one place that this version cannot read, of either copy. */
struct place {
	struct span raw;
	const struct slot *slot; /* NULL when it cannot be read */
	const struct body *body; /* where its note is */
};

/* The id of a place that cannot be read is not to be trusted: the whole is. */
static bool
is_same_place(const struct place *a, const struct place *b)
{
	if (!a->slot || !b->slot)
		return a->slot == b->slot && span_eq(a->raw, b->raw);
	return memcmp(a->slot->id, b->slot->id, 16) == 0;
}

/* What belongs to the credential and its salt: it goes with the slot that is taken. */
static int
credential_order(const struct slot_note *a, const struct slot_note *b)
{
	int order = merge_order(a->auth, b->auth);

	order = order ? order : merge_order(a->aaguid, b->aaguid);
	return order ? order : merge_order(a->hard_pk, b->hard_pk);
}

static struct slot_note
note_of(const struct body *b, const uint8_t id[16])
{
	struct slot_note n;

	return body_note_get(b, id, &n) ? (struct slot_note){ 0 } : n;
}

/* Of one way in: a wrap that needs nobody's help before a deferred one. */
static bool
is_better(const struct place *a, const struct place *b)
{
	struct slot_note x, y;
	int order;

	if (!a->slot || !b->slot)
		return false;
	if (a->slot->wrap != b->slot->wrap)
		return a->slot->wrap == WRAP_PLAIN;
	if ((order = merge_order(a->raw, b->raw)))
		return order > 0;
	x = note_of(a->body, a->slot->id);
	y = note_of(b->body, b->slot->id);
	return credential_order(&x, &y) > 0;
}

static int
by_age(const void *x, const void *y)
{
	const struct place *a = x, *b = y;
	int order = 0;

	if (!a->slot != !b->slot)
		return a->slot ? -1 : 1;
	if (a->slot && a->slot->created != b->slot->created)
		return a->slot->created < b->slot->created ? -1 : 1;
	if (a->slot)
		order = memcmp(a->slot->id, b->slot->id, 16);
	return order ? order : merge_order(a->raw, b->raw);
}

static void
say_slot(struct merge *m, enum merge_event what, const struct place *p)
{
	merge_say(m->rep, what, p->slot ? note_of(p->body, p->slot->id).label : SPAN_NONE);
}

static void
take_place(struct merge *m, struct place *v, size_t *n, const struct place *p)
{
	bool theirs = p->body == m->copy[1].body && p->body != m->copy[0].body;
	struct tomb t;
	size_t i = 0;

	if (p->slot && merge_tomb(m, TOMB_SLOT, p->slot->id, &t)) {
		if (!theirs)
			say_slot(m, MERGE_SLOT_REMOVED, p);
		return;
	}
	while (i < *n && !is_same_place(&v[i], p))
		i++;
	if (i == *n && theirs)
		say_slot(m, MERGE_SLOT_ADDED, p);
	if (i == *n)
		v[(*n)++] = *p;
	else if (is_better(p, &v[i]))
		v[i] = *p;
}

static size_t
take_places(struct merge *m, struct place *v)
{
	size_t n = 0;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < OUTER_SLOTS; i++) {
			const struct outer *o = m->copy[k].outer;
			struct place p = { .raw = raw_slot(o, i),
				.slot = o->slot_err[i] ? NULL : &o->slot[i],
				.body = m->copy[k].body };

			if (is_taken(o, i))
				take_place(m, v, &n, &p);
		}
	qsort(v, n, sizeof *v, by_age);
	return n;
}

static void
put_places(struct merge *m, const struct place *v, size_t n)
{
	struct outer *o = m->outer;

	*o = *m->copy[0].outer;
	for (size_t i = 0; i < OUTER_SLOTS; i++) {
		uint8_t *raw = o->raw + OUTER_HEAD + i * OUTER_SLOT_SIZE;

		outer_slot_clear(o, i);
		if (i >= n)
			continue;
		memcpy(raw, v[i].raw.p, OUTER_SLOT_SIZE);
		o->slot_err[i] = outer_slot_parse(raw, &o->slot[i]);
	}
	/* what came from elsewhere is of another length: the writer sets all three */
	outer_set_body(o, m->body->generation, m->copy[0].outer->body_len);
}

/* ---- notes ---- */
static void
join_note(struct slot_note *a, const struct slot_note *b)
{
	if (b->labelled > a->labelled ||
	    (b->labelled == a->labelled && merge_order(b->label, a->label) > 0))
		a->label = b->label;
	a->labelled = merge_later(a->labelled, b->labelled);
	a->added = merge_earlier(a->added, b->added);
	a->last_used = merge_later(a->last_used, b->last_used);
	a->last_verified = merge_later(a->last_verified, b->last_verified);
	if (merge_order(b->rest.raw, a->rest.raw) > 0)
		a->rest = b->rest;
}

static enum err
put_note(struct merge *m, struct span id, const struct place *v, size_t n)
{
	const struct body *from = NULL;
	struct slot_note x = note_of(m->copy[0].body, id.p);
	struct slot_note y = note_of(m->copy[1].body, id.p);
	bool theirs = !x.slot_id.len || (y.slot_id.len && credential_order(&y, &x) > 0);
	struct tomb t;

	if (merge_tomb(m, TOMB_SLOT, id.p, &t))
		return ERR_OK;
	for (size_t i = 0; i < n; i++)
		if (v[i].slot && memcmp(v[i].slot->id, id.p, 16) == 0)
			from = v[i].body;
	if (x.slot_id.len && y.slot_id.len && from)
		theirs = from == m->copy[1].body;
	if (theirs)
		join_note(&y, &x);
	else
		join_note(&x, &y);
	return body_note_put(m->body, theirs ? &y : &x);
}

static int
by_note_id(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	struct slot_note m, n;

	if (wire_decode(&slot_note_map, SPAN(a->raw, a->len), &m) ||
	    wire_decode(&slot_note_map, SPAN(b->raw, b->len), &n))
		abort(); /* they were checked when they came in */
	return memcmp(m.slot_id.p, n.slot_id.p, 16);
}

static enum err
put_notes(struct merge *m, const struct place *v, size_t n)
{
	struct slot_note note;
	enum err e = ERR_OK;

	for (size_t k = 0; k < 2; k++)
		for (size_t pos = 0; !e && body_note_next(m->copy[k].body, &pos, &note);)
			if (k == 0 || !note_of(m->copy[0].body, note.slot_id.p).slot_id.len)
				e = put_note(m, note.slot_id, v, n);
	if (m->body->notes.n)
		qsort(m->body->notes.v, m->body->notes.n, sizeof *m->body->notes.v, by_note_id);
	return e;
}

enum err
merge_slots(struct merge *m)
{
	struct place v[2 * OUTER_SLOTS];
	size_t n = take_places(m, v);

	if (n > OUTER_SLOTS)
		return ERR_MERGE_SLOTS;
	put_places(m, v, n);
	return put_notes(m, v, n);
}

/* ---- seeds ---- */
/* Two boxes of one seed differ by their nonces; two seeds are two recovery phrases. */
static enum err
check_seed(struct span vrk, const struct seed *a, const struct seed *b)
{
	struct sec x = { 0 }, y = { 0 };
	uint32_t g = (uint32_t)a->generation;
	enum err e = ERR_OK;

	if (a->fpr.len && b->fpr.len && !span_eq(a->fpr, b->fpr))
		return ERR_MERGE_SEEDS;
	if (span_eq(a->box, b->box))
		return ERR_OK;
	if (!(e = keys_seed_open(vrk, g, a->box, &x)) &&
	    !(e = keys_seed_open(vrk, g, b->box, &y)) && !crypto_eq(sec_span(&x), sec_span(&y)))
		e = ERR_MERGE_SEEDS;
	sec_done(&x);
	sec_done(&y);
	return e;
}

static void
join_seed(struct seed *a, const struct seed *b)
{
	a->box = merge_greater(a->box, b->box);
	a->backup = merge_greater(a->backup, b->backup);
	a->fpr = merge_greater(a->fpr, b->fpr);
	a->created = merge_earlier(a->created, b->created);
	a->exposed = merge_earlier(a->exposed, b->exposed);
	if (merge_order(b->rest.raw, a->rest.raw) > 0)
		a->rest = b->rest;
}

static int
by_generation(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	return (a->key > b->key) - (a->key < b->key);
}

static void
say_seed(struct merge *m, uint64_t generation)
{
	struct buf number = BUF_INIT;

	buf_putf(&number, "%llu", (unsigned long long)generation);
	merge_say(m->rep, MERGE_SEED, buf_span(&number));
	buf_done(&number);
}

enum err
merge_seeds(struct merge *m)
{
	const struct body *a = m->copy[0].body, *b = m->copy[1].body;
	struct seed s, other;
	enum err e = ERR_OK;

	for (size_t pos = 0; !e && body_seed_next(a, &pos, &s);) {
		if (!body_seed_get(b, s.generation, &other) &&
		    !(e = check_seed(m->vrk, &s, &other)))
			join_seed(&s, &other);
		if (!e)
			e = body_seed_put(m->body, &s);
	}
	for (size_t pos = 0; !e && body_seed_next(b, &pos, &s);)
		if (body_seed_get(a, s.generation, &other)) {
			say_seed(m, s.generation);
			e = body_seed_put(m->body, &s);
		}
	if (m->body->seeds.n)
		qsort(m->body->seeds.v, m->body->seeds.n, sizeof *m->body->seeds.v, by_generation);
	return e;
}
