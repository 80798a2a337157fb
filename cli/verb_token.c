/* verb_token.c - token list, info, pin. */
#include "cli/verbs.h"
#include "lib/job.h"

static void
put_token(const struct ops_token *t)
{
	out_text(stdout, t->path);
	fputs("  ", stdout);
	out_text(stdout, t->name.len ? t->name : SPAN_LIT("token"));
	if (t->software)
		fputs("  (software: not hardware)", stdout);
	if (t->enrolled)
		fputs("  (opens this vault)", stdout);
	if (t->err)
		printf("  (%s)", err_text((enum err)t->err));
	putchar('\n');
}

enum err
verb_token_list(struct cli *c)
{
	struct ops_token_list_rep rep;
	struct ops_token t;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_TOKEN_LIST, NULL, &rep, &done)) || done)
		return e;
	for (at = wire_each(&rep.tokens); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_token_map, &at, &t)))
			put_token(&t);
	if (!e && rep.tokens.n == 0)
		out_say("no token is plugged in");
	return e;
}

/* ---- info ---- */
static void
put_pin(const struct ops_token *t)
{
	if (t->options & TOKEN_OPT_PIN_SET)
		out_row("PIN", "set, %u tries left", (unsigned)t->retries);
	else
		out_row("PIN", "%s",
		    t->options & TOKEN_OPT_PIN_ABLE ? "not set ('ownkey token pin')" : "none");
	if (t->options & TOKEN_OPT_PIN_CHANGE)
		out_row("", "must be changed first");
}

static void
put_info(const struct ops_token *t)
{
	out_row_span("token", t->name);
	out_row_span("device", t->path);
	if (t->software)
		out_row("warning", "software token: not hardware");
	if (t->err) {
		out_row("error", "%s", err_text((enum err)t->err));
		return;
	}
	out_row_span("speaks", t->versions);
	out_row_span("extensions", t->extensions);
	out_row("fit", "%s",
	    t->options & TOKEN_OPT_HMAC_SECRET ? "yes, it can open a vault"
					       : "no, it cannot keep a vault key");
	put_pin(t);
	if (t->options & TOKEN_OPT_UV_ABLE)
		out_row("finger", "%s", t->options & TOKEN_OPT_UV ? "set up" : "not set up");
	if (t->options & TOKEN_OPT_ALWAYS_UV)
		out_row("always", "wants PIN or fingerprint");
}

enum err
verb_token_ask(struct cli *c, struct span path, struct ops_token *t, bool *done)
{
	struct ops_token_sel q = { .path = path };

	return cli_ask(c, OP_TOKEN_INFO, &q, t, done);
}

enum err
verb_token_info(struct cli *c)
{
	struct ops_token t;
	bool done;
	enum err e = verb_token_ask(c, span_str(cli_operand(c, 0)), &t, &done);

	if (!e && !done)
		put_info(&t);
	return e;
}

enum err
verb_token_set_pin(struct cli *c, struct span path)
{
	struct ops_token_sel q = { .path = path, .force = args_has(&c->args, ARG_FORCE) };
	enum err e;

	wire_mark(&ops_token_sel_map, &q);
	if (!(e = cli_call(c, OP_TOKEN_PIN, &q, NULL)))
		out_say("the token has its new PIN");
	return e;
}

enum err
verb_token_pin(struct cli *c)
{
	return verb_token_set_pin(c, span_str(cli_operand(c, 0)));
}
