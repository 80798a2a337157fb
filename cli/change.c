/* change.c - keys are rotated, retired, revoked, and seeds made anew. */
#include "cli/change.h"

#include <stdlib.h>

#include "cli/card_option.h"
#include "cli/pages.h"
#include "cli/verbs.h"

enum err
change_proof(struct cli *c, struct change_proof *p)
{
	p->label = cli_value(c, ARG_SLOT);
	p->force = args_has(&c->args, ARG_FORCE);
	return args_ways(c->args.value[ARG_WITH], &p->ways);
}

enum err
change_agreed(struct cli *c, const char *prompt, bool def, bool *yes)
{
	*yes = args_has(&c->args, ARG_YES);
	if (*yes)
		return ERR_OK;
	if (!term_is_there(&c->term))
		return cli_wrong(c, "nobody can be asked here: say --yes");
	return term_yes(&c->term, prompt, def, yes);
}

/* ---- one ---- */
static void
fill(struct ops_id_change *q, const char *path, const struct change_proof *p, bool look)
{
	*q = (struct ops_id_change){ .label = span_str(path),
		.proof = p->ways,
		.proof_label = p->label,
		.force = p->force,
		.look = look };
	wire_mark(&ops_id_change_map, q);
}

/* A path is as long as it is: what is said of it goes below. */
static void
put_state(const struct ops_item *it)
{
	static const char *const states[] = { "in use", "retired", "revoked" };

	out_text(stdout, it->label);
	printf("\n    epoch %u, %s%s\n", (unsigned)it->epoch,
	    states[it->state <= 2 ? it->state : 2], it->exposed && !it->state ? ", exposed" : "");
}

static void
put_changed(const struct ops_id_change_rep *rep)
{
	struct cbor at = wire_each(&rep->items);
	struct ops_item it;

	while (!cbor_at_end(&at) && !wire_next(&ops_item_map, &at, &it)) {
		put_state(&it);
		if (!it.shown.len || it.state)
			continue;
		fputs("    ", stdout);
		out_text(stdout, it.shown);
		putchar('\n');
	}
}

static void
put_steps(const struct ops_id_change_rep *rep)
{
	struct cbor at = wire_each(&rep->steps);
	struct ops_step s;
	unsigned n = 0;

	if (rep->steps.n)
		puts("What to do next:");
	while (!cbor_at_end(&at) && !wire_next(&ops_step_map, &at, &s))
		out_step(++n, s.text);
	fflush(stdout);
}

/* Told before anything is asked or changed. */
static enum err
ask_first(struct cli *c, enum op op, const struct ops_id_change *q, bool *yes)
{
	struct ops_id_change_rep rep;
	enum err e;

	if ((e = cli_call(c, op, q, &rep)))
		return e;
	if (rep.advice.len)
		out_say_span("", rep.advice);
	if (op == OP_ID_ROTATE && rep.exposed)
		out_say("warning: rotating alone does not help: others may know the seed that the "
			"new keys come from. 'ownkey id reseed' comes first.");
	return change_agreed(c, "go on? y/n [n]: ", false, yes);
}

/* With the phrase at hand the log of the identity says so at once, else its entry is owed. */
static bool
signs_now(const struct cli *c)
{
	return term_is_there(&c->term) && !args_has(&c->args, ARG_NO_PHRASE);
}

static enum err
apply(struct cli *c, enum op op, struct ops_id_change *q, bool *owed)
{
	struct ops_id_change_rep rep;
	bool done;
	enum err e;

	if ((e = cli_ask(c, op, q, &rep, &done)) || done)
		return e;
	*owed |= rep.owed;
	put_changed(&rep);
	put_steps(&rep);
	if (op == OP_ID_ROTATE && rep.exposed)
		out_say("warning: others may know the new keys, too: 'ownkey id reseed', then "
			"rotate again.");
	return ERR_OK;
}

enum err
change_one(struct cli *c, enum op op, const char *path, const struct change_proof *p, bool *done)
{
	struct ops_id_change q;
	bool owed = false;
	enum err e;

	*done = true;
	fill(&q, path, p, true);
	if (op != OP_ID_RETIRE && ((e = ask_first(c, op, &q, done)) || !*done))
		return e;
	fill(&q, path, p, false);
	q.succession = op != OP_ID_RETIRE && signs_now(c);
	if (q.succession)
		out_say("Prove that it is you, then type the recovery phrase: it signs the change "
			"for your contacts (--without-phrase: later).");
	if (!(e = apply(c, op, &q, &owed)) && owed)
		out_say("Contacts are not told yet: 'ownkey succession sign' does it, with your "
			"phrase.");
	return e;
}

/* ---- all that have to be moved ---- */
#define ACCOUNT_KEYS 32 /* more at once the agent does not take */

struct key {
	size_t at; /* of its label in names */
	bool move;
};
struct moving {
	struct cli *c;
	struct buf names; /* labels, each with a NUL */
	struct key *key;
	size_t n, cap;
	uint64_t seed;
	bool owed; /* some logs do not say so yet */
	enum err e;
};

static void
keep_key(void *arg, const struct ops_item *it, struct span raw)
{
	struct moving *m = arg;
	size_t cap = m->cap ? 2 * m->cap : 64;
	struct key *more;

	(void)raw;
	if (m->n == m->cap) {
		if (!(more = realloc(m->key, cap * sizeof *more))) {
			m->e = ERR_NOMEM;
			return;
		}
		m->key = more;
		m->cap = cap;
	}
	m->key[m->n++] = (struct key){ .at = m->names.len,
		.move = it->origin == 0 && it->generation < m->seed &&
		    (it->exposed || !it->recoverable) };
	buf_put_span(&m->names, it->label);
	buf_put_u8(&m->names, 0);
}

static const char *
name_of(const struct moving *m, size_t i)
{
	return (const char *)m->names.p + m->key[i].at;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const char *names = arg;

	return strcmp(names + ((const struct key *)a)->at, names + ((const struct key *)b)->at);
}

static enum err
collect(struct moving *m, const struct ops_status_rep *st)
{
	struct ops_page q = { 0 };
	enum err e;

	m->seed = st->seed;
	if ((e = pages_each(m->c, OP_ID_LIST, &q, keep_key, m)) || (e = m->e) ||
	    (e = buf_err(&m->names)))
		return e;
	if (m->n)
		qsort_r(m->key, m->n, sizeof *m->key, compare, m->names.p);
	return ERR_OK;
}

/* "matrix/@a:example.org" of "matrix/@a:example.org/backup". */
static size_t
account_len(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? (size_t)(slash - name) : strlen(name);
}

/* The keys of one account are neighbours, and go at once if all of them have to. */
static size_t
together(const struct moving *m, size_t i)
{
	size_t len = account_len(name_of(m, i)), end = i, move = 0;

	while (end < m->n && account_len(name_of(m, end)) == len &&
	    memcmp(name_of(m, end), name_of(m, i), len) == 0)
		move += m->key[end++].move;
	return move == end - i && move <= ACCOUNT_KEYS ? move : 1;
}

static size_t
count(const struct moving *m, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < m->n; i++)
		n += m->key[i].move;
	return n;
}

enum { YES, NO, STOP };

static enum err
ask_move(struct cli *c, unsigned *what)
{
	*what = YES;
	if (args_has(&c->args, ARG_YES))
		return ERR_OK;
	if (!term_is_there(&c->term))
		return cli_wrong(c, "nobody can be asked here: say --yes");
	return term_choose(
	    &c->term, "move it? yes, no or stop [yes]: ", "yes|no|stop", "yes", what);
}

/* One after the other: whoever stops has moved those that were said to be moved. */
static enum err
move(struct moving *m, const char *path, const struct change_proof *p, unsigned *what)
{
	struct ops_id_change_rep rep;
	struct ops_id_change q;
	struct cli *c = m->c;
	enum err e;

	fill(&q, path, p, true);
	if ((e = cli_call(c, OP_ID_ROTATE, &q, &rep)))
		return e;
	if (rep.advice.len)
		out_say_span("", rep.advice);
	if ((e = ask_move(c, what)) || *what != YES)
		return e;
	fill(&q, path, p, false);
	if ((e = apply(c, OP_ID_ROTATE, &q, &m->owed)) || args_has(&c->args, ARG_YES))
		return e;
	return term_pause(&c->term);
}

static enum err
move_each(struct moving *m, const struct change_proof *p, size_t *left)
{
	size_t all = *left = count(m, 0), keys;
	unsigned what = YES;
	char path[1024];
	enum err e = ERR_OK;

	for (size_t i = 0; i < m->n && !e && what != STOP; i += keys) {
		const char *name = name_of(m, i);

		keys = together(m, i);
		if (!m->key[i].move)
			continue;
		snprintf(path, sizeof path, "%.*s",
		    (int)(keys > 1 ? account_len(name) : strlen(name)), name);
		out_say(
		    "--- %s (%zu of %zu key%s left)", path, count(m, i), all, all == 1 ? "" : "s");
		if (!(e = move(m, path, p, &what)) && what == YES)
			*left -= keys;
	}
	return e;
}

/* All of them with one typing of the phrase. */
static enum err
sign_logs(struct moving *m)
{
	struct ops_succession_sign q = { 0 };
	struct ops_succession_sign_rep rep;
	struct cli *c = m->c;
	bool yes = false;
	enum err e;

	if (!m->owed)
		return ERR_OK;
	if (signs_now(c) && !args_has(&c->args, ARG_YES)) {
		out_say("Contacts who keep your card learn of this when your recovery phrase has "
			"signed it, once for all of them.");
		if ((e = term_yes(&c->term, "type it now? y/n [y]: ", true, &yes)))
			return e;
	}
	if (!yes) {
		out_say("Contacts are not told yet: 'ownkey succession sign' does it.");
		return ERR_OK;
	}
	wire_mark(&ops_succession_sign_map, &q);
	if (!(e = cli_call(c, OP_SUCCESSION_SIGN, &q, &rep)))
		out_say("signed");
	return e;
}

static void
say_left(size_t left)
{
	if (left)
		out_say("%zu key%s still to be moved: 'ownkey id rotate --all-exposed' goes on",
		    left, left == 1 ? " is" : "s are");
	else
		out_say("no key is left to be moved");
}

enum err
change_move_all(struct cli *c, const struct change_proof *p, size_t *left)
{
	struct moving m = { .c = c };
	struct ops_status_rep st;
	enum err e;

	*left = 0;
	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	if (st.locked)
		return ERR_LOCKED;
	if (st.seed_exposed) {
		*left = st.exposed;
		return ERR_SEED_EXPOSED;
	}
	if (!(e = collect(&m, &st)) && count(&m, 0)) {
		e = move_each(&m, p, left);
		if (e == ERR_CANCELLED)
			snprintf(c->hint, sizeof c->hint, "what was moved so far stays moved");
		say_left(*left);
		if (!e)
			e = sign_logs(&m);
	} else if (!e) {
		out_say("no key has to be moved");
	}
	free(m.key);
	buf_done(&m.names);
	return e;
}

/* ---- seeds ---- */
static void
say_reseeded(const struct ops_reseed_rep *rep, bool new_phrase)
{
	const uint8_t *f = rep->fingerprint.p;

	out_row("seed", "generation %u", (unsigned)rep->generation);
	if (rep->fingerprint.len == 4)
		out_row("phrase", "%02x%02x%02x%02x", f[0], f[1], f[2], f[3]);
	if (new_phrase)
		out_say("The old phrase, its cards and shares open nothing that is written from "
			"now on. They bring back what is not moved yet: keep them until then.");
	out_say("New backups have a new passphrase: 'ownkey backup passphrase' prints it for your "
		"recovery card. Older backups keep theirs.");
}

enum err
change_reseed(struct cli *c, const struct change_proof *p, const struct change_seed *how)
{
	struct ops_reseed q = { .new_phrase = how->new_phrase,
		.card = how->card,
		.proof = p->ways,
		.proof_label = p->label,
		.force = p->force };
	struct ops_reseed_rep rep;
	bool done;
	enum err e;

	out_say(how->card ? "A new recovery phrase. First prove that it is you; then it is printed."
		: how->new_phrase
		? "A new recovery phrase. First prove that it is you; then write the new words on "
		  "paper and type them back."
		: "New keys from your recovery phrase, which no old copy of the vault "
		  "can make. First prove that it is you; then type the 24 words.");
	if (!(e = cli_ask(c, OP_ID_RESEED, &q, &rep, &done)) && !done)
		say_reseeded(&rep, how->new_phrase);
	return e;
}

/* ---- the commands ---- */
static enum err
change_named(struct cli *c, enum op op)
{
	struct change_proof p = { 0 };
	bool done;
	enum err e;

	if ((e = change_proof(c, &p)) || (e = change_one(c, op, cli_operand(c, 0), &p, &done)))
		return e;
	if (!done)
		out_say("nothing is changed");
	return ERR_OK;
}

enum err
verb_id_rotate(struct cli *c)
{
	bool all = args_has(&c->args, ARG_ALL_EXPOSED);
	struct change_proof p = { 0 };
	size_t left;
	enum err e;

	if (all == (c->args.n > 0))
		return cli_wrong(c, "say a PATH, or --all-exposed");
	if (!all)
		return change_named(c, OP_ID_ROTATE);
	if (!(e = change_proof(c, &p)) && !(e = change_move_all(c, &p, &left)) && left)
		c->status = 1;
	return e;
}

enum err
verb_id_retire(struct cli *c)
{
	enum err e = change_named(c, OP_ID_RETIRE);

	if (!e && !args_has(&c->args, ARG_JSON))
		out_say("retired: %s. It can still be derived, to read what is old.",
		    cli_operand(c, 0));
	return e;
}

enum err
verb_id_revoke(struct cli *c)
{
	return change_named(c, OP_ID_REVOKE);
}

/* The same phrase has its card already: 'phrase card' prints it again. */
static enum err
reseed(struct cli *c, const struct change_proof *p)
{
	struct change_seed how = { .new_phrase = args_has(&c->args, ARG_NEW_PHRASE) };
	struct card_option card = { .pages = 1,
		.in_vain = "Nothing was changed: what was printed is worth nothing, destroy it." };
	enum err e;

	if (!how.new_phrase && (args_has(&c->args, ARG_CARD) || args_has(&c->args, ARG_TEXT)))
		return cli_wrong(c, "--card and --text go with --new-phrase");
	if (!how.new_phrase)
		return change_reseed(c, p, &how);
	if ((e = card_option_open(c, &card)))
		return e;
	how.card = card.wanted;
	e = change_reseed(c, p, &how);
	card_option_close(&card, e);
	return e;
}

enum err
verb_id_reseed(struct cli *c)
{
	struct change_proof p = { 0 };
	struct ops_status_rep st;
	enum err e;

	if ((e = change_proof(c, &p)) || (e = reseed(c, &p)) || args_has(&c->args, ARG_JSON) ||
	    (e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	if (st.exposed || st.older)
		out_say("%u identities use a seed that others may know, or that your phrase does "
			"not make: 'ownkey id rotate --all-exposed' moves them.",
		    (unsigned)(st.exposed > st.older ? st.exposed : st.older));
	return ERR_OK;
}
