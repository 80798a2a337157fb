/*
 * What is pasted between a provider's page and a terminal, and what goes between them over HTTP:
 * what is taken is made again, and is the same when it arrives; an address that is good is one that
 * clientDataJSON can hold.
 */
#include <stdlib.h>

#include "lib/approval.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
message(const struct wire_map *m, void *st, struct span in)
{
	struct buf out = BUF_INIT;

	if (wire_decode(m, in, st))
		return;
	must(wire_encode(m, st, &out) == ERR_OK && span_eq(buf_span(&out), in));
	buf_done(&out);
}

static void
address(struct span in)
{
	struct approval_party p, again;
	struct buf out = BUF_INIT;
	uint8_t challenge[APPROVAL_CHALLENGE] = { 0 };

	if (approval_party_of(in, &p))
		return;
	must(!approval_party_of(p.issuer, &again) && span_eq(again.issuer, p.issuer));
	must(p.rp_id.len && p.rp_id.len <= WEBURL_HOST_MAX);
	approval_client_data(APPROVAL_LOGIN, &p, SPAN(challenge, sizeof challenge), &out);
	/* quotes, controls and the like stand in none of it but ours */
	for (size_t i = 0; i < p.origin.len; i++)
		must(p.origin.p[i] > ' ' && p.origin.p[i] < 0x7f && p.origin.p[i] != '"' &&
		    p.origin.p[i] != '\\');
	buf_done(&out);
}

static void
messages(struct span in)
{
	struct approval_want want;
	struct approval_ask ask;
	struct approval_answer answer;
	struct approval_said said;

	message(&approval_want_map, &want, in);
	message(&approval_ask_map, &ask, in);
	message(&approval_answer_map, &answer, in);
	message(&approval_said_map, &said, in);
}

static void
block(const char *kind, struct span in)
{
	struct buf inside = BUF_INIT, text = BUF_INIT, again = BUF_INIT;

	if (!approval_block_get(kind, in, &inside)) {
		must(inside.len <= APPROVAL_MAX);
		messages(buf_span(&inside));
		approval_block_put(kind, buf_span(&inside), &text);
		must(!approval_block_get(kind, buf_span(&text), &again));
		must(span_eq(buf_span(&again), buf_span(&inside)));
	}
	buf_done(&inside);
	buf_done(&text);
	buf_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char code[APPROVAL_CODE + 1], back[APPROVAL_CODE + 1];
	struct span in = SPAN(p, n);

	block(APPROVAL_BLOCK_ASK, in);
	block(APPROVAL_BLOCK_ANSWER, in);
	messages(in);
	address(in);
	if (!approval_code_read(in, code))
		must(!approval_code_read(SPAN(code, APPROVAL_CODE), back) &&
		    !memcmp(code, back, sizeof code));
	return 0;
}
