/* A private key file, opened without and with a passphrase: what opens is a key. */
#include <stdlib.h>

#include "lib/openssh_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
try(const struct openssh_key *k, struct span pass)
{
	struct sshkey_private out = { 0 };
	struct buf comment = BUF_INIT, blob = BUF_INIT;

	if (!openssh_key_open(k, pass, &out, &comment)) {
		must(!sshkey_public_of(out.type, sec_span(&out.canonical), &blob));
		must(span_eq(buf_span(&blob), buf_span(&out.blob)));
		sshkey_private_done(&out);
	}
	buf_done(&comment);
	buf_done(&blob);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct openssh_key k;

	if (sec_arena_kind() == SEC_NONE)
		must(!sec_arena_open(1024 * 1024, true, true) && !crypto_init_light());
	if (openssh_key_parse(SPAN(p, n), &k))
		return 0;
	/* more rounds find nothing that one does not */
	if (k.rounds > 1)
		k.rounds = 1;
	try(&k, SPAN_LIT("x"));
	openssh_key_done(&k);
	must(sec_arena_used() == 0);
	return 0;
}
