/* verb_secret.c - secrets. */
#include <errno.h>
#include <unistd.h>

#include "cli/pages.h"
#include "cli/verbs.h"

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

enum err
verb_secret_set(struct cli *c)
{
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	bool typed = args_has(&c->args, ARG_ASK_STDIN) || isatty(STDIN_FILENO);
	struct buf value = BUF_INIT;
	enum err e;

	q.replace = args_has(&c->args, ARG_REPLACE);
	if ((e = args_number(&c->args, ARG_USE, 0, 2, &q.use)))
		return e;
	if (!(e = typed ? ask_value(c, &value) : read_pipe(&value))) {
		q.value = buf_span(&value);
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
/* A program that runs this as its password command owns the terminal: nothing is said there. */
enum err
verb_secret_get(struct cli *c)
{
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_secret_rep rep;
	bool show = args_has(&c->args, ARG_SHOW), done;
	enum err e;

	c->quiet = !isatty(STDOUT_FILENO);
	if (!c->quiet && !show) {
		snprintf(c->hint, sizeof c->hint, "say --show to see it here");
		return cli_wrong(c, "a secret does not go to a terminal");
	}
	if ((e = cli_ask(c, OP_SECRET_GET, &q, &rep, &done)) || done)
		return e;
	if (!(e = out_raw(STDOUT_FILENO, rep.value)))
		e = out_raw(STDOUT_FILENO, SPAN_LIT("\n"));
	return e;
}

/* ---- list, remove ---- */
enum err
verb_secret_list(struct cli *c)
{
	struct ops_page q = { .match = cli_value(c, ARG_MATCH) };
	size_t n;
	enum err e = pages_print(c, OP_SECRET_LIST, &q, &n);

	if (!e && !n && !args_has(&c->args, ARG_JSON))
		out_say("no secret; 'ownkey secret set' keeps one");
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
