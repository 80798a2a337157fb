/* turn.c - one job at a time. */
#include "agent/vault/turn.h"

enum err
turn_take(struct job *j, struct turn *t)
{
	enum err e = ERR_OK;

	if (t->owner == j)
		return ERR_OK;
	j->wants = t;
	while (t->owner && !e)
		e = job_wait(j, 0);
	j->wants = NULL;
	if (!e)
		t->owner = j;
	return e;
}

/* Jobs stand in the list newest first: the last one that waits came first. */
static struct job *
first_waiting(const struct vault *v, const struct turn *t)
{
	struct job *first = NULL;

	for (struct job *o = v->jobs; o; o = o->next)
		if (o->wants == t && o->waits)
			first = o;
	return first;
}

/* One that was cancelled in the same moment does not take it: then it is for the one behind. */
void
turn_release(struct job *j, struct turn *t)
{
	struct vault *v = j->v;
	struct job *next;

	if (t->owner != j)
		return;
	t->owner = NULL;
	while (!t->owner && (next = first_waiting(v, t)))
		job_wake(next, ERR_OK);
}
