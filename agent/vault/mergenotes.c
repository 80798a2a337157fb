/* mergenotes.c - sentences about copies that were merged. */
#include "agent/vault/mergenotes.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE 1000

void
mergenotes_done(struct mergenotes *m)
{
	buf_done(&m->text);
	*m = (struct mergenotes){ .text = BUF_INIT };
}

static void
say_span(struct mergenotes *m, struct span s)
{
	if (m->n == MERGENOTES_MOST || !buf_room(&m->text, s.len)) {
		m->more++;
		return;
	}
	buf_put_span(&m->text, s);
	m->end[m->n++] = m->text.len;
}

void
mergenotes_say(struct mergenotes *m, const char *fmt, ...)
{
	char line[SENTENCE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	/* half a character would make the reply one that nobody takes */
	while (n > 0 && (size_t)n >= sizeof line)
		n = (int)sizeof line - 1;
	while (n == (int)sizeof line - 1 && n > 0 && (line[n] & 0xc0) == 0x80)
		n--;
	say_span(m, SPAN(line, n > 0 ? (size_t)n : 0));
}

/* Rows of the vault's own bookkeeping are nobody's concern. */
static bool
is_for_people(enum merge_event what)
{
	return what != MERGE_VALUE && what != MERGE_SETTLED;
}

static void
count(struct mergenotes *m, const struct merge_report *r)
{
	static const enum merge_event came[] = { MERGE_ADDED, MERGE_CHANGED, MERGE_JOINED,
		MERGE_SLOT_ADDED, MERGE_SEED, MERGE_KEPT };

	for (size_t i = 0; i < sizeof came / sizeof *came; i++)
		m->came += r->count[came[i]];
	m->removed += r->count[MERGE_REMOVED] + r->count[MERGE_SLOT_REMOVED];
	m->conflicts += r->count[MERGE_CONFLICT_OURS] + r->count[MERGE_CONFLICT_THEIRS];
}

void
mergenotes_report(struct mergenotes *m, const struct merge_report *r)
{
	size_t all = 0, told = 0;

	count(m, r);
	for (int i = 0; i < MERGE_EVENTS; i++)
		all += is_for_people((enum merge_event)i) ? r->count[i] : 0;
	for (size_t i = 0; i < r->n; i++) {
		struct span label = merge_label(r, i);

		if (!is_for_people(r->row[i].what))
			continue;
		told++;
		mergenotes_say(m, "'%.*s' %s", (int)label.len,
		    label.len ? (const char *)label.p : "", merge_event_text(r->row[i].what));
	}
	m->more += all - told;
	m->copies++;
}

void
mergenotes_sum(const struct mergenotes *m, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	if (!m->copies)
		return;
	at = (size_t)snprintf(out, cap, "copies that were changed apart were joined: ");
	if (!m->came && !m->removed && !m->conflicts) {
		snprintf(out + at, cap - at, "nothing that you keep was different");
		return;
	}
	at += (size_t)snprintf(out + at, cap - at, "%zu came from another copy, %zu removed there",
	    m->came, m->removed);
	if (m->conflicts)
		snprintf(out + at, cap - at,
		    "; %zu changed on both sides: both versions are kept, see what is called "
		    "'(conflict ...)'",
		    m->conflicts);
}

static void
put_row(struct ops_note *row, struct span text)
{
	*row = (struct ops_note){ .text = text };
	wire_mark(&ops_note_map, row);
}

size_t
mergenotes_rows(const struct mergenotes *m, struct span sum, struct ops_note *rows)
{
	static char more[64];
	size_t n = 0, at = 0;

	if (sum.len)
		put_row(&rows[n++], sum);
	for (size_t i = 0; i < m->n; i++) {
		put_row(&rows[n++], SPAN(m->text.p + at, m->end[i] - at));
		at = m->end[i];
	}
	if (m->more) {
		snprintf(more, sizeof more, "and %zu more", m->more);
		put_row(&rows[n++], span_str(more));
	}
	return n;
}

void
mergenotes_move(struct mergenotes *to, struct mergenotes *from)
{
	size_t at = 0;

	for (size_t i = 0; i < from->n; i++) {
		say_span(to, SPAN(from->text.p + at, from->end[i] - at));
		at = from->end[i];
	}
	to->more += from->more;
	to->came += from->came;
	to->removed += from->removed;
	to->conflicts += from->conflicts;
	to->copies += from->copies;
	mergenotes_done(from);
}
