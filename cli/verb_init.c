/* verb_init.c - a vault is made: what the person is told and asked before the agent starts. */
#include "cli/init_ways.h"
#include "cli/init_ways.h"
#include "cli/verbs.h"
#include "lib/text.h"

static void
say_first(void)
{
	out_say("This makes a vault. Nothing on your token is erased, and none of its passkey "
		"places is used. You will get a recovery phrase of 24 words: have paper ready. "
		"Nobody will ever ask you to type them on a web page.\n");
}

/* ---- afterwards ---- */
static void
say_next(const struct init_ways *m)
{
	if (m->q.ways & OPS_WAY_TOKEN)
		out_say("Next: enrol a second token ('ownkey slot add token'), so that losing one "
			"is no drama.");
	else
		out_say("Next: add a token when you have one ('ownkey slot add token').");
	out_say("The phrase brings back every derived identity. Secrets that you store exist "
		"only in this file until there is a backup: copy it.");
}

static void
put_made(const struct ops_init_rep *rep)
{
	struct buf hex = BUF_INIT;

	text_encode(TEXT_HEX, rep->fingerprint, &hex);
	out_row("phrase", "%s (write this on the card, too)", buf_cstr(&hex));
	out_row_span("vault", rep->path);
	fflush(stdout);
	if (rep->note.len)
		out_say_span("note: ", rep->note);
	buf_done(&hex);
}

enum err
verb_init_ask(struct cli *c, struct ops_init *q, struct ops_init_rep *rep, bool *done)
{
	c->try_out = q->try_out;
	return cli_ask(c, OP_INIT, q, rep, done);
}

/* The questions would be in vain. */
static enum err
no_vault_yet(struct cli *c)
{
	struct ops_status_rep st;
	enum err e = cli_call(c, OP_STATUS, NULL, &st);

	if (e || !st.vault)
		return e;
	snprintf(c->detail, sizeof c->detail, "%.*s", (int)st.path.len,
	    st.path.len ? (const char *)st.path.p : "");
	return ERR_VAULT_EXISTS;
}

enum err
verb_init(struct cli *c)
{
	struct init_ways m = { .try_instead = false };
	struct ops_init_rep rep;
	bool done;
	enum err e;

	if ((e = init_ways_options(c, &m)) || (e = no_vault_yet(c)))
		return e;
	say_first();
	if ((e = init_ways_choose(c, &m)))
		return e;
	if (m.try_instead) {
		out_say("'ownkey try' does that: start it.");
		return ERR_OK;
	}
	if ((e = verb_init_ask(c, &m.q, &rep, &done)) || done)
		return e;
	put_made(&rep);
	say_next(&m);
	return ERR_OK;
}
