/*
 * job_ask.c - telling and asking the person.  What they type comes over secret.sock or from a
 * prompt program, never through front.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "agent/vault/audit.h"
#include "agent/vault/job.h"
#include "lib/text.h"

#define SECRET_FRAME_MAX 8192
#define TEXT_MOST	 2047 /* of an event (ops_tables.c) */

/* ---- for those who subscribed ---- */
/* "program: what for"; a text that leaves no room for its program stands alone. */
static void
put_program(const struct client *c, const struct ops_event *ev, struct buf *text)
{
	if (!c || !c->label[0])
		return;
	text_printable(span_str(c->label), text);
	buf_put_span(text, SPAN_LIT(": "));
	buf_put_span(text, ev->text);
	if (text->len > TEXT_MOST)
		buf_reset(text);
}

static void
tell_others(struct job *j, const struct ops_event *ev)
{
	struct ops_event out = *ev;
	struct buf text = BUF_INIT;

	switch (ev->kind) {
	case OPS_EV_WAIT_TOKEN:
	case OPS_EV_TOUCH:
	case OPS_EV_NEED_PIN:
	case OPS_EV_NEED_PASS:
		break;
	default:
		return;
	}
	if (!j->which)
		j->which = ++j->v->asked;
	j->asking = true;
	out.which = j->which;
	put_program(j->r.c, ev, &text);
	if (text.len && !buf_err(&text))
		out.text = buf_span(&text);
	client_event_asks(j->v, j->r.c, &out);
	buf_done(&text);
}

void
job_answered(struct job *j)
{
	struct ops_event ev = { .kind = OPS_EV_ANSWERED, .which = j->which };

	if (j->asking)
		client_event_asks(j->v, j->r.c, &ev);
	j->asking = false;
}

/* ---- telling ---- */
void
job_event_full(struct job *j, struct ops_event *ev)
{
	ev->request = j->r.id;
	wire_mark(&ops_event_map, ev);
	client_event(j->v, j->r.c, ev);
	tell_others(j, ev);
}

void
job_event(struct job *j, enum ops_event_kind kind, const char *text)
{
	struct ops_event ev = { .kind = kind, .text = span_str(text) };

	job_event_full(j, &ev);
}

static enum ops_event_kind
event_of(enum ask ask)
{
	switch (ask) {
	case ASK_PIN:
		return OPS_EV_NEED_PIN;
	case ASK_NEWPIN:
		return OPS_EV_NEED_NEWPIN;
	default:
		return OPS_EV_NEED_PASS;
	}
}

/* Typed text in NFC, so that one passphrase is one passphrase on every keyboard (DESIGN 7). */
static enum err
take_text(struct span typed, struct sec *out)
{
	struct buf nfc = BUF_INIT;
	enum err e;

	if (!(e = text_nfc(typed, &nfc)) && !(e = buf_err(&nfc)))
		e = nfc.len ? sec_init_copy(out, buf_span(&nfc)) : ERR_PASS_EMPTY;
	buf_done(&nfc);
	return e;
}

static void
secret_readable(void *arg, short revents)
{
	struct job *j = arg;

	(void)revents;
	job_wake(j, ERR_OK);
}

/* What is there now, straight into the arena, never waiting: a slow sender delays nobody. */
static enum err
fill_frame(struct job *j, struct sec *frame)
{
	ssize_t n = recv(j->secret, frame->p + frame->len, frame->cap - frame->len, MSG_DONTWAIT);

	if (n > 0)
		frame->len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return ERR_CANCELLED;
	return ERR_OK;
}

static bool
is_whole(const struct sec *frame)
{
	return frame->len >= 4 && frame->len - 4 >= be32(frame->p);
}

static enum err
decode_secret(const struct sec *frame, struct secret_msg *m)
{
	if (be32(frame->p) != frame->len - 4)
		return ERR_FORMAT;
	return wire_decode(&secret_msg_map, SPAN(frame->p + 4, frame->len - 4), m);
}

/* Until it is there whole: whoever sends it byte by byte gains no time. */
static enum err
read_frame(struct job *j, uint64_t until, struct sec *frame)
{
	struct loop_fd *f = loop_fd_add(j->v->loop, j->secret, POLLIN, secret_readable, j);
	enum err e = f ? ERR_OK : ERR_NOMEM;

	while (!e && !is_whole(frame)) {
		uint64_t now = loop_now();

		if (!(e = now < until ? job_wait(j, until - now) : ERR_TIMEOUT))
			e = fill_frame(j, frame);
	}
	loop_fd_remove(f);
	return e;
}

/* The person's one message; m borrows from frame, which the caller ends. */
static enum err
wait_secret(struct job *j, uint64_t ms, struct sec *frame, struct secret_msg *m)
{
	uint64_t until = loop_now() + ms;
	enum err e = sec_init(frame, SECRET_FRAME_MAX);

	while (!e && j->secret < 0) {
		uint64_t now = loop_now();

		e = now < until ? job_wait(j, until - now) : ERR_TIMEOUT;
	}
	if (!e && !(e = read_frame(j, until, frame)))
		e = decode_secret(frame, m);
	return e;
}

static enum err
wait_text(struct job *j, uint64_t ms, struct sec *out)
{
	struct sec frame = { 0 };
	struct secret_msg m;
	enum err e;

	if (!(e = wait_secret(j, ms, &frame, &m)))
		e = m.kind == SECRET_TEXT ? take_text(m.text, out) : ERR_FORMAT;
	sec_done(&frame);
	return e;
}

static enum err
take_factor(const struct secret_msg *m, struct sec *cred_id, struct sec *f1)
{
	enum err e;

	if (m->kind != SECRET_FACTOR || !m->cred_id.len || !m->factor.len)
		return ERR_FORMAT;
	if ((e = sec_init_copy(cred_id, m->cred_id)))
		return e;
	return sec_init_copy(f1, m->factor);
}

enum err
job_ask_factor(struct job *j, uint64_t ms, struct sec *cred_id, struct sec *f1)
{
	struct ops_event ev = { .kind = OPS_EV_NEED_FACTOR };
	struct sec frame = { 0 };
	struct secret_msg m;
	enum err e;

	if (!j->r.c)
		return ERR_CANCELLED;
	if ((e = job_new_id(j, true)))
		return e;
	ev.job = SPAN(j->id, JOB_ID_LEN);
	job_event_full(j, &ev);
	if (!(e = wait_secret(j, ms, &frame, &m)))
		e = take_factor(&m, cred_id, f1);
	sec_done(&frame);
	job_forget_id(j);
	return e;
}

/* By the client's own terminal. */
static enum err
ask_client(struct job *j, const struct question *q, struct sec *out)
{
	struct ops_event ev = { .kind = event_of(q->ask),
		.again = q->ask != ASK_PIN && q->ask != ASK_PASS };
	enum err e;

	if ((e = job_new_id(j, true)))
		return e;
	ev.job = SPAN(j->id, JOB_ID_LEN);
	ev.text = span_str(q->text);
	ev.label = span_str(q->label);
	ev.err = (uint64_t)q->err;
	ev.retries = q->retries;
	job_event_full(j, &ev);
	e = wait_text(j, j->v->conf.prompt_timeout * 1000ull, out);
	job_answered(j);
	job_forget_id(j);
	return e;
}

/* ---- prompt programs ---- */
static enum err
run_prompt(struct job *j, struct prompt_job *p, struct sec *out)
{
	struct client *c = j->r.c;
	struct prompt_event ev;
	struct helper *h;
	struct span frame;
	enum err e;

	if (!c)
		return ERR_CANCELLED;
	if ((e = job_spawn(j, HELPER_PROMPT, NULL, &h)))
		return e;
	p->program = span_str(j->v->conf.pinentry);
	p->timeout_s = j->v->conf.prompt_timeout;
	p->tty = span_str(c->tty);
	p->display = span_str(c->display);
	p->wayland = span_str(c->wayland);
	p->xauthority = span_str(c->xauthority);
	p->lang = span_str(c->lang);
	p->bus = span_str(c->bus);
	wire_mark(&prompt_job_map, p);
	if (!(e = job_send(j, h, &prompt_job_map, p)) &&
	    !(e = job_recv(j, h, p->timeout_s * 1000 + 5000, &frame)) &&
	    !(e = wire_decode(&prompt_event_map, frame, &ev)) && !(e = (enum err)ev.err) && out)
		e = take_text(ev.text, out);
	job_end(j, h);
	return e == ERR_HANGUP ? ERR_NOPROMPT : e;
}

static void
why_again(const struct question *q, char *out, size_t cap)
{
	if (!q->err)
		out[0] = '\0';
	else if (q->retries)
		snprintf(out, cap, "%s, %u tries left", err_text(q->err), (unsigned)q->retries);
	else
		snprintf(out, cap, "%s", err_text(q->err));
}

static enum err
ask_prompt(struct job *j, const struct question *q, struct sec *out)
{
	bool pin = q->ask == ASK_PIN || q->ask == ASK_NEWPIN;
	struct prompt_job p = { .kind = pin ? PROMPT_PIN : PROMPT_PASSPHRASE };
	struct ops_event ev = { .kind = pin ? OPS_EV_NEED_PIN : OPS_EV_NEED_PASS };
	char again[160];
	enum err e;

	why_again(q, again, sizeof again);
	p.title = SPAN_LIT("ownkey");
	p.text = span_str(q->text);
	p.label = pin ? SPAN_LIT("PIN:") : SPAN_LIT("Passphrase:");
	p.error = span_str(again);
	ev.text = p.text;
	ev.label = span_str(q->label ? q->label : "");
	tell_others(j, &ev);
	e = run_prompt(j, &p, out);
	job_answered(j);
	return e;
}

static unsigned
prompts_pending(const struct vault *v)
{
	unsigned n = 0;

	for (struct job *j = v->jobs; j; j = j->next)
		for (size_t i = 0; i < JOB_HELPERS; i++)
			n += j->helper[i].handle && j->helper[i].kind == HELPER_PROMPT;
	return n;
}

enum err
job_ask(struct job *j, const struct question *q, struct sec *out)
{
	if (!j->r.c)
		return ERR_CANCELLED;
	if (q->err == ERR_PIN_WRONG || q->err == ERR_PASS_WRONG)
		audit_owe(&j->r, AUDIT_PROOF, NULL, q->err);
	if (j->r.c->interactive)
		return ask_client(j, q, out);
	if (prompts_pending(j->v) >= VAULT_PROMPTS)
		return ERR_LIMIT;
	return ask_prompt(j, q, out);
}

enum err
job_confirm(struct job *j, const char *text)
{
	struct prompt_job p = { .kind = PROMPT_CONFIRM, .title = SPAN_LIT("ownkey") };

	if (prompts_pending(j->v) >= VAULT_PROMPTS)
		return ERR_LIMIT;
	p.text = span_str(text);
	return run_prompt(j, &p, NULL);
}
