/* init_ways.c - which token, its PIN, its name: found and asked before the agent starts. */
#include "cli/init_ways.h"

#include <poll.h>

#include "cli/verbs.h"
#include "lib/job.h"
#include "lib/text.h"

#define MIB_MOST      2048
#define LOOK_AGAIN_MS 1000

/* ---- which token ---- */
struct plugged {
	size_t n, usable;
	struct ops_token only; /* borrows from the reply */
	enum err err;
};

static enum err
look(struct cli *c, struct plugged *p)
{
	struct ops_token_list_rep rep;
	struct ops_token t;
	struct cbor at;
	enum err e = cli_call(c, OP_TOKEN_LIST, NULL, &rep);

	*p = (struct plugged){ .n = 0 };
	if (e)
		return e;
	for (at = wire_each(&rep.tokens); !cbor_at_end(&at) && !e;) {
		if ((e = wire_next(&ops_token_map, &at, &t)))
			return e;
		p->n++;
		if (t.err)
			p->err = (enum err)t.err;
		else if (p->usable++ == 0)
			p->only = t;
		out_say_span("token: ", t.name.len ? t.name : t.path);
	}
	return ERR_OK;
}

/* Nothing is plugged in.  *way: 1 wait, 2 passphrase now, 3 only try. */
static enum err
ask_without(struct cli *c, int *way)
{
	char answer[16];
	enum err e;

	if (!term_is_there(&c->term))
		return ERR_TOKEN_ABSENT;
	out_say("No token is plugged in.\n 1  wait for one\n 2  a passphrase now, a token later\n"
		" 3  only try it out, with a token of software\n");
	do {
		if ((e = term_ask(&c->term, "1, 2 or 3 [1]: ", "1", answer, sizeof answer)))
			return e;
	} while (!strchr("123", answer[0]));
	*way = answer[0] - '0';
	return ERR_OK;
}

static enum err
wait_for_one(struct cli *c, struct plugged *p)
{
	struct pollfd stop = { c->term.cancel, POLLIN, 0 };
	enum err e;

	out_say("plug in your token ... (Ctrl-C cancels)");
	do {
		if (poll(&stop, 1, LOOK_AGAIN_MS) > 0)
			return ERR_CANCELLED;
		if ((e = look(c, p)))
			return e;
	} while (!p->n);
	return ERR_OK;
}

static enum err
choose_way(struct cli *c, struct init_ways *m, struct plugged *p)
{
	int way = 1;
	enum err e;

	m->q.ways = args_has(&c->args, ARG_PASS) ? OPS_WAY_PASS : OPS_WAY_TOKEN;
	if (args_has(&c->args, ARG_PASS))
		return ERR_OK;
	if ((e = look(c, p)))
		return e;
	if (!p->n && (e = ask_without(c, &way)))
		return e;
	if (way == 2)
		m->q.ways = OPS_WAY_PASS;
	m->try_instead = way == 3;
	if (!p->n && way == 1 && (e = wait_for_one(c, p)))
		return e;
	return p->n && !p->usable ? p->err : ERR_OK;
}

/* ---- its PIN and its name ---- */
static enum err
offer_pin(struct cli *c, struct init_ways *m)
{
	bool yes;
	enum err e;

	if (!term_is_there(&c->term)) {
		snprintf(c->hint, sizeof c->hint,
		    "'ownkey token pin' sets one, or say --no-pin: a touch alone opens it");
		return ERR_PIN_UNSET;
	}
	out_say("This token has no PIN. With one, whoever finds it cannot open anything.");
	if ((e = term_yes(&c->term, "set a PIN now? [Y/n] ", true, &yes)))
		return e;
	if (yes)
		return verb_token_set_pin(c, span_str(m->path));
	m->q.no_pin = true;
	return ERR_OK;
}

static enum err
ask_label(struct cli *c, struct init_ways *m, const char *name)
{
	char prompt[INIT_WAYS_NAME + 32];
	const char *def = *name ? name : "token";

	snprintf(m->label, sizeof m->label, "%s", def);
	if (args_has(&c->args, ARG_LABEL))
		snprintf(m->label, sizeof m->label, "%s", c->args.value[ARG_LABEL]);
	else if (term_is_there(&c->term) && !c->term.scripted) {
		snprintf(prompt, sizeof prompt, "name of this token [%s]: ", def);
		return term_ask(&c->term, prompt, def, m->label, sizeof m->label);
	}
	return ERR_OK;
}

static void
copy_printable(char *out, size_t cap, struct span s)
{
	struct buf b = BUF_INIT;

	text_printable(s, &b);
	snprintf(out, cap, "%s", buf_cstr(&b));
	buf_done(&b);
}

/* With several plugged in the agent lets the person touch the one that is meant. */
static enum err
prepare_token(struct cli *c, struct init_ways *m, const struct plugged *p)
{
	char name[INIT_WAYS_NAME] = "";
	struct ops_token t = p->only;
	bool done;
	enum err e = ERR_OK;

	if (args_has(&c->args, ARG_TOKEN))
		snprintf(m->path, sizeof m->path, "%s", c->args.value[ARG_TOKEN]);
	else if (p->usable == 1)
		copy_printable(m->path, sizeof m->path, t.path);
	if (m->path[0] && !(e = verb_token_ask(c, span_str(m->path), &t, &done))) {
		copy_printable(name, sizeof name, t.name);
		if (t.err)
			return (enum err)t.err;
		if (!m->q.no_pin && !(t.options & TOKEN_OPT_PIN_SET) &&
		    (t.options & TOKEN_OPT_PIN_ABLE))
			e = offer_pin(c, m);
	}
	if (!e)
		e = ask_label(c, m, name);
	m->q.token = span_str(m->path);
	m->q.token_label = span_str(m->label);
	return e;
}

/* ---- both ---- */
enum err
init_ways_options(struct cli *c, struct init_ways *m)
{
	uint64_t mib = 0;
	enum err e;

	m->q.no_pin = args_has(&c->args, ARG_NO_PIN);
	m->q.and_pass = args_has(&c->args, ARG_AND_PASS);
	m->q.one_way_in = args_has(&c->args, ARG_ONE_WAY);
	m->q.force = args_has(&c->args, ARG_FORCE);
	if (m->q.and_pass && args_has(&c->args, ARG_PASS))
		return cli_wrong(c, "--passphrase and --and-passphrase exclude each other");
	e = args_number(&c->args, ARG_MEMORY, 8, MIB_MOST, &mib);
	m->q.argon_m = mib * 1024;
	return e;
}

enum err
init_ways_choose(struct cli *c, struct init_ways *m)
{
	struct plugged p = { .n = 0 };
	enum err e;

	if ((e = choose_way(c, m, &p)) || m->try_instead)
		return e;
	return m->q.ways & OPS_WAY_TOKEN ? prepare_token(c, m, &p) : ERR_OK;
}
