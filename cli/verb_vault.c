/* verb_vault.c - the file itself. */
#include "cli/verbs.h"

static void
put_finding(const struct ops_finding *f)
{
	printf("%s", err_text((enum err)f->err));
	if (wire_has(&ops_finding_map, f, "offset"))
		printf(" at byte %llu", (unsigned long long)f->offset);
	if (f->text.len) {
		fputs(": ", stdout);
		out_text(stdout, f->text);
	}
	putchar('\n');
}

/* What was found is the result; the exit status says that it is not good. */
enum err
verb_vault_check(struct cli *c)
{
	struct ops_check_rep rep;
	struct ops_finding f;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_VAULT_CHECK, NULL, &rep, &done)))
		return e;
	c->status = rep.good ? 0 : 1;
	if (done)
		return ERR_OK;
	out_row("file", "%s", rep.good ? "no damage" : "DAMAGED");
	out_row("size", "%llu bytes", (unsigned long long)rep.size);
	out_row("generation", "%llu", (unsigned long long)rep.generation);
	out_row("ways in", "%u", (unsigned)rep.slots);
	for (at = wire_each(&rep.findings); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_finding_map, &at, &f)))
			put_finding(&f);
	if (!e && !rep.good)
		out_say("hint: 'ownkey vault previous' goes back one version");
	return e;
}

enum err
verb_vault_previous(struct cli *c)
{
	bool yes = args_has(&c->args, ARG_FORCE), done;
	enum err e = ERR_OK;

	if (!yes && term_is_there(&c->term))
		e = term_yes(&c->term, "put the version before in the place of this one? [y/N] ",
		    false, &yes);
	if (!e && !yes)
		return term_is_there(&c->term)
		    ? ERR_REFUSED
		    : cli_wrong(c, "nobody is there to ask: say --force");
	if (!e && !(e = cli_ask(c, OP_VAULT_PREVIOUS, NULL, NULL, &done))) {
		out_say("the version before is in place; the other one is kept beside it");
		out_say("open it with 'ownkey unlock --accept-older'");
	}
	if (e == ERR_BUSY && !c->hint[0])
		snprintf(c->hint, sizeof c->hint, "lock first: 'ownkey lock'");
	return e;
}
