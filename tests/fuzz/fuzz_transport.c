/*
 * What a client of the Secret Service sends: a public number, or (first byte odd) a secret in its
 * session, sealed or (3) plain.  What opens is sealed and opened again.
 */
#include <stdlib.h>

#include "cli/secrets/transport.h"
#include "lib/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
open_session(struct span theirs)
{
	uint8_t ours[TRANSPORT_PUBLIC];
	struct transport t;
	enum err e =
	    transport_open(&t, SPAN_LIT("dh-ietf1024-sha256-aes128-cbc-pkcs7"), theirs, ours);

	must(!e || e == ERR_FORMAT || e == ERR_RANGE);
	if (!e)
		transport_done(&t);
}

static void
same_again(const struct transport *t, const struct sec *secret)
{
	struct buf iv = BUF_INIT, value = BUF_INIT;
	struct sec again = { 0 };

	must(transport_seal(t, sec_span(secret), &iv, &value) == ERR_OK);
	must(transport_unseal(t, buf_span(&iv), buf_span(&value), &again) == ERR_OK);
	must(span_eq(sec_span(secret), sec_span(&again)));
	sec_done(&again);
	buf_done(&iv);
	buf_done(&value);
}

static void
unseal(enum transport_kind kind, struct span s)
{
	struct transport t = { kind, "0123456789abcde" };
	size_t iv = kind == TRANSPORT_DH && s.len >= 16 ? 16 : 0;
	struct sec secret = { 0 };
	enum err e = transport_unseal(&t, SPAN(s.p, iv), SPAN(s.p + iv, s.len - iv), &secret);

	must(!e || !secret.p);
	if (!e && secret.len <= TRANSPORT_MAX)
		same_again(&t, &secret);
	sec_done(&secret);
	must(sec_arena_used() == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;

	if (!ready)
		must(!sec_arena_open(2 << 20, true, true) && !crypto_init_light());
	ready = true;
	if (n == 0)
		return 0;
	if (p[0] & 1)
		unseal(p[0] & 2 ? TRANSPORT_PLAIN : TRANSPORT_DH, SPAN(p + 1, n - 1));
	else
		open_session(SPAN(p + 1, n - 1));
	return 0;
}
