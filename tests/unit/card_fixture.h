/*
 * card_fixture.h - makes cards of the logs of succession_fixture.h.
 */
#ifndef TESTS_UNIT_CARD_FIXTURE_H
#define TESTS_UNIT_CARD_FIXTURE_H

#include "lib/idcard.h"
#include "tests/unit/succession_fixture.h"

#define CARD_MAKERS 4

/* The body, with the text of each master: what maker_rotate bound last. */
static inline enum err
card_body(
    const struct maker *m, size_t n, const char *const *master, uint64_t time, struct buf *body)
{
	struct idcard_entry entry[CARD_MAKERS] = { 0 };
	struct idcard_text text[CARD_MAKERS] = { 0 };

	for (size_t i = 0; i < n; i++) {
		text[i].purpose = SPAN_LIT("master");
		text[i].text = span_str(master[i]);
		entry[i] = (struct idcard_entry){ buf_span(&m[i].log), &text[i], 1 };
	}
	return idcard_make(SPAN_LIT("Alice"), time, entry, n, body);
}

static inline void
card_sign(struct span body, const struct key *k, uint8_t sig[64])
{
	uint8_t msg[IDCARD_TO_SIGN];

	idcard_to_sign(body, msg);
	crypto_ed25519_sign(k->seed, k->pub, SPAN(msg, sizeof(msg)), sig);
}

static inline struct buf
card_make(const struct maker *m, size_t n, const char *const *master, uint64_t time)
{
	uint8_t sig[CARD_MAKERS][64];
	struct buf body = BUF_INIT, out = BUF_INIT;

	must(card_body(m, n, master, time, &body));
	for (size_t i = 0; i < n; i++)
		card_sign(buf_span(&body), &m[i].hot, sig[i]);
	must(idcard_assemble(buf_span(&body), (const uint8_t(*)[64])sig, n, &out));
	buf_done(&body);
	return out;
}

#endif
