#include "agent/worker/gather.h"

#include "lib/root.h"

bool
gather_is_share(const struct gather *g, struct span typed)
{
	return g->set.n > 0 || words_slip39_is_meant(typed);
}

static enum err
add(struct gather *g, struct span typed, size_t *bad)
{
	struct sec room = { 0 };
	struct slip39_share *share;
	enum err e;

	/* before the checksum: a word left out is not a wrong word */
	if (words_slip39_count(typed) != WORDS_SLIP39_MAX)
		return ERR_SHARE_LENGTH;
	if ((e = sec_init(&room, sizeof(*share))) != ERR_OK)
		return e;
	share = (struct slip39_share *)(void *)room.p;
	if ((e = slip39_decode(typed, share, bad)) == ERR_OK)
		e = share->len == ROOT_LEN ? slip39_set_add(&g->set, share) : ERR_SHARE_LENGTH;
	sec_done(&room);
	return e;
}

enum err
gather_take(struct gather *g, struct span typed, struct sec *root, size_t *bad)
{
	enum err e;

	g->accepted = false;
	/* "I have no more" */
	if (words_slip39_count(typed) == 0)
		return ERR_SHARE_FEW;
	if ((e = add(g, typed, bad)) != ERR_OK)
		return e;
	g->accepted = true;
	if ((e = slip39_set_combine(&g->set, SPAN_NONE, root)) == ERR_SHARE_FORGED)
		gather_done(g);
	return e;
}

void
gather_progress(const struct gather *g, uint64_t *have, uint64_t *need)
{
	*have = g->set.n;
	*need = g->set.n > 0 ? slip39_set_missing(&g->set) : 0;
}

void
gather_done(struct gather *g)
{
	slip39_set_done(&g->set);
	g->accepted = false;
}
