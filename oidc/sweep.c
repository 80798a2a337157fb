/* sweep.c - a timer that takes out what has ended. */
#include "oidc/sweep.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "oidc/db/db.h"
#include "oidc/db/memo.h"
#include "oidc/oidc.h"
#include "oidc/op/code.h"

#define EVERY 60000	   /* milliseconds */
#define SOON  50	   /* when there was more: others have their turn between */
#define MOST  500	   /* rows of a kind, a few milliseconds */
#define SLACK (256 * 1024) /* bytes that stay with us */

struct sweep {
	struct oidc *o;
	struct loop_timer *timer;
};

static void
on_timer(void *arg)
{
	struct sweep *w = arg;
	struct memo *const kept[] = { w->o->waiting, w->o->ceremonies, w->o->rates, w->o->pages };
	uint64_t now = loop_now();
	bool left = false;
	enum err e = db_purge(w->o->db, (uint64_t)time(NULL), MOST, &left);

	if (e && e != ERR_BUSY)
		log_err(e, "the store: what has ended cannot be taken out");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		memo_expire(kept[i], now);
	codes_expire(w->o->codes, now);
	/* what a flood took, the system may have back */
	if (!left)
		(void)malloc_trim(SLACK);
	w->timer = loop_timer_add(w->o->loop, now + (left && !e ? SOON : EVERY), on_timer, w);
}

enum err
sweep_new(struct sweep **out, struct oidc *o)
{
	struct sweep *w = calloc(1, sizeof *w);

	if (!w)
		return ERR_NOMEM;
	w->o = o;
	if (!(w->timer = loop_timer_add(o->loop, loop_now(), on_timer, w))) {
		free(w);
		return ERR_NOMEM;
	}
	*out = w;
	return ERR_OK;
}

void
sweep_done(struct sweep *w)
{
	if (w)
		loop_timer_remove(w->timer);
	free(w);
}
