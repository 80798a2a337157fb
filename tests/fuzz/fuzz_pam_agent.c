/*
 * What an ssh agent answers to a login: its list of keys, its signature; it may be any program.
 * What is taken is within its bounds; and what goes the other way (lib/sshlogin.h) is what it was.
 */
#include <stdlib.h>

#include "lib/handoff.h"
#include "lib/ssh_wire.h"
#include "lib/sshkey_sk.h"
#include "lib/sshlogin.h"
#include "pam/handoff/sshagent.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

/* Three keys: "a", "b", and "a" again. */
static const uint8_t keys[] = { 0, 0, 0, 1, 'a', 0, 0, 0, 1, 'b', 0, 0, 0, 1, 'a' };

static void
login(struct span in)
{
	struct buf b = BUF_INIT;
	struct sshagent_ask ask;
	struct sshlogin l;

	if (!sshlogin_parse(in, &l)) {
		must(!sshlogin_put(&l, &b) && span_eq(buf_span(&b), in));
		buf_reset(&b);
		must(!sshlogin_tbs(in, &b) && sshlogin_is_tbs(buf_span(&b)));
	}
	if (!sshagent_parse(in, &ask))
		must(ask.message.len <= SSHLOGIN_MAX && ask.tbs.len <= SSHLOGIN_TBS_MAX);
	buf_done(&b);
}

/* A key of a token, and its signature: strings. */
static void
token_key(struct span in)
{
	struct ssh_reader r = ssh_reader(in);
	struct span blob = ssh_read_string(&r, 1024);
	struct sshkey_sk_said said;

	(void)!sshkey_sk_verify(blob, r.left, SPAN_LIT("x"), &said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint64_t has = 0;
	struct span sig;
	enum err e;

	e = sshagent_take_list(SPAN(p, n), SPAN(keys, sizeof keys), &has);
	must(e == ERR_OK || (e == ERR_AGENT_NONE && !has));
	must(has < 8 && (has & 1) == (has >> 2));
	e = sshagent_take_signature(SPAN(p, n), &sig);
	must(e == ERR_OK || e == ERR_AGENT_NONE || e == ERR_AGENT_KEY);
	must(e || (sig.len && sig.len <= HANDOFF_SIG_MAX && n && p[0] == 14));
	login(SPAN(p, n));
	token_key(SPAN(p, n));
	return 0;
}
