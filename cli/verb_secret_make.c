/* verb_secret_make.c - passwords that are made up in the vault, and one-time codes. */
#include <unistd.h>

#include "cli/attrs.h"
#include "cli/verbs.h"
#include "lib/password.h"

/* ---- generate ---- */
static uint64_t
alphabet(const struct cli *c)
{
	static const char *const kinds[] = { "alnum", "print", "digits", "words" };
	struct span s = cli_value(c, ARG_ALPHABET);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (span_is(s, kinds[i]))
			return i;
	return PASSWORD_ALNUM;
}

static enum err
show(struct cli *c)
{
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_secret_rep rep;
	enum err e;

	wire_mark(&ops_secret_map, &q);
	if ((e = cli_call(c, OP_SECRET_GET, &q, &rep)) || (e = out_raw(STDOUT_FILENO, rep.value)))
		return e;
	return out_raw(STDOUT_FILENO, SPAN_LIT("\n"));
}

enum err
verb_secret_generate(struct cli *c)
{
	static struct attrs attrs;
	struct ops_secret_generate q = { .label = span_str(cli_operand(c, 0)) };
	bool done;
	enum err e;

	q.alphabet = alphabet(c);
	q.replace = args_has(&c->args, ARG_REPLACE);
	if ((e = args_number(&c->args, ARG_LENGTH, 1, PASSWORD_MAX, &q.length)) ||
	    (e = args_number(&c->args, ARG_USE, 0, 2, &q.use)) || (e = attrs_from_args(c, &attrs)))
		return e;
	q.attributes = attrs_list(&attrs);
	e = cli_ask(c, OP_SECRET_GENERATE, &q, NULL, &done);
	if (e == ERR_EXISTS)
		snprintf(c->hint, sizeof c->hint, "--replace puts a new one in its place");
	if (e)
		return e;
	out_say("kept; it exists only on this disk until there is a backup");
	return args_has(&c->args, ARG_SHOW) ? show(c) : ERR_OK;
}

/* ---- code ---- */
/* Whoever sees a code may use it for half a minute: it may go to a terminal. */
enum err
verb_secret_code(struct cli *c)
{
	struct ops_sel q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_secret_code_rep rep;
	bool done;
	enum err e;

	c->quiet = !isatty(STDOUT_FILENO);
	c->opens = true;
	if ((e = cli_ask(c, OP_SECRET_CODE, &q, &rep, &done)) || done)
		return e;
	if (!c->quiet)
		out_say("good for %u more seconds", (unsigned)rep.left);
	if ((e = out_raw(STDOUT_FILENO, rep.code)))
		return e;
	return out_raw(STDOUT_FILENO, SPAN_LIT("\n"));
}
