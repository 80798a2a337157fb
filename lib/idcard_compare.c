/*
 * What became of a contact.  An identity is known by service and account; it is the same one only
 * if the newer log goes on from the pinned one.  A card is tied to the pinned one by at least one
 * identity whose log does: anybody can make a card of new identities alone.
 */
#include "lib/idcard.h"

static int
find(const struct idcard *card, const struct succession_state *st)
{
	for (size_t i = 0; i < card->n; i++)
		if (span_eq(card->state[i].service, st->service) &&
		    span_eq(card->state[i].account, st->account))
			return (int)i;
	return -1;
}

static void
count_bindings(
    const struct succession_state *was, const struct succession_state *is, struct idcard_row *row)
{
	const struct succession_bound *b;
	size_t i;

	for (i = 0; i < is->nbound; i++) {
		b = succession_find(was, is->bound[i].purpose);
		row->added += b == NULL;
		row->changed += b != NULL && memcmp(b->digest, is->bound[i].digest, 32) != 0;
	}
	for (i = 0; i < was->nbound; i++)
		row->removed += succession_find(is, was->bound[i].purpose) == NULL;
}

static enum idcard_change
judge(const struct succession_state *was, const struct succession_state *is,
    const struct idcard_row *row)
{
	switch (row->relation) {
	case SUCCESSION_FORKS:
	case SUCCESSION_OTHER:
		return IDCARD_CHANGED;
	case SUCCESSION_OLDER:
		return IDCARD_OLDER;
	default:
		break;
	}
	if (is->revoked)
		return IDCARD_REVOKED;
	if (row->relation == SUCCESSION_RECOVERS)
		return IDCARD_RECOVERED;
	if (is->rotations > was->rotations)
		return IDCARD_ROTATED;
	return row->added > 0 ? IDCARD_ADDED : IDCARD_SAME;
}

static enum err
compare_one(
    const struct idcard *pinned, const struct idcard *newer, size_t i, struct idcard_row *row)
{
	const struct succession_state *was = &pinned->state[i], *is;
	int at = find(newer, was);
	enum err e;

	*row = (struct idcard_row){ .change = IDCARD_MISSING, .was = (int)i, .is = at };
	if (at < 0)
		return ERR_OK;
	is = &newer->state[at];
	if ((e = succession_compare(
		 pinned->identity[i].log, newer->identity[at].log, &row->relation)) != ERR_OK)
		return e;
	count_bindings(was, is, row);
	row->change = judge(was, is, row);
	return ERR_OK;
}

/* Does a row show that the newer card is of the same person?  A revoked key cannot vouch for
 * anything new. */
static bool
is_tied(const struct idcard_report *report)
{
	bool news = false, revoked = false, tied = false;
	const struct idcard_row *row = report->row;

	for (; row < report->row + report->n; row++) {
		if (row->change == IDCARD_NEW)
			news = true;
		else if (row->change == IDCARD_REVOKED)
			revoked = true;
		else if (row->change != IDCARD_CHANGED && row->change != IDCARD_MISSING)
			tied = true;
	}
	return tied || (revoked && !news);
}

static enum idcard_verdict
verdict_of(enum idcard_change change)
{
	static const enum idcard_verdict of[] = {
		[IDCARD_SAME] = IDCARD_VERDICT_SAME,
		[IDCARD_NEW] = IDCARD_VERDICT_UPDATED,
		[IDCARD_ADDED] = IDCARD_VERDICT_UPDATED,
		[IDCARD_ROTATED] = IDCARD_VERDICT_UPDATED,
		[IDCARD_RECOVERED] = IDCARD_VERDICT_UPDATED,
		[IDCARD_OLDER] = IDCARD_VERDICT_OLDER,
		[IDCARD_MISSING] = IDCARD_VERDICT_ASK,
		[IDCARD_REVOKED] = IDCARD_VERDICT_ASK,
		[IDCARD_CHANGED] = IDCARD_VERDICT_ALARM,
	};

	return of[change];
}

static enum idcard_verdict
judge_card(
    const struct idcard *pinned, const struct idcard *newer, const struct idcard_report *report)
{
	enum idcard_verdict v = IDCARD_VERDICT_SAME, row;

	if (newer->time != pinned->time || !span_eq(newer->name, pinned->name))
		v = IDCARD_VERDICT_UPDATED;
	if (newer->time < pinned->time)
		v = IDCARD_VERDICT_OLDER;
	for (size_t i = 0; i < report->n; i++) {
		row = verdict_of(report->row[i].change);
		v = row > v ? row : v;
	}
	return is_tied(report) ? v : IDCARD_VERDICT_ALARM;
}

enum err
idcard_compare(
    const struct idcard *pinned, const struct idcard *newer, struct idcard_report *report)
{
	size_t i;
	enum err e;

	memset(report, 0, sizeof(*report));
	for (i = 0; i < pinned->n; i++)
		if ((e = compare_one(pinned, newer, i, &report->row[report->n++])) != ERR_OK)
			return e;
	for (i = 0; i < newer->n; i++)
		if (find(pinned, &newer->state[i]) < 0)
			report->row[report->n++] =
			    (struct idcard_row){ .change = IDCARD_NEW, .was = -1, .is = (int)i };
	report->verdict = judge_card(pinned, newer, report);
	return ERR_OK;
}
