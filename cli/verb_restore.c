/*
 * verb_restore.c - a backup, or a copy of a vault, brings back what was lost.  What it is and how
 * it differs is said before anything is asked, and nothing is overwritten.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/init_ways.h"
#include "cli/restoring.h"
#include "cli/vaultcopy.h"
#include "cli/verbs.h"

/* ---- what was done ---- */
static void
say_note(const struct ops_restore_commit_rep *rep)
{
	if (rep->note.len)
		out_say_span("note: ", rep->note);
}

static void
say_made(const struct ops_restore_commit_rep *rep, bool phrase)
{
	out_row_span("vault", rep->path);
	out_row("items", "%llu", (unsigned long long)rep->added);
	fflush(stdout);
	say_note(rep);
	if (!phrase)
		out_say("The recovery phrase is no way in yet: 'ownkey slot add phrase' makes it "
			"one.");
	out_say("This is a new vault with what the backup had; tokens and passphrases of the old "
		"one open it only if they were enrolled now. 'ownkey backup create' makes a "
		"backup of it.");
}

static void
say_merged(const struct ops_restore_commit_rep *rep)
{
	out_row("added", "%llu", (unsigned long long)rep->added);
	if (rep->seeds)
		out_row("seeds", "%llu", (unsigned long long)rep->seeds);
	out_row("kept twice", "%llu", (unsigned long long)rep->both);
	out_row("were here", "%llu", (unsigned long long)rep->same);
	if (rep->passed)
		out_row("left out", "%llu", (unsigned long long)rep->passed);
	fflush(stdout);
	if (rep->both)
		out_say("What differs is there twice: that of the backup has '(backup ...)' behind "
			"its name.");
}

/* ---- asking ---- */
/* Said, and asked; without anybody there it goes on: the command itself was the wish. */
static enum err
agreed(struct cli *c, const char *question)
{
	bool yes = true;
	enum err e = ERR_OK;

	if (term_is_there(&c->term) && !c->term.scripted)
		e = term_yes(&c->term, question, true, &yes);
	return e ? e : yes ? ERR_OK : ERR_CANCELLED;
}

/* ---- no vault here ---- */
static enum err
make_vault(struct cli *c, const struct restoring *r)
{
	struct ops_restore_commit q = { .handle = r->head.handle };
	struct init_ways w = { .try_instead = false };
	struct ops_restore_commit_rep rep;
	bool done;
	enum err e;

	out_say("There is no vault here: one is made of this backup.%s",
	    r->head.phrase ? " Your recovery phrase will open it." : "");
	if ((e = init_ways_options(c, &w)) || (e = agreed(c, "make it? [Y/n] ")) ||
	    (e = init_ways_choose(c, &w)))
		return e;
	if (w.try_instead)
		return ERR_CANCELLED;
	q.ways = w.q.ways;
	q.token = w.q.token;
	q.token_label = w.q.token_label;
	q.no_pin = w.q.no_pin;
	q.and_pass = w.q.and_pass;
	q.one_way_in = w.q.one_way_in;
	q.argon_m = w.q.argon_m;
	q.force = w.q.force;
	if ((e = cli_ask(c, OP_RESTORE_COMMIT, &q, &rep, &done)) || done)
		return e;
	say_made(&rep, r->head.phrase);
	return ERR_OK;
}

/* ---- beside a vault ---- */
static enum err
add_to_vault(struct cli *c, const struct restoring *r)
{
	struct ops_restore_commit q = {
		.handle = r->head.handle,
		.merge = true,
		.secrets_only = args_has(&c->args, ARG_SECRETS),
		.force = args_has(&c->args, ARG_FORCE),
	};
	struct ops_restore_commit_rep rep;
	bool done;
	enum err e;

	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)) ||
	    (e = agreed(c, "add what is missing here? Nothing is overwritten. [Y/n] ")))
		return e;
	out_say("Adding to a vault needs a way in: prove that it is you.");
	if ((e = cli_ask(c, OP_RESTORE_COMMIT, &q, &rep, &done)) || done)
		return e;
	say_merged(&rep);
	return ERR_OK;
}

static enum err
beside_vault(struct cli *c, struct restoring *r)
{
	enum err e = restoring_compare(c, r, args_has(&c->args, ARG_JSON));

	if (e)
		return e;
	if (!r->differ && !r->backup_only) {
		out_say("Everything in it is here already: nothing was changed.");
		return ERR_OK;
	}
	if (r->head.other && !args_has(&c->args, ARG_SECRETS))
		return ERR_BACKUP_OTHER;
	return add_to_vault(c, r);
}

static enum err
from_backup(struct cli *c)
{
	struct ops_status_rep st;
	struct restoring r;
	enum err e = cli_call(c, OP_STATUS, NULL, &st);

	if (e)
		return e;
	if (st.vault && st.locked)
		return ERR_LOCKED;
	if ((e = restoring_open(c, &r, st.vault)))
		return e;
	return r.head.compares ? beside_vault(c, &r) : make_vault(c, &r);
}

enum err
verb_restore(struct cli *c)
{
	const char *path = cli_operand(c, 0);
	bool copy = false;
	enum err e;

	if (!path)
		return verb_rebuild(c);
	if ((e = restoring_file(c, path, &c->file)))
		return e;
	if (!(e = vaultcopy_is(c->file, &copy)))
		e = copy ? vaultcopy_restore(c, c->file) : from_backup(c);
	close(c->file);
	return e;
}
