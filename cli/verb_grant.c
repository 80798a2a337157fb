/* verb_grant.c - which applications may use what: listed, allowed, denied, forgotten. */
#include <string.h>
#include <unistd.h>

#include "cli/suggest.h"
#include "cli/verbs.h"
#include "lib/ops_entry.h"

typedef enum err grant_fn(void *arg, const struct ops_grant *g, struct span raw);
static const char *const kinds[] = { "until lock", "always", "never" };

/* ---- walking ---- */
static enum err
one_page(const struct ops_grant_list_rep *rep, grant_fn *fn, void *arg)
{
	struct cbor at = wire_each(&rep->grants);
	struct ops_grant g;
	struct span raw;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at))
		if (!(e = cbor_skip(&at, &raw)) && !(e = wire_decode(&ops_grant_map, raw, &g)))
			e = fn(arg, &g, raw);
	return e;
}

/* name: of an item, NULL = of all.  The cursor lives in the reply, which the next call replaces. */
static enum err
each_grant(struct cli *c, const char *name, grant_fn *fn, void *arg)
{
	struct ops_page q = { .match = name ? span_str(name) : SPAN_NONE };
	struct ops_grant_list_rep rep;
	uint8_t cursor[64];
	enum err e;

	do {
		wire_mark(&ops_page_map, &q);
		if ((e = cli_call(c, OP_GRANT_LIST, &q, &rep)) || (e = one_page(&rep, fn, arg)))
			return e;
		if (rep.cursor.len > sizeof cursor)
			return ERR_TOOBIG;
		if (rep.cursor.len)
			memcpy(cursor, rep.cursor.p, rep.cursor.len);
		q.cursor = SPAN(cursor, rep.cursor.len);
	} while (q.cursor.len);
	return ERR_OK;
}

/* ---- list ---- */
struct listing {
	const char *name;
	bool as_json;
	struct buf json;
	size_t n;
};

static enum err
put_grant(void *arg, const struct ops_grant *g, struct span raw)
{
	struct listing *l = arg;

	if (l->name && !span_is(g->name, l->name))
		return ERR_OK;
	if (l->as_json) {
		if (l->n++)
			buf_put_u8(&l->json, ',');
		return wire_json(&ops_grant_map, raw, false, &l->json);
	}
	l->n++;
	out_text(stdout, g->name);
	printf("\n  %-10s  ", kinds[g->kind <= OPS_GRANT_NEVER ? g->kind : 0]);
	if (g->app.len)
		out_text(stdout, g->app);
	else
		fputs("an application that is not known", stdout);
	if (g->pid)
		printf("  (process %u)", (unsigned)g->pid);
	putchar('\n');
	return ERR_OK;
}

enum err
verb_grant_list(struct cli *c)
{
	struct listing l = { .name = cli_operand(c, 0), .as_json = args_has(&c->args, ARG_JSON) };
	enum err e;

	buf_put_str(&l.json, "{\"grants\":[");
	e = each_grant(c, l.name, put_grant, &l);
	buf_put_str(&l.json, "]}\n");
	if (!e && l.as_json && !(e = buf_err(&l.json)))
		e = out_raw(STDOUT_FILENO, buf_span(&l.json));
	if (!e && !l.n && !l.as_json)
		out_say(l.name ? "no application was granted or denied it"
			       : "no application was granted or denied anything");
	buf_done(&l.json);
	return e;
}

/* ---- allow, deny, forget ---- */
/* What a person may have meant by a word without prefix: an application that is in the list. */
struct meant {
	const char *word;
	size_t best;
	char app[OPS_ENTRY_APP + 1];
};

/* What people call it: behind the prefix, and behind the last slash or dot. */
static void
compare(struct meant *m, const char *app, const char *name)
{
	const char *near = NULL;

	if (strcasecmp(name, m->word) == 0)
		m->best = 0;
	else
		suggest_nearer(m->word, strlen(m->word), name, &m->best, &near);
	if (near || strcasecmp(name, m->word) == 0)
		snprintf(m->app, sizeof m->app, "%s", app);
}

static enum err
look(void *arg, const struct ops_grant *g, struct span raw)
{
	struct meant *m = arg;
	struct buf text = BUF_INIT;
	const char *app, *name, *last;

	(void)raw;
	buf_put_span(&text, g->app);
	app = buf_cstr(&text);
	if ((name = strchr(app, ':')) && m->best) {
		compare(m, app, ++name);
		if ((last = strrchr(name, '/')) && m->best)
			compare(m, app, last + 1);
		if ((last = strrchr(name, '.')) && m->best)
			compare(m, app, last + 1);
	}
	buf_done(&text);
	return ERR_OK;
}

static bool
has_prefix(const char *app)
{
	static const char *const prefixes[] = { "flatpak:", "unit:", "program:" };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(app, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static enum err
check_app(struct cli *c, const char *app)
{
	struct meant m = { .word = app, .best = SUGGEST_NONE };
	enum err e;

	if (has_prefix(app))
		return ERR_OK;
	if ((e = each_grant(c, NULL, look, &m)))
		return e;
	if (m.app[0])
		snprintf(c->hint, sizeof c->hint, "did you mean '%.200s'?", m.app);
	else
		snprintf(c->hint, sizeof c->hint,
		    "'ownkey grant list' shows who was asked about; program:/usr/bin/NAME is one");
	return cli_wrong(c, "an application is flatpak:ID, unit:NAME or program:/path");
}

static enum err
set(struct cli *c, enum ops_grant_verb verb)
{
	struct ops_grant_set q = { .verb = verb, .label = span_str(cli_operand(c, 0)) };
	enum err e;

	q.app = span_str(cli_operand(c, 1));
	q.proof_label = cli_value(c, ARG_SLOT);
	q.force = args_has(&c->args, ARG_FORCE);
	if ((e = check_app(c, cli_operand(c, 1))) ||
	    (e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	wire_mark(&ops_grant_set_map, &q);
	e = cli_call(c, OP_GRANT_SET, &q, NULL);
	if (e == ERR_NOTFOUND)
		snprintf(c->hint, sizeof c->hint,
		    verb == OPS_GRANT_FORGET ? "'ownkey grant list' shows what there is"
					     : "'ownkey secret list' shows the names");
	return e;
}

enum err
verb_grant_allow(struct cli *c)
{
	enum err e = set(c, OPS_GRANT_ALLOW);

	if (!e)
		out_say("allowed: it is not asked about any more");
	return e;
}

enum err
verb_grant_deny(struct cli *c)
{
	enum err e = set(c, OPS_GRANT_DENY);

	if (!e)
		out_say("denied: it gets nothing, and you are not asked");
	return e;
}

enum err
verb_grant_forget(struct cli *c)
{
	enum err e = set(c, OPS_GRANT_FORGET);

	if (!e)
		out_say("forgotten: the next time you are asked");
	return e;
}
