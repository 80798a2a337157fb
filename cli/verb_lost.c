/*
 * verb_lost.c - a way in is gone: all that has to be done, in order.  Each step is complete in
 * itself; what is left after a Ctrl-C is what `status` says, and the same command goes on.
 */
#include <stdlib.h>

#include "cli/change.h"
#include "cli/pages.h"
#include "cli/todo.h"
#include "cli/verbs.h"

#define SLOTS 16

struct way {
	char label[256];
	uint64_t factors;
	bool pin;
};

struct lost {
	struct cli *c;
	const char *label;
	struct way way;		 /* the one that is gone */
	bool removed;		 /* it was not there any more: go on behind its removal */
	struct way other[SLOTS]; /* those that are left */
	size_t n;
	struct change_proof proof;
	bool exposed;
	bool offered; /* a new way in */
};

/* ---- which ways in there are ---- */
static void
keep_way(struct lost *l, const struct ops_slot *row)
{
	struct span name = row->label.len ? row->label : row->hint;
	bool is = span_is(name, l->label);
	struct way *w = is ? &l->way : &l->other[l->n];

	if (row->err || l->n == SLOTS)
		return;
	snprintf(w->label, sizeof w->label, "%.*s", (int)name.len, (const char *)name.p);
	w->factors = row->factors;
	w->pin = row->pin;
	l->n += !is;
}

static enum err
read_ways(struct lost *l)
{
	struct ops_slot_list_rep rep;
	struct ops_slot row;
	struct cbor at;
	enum err e;

	l->n = 0;
	l->way = (struct way){ 0 };
	if ((e = cli_call(l->c, OP_SLOT_LIST, NULL, &rep)))
		return e;
	for (at = wire_each(&rep.slots); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_slot_map, &at, &row)))
			keep_way(l, &row);
	return e;
}

/* ---- the vault has to be open ---- */
static enum err
ask_kind(struct lost *l, uint64_t *way)
{
	static const uint64_t ways[] = { OPS_WAY_PHRASE, OPS_WAY_TOKEN, OPS_WAY_PASS,
		OPS_WAY_TOKEN | OPS_WAY_PASS };
	struct cli *c = l->c;
	unsigned which = 0;
	enum err e;

	if ((*way = l->proof.ways))
		return ERR_OK;
	if (!term_is_there(&c->term)) {
		snprintf(c->hint, sizeof c->hint, "'ownkey unlock' with another way in first");
		return ERR_LOCKED;
	}
	out_say("The vault is locked. Open it with another way in than the one that is gone: "
		"phrase (the 24 words on paper), token (another one), passphrase, or both.");
	e = term_choose(
	    &c->term, "with which? [phrase]: ", "phrase|token|passphrase|both", "phrase", &which);
	*way = ways[which];
	return e;
}

static enum err
open_vault(struct lost *l)
{
	struct ops_unlock q = { .label = l->proof.label, .force = l->proof.force };
	struct ops_status_rep st;
	struct ops_unlock_rep rep;
	enum err e;

	if ((e = cli_call(l->c, OP_STATUS, NULL, &st)) || !st.locked)
		return e;
	if (!st.vault)
		return ERR_NOVAULT;
	if ((e = ask_kind(l, &q.way)))
		return e;
	wire_mark(&ops_unlock_map, &q);
	return cli_call(l->c, OP_UNLOCK, &q, &rep);
}

/* ---- what it is about ---- */
static enum err
no_other(struct lost *l)
{
	out_say("'%s' is the only way in: without another one nobody can prove that it is you, so "
		"nothing can be removed and no way in added.",
	    l->label);
	out_say("All identities come back from the recovery phrase, the 24 words on paper, or "
		"from shares of it: into a new vault, with 'ownkey restore'.");
	out_say("The vault is open now. Before it locks, take out what only it has: 'ownkey secret "
		"list', then 'ownkey secret get NAME'.");
	snprintf(l->c->hint, sizeof l->c->hint, "take the words on paper: 'ownkey restore'");
	return ERR_LASTSLOT;
}

/* Removed by an earlier run, which was interrupted: what is left says the status. */
static enum err
not_there(struct lost *l)
{
	struct ops_status_rep st;
	enum err e;

	if ((e = cli_call(l->c, OP_STATUS, NULL, &st)))
		return e;
	if (!st.exposed && !st.exposed_secrets && !st.seed_exposed && !st.older) {
		snprintf(l->c->hint, sizeof l->c->hint, "'ownkey slot list' shows the ways in");
		return ERR_NOTFOUND;
	}
	out_say("There is no way in '%s' (any more). Here is what is still to be done.", l->label);
	l->removed = l->exposed = true;
	return ERR_OK;
}

static void
explain(const struct lost *l)
{
	out_say("'%s' (%s%s) is taken out of the vault: it opens nothing that is written from now "
		"on. This takes a few steps; Ctrl-C stops at any of them, and 'ownkey status' "
		"says what is left.",
	    l->label, verb_slot_kind(l->way.factors), l->way.pin ? " with PIN" : "");
}

/* ---- proving ---- */
static void
put_others(const struct lost *l)
{
	for (size_t i = 0; i < l->n; i++)
		printf("%2zu %-10s %s\n", i + 1, verb_slot_kind(l->other[i].factors),
		    l->other[i].label);
	fflush(stdout);
}

static enum err
choose_proof(struct lost *l)
{
	struct cli *c = l->c;
	char answer[16];
	unsigned long i = 0;
	enum err e;

	if (l->n == 1)
		l->proof.label = span_str(l->other[0].label);
	if (l->proof.label.len || l->proof.ways || args_has(&c->args, ARG_YES) ||
	    !term_is_there(&c->term))
		return ERR_OK;
	out_say("You prove that it is you with another way in, at each step. Which one do you "
		"have at hand?");
	put_others(l);
	do {
		if ((e = term_ask(&c->term, "its number [1]: ", "1", answer, sizeof answer)))
			return e;
		i = strtoul(answer, NULL, 10);
	} while (i < 1 || i > l->n);
	l->proof.label = span_str(l->other[i - 1].label);
	return ERR_OK;
}

/* ---- the finder ---- */
static void
explain_finder(const struct way *w)
{
	static const char file[] = "the vault file (it is on this machine's disk, in each copy, "
				   "stick and synchronised folder)";

	if (w->factors == OPS_WAY_PHRASE)
		out_say("Whoever has the phrase can make all your identities without the vault, "
			"and open each copy of it. Only if the paper is surely destroyed, nobody "
			"can.");
	else if (w->factors == OPS_WAY_PASS)
		out_say("Could somebody open your vault with it? They need the passphrase and %s.",
		    file);
	else if (w->factors & OPS_WAY_PASS)
		out_say("Could somebody open your vault with it? They need the token, its "
			"passphrase and %s.",
		    file);
	else if (w->pin)
		out_say(
		    "Could the finder open your vault with it? They need %s AND the PIN.", file);
	else
		out_say("Could the finder open your vault with it? They need %s, and no PIN: this "
			"way in opens with a touch.",
		    file);
	out_say("Token lost together with the laptop, and the PIN on a note or seen by others: "
		"yes. Token lost alone and nobody knows the PIN: no. If you cannot tell: "
		"unsure.");
}

static enum err
ask_finder(struct lost *l)
{
	const char *given = l->c->args.value[ARG_FINDER];
	unsigned which;
	enum err e;

	if (given) {
		l->exposed = strcmp(given, "no") != 0;
		return ERR_OK;
	}
	if (!term_is_there(&l->c->term))
		return cli_wrong(l->c, "say --finder-may-open yes, no or unsure");
	explain_finder(&l->way);
	e = term_choose(
	    &l->c->term, "yes, no or unsure [unsure]: ", "yes|no|unsure", "unsure", &which);
	l->exposed = which != 1;
	return e;
}

/* ---- what it opened ---- */
static void
put_name(void *arg, const struct ops_item *it, struct span raw)
{
	(void)arg;
	(void)raw;
	fputs("  ", stdout);
	out_text(stdout, it->label);
	putchar('\n');
}

static enum err
show_opened(struct lost *l)
{
	bool all = args_has(&l->c->args, ARG_ALL);
	struct ops_page ids = { .all = true }, secrets = { 0 };
	struct ops_status_rep st;
	enum err e;

	if ((e = cli_call(l->c, OP_STATUS, NULL, &st)))
		return e;
	out_say("It could open all that is in the vault: %u key%s and %u secret%s.",
	    (unsigned)st.identities, st.identities == 1 ? "" : "s", (unsigned)st.secrets,
	    st.secrets == 1 ? "" : "s");
	if (!all && !args_has(&l->c->args, ARG_YES) && term_is_there(&l->c->term) &&
	    (e = term_yes(&l->c->term, "show their names? y/n [n]: ", false, &all)))
		return e;
	if (!all)
		return ERR_OK;
	if ((e = pages_each(l->c, OP_ID_LIST, &ids, put_name, NULL)) ||
	    (e = pages_each(l->c, OP_SECRET_LIST, &secrets, put_name, NULL)))
		return e;
	fflush(stdout);
	return args_has(&l->c->args, ARG_YES) ? ERR_OK : term_pause(&l->c->term);
}

/* ---- removing ---- */
static enum err
take_out(struct lost *l)
{
	struct ops_slot_sel q = { .label = span_str(l->label),
		.proof = l->proof.ways,
		.proof_label = l->proof.label,
		.one_way_in = true,
		.force = l->proof.force,
		.exposed = l->exposed };
	struct ops_slot_rep rep;
	bool yes;
	enum err e;

	if ((e = change_agreed(l->c, "take it out now? y/n [y]: ", true, &yes)))
		return e;
	if (!yes)
		return ERR_CANCELLED;
	wire_mark(&ops_slot_sel_map, &q);
	if ((e = cli_call(l->c, OP_SLOT_REMOVE, &q, &rep)))
		return e;
	out_say("'%s' is out: the vault has a new key, and the version before it (vault.prev) is "
		"deleted.",
	    l->label);
	return ERR_OK;
}

/* Brought up to date where they can be reached; the others are told. */
static enum err
check_copies(struct lost *l)
{
	struct ops_backup_copies q = { .run = true };
	struct ops_backup_copies_rep rep;
	struct ops_copy row;
	struct cbor at;
	size_t n = 0;
	enum err e;

	wire_mark(&ops_backup_copies_map, &q);
	if ((e = cli_call(l->c, OP_BACKUP_COPIES, &q, &rep)) == ERR_CANCELLED)
		return e;
	for (at = wire_each(&rep.copies); !e && !cbor_at_end(&at);) {
		if ((e = wire_next(&ops_copy_map, &at, &row)) || !row.older)
			continue;
		if (n++ == 0)
			out_say("These copies of the vault still open with it: destroy them, or "
				"bring them up to date ('ownkey backup copy run'):");
		out_say_span("  ", row.path);
	}
	out_say("%sther copies that you made by hand open with it, too: destroy them. Backups "
		"(age files) do not open with a token.",
	    n ? "O" : "All copies that ownkey knows are up to date. O");
	l->c->detail[0] = '\0'; /* of a copy that failed: it is told above, or by `status` */
	return ERR_OK;
}

/* ---- new ways in ---- */
static bool
only_phrases(const struct lost *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->other[i].factors != OPS_WAY_PHRASE)
			return false;
	return true;
}

static enum err
offer_way(struct lost *l)
{
	static const char *const types[] = { NULL, "token", "passphrase" };
	struct cli *c = l->c;
	unsigned which = 0;
	enum err e;

	if (l->offered || args_has(&c->args, ARG_YES) || !term_is_there(&c->term))
		return ERR_OK;
	if (only_phrases(l))
		out_say("The phrase is your only way in now. With another one you need not type "
			"24 words at each of the next steps.");
	else
		out_say("A new token in its place? It must be plugged in.");
	e = term_choose(&c->term,
	    "add token, passphrase, later [later]: ", "later|token|passphrase", "later", &which);
	if (e)
		return e;
	l->offered = true;
	if (!types[which] || (e = verb_slot_enrol(c, types[which], l->proof.label)))
		return e;
	if (!only_phrases(l))
		return ERR_OK;
	if ((e = read_ways(l)))
		return e;
	for (size_t i = 0; i < l->n; i++)
		if (l->other[i].factors != OPS_WAY_PHRASE)
			l->proof.label = span_str(l->other[i].label);
	return ERR_OK;
}

/* ---- new keys ---- */
static bool
is_phrase(const struct lost *l)
{
	return l->way.factors == OPS_WAY_PHRASE;
}

static enum err
reseed(struct lost *l)
{
	struct change_seed how = { 0 };
	bool phrase = is_phrase(l), yes;
	struct ops_status_rep st;
	struct cli *c = l->c;
	enum err e;

	if ((e = cli_call(c, OP_STATUS, NULL, &st)) || (!st.seed_exposed && !phrase))
		return e;
	if (st.seed_exposed)
		out_say("What was read cannot be taken back: who opened the vault has the seed of "
			"your keys. Only keys of a new seed help, and only %s makes one.",
		    phrase ? "a new recovery phrase" : "your recovery phrase");
	else
		out_say("Without the words on paper nothing brings your identities back if the "
			"vault is lost: you need a new recovery phrase.");
	if (!term_is_there(&c->term)) {
		out_say("Nobody can type it here: 'ownkey id reseed%s' does it later.",
		    phrase ? " --new-phrase" : "");
		return ERR_OK;
	}
	if ((e = change_agreed(c, "make a new seed now? y/n [y]: ", true, &yes)) || !yes)
		return e;
	how.new_phrase = phrase;
	return change_reseed(c, &l->proof, &how);
}

static enum err
move_keys(struct lost *l)
{
	struct ops_status_rep st;
	size_t left;
	enum err e;

	if ((e = cli_call(l->c, OP_STATUS, NULL, &st)) || st.seed_exposed ||
	    (!st.exposed && !st.older))
		return e;
	out_say("Now your keys move to the new seed, one identity after the other. You may stop "
		"and go on later.");
	return change_move_all(l->c, &l->proof, &left);
}

static void
put_exposed(void *arg, const struct ops_item *it, struct span raw)
{
	size_t *n = arg;

	(void)raw;
	if (!it->exposed)
		return;
	if ((*n)++ == 0)
		out_say("Change these secrets where they are used, then keep the new ones with "
			"'ownkey secret set NAME --replace':");
	fputs("  ", stdout);
	out_text(stdout, it->label);
	putchar('\n');
	fflush(stdout);
}

static enum err
show_secrets(struct lost *l)
{
	struct ops_page q = { 0 };
	size_t n = 0;
	enum err e = pages_each(l->c, OP_SECRET_LIST, &q, put_exposed, &n);

	if (e || !n || args_has(&l->c->args, ARG_YES))
		return e;
	return term_pause(&l->c->term);
}

/* ---- the backup ---- */
static enum err
offer_backup(struct lost *l)
{
	const char *path = l->c->args.value[ARG_OUT];
	char answer[1024] = "";
	enum err e;

	if (!path && !args_has(&l->c->args, ARG_YES) && term_is_there(&l->c->term)) {
		out_say("A new backup, in a file on a stick or another disk?%s",
		    l->exposed ? " Destroy the old ones: their passphrase may be known." : "");
		if ((e = term_ask(&l->c->term, "file (empty: later): ", "", answer, sizeof answer)))
			return e;
		path = answer;
	}
	if (!path || !*path)
		return ERR_OK;
	return verb_backup_to(l->c, path, l->proof.label);
}

/* ---- all of it ---- */
static enum err
remove_way(struct lost *l)
{
	enum err e;

	if (l->removed)
		return choose_proof(l);
	if (!l->n)
		return no_other(l);
	explain(l);
	if ((e = choose_proof(l)) || (e = ask_finder(l)) || (e = show_opened(l)) ||
	    (e = take_out(l)))
		return e;
	return check_copies(l);
}

static enum err
go_on(struct lost *l)
{
	enum err e = ERR_OK;

	if (only_phrases(l))
		e = offer_way(l);
	if (!e && (l->exposed || is_phrase(l)) && !(e = reseed(l)) && !(e = move_keys(l)))
		e = show_secrets(l);
	if (!e && !(e = offer_backup(l)))
		e = offer_way(l);
	if (e == ERR_CANCELLED)
		snprintf(l->c->hint, sizeof l->c->hint, "what was done so far stays done");
	if (e)
		out_say("'%s' is out. 'ownkey status' says what is still to be done.%s", l->label,
		    l->offered || is_phrase(l) ? "" : " The same command goes on.");
	return e;
}

static enum err
put_left(struct lost *l)
{
	size_t n;
	enum err e = todo_put(l->c, &n);

	if (!e && n)
		l->c->status = 1;
	if (!e && !n)
		out_say("Nothing is left to be done.");
	if (!e && !l->exposed && l->way.factors & OPS_WAY_TOKEN)
		out_say("Should you find the token again: 'fido2-token -R' clears it.");
	return e;
}

enum err
verb_slot_lost(struct cli *c)
{
	static struct lost l;
	enum err e;

	l = (struct lost){ .c = c, .label = cli_operand(c, 0) };
	if ((e = change_proof(c, &l.proof)) || (e = open_vault(&l)) || (e = read_ways(&l)))
		return e;
	if (!l.way.label[0] && (e = not_there(&l)))
		return e;
	if ((e = remove_way(&l)) || (e = go_on(&l)))
		return e;
	return put_left(&l);
}
