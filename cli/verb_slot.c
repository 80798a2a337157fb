/* verb_slot.c - the ways in. */
#include "cli/verbs.h"

#define MIB_MOST 2048

const char *
verb_slot_kind(uint64_t factors)
{
	static const char *const names[8] = { [OPS_WAY_TOKEN] = "token",
		[OPS_WAY_PASS] = "passphrase",
		[OPS_WAY_PHRASE] = "phrase",
		[OPS_WAY_TOKEN | OPS_WAY_PASS] = "token+passphrase" };

	return factors < 8 && names[factors] ? names[factors] : "?";
}

/* ---- list: a line, and one more for what is remarkable ---- */
static void
put_marks(const struct ops_slot *s)
{
	char day[16];

	if (s->software)
		puts("             software token: not hardware");
	if (s->deferred)
		puts("             renewed when it is used next");
	if (s->err)
		printf("             %s\n", err_text((enum err)s->err));
	if (!s->last_used)
		return;
	out_day(s->last_used, day);
	printf("             last used %s\n", day);
}

static void
put_slot(const struct ops_slot *s)
{
	struct span name = s->label.len ? s->label : s->hint;

	printf("%2u %-10s %s", (unsigned)s->index + 1, verb_slot_kind(s->factors),
	    s->pin ? "PIN " : "");
	out_text(stdout, name.len ? name : SPAN_LIT("(name hidden while locked)"));
	putchar('\n');
	put_marks(s);
}

enum err
verb_slot_list(struct cli *c)
{
	struct ops_slot_list_rep rep;
	struct ops_slot s;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_SLOT_LIST, NULL, &rep, &done)) || done)
		return e;
	for (at = wire_each(&rep.slots); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_slot_map, &at, &s)))
			put_slot(&s);
	if (!e && rep.slots.n == 1)
		out_say("warning: this is the only way in; add another: 'ownkey slot add'");
	return e;
}

/* ---- changes ---- */
static void
say_done(const char *what, const struct ops_slot_rep *rep)
{
	out_say_span(what, rep->label);
	if (rep->note.len)
		out_say_span("note: ", rep->note);
}

static enum err
change(struct cli *c, enum op op, struct ops_slot_sel *q, const char *what)
{
	struct ops_slot_rep rep;
	bool done;
	enum err e;

	q->label = span_str(cli_operand(c, 0));
	q->proof_label = cli_value(c, ARG_SLOT);
	q->token = cli_value(c, ARG_TOKEN);
	q->hint = cli_value(c, ARG_HINT);
	q->one_way_in = args_has(&c->args, ARG_ONE_WAY);
	q->force = args_has(&c->args, ARG_FORCE);
	if ((e = args_ways(c->args.value[ARG_WITH], &q->proof)) ||
	    (e = cli_ask(c, op, q, &rep, &done)) || done)
		return e;
	say_done(what, &rep);
	return ERR_OK;
}

enum err
verb_slot_remove(struct cli *c)
{
	struct ops_slot_sel q = { 0 };
	enum err e = change(c, OP_SLOT_REMOVE, &q, "removed: ");

	if (!e && !args_has(&c->args, ARG_JSON))
		out_say("Copies of the vault made before still open with it: remove those, too. "
			"What it could open must be seen as known to whoever has it.");
	return e;
}

enum err
verb_slot_verify(struct cli *c)
{
	struct ops_slot_sel q = { 0 };

	return change(c, OP_SLOT_VERIFY, &q, "it opens the vault: ");
}

enum err
verb_slot_renew(struct cli *c)
{
	struct ops_slot_sel q = { 0 };

	return change(c, OP_SLOT_RENEW, &q, "renewed: ");
}

enum err
verb_slot_label(struct cli *c)
{
	struct ops_slot_sel q = { .text = span_str(cli_operand(c, 1)) };

	return change(c, OP_SLOT_LABEL, &q, "its name is now: ");
}

/* ---- add ---- */
static enum err
ask_label(struct cli *c, const char *name, char *out, size_t cap)
{
	char prompt[96];

	if (args_has(&c->args, ARG_LABEL)) {
		snprintf(out, cap, "%s", c->args.value[ARG_LABEL]);
		return ERR_OK;
	}
	snprintf(out, cap, "%s", name);
	if (!term_is_there(&c->term) || c->term.scripted)
		return ERR_OK;
	snprintf(prompt, sizeof prompt, "name of the new way in [%s]: ", name);
	return term_ask(&c->term, prompt, name, out, cap);
}

static enum err
add(struct cli *c, const char *name, struct ops_slot_add *q)
{
	struct ops_slot_rep rep;
	uint64_t mib = 0;
	char label[256];
	bool done;
	enum err e;

	if ((e = args_number(&c->args, ARG_MEMORY, 8, MIB_MOST, &mib)) ||
	    (e = ask_label(c, name, label, sizeof label)))
		return e;
	q->label = span_str(label);
	q->token = cli_value(c, ARG_TOKEN);
	q->argon_m = mib * 1024;
	q->force = args_has(&c->args, ARG_FORCE);
	if (!(e = cli_ask(c, OP_SLOT_ADD, q, &rep, &done)) && !done)
		say_done("added: ", &rep);
	return e;
}

enum err
verb_slot_add(struct cli *c)
{
	const char *type = cli_operand(c, 0);
	struct ops_slot_add q = { .hint = cli_value(c, ARG_HINT),
		.no_pin = args_has(&c->args, ARG_NO_PIN),
		.proof_label = cli_value(c, ARG_SLOT) };
	enum err e;

	if (args_ways(type, &q.way))
		return cli_wrong(c, "TYPE is token, passphrase, phrase or token+passphrase");
	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	return add(c, type, &q);
}

enum err
verb_slot_enrol(struct cli *c, const char *type, struct span proof_label)
{
	struct ops_slot_add q = { .proof_label = proof_label };
	char name[64];
	enum err e = args_ways(type, &q.way);

	snprintf(name, sizeof name, "new %s", type);
	return e ? e : add(c, name, &q);
}
