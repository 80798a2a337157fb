/* verb_init.c - a vault is made: what the person is told and asked before the agent starts. */
#include <poll.h>

#include "cli/verbs.h"
#include "lib/job.h"
#include "lib/text.h"

#define MIB_MOST      2048
#define NAME_SIZE     128
#define LOOK_AGAIN_MS 1000

/* What was found and decided. */
struct making {
	struct ops_init q;
	char path[256];
	char label[NAME_SIZE];
	bool try_instead;
};

static void
say_first(void)
{
	out_say("This makes a vault. Nothing on your token is erased, and none of its passkey "
		"places is used. You will get a recovery phrase of 24 words: have paper ready. "
		"Nobody will ever ask you to type them on a web page.\n");
}

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
choose_way(struct cli *c, struct making *m, struct plugged *p)
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
offer_pin(struct cli *c, struct making *m)
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
ask_label(struct cli *c, struct making *m, const char *name)
{
	char prompt[NAME_SIZE + 32];
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
prepare_token(struct cli *c, struct making *m, const struct plugged *p)
{
	char name[NAME_SIZE] = "";
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

/* ---- afterwards ---- */
static void
say_next(const struct making *m)
{
	if (m->q.ways & OPS_WAY_TOKEN)
		out_say("Next: enrol a second token ('ownkey slot add token'), so that losing one "
			"is no drama.");
	else
		out_say("Next: add a token when you have one ('ownkey slot add token').");
	out_say("The phrase brings back every derived identity. Secrets that you store exist "
		"only in this file until there is a backup: copy it.");
}

static void
put_made(const struct ops_init_rep *rep)
{
	struct buf hex = BUF_INIT;

	text_encode(TEXT_HEX, rep->fingerprint, &hex);
	out_row("phrase", "%s (write this on the card, too)", buf_cstr(&hex));
	out_row_span("vault", rep->path);
	fflush(stdout);
	if (rep->note.len)
		out_say_span("note: ", rep->note);
	buf_done(&hex);
}

enum err
verb_init_ask(struct cli *c, struct ops_init *q, struct ops_init_rep *rep, bool *done)
{
	c->try_out = q->try_out;
	return cli_ask(c, OP_INIT, q, rep, done);
}

/* The questions would be in vain. */
static enum err
no_vault_yet(struct cli *c)
{
	struct ops_status_rep st;
	enum err e = cli_call(c, OP_STATUS, NULL, &st);

	if (e || !st.vault)
		return e;
	copy_printable(c->detail, sizeof c->detail, st.path);
	return ERR_VAULT_EXISTS;
}

static enum err
take_options(struct cli *c, struct making *m)
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
verb_init(struct cli *c)
{
	struct making m = { .try_instead = false };
	struct plugged p = { .n = 0 };
	struct ops_init_rep rep;
	bool done;
	enum err e;

	if ((e = take_options(c, &m)) || (e = no_vault_yet(c)))
		return e;
	say_first();
	if ((e = choose_way(c, &m, &p)))
		return e;
	if (m.try_instead) {
		out_say("'ownkey try' does that: start it.");
		return ERR_OK;
	}
	if ((m.q.ways & OPS_WAY_TOKEN) && (e = prepare_token(c, &m, &p)))
		return e;
	if ((e = verb_init_ask(c, &m.q, &rep, &done)) || done)
		return e;
	put_made(&rep);
	say_next(&m);
	return ERR_OK;
}
