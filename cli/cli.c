/* cli.c - the connection of one run. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/dialogue.h"
#include "cli/verbs.h"
#include "lib/paths.h"

enum err
cli_wrong(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
	if (!c->hint[0])
		snprintf(c->hint, sizeof c->hint, "'ownkey help %s' shows how", c->verb->name);
	return ERR_USAGE;
}

const char *
cli_operand(const struct cli *c, size_t i)
{
	return i < c->args.n ? c->args.operand[i] : NULL;
}

struct span
cli_value(const struct cli *c, enum arg which)
{
	return span_str(c->args.value[which]);
}

/* ---- hello ---- */
static struct span
variable(const char *name)
{
	const char *v = getenv(name);

	return v && strlen(v) < 256 ? span_str(v) : SPAN_NONE;
}

/* By its own name: what was opened as /dev/tty is called that, which for the agent is another. */
static struct span
own_terminal(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		const char *name = isatty(fd) ? ttyname(fd) : NULL;

		if (name && strlen(name) < 256)
			return span_str(name);
	}
	return SPAN_NONE;
}

/* Where a prompt program of the agent's may ask, too; not on a terminal that is not ours to use. */
static void
fill_hello(const struct cli *c, struct ops_hello *h)
{
	*h = (struct ops_hello){ .client = SPAN_LIT("ownkey " OWNKEY_VERSION) };
	h->interactive = (c->verb->flags & VERB_ASKS) && term_is_there(&c->term);
	h->display = variable("DISPLAY");
	h->wayland = variable("WAYLAND_DISPLAY");
	h->xauthority = variable("XAUTHORITY");
	h->bus = variable("DBUS_SESSION_BUS_ADDRESS");
	h->lang = variable("LANG");
	if (h->lang.len > 63)
		h->lang = SPAN_NONE;
	if (h->interactive && !c->term.scripted)
		h->tty = own_terminal();
}

enum err
cli_open(struct cli *c)
{
	struct ops_hello hello;
	enum err e;

	if (c->connected)
		return ERR_OK;
	fill_hello(c, &hello);
	if ((e = client_open(&c->conn, &hello))) {
		if (c->conn.text[0])
			snprintf(c->detail, sizeof c->detail, "%s", c->conn.text);
		return e;
	}
	c->connected = true;
	c->conn.event = dialogue_event;
	c->conn.arg = c;
	c->conn.cancel_fd = c->term.cancel;
	return ERR_OK;
}

/* --vault names the file of the agent we start; one that runs already must have the same. */
static enum err
same_vault(struct cli *c)
{
	struct ops_status_rep st;
	char path[PATHS_MAX];
	enum err e;

	if (!args_has(&c->args, ARG_VAULT))
		return ERR_OK;
	if ((e = paths_vault(c->args.value[ARG_VAULT], path, sizeof path)) ||
	    (e = cli_call(c, OP_STATUS, NULL, &st)) || span_is(st.path, path))
		return e;
	snprintf(c->detail, sizeof c->detail, "the agent that runs has another vault, %.*s",
	    (int)st.path.len, (const char *)st.path.p);
	snprintf(
	    c->hint, sizeof c->hint, "end that agent first, or give OWNKEY_SOCKET another folder");
	return ERR_BUSY;
}

static enum err
start_agent(struct cli *c)
{
	const char *args[3] = { NULL };
	char path[PATHS_MAX];
	enum err e;

	if (args_has(&c->args, ARG_VAULT)) {
		if ((e = paths_vault(c->args.value[ARG_VAULT], path, sizeof path)))
			return e;
		args[0] = "--vault";
		args[1] = path;
	}
	if ((e = client_start_agent(args)))
		snprintf(c->hint, sizeof c->hint,
		    "it did not start: 'ownkey doctor' looks for the cause");
	return e;
}

/* Two commands at once may both try to start it: whoever lost finds the winner's. */
enum err
cli_connect(struct cli *c)
{
	bool was = c->connected;
	enum err e = cli_open(c), started;

	if (e == ERR_NOAGENT && !(c->verb->flags & VERB_NOSTART) && !paths_is_system()) {
		started = start_agent(c);
		e = cli_open(c);
		if (e == ERR_NOAGENT && started)
			e = started;
		if (!e)
			c->hint[0] = '\0';
	}
	return e || was ? e : same_vault(c);
}

enum err
cli_call(struct cli *c, enum op op, const void *req, void *rep)
{
	enum err e;

	if ((e = cli_connect(c)))
		return e;
	c->why = ERR_OK;
	e = c->opens ? client_call_opened(&c->conn, op, req, rep)
		     : client_call(&c->conn, op, req, rep);
	if (e)
		snprintf(c->detail, sizeof c->detail, "%s", c->conn.text);
	if (e == ERR_CANCELLED && c->why)
		e = c->why;
	return e;
}

enum err
cli_ask(struct cli *c, enum op op, void *req, void *rep, bool *done)
{
	const struct op_row *row = ops_find(op);
	enum err e;

	*done = false;
	if (req)
		wire_mark(row->req, req);
	if ((e = cli_call(c, op, req, rep)) || !args_has(&c->args, ARG_JSON) || !row->rep)
		return e;
	*done = true;
	return out_json(row->rep, client_result(&c->conn), args_has(&c->args, ARG_SHOW));
}
