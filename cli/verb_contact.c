/* verb_contact.c - other people's cards: kept, compared, and shouted about. */
#include <string.h>

#include "cli/infile.h"
#include "cli/pages.h"
#include "cli/verbs.h"
#include "lib/didkey.h"
#include "lib/idcard.h"
#include "lib/text.h"
#include "lib/textblock.h"

static enum err
read_card(struct cli *c, const char *path, struct buf *card)
{
	struct buf text = BUF_INIT;
	enum err e;

	if (!(e = infile_read(c, path, TEXTBLOCK_TEXT_MAX, &text)))
		e = idcard_find_block(buf_span(&text), card);
	buf_done(&text);
	return e;
}

/* ---- what is on a card ---- */
static void
put_did(const char *name, const char *did)
{
	out_row(name, "%.28s", did);
	out_row("", "%s", did + 28);
}

static void
put_identity(const struct idcard *card, size_t i)
{
	const struct succession_state *st = &card->state[i];
	struct cbor at = wire_each(&card->identity[i].texts);
	struct idcard_text t;
	char did[DIDKEY_TEXT];

	out_text(stdout, st->service);
	putchar(' ');
	out_text(stdout, st->account);
	puts(st->revoked ? "  REVOKED: trust none of its keys" : "");
	didkey_print(st->key, did);
	put_did("  log key", did);
	while (!cbor_at_end(&at) && !wire_next(&idcard_text_map, &at, &t)) {
		fputs("  ", stdout);
		out_text(stdout, t.purpose);
		fputs(":\n    ", stdout);
		out_text(stdout, t.text);
		putchar('\n');
	}
}

static enum err
put_card(struct span bytes)
{
	struct idcard card = IDCARD_INIT;
	char day[16];
	enum err e;

	if (!(e = idcard_verify(bytes, &card))) {
		out_day(card.time, day);
		out_row_span("calls", card.name);
		out_row("made", "%s", day);
		for (size_t i = 0; i < card.n; i++)
			put_identity(&card, i);
	}
	idcard_done(&card);
	return e;
}

/* ---- add, show, list, remove ---- */
enum err
verb_contact_add(struct cli *c)
{
	struct ops_contact q = { .name = span_str(cli_operand(c, 0)) };
	struct buf card = BUF_INIT;
	enum err e;

	if (!(e = read_card(c, cli_operand(c, 1), &card)) && !(e = put_card(buf_span(&card)))) {
		q.card = buf_span(&card);
		wire_mark(&ops_contact_map, &q);
		e = cli_call(c, OP_CONTACT_ADD, &q, NULL);
	}
	if (!e)
		out_say("Kept. It is worth as much as the way that it came by: compare a log key "
			"with its owner, in person or on the phone.");
	buf_done(&card);
	return e;
}

enum err
verb_contact_show(struct cli *c)
{
	struct ops_sel q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_contact_show_rep rep;
	char day[16];
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_CONTACT_SHOW, &q, &rep, &done)) || done)
		return e;
	out_day(rep.pinned_at, day);
	out_row("kept", "%s", day);
	return put_card(rep.card);
}

enum err
verb_contact_list(struct cli *c)
{
	struct ops_page q = { .match = cli_value(c, ARG_MATCH) };
	size_t n;
	enum err e = pages_print(c, OP_CONTACT_LIST, &q, &n);

	if (!e && !n && !args_has(&c->args, ARG_JSON))
		out_say("no contact; 'ownkey contact add' keeps a card");
	return e;
}

enum err
verb_contact_remove(struct cli *c)
{
	struct ops_sel q = { .label = span_str(cli_operand(c, 0)),
		.proof_label = cli_value(c, ARG_SLOT),
		.force = args_has(&c->args, ARG_FORCE) };
	enum err e;

	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	out_say("A changed key of theirs will not be noticed any more: prove that it is you.");
	wire_mark(&ops_sel_map, &q);
	if (!(e = cli_call(c, OP_CONTACT_REMOVE, &q, NULL)))
		out_say("removed: %s", cli_operand(c, 0));
	return e;
}

/* ---- check ---- */
static const char *const changes[] = { "the same", "new; the other keys vouch for it",
	"more public keys", "other keys, signed with the owner's phrase",
	"other keys, signed with the owner's phrase,\n  past entries that were kept here",
	"OLDER than what is kept", "MISSING from this card", "REVOKED: trust none of its keys",
	"CHANGED WITHOUT A SUCCESSION" };

static void
put_row(const struct ops_contact_row *r)
{
	out_text(stdout, r->service);
	putchar(' ');
	out_text(stdout, r->account);
	printf("\n  %s\n", changes[r->change < sizeof changes / sizeof *changes ? r->change : 0]);
	if (r->change == IDCARD_CHANGED)
		puts(r->forks ? "  (two continuations of one log)" : "  (another log)");
}

static void
shout(struct span name)
{
	struct buf b = BUF_INIT;

	text_printable(name, &b);
	out_say("THE KEY OF %s CHANGED WITHOUT A SUCCESSION, OR THIS IS NOT THEIR CARD. Somebody "
		"may pretend to be them. Do not use the new key: ask them in person, or call a "
		"number that you know. The card you keep was not touched.",
	    buf_cstr(&b));
	buf_done(&b);
}

static void
say_verdict(struct cli *c, const struct ops_contact_check_rep *rep)
{
	if (rep->verdict >= IDCARD_VERDICT_ASK)
		c->status = 1;
	if (rep->verdict == IDCARD_VERDICT_ALARM && !rep->pinned)
		shout(rep->name);
	else if (rep->verdict == IDCARD_VERDICT_OLDER && !rep->pinned)
		out_say("THIS CARD IS OLDER THAN THE ONE YOU KEEP. It hides what is known already: "
			"a rotation, a revocation. Get the newest from its owner.");
	else if (rep->verdict == IDCARD_VERDICT_ASK && !rep->pinned)
		out_say("AN IDENTITY IS REVOKED OR MISSING. Ask the owner; if that is right, "
			"'ownkey contact check --update --force' keeps this card.");
	else if (rep->pinned && c->status)
		out_say("Kept, although nothing vouches for it, because you said --force.");
	else if (rep->pinned)
		out_say("Kept: this is the card from now on.");
	else if (rep->verdict == IDCARD_VERDICT_UPDATED)
		out_say("The change is the owner's own. --update keeps this card.");
	else
		out_say("Nothing changed.");
}

static enum err
put_report(struct cli *c, const struct ops_contact_check_rep *rep)
{
	struct cbor at = wire_each(&rep->rows);
	struct ops_contact_row r;
	enum err e = ERR_OK;

	out_row_span("contact", rep->name);
	while (!e && !cbor_at_end(&at))
		if (!(e = wire_next(&ops_contact_row_map, &at, &r)))
			put_row(&r);
	if (!e)
		say_verdict(c, rep);
	return e;
}

/* Of --json, too: the exit status says what a person is told in words. */
static enum err
check(struct cli *c, struct ops_contact *q)
{
	struct ops_contact_check_rep rep;
	enum err e;

	wire_mark(&ops_contact_map, q);
	if ((e = cli_call(c, OP_CONTACT_CHECK, q, &rep)))
		return e;
	if (!args_has(&c->args, ARG_JSON))
		return put_report(c, &rep);
	c->status = rep.verdict >= IDCARD_VERDICT_ASK;
	return out_json(&ops_contact_check_rep_map, client_result(&c->conn), false);
}

enum err
verb_contact_check(struct cli *c)
{
	const char *file = cli_operand(c, c->args.n - 1);
	struct ops_contact q = { .update = args_has(&c->args, ARG_UPDATE),
		.force = args_has(&c->args, ARG_FORCE),
		.proof_label = cli_value(c, ARG_SLOT) };
	struct buf card = BUF_INIT;
	enum err e;

	if (c->args.n > 1)
		q.name = span_str(cli_operand(c, 0));
	if (q.force && !q.update)
		return cli_wrong(c, "--force goes with --update");
	if (q.force)
		out_say("WHATEVER THIS CARD SAYS IS KEPT, even if it is a thief's. Did you speak "
			"with its owner? If need be, prove that it is you.");
	if (!(e = args_ways(c->args.value[ARG_WITH], &q.proof)) &&
	    !(e = read_card(c, file, &card))) {
		q.card = buf_span(&card);
		e = check(c, &q);
	}
	buf_done(&card);
	return e;
}
