/* verb_succession.c - logs that say which keys an identity has: shown, signed, verified. */
#include <unistd.h>

#include "cli/infile.h"
#include "cli/pages.h"
#include "cli/verbs.h"
#include "lib/didkey.h"
#include "lib/succession.h"
#include "lib/text.h"
#include "lib/textblock.h"

/* ---- paths ---- */
/* The operands from the first on, as a list; what they are is for the agent to find. */
static size_t
take_paths(struct cli *c, struct ops_path *row)
{
	size_t n = 0;

	for (const char *s; n < OPS_LOGS && (s = cli_operand(c, n)); n++) {
		row[n] = (struct ops_path){ .label = span_str(s) };
		wire_mark(&ops_path_map, &row[n]);
	}
	return n;
}

static void
put_name(const struct ops_log *l)
{
	out_text(stdout, l->service);
	putchar('/');
	out_text(stdout, l->account);
	putchar('\n');
}

/* ---- show ---- */
static const char *
state_of(const struct ops_log *l)
{
	return l->state == OPS_LOG_OWED	  ? "OWED: the keys changed, the log does not say so"
	    : l->state == OPS_LOG_REVOKED ? "REVOKED"
					  : "good: it names the keys in use";
}

static void
say_owed(const struct ops_log *l)
{
	if (l->state == OPS_LOG_OWED && l->old_phrase)
		out_say("The next rotation of this log takes your OLD recovery phrase. Without it "
			"the log ends: 'ownkey succession sign --begin-anew' begins another, "
			"contacts are warned, and must ask you in person.");
	else if (l->state == OPS_LOG_OWED)
		out_say("Take your recovery phrase: 'ownkey succession sign'. Until then contacts "
			"are shown the old keys.");
}

enum err
verb_succession_show(struct cli *c)
{
	struct ops_path q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_succession_show_rep rep;
	struct ops_log l;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_SUCCESSION_SHOW, &q, &rep, &done)) || done)
		return e;
	at = wire_each(&rep.log);
	if ((e = wire_next(&ops_log_map, &at, &l)))
		return e;
	if ((e = out_raw(STDOUT_FILENO, rep.text)))
		return e;
	out_say("%s", state_of(&l));
	say_owed(&l);
	if (l.state != OPS_LOG_OWED)
		out_say("Post this text where contacts look: a profile, a web page, a signature.");
	return ERR_OK;
}

/* ---- sign ---- */
static enum err
put_signed(const struct ops_succession_sign_rep *rep)
{
	struct cbor at = wire_each(&rep->logs);
	struct ops_log l;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at))
		if (!(e = wire_next(&ops_log_map, &at, &l)))
			put_name(&l);
	if (!rep->logs.n && !rep->left)
		out_say("No log owes anything.");
	else if (rep->logs.n)
		out_say("Written. Post the new text where the old one is: 'ownkey succession show "
			"PATH'; give contacts a new 'ownkey card'.");
	if (rep->left)
		out_say("%llu more %s owed: run it again (another recovery phrase may be asked "
			"for).",
		    (unsigned long long)rep->left, rep->left == 1 ? "is" : "are");
	return e;
}

enum err
verb_succession_sign(struct cli *c)
{
	struct ops_path row[OPS_LOGS];
	struct ops_succession_sign q = { .paths.v = row,
		.anew = args_has(&c->args, ARG_ANEW),
		.proof_label = cli_value(c, ARG_SLOT),
		.force = args_has(&c->args, ARG_FORCE) };
	struct ops_succession_sign_rep rep;
	bool done;
	enum err e;

	q.paths.n = take_paths(c, row);
	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	if (q.anew && !q.paths.n)
		return cli_wrong(c, "--begin-anew wants the identity by name");
	if (q.anew)
		out_say("The old log is given up. EVERY CONTACT IS WARNED that your key changed "
			"without a succession, and must compare the new one with you in person. "
			"Prove that it is you.");
	if ((e = cli_ask(c, OP_SUCCESSION_SIGN, &q, &rep, &done)) || done)
		return e;
	return put_signed(&rep);
}

/* ---- verify ---- */
static void
put_bound(const struct succession_bound *b)
{
	struct buf hex = BUF_INIT;

	text_encode(TEXT_HEX, SPAN(b->digest, 32), &hex);
	fputs("  ", stdout);
	out_text(stdout, b->purpose);
	fputs(" (", stdout);
	out_text(stdout, b->alg);
	printf(")\n    SHA-256 %.32s\n            %s\n", buf_cstr(&hex), buf_cstr(&hex) + 32);
	buf_done(&hex);
}

static void
put_state(const struct succession_state *st)
{
	char did[DIDKEY_TEXT], day[16];

	didkey_print(st->key, did);
	out_day(st->time, day);
	out_row_span("service", st->service);
	out_row_span("account", st->account);
	out_row("log key", "%.28s", did);
	out_row("", "%s", did + 28);
	out_row("entries", "%zu, the last of %s", st->n, day);
	out_row("rotations", "%u, signed with the phrase", st->rotations);
	out_row("state", "%s", st->revoked ? "REVOKED: trust none of its keys" : "good");
	for (size_t i = 0; i < st->nbound && !st->revoked; i++)
		put_bound(&st->bound[i]);
}

/* No agent, no key, no network. */
enum err
verb_succession_verify(struct cli *c)
{
	struct buf text = BUF_INIT, log = BUF_INIT;
	struct succession_state st = { 0 };
	enum err e;

	if (!(e = infile_read(c, cli_operand(c, 0), TEXTBLOCK_TEXT_MAX, &text)) &&
	    !(e = succession_find_text(buf_span(&text), &log)) &&
	    (e = succession_verify(buf_span(&log), &st)))
		snprintf(c->detail, sizeof c->detail, "entry %zu", st.n);
	if (!e) {
		put_state(&st);
		c->status = st.revoked ? 1 : 0;
		out_say("Every entry follows from the one before. Whether there is a newer one "
			"only its owner knows.");
	}
	buf_done(&text);
	buf_done(&log);
	return e;
}
