/* import_keep.c - a list into the vault, one thing after the other: what is there stays. */
#include "cli/import.h"
#include "cli/pages.h"
#include "lib/crypto.h"
#include "lib/sshkey.h"
#include "lib/text.h"

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

/* ---- is the key here? ---- */
/* As the vault decides: ssh keys are themselves wherever they are, others under their name. */
struct search {
	struct span shown, account;
	bool found;
};

/* The fingerprint of a line "type base64 comment". */
static void
put_fingerprint(struct span line, struct buf *out)
{
	const uint8_t *a = line.len ? memchr(line.p, ' ', line.len) : NULL, *b;
	struct span rest = a ? SPAN(a + 1, (size_t)(line.p + line.len - a - 1)) : SPAN_NONE;
	struct buf blob = BUF_INIT;
	size_t n = 0;
	uint8_t *room;

	if (rest.len && (b = memchr(rest.p, ' ', rest.len)))
		rest.len = (size_t)(b - rest.p);
	if ((room = buf_room(&blob, rest.len + 1)) &&
	    !text_decode(TEXT_BASE64, rest, room, rest.len, &n) && n)
		sshkey_fingerprint(SPAN(room, n), out);
	buf_done(&blob);
}

static void
compare(void *arg, const struct ops_item *it, struct span raw)
{
	struct search *s = arg;
	struct buf print = BUF_INIT;

	(void)raw;
	if (span_is(it->service, "ssh"))
		put_fingerprint(it->shown, &print);
	else if (span_eq(it->account, s->account))
		buf_put_span(&print, it->shown);
	if (print.len && span_eq(buf_span(&print), s->shown))
		s->found = true;
	buf_done(&print);
}

static enum err
keep_key_dry(struct import_run *run, const struct import_list *l, const struct import_one *o)
{
	struct ops_page q = { .service = import_span(l, o->service), .all = true };
	struct search s = { .shown = import_span(l, o->shown), .account = import_span(l, o->name) };
	enum err e;

	if ((e = pages_each(run->c, OP_ID_LIST, &q, compare, &s)))
		return e;
	if (s.found) {
		run->there++;
		return ERR_OK;
	}
	put_dry(o, l);
	run->came++;
	return ERR_OK;
}

/* Many people have one comment on all their keys: the second gets the end of its fingerprint. */
static enum err
keep_key(struct import_run *run, const struct import_list *l, const struct import_one *o)
{
	struct span account = import_span(l, o->name), shown = import_span(l, o->shown);
	struct buf other = BUF_INIT;
	enum err e;

	if (run->dry)
		return keep_key_dry(run, l, o);
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
