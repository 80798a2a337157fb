/* import_service.c - what another Secret Service keeps, into the vault: each thing once. */
#include <stdlib.h>

#include "cli/entries.h"
#include "cli/import.h"
#include "cli/moving.h"
#include "lib/crypto.h"

#define MOST ((size_t)512 << 20) /* of everything that comes, in wiped memory */

/* An entry of the vault; taken: something that came is this one. */
struct known {
	uint8_t key[ENTRIES_KEY], value[32], id[OPS_ID_LEN];
	enum err err; /* why its value cannot be compared; ERR_NOTFOUND: not asked for */
	bool taken;
};

/* A message that came, in the pool. */
struct came {
	size_t at, len;
	uint8_t key[ENTRIES_KEY];
	bool there;
};

struct moving_in {
	struct import_run *run;
	struct buf pool;  /* frames */
	struct buf came;  /* of struct came */
	struct buf known; /* of struct known, sorted by key */
	struct buf ids;	  /* of those whose values are compared */
	struct buf which; /* size_t: where in known each is */
	struct buf names; /* ids of collections, each with a NUL */
	char program[128];
	size_t collections;
};

static struct known *
known(struct moving_in *in)
{
	return (struct known *)(void *)in->known.p;
}

static size_t
nknown(const struct moving_in *in)
{
	return in->known.len / sizeof(struct known);
}

static struct came *
came(struct moving_in *in)
{
	return (struct came *)(void *)in->came.p;
}

static size_t
ncame(const struct moving_in *in)
{
	return in->came.len / sizeof(struct came);
}

static enum err
message(struct moving_in *in, const struct came *c, struct move_msg *msg)
{
	return wire_decode(&move_msg_map, span_sub(buf_span(&in->pool), c->at, c->len), msg);
}

/* ---- what is in the vault ---- */
static enum err
take_known(void *arg, const struct ops_entry *e, struct span raw)
{
	struct moving_in *in = arg;
	struct known k = { .err = ERR_NOTFOUND };

	(void)raw;
	if (e->kind == OPS_ENTRY_COLLECTION) {
		buf_put_span(&in->names, e->collection);
		buf_put_u8(&in->names, 0);
		return buf_err(&in->names);
	}
	entries_key(e->collection, e->label, &e->attributes, k.key);
	memcpy(k.id, e->id.p, sizeof k.id);
	buf_put(&in->known, &k, sizeof k);
	return buf_err(&in->known);
}

static int
by_key(const void *x, const void *y)
{
	return memcmp(((const struct known *)x)->key, ((const struct known *)y)->key, ENTRIES_KEY);
}

/* The first with this key; nknown when there is none. */
static size_t
first(struct moving_in *in, const uint8_t key[ENTRIES_KEY])
{
	size_t low = 0, n = nknown(in), high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(known(in)[mid].key, key, ENTRIES_KEY) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && memcmp(known(in)[low].key, key, ENTRIES_KEY) == 0 ? low : n;
}

static bool
has_key(struct moving_in *in, size_t i, const uint8_t key[ENTRIES_KEY])
{
	return i < nknown(in) && memcmp(known(in)[i].key, key, ENTRIES_KEY) == 0;
}

static bool
has_collection(const struct moving_in *in, struct span id)
{
	const char *at = (const char *)in->names.p;

	for (size_t i = 0; i < in->names.len; i += strlen(at + i) + 1)
		if (span_is(id, at + i))
			return true;
	return false;
}

/* ---- what comes ---- */
static void
put_name(const struct move_msg *msg, struct buf *out)
{
	if (msg->collection.len && !span_is(msg->collection, "default")) {
		buf_put_span(out, msg->collection);
		buf_put_str(out, "/");
	}
	buf_put_span(out, msg->label.len ? msg->label : SPAN_LIT("(no name)"));
}

static void
put_refused(struct moving_in *in, const struct move_msg *msg, struct span why)
{
	struct buf name = BUF_INIT, text = BUF_INIT;

	put_name(msg, &name);
	buf_put_span(&text, why);
	import_put_refused(in->run, buf_span(&name), buf_cstr(&text));
	if (msg->count > 1)
		in->run->not += msg->count - 1;
	buf_done(&name);
	buf_done(&text);
}

/* The vault has attributes sorted, as the child has: equal ones are equal bytes. */
static enum err
keep_message(struct moving_in *in, const struct move_msg *msg, struct span frame)
{
	struct came c = { .at = in->pool.len, .len = frame.len };

	entries_key(msg->collection, msg->label, &msg->attributes, c.key);
	buf_put_span(&in->pool, frame);
	buf_put(&in->came, &c, sizeof c);
	if (buf_err(&in->pool))
		return buf_err(&in->pool);
	return buf_err(&in->came);
}

/* All of it before anything is kept: who dismisses the other keyring's question has changed
 * nothing. */
static enum err
receive(struct moving_in *in)
{
	struct moving m;
	struct move_msg msg;
	enum err e = moving_start(&m, in->run->c, false);

	in->pool.max = MOST;
	if (!e)
		e = moving_greet(&m);
	while (!e && !(e = moving_next(&m, &msg)) && msg.kind != MOVE_END) {
		if (msg.kind == MOVE_REFUSED)
			put_refused(in, &msg, msg.text);
		else
			e = keep_message(in, &msg, buf_span(&m.frame));
	}
	memcpy(in->program, m.program, sizeof in->program);
	moving_done(&m);
	return e;
}

/* ---- comparing ---- */
static enum err
want_values(struct moving_in *in)
{
	for (size_t i = 0; i < ncame(in); i++)
		for (size_t k = first(in, came(in)[i].key); has_key(in, k, came(in)[i].key); k++) {
			if (known(in)[k].err != ERR_NOTFOUND)
				break;
			known(in)[k].err = ERR_OK;
			buf_put(&in->ids, known(in)[k].id, OPS_ID_LEN);
			buf_put(&in->which, &k, sizeof k);
		}
	return buf_err(&in->ids) ? buf_err(&in->ids) : buf_err(&in->which);
}

static enum err
take_value(void *arg, size_t i, const struct ops_entry_value *v)
{
	struct moving_in *in = arg;
	size_t at;

	memcpy(&at, in->which.p + i * sizeof at, sizeof at);
	known(in)[at].err = (enum err)v->err;
	crypto_sha256(v->value, known(in)[at].value);
	return ERR_OK;
}

/* Of several with the same attributes, each that came is one of the vault. */
static enum err
find_same(struct moving_in *in)
{
	struct move_msg msg;
	uint8_t value[32];
	enum err e;

	for (size_t i = 0; i < ncame(in); i++) {
		struct came *c = &came(in)[i];

		if ((e = message(in, c, &msg)))
			return e;
		crypto_sha256(msg.value, value);
		for (size_t k = first(in, c->key); !c->there && has_key(in, k, c->key); k++)
			if (!known(in)[k].taken && !known(in)[k].err &&
			    memcmp(known(in)[k].value, value, sizeof value) == 0)
				c->there = known(in)[k].taken = true;
	}
	sec_zero(value, sizeof value);
	return ERR_OK;
}

static enum err
compare(struct moving_in *in)
{
	enum err e;

	if (nknown(in))
		qsort(known(in), nknown(in), sizeof(struct known), by_key);
	if ((e = want_values(in)))
		return e;
	if (in->ids.len &&
	    (e = entries_values(in->run->c, buf_span(&in->ids), false, take_value, in)))
		return e;
	return find_same(in);
}

/* ---- keeping ---- */
static enum err
set(struct moving_in *in, const struct move_msg *msg, const uint8_t *id)
{
	struct ops_entry_set q = { .collection = msg->collection,
		.label = msg->label,
		.type = msg->type,
		.value = msg->value,
		.attributes = msg->attributes,
		.import = true,
		.created = msg->created };

	q.kind = msg->kind == MOVE_COLLECTION ? OPS_ENTRY_COLLECTION : OPS_ENTRY_ITEM;
	wire_mark(&ops_entry_set_map, &q);
	wire_set(&ops_entry_set_map, &q, "kind");
	wire_set(&ops_entry_set_map, &q, "label");
	wire_set(&ops_entry_set_map, &q, "value");
	if (id) { /* only its value */
		q = (struct ops_entry_set){ .id = SPAN(id, OPS_ID_LEN), .value = msg->value };
		wire_mark(&ops_entry_set_map, &q);
		wire_set(&ops_entry_set_map, &q, "value");
	}
	return cli_call(in->run->c, OP_ENTRY_SET, &q, NULL);
}

static void
put_came(struct moving_in *in, const struct move_msg *msg)
{
	struct buf name = BUF_INIT;

	put_name(msg, &name);
	fputs(in->run->dry ? "would come in: " : "came in: ", stdout);
	out_text(stdout, buf_span(&name));
	putchar('\n');
	buf_done(&name);
	in->run->came++;
}

/* The main collection is there always; its label is "Login" if nobody said another. */
static enum err
keep_collection(struct moving_in *in, const struct move_msg *msg)
{
	enum err e = ERR_OK;

	if (has_collection(in, msg->collection) ||
	    (span_is(msg->collection, "default") && span_is(msg->label, "Login")))
		return ERR_OK;
	if (!in->run->dry)
		e = set(in, msg, NULL);
	if (!e)
		in->collections++;
	return e;
}

/* One of the vault that nothing that came is: it has another value. */
static struct known *
other(struct moving_in *in, const struct came *c)
{
	for (size_t k = first(in, c->key); has_key(in, k, c->key); k++)
		if (!known(in)[k].taken)
			return &known(in)[k];
	return NULL;
}

static enum err
keep_item(struct moving_in *in, struct came *c, const struct move_msg *msg)
{
	struct known *old = other(in, c);
	enum err e = ERR_OK;

	if (c->there) {
		in->run->there++;
		return ERR_OK;
	}
	if (old)
		old->taken = true;
	if (old && old->err) {
		put_refused(in, msg,
		    span_str("the vault has one of this name, which may not be "
			     "read to compare it"));
		return ERR_OK;
	}
	if (old && !in->run->replace) {
		put_refused(in, msg,
		    span_str("the vault has another value under this name "
			     "(--replace puts this one in its place)"));
		return ERR_OK;
	}
	if (!in->run->dry)
		e = set(in, msg, old ? old->id : NULL);
	if (!e)
		put_came(in, msg);
	return e;
}

static enum err
keep_all(struct moving_in *in)
{
	struct move_msg msg;
	enum err e = ERR_OK;

	for (size_t i = 0; i < ncame(in) && !e; i++) {
		struct came *c = &came(in)[i];

		if ((e = term_is_cancelled() ? ERR_CANCELLED : message(in, c, &msg)))
			break;
		e = msg.kind == MOVE_COLLECTION ? keep_collection(in, &msg)
						: keep_item(in, c, &msg);
		if (e && !import_is_fatal(e)) {
			put_refused(in, &msg, span_str(err_text(e)));
			in->run->c->detail[0] = '\0';
			e = ERR_OK;
		}
	}
	return e;
}

static void
say_what_next(const struct moving_in *in)
{
	if (in->collections)
		out_say("%zu %s", in->collections,
		    in->collections == 1 ? "collection was made for them"
					 : "collections were made for them");
	if (in->run->came + in->run->there == 0)
		return;
	out_say("%s still has its copies and still answers. When nothing is missing: 'ownkey setup "
		"secret-service' lets ownkey answer instead, from the next login on; and make a "
		"backup.",
	    in->program[0] ? in->program : "The other keyring");
}

enum err
import_service(struct import_run *run)
{
	struct moving_in in = { .run = run };
	enum err e;

	if (!(e = entries_each(run->c, false, take_known, &in)) && !(e = receive(&in)) &&
	    !(e = compare(&in)) && !(e = keep_all(&in)) && !run->dry)
		say_what_next(&in);
	buf_done(&in.pool);
	buf_done(&in.came);
	buf_done(&in.known);
	buf_done(&in.ids);
	buf_done(&in.which);
	buf_done(&in.names);
	return e;
}
