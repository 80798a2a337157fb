/* job.c - a request that waits is a fiber; this file wakes it and ends it. */
#include <stdlib.h>
#include <unistd.h>

#include "agent/vault/audit.h"
#include "agent/vault/job.h"
#include "agent/vault/store.h"
#include "lib/log.h"

/* The fiber: decode again (the first decoding borrowed from a frame that is gone), run, answer. */
static void
job_main(void *arg)
{
	struct job *j = arg;
	struct req *r = &j->r;
	_Alignas(16) uint8_t in[512];
	enum err e = ERR_OK;

	r->job = j;
	if (j->own) {
		log_err(j->own(j), "what was counted could not be written");
		store_release(j);
		return;
	}
	if (r->row->req) {
		struct span none = SPAN_LIT("\xa0");

		e = wire_decode(r->row->req, j->params.len ? buf_span(&j->params) : none, in);
		r->in = in;
	}
	if (!e)
		e = op_find(r->row->op)(r);
	job_end_all(j);
	if (e != VAULT_WAIT)
		e = audit_operation(r, e);
	/* what is done behind the answer is not for the log */
	r->audited = true;
	/* the answer before the next one has the disk: that may end this process */
	dispatch_reply(r, e == VAULT_WAIT ? ERR_INTERNAL : e);
	store_release(j);
	r->in = NULL;
	store_fold(j);
	store_release(j);
}

static enum err
job_room(const struct vault *v, const struct client *c)
{
	return v->njobs >= VAULT_JOBS || c->njobs >= VAULT_CLIENT_JOBS ? ERR_LIMIT : ERR_OK;
}

static void
unlink_job(struct job *j)
{
	struct job **at = &j->v->jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	j->v->njobs--;
	if (j->r.c)
		j->r.c->njobs--;
}

static void
job_free(struct job *j)
{
	unlink_job(j);
	if (j->secret >= 0)
		close(j->secret);
	loop_timer_remove(j->timer);
	buf_done(&j->params);
	buf_done(&j->r.out);
	fiber_free(j->fiber);
	free(j);
}

static struct job *
job_new(struct vault *v, const struct req *r)
{
	struct job *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	*j = (struct job){ .v = v, .secret = -1, .r = *r, .next = v->jobs };
	v->jobs = j;
	v->njobs++;
	return j;
}

enum err
job_start_own(struct vault *v, enum err (*fn)(struct job *))
{
	struct req none = { .v = v };
	struct job *j = v->njobs < VAULT_JOBS ? job_new(v, &none) : NULL;
	enum err e;

	if (!j)
		return ERR_NOMEM;
	j->own = fn;
	if ((e = fiber_start(&j->fiber, job_main, j)))
		job_free(j);
	return e;
}

enum err
job_start(
    struct vault *v, struct client *c, const struct op_row *row, uint64_t id, struct span params)
{
	struct req refused = { .v = v, .c = c, .row = row, .id = id };
	struct job *j = NULL;
	enum err e;

	if ((e = job_room(v, c)))
		goto out;
	e = ERR_NOMEM;
	if (!(j = job_new(v, &refused)))
		goto out;
	buf_put_span(&j->params, params);
	c->njobs++;
	if (!(e = buf_err(&j->params)) && !(e = fiber_start(&j->fiber, job_main, j)))
		return ERR_OK;
	job_free(j);
out:
	dispatch_reply(&refused, e);
	return e;
}

/* The fiber goes on; a job that came to its end is freed at the end of the wake-up (job_reap), so
 * that nobody on the way finds it gone. */
void
job_wake(struct job *j, enum err reason)
{
	if (!j->waits)
		return;
	j->waits = false;
	fiber_wake(j->fiber, reason);
}

void
job_reap(struct vault *v)
{
	struct job *next;

	for (struct job *j = v->jobs; j; j = next) {
		next = j->next;
		if (fiber_ended(j->fiber))
			job_free(j);
	}
}

static void
timed_out(void *arg)
{
	struct job *j = arg;

	j->timer = NULL;
	job_wake(j, ERR_TIMEOUT);
}

enum err
job_wait(struct job *j, uint64_t ms)
{
	enum err e;

	if (j->cancelled)
		return ERR_CANCELLED;
	if (ms) {
		j->timer = loop_timer_add(j->v->loop, loop_now() + ms, timed_out, j);
		if (!j->timer)
			return ERR_NOMEM;
	}
	j->waits = true;
	e = fiber_wait();
	loop_timer_remove(j->timer);
	j->timer = NULL;
	return j->cancelled ? ERR_CANCELLED : e;
}

static void
cancel(struct job *j)
{
	j->cancelled = true;
	job_wake(j, ERR_CANCELLED);
}

/* Waking may start jobs and change the list: start over after each. */
void
job_cancel(struct vault *v, struct client *c, uint64_t request)
{
	for (struct job *j = v->jobs; j; j = j->next)
		if (j->r.c == c && j->r.id == request && !j->cancelled) {
			cancel(j);
			return;
		}
}

static struct job *
job_of(const struct vault *v, const struct client *c)
{
	struct job *j = v->jobs;

	while (j && j->r.c != c)
		j = j->next;
	return j;
}

void
job_cancel_client(struct vault *v, struct client *c)
{
	struct job *j;

	while ((j = job_of(v, c)) != NULL) {
		j->r.c = NULL;
		c->njobs--;
		cancel(j);
	}
}
