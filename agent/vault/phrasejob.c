/* phrasejob.c - a worker talks with the person about the recovery phrase. */
#include "agent/vault/phrasejob.h"

#define STEP_MS 10000

/* *more: the result is still to come. */
static enum err
take(struct phrasejob *p, struct span frame, bool *more)
{
	struct worker_event ev;
	enum err e;

	*more = false;
	if ((e = wire_decode(&worker_event_map, frame, &ev)))
		return e;
	if (ev.kind == WORKER_EV_GENERATION && p->take_generation) {
		*more = true;
		return p->take_generation(p->arg, &ev);
	}
	if (ev.kind != WORKER_EV_RESULT)
		return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_INTERNAL;
	return p->take ? p->take(p->arg, &ev) : ERR_OK;
}

/* Whoever writes words by hand uses the vault, although it hears nothing of it. */
static enum err
wait_result(struct job *j, struct helper *h, uint64_t patience, struct span *frame)
{
	uint64_t end = loop_now() + patience;
	enum err e;

	do {
		if (j->v->open.is)
			vault_touch(j->v);
		e = job_recv(j, h, STEP_MS, frame);
	} while (e == ERR_TIMEOUT && loop_now() < end);
	return e;
}

enum err
phrasejob_run(struct job *j, struct phrasejob *p)
{
	struct ops_event ev = { .kind = p->kind, .text = span_str(p->text ? p->text : "") };
	struct helper *h = NULL;
	struct span frame;
	bool more = true;
	enum err e;

	/* whoever has words shown is there */
	if (p->kind != OPS_EV_SHOW_WORDS && (!j->r.c || !j->r.c->interactive))
		return ERR_NOPROMPT;
	p->q.wait_ms = PHRASEJOB_MS + p->more_ms;
	wire_mark(&worker_job_map, &p->q);
	if (!(e = job_new_id(j, false)) && !(e = job_spawn(j, HELPER_WORKER, j->id, &h)) &&
	    !(e = job_send(j, h, &worker_job_map, &p->q))) {
		ev.job = SPAN(j->id, JOB_ID_LEN);
		job_event_full(j, &ev);
		while (!e && more)
			if (!(e = wait_result(j, h, p->q.wait_ms + STEP_MS, &frame)))
				e = take(p, frame, &more);
	}
	job_end(j, h);
	job_forget_id(j);
	return e;
}
