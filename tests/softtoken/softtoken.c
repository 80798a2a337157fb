/*
 * Life of a token: birth, clock, plug, finger.
 */
#include <stdlib.h>

#include "lib/crypto.h"
#include "tests/softtoken/core.h"
#include "tests/softtoken/pin.h"

static void
power_down(struct softtoken *t)
{
	t->plugged = false;
	soft_op_abort(t);
	soft_hid_done(&t->hid);
	buf_reset(&t->last);
	t->iter.kind = SOFT_ITER_NONE;
	sec_zero(&t->pin, sizeof(t->pin));
}

/* Some old tokens forget the last steps of their counter. */
static void
power_up(struct softtoken *t)
{
	uint32_t top = t->store.counter_top;

	t->plugged = true;
	t->power_at = t->now;
	t->op.cmd = 0;
	t->counter = soft_has(t, SOFT_COUNTER_BACK) && top > 32 ? top - 32 : top;
	soft_hid_reset(t);
	soft_pin_power_up(t);
}

static enum err
state_open(struct softtoken *t)
{
	enum err r;

	if (t->conf.state.len > 0)
		return soft_store_load(t, t->conf.state);
	soft_store_fresh(t);
	if (t->conf.pin != NULL && (r = soft_pin_preset(t, span_str(t->conf.pin))) != ERR_OK)
		return r;
	return soft_store_save(t);
}

enum err
softtoken_new(const struct softtoken_config *c, struct softtoken **out)
{
	struct softtoken *t;
	enum err r;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return ERR_NOMEM;
	t->conf = *c;
	if ((t->row = soft_row_find(c->personality)) == NULL) {
		r = ERR_NOTFOUND;
		goto out;
	}
	if ((r = state_open(t)) != ERR_OK)
		goto out;
	if (c->pin != NULL && t->store.pin_points == 0 &&
	    ((r = soft_pin_preset(t, span_str(c->pin))) != ERR_OK ||
		(r = soft_store_save(t)) != ERR_OK))
		goto out;
	t->conf.state = SPAN_NONE;
	t->conf.pin = NULL;
	power_up(t);
	*out = t;
	t = NULL;
out:
	softtoken_free(t);
	return r;
}

void
softtoken_free(struct softtoken *t)
{
	if (t == NULL)
		return;
	soft_hid_done(&t->hid);
	buf_done(&t->op.reply);
	buf_done(&t->iter.ids);
	buf_done(&t->iter.hmac);
	buf_done(&t->last);
	buf_done(&t->recorded);
	sec_zero(t, sizeof(*t));
	free(t);
}

void
softtoken_feed(struct softtoken *t, const uint8_t report[SOFTTOKEN_REPORT])
{
	if (t->plugged)
		soft_hid_feed(t, report);
}

bool
softtoken_pop(struct softtoken *t, uint8_t report[SOFTTOKEN_REPORT])
{
	struct buf *out = &t->hid.out;

	if (!t->plugged || out->len < SOFTTOKEN_REPORT)
		return false;
	memcpy(report, out->p, SOFTTOKEN_REPORT);
	buf_drop(out, SOFTTOKEN_REPORT);
	if (soft_fault_unplugs(t, ++t->op.frames))
		softtoken_unplug(t);
	else if (out->len == 0 && t->op.state == SOFT_IDLE)
		t->op.cmd = 0;
	return true;
}

void
softtoken_tick(struct softtoken *t, uint64_t now)
{
	if (now > t->now)
		t->now = now;
	if (!t->plugged)
		return;
	soft_hid_tick(t);
	soft_op_tick(t);
}

uint64_t
softtoken_next(const struct softtoken *t)
{
	uint64_t op = soft_op_next(t);

	if (!t->plugged)
		return SOFT_NEVER;
	return t->hid.deadline < op ? t->hid.deadline : op;
}

uint64_t
softtoken_now(const struct softtoken *t)
{
	return t->now;
}

bool
softtoken_wait(struct softtoken *t, uint32_t ms, uint8_t report[SOFTTOKEN_REPORT])
{
	uint64_t end = t->now + ms;
	uint64_t next;

	while (!softtoken_pop(t, report)) {
		if ((next = softtoken_next(t)) > end) {
			softtoken_tick(t, end);
			return softtoken_pop(t, report);
		}
		softtoken_tick(t, next);
	}
	return true;
}

bool
softtoken_touch(struct softtoken *t)
{
	if (!softtoken_is_waiting(t))
		return false;
	t->op.touch_at = t->now;
	soft_op_tick(t);
	return true;
}

void
softtoken_touch_mode(struct softtoken *t, enum softtoken_touch mode, uint32_t ms)
{
	t->conf.touch = mode;
	t->conf.touch_ms = ms;
}

void
softtoken_unplug(struct softtoken *t)
{
	power_down(t);
}

void
softtoken_plug(struct softtoken *t)
{
	if (!t->plugged)
		power_up(t);
}

bool
softtoken_is_plugged(const struct softtoken *t)
{
	return t->plugged;
}

bool
softtoken_is_waiting(const struct softtoken *t)
{
	return t->plugged && t->op.state == SOFT_TOUCH;
}
