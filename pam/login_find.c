/* Which tokens are there, and which of them is the person's. */
#include <string.h>

#include "pam/login_parts.h"

static enum err
keep_open(struct flow *f, const struct tokens_there *all)
{
	size_t i;

	f->there.n = 0;
	for (i = 0; i < all->n; i++)
		if (all->t[i].access)
			f->there.t[f->there.n++] = all->t[i];
	return f->there.n > 0 ? ERR_OK : all->n > 0 ? ERR_TOKEN_ACCESS : ERR_TOKEN_ABSENT;
}

enum err
flow_look(struct flow *f)
{
	struct tokens_there all = { 0 };
	enum err e = tokens_look(&f->setup, f->until, &all);

	return e == ERR_OK ? keep_open(f, &all) : e;
}

/* One that was not there before: another path, or the same after it was gone. */
static bool
is_new(const struct tokens_there *before, const struct tokens_there *now)
{
	size_t i, k;

	for (i = 0; i < now->n; i++) {
		for (k = 0; k < before->n; k++)
			if (strcmp(now->t[i].path, before->t[k].path) == 0)
				break;
		if (k == before->n && now->t[i].access)
			return true;
	}
	return false;
}

enum err
flow_wait(struct flow *f, int64_t until)
{
	struct tokens_watch w = TOKENS_WATCH_NONE;
	struct tokens_there before = f->there, now = { 0 };
	enum err e = tokens_watch(&f->setup, until, &w);

	while (e == ERR_OK) {
		e = tokens_watch_next(&w, until, &now);
		if (e == ERR_OK && is_new(&before, &now)) {
			e = keep_open(f, &now);
			break;
		}
		before = now;
	}
	tokens_watch_end(&w);
	return e;
}

/* ---- whose ---- */

/* Tokens by what they said when they were asked silently. */
struct found {
	struct flow_holder yes[TOKENS_MAX];
	size_t nyes;
	struct flow_holder unsure[TOKENS_MAX]; /* they answer nothing without a PIN or a finger */
	size_t nunsure;
};

/* The next row whose rp id no row before it has; map.n past the last. */
static size_t
next_rp_id(const struct map *m, size_t row)
{
	size_t k;

	for (; row < m->n; row++) {
		for (k = 0; k < row; k++)
			if (span_eq(m->row[k].rp_id, m->row[row].rp_id))
				break;
		if (k == row)
			break;
	}
	return row;
}

/* Silently, over a challenge that proves no login.  "Yes" is a verified signature; "no" is not
 * proven by anything, but then nothing of the person's is sent to it. */
static enum err
probe(struct flow *f, const struct token_seen *t, size_t *row)
{
	const struct map *m = f->l->map;
	enum err e = ERR_TOKEN_WRONG, last;
	size_t first;

	for (first = 0; first < m->n; first = next_rp_id(m, first + 1)) {
		struct flow_ask ask = { .row = first, .uv = TOKEN_UV_NONE, .probe = true };

		last = flow_assert(f, t->path, &ask, row);
		if (last == ERR_OK || last == ERR_TIMEOUT || last == ERR_NOMEM ||
		    last == ERR_NOPROGRAM)
			return last;
		if (last != ERR_TOKEN_WRONG)
			e = last;
	}
	return e;
}

static enum err
ask_all(struct flow *f, struct found *out)
{
	enum err e, last = ERR_TOKEN_WRONG;
	size_t i, row;

	for (i = 0; i < f->there.n; i++) {
		const struct token_seen *t = &f->there.t[i];

		e = probe(f, t, &row);
		if (e == ERR_OK)
			out->yes[out->nyes++] = (struct flow_holder){ t, row };
		else if (e == ERR_PIN_NEEDED || e == ERR_TOUCH_DENIED || e == ERR_UNSUPPORTED)
			out->unsure[out->nunsure++] = (struct flow_holder){ t, FLOW_ANY };
		else if (e == ERR_TIMEOUT || e == ERR_NOMEM || e == ERR_NOPROGRAM)
			return e;
		else if (e != ERR_TOKEN_WRONG)
			last = e;
	}
	return out->nyes + out->nunsure > 0 ? ERR_OK : last;
}

/* The person says which, by touching it. */
static enum err
pick(struct flow *f, const struct flow_holder *from, size_t n, struct flow_holder *out)
{
	const char *paths[TOKENS_MAX];
	size_t i, which = 0;
	enum err e = ERR_OK;

	if (n > 1) {
		e = say_info(f->l->say, "Several tokens are plugged in: touch the one to use.");
		for (i = 0; i < n; i++)
			paths[i] = from[i].token->path;
		if (e == ERR_OK)
			e = tokens_touched(&f->setup, paths, n, f->until, &which);
	}
	if (e == ERR_OK && which >= n)
		e = ERR_INTERNAL;
	if (e == ERR_OK)
		*out = from[which];
	return e;
}

enum err
flow_find(struct flow *f, struct flow_holder *out)
{
	struct found found = { 0 };
	enum err e = ask_all(f, &found);

	if (e != ERR_OK)
		return e;
	if (found.nyes > 0)
		return pick(f, found.yes, found.nyes, out);
	return pick(f, found.unsure, found.nunsure, out);
}
