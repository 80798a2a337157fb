/* remote.c - reports to messages and back, on the side of the token (CTAP 2.1, 11.2.4). */
#include "agent/token/remote.h"

#define BROADCAST  0xffffffffu
#define FIRST_DATA 57 /* of a report that begins a message */
#define NEXT_DATA  59
#define INIT_LEN   8
#define CAPS	   0x0c /* CBOR, no U2F, no wink */

enum {
	CMD_PING = 1,
	CMD_INIT = 6,
	CMD_CBOR = 16,
	CMD_CANCEL = 17,
	CMD_KEEPALIVE = 59,
	CMD_ERROR = 63
};
enum { BAD_CMD = 1, BAD_LEN = 3, BAD_SEQ = 4, LATE = 5, BUSY = 6, BAD_CHANNEL = 11, OTHER = 127 };

void
remote_init(struct remote *r, void (*send)(void *arg, const uint8_t r[REPORT_LEN]), void *arg)
{
	*r = (struct remote){ .send = send, .arg = arg };
	r->in.max = REMOTE_MSG_MAX + NEXT_DATA;
}

void
remote_done(struct remote *r)
{
	buf_done(&r->in);
}

/* ---- out ---- */
static void
put(struct remote *r, uint32_t cid, uint8_t cmd, struct span msg)
{
	uint8_t out[REPORT_LEN] = { 0 }, seq = 0;
	size_t at, n = msg.len < FIRST_DATA ? msg.len : FIRST_DATA;

	put_be32(out, cid);
	out[4] = 0x80 | cmd;
	put_be16(out + 5, (uint16_t)msg.len);
	if (n > 0)
		memcpy(out + 7, msg.p, n);
	r->send(r->arg, out);
	for (at = n; at < msg.len; at += n) {
		n = msg.len - at < NEXT_DATA ? msg.len - at : NEXT_DATA;
		memset(out + 4, 0, REPORT_LEN - 4);
		out[4] = seq++;
		memcpy(out + 5, msg.p + at, n);
		r->send(r->arg, out);
	}
}

static void
put_error(struct remote *r, uint32_t cid, uint8_t code)
{
	put(r, cid, CMD_ERROR, SPAN(&code, 1));
}

static void
end(struct remote *r)
{
	r->cid = 0;
	r->busy = false;
	buf_reset(&r->in);
}

static void
fail(struct remote *r, uint8_t code)
{
	uint32_t cid = r->cid;

	end(r);
	put_error(r, cid, code);
}

struct span
remote_request(const struct remote *r)
{
	return SPAN(r->in.p, r->want);
}

void
remote_answer(struct remote *r, struct span msg)
{
	uint32_t cid = r->cid;

	if (!r->busy)
		return;
	end(r);
	if (msg.len > REMOTE_MSG_MAX)
		put_error(r, cid, OTHER);
	else
		put(r, cid, CMD_CBOR, msg);
}

void
remote_idle(struct remote *r)
{
	if (r->busy)
		fail(r, OTHER);
	r->aborted = false;
}

void
remote_keepalive(struct remote *r, uint8_t status)
{
	if (r->busy)
		put(r, r->cid, CMD_KEEPALIVE, SPAN(&status, 1));
}

/* ---- in ---- */
static bool
is_known(const struct remote *r, uint32_t cid)
{
	return cid > 0 && cid <= r->channels;
}

/* On the broadcast channel: a new channel.  On a known one: what it was doing ends. */
static enum remote_event
take_init(struct remote *r, uint32_t cid, const uint8_t *report)
{
	uint8_t rep[17] = { [12] = 2, [16] = CAPS };
	bool aborts = r->cid == cid && r->busy;

	if (be16(report + 5) != INIT_LEN) {
		put_error(r, cid, BAD_LEN);
		return REMOTE_NONE;
	}
	if (cid == BROADCAST && r->channels == REMOTE_CHANNELS) {
		put_error(r, cid, OTHER);
		return REMOTE_NONE;
	}
	if (r->cid == cid)
		end(r);
	r->aborted = r->aborted || aborts;
	memcpy(rep, report + 7, INIT_LEN);
	put_be32(rep + 8, cid == BROADCAST ? ++r->channels : cid);
	put(r, cid, CMD_INIT, SPAN(rep, sizeof rep));
	return aborts ? REMOTE_CANCEL : REMOTE_NONE;
}

static enum remote_event
take_whole(struct remote *r)
{
	uint32_t cid = r->cid;
	struct span msg = remote_request(r);

	if (r->aborted) {
		fail(r, BUSY);
		return REMOTE_NONE;
	}
	if (r->cmd == CMD_CBOR && msg.len > 0) {
		r->busy = true;
		return REMOTE_REQUEST;
	}
	if (r->cmd == CMD_PING) {
		put(r, cid, CMD_PING, msg);
		end(r);
	} else {
		fail(r, r->cmd == CMD_CBOR ? BAD_LEN : BAD_CMD);
	}
	return REMOTE_NONE;
}

static enum remote_event
take_data(struct remote *r, const uint8_t *p, size_t most, int64_t now)
{
	size_t left = r->want - r->in.len;

	buf_put(&r->in, p, left < most ? left : most);
	if (buf_err(&r->in) != ERR_OK) {
		fail(r, OTHER);
		return REMOTE_NONE;
	}
	r->until = now + REMOTE_PART_MS;
	return r->in.len == r->want ? take_whole(r) : REMOTE_NONE;
}

static enum remote_event
take_begin(struct remote *r, uint32_t cid, const uint8_t *report, int64_t now)
{
	size_t want = be16(report + 5);

	if (want > REMOTE_MSG_MAX) {
		put_error(r, cid, BAD_LEN);
		return REMOTE_NONE;
	}
	end(r);
	r->cid = cid;
	r->cmd = report[4] & 0x7f;
	r->want = want;
	r->seq = 0;
	return take_data(r, report + 7, FIRST_DATA, now);
}

static enum remote_event
take_first(struct remote *r, uint32_t cid, const uint8_t *report, int64_t now)
{
	uint8_t cmd = report[4] & 0x7f;

	if (cmd == CMD_INIT && (cid == BROADCAST || is_known(r, cid)))
		return take_init(r, cid, report);
	if (!is_known(r, cid))
		put_error(r, cid, BAD_CHANNEL);
	else if (cmd == CMD_CANCEL)
		return r->busy && r->cid == cid ? REMOTE_CANCEL : REMOTE_NONE;
	else if (r->cid != 0 && (r->busy || r->cid != cid))
		put_error(r, cid, BUSY);
	else if (r->cid == cid)
		fail(r, BAD_SEQ);
	else
		return take_begin(r, cid, report, now);
	return REMOTE_NONE;
}

/* Strays are passed over without a word (11.2.5.3). */
static enum remote_event
take_next(struct remote *r, uint32_t cid, const uint8_t *report, int64_t now)
{
	if (r->cid == 0 || r->cid != cid || r->busy)
		return REMOTE_NONE;
	if (report[4] == r->seq++)
		return take_data(r, report + 5, NEXT_DATA, now);
	fail(r, BAD_SEQ);
	return REMOTE_NONE;
}

enum remote_event
remote_take(struct remote *r, const uint8_t report[REPORT_LEN], int64_t now)
{
	uint32_t cid = be32(report);

	remote_tick(r, now);
	if (report[4] & 0x80)
		return take_first(r, cid, report, now);
	return take_next(r, cid, report, now);
}

void
remote_tick(struct remote *r, int64_t now)
{
	if (r->cid != 0 && !r->busy && now >= r->until)
		fail(r, LATE);
}
