/* async.c - many requests in flight over one connection to the agent. */
#include "lib/async.h"

#include <poll.h>
#include <stdlib.h>

#include "lib/chan.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "lib/text.h"

#define SLOT_BITS  11
#define SLOTS	   (1u << SLOT_BITS)
#define RETRY_MIN  100
#define RETRY_MAX  5000
#define IN_FLIGHT  56	/* the agent takes 64 of a connection; some are for what is ours */
#define JOBS_MOST  40	/* what waits for a person leaves room for what need not */
#define REPLY_MAX  1024 /* bytes of the largest struct of a reply */
#define NO_TIMEOUT (-1)

enum state { DOWN, GREETING, UP };

struct call {
	uint64_t id; /* its slot is in the low bits: no list is searched */
	const struct op_row *row;
	struct async_then then;
	struct buf frame; /* until it is sent */
	bool sent, cancelled;
	struct call *next; /* of those that wait */
};

struct async {
	struct chan chan;
	enum state state;
	struct async_hooks hooks;
	void *arg;
	struct buf hello; /* its encoded struct: the texts are ours */
	uint64_t greeting, subscription;
	bool greeted, subscribed; /* both answered: it is up */
	struct ops_hello_rep answer;
	char version[64];
	uint64_t retry_at, retry_ms; /* loop_now */
	uint64_t seq;
	struct call *slot[SLOTS];
	unsigned cursor;	    /* where to look for a free slot */
	unsigned calls, sent, jobs; /* all, in flight, in flight and may wait for a person */
	struct call *wait, **wait_end;
	size_t waiting_bytes;
	bool any_cancelled; /* one that waits, to be answered by async_run */
};

/* ---- slots ---- */
static struct call *
find(const struct async *a, uint64_t id)
{
	struct call *c = a->slot[id & (SLOTS - 1)];

	return c && c->id == id ? c : NULL;
}

static struct call *
add(struct async *a, const struct op_row *row)
{
	struct call *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	while (a->slot[a->cursor & (SLOTS - 1)])
		a->cursor++;
	c->row = row;
	c->id = ++a->seq << SLOT_BITS | (a->cursor & (SLOTS - 1));
	a->slot[a->cursor++ & (SLOTS - 1)] = c;
	a->calls++;
	return c;
}

/* Out of the table, before its function is called: that one may ask for more. */
static void
take_out(struct async *a, struct call *c)
{
	a->slot[c->id & (SLOTS - 1)] = NULL;
	a->calls--;
	if (c->sent) {
		a->sent--;
		a->jobs -= (c->row->flags & OPF_JOB) != 0;
	}
}

static void
finish(struct async *a, struct call *c, enum err status, const char *text, const void *rep)
{
	take_out(a, c);
	if (c->then.fn)
		c->then.fn(c->then.arg, status, text, rep);
	buf_done(&c->frame);
	free(c);
}

/* ---- what waits ---- */
static void
wait_put(struct async *a, struct call *c)
{
	*a->wait_end = c;
	a->wait_end = &c->next;
	a->waiting_bytes += c->frame.len;
}

static struct call *
wait_take(struct async *a, struct call **at)
{
	struct call *c = *at;

	*at = c->next;
	if (!*at)
		a->wait_end = at;
	c->next = NULL;
	a->waiting_bytes -= c->frame.len;
	return c;
}

static bool
may_go(const struct async *a, const struct call *c)
{
	return a->sent < IN_FLIGHT && (!(c->row->flags & OPF_JOB) || a->jobs < JOBS_MOST);
}

static enum err
send_frame(struct async *a, struct call *c)
{
	enum err e = chan_put(&a->chan, buf_span(&c->frame));

	if (e)
		return e;
	buf_done(&c->frame);
	c->sent = true;
	a->sent++;
	a->jobs += (c->row->flags & OPF_JOB) != 0;
	return ERR_OK;
}

static enum err
send_waiting(struct async *a)
{
	struct call **at = &a->wait;
	enum err e = ERR_OK;

	while (!e && *at && a->sent < IN_FLIGHT) {
		if (may_go(a, *at))
			e = send_frame(a, wait_take(a, at));
		else
			at = &(*at)->next;
	}
	return e;
}

static void
answer_cancelled(struct async *a)
{
	struct call **at = &a->wait;

	a->any_cancelled = false;
	while (*at) {
		if (!(*at)->cancelled) {
			at = &(*at)->next;
			continue;
		}
		finish(a, wait_take(a, at), ERR_CANCELLED, "", NULL);
		at = &a->wait; /* its function may have changed the list */
	}
}

/* ---- asking ---- */
static enum err
make_call(struct async *a, enum op op, const void *req, struct call **out)
{
	const struct op_row *row = ops_find(op);
	struct buf frame = BUF_INIT;
	struct call *c = NULL;
	enum err e;

	if (!row)
		return ERR_UNSUPPORTED;
	if (!(c = add(a, row)))
		return ERR_NOMEM;
	if (!(e = ops_put_request(&frame, op, c->id, req)) && !(e = buf_err(&frame)) &&
	    frame.len > OPS_FRAME_MAX)
		e = ERR_TOOBIG;
	if (!e && a->waiting_bytes + a->chan.out.len + frame.len > ASYNC_BYTES_MAX)
		e = ERR_LIMIT;
	if (e) {
		take_out(a, c);
		free(c);
		buf_done(&frame);
		return e;
	}
	c->frame = frame;
	*out = c;
	return ERR_OK;
}

enum err
async_call(struct async *a, enum op op, const void *req, struct async_then then, uint64_t *id)
{
	struct call *c;
	enum err e;

	if (a->state != UP)
		return ERR_NOAGENT;
	if (a->calls >= ASYNC_CALLS_MAX)
		return ERR_LIMIT;
	if ((e = make_call(a, op, req, &c)))
		return e;
	c->then = then;
	if (id)
		*id = c->id;
	wait_put(a, c);
	return ERR_OK;
}

/* Past the queue: it is what the few places in the agent are kept for. */
static enum err
call_now(struct async *a, enum op op, const void *req, uint64_t *id)
{
	struct call *c;
	enum err e = make_call(a, op, req, &c);

	if (e)
		return e;
	*id = c->id;
	if ((e = send_frame(a, c))) {
		take_out(a, c);
		buf_done(&c->frame);
		free(c);
	}
	return e;
}

void
async_cancel(struct async *a, uint64_t id)
{
	struct ops_cancel q = { .request = id };
	struct call *c = find(a, id);
	uint64_t ours;

	if (!c || c->cancelled || a->state != UP)
		return;
	if (c->sent) {
		wire_mark(&ops_cancel_map, &q);
		/* at worst it is answered as if nobody had cancelled it */
		if (a->sent >= IN_FLIGHT + 4 || call_now(a, OP_CANCEL, &q, &ours))
			return;
	} else {
		a->any_cancelled = true;
	}
	c->cancelled = true;
}

/* ---- the connection ---- */
static void
hang_up(struct async *a, enum err why)
{
	bool was_up = a->state == UP;

	a->state = DOWN;
	chan_done(&a->chan);
	a->greeted = a->subscribed = a->any_cancelled = false;
	a->retry_ms = !a->retry_ms || was_up ? RETRY_MIN : a->retry_ms * 2;
	if (a->retry_ms > RETRY_MAX)
		a->retry_ms = RETRY_MAX;
	a->retry_at = loop_now() + a->retry_ms;
	a->wait = NULL;
	a->wait_end = &a->wait;
	a->waiting_bytes = 0;
	for (size_t i = 0; i < SLOTS; i++)
		if (a->slot[i])
			finish(a, a->slot[i], why, "", NULL);
	if (was_up && a->hooks.down)
		a->hooks.down(a->arg);
}

/* Hello, subscribe, and hello again: what the second one says is not older than the first event. */
static enum err
greet(struct async *a)
{
	struct ops_subscribe sub = { .on = true };
	struct ops_hello hello;
	uint64_t first;
	enum err e;

	wire_mark(&ops_subscribe_map, &sub);
	if ((e = wire_decode(&ops_hello_map, buf_span(&a->hello), &hello)) ||
	    (e = call_now(a, OP_HELLO, &hello, &first)) ||
	    (e = call_now(a, OP_SUBSCRIBE, &sub, &a->subscription)))
		return e;
	return call_now(a, OP_HELLO, &hello, &a->greeting);
}

static void
try_connect(struct async *a)
{
	char path[SOCK_PATH_MAX];
	int fd;

	if (loop_now() < a->retry_at)
		return;
	if (sock_path("agent.sock", path, sizeof path) || sock_connect_now(path, &fd)) {
		hang_up(a, ERR_NOAGENT);
		return;
	}
	chan_init(&a->chan, fd, OPS_FRAME_MAX);
	a->state = GREETING;
	if (greet(a))
		hang_up(a, ERR_NOAGENT);
}

/* ---- what comes ---- */
static void
check_up(struct async *a)
{
	if (a->state != GREETING || !a->greeted || !a->subscribed)
		return;
	a->state = UP;
	a->retry_ms = 0;
	a->answer.version = span_str(a->version);
	if (a->hooks.up)
		a->hooks.up(a->arg, &a->answer);
}

static void
keep_hello(struct async *a, const struct ops_hello_rep *rep)
{
	size_t n = rep->version.len < sizeof a->version ? rep->version.len : sizeof a->version - 1;

	a->answer = *rep;
	memcpy(a->version, n ? rep->version.p : (const uint8_t *)"", n);
	a->version[n] = '\0';
	a->greeted = true;
}

/* Of our own requests: without these two there is no connection. */
static enum err
greeted(struct async *a, uint64_t id, enum err status, const void *rep)
{
	if (id != a->greeting && id != a->subscription)
		return ERR_OK;
	if (status)
		return status;
	if (id == a->greeting)
		keep_hello(a, rep);
	else
		a->subscribed = true;
	return ERR_OK;
}

static enum err
decode_result(const struct op_row *row, const struct ops_reply *r, void *rep)
{
	enum err e;

	if (!row->rep)
		return r->result.p ? ERR_FORMAT : ERR_OK;
	if (row->rep->size > REPLY_MAX)
		return ERR_INTERNAL;
	e = wire_decode(row->rep, r->result, rep);
	return e && e != ERR_VERSION && e != ERR_INTERNAL ? ERR_FORMAT : e;
}

static enum err
take_reply(struct async *a, const struct ops_reply *r)
{
	_Alignas(16) uint8_t rep[REPLY_MAX];
	struct call *c = find(a, r->id);
	enum err status = ERR_INTERNAL, e;
	struct buf text = BUF_INIT;
	uint64_t id = r->id;

	if (!c || !c->sent || (uint64_t)c->row->op != r->op)
		return ERR_FORMAT;
	if (err_is_known(r->status))
		status = (enum err)r->status;
	if (!status && (status = decode_result(c->row, r, rep)) == ERR_FORMAT)
		return ERR_FORMAT;
	e = greeted(a, id, status, rep);
	text_printable(r->text, &text);
	finish(a, c, status, buf_cstr(&text), status || !c->row->rep ? NULL : rep);
	buf_done(&text);
	sec_zero(rep, sizeof rep);
	if (!e)
		check_up(a);
	return e;
}

/* What a newer agent says besides is not for us. */
static enum err
take_event(struct async *a, const struct ops_reply *r)
{
	struct ops_event ev;
	enum err e;

	if (r->op != OP_EVENT)
		return ERR_FORMAT;
	e = wire_decode(&ops_event_map, r->result, &ev);
	if (e == ERR_VERSION || e == ERR_RANGE)
		return ERR_OK;
	if (e)
		return ERR_FORMAT;
	if (a->state == UP && a->hooks.event && (!ev.request || find(a, ev.request)))
		a->hooks.event(a->arg, &ev);
	return ERR_OK;
}

static enum err
take_all(struct async *a)
{
	struct ops_reply r;
	struct span frame;
	enum err e;

	while (!(e = chan_next(&a->chan, &frame))) {
		if (wire_decode(&ops_reply_map, frame, &r))
			return ERR_FORMAT;
		if ((e = r.id ? take_reply(a, &r) : take_event(a, &r)))
			return e;
	}
	chan_forget(&a->chan); /* values among them */
	return e == ERR_TRUNCATED ? ERR_OK : ERR_FORMAT;
}

/* ---- for the loop ---- */
void
async_run(struct async *a)
{
	enum err e, ended;

	if (a->state == DOWN)
		try_connect(a);
	if (a->state == DOWN)
		return;
	ended = chan_fill(&a->chan);
	if (ended == ERR_TOOBIG)
		ended = ERR_FORMAT;
	/* what came before the end is taken first */
	if (!(e = take_all(a)) && !(e = ended)) {
		answer_cancelled(a);
		if (!(e = send_waiting(a)))
			e = chan_flush(&a->chan);
	}
	if (e)
		hang_up(a, e == ERR_FORMAT || e == ERR_NOMEM ? e : ERR_NOAGENT);
}

int
async_fd(const struct async *a)
{
	return a->state == DOWN ? -1 : a->chan.fd;
}

short
async_events(const struct async *a)
{
	bool out = chan_wants_write(&a->chan);

	if (a->state == DOWN)
		return 0;
	for (const struct call *c = a->wait; c && !out && a->sent < IN_FLIGHT; c = c->next)
		out = may_go(a, c);
	return out ? POLLIN | POLLOUT : POLLIN;
}

int
async_timeout(const struct async *a)
{
	uint64_t now = loop_now();

	if (a->any_cancelled)
		return 0;
	if (a->state != DOWN)
		return NO_TIMEOUT;
	return a->retry_at > now ? (int)(a->retry_at - now) : 0;
}

bool
async_is_up(const struct async *a)
{
	return a->state == UP;
}

void
async_hurry(struct async *a)
{
	a->retry_at = 0;
	a->retry_ms = 0;
}

/* ---- beginning and end ---- */
enum err
async_new(
    struct async **out, const struct ops_hello *hello, const struct async_hooks *hooks, void *arg)
{
	struct ops_hello ours = *hello;
	struct async *a = calloc(1, sizeof *a);
	enum err e;

	if (!a)
		return ERR_NOMEM;
	a->chan.fd = -1;
	a->hooks = *hooks;
	a->arg = arg;
	a->wait_end = &a->wait;
	ours.protocol = OPS_PROTOCOL;
	wire_mark(&ops_hello_map, &ours);
	if ((e = wire_encode(&ops_hello_map, &ours, &a->hello)) || (e = buf_err(&a->hello))) {
		async_done(a);
		return e;
	}
	*out = a;
	return ERR_OK;
}

void
async_done(struct async *a)
{
	if (!a)
		return;
	chan_done(&a->chan);
	for (size_t i = 0; i < SLOTS; i++) {
		if (a->slot[i]) {
			buf_done(&a->slot[i]->frame);
			free(a->slot[i]);
		}
	}
	buf_done(&a->hello);
	free(a);
}
