/*
 * ssh_slow.c - signatures that take a while (RSA and the larger curves): so many at a time go to
 * the vault, the others wait here, in the order in which they came.  Whoever asks for many goes to
 * the end of the queue each time.
 */
#include "agent/door/front.h"

static bool
begins_with(struct span name, const char *with)
{
	return span_eq(span_sub(name, 0, strlen(with)), span_str(with));
}

bool
ssh_slow_is(struct span blob)
{
	struct ssh_reader r = ssh_reader(blob);
	struct span name = ssh_read_string(&r, 64);

	return begins_with(name, "ssh-rsa") || begins_with(name, "ecdsa-sha2-nistp384") ||
	    begins_with(name, "ecdsa-sha2-nistp521");
}

/* The first of the queue is looked at again when there is room for it. */
static void
kick(struct ssh_door *d)
{
	struct conn *c = d->slow_first;

	if (!c || d->nslow >= SSH_SLOW_MOST)
		return;
	c->held = false;
	conn_mark(c);
}

bool
ssh_slow_wait(struct conn *c)
{
	struct ssh_door *d = &c->f->ssh;
	bool is_first = !d->slow_first || d->slow_first == c;

	if (d->nslow < SSH_SLOW_MOST && is_first)
		return false;
	c->held = true;
	if (c->ssh->slow_waits)
		return true;
	c->ssh->slow_waits = true;
	c->ssh->next_slow = NULL;
	if (d->slow_first)
		d->slow_last->ssh->next_slow = c;
	else
		d->slow_first = c;
	d->slow_last = c;
	return true;
}

void
ssh_slow_leave(struct conn *c)
{
	struct ssh_door *d = &c->f->ssh;
	struct conn **at = &d->slow_first, *before = NULL;

	if (!c->ssh->slow_waits)
		return;
	while (*at != c) {
		before = *at;
		at = &(*at)->ssh->next_slow;
	}
	*at = c->ssh->next_slow;
	if (d->slow_last == c)
		d->slow_last = before;
	c->ssh->slow_waits = false;
	kick(d);
}

void
ssh_slow_begin(struct conn *c)
{
	c->f->ssh.nslow++;
}

void
ssh_slow_end(struct conn *c)
{
	c->f->ssh.nslow--;
	kick(&c->f->ssh);
}
