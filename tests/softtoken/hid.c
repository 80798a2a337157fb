/*
 * CTAPHID (CTAP 2.1 section 11.2): reports to messages and back.
 */
#include "lib/crypto.h"
#include "tests/softtoken/core.h"

#define BROADCAST     0xffffffffu
#define INIT_DATA     57 /* of a report that begins a message */
#define CONT_DATA     59
#define FRAME_TIMEOUT 3000 /* between two reports of one message */
#define OUT_MAX	      (1024 * SOFTTOKEN_REPORT)

void
soft_hid_done(struct soft_hid *h)
{
	buf_done(&h->in);
	buf_done(&h->out);
}

/* Power-up: channels of before are unknown. */
void
soft_hid_reset(struct softtoken *t)
{
	struct soft_hid *h = &t->hid;
	uint32_t r;

	soft_hid_done(h);
	crypto_random(&r, sizeof(r));
	*h = (struct soft_hid){ .deadline = SOFT_NEVER };
	h->first_cid = h->last_cid = 1 + (r & 0x7fffff00u);
	h->out.max = OUT_MAX;
	h->in.max = SOFT_MSG_MAX + CONT_DATA;
}

static bool
is_known(const struct soft_hid *h, uint32_t cid)
{
	return cid > h->first_cid && cid <= h->last_cid;
}

static void
report_put(struct softtoken *t, uint32_t cid, const uint8_t *head, size_t nhead, struct span data)
{
	struct buf *out = &t->hid.out;

	buf_put_u32(out, cid);
	buf_put(out, head, nhead);
	buf_put_span(out, data);
	buf_put_zero(out, SOFTTOKEN_REPORT - 4 - nhead - data.len);
}

static size_t
min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
message_put(struct softtoken *t, uint32_t cid, uint8_t cmd, struct span msg)
{
	uint8_t head[3] = { (uint8_t)(0x80 | cmd) };
	size_t at, n = min_size(msg.len, INIT_DATA);
	bool cbor = cmd == CTAPHID_CBOR, more = cbor && msg.len > INIT_DATA;
	bool lost = more && soft_fault_hit(t, SOFT_LOST_FRAME, NULL);
	uint8_t seq = more && soft_fault_hit(t, SOFT_WRONG_SEQ, NULL) ? 1 : 0;

	if (cbor && soft_fault_hit(t, SOFT_WRONG_CHANNEL, NULL))
		cid ^= 0x01010101;
	put_be16(head + 1, (uint16_t)msg.len);
	report_put(t, cid, head, 3, SPAN(msg.p, n));
	for (at = n; at < msg.len; at += n, seq++) {
		n = min_size(msg.len - at, CONT_DATA);
		if (lost && at + n == msg.len)
			break;
		report_put(t, cid, &seq, 1, SPAN(msg.p + at, n));
	}
}

static void
transaction_end(struct soft_hid *h)
{
	h->cid = 0;
	h->busy = false;
	h->deadline = SOFT_NEVER;
	buf_reset(&h->in);
}

void
soft_hid_reply(struct softtoken *t, uint8_t cmd, struct span msg)
{
	message_put(t, t->hid.cid, cmd, msg);
	transaction_end(&t->hid);
}

void
soft_hid_error(struct softtoken *t, uint32_t cid, uint8_t code)
{
	message_put(t, cid, CTAPHID_ERROR, SPAN(&code, 1));
}

void
soft_hid_keepalive(struct softtoken *t, uint8_t status)
{
	message_put(t, t->hid.cid, CTAPHID_KEEPALIVE, SPAN(&status, 1));
}

static void
transaction_fail(struct softtoken *t, uint8_t code)
{
	uint32_t cid = t->hid.cid;

	transaction_end(&t->hid);
	soft_hid_error(t, cid, code);
}

static uint8_t
capabilities(const struct softtoken *t)
{
	return soft_has(t, SOFT_U2F_ONLY) ? CTAPHID_CAP_WINK
					  : CTAPHID_CAP_WINK | CTAPHID_CAP_CBOR | CTAPHID_CAP_NMSG;
}

/* On the broadcast channel: make a channel.  On a known one: what it was doing ends. */
static void
init_handle(struct softtoken *t, uint32_t cid, const uint8_t *r)
{
	struct soft_hid *h = &t->hid;
	uint32_t give = cid == BROADCAST ? h->last_cid + 1 : cid;
	uint8_t rep[17] = { 0 };

	if (be16(r + 5) != 8) {
		soft_hid_error(t, cid, CTAPHID_ERR_LEN);
		return;
	}
	if (cid == BROADCAST)
		h->last_cid = give;
	else if (cid == h->cid) {
		soft_op_abort(t);
		transaction_end(h);
	}
	memcpy(rep, r + 7, 8);
	put_be32(rep + 8, give);
	rep[12] = 2; /* CTAPHID protocol version */
	rep[13] = (uint8_t)(t->row->firmware >> 16);
	rep[14] = (uint8_t)(t->row->firmware >> 8);
	rep[15] = (uint8_t)t->row->firmware;
	rep[16] = capabilities(t);
	message_put(t, cid, CTAPHID_INIT, SPAN(rep, sizeof(rep)));
}

/* U2F_VERSION is all that an old key is asked here (U2F raw messages 6.1). */
static void
u2f_handle(struct softtoken *t, struct span msg)
{
	if (msg.len >= 2 && msg.p[1] == 3)
		soft_hid_reply(t, CTAPHID_MSG, SPAN_LIT("U2F_V2\x90\x00"));
	else
		soft_hid_reply(t, CTAPHID_MSG, SPAN_LIT("\x6d\x00"));
}

static void
message_handle(struct softtoken *t)
{
	struct soft_hid *h = &t->hid;
	struct span msg = SPAN(h->in.p, h->want);
	bool u2f = soft_has(t, SOFT_U2F_ONLY);

	h->busy = true;
	h->deadline = SOFT_NEVER;
	if (h->cmd == CTAPHID_PING)
		soft_hid_reply(t, CTAPHID_PING, msg);
	else if (h->cmd == CTAPHID_WINK)
		soft_hid_reply(t, CTAPHID_WINK, SPAN_NONE);
	else if (h->cmd == CTAPHID_MSG && u2f)
		u2f_handle(t, msg);
	else if (h->cmd != CTAPHID_CBOR || u2f)
		transaction_fail(t, CTAPHID_ERR_CMD);
	else if (msg.len == 0)
		transaction_fail(t, CTAPHID_ERR_LEN);
	else
		soft_op_start(t, msg);
}

static void
data_put(struct softtoken *t, const uint8_t *p, size_t max)
{
	struct soft_hid *h = &t->hid;

	buf_put(&h->in, p, min_size(max, h->want - h->in.len));
	h->deadline = t->now + FRAME_TIMEOUT;
	if (h->in.len == h->want)
		message_handle(t);
}

static void
message_begin(struct softtoken *t, uint32_t cid, const uint8_t *r)
{
	struct soft_hid *h = &t->hid;
	size_t want = be16(r + 5);

	if (want > SOFT_MSG_MAX) {
		soft_hid_error(t, cid, CTAPHID_ERR_LEN);
		return;
	}
	transaction_end(h);
	h->cid = cid;
	h->cmd = r[4] & 0x7f;
	h->want = want;
	h->seq = 0;
	data_put(t, r + 7, INIT_DATA);
}

static void
first_handle(struct softtoken *t, uint32_t cid, const uint8_t *r)
{
	struct soft_hid *h = &t->hid;
	uint8_t cmd = r[4] & 0x7f;

	if (cmd == CTAPHID_INIT && (cid == BROADCAST || is_known(h, cid)))
		init_handle(t, cid, r);
	else if (!is_known(h, cid))
		soft_hid_error(t, cid, CTAPHID_ERR_CHANNEL);
	else if (cmd == CTAPHID_CANCEL) {
		if (h->busy && h->cid == cid)
			soft_op_cancel(t);
	} else if (h->cid != 0 && (h->busy || h->cid != cid))
		soft_hid_error(t, cid, CTAPHID_ERR_BUSY);
	else if (h->cid == cid)
		transaction_fail(t, CTAPHID_ERR_SEQ);
	else
		message_begin(t, cid, r);
}

/* Strays are passed over without a word (11.2.5.3). */
static void
next_handle(struct softtoken *t, uint32_t cid, const uint8_t *r)
{
	struct soft_hid *h = &t->hid;

	if (h->cid != cid || h->busy)
		return;
	if (r[4] != h->seq++)
		transaction_fail(t, CTAPHID_ERR_SEQ);
	else
		data_put(t, r + 5, CONT_DATA);
}

void
soft_hid_feed(struct softtoken *t, const uint8_t *r)
{
	uint32_t cid = be32(r);

	if (cid == 0)
		soft_hid_error(t, cid, CTAPHID_ERR_CHANNEL);
	else if (r[4] & 0x80)
		first_handle(t, cid, r);
	else
		next_handle(t, cid, r);
}

void
soft_hid_tick(struct softtoken *t)
{
	if (t->hid.cid != 0 && !t->hid.busy && t->now >= t->hid.deadline)
		transaction_fail(t, CTAPHID_ERR_TIMEOUT);
}
