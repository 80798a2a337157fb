#include "agent/worker/share.h"

#include "agent/worker/card.h"
#include "agent/worker/phrase.h"
#include "agent/worker/slip39.h"

enum err
share_check(const struct worker_job *j)
{
	return slip39_plan_check(
	    &(struct slip39_plan){ (unsigned)j->threshold, (unsigned)j->count });
}

/* The card of share i, and its hash for the vault. */
static enum err
show(struct worker *w, struct talk *t, struct span root, const struct card_share *s)
{
	char code[WORDS_SLIP39_CODE + 1];
	struct card_share with = *s;
	struct sec text = { 0 };
	uint8_t *hash = w->shares[s->number - 1];
	enum err e;

	if ((e = words_slip39_hash(s->words, hash, NULL)) != ERR_OK)
		return e;
	words_slip39_code(hash, code);
	with.check = code;
	if ((e = sec_init(&text, CARD_MAX)) == ERR_OK &&
	    (e = card_of_share(w, root, &with, &text)) == ERR_OK)
		e = talk_card(t, sec_span(&text));
	sec_done(&text);
	w->share[s->number - 1] = SPAN(hash, sizeof(w->shares[0]));
	return e;
}

static enum err
split(struct worker *w, struct talk *t, struct span root)
{
	struct slip39_plan plan = { (unsigned)w->job.threshold, (unsigned)w->job.count };
	struct sec words[SLIP39_MEMBERS] = { { 0 } };
	uint16_t id = 0;
	enum err e = slip39_split(root, SPAN_NONE, &plan, words, &id);

	for (unsigned i = 0; i < plan.count && e == ERR_OK; i++)
		e = show(w, t, root,
		    &(struct card_share){
			i + 1, plan.threshold, plan.count, sec_span(&words[i]), NULL });
	for (unsigned i = 0; i < plan.count; i++)
		sec_done(&words[i]);
	if (e != ERR_OK)
		return e;
	w->event.shares = (struct wire_list){ .v = w->share, .n = plan.count };
	w->event.threshold = plan.threshold;
	w->event.set = id;
	return ERR_OK;
}

enum err
share_make(struct worker *w)
{
	return phrase_show(w, split);
}
