/* verb_jwt.c - tokens of a provider: its public keys, and whom it may make tokens for. */
#include <string.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "lib/ops_jwt.h"

static void
hint_issuer(struct cli *c, enum err e)
{
	if (e == ERR_NOTFOUND && !c->hint[0])
		snprintf(c->hint, sizeof c->hint,
		    "'ownkey id list oidc' shows issuers, 'ownkey id add oidc ISSUER' makes one");
}

/* ---- keys ---- */
static enum err
put_jwks(const struct ops_jwt_keys_rep *rep)
{
	struct cbor at = wire_each(&rep->keys);
	struct buf json = BUF_INIT;
	struct ops_jwt_key k;
	enum err e = ERR_OK;

	buf_put_str(&json, "{\"keys\":[");
	for (size_t i = 0; i < rep->keys.n && !e; i++) {
		buf_put_str(&json, i ? "," : "");
		if (!(e = wire_next(&ops_jwt_key_map, &at, &k)))
			buf_put_span(&json, k.jwk);
	}
	buf_put_str(&json, "]}\n");
	if (!e && !(e = buf_err(&json)))
		e = out_raw(STDOUT_FILENO, buf_span(&json));
	buf_done(&json);
	return e;
}

static enum err
put_keys(const struct ops_jwt_keys_rep *rep)
{
	static const char *const algs[] = { "ES256", "EdDSA", "RS256" };
	static const char *const states[] = { "next", "signs", "old" };
	struct cbor at = wire_each(&rep->keys);
	struct ops_jwt_key k;
	enum err e = ERR_OK;

	for (size_t i = 0; i < rep->keys.n && !e; i++)
		if (!(e = wire_next(&ops_jwt_key_map, &at, &k))) {
			out_text(stdout, k.kid);
			printf("\n  %s  %s\n", algs[k.alg], states[k.state]);
		}
	return e;
}

enum err
verb_jwt_keys(struct cli *c)
{
	struct ops_jwt_issuer q = { .issuer = span_str(cli_operand(c, 0)) };
	struct ops_jwt_keys_rep rep;
	enum err e;

	wire_mark(&ops_jwt_issuer_map, &q);
	if ((e = cli_call(c, OP_JWT_KEYS, &q, &rep)))
		hint_issuer(c, e);
	else
		e = args_has(&c->args, ARG_JSON) ? put_jwks(&rep) : put_keys(&rep);
	return e;
}

/* ---- list ---- */
static const char *const kinds[] = { "audience", "account" };

struct listing {
	bool as_json;
	struct buf json;
	size_t n;
};

/* As it is typed to allow it. */
static void
print_name(const struct ops_jwt_name *n)
{
	printf("%s:", kinds[n->kind]);
	out_text(stdout, n->name);
	if (n->is_public)
		fputs("\n  one name everywhere", stdout);
	if (n->sector.len)
		fputs("\n  as for all of ", stdout);
	out_text(stdout, n->sector);
	if (n->note.len)
		fputs("\n  ", stdout);
	out_text(stdout, n->note);
	putchar('\n');
}

static enum err
put_name(struct listing *l, struct span raw)
{
	struct ops_jwt_name n;
	enum err e;

	if (l->as_json) {
		buf_put_str(&l->json, l->n++ ? "," : "");
		return wire_json(&ops_jwt_name_map, raw, false, &l->json);
	}
	if ((e = wire_decode(&ops_jwt_name_map, raw, &n)))
		return e;
	l->n++;
	print_name(&n);
	return ERR_OK;
}

static enum err
put_page(struct listing *l, const struct ops_jwt_list_rep *rep)
{
	struct cbor at = wire_each(&rep->names);
	struct span raw;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at))
		if (!(e = cbor_skip(&at, &raw)))
			e = put_name(l, raw);
	return e;
}

/* The cursor lives in the reply, which the next call replaces. */
static enum err
put_list(struct cli *c, struct listing *l)
{
	struct ops_jwt_page q = { .issuer = span_str(cli_operand(c, 0)) };
	struct ops_jwt_list_rep rep;
	uint8_t cursor[64];
	enum err e;

	q.match = cli_value(c, ARG_MATCH);
	do {
		wire_mark(&ops_jwt_page_map, &q);
		if ((e = cli_call(c, OP_JWT_LIST, &q, &rep)) || (e = put_page(l, &rep)))
			return e;
		if (rep.cursor.len > sizeof cursor)
			return ERR_TOOBIG;
		if (rep.cursor.len)
			memcpy(cursor, rep.cursor.p, rep.cursor.len);
		q.cursor = SPAN(cursor, rep.cursor.len);
	} while (q.cursor.len);
	return ERR_OK;
}

enum err
verb_jwt_list(struct cli *c)
{
	struct listing l = { .as_json = args_has(&c->args, ARG_JSON) };
	enum err e;

	buf_put_str(&l.json, "{\"names\":[");
	if ((e = put_list(c, &l)))
		hint_issuer(c, e);
	buf_put_str(&l.json, "]}\n");
	if (!e && l.as_json && !(e = buf_err(&l.json)))
		e = out_raw(STDOUT_FILENO, buf_span(&l.json));
	if (!e && !l.n && !l.as_json)
		out_say("nobody: it makes no tokens yet");
	buf_done(&l.json);
	return e;
}

/* ---- allow, forget ---- */
#define NAMES_MOST 64 /* as many as a command line takes here */

/* audience:NAME or account:NAME; names may have colons. */
static enum err
read_name(struct cli *c, const char *whom, struct ops_jwt_name *n)
{
	bool account = strncmp(whom, "account:", 8) == 0;

	if (!account && strncmp(whom, "audience:", 9) != 0)
		return cli_wrong(c, "say audience:NAME or account:NAME");
	*n = (struct ops_jwt_name){ .kind = account ? JWT_ACCOUNT : JWT_AUDIENCE,
		.name = span_str(strchr(whom, ':') + 1),
		.note = cli_value(c, ARG_LABEL) };
	if (!account) {
		n->sector = cli_value(c, ARG_SECTOR);
		n->is_public = args_has(&c->args, ARG_PUBLIC);
	}
	wire_mark(&ops_jwt_name_map, n);
	return ERR_OK;
}

static enum err
read_names(struct cli *c, struct ops_jwt_name names[NAMES_MOST], struct wire_list *out)
{
	enum err e = ERR_OK;

	if (args_has(&c->args, ARG_SECTOR) && args_has(&c->args, ARG_PUBLIC))
		return cli_wrong(c, "--sector and --public exclude each other");
	*out = (struct wire_list){ .v = names };
	for (size_t i = 1; cli_operand(c, i) && out->n < NAMES_MOST && !e; i++)
		e = read_name(c, cli_operand(c, i), &names[out->n++]);
	return e;
}

enum err
verb_jwt_allow(struct cli *c)
{
	struct ops_jwt_allow q = { .issuer = span_str(cli_operand(c, 0)) };
	struct ops_jwt_name names[NAMES_MOST];
	struct ops_jwt_allow_rep rep;
	bool done = false;
	enum err e;

	q.proof_label = cli_value(c, ARG_SLOT);
	q.force = args_has(&c->args, ARG_FORCE);
	if ((e = read_names(c, names, &q.names)) ||
	    (e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	if ((e = cli_ask(c, OP_JWT_ALLOW, &q, &rep, &done)))
		hint_issuer(c, e);
	else if (!done && !rep.added && !rep.changed)
		out_say("it was on the list already; nothing was changed");
	else if (!done)
		out_say("done: %u new, %u changed", (unsigned)rep.added, (unsigned)rep.changed);
	return e;
}

enum err
verb_jwt_forget(struct cli *c)
{
	struct ops_jwt_forget q = { .issuer = span_str(cli_operand(c, 0)) };
	struct ops_jwt_name names[NAMES_MOST];
	struct ops_jwt_forget_rep rep;
	bool done = false;
	enum err e;

	if ((e = read_names(c, names, &q.names)))
		return e;
	if ((e = cli_ask(c, OP_JWT_FORGET, &q, &rep, &done)))
		hint_issuer(c, e);
	else if (!done)
		out_say(rep.removed ? "done: there are no more tokens for them"
				    : "none of them was on the list; nothing was changed");
	return e;
}
