/* phrasejob.c - a worker talks with the person about the recovery phrase. */
#include "agent/vault/phrasejob.h"

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
	p->q.wait_ms = PHRASEJOB_MS;
	wire_mark(&worker_job_map, &p->q);
	if (!(e = job_new_id(j, false)) && !(e = job_spawn(j, HELPER_WORKER, j->id, &h)) &&
	    !(e = job_send(j, h, &worker_job_map, &p->q))) {
		ev.job = SPAN(j->id, JOB_ID_LEN);
		job_event_full(j, &ev);
		while (!e && more)
			if (!(e = job_recv(j, h, PHRASEJOB_MS + 10000, &frame)))
				e = take(p, frame, &more);
	}
	job_end(j, h);
	job_forget_id(j);
	return e;
}
