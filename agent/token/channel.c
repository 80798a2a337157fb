/* channel.c - CTAPHID framing as far as we must see it (CTAP 2.1, 11.2.4 and 11.2.9). */
#include "agent/token/channel.h"

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

static struct channel *the_channel;

void
channel_use(struct channel *c)
{
	the_channel = c;
}

static bool
is_broadcast(const uint8_t *r)
{
	return r[0] == BROADCAST && r[1] == BROADCAST && r[2] == BROADCAST && r[3] == BROADCAST;
}

static void
send_cancel(struct channel *c)
{
	uint8_t r[REPORT_LEN] = { 0 };

	if (!c->has_cid)
		return;
	memcpy(r, c->cid, sizeof c->cid);
	r[4] = CMD_CANCEL;
	/* it cannot block for long, and nothing is left to do when it fails */
	if (c->port->send(c->port, r, port_clock()) != ERR_OK)
		c->has_cid = false;
}

/* --- from the token --- */

static bool
is_for_opening(struct channel *c, const uint8_t *r)
{
	if (!is_broadcast(r))
		return false;
	if (r[4] == CMD_ERROR)
		return true;
	if (r[4] != CMD_INIT || r[5] != 0 || r[6] < INIT_REPLY_LEN ||
	    memcmp(r + 7, c->nonce, sizeof c->nonce) != 0)
		return false;
	memcpy(c->cid, r + 15, sizeof c->cid);
	c->has_cid = true;
	c->opening = false;
	return true;
}

static bool
is_ours(struct channel *c, const uint8_t *r)
{
	if (c->opening)
		return is_for_opening(c, r);
	return c->has_cid && memcmp(r, c->cid, sizeof c->cid) == 0;
}

static void
tell(struct channel *c, bool touch)
{
	bool *said = touch ? &c->touch : &c->working;

	if (*said)
		return;
	*said = true;
	if (c->event != NULL && c->events++ < EVENTS_MAX)
		c->event(c->arg, touch);
}

/* Is this for the library?  Sequence frames have the high bit of byte 4 clear. */
static bool
look_at(struct channel *c, const uint8_t *r)
{
	if (!is_ours(c, r))
		return false;
	c->awaiting = r[4] == CMD_KEEPALIVE && r[7] == STATUS_UPNEEDED;
	if (r[4] == CMD_KEEPALIVE) {
		if (r[7] == STATUS_UPNEEDED)
			tell(c, true);
		else if (r[7] == STATUS_PROCESSING)
			tell(c, false);
		return false;
	}
	if (r[4] == CMD_ERROR && r[7] == ERROR_BUSY)
		c->busy = true;
	return true;
}

static int
fail(struct channel *c, enum err e)
{
	if (e == ERR_TIMEOUT)
		e = c->awaiting ? ERR_TOUCH_TIMEOUT : ERR_TOKEN_IO;
	/* let the token stop blinking */
	if (e == ERR_CANCELLED || e == ERR_TOUCH_TIMEOUT || e == ERR_TOKEN_IO)
		send_cancel(c);
	if (c->err == ERR_OK)
		c->err = e;
	return -1;
}

static int
channel_read(void *handle, unsigned char *out, size_t len, int ms)
{
	struct channel *c = handle;
	uint8_t r[REPORT_LEN];
	int64_t until = c->until;
	enum err e;

	(void)ms; /* the library was told to wait for ever: the deadline is ours */
	if (c->err != ERR_OK || len < REPORT_LEN)
		return -1;
	if (c->quiet_until != 0 && c->quiet_until < until)
		until = c->quiet_until;
	do {
		if ((e = c->port->recv(c->port, r, until)) != ERR_OK)
			return fail(c, e);
		if (look_at(c, r)) {
			memcpy(out, r, REPORT_LEN);
			return REPORT_LEN;
		}
	} while (port_clock() < until); /* a flood of foreign frames is silence too */
	return fail(c, ERR_TIMEOUT);
}

/* --- to the token --- */

static void
note_command(struct channel *c, const uint8_t *r)
{
	if ((r[4] & 0x80) == 0)
		return;
	c->working = c->touch = c->awaiting = c->busy = false;
	if (is_broadcast(r) && r[4] == CMD_INIT) {
		memcpy(c->nonce, r + 7, sizeof c->nonce);
		c->opening = true;
		c->has_cid = false;
	}
}

static int
channel_write(void *handle, const unsigned char *in, size_t len)
{
	struct channel *c = handle;
	enum err e;

	if (c->err != ERR_OK || len != 1 + REPORT_LEN)
		return -1;
	note_command(c, in + 1);
	if ((e = c->port->send(c->port, in + 1, c->until)) != ERR_OK)
		return fail(c, e);
	return (int)len;
}

static void *
channel_open(const char *path)
{
	(void)path;
	return the_channel;
}

/* The descriptor stays: the sandbox would not let us open it again. */
static void
channel_close(void *handle)
{
	(void)handle;
}

const fido_dev_io_t channel_io = {
	.open = channel_open,
	.close = channel_close,
	.read = channel_read,
	.write = channel_write,
};
