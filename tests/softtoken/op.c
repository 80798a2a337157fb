/*
 * One CBOR command at a time.  A command that needs a finger runs, finds none, answers
 * CTAP_PENDING, and is run again from its beginning when the finger came: until then it must not
 * change anything.
 */
#include "tests/softtoken/core.h"

#define KEEPALIVE_MS 100

struct command {
	uint8_t cmd;
	unsigned needs; /* traits */
	bool has_map;
	bool keeps_iter;
	soft_command *run;
};

static const struct command commands[] = {
	{ CTAP_MAKE, 0, true, false, soft_make },
	{ CTAP_ASSERT, 0, true, false, soft_assert },
	{ CTAP_INFO, 0, false, false, soft_info },
	{ CTAP_PIN, 0, true, false, soft_client_pin },
	{ CTAP_RESET, 0, false, false, soft_reset },
	{ CTAP_NEXT, 0, false, true, soft_assert_next },
	{ CTAP_MANAGE, SOFT_MANAGE, true, true, soft_manage },
	{ CTAP_MANAGE_PRE, SOFT_MANAGE_PRE, true, true, soft_manage },
	{ CTAP_SELECT, SOFT_PUAT, false, false, soft_select },
	{ CTAP_CONFIG, 0, true, false, soft_config },
};

static const struct command *
command_find(const struct softtoken *t, uint8_t cmd)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].cmd == cmd)
			return (t->row->traits & commands[i].needs) == commands[i].needs
			    ? &commands[i]
			    : NULL;
	return NULL;
}

static enum ctap
command_run(struct softtoken *t, struct span msg, struct buf *rep)
{
	const struct command *c = command_find(t, msg.p[0]);
	struct span map = SPAN(msg.p + 1, msg.len - 1);

	if (c == NULL)
		return CTAP_INVALID_COMMAND;
	if (!c->keeps_iter)
		t->iter.kind = SOFT_ITER_NONE;
	if (msg.len > t->row->max_msg)
		return CTAP_TOO_LARGE;
	if (c->has_map && map.len == 0)
		return CTAP_MISSING_PARAMETER;
	if (map.len > 0 && cbor_check(map) != ERR_OK)
		return CTAP_INVALID_CBOR;
	return c->run(t, map, rep);
}

static void
op_end(struct softtoken *t)
{
	t->op.state = SOFT_IDLE;
	t->op.touched = false;
	buf_reset(&t->op.reply);
}

/* The reply is in op.reply: send it, or what the faults make of it. */
static void
reply_send(struct softtoken *t)
{
	struct buf *rep = &t->op.reply;

	if (soft_fault_hit(t, SOFT_STALE, NULL) && t->last.len > 0) {
		uint32_t cid = t->hid.cid;
		soft_hid_reply(t, CTAPHID_CBOR, buf_span(&t->last));
		t->hid.cid = cid;
	}
	buf_reset(&t->last);
	buf_put_span(&t->last, buf_span(rep));
	if (soft_fault_hit(t, SOFT_SAY_BUSY, NULL)) {
		uint8_t code = CTAPHID_ERR_BUSY;
		soft_hid_reply(t, CTAPHID_ERROR, SPAN(&code, 1));
	} else if (soft_fault_hit(t, SOFT_DROP, NULL)) {
		soft_op_abort(t);
		t->hid.cid = 0;
		t->hid.busy = false;
	} else {
		soft_hid_reply(t, CTAPHID_CBOR, buf_span(rep));
	}
	op_end(t);
}

static void
reply_make(struct softtoken *t, enum ctap status, const struct buf *rep)
{
	struct soft_op *op = &t->op;
	uint32_t slow;

	buf_reset(&op->reply);
	if (rep->failed)
		status = CTAP_OTHER;
	buf_put_u8(&op->reply, (uint8_t)status);
	if (status == CTAP_OK)
		buf_put_span(&op->reply, buf_span(rep));
	soft_fault_reply(t, &op->reply);
	if (!soft_fault_hit(t, SOFT_SLOW, &slow)) {
		reply_send(t);
		return;
	}
	op->state = SOFT_REPLY;
	op->reply_at = t->now + slow;
	op->keepalive_at = t->now + KEEPALIVE_MS;
}

/* Milliseconds until somebody touches it; negative: never. */
static int64_t
touch_ask(const struct softtoken *t)
{
	if (t->conf.ask != NULL)
		return t->conf.ask(t->conf.arg, t->op.cmd);
	switch (t->conf.touch) {
	case SOFTTOKEN_TOUCH_AUTO:
		return 0;
	case SOFTTOKEN_TOUCH_DELAY:
		return t->conf.touch_ms;
	default:
		return -1;
	}
}

static void
touch_wait(struct softtoken *t)
{
	int64_t in = touch_ask(t);
	struct soft_op *op = &t->op;
	uint32_t limit = t->conf.touch_timeout_ms ? t->conf.touch_timeout_ms : 30000;

	op->state = SOFT_TOUCH;
	op->touch_at = in < 0 ? SOFT_NEVER : t->now + (uint64_t)in;
	op->deadline = t->now + limit;
	op->keepalive_at = t->now + KEEPALIVE_MS;
	soft_hid_keepalive(t, CTAPHID_UPNEEDED);
}

static void
op_run(struct softtoken *t)
{
	struct buf rep = BUF_INIT;
	enum ctap r = command_run(t, SPAN(t->hid.in.p, t->hid.want), &rep);

	if (r == CTAP_PENDING)
		touch_wait(t);
	else
		reply_make(t, r, &rep);
	buf_done(&rep);
	soft_op_tick(t);
}

void
soft_op_start(struct softtoken *t, struct span msg)
{
	t->op.cmd = msg.p[0];
	t->op.touched = false;
	t->op.frames = 0;
	if (soft_fault_unplugs(t, 0))
		softtoken_unplug(t);
	else
		op_run(t);
}

void
soft_op_abort(struct softtoken *t)
{
	op_end(t);
}

static void
op_answer(struct softtoken *t, enum ctap status)
{
	struct buf none = BUF_INIT;

	reply_make(t, status, &none);
}

void
soft_op_cancel(struct softtoken *t)
{
	if (t->op.state == SOFT_TOUCH)
		op_answer(t, CTAP_CANCELLED);
}

static void
touch_tick(struct softtoken *t)
{
	struct soft_op *op = &t->op;

	if (op->touch_at <= t->now && op->touch_at <= op->deadline) {
		op->touched = true;
		op->state = SOFT_IDLE;
		op_run(t);
	} else if (op->deadline <= t->now) {
		op_answer(t, t->row->timeout);
	}
}

void
soft_op_tick(struct softtoken *t)
{
	struct soft_op *op = &t->op;

	if (op->state != SOFT_IDLE && op->keepalive_at <= t->now) {
		op->keepalive_at = t->now + KEEPALIVE_MS;
		soft_hid_keepalive(
		    t, op->state == SOFT_TOUCH ? CTAPHID_UPNEEDED : CTAPHID_PROCESSING);
	}
	if (op->state == SOFT_TOUCH)
		touch_tick(t);
	else if (op->state == SOFT_REPLY && op->reply_at <= t->now)
		reply_send(t);
}

uint64_t
soft_op_next(const struct softtoken *t)
{
	const struct soft_op *op = &t->op;
	uint64_t at = op->keepalive_at;

	if (op->state == SOFT_IDLE)
		return SOFT_NEVER;
	if (op->state == SOFT_REPLY)
		return op->reply_at < at ? op->reply_at : at;
	if (op->touch_at < at)
		at = op->touch_at;
	return op->deadline < at ? op->deadline : at;
}

enum ctap
soft_op_touch(const struct softtoken *t)
{
	return t->op.touched ? CTAP_OK : CTAP_PENDING;
}
