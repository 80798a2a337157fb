/* Seeds of one-time codes: what is read is within the limits, and is read again the same. */
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/otp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
start(void)
{
	if (sec_arena_kind() == SEC_NONE &&
	    (sec_arena_open(65536, true, true) || crypto_init_light()))
		abort();
}

static void
check(const struct otp_given *g)
{
	struct otp_given again;
	struct sec text = { 0 };
	char code[OTP_DIGITS_MAX + 1];

	if (g->seed.len == 0 || g->seed.len > OTP_SEED_MAX || g->otp.alg > OTP_SHA512 ||
	    g->otp.period == 0 || g->otp.period > OTP_PERIOD_MAX)
		abort();
	otp_code(&g->otp, sec_span(&g->seed), 1234567890, code);
	if (strlen(code) != g->otp.digits || g->otp.digits < OTP_DIGITS_MIN)
		abort();
	if (sec_init(&text, 2 * OTP_SEED_MAX) || otp_seed_text(sec_span(&g->seed), &text) ||
	    otp_parse(sec_span(&text), &again) ||
	    !span_eq(sec_span(&again.seed), sec_span(&g->seed)))
		abort();
	sec_done(&again.seed);
	sec_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct otp_given g;
	enum err e;

	start();
	e = otp_parse(SPAN(p, n), &g);
	if (!e)
		check(&g);
	else if (g.seed.p)
		abort();
	sec_done(&g.seed);
	if (sec_arena_used() != 0)
		abort();
	return 0;
}
