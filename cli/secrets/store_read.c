/* store_read.c - copying what is around the secrets, page by page; and when to do it again. */
#include <stdlib.h>

#include "cli/secrets/store_parts.h"
#include "lib/loop.h"

#define RETRY_MS 1000
#define TORN_MS	 50

static void on_page(void *arg, enum err status, const char *text, const void *rep);

static void
ask_page(struct store *s, struct span cursor)
{
	struct ops_entry_page q = { .cursor = cursor };
	struct ask *k = store_ask_new(s);

	wire_mark(&ops_entry_page_map, &q);
	if (k)
		k->epoch = s->epoch;
	if (!k || store_ask_send(k, OP_ENTRY_LIST, &q, on_page))
		s->read_at = loop_now() + RETRY_MS;
}

void
store_read_stop(struct store *s)
{
	s->epoch++;
	index_free(s->next);
	s->next = NULL;
	s->again = false;
	s->read_at = 0;
}

void
store_read_all(struct store *s)
{
	store_read_stop(s);
	if (index_new(&s->next)) {
		s->read_at = loop_now() + RETRY_MS;
		return;
	}
	s->reading = 0;
	ask_page(s, SPAN_NONE);
}

/* ---- what is different ---- */
static void
tell_removed(struct store *s, const struct index *before)
{
	for (size_t i = 0; i < index_count(before); i++) {
		const struct entry *e = index_at(before, i);

		if (!index_find(s->open, e->id))
			store_tell(s, STORE_REMOVED, e);
	}
}

static void
tell_rest(struct store *s, const struct index *before)
{
	for (size_t i = 0; i < index_count(s->open); i++) {
		const struct entry *e = index_at(s->open, i), *old = index_find(before, e->id);

		if (!old)
			store_tell(s, STORE_ADDED, e);
		else if (!index_same(old, e))
			store_tell(s, STORE_CHANGED, e);
	}
}

static void
take_over(struct store *s)
{
	struct index *before = s->open;

	s->open = s->next;
	s->next = NULL;
	/* what is newer will be told after the answer that this was */
	s->change = s->heard = s->reading;
	if (before) {
		tell_removed(s, before);
		tell_rest(s, before);
		index_free(before);
	} else {
		store_set_state(s, STORE_OPEN);
	}
}

/* ---- pages ---- */
static enum err
take_page(struct store *s, const struct ops_entry_list_rep *rep)
{
	struct cbor c = wire_each(&rep->entries);
	const struct entry *now;
	struct ops_entry row;
	enum err e;

	while (!cbor_at_end(&c))
		if ((e = wire_next(&ops_entry_map, &c, &row)) ||
		    (!row.removed && (e = index_put(s->next, &row, &now))))
			return e;
	return ERR_OK;
}

/* The vault changed between two pages, or we changed it since: cursors and copies are void. */
static bool
is_torn(const struct store *s, const struct ops_entry_list_rep *rep)
{
	return (s->reading && s->reading != rep->change) || (s->open && rep->change < s->change);
}

/* While clients change one entry after the other there is never the time between two changes: what
 * we have shows these, and what others did comes in their next pause. */
static void
torn(struct store *s)
{
	if (!s->open) {
		store_read_all(s);
		return;
	}
	store_read_stop(s);
	s->read_at = loop_now() + TORN_MS;
}

static void
next_page(struct store *s, const struct ops_entry_list_rep *rep)
{
	s->reading = rep->change;
	if (rep->cursor.len)
		ask_page(s, rep->cursor);
	else
		take_over(s);
}

static void
on_page(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_entry_list_rep *r = rep;
	struct ask *k = arg;
	struct store *s = k->s;
	bool mine = k->epoch == s->epoch;

	(void)text;
	store_ask_free(k);
	if (!mine)
		return;
	if (status == ERR_LOCKED)
		store_set_state(s, STORE_LOCKED);
	else if (status == ERR_RANGE && s->reading)
		torn(s); /* the cursor is void */
	else if (status || (!is_torn(s, r) && take_page(s, r)))
		s->read_at = loop_now() + RETRY_MS;
	else if (is_torn(s, r))
		torn(s);
	else
		next_page(s, r);
}

/* ---- when ---- */
/* An event of our own change comes before its answer: nothing is read while one is out. */
void
store_heard(struct store *s, uint64_t change)
{
	if (change > s->heard)
		s->heard = change;
	/* an agent that does not say which */
	if (!change)
		s->again = true;
	if (s->state != STORE_OPEN || s->changing)
		return;
	if (!s->next && !s->read_at && (s->again || s->heard > s->change))
		store_read_all(s);
}

void
store_changed(struct store *s, uint64_t change)
{
	s->changing--;
	if (s->state != STORE_OPEN)
		return;
	/* in the copy is one change more than before, or somebody else's is missing */
	if (change && change == s->change + 1)
		s->change = change;
	else if (change > s->change)
		s->again = true;
	store_heard(s, change ? change : s->heard);
}
