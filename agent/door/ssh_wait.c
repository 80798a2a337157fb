/*
 * ssh_wait.c - messages that need an open vault wait while it is opened: for the first of those
 * that wait, the others behind it.  When that does not succeed they all fail: who has just said no
 * is not asked again by the next in the queue.
 */
#include "agent/door/front.h"
#include "lib/log.h"
#include "lib/loop.h"

#define TIDY_MS 5000

static struct conn **
end_of_queue(struct ssh_door *d)
{
	struct conn **at = &d->waiting;

	while (*at)
		at = &(*at)->ssh->next_waiting;
	return at;
}

static void give_up_late(void *arg);

/* The queue is in the order of time, so the oldest decides. */
static void
set_patience(struct front *f)
{
	struct ssh_door *d = &f->ssh;

	loop_timer_remove(d->patience);
	d->patience = NULL;
	if (d->waiting &&
	    !(d->patience = loop_timer_add(f->loop, d->waiting->ssh->until, give_up_late, f)))
		log_err(ERR_NOMEM, "what waits for the vault may wait for ever");
}

enum err
ssh_wait(struct conn *c)
{
	uint64_t limit = c->f->start.conf.ssh_wait;

	if (!limit)
		return ERR_LOCKED;
	c->held = true;
	if (c->ssh->waits)
		return ERR_OK;
	c->ssh->waits = true;
	c->ssh->until = loop_now() + limit * 1000;
	c->ssh->next_waiting = NULL;
	*end_of_queue(&c->f->ssh) = c;
	if (c->f->ssh.waiting == c)
		set_patience(c->f);
	return ERR_OK;
}

/* The vault is not opened for it any longer. */
static void
stop_opening(struct front *f)
{
	struct conn *c = conn_find(f, f->ssh.opener);
	struct ops_cancel in = { .request = SSH_OPEN_ID };

	f->ssh.opener = 0;
	if (!c || f->vault.fd < 0)
		return;
	wire_mark(&ops_cancel_map, &in);
	if (ssh_send(c, OP_CANCEL, SSH_CANCEL_ID, &in))
		log_debug("the vault goes on being opened");
}

static void
leave(struct conn *c)
{
	struct conn **at = &c->f->ssh.waiting;

	while (*at != c)
		at = &(*at)->ssh->next_waiting;
	*at = c->ssh->next_waiting;
	c->ssh->waits = false;
	c->held = false;
}

void
ssh_wait_leave(struct conn *c)
{
	if (!c->ssh->waits)
		return;
	leave(c);
	if (c->f->ssh.opener == c->number)
		stop_opening(c->f);
	set_patience(c->f);
}

static void
give_up_late(void *arg)
{
	struct front *f = arg;
	uint64_t now = loop_now();

	f->ssh.patience = NULL;
	if (!f->locked && f->ssh.opener)
		stop_opening(f);
	while (f->ssh.waiting && f->ssh.waiting->ssh->until <= now)
		ssh_give_up(f->ssh.waiting);
	set_patience(f);
}

void
ssh_wait_fail(struct front *f)
{
	while (f->ssh.waiting)
		ssh_give_up(f->ssh.waiting);
}

/* The answer to what open_vault asked. */
void
ssh_wait_opened(struct conn *c, enum err status)
{
	struct front *f = c->f;

	if (f->ssh.opener != c->number)
		return;
	f->ssh.opener = 0;
	if (!status)
		return;
	log_info("ssh waited for the vault to be opened: %s", err_text(status));
	ssh_wait_fail(f);
}

static void
open_vault(struct front *f)
{
	struct conn *c = f->ssh.waiting;
	struct ops_unlock in = { .has = 0 };
	enum err e;

	f->ssh.opener = c->number;
	if ((e = ssh_send(c, OP_UNLOCK, SSH_OPEN_ID, &in)))
		ssh_wait_opened(c, e);
}

/* Open, by whatever way: their messages are looked at again.  If it was not ours, that one goes on
 * asking for a touch; ours has still to tidy up. */
static void
let_go(struct front *f)
{
	while (f->ssh.waiting) {
		struct conn *c = f->ssh.waiting;

		leave(c);
		conn_mark(c);
	}
	loop_timer_remove(f->ssh.patience);
	f->ssh.patience = NULL;
	if (f->ssh.opener)
		f->ssh.patience = loop_timer_add(f->loop, loop_now() + TIDY_MS, give_up_late, f);
}

void
ssh_wait_after(struct front *f)
{
	if (!f->ssh.waiting || f->vault.fd < 0 || f->between)
		return;
	if (!f->locked)
		let_go(f);
	else if (!f->ssh.opener)
		open_vault(f);
}
