/* import_keep.c - a list into the vault, one thing after the other: what is there stays. */
#include "cli/import.h"
#include "lib/crypto.h"

/* What no other name and no other value would mend. */
bool
import_is_fatal(enum err e)
{
	switch (e) {
	case ERR_NOAGENT:
	case ERR_HANGUP:
	case ERR_LOCKED:
	case ERR_NOVAULT:
	case ERR_CANCELLED:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_NOMEM:
	case ERR_AUDIT_WRITE:
		return true;
	default:
		return false;
	}
}

void
import_put_refused(struct import_run *run, struct span name, const char *why)
{
	run->not ++;
	fputs("not: ", stdout);
	out_text(stdout, name);
	printf(": %s\n", why);
}

static void
put_dry(const struct import_one *o, const struct import_list *l)
{
	fputs("would come in: ", stdout);
	if (o->kind == IMPORT_KEY) {
		out_text(stdout, import_span(l, o->service));
		putchar('/');
	}
	out_text(stdout, import_span(l, o->name));
	if (o->shown.len) {
		fputs("  ", stdout);
		out_text(stdout, import_span(l, o->shown));
	}
	putchar('\n');
}

/* The name is often not that of the file, and what it is called is what one needs next. */
static void
put_came(struct import_run *run, struct span name)
{
	run->came++;
	fputs("came in: ", stdout);
	out_text(stdout, name);
	putchar('\n');
}

/* ---- secrets ---- */
enum fate { FATE_NONE, FATE_SAME, FATE_OTHER };

/* Is there one with this name, and is it the same? */
static enum err
look(struct import_run *run, struct span name, struct span value, enum fate *fate)
{
	struct ops_secret q = { .label = name };
	struct ops_secret_rep rep;
	enum err e;

	wire_mark(&ops_secret_map, &q);
	e = cli_call(run->c, OP_SECRET_GET, &q, &rep);
	*fate = FATE_NONE;
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (!e)
		*fate = crypto_eq(rep.value, value) ? FATE_SAME : FATE_OTHER;
	return e;
}

static enum err
set(struct import_run *run, const struct import_list *l, const struct import_one *o, bool replace)
{
	struct ops_pair pair[IMPORT_ATTRS];
	struct ops_secret q = { .label = import_span(l, o->name),
		.value = import_span(l, o->value),
		.replace = replace };

	for (size_t i = 0; i < o->nattr; i++) {
		const struct import_attr *a = import_attr_at(l, o->attr + i);

		pair[i] = (struct ops_pair){ .name = import_span(l, a->name),
			.value = import_span(l, a->value) };
		wire_mark(&ops_pair_map, &pair[i]);
	}
	q.attributes = (struct wire_list){ .v = o->nattr ? pair : NULL, .n = o->nattr };
	wire_mark(&ops_secret_map, &q);
	wire_set(&ops_secret_map, &q, "value");
	return cli_call(run->c, OP_SECRET_SET, &q, NULL);
}

static enum err
keep_secret(struct import_run *run, const struct import_list *l, const struct import_one *o)
{
	struct span name = import_span(l, o->name);
	enum fate fate = FATE_NONE;
	enum err e = run->dry ? ERR_EXISTS : set(run, l, o, false);

	if (e == ERR_EXISTS)
		e = look(run, name, import_span(l, o->value), &fate);
	else if (!e)
		put_came(run, name);
	else
		return e;
	if (e || (fate == FATE_NONE && !run->dry))
		return e;
	if (fate == FATE_SAME) {
		run->there++;
		return ERR_OK;
	}
	if (fate == FATE_OTHER && !run->replace) {
		import_put_refused(
		    run, name, "another value has this name (--replace puts it in its place)");
		return ERR_OK;
	}
	if (run->dry) {
		put_dry(o, l);
		run->came++;
	} else if (!(e = set(run, l, o, true))) {
		put_came(run, name);
	}
	return e;
}

/* ---- keys ---- */
static enum err
add(struct import_run *run, const struct import_list *l, const struct import_one *o,
    struct span account, bool replace)
{
	struct ops_key_add q = { .keep = true,
		.service = import_span(l, o->service),
		.account = account,
		.purpose = import_span(l, o->purpose),
		.alg = import_span(l, o->alg),
		.private_key = import_span(l, o->value),
		.certificate = import_span(l, o->certificate),
		.comment = import_span(l, o->comment),
		.source = SPAN_LIT("ownkey import"),
		.replace = replace };
	struct ops_key_add_rep rep;
	enum err e;

	wire_mark(&ops_key_add_map, &q);
	e = cli_call(run->c, OP_KEY_ADD, &q, &rep);
	if (!e && rep.there)
		run->there++;
	else if (!e)
		put_came(run, rep.label);
	return e;
}

/* Many people have one comment on all their keys: the second gets the end of its fingerprint. */
static enum err
keep_key(struct import_run *run, const struct import_list *l, const struct import_one *o)
{
	struct span account = import_span(l, o->name), shown = import_span(l, o->shown);
	struct buf other = BUF_INIT;
	enum err e;

	if (run->dry) {
		put_dry(o, l);
		run->came++;
		return ERR_OK;
	}
	e = add(run, l, o, account, run->replace);
	if (e == ERR_EXISTS && shown.len >= 8 && account.len + 11 <= IMPORT_NAME) {
		buf_put_span(&other, account);
		buf_put_str(&other, " (");
		buf_put(&other, shown.p + shown.len - 8, 8);
		buf_put_str(&other, ")");
		if (!(e = buf_err(&other)))
			e = add(run, l, o, buf_span(&other), false);
	}
	if (e == ERR_EXISTS) {
		import_put_refused(
		    run, account, "another key has this name (--replace puts it in its place)");
		e = ERR_OK;
	}
	buf_done(&other);
	return e;
}

static enum err
keep_one(struct import_run *run, const struct import_list *l, const struct import_one *o)
{
	enum err e;

	if (o->kind == IMPORT_REFUSED) {
		import_put_refused(run, import_span(l, o->name), o->why);
		return ERR_OK;
	}
	e = o->kind == IMPORT_KEY ? keep_key(run, l, o) : keep_secret(run, l, o);
	if (!e || import_is_fatal(e))
		return e;
	import_put_refused(run, import_span(l, o->name), err_text(e));
	run->c->detail[0] = '\0';
	return ERR_OK;
}

enum err
import_keep(struct import_run *run, const struct import_list *l)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < import_count(l) && !e; i++)
		e = term_is_cancelled() ? ERR_CANCELLED : keep_one(run, l, import_at(l, i));
	return e;
}
