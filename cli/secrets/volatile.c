#include "cli/secrets/volatile.h"

#include <stdlib.h>
#include <time.h>

struct volatile_item *
volatile_find(const struct secrets *s, uint64_t number)
{
	struct volatile_item *v = s->items;

	while (v && v->number != number)
		v = v->next;
	return v;
}

static bool
has(const struct volatile_item *v, const struct store_attr *a)
{
	for (size_t i = 0; i < v->nattr; i++)
		if (span_eq(v->attr[i].name, a->name))
			return span_eq(v->attr[i].value, a->value);
	return false;
}

bool
volatile_matches(const struct volatile_item *v, const struct attrs *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (!has(v, &a->v[i]))
			return false;
	return true;
}

struct volatile_item *
volatile_same(const struct secrets *s, const struct attrs *a)
{
	for (struct volatile_item *v = s->items; v; v = v->next)
		if (v->nattr == a->n && volatile_matches(v, a))
			return v;
	return NULL;
}

/* ---- changing ---- */
static struct span
keep(struct buf *b, struct span s)
{
	size_t at = b->len;

	buf_put_span(b, s);
	return SPAN(b->p + at, s.len);
}

/* All that is around the value, in one piece of memory that does not move. */
static enum err
fill(struct volatile_item *v, const struct store_set *set)
{
	size_t need = set->label.len + set->type.len + 1;

	if (set->nattr > OPS_ENTRY_ATTRS)
		return ERR_TOOBIG;
	for (size_t i = 0; i < set->nattr; i++)
		need += set->attr[i].name.len + set->attr[i].value.len;
	if (need > VOLATILE_META)
		return ERR_TOOBIG;
	if (!buf_room(&v->memory, need))
		return ERR_NOMEM;
	v->label = keep(&v->memory, set->label);
	v->type = keep(&v->memory, set->type);
	v->nattr = set->nattr;
	for (size_t i = 0; i < set->nattr; i++)
		v->attr[i] = (struct store_attr){ keep(&v->memory, set->attr[i].name),
			keep(&v->memory, set->attr[i].value) };
	return ERR_OK;
}

/* What is not given stays as it was. */
static struct store_set
completed(const struct volatile_item *old, const struct store_set *set)
{
	struct store_set all = *set;

	if (!old)
		return all;
	if (!set->has_label)
		all.label = old->label;
	if (!set->has_type)
		all.type = old->type;
	if (!set->has_attr) {
		all.attr = old->attr;
		all.nattr = old->nattr;
	}
	return all;
}

static bool
fits(const struct secrets *s, const struct volatile_item *old, const struct sec *value)
{
	size_t n = 0, bytes = s->volatile_bytes;

	for (const struct volatile_item *v = s->items; v; v = v->next)
		n++;
	if (value)
		bytes += value->len - (old ? old->value.len : 0);
	return (old || n < VOLATILE_ITEMS) && bytes <= VOLATILE_BYTES;
}

static void
append(struct secrets *s, struct volatile_item *v)
{
	struct volatile_item **at = &s->items;

	v->number = ++s->last_item;
	v->created = v->modified;
	while (*at)
		at = &(*at)->next;
	*at = v;
}

/* The old one keeps its place in the list and its number. */
static void
commit(struct secrets *s, struct volatile_item *old, struct volatile_item *v, struct sec *value)
{
	if (value) {
		s->volatile_bytes += value->len - (old ? old->value.len : 0);
		sec_move(&v->value, value);
	} else if (old)
		sec_move(&v->value, &old->value);
	if (!old) {
		append(s, v);
		return;
	}
	v->number = old->number;
	v->created = old->created;
	v->next = old->next;
	for (struct volatile_item **at = &s->items; *at; at = &(*at)->next)
		if (*at == old) {
			*at = v;
			break;
		}
	buf_done(&old->memory);
	sec_done(&old->value);
	free(old);
}

enum err
volatile_put(
    struct secrets *s, struct volatile_item **at, const struct store_set *set, struct sec *value)
{
	struct store_set all = completed(*at, set);
	struct volatile_item *v;
	enum err e;

	if (!fits(s, *at, value))
		return ERR_LIMIT;
	v = calloc(1, sizeof *v);
	if (!v)
		return ERR_NOMEM;
	if ((e = fill(v, &all))) {
		buf_done(&v->memory);
		free(v);
		return e;
	}
	v->modified = (uint64_t)time(NULL);
	commit(s, *at, v, value);
	*at = v;
	return ERR_OK;
}

void
volatile_drop(struct secrets *s, struct volatile_item *v)
{
	for (struct volatile_item **at = &s->items; *at; at = &(*at)->next)
		if (*at == v) {
			*at = v->next;
			break;
		}
	s->volatile_bytes -= v->value.len;
	buf_done(&v->memory);
	sec_done(&v->value);
	free(v);
}

void
volatile_clear(struct secrets *s)
{
	while (s->items)
		volatile_drop(s, s->items);
}
