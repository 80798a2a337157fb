/* verb_secret.c - secrets: keep, hand out, list, remove. */
#include <errno.h>
#include <unistd.h>

#include "cli/attrs.h"
#include "cli/pages.h"
#include "cli/verbs.h"
#include "lib/otp.h"

#define SECRET_MAX (128 * 1024)
#define CHUNK	   4096

/* ---- set ---- */
/* One newline at the end belongs to the pipe, not to the secret. */
static enum err
read_pipe(struct buf *value)
{
	uint8_t *to;
	ssize_t n = 1;

	value->max = SECRET_MAX + 2 * CHUNK;
	while (n != 0 && value->len <= SECRET_MAX + 1) {
		if (!(to = buf_room(value, CHUNK)))
			return ERR_NOMEM;
		n = read(STDIN_FILENO, to, CHUNK);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		buf_add(value, n > 0 ? (size_t)n : 0);
	}
	if (value->len && value->p[value->len - 1] == '\n')
		buf_cut(value, value->len - 1);
	return value->len > SECRET_MAX ? ERR_TOOBIG : ERR_OK;
}

static enum err
ask_value(struct cli *c, struct buf *value)
{
	struct sec line = { 0 };
	enum err e = sec_init(&line, TERM_LINE_MAX);

	if (!e && !(e = term_line(&c->term, "the secret: ", false, &line)))
		buf_put_span(value, sec_span(&line));
	sec_done(&line);
	return e ? e : buf_err(value);
}

/* What a service hands out becomes the seed in base32, which other programs take too, and
 * attributes that say how codes are made of it. */
static enum err
read_seed(struct buf *value, struct attrs *a)
{
	static struct otp_given g;
	struct sec text = { 0 };
	enum err e;

	if ((e = otp_parse(buf_span(value), &g)))
		return e;
	if (!(e = sec_init(&text, 2 * OTP_SEED_MAX)) &&
	    !(e = otp_seed_text(sec_span(&g.seed), &text)) && !(e = attrs_put_otp(a, &g))) {
		buf_reset(value);
		buf_put_span(value, sec_span(&text));
		e = buf_err(value);
	}
	sec_done(&text);
	sec_done(&g.seed);
	return e;
}

enum err
verb_secret_set(struct cli *c)
{
	static struct attrs attrs;
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	bool typed = args_has(&c->args, ARG_ASK_STDIN) || isatty(STDIN_FILENO);
	struct buf value = BUF_INIT;
	enum err e;

	q.replace = args_has(&c->args, ARG_REPLACE);
	if ((e = args_number(&c->args, ARG_USE, 0, 2, &q.use)) || (e = attrs_from_args(c, &attrs)))
		return e;
	e = typed ? ask_value(c, &value) : read_pipe(&value);
	if (!e && args_has(&c->args, ARG_OTP))
		e = read_seed(&value, &attrs);
	if (!e) {
		q.value = buf_span(&value);
		q.attributes = attrs_list(&attrs);
		wire_mark(&ops_secret_map, &q);
		wire_set(&ops_secret_map, &q, "value");
		e = cli_call(c, OP_SECRET_SET, &q, NULL);
	}
	if (e == ERR_EXISTS)
		snprintf(c->hint, sizeof c->hint, "--replace puts the new value in its place");
	if (!e)
		out_say("kept; it exists only on this disk until there is a backup");
	buf_done(&value);
	return e;
}

/* ---- get ---- */
static enum err
put_line(struct span s)
{
	enum err e = out_raw(STDOUT_FILENO, s);

	return e ? e : out_raw(STDOUT_FILENO, SPAN_LIT("\n"));
}

static enum err
get_attribute(struct cli *c, struct span name)
{
	struct ops_sel q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_secret_show_rep rep;
	struct span value;
	enum err e;

	wire_mark(&ops_sel_map, &q);
	if ((e = cli_call(c, OP_SECRET_SHOW, &q, &rep)) ||
	    (e = attrs_find(&rep.attributes, name, &value)))
		return e;
	return put_line(value);
}

/* A program that runs this as its password command owns the terminal: nothing is said there, and
 * nothing asked; what is to be asked, the agent asks elsewhere. */
enum err
verb_secret_get(struct cli *c)
{
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_secret_rep rep;
	bool show = args_has(&c->args, ARG_SHOW), done;
	enum err e;

	c->quiet = !isatty(STDOUT_FILENO);
	c->opens = true;
	if (args_has(&c->args, ARG_ATTR))
		return get_attribute(c, cli_value(c, ARG_ATTR));
	if (!c->quiet && !show) {
		snprintf(c->hint, sizeof c->hint, "say --show to see it here");
		return cli_wrong(c, "a secret does not go to a terminal");
	}
	if ((e = cli_ask(c, OP_SECRET_GET, &q, &rep, &done)) || done)
		return e;
	return put_line(rep.value);
}

/* ---- show ---- */
static enum err
put_secret(const struct ops_secret_show_rep *rep)
{
	static const char *const uses[] = { "free while open", "asks once", "touch each time" };
	struct cbor at = wire_each(&rep->item);
	struct ops_item it;
	struct ops_pair p;
	char day[16];
	enum err e;

	if ((e = wire_next(&ops_item_map, &at, &it)))
		return e;
	out_row_span("name", it.label);
	out_row("use", "%s", uses[it.use <= 2 ? it.use : 2]);
	out_day(it.mtime, day);
	out_row("changed", "%s%s", day, it.origin == 2 ? ", made up" : "");
	if (it.exposed) {
		out_day(it.exposed, day);
		out_row("exposed", "others may know it since %s", day);
	}
	for (at = wire_each(&rep->attributes); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_pair_map, &at, &p))) {
			fputs("  ", stdout);
			out_text(stdout, p.name);
			fputs(": ", stdout);
			out_text(stdout, p.value);
			putchar('\n');
		}
	return e;
}

enum err
verb_secret_show(struct cli *c)
{
	struct ops_sel q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_secret_show_rep rep;
	bool done;
	enum err e = cli_ask(c, OP_SECRET_SHOW, &q, &rep, &done);

	return e || done ? e : put_secret(&rep);
}

/* ---- list, remove ---- */
enum err
verb_secret_list(struct cli *c)
{
	static struct attrs attrs;
	struct ops_page q = { .match = cli_value(c, ARG_MATCH) };
	size_t n;
	enum err e;

	if ((e = attrs_from_args(c, &attrs)))
		return e;
	if (attrs.n > OPS_SEARCH_ATTRS)
		return cli_wrong(c, "at most %d attributes can be looked for", OPS_SEARCH_ATTRS);
	q.attributes = attrs_list(&attrs);
	e = pages_print(c, OP_SECRET_LIST, &q, &n);
	if (!e && !n && !args_has(&c->args, ARG_JSON))
		out_say("no secret; 'ownkey secret set' keeps one");
	if (!e && n && !args_has(&c->args, ARG_JSON) && (n = verbs_removed(c)))
		out_say("%zu of all were removed or replaced by applications: 'ownkey secret "
			"removed'",
		    n);
	return e;
}

enum err
verb_secret_remove(struct cli *c)
{
	struct ops_sel q = { .label = span_str(cli_operand(c, 0)) };
	bool done;
	enum err e;

	q.proof_label = cli_value(c, ARG_SLOT);
	q.force = args_has(&c->args, ARG_FORCE);
	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)))
		return e;
	if (!(e = cli_ask(c, OP_SECRET_REMOVE, &q, NULL, &done)))
		out_say("removed for good");
	return e;
}
