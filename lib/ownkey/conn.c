/* conn.c - frames with deadlines. */
#include "lib/ownkey/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"

#define GIVE_UP_MS 2000 /* for the agent to say that it stopped */

int64_t
conn_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
conn_deadline(int ms)
{
	return ms < 0 ? -1 : conn_clock() + ms;
}

struct span
conn_text(const char *s)
{
	return s ? SPAN(s, strlen(s)) : SPAN_NONE;
}

/* A child has the descriptor, half of the state: two would read each other's answers. */
enum err
conn_enter(struct ownkey *k)
{
	if (!k)
		return ERR_USAGE;
	if (k->pid != getpid())
		return ERR_LIB_FORKED;
	if (k->inside)
		return ERR_LIB_NESTED;
	k->detail[0] = '\0';
	return k->broken;
}

static enum err
broke(struct ownkey *k, enum err e)
{
	if (!k->broken)
		k->broken = e;
	return e;
}

/* ---- events ---- */
static void
tell(struct ownkey *k, enum ownkey_event event, struct span text)
{
	struct buf b = BUF_INIT;

	if (!k->fn)
		return;
	text_printable(text, &b);
	k->inside = true;
	k->fn(k->arg, event, buf_cstr(&b));
	k->inside = false;
	buf_done(&b);
}

static enum err
take_event(struct ownkey *k, struct span result)
{
	struct ops_event ev;

	if (wire_decode(&ops_event_map, result, &ev))
		return ERR_LIB_PROTOCOL;
	if (ev.kind == OPS_EV_LOCKED)
		tell(k, OWNKEY_EVENT_LOCKED, ev.text);
	else if (ev.kind == OPS_EV_CHANGED)
		tell(k, OWNKEY_EVENT_CHANGED, ev.text);
	else if (ev.kind == OPS_EV_TOUCH)
		tell(k, OWNKEY_EVENT_TOUCH, ev.text);
	else if (ev.kind == OPS_EV_WAIT_TOKEN)
		tell(k, OWNKEY_EVENT_TOKEN, ev.text);
	else if (ev.kind == OPS_EV_UNLOCKED) {
		k->opened = true;
		tell(k, OWNKEY_EVENT_UNLOCKED, ev.text);
	}
	return ERR_OK;
}

/* ---- replies ---- */
static void
keep_detail(struct ownkey *k, struct span text)
{
	struct buf b = BUF_INIT;
	size_t n;

	text_printable(text, &b);
	n = b.len < sizeof k->detail ? b.len : sizeof k->detail - 1;
	while (n && n < b.len && (b.p[n] & 0xc0) == 0x80) /* never half a character */
		n--;
	if (n)
		memcpy(k->detail, b.p, n);
	k->detail[n] = '\0';
	buf_done(&b);
}

static enum err
take_reply(struct ownkey *k, const struct ops_reply *r, struct span frame)
{
	size_t at = r->result.p ? (size_t)(r->result.p - frame.p) : 0;

	if (k->cancel_id && r->id == k->cancel_id && r->op == OP_CANCEL) {
		k->cancel_id = 0;
		return ERR_OK;
	}
	if (!k->id || k->answered || r->id != k->id || r->op != k->op)
		return ERR_LIB_PROTOCOL;
	buf_put_span(&k->reply, frame);
	if (buf_err(&k->reply))
		return ERR_NOMEM;
	k->result = r->result.p ? SPAN(k->reply.p + at, r->result.len) : SPAN_NONE;
	k->answered = true;
	k->status = err_is_known(r->status) ? (enum err)r->status : ERR_INTERNAL;
	keep_detail(k, r->text);
	return ERR_OK;
}

static enum err
take_frame(struct ownkey *k, struct span frame)
{
	struct ops_reply r;

	if (wire_decode(&ops_reply_map, frame, &r))
		return ERR_LIB_PROTOCOL;
	if (r.id == 0)
		return r.op == OP_EVENT && !r.status ? take_event(k, r.result) : ERR_LIB_PROTOCOL;
	return take_reply(k, &r, frame);
}

static enum err
take_frames(struct ownkey *k, unsigned *n)
{
	struct span frame;
	enum err e;

	while (!(e = chan_next(&k->chan, &frame))) {
		(*n)++;
		if ((e = take_frame(k, frame)))
			break;
	}
	chan_forget(&k->chan);
	return e == ERR_TRUNCATED ? ERR_OK : e == ERR_TOOBIG ? ERR_LIB_PROTOCOL : e;
}

/* ---- waiting ---- */
/* EINTR is a signal of the program's own: it went to its handler, and the time goes on. */
static enum err
wait_ready(struct ownkey *k, int64_t until, short *got)
{
	struct pollfd p = { .fd = k->chan.fd, .events = POLLIN };
	int64_t left = -1;
	int n;

	if (chan_wants_write(&k->chan))
		p.events |= POLLOUT;
	do {
		if (until >= 0 && (left = until - conn_clock()) < 0)
			left = 0;
		if (left > 3600000)
			left = 3600000;
		n = poll(&p, 1, (int)left);
	} while ((n < 0 && errno == EINTR) || (n == 0 && until >= 0 && conn_clock() < until));
	if (n < 0)
		return ERR_IO;
	*got = p.revents;
	return n ? ERR_OK : ERR_TIMEOUT;
}

/* What came before the end is taken first. */
enum err
conn_step(struct ownkey *k, int64_t until)
{
	unsigned n = 0;
	short got = 0;
	enum err e, fill = ERR_OK;

	if ((e = wait_ready(k, until, &got)))
		return e == ERR_TIMEOUT ? e : broke(k, e);
	if (got & (POLLIN | POLLHUP | POLLERR))
		fill = chan_fill(&k->chan);
	if ((e = take_frames(k, &n)))
		return broke(k, e);
	if (fill)
		return broke(k, fill == ERR_TOOBIG ? ERR_LIB_PROTOCOL : fill);
	if ((got & POLLOUT) && (e = chan_flush(&k->chan)))
		return broke(k, e);
	return ERR_OK;
}

enum err
conn_wait(struct ownkey *k, int64_t until)
{
	enum err e = ERR_OK;

	/* the answer may have come with its end: then it counts; events without end do not delay */
	while (!k->answered && !(e = conn_step(k, until)))
		if (!k->answered && until >= 0 && conn_clock() >= until)
			return ERR_TIMEOUT;
	return k->answered ? ERR_OK : e;
}

/* ---- requests ---- */
void
conn_done_with(struct ownkey *k)
{
	buf_done(&k->reply);
	k->result = SPAN_NONE;
	k->id = 0;
	k->answered = false;
}

static void
put_request(struct buf *b, uint64_t id, const struct conn_call *c)
{
	cbor_put_map(b, c->req ? 3 : 2);
	cbor_put_uint(b, 1);
	cbor_put_uint(b, c->op);
	cbor_put_uint(b, 2);
	cbor_put_uint(b, id);
	if (c->req)
		cbor_put_uint(b, 3);
}

static enum err
send_request(struct ownkey *k, uint64_t id, const struct conn_call *c)
{
	struct buf b = BUF_INIT;
	enum err e = ERR_OK;

	put_request(&b, id, c);
	if (c->req)
		e = wire_encode(c->req_map, c->req, &b);
	if (!e && !(e = buf_err(&b)) && b.len > OPS_FRAME_MAX)
		e = ERR_TOOBIG;
	if (!e && ((e = chan_put(&k->chan, buf_span(&b))) || (e = chan_flush(&k->chan))))
		e = broke(k, e);
	buf_done(&b);
	return e;
}

enum err
conn_start(struct ownkey *k, const struct conn_call *c)
{
	uint64_t id = k->next_id++;
	enum err e;

	conn_done_with(k);
	if ((e = send_request(k, id, c)))
		return e;
	k->id = id;
	k->op = c->op;
	return ERR_OK;
}

enum err
conn_result(struct ownkey *k, const struct conn_call *c)
{
	if (k->status || !c->rep_map)
		return k->status;
	if (wire_decode(c->rep_map, k->result.p ? k->result : SPAN_LIT("\xa0"), c->rep))
		return broke(k, ERR_LIB_PROTOCOL);
	return ERR_OK;
}

/* The agent is told, and says at once that it stopped, or that it was done just now; if it says
 * nothing, what it says later cannot be told apart any more. */
enum err
conn_give_up(struct ownkey *k)
{
	struct ops_cancel q = { .request = k->id };
	struct conn_call c = { .op = OP_CANCEL, .req_map = &ops_cancel_map, .req = &q };
	enum err e;

	wire_mark(&ops_cancel_map, &q);
	k->cancel_id = k->next_id++;
	if ((e = send_request(k, k->cancel_id, &c)))
		return e;
	if ((e = conn_wait(k, conn_deadline(GIVE_UP_MS))))
		return broke(k, e == ERR_TIMEOUT ? ERR_HANGUP : e);
	return k->status == ERR_CANCELLED ? ERR_TIMEOUT : ERR_OK;
}

enum err
conn_call(struct ownkey *k, const struct conn_call *c)
{
	enum err e;

	if ((e = conn_start(k, c)))
		return e;
	if ((e = conn_wait(k, conn_deadline(k->patience))) == ERR_TIMEOUT)
		e = conn_give_up(k);
	return e ? e : conn_result(k, c);
}
