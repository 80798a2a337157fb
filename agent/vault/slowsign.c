/*
 * slowsign.c - a queue of those who wait, and a fiber that takes one after the other to the worker.
 * Who gives up takes itself out of the queue; what is being made for it then is thrown away.
 */
#include "agent/vault/slowsign.h"

#define ANSWER_MS 60000

struct waiting {
	struct waiting *next;
	struct job *job;
	struct buf frame; /* struct worker_sign, encoded */
	struct buf *sig;
	enum err err;
	bool done;
};

static struct queue {
	struct waiting *first, **end;
	size_t n;
	struct waiting *now; /* at the worker; NULL: nobody's any more */
	struct job *server;  /* NULL: does not run */
} queue;

bool
slowsign_is(enum sshkey_type type)
{
	return type == SSHKEY_RSA || type == SSHKEY_P384 || type == SSHKEY_P521;
}

/* ---- the fiber ---- */
static enum err
start_worker(struct job *j, struct helper **h)
{
	struct worker_job q = { .op = WORKER_SIGN };
	enum err e;

	wire_mark(&worker_job_map, &q);
	if ((e = job_spawn(j, HELPER_WORKER, NULL, h)))
		return e;
	if ((e = job_send(j, *h, &worker_job_map, &q))) {
		job_end(j, *h);
		*h = NULL;
	}
	return e;
}

static enum err
talk(struct job *j, struct helper *h, struct span frame, struct buf *sig)
{
	struct worker_event ev;
	struct span answer;
	enum err e;

	if ((e = chan_put(&h->chan, frame)) || (e = chan_flush(&h->chan)) ||
	    (e = job_recv(j, h, ANSWER_MS, &answer)))
		return e;
	if ((e = wire_decode(&worker_event_map, answer, &ev)))
		return e;
	if (ev.kind != WORKER_EV_RESULT)
		return ev.err ? (enum err)ev.err : ERR_INTERNAL;
	buf_put_span(sig, ev.out);
	return ERR_OK;
}

/* A worker that does not answer as it should is ended. */
static enum err
try_once(struct job *j, struct helper **h, struct span frame, struct buf *sig)
{
	enum err e;

	if (!*h && (e = start_worker(j, h)))
		return e;
	e = talk(j, *h, frame, sig);
	if (e == ERR_HANGUP || e == ERR_TIMEOUT || e == ERR_CANCELLED || e == ERR_FORMAT) {
		job_end(j, *h);
		*h = NULL;
	}
	return e;
}

static void
serve_one(struct job *j, struct helper **h)
{
	struct waiting *w = queue.first;
	struct buf frame = w->frame, sig = BUF_INIT;
	enum err e;

	w->frame = BUF_INIT;
	queue.first = w->next;
	if (!queue.first)
		queue.end = &queue.first;
	queue.n--;
	queue.now = w;
	e = try_once(j, h, buf_span(&frame), &sig);
	if (e == ERR_HANGUP && queue.now)
		e = try_once(j, h, buf_span(&frame), &sig);
	buf_done(&frame);
	/* it may have given up meanwhile, and then is not there any more */
	if ((w = queue.now)) {
		queue.now = NULL;
		buf_put_span(w->sig, buf_span(&sig));
		w->err = e;
		w->done = true;
		job_wake(w->job, ERR_OK);
	}
	buf_done(&sig);
}

static enum err
serve(struct job *j)
{
	struct helper *h = NULL;

	queue.server = j;
	for (;;) {
		while (queue.first)
			serve_one(j, &h);
		if (job_wait(j, 0) == ERR_CANCELLED)
			break;
	}
	queue.server = NULL;
	job_end_all(j);
	return ERR_OK;
}

/* ---- those who wait ---- */
static void
enqueue(struct waiting *w)
{
	if (!queue.end)
		queue.end = &queue.first;
	*queue.end = w;
	queue.end = &w->next;
	queue.n++;
}

static void
leave(struct waiting *w)
{
	struct waiting **at = &queue.first;

	if (queue.now == w)
		queue.now = NULL;
	while (*at && *at != w)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = w->next;
	if (!w->next)
		queue.end = at;
	queue.n--;
}

static enum err
encode(const struct slowsign_want *w, struct buf *frame)
{
	struct worker_sign q = {
		.type = w->type, .hash = w->hash, .key = w->canonical, .data = w->data
	};
	enum err e;

	wire_mark(&worker_sign_map, &q);
	if ((e = wire_encode(&worker_sign_map, &q, frame)))
		return e;
	return buf_err(frame);
}

enum err
slowsign(struct job *j, const struct slowsign_want *want, struct buf *sig)
{
	struct waiting w = { .job = j, .frame = BUF_INIT, .sig = sig };
	enum err e;

	if (queue.n >= SLOWSIGN_MOST)
		return ERR_LIMIT;
	if ((e = encode(want, &w.frame)))
		goto out;
	enqueue(&w);
	if (queue.server)
		job_wake(queue.server, ERR_OK);
	else
		e = job_start_own(j->v, serve);
	while (!e && !w.done)
		e = job_wait(j, 0);
	leave(&w);
	if (!e)
		e = w.err;
out:
	buf_done(&w.frame);
	return e;
}
