/*
 * What another machine sends to a forwarded token: 64-byte reports to remote.h, whole messages to
 * forward.h, and what a token of ours says of itself.  First byte: which.  No report makes more
 * than it may; what is let through is for "ownkey:", reads the same when it is put together again,
 * and holds nothing that was not understood.
 */
#include <stdlib.h>

#include "agent/token/forward.h"
#include "agent/token/remote.h"
#include "lib/cbor.h"
#include "lib/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static size_t sent;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
count(void *arg, const uint8_t r[REPORT_LEN])
{
	(void)arg;
	(void)r;
	sent++;
}

/* Its parts, not its bytes: transports, options that are the default and the like are dropped. */
static void
must_be_same(const struct forward *a, const struct forward *b)
{
	must(b->kind == FORWARD_ASSERT && span_eq(a->rp_id, b->rp_id) && span_eq(a->cdh, b->cdh));
	must(a->ncreds == b->ncreds && a->up == b->up && a->uv == b->uv && a->secret == b->secret);
	for (size_t i = 0; i < a->ncreds; i++)
		must(span_eq(a->cred[i], b->cred[i]));
	must(span_eq(a->x, b->x) && span_eq(a->y, b->y) && a->secret_proto == b->secret_proto);
	must(span_eq(a->salt_enc, b->salt_enc) && span_eq(a->salt_auth, b->salt_auth));
}

static void
take_assertion(const struct forward *f)
{
	struct forward_auth auth = { .uv = f->uv };
	struct buf out = BUF_INIT;
	struct forward again;

	must(f->rp_id.len > 7 && memcmp(f->rp_id.p, FORWARD_RP, 7) == 0 && f->cdh.len == 32);
	must(f->ncreds > 0 && f->ncreds <= FORWARD_CREDS && (f->up || (!f->uv && !f->secret)));
	must(forward_put_assert(f, &auth, &out) == ERR_OK);
	must(cbor_check(span_sub(buf_span(&out), 1, out.len - 1)) == ERR_OK);
	forward_parse(buf_span(&out), &again);
	must_be_same(f, &again);
	buf_done(&out);
}

static void
take_message(struct span message)
{
	struct forward f;

	forward_parse(message, &f);
	if (f.kind == FORWARD_ASSERT)
		take_assertion(&f);
	else if (f.kind == FORWARD_REFUSED)
		must(f.status != 0 && f.what != NULL && f.what[0] != '\0');
	else
		must(message.p[0] == 4 || message.p[0] == 6 || message.p[0] == 8);
}

static void
take_info(struct span answer)
{
	struct forward_info i, again;
	struct buf out = BUF_INIT;
	struct span cred;
	uint64_t statements;

	if (forward_parse_answer(answer, &cred, &statements) == ERR_OK)
		must(cred.len <= FORWARD_CRED_ID);
	if (forward_parse_info(answer, &i) != ERR_OK)
		return;
	forward_put_info(&i, &out);
	must(buf_err(&out) == ERR_OK);
	must(forward_parse_info(span_sub(buf_span(&out), 1, out.len - 1), &again) == ERR_OK);
	must(!again.pin_set && !again.always_uv && !again.uv_token);
	must(again.uv == (i.pin_set || i.uv) && again.hmac_secret == i.hmac_secret);
	buf_done(&out);
}

static void
take_reports(const uint8_t *p, size_t n)
{
	struct remote r;
	int64_t now = 1000;
	size_t before;

	remote_init(&r, count, NULL);
	for (; n >= REPORT_LEN; p += REPORT_LEN, n -= REPORT_LEN) {
		before = sent;
		now += p[5];
		if (remote_take(&r, p, now) == REMOTE_REQUEST) {
			must(remote_request(&r).len <= REMOTE_MSG_MAX);
			take_message(remote_request(&r));
			remote_keepalive(&r, 1);
			if (p[63] & 1)
				remote_answer(
				    &r, remote_request(&r).len > 1 ? SPAN("\1", 1) : SPAN("\2", 1));
			if (p[63] & 2)
				remote_idle(&r);
		}
		must(sent - before <= 131 && r.channels <= REMOTE_CHANNELS);
		must(r.in.len <= REMOTE_MSG_MAX);
	}
	remote_done(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	if (p[0] == 'R')
		take_reports(p + 1, n - 1);
	else if (p[0] == 'I')
		take_info(SPAN(p + 1, n - 1));
	else
		take_message(SPAN(p + 1, n - 1));
	return 0;
}
