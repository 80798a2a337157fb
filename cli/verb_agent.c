/* verb_agent.c - unlock, lock, status, wait. */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "cli/todo.h"
#include "cli/verbs.h"
#include "lib/chan.h"
#include "lib/paths.h"
#include "lib/sandbox.h"

/* ---- unlock ---- */
static void
say_unlocked(const struct ops_unlock_rep *rep)
{
	struct ops_note n;
	struct cbor at;

	if (rep->was_open)
		out_say("the vault was open already");
	else
		out_say_span("unlocked with: ", rep->label);
	if (rep->first_seen)
		out_say("note: this machine sees this vault for the first time, so it cannot "
			"tell whether the copy is the newest");
	if (rep->warning)
		out_say("warning: %s: %s", err_text((enum err)rep->warning),
		    err_hint((enum err)rep->warning));
	if (rep->note.len)
		out_say_span("note: ", rep->note);
	for (at = wire_each(&rep->notes); !cbor_at_end(&at) && !wire_next(&ops_note_map, &at, &n);)
		out_say_span("note: ", n.text);
}

static enum err
only_passphrase(struct cli *c, uint64_t *way)
{
	if (!args_has(&c->args, ARG_UNATTENDED))
		return ERR_OK;
	if (*way && *way != OPS_WAY_PASS)
		return ERR_USAGE;
	*way = OPS_WAY_PASS;
	return ERR_OK;
}

enum err
verb_unlock(struct cli *c)
{
	struct ops_unlock q = { .label = cli_value(c, ARG_SLOT) };
	struct ops_unlock_rep rep;
	bool done;
	enum err e;

	if (args_has(&c->args, ARG_AT))
		return verb_unlock_at(c);
	q.accept_older = args_has(&c->args, ARG_OLDER);
	q.force = args_has(&c->args, ARG_FORCE);
	q.nowait = args_has(&c->args, ARG_NO_WAIT);
	q.token = cli_value(c, ARG_TOKEN);
	if ((e = args_ways(c->args.value[ARG_WITH], &q.way)) || (e = only_passphrase(c, &q.way)) ||
	    (e = cli_ask(c, OP_UNLOCK, &q, &rep, &done)))
		return e;
	if (!done)
		say_unlocked(&rep);
	return ERR_OK;
}

enum err
verb_lock(struct cli *c)
{
	enum err e = cli_call(c, OP_LOCK, NULL, NULL);

	if (e == ERR_NOAGENT)
		snprintf(c->detail, sizeof c->detail, "so nothing is open");
	if (!e)
		out_say("locked");
	return e;
}

/* ---- status ---- */
static void
put_left(char *out, size_t cap, uint64_t seconds)
{
	if (seconds >= 2 * 3600)
		snprintf(out, cap, "%u h", (unsigned)(seconds / 3600));
	else if (seconds >= 2 * 60)
		snprintf(out, cap, "%u min", (unsigned)(seconds / 60));
	else
		snprintf(out, cap, "%u s", (unsigned)seconds);
}

static void
put_locks(const struct ops_status_rep *st)
{
	char idle[32] = "never", absolute[32] = "never";

	if (wire_has(&ops_status_rep_map, st, "idle_left"))
		put_left(idle, sizeof idle, st->idle_left);
	if (wire_has(&ops_status_rep_map, st, "absolute_left"))
		put_left(absolute, sizeof absolute, st->absolute_left);
	out_row("locks", "after %s idle, at the latest in %s", idle, absolute);
}

static void
put_backup(const struct ops_status_rep *st)
{
	char day[16];

	if (!st->backup_at) {
		out_row("backup", "none yet");
		return;
	}
	out_day(st->backup_at, day);
	if (st->changed)
		out_row("backup", "%s, %u change%s since", day, (unsigned)st->changed,
		    st->changed == 1 ? "" : "s");
	else
		out_row("backup", "%s, %s", day,
		    st->backup_here ? "on this disk" : "nothing changed since");
}

static void
put_open(const struct ops_status_rep *st)
{
	out_row_span("opened by", st->unlocked_by);
	put_locks(st);
	out_row("identities", "%u", (unsigned)st->identities);
	out_row("secrets", "%u", (unsigned)st->secrets);
	put_backup(st);
}

static const struct {
	unsigned bit;
	const char *name;
} lack_names[] = {
	{ SANDBOX_LACK_LANDLOCK, "landlock" },
	{ SANDBOX_LACK_MDWE, "MDWE" },
	{ SANDBOX_LACK_SECRETMEM, "secret memory" },
	{ SANDBOX_LACK_MLOCK, "locked memory" },
	{ SANDBOX_LACK_PIDFD, "peer pidfd" },
	{ SANDBOX_LACK_SECCOMP, "seccomp" },
};

static void
put_lacks(uint64_t lacks)
{
	const char *comma = "";

	if (!lacks)
		return;
	printf("%-10s no ", "kernel");
	for (size_t i = 0; i < sizeof lack_names / sizeof *lack_names; i++)
		if (lacks & lack_names[i].bit) {
			printf("%s%s", comma, lack_names[i].name);
			comma = ", ";
		}
	putchar('\n');
}

static void
put_copies(const struct ops_status_rep *st)
{
	char day[16];

	if (!st->copies || !st->vault)
		return;
	if (!st->copied_at) {
		out_row("copies", "none yet in %u folder%s", (unsigned)st->copies,
		    st->copies == 1 ? "" : "s");
		return;
	}
	out_day(st->copied_at, day);
	out_row("copies", "%u, the newest of %s (generation %llu)", (unsigned)st->copies, day,
	    (unsigned long long)st->copy_generation);
}

/* A reminder, until it is locked. */
static void
put_joined(const struct ops_status_rep *st)
{
	if (st->joined)
		out_row("joined", "%llu came from another copy", (unsigned long long)st->joined);
	if (st->conflicts)
		out_row("twice", "%llu, changed in two copies", (unsigned long long)st->conflicts);
}

static void
put_status(struct cli *c, const struct ops_status_rep *st)
{
	if (st->notreal)
		out_row("NOT REAL", "this is a try-out");
	out_row("state", "%s", !st->vault ? "no vault yet" : st->locked ? "locked" : "open");
	out_row_span("vault", st->path);
	if (st->vault)
		out_row("ways in", "%u%s", (unsigned)st->slots,
		    st->slots == 1 ? " (add another: 'ownkey slot add')" : "");
	if (!st->locked)
		put_open(st);
	put_copies(st);
	put_joined(st);
	verb_ssh_status(c);
	if (st->jobs)
		out_row("waiting", "%u request%s for you", (unsigned)st->jobs,
		    st->jobs == 1 ? "" : "s");
	put_lacks(st->lacks);
	if (st->warning)
		out_row("warning", "%s", err_text((enum err)st->warning));
	fflush(stdout);
	if (st->warning && *err_hint((enum err)st->warning))
		out_say("hint: %s", err_hint((enum err)st->warning));
	if (!st->vault)
		out_say("'ownkey init' makes a vault, 'ownkey try' is for playing");
}

static enum err
status_without_agent(struct cli *c)
{
	char path[PATHS_MAX];
	enum err e = paths_vault(c->args.value[ARG_VAULT], path, sizeof path);

	if (e)
		return e;
	out_row("state", "no agent is running");
	out_row_span("vault", span_str(path));
	if (access(path, F_OK))
		snprintf(c->hint, sizeof c->hint,
		    "there is no vault yet: 'ownkey init' makes one, 'ownkey try' is for playing");
	return ERR_NOAGENT;
}

/* For a timer: silent when all is well.  A locked vault does not say. */
static enum err
overdue(struct cli *c)
{
	size_t n = 0;
	enum err e;

	if (args_has(&c->args, ARG_JSON))
		return cli_wrong(c, "--overdue has no JSON");
	if (!(e = todo_put(c, &n)) && n)
		c->status = 1;
	return e;
}

enum err
verb_status(struct cli *c)
{
	struct ops_status_rep st;
	bool done, open;
	size_t n;
	enum err e;

	if (args_has(&c->args, ARG_OVERDUE))
		return overdue(c);
	e = cli_ask(c, OP_STATUS, NULL, &st, &done);
	if (e == ERR_NOAGENT && !args_has(&c->args, ARG_JSON))
		return status_without_agent(c);
	if (e || done)
		return e;
	open = st.vault && !st.locked;
	put_status(c, &st);
	return open ? todo_put(c, &n) : ERR_OK;
}

/* ---- wait ---- */
static int
ms_left(uint64_t deadline)
{
	struct timespec now;

	if (!deadline)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec >= deadline ? 0 : (int)(deadline - (uint64_t)now.tv_sec) * 1000;
}

/* The next event; anything else on this connection is a mistake. */
static enum err
next_event(struct cli *c, uint64_t deadline, struct ops_event *ev)
{
	struct pollfd p[2] = { { c->conn.fd, POLLIN, 0 }, { c->term.cancel, POLLIN, 0 } };
	struct ops_reply r;
	enum err e;
	int n = poll(p, 2, ms_left(deadline));

	if (n == 0)
		return ERR_TIMEOUT;
	if (p[1].revents)
		return ERR_CANCELLED;
	if ((e = chan_recv(c->conn.fd, OPS_FRAME_MAX, -1, &c->conn.frame)) ||
	    (e = wire_decode(&ops_reply_map, buf_span(&c->conn.frame), &r)))
		return e;
	return r.op == OP_EVENT ? wire_decode(&ops_event_map, r.result, ev) : ERR_FORMAT;
}

enum err
verb_wait(struct cli *c)
{
	struct ops_subscribe q = { .on = true };
	struct ops_status_rep st;
	struct ops_event ev = { 0 };
	struct timespec now;
	uint64_t seconds = 0;
	enum err e;

	clock_gettime(CLOCK_MONOTONIC, &now);
	wire_mark(&ops_subscribe_map, &q);
	if ((e = args_number(&c->args, ARG_TIMEOUT, 1, 1000000, &seconds)) ||
	    (e = cli_call(c, OP_SUBSCRIBE, &q, NULL)) || (e = cli_call(c, OP_STATUS, NULL, &st)) ||
	    !st.locked)
		return e;
	out_say("waiting until the vault is unlocked ... (Ctrl-C cancels)");
	if (seconds)
		seconds += (uint64_t)now.tv_sec;
	do
		e = next_event(c, seconds, &ev);
	while (!e && ev.kind != OPS_EV_UNLOCKED);
	return e;
}
