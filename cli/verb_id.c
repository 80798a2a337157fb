/* verb_id.c - identities, and the policy of any item. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/pages.h"
#include "cli/outfile.h"
#include "cli/verbs.h"

enum err
verb_id_list(struct cli *c)
{
	struct ops_page q = { .match = cli_value(c, ARG_MATCH) };
	size_t n;
	enum err e;

	q.service = span_str(cli_operand(c, 0));
	q.all = args_has(&c->args, ARG_ALL);
	e = pages_print(c, OP_ID_LIST, &q, &n);
	if (!e && !n && !args_has(&c->args, ARG_JSON))
		out_say("no identity; 'ownkey id add' makes one");
	return e;
}

/* ---- by the beginning of a path ---- */
struct search {
	struct span name;
	char *out;
	size_t cap, exact, n;
};

static void
compare(void *arg, const struct ops_item *it, struct span raw)
{
	struct search *s = arg;
	bool exact = span_eq(it->label, s->name);

	(void)raw;
	if (!exact &&
	    (it->label.len <= s->name.len || it->label.p[s->name.len] != '/' ||
		!span_eq(span_sub(it->label, 0, s->name.len), s->name)))
		return;
	s->n++;
	s->exact += exact;
	if (exact || !s->exact)
		snprintf(s->out, s->cap, "%.*s", (int)it->label.len, (const char *)it->label.p);
}

enum err
verb_id_find(struct cli *c, const char *name, char *out, size_t cap)
{
	struct search s = { .name = span_str(name), .out = out, .cap = cap };
	struct ops_page q = { .all = true };
	enum err e;

	if (s.name.len <= 255)
		q.match = s.name;
	if ((e = pages_each(c, OP_ID_LIST, &q, compare, &s)))
		return e;
	if (s.exact || s.n == 1)
		return ERR_OK;
	if (s.n == 0) {
		snprintf(out, cap, "%s", name); /* an id, or nothing: the agent knows */
		return ERR_OK;
	}
	return cli_wrong(c, "%zu identities begin with '%.60s': say which", s.n, name);
}

/* ---- add, show ---- */
static void
put_lines(const struct ops_item_list_rep *rep)
{
	struct cbor at = wire_each(&rep->items);
	struct ops_item it;

	while (!cbor_at_end(&at) && !wire_next(&ops_item_map, &at, &it)) {
		pages_put_item(&it);
		if (!it.shown.len)
			continue;
		fputs("    ", stdout);
		out_text(stdout, it.shown);
		putchar('\n');
	}
}

enum err
verb_id_add(struct cli *c)
{
	struct ops_id_add q = { .service = span_str(cli_operand(c, 0)) };
	struct ops_item_list_rep rep;
	bool done;
	enum err e;

	q.account = span_str(cli_operand(c, 1));
	q.purpose = cli_value(c, ARG_PURPOSE);
	q.alg = cli_value(c, ARG_ALG);
	if ((e = args_number(&c->args, ARG_EPOCH, 0, INT32_MAX, &q.epoch)))
		return e;
	e = cli_ask(c, OP_ID_ADD, &q, &rep, &done);
	if (e == ERR_UNSUPPORTED)
		snprintf(c->hint, sizeof c->hint, "known services: matrix, omemo, tor, ssh, age");
	if (!e && !done)
		put_lines(&rep);
	return e;
}

static void
put_pairs(const char *title, const struct wire_list *l)
{
	struct cbor at = wire_each(l);
	struct ops_pair p;

	if (l->n)
		printf("%s\n", title);
	while (!cbor_at_end(&at) && !wire_next(&ops_pair_map, &at, &p)) {
		fputs("  ", stdout);
		out_text(stdout, p.name);
		fputs(": ", stdout);
		out_text(stdout, p.value);
		putchar('\n');
	}
}

/* Which of its keys this is, and what becomes of it when things are lost. */
static void
put_life(const struct ops_item *it)
{
	static const char *const states[] = { "in use", "retired", "revoked" };
	char day[16];

	out_row("state", "%s", states[it->state <= 2 ? it->state : 2]);
	out_row("epoch", "%u, of %u so far", (unsigned)it->epoch, (unsigned)it->epochs);
	if (it->origin == 0)
		out_row("seed", "generation %u", (unsigned)it->generation);
	if (it->exposed) {
		out_day(it->exposed, day);
		out_row("exposed", "others may know it since %s", day);
	}
	out_row_fold("comes back",
	    it->recoverable   ? "from the recovery phrase alone"
		: !it->origin ? "only with the vault or a backup: it is of an older phrase"
			      : "only with the vault or a backup");
}

static enum err
put_identity(const struct ops_id_show_rep *rep)
{
	static const char *const uses[] = { "free while open", "asks once", "touch each time" };
	struct cbor at = wire_each(&rep->item);
	struct ops_item it;
	enum err e = wire_next(&ops_item_map, &at, &it);

	if (e)
		return e;
	pages_put_item(&it);
	out_row_span("algorithm", it.alg);
	out_row("use", "%s", uses[it.use <= 2 ? it.use : 2]);
	put_life(&it);
	put_pairs("public:", &rep->parts);
	put_pairs("export with --form:", &rep->forms);
	if (rep->advice.len)
		out_say_span("", rep->advice);
	return ERR_OK;
}

enum err
verb_id_show(struct cli *c)
{
	struct ops_id_show_rep rep;
	struct ops_sel q = { 0 };
	char path[1024];
	bool done;
	enum err e;

	if ((e = verb_id_find(c, cli_operand(c, 0), path, sizeof path)))
		return e;
	q.label = span_str(path);
	if ((e = cli_ask(c, OP_ID_SHOW, &q, &rep, &done)) || done)
		return e;
	return put_identity(&rep);
}

/* ---- export ---- */
/* What was asked for as another file may be a device or a pipe: nothing takes its place. */
static enum err
write_over(const char *path, struct span s)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	enum err e;

	if (fd < 0)
		return err_of_errno(errno);
	e = out_raw(fd, s);
	if (!e && fsync(fd) < 0 && errno != EINVAL)
		e = err_of_errno(errno);
	if (close(fd) < 0 && !e)
		e = err_of_errno(errno);
	return e;
}

static enum err
write_new(const struct cli *c, const char *path, struct span s, unsigned how)
{
	struct outfile f = OUTFILE_NONE;
	enum err e;

	if (!(e = outfile_open(&f, path, how & VERB_OVER)) && !(e = outfile_write(&f, s)) &&
	    how & VERB_PUBLIC && fchmod(f.fd, 0666 & ~c->mask) < 0)
		e = err_of_errno(errno);
	if (!e)
		e = outfile_commit(&f);
	outfile_done(&f);
	return e;
}

enum err
verb_write_file(struct cli *c, const char *path, struct span s, unsigned how)
{
	struct stat st;
	bool is_other = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
	enum err e = is_other && how & VERB_OVER ? write_over(path, s) : write_new(c, path, s, how);

	if (e)
		snprintf(c->detail, sizeof c->detail, "%s", path);
	return e;
}

static enum err
may_print(struct cli *c)
{
	if (args_has(&c->args, ARG_OUT) || args_has(&c->args, ARG_SHOW) || !isatty(STDOUT_FILENO))
		return ERR_OK;
	snprintf(c->hint, sizeof c->hint, "say --out FILE, or --show to see it here");
	return cli_wrong(c, "a private key does not go to a terminal");
}

/* A line of text ends like one. */
static enum err
hand_over(struct cli *c, const struct ops_export_rep *rep)
{
	const char *file = c->args.value[ARG_OUT];
	unsigned how = args_has(&c->args, ARG_FORCE) ? VERB_OVER : 0;
	struct buf b = BUF_INIT;
	enum err e;

	buf_put_span(&b, rep->data);
	if (rep->text && b.len && b.p[b.len - 1] != '\n')
		buf_put_u8(&b, '\n');
	if ((e = buf_err(&b)))
		return e;
	e = file ? verb_write_file(c, file, buf_span(&b), how)
		 : out_raw(STDOUT_FILENO, buf_span(&b));
	if (!e && file)
		out_say("written to %s, readable for you only", file);
	buf_done(&b);
	return e;
}

enum err
verb_id_export(struct cli *c)
{
	struct ops_sel q = { .form = cli_value(c, ARG_FORM) };
	struct ops_export_rep rep;
	char path[1024];
	bool done;
	enum err e;

	if ((e = may_print(c)) || (e = args_ways(c->args.value[ARG_WITH], &q.proof)) ||
	    (e = verb_id_find(c, cli_operand(c, 0), path, sizeof path)))
		return e;
	q.label = span_str(path);
	q.proof_label = cli_value(c, ARG_SLOT);
	q.force = args_has(&c->args, ARG_FORCE);
	out_say("A private key leaves ownkey. Whoever reads it can use it for ever; "
		"prove that it is you.");
	if ((e = cli_ask(c, OP_ID_EXPORT, &q, &rep, &done)) || done)
		return e;
	return hand_over(c, &rep);
}

/* ---- policy ---- */
enum err
verb_policy(struct cli *c)
{
	struct ops_policy q = { .label = span_str(cli_operand(c, 0)) };
	bool given = args_has(&c->args, ARG_USE) || args_has(&c->args, ARG_EXPORT) ||
	    args_has(&c->args, ARG_RATE) || args_has(&c->args, ARG_RAW);
	enum err e;

	if (!given)
		return cli_wrong(c, "say --use, --export, --rate or --raw");
	q.proof_label = cli_value(c, ARG_SLOT);
	q.force = args_has(&c->args, ARG_FORCE);
	q.may_export = args_has(&c->args, ARG_EXPORT) && *c->args.value[ARG_EXPORT] == 'y';
	q.raw = args_has(&c->args, ARG_RAW) && *c->args.value[ARG_RAW] == 'y';
	if ((e = args_ways(c->args.value[ARG_WITH], &q.proof)) ||
	    (e = args_number(&c->args, ARG_USE, 0, 2, &q.use)) ||
	    (e = args_number(&c->args, ARG_RATE, 0, 100000, &q.rate)))
		return e;
	wire_mark(&ops_policy_map, &q);
	if (args_has(&c->args, ARG_USE))
		wire_set(&ops_policy_map, &q, "use");
	if (args_has(&c->args, ARG_EXPORT))
		wire_set(&ops_policy_map, &q, "may_export");
	if (args_has(&c->args, ARG_RATE))
		wire_set(&ops_policy_map, &q, "rate");
	if (args_has(&c->args, ARG_RAW))
		wire_set(&ops_policy_map, &q, "raw");
	if (!(e = cli_call(c, OP_POLICY_SET, &q, NULL)))
		out_say("done");
	return e;
}
