#include "agent/prompt/prompt.h"

#include <stdlib.h>

#include "agent/prompt/pinentry.h"
#include "agent/prompt/tty.h"
#include "agent/prompt/watch.h"
#include "lib/chan.h"
#include "lib/log.h"
#include "lib/loop.h"

#define JOB_WAIT_MS 10000
#define PATIENCE_S  120
#define GRACE_MS    2000 /* for a pinentry to notice its timeout itself, and tidy up */
#define EVENT_MAX   (PROMPT_ANSWER_MAX + 64)

enum err
prompt_read(struct prompt *p)
{
	enum err e;

	if ((e = chan_recv_sec(p->vault, JOB_WAIT_MS, &p->frame)) != ERR_OK)
		return e;
	return wire_decode(&prompt_job_map, sec_span(&p->frame), &p->job);
}

static enum err
by_pinentry(struct prompt *p, const struct tty *tty, struct watch watch)
{
	char program[PINENTRY_PATH];
	enum err e;

	if (pinentry_find(p->job.program, getenv("PATH"), program, sizeof(program)) != ERR_OK) {
		if (p->job.program.len > 0 && !span_is(p->job.program, "none"))
			log_warn("the pinentry program of the configuration is not there");
		return ERR_NOPROMPT;
	}
	watch.deadline += GRACE_MS;
	e = pinentry_ask(program, &p->job, tty->fd >= 0, &watch, &p->answer);
	/* it may have been killed before it could */
	if (e != ERR_OK)
		tty_restore(tty);
	return e;
}

enum err
prompt_run(struct prompt *p)
{
	uint64_t s = p->job.timeout_s ? p->job.timeout_s : PATIENCE_S;
	struct watch watch = { p->vault, p->signals, loop_now() + s * 1000 };
	struct tty tty;
	enum err e;

	if ((e = sec_init(&p->answer, PROMPT_ANSWER_MAX)) != ERR_OK)
		return e;
	if (tty_open(&tty, p->job.tty) != ERR_OK)
		tty.fd = -1;
	e = by_pinentry(p, &tty, watch);
	if (e == ERR_NOPROMPT && tty.fd >= 0)
		e = tty_ask(&tty, &p->job, &watch, &p->answer);
	tty_close(&tty);
	return e;
}

/* The frame is made in the arena: with max below cap a buffer never grows, so it never moves. */
enum err
prompt_answer(struct prompt *p, enum err result)
{
	struct prompt_event ev = { .err = result };
	struct sec frame = { 0 };
	struct buf b;
	enum err e;

	if (result == ERR_OK && p->job.kind != PROMPT_CONFIRM)
		ev.text = sec_span(&p->answer);
	if ((e = sec_init(&frame, EVENT_MAX)) != ERR_OK)
		return e;
	b = (struct buf){ .p = frame.p, .cap = frame.cap, .max = frame.cap - 1 };
	wire_mark(&prompt_event_map, &ev);
	if ((e = wire_encode(&prompt_event_map, &ev, &b)) == ERR_OK)
		e = chan_send(p->vault, buf_span(&b));
	sec_done(&frame);
	return e;
}

void
prompt_done(struct prompt *p)
{
	sec_done(&p->frame);
	sec_done(&p->answer);
	sec_zero(&p->job, sizeof(p->job));
}
