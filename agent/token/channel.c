/* link.c - CTAPHID framing as far as we must see it (CTAP 2.1, 11.2.4 and 11.2.9). */
#include "agent/token/link.h"

#define BROADCAST     0xff
#define CMD_INIT      0x86
#define CMD_CANCEL    0x91
#define CMD_KEEPALIVE 0xbb
#define CMD_ERROR     0xbf
#define ERROR_BUSY    0x06

#define STATUS_PROCESSING 1
#define STATUS_UPNEEDED	  2

#define INIT_REPLY_LEN 17
#define EVENTS_MAX     64

static struct link *the_link;

void
link_use(struct link *l)
{
	the_link = l;
}

static bool
is_broadcast(const uint8_t *r)
{
	return r[0] == BROADCAST && r[1] == BROADCAST && r[2] == BROADCAST && r[3] == BROADCAST;
}

static void
send_cancel(struct link *l)
{
	uint8_t r[REPORT_LEN] = { 0 };

	if (!l->has_cid)
		return;
	memcpy(r, l->cid, sizeof l->cid);
	r[4] = CMD_CANCEL;
	/* it cannot block for long, and nothing is left to do when it fails */
	if (l->port->send(l->port, r, report_clock()) != ERR_OK)
		l->has_cid = false;
}

/* --- from the token --- */

static bool
is_for_opening(struct link *l, const uint8_t *r)
{
	if (!is_broadcast(r))
		return false;
	if (r[4] == CMD_ERROR)
		return true;
	if (r[4] != CMD_INIT || r[5] != 0 || r[6] < INIT_REPLY_LEN ||
	    memcmp(r + 7, l->nonce, sizeof l->nonce) != 0)
		return false;
	memcpy(l->cid, r + 15, sizeof l->cid);
	l->has_cid = true;
	l->opening = false;
	return true;
}

static bool
is_ours(struct link *l, const uint8_t *r)
{
	if (l->opening)
		return is_for_opening(l, r);
	return l->has_cid && memcmp(r, l->cid, sizeof l->cid) == 0;
}

static void
tell(struct link *l, bool touch)
{
	bool *said = touch ? &l->touch : &l->working;

	if (*said)
		return;
	*said = true;
	if (l->event != NULL && l->events++ < EVENTS_MAX)
		l->event(l->arg, touch);
}

/* Is this for the library?  Sequence frames have the high bit of byte 4 clear. */
static bool
look_at(struct link *l, const uint8_t *r)
{
	if (!is_ours(l, r))
		return false;
	l->awaiting = r[4] == CMD_KEEPALIVE && r[7] == STATUS_UPNEEDED;
	if (r[4] == CMD_KEEPALIVE) {
		if (r[7] == STATUS_UPNEEDED)
			tell(l, true);
		else if (r[7] == STATUS_PROCESSING)
			tell(l, false);
		return false;
	}
	if (r[4] == CMD_ERROR && r[7] == ERROR_BUSY)
		l->busy = true;
	return true;
}

static int
fail(struct link *l, enum err e)
{
	if (e == ERR_TIMEOUT)
		e = l->awaiting ? ERR_TOUCH_TIMEOUT : ERR_TOKEN_IO;
	/* let the token stop blinking */
	if (e == ERR_CANCELLED || e == ERR_TOUCH_TIMEOUT || e == ERR_TOKEN_IO)
		send_cancel(l);
	if (l->err == ERR_OK)
		l->err = e;
	return -1;
}

static int
link_read(void *handle, unsigned char *out, size_t len, int ms)
{
	struct link *l = handle;
	uint8_t r[REPORT_LEN];
	int64_t until = l->until;
	enum err e;

	(void)ms; /* the library was told to wait for ever: the deadline is ours */
	if (l->err != ERR_OK || len < REPORT_LEN)
		return -1;
	if (l->quiet_until != 0 && l->quiet_until < until)
		until = l->quiet_until;
	do {
		if ((e = l->port->recv(l->port, r, until)) != ERR_OK)
			return fail(l, e);
		if (look_at(l, r)) {
			memcpy(out, r, REPORT_LEN);
			return REPORT_LEN;
		}
	} while (report_clock() < until); /* a flood of foreign frames is silence too */
	return fail(l, ERR_TIMEOUT);
}

/* --- to the token --- */

static void
note_command(struct link *l, const uint8_t *r)
{
	if ((r[4] & 0x80) == 0)
		return;
	l->working = l->touch = l->awaiting = l->busy = false;
	if (is_broadcast(r) && r[4] == CMD_INIT) {
		memcpy(l->nonce, r + 7, sizeof l->nonce);
		l->opening = true;
		l->has_cid = false;
	}
}

static int
link_write(void *handle, const unsigned char *in, size_t len)
{
	struct link *l = handle;
	enum err e;

	if (l->err != ERR_OK || len != 1 + REPORT_LEN)
		return -1;
	note_command(l, in + 1);
	if ((e = l->port->send(l->port, in + 1, l->until)) != ERR_OK)
		return fail(l, e);
	return (int)len;
}

static void *
link_open(const char *path)
{
	(void)path;
	return the_link;
}

/* The descriptor stays: the sandbox would not let us open it again. */
static void
link_close(void *handle)
{
	(void)handle;
}

const fido_dev_io_t link_io = {
	.open = link_open,
	.close = link_close,
	.read = link_read,
	.write = link_write,
};
