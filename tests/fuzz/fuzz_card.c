/*
 * The first byte says what the rest is: 0 a signed card, 1 a text, 2 the body of a card, which is
 * then signed by the hot keys of the fixture.  Two cards that verify can be compared, and a card is
 * the same as itself.
 */
#include "tests/unit/card_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct buf pinned_bytes;
static struct idcard pinned;
static struct maker m[2];

static void
start(void)
{
	static const char *const text[] = { "master 0", "master 0" };

	if (pinned_bytes.p != NULL)
		return;
	must(crypto_init_light());
	maker_incept(&m[0], "matrix", "@alice:example.org", 0);
	maker_incept(&m[1], "ssh", "alice", 1);
	pinned_bytes = card_make(m, 2, text, 5000);
	must(idcard_verify(buf_span(&pinned_bytes), &pinned));
}

static void
try_card(struct span s)
{
	struct idcard card = IDCARD_INIT;
	struct idcard_report r;
	struct buf text = BUF_INIT, back = BUF_INIT;

	if (idcard_verify(s, &card) == ERR_OK) {
		must(idcard_compare(&card, &card, &r));
		for (size_t i = 0; i < r.n; i++)
			if (r.row[i].change != IDCARD_SAME && r.row[i].change != IDCARD_REVOKED)
				abort();
		if (r.n != card.n || r.verdict > IDCARD_VERDICT_ASK)
			abort();
		must(idcard_compare(&pinned, &card, &r));
		if (r.n > pinned.n + card.n || r.n < pinned.n)
			abort();
		must(idcard_print(s, &text));
		must(idcard_find_block(buf_span(&text), &back));
		if (!span_eq(buf_span(&back), s))
			abort();
	} else if (card.state != NULL) {
		abort();
	}
	idcard_done(&card);
	buf_done(&text);
	buf_done(&back);
}

static void
try_text(struct span s)
{
	struct buf card = BUF_INIT;

	if (idcard_find_block(s, &card) == ERR_OK)
		try_card(buf_span(&card));
	buf_done(&card);
}

static void
try_body(struct span s)
{
	uint8_t sig[2][64];
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < 2; i++)
		card_sign(s, &m[i].hot, sig[i]);
	for (size_t n = 1; n <= 2; n++) {
		buf_reset(&out);
		if (idcard_assemble(s, (const uint8_t(*)[64])sig, n, &out) == ERR_OK)
			try_card(buf_span(&out));
	}
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const tries[])(struct span) = { try_card, try_text, try_body };

	start();
	if (n > 0)
		tries[p[0] % 3](SPAN(p + 1, n - 1));
	return 0;
}
