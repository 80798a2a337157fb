/* verb_init.c - a vault is made: what the person is told and asked before the agent starts. */
#include "cli/card_option.h"
#include "cli/init_ways.h"
#include "cli/verbs.h"
#include "lib/text.h"

static void
say_first(const struct card_option *card)
{
	out_say("This makes a vault. Nothing on your token is erased, and none of its passkey "
		"places is used. You will get a recovery phrase of 24 words: have %s ready. "
		"Nobody will ever ask you to type them on a web page.\n",
	    card->wanted ? "the printer" : "paper");
}

/* ---- afterwards ---- */
static void
say_next(const struct init_ways *m, bool printed)
{
	if (printed)
		out_say("Now look at the page, then type its words back: 'ownkey phrase verify'. "
			"Until then nobody knows that it can be read. The words cannot be "
			"printed again; if the page is bad, 'ownkey id reseed --new-phrase' "
			"makes others.");
	if (m->q.ways & OPS_WAY_TOKEN)
		out_say("Next: enrol a second token ('ownkey slot add token'), so that losing one "
			"is no drama.");
	else
		out_say("Next: add a token when you have one ('ownkey slot add token').");
	out_say("The phrase brings back every derived identity. Secrets that you store exist "
		"only in this file until there is a backup: copy it.");
}

static void
put_made(const struct ops_init_rep *rep, const struct card_option *card)
{
	struct buf hex = BUF_INIT;

	text_encode(TEXT_HEX, rep->fingerprint, &hex);
	if (card_option_is_stdout(card)) {
		out_say("phrase %s", buf_cstr(&hex));
		out_say_span("vault ", rep->path);
	} else {
		out_row("phrase", "%s%s", buf_cstr(&hex),
		    card->wanted ? "" : " (write this on the card, too)");
		out_row_span("vault", rep->path);
	}
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

static enum err
make(struct cli *c, struct init_ways *m, const struct card_option *card)
{
	struct ops_init_rep rep;
	bool done;
	enum err e;

	say_first(card);
	if ((e = init_ways_choose(c, m)))
		return e;
	if (m->try_instead) {
		out_say("'ownkey try' does that: start it.");
		return ERR_OK;
	}
	m->q.card = card->wanted;
	if ((e = verb_init_ask(c, &m->q, &rep, &done)) || done)
		return e;
	put_made(&rep, card);
	say_next(m, card->wanted);
	return ERR_OK;
}

enum err
verb_init(struct cli *c)
{
	struct card_option card = { .pages = 1,
		.in_vain = "No vault was made: what was printed is worth nothing, destroy it." };
	struct init_ways m = { .try_instead = false };
	enum err e;

	if ((e = init_ways_options(c, &m)) || (e = no_vault_yet(c)) ||
	    (e = card_option_open(c, &card)))
		return e;
	e = make(c, &m, &card);
	card_option_close(&card, e);
	return e;
}
