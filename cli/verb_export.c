/* verb_export.c - what desktop applications keep, into another Secret Service. */
#include <stdlib.h>

#include "cli/entries.h"
#include "cli/moving.h"
#include "cli/verbs.h"

/* An entry, without its value, in the pool; entries are in the order of their collections. */
struct leaving {
	size_t at, len;
	bool collection;
	uint8_t id[OPS_ID_LEN];
};

struct moving_out {
	struct cli *c;
	struct moving child;
	struct buf pool, all, ids;
	bool dry;
	size_t went, there, not ;
};

static struct leaving *
leaving(struct moving_out *out)
{
	return (struct leaving *)(void *)out->all.p;
}

static size_t
count(const struct moving_out *out)
{
	return out->all.len / sizeof(struct leaving);
}

static enum err
entry(struct moving_out *out, size_t i, struct ops_entry *e)
{
	const struct leaving *l = &leaving(out)[i];

	return wire_decode(&ops_entry_map, span_sub(buf_span(&out->pool), l->at, l->len), e);
}

/* ---- what there is ---- */
static enum err
take_entry(void *arg, const struct ops_entry *e, struct span raw)
{
	struct moving_out *out = arg;
	struct leaving l = {
		.at = out->pool.len, .len = raw.len, .collection = e->kind == OPS_ENTRY_COLLECTION
	};

	memcpy(l.id, e->id.p, sizeof l.id);
	buf_put_span(&out->pool, raw);
	buf_put(&out->all, &l, sizeof l);
	return buf_err(&out->pool) ? buf_err(&out->pool) : buf_err(&out->all);
}

static int
compare(struct span a, struct span b)
{
	int d = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return d ? d : (a.len > b.len) - (a.len < b.len);
}

static const uint8_t *sorted; /* the pool while it is sorted: qsort takes no argument */

static int
by_collection(const void *x, const void *y)
{
	const struct leaving *a = x, *b = y;
	struct ops_entry ea, eb;
	int d;

	if (wire_decode(&ops_entry_map, SPAN(sorted + a->at, a->len), &ea) ||
	    wire_decode(&ops_entry_map, SPAN(sorted + b->at, b->len), &eb))
		return 0;
	d = compare(ea.collection, eb.collection);
	if (d)
		return d;
	if (a->collection != b->collection)
		return a->collection ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

static enum err
list(struct moving_out *out)
{
	enum err e = entries_each(out->c, false, take_entry, out);

	if (e || !count(out))
		return e;
	sorted = out->pool.p;
	qsort(out->all.p, count(out), sizeof(struct leaving), by_collection);
	for (size_t i = 0; i < count(out); i++)
		buf_put(&out->ids, leaving(out)[i].id, OPS_ID_LEN);
	return buf_err(&out->ids);
}

/* ---- the other keyring ---- */
/* Its answer; text: what it says. */
static enum err
send(struct moving_out *out, struct move_msg *msg, bool *there)
{
	struct move_msg taken;
	enum err e;

	if ((e = move_send(out->child.fd, msg)) == ERR_HANGUP)
		e = ERR_OK; /* its last words are read below */
	if (e || (e = moving_next(&out->child, &taken)))
		return e;
	*there = taken.there;
	if (taken.kind != MOVE_TAKEN)
		return ERR_MOVE_SERVICE;
	return err_is_known(taken.err) ? (enum err)taken.err : ERR_INTERNAL;
}

static void
put_refused(struct moving_out *out, const struct ops_entry *e, const char *why)
{
	out->not ++;
	fputs("not: ", stdout);
	out_text(stdout, e->label);
	printf(": %s\n", why);
}

static bool
is_fatal(enum err e)
{
	return e == ERR_CANCELLED || e == ERR_HANGUP || e == ERR_NOMEM || e == ERR_IO;
}

/* One that does not go in is no reason to leave the others. */
static enum err
sent(struct moving_out *out, const struct ops_entry *en, enum err e, bool there)
{
	if (e && is_fatal(e))
		return e;
	if (e)
		put_refused(out, en, err_text(e));
	else if (there)
		out->there++;
	else
		out->went++;
	return ERR_OK;
}

/* Entries of the main collection have none of their own unless it was given a name. */
static enum err
send_collection(struct moving_out *out, struct span id, struct span label)
{
	struct move_msg msg = { .kind = MOVE_COLLECTION, .collection = id, .label = label };
	bool there;
	enum err e = send(out, &msg, &there);

	if (!e || is_fatal(e))
		return e;
	out_say_span("this collection could not be made or opened there: ", label);
	return ERR_OK;
}

static enum err
enter_collection(struct moving_out *out, size_t i, const struct ops_entry *e)
{
	struct ops_entry before;
	enum err err;

	if (leaving(out)[i].collection)
		return send_collection(out, e->collection, e->label);
	if (i > 0 && (err = entry(out, i - 1, &before)))
		return err;
	if (i > 0 && span_eq(before.collection, e->collection))
		return ERR_OK;
	return send_collection(out, e->collection,
	    span_is(e->collection, "default") ? SPAN_LIT("Login") : e->collection);
}

static enum err
send_value(void *arg, size_t i, const struct ops_entry_value *v)
{
	struct moving_out *out = arg;
	static struct ops_entry e;
	struct move_msg msg = { .kind = MOVE_ITEM };
	bool there = false;
	enum err err;

	if ((err = entry(out, i, &e)) || (err = enter_collection(out, i, &e)) ||
	    leaving(out)[i].collection)
		return err;
	if (v->err) {
		put_refused(out, &e,
		    v->err == ERR_DENIED       ? "its policy forbids export"
			: err_is_known(v->err) ? err_text((enum err)v->err)
					       : "it cannot be read");
		return ERR_OK;
	}
	if (out->dry) {
		out->went++;
		return ERR_OK;
	}
	msg.collection = e.collection;
	msg.label = e.label;
	msg.type = e.type;
	msg.value = v->value;
	msg.attributes = e.attributes;
	err = send(out, &msg, &there);
	return sent(out, &e, err, there);
}

static enum err
move_out(struct moving_out *out)
{
	struct cli *c = out->c;
	struct entries_proof proof = { .label = cli_value(c, ARG_SLOT),
		.force = args_has(&c->args, ARG_FORCE) };
	struct move_msg end = { .kind = MOVE_END };
	enum err e;

	if ((e = args_ways(c->args.value[ARG_WITH], &proof.ways)) || (e = list(out)))
		return e;
	if (!count(out)) {
		out_say("no desktop application keeps anything here");
		return ERR_OK;
	}
	if ((e = moving_start(&out->child, c, true)) || (e = moving_greet(&out->child)))
		return e;
	out_say("%zu entries would leave ownkey for %s, which keeps them as it keeps everything. "
		"Prove that it is you.",
	    count(out), out->child.program);
	if (!(e = entries_prove(c, &proof)))
		e = entries_values(c, buf_span(&out->ids), true, send_value, out);
	if (!e && (e = move_send(out->child.fd, &end)) == ERR_HANGUP)
		e = ERR_MOVE_SERVICE;
	if (!e)
		e = moving_next(&out->child, &end);
	return e;
}

enum err
verb_export(struct cli *c)
{
	struct moving_out out = { .c = c, .dry = args_has(&c->args, ARG_DRY_RUN) };
	enum err e;

	if (!args_has(&c->args, ARG_SECRET_SERVICE))
		return cli_wrong(c,
		    "say --secret-service; keys: 'ownkey id export', everything: "
		    "'ownkey backup create'");
	out.child.fd = -1;
	e = move_out(&out);
	moving_done(&out.child);
	if (!e || out.went + out.there + out.not )
		printf("%zu %s, %zu already there, %zu not\n", out.went,
		    out.dry ? "would go out" : "went out", out.there, out.not );
	buf_done(&out.pool);
	buf_done(&out.all);
	buf_done(&out.ids);
	return e ? e : out.not ? ERR_EXPORT_PART : ERR_OK;
}
