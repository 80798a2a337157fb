/* audit.c - what happened is noted, counted, and put into the log. */
#include "agent/vault/audit.h"

#include <stdlib.h>
#include <time.h>

#include "agent/vault/store.h"
#include "lib/log.h"

enum err
audit_new(struct audit_state **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

enum err
audit_key(const struct vault *v, struct span *key)
{
	struct audit a;
	enum err e = body_value_get(&v->open.body, BODY_AUDIT, &audit_map, &a);

	*key = a.key;
	return e;
}

/* ---- notes ---- */
void
audit_about(struct req *r, const uint8_t id[16])
{
	memcpy(r->about, id, sizeof r->about);
	r->has_about = true;
}

static void
describe(const struct req *r, enum audit_kind kind, enum err err, struct audit_note *n)
{
	size_t len = r->c ? strlen(r->c->label) : 0;

	*n = (struct audit_note){ .kind = kind,
		.op = r->row ? r->row->op : 0,
		.err = (uint64_t)err,
		.time = (uint64_t)time(NULL),
		.boottime = loop_now(),
		.count = 1 };
	if (len > AUDIT_CLIENT_MAX)
		len = AUDIT_CLIENT_MAX;
	if (len)
		memcpy(n->client, r->c->label, len);
	if (r->has_about)
		memcpy(n->item, r->about, sizeof n->item);
	n->has_item = r->has_about;
}

static void
set_item(struct audit_note *n, const uint8_t *item)
{
	n->has_item = item != NULL;
	if (item)
		memcpy(n->item, item, sizeof n->item);
}

static bool
is_same(const struct audit_note *a, const struct audit_note *b)
{
	return a->kind == b->kind && a->op == b->op && a->err == b->err &&
	    a->has_item == b->has_item && memcmp(a->item, b->item, sizeof a->item) == 0 &&
	    strcmp(a->client, b->client) == 0;
}

/* The same once more is counted.  When there are too many different ones, the last row counts the
 * rest, whatever they are about: what did not fit is still seen to have been. */
static void
add(struct audit_notes *to, size_t most, const struct audit_note *n)
{
	struct audit_note *rest = &to->note[most - 1];

	for (size_t i = 0; i < to->n; i++)
		if (is_same(&to->note[i], n)) {
			to->note[i].count += n->count;
			return;
		}
	if (to->n < most) {
		to->note[to->n++] = *n;
		return;
	}
	rest->op = 0;
	rest->has_item = false;
	memset(rest->item, 0, sizeof rest->item);
	rest->client[0] = '\0';
	rest->count += n->count;
}

static enum err
flush_own(struct job *j)
{
	return j->v->open.is ? audit_flush(j) : ERR_OK;
}

static void
minute(void *arg)
{
	struct vault *v = arg;

	v->audit->minute = NULL;
	if (job_start_own(v, flush_own))
		log_warn("what was counted waits for the next entry of the audit log");
}

/* While locked there is no key to write with; unlocking writes at once. */
static void
arm(struct vault *v)
{
	if (v->open.is && !v->audit->minute)
		v->audit->minute = loop_timer_add(v->loop, loop_now() + AUDIT_MINUTE, minute, v);
}

void
audit_owe(struct req *r, enum audit_kind kind, const uint8_t item[16], enum err err)
{
	struct audit_note n;

	describe(r, kind, err, &n);
	if (item)
		set_item(&n, item);
	add(&r->v->audit->owed, AUDIT_OWED, &n);
	arm(r->v);
}

/* The hot path of signing: a comparison, as a rule. */
void
audit_count(struct req *r, const uint8_t item[16])
{
	struct audit_notes *c = &r->v->audit->counted;
	struct audit_note n, *at;

	r->counted = true;
	for (size_t i = 0; i < c->n; i++) {
		at = &c->note[i];
		if (at->op == r->row->op && at->has_item == (item != NULL) &&
		    (!item || memcmp(at->item, item, sizeof at->item) == 0) && r->c &&
		    strcmp(at->client, r->c->label) == 0) {
			at->count++;
			return;
		}
	}
	describe(r, AUDIT_USES, ERR_OK, &n);
	set_item(&n, item);
	add(c, AUDIT_COUNTED, &n);
	arm(r->v);
}

/* ---- records ---- */
static enum err
put_note(struct vault *v, struct span key, const struct audit_note *n)
{
	struct audit_state *a = v->audit;
	uint8_t item[AUDIT_ITEM];
	struct audit_entry e = { .kind = n->kind,
		.op = n->op,
		.time = n->time,
		.boottime = n->boottime,
		.client = span_str(n->client),
		.err = n->err,
		.count = n->count > 1 ? n->count : 0 };

	if (n->has_item) {
		audit_log_item(key, n->item, item);
		e.item = SPAN(item, sizeof item);
	}
	wire_mark(&audit_entry_map, &e);
	return audit_log_put(key, &a->next, &e, &a->bytes);
}

static enum err
put_begin(struct vault *v, struct span key)
{
	struct audit_state *a = v->audit;
	struct audit_entry e = { .kind = AUDIT_BEGIN,
		.time = (uint64_t)time(NULL),
		.boottime = loop_now(),
		.err = (uint64_t)a->begun,
		.log_id = SPAN(a->log_id, sizeof a->log_id) };

	wire_mark(&audit_entry_map, &e);
	return audit_log_put(key, &a->next, &e, &a->bytes);
}

static void
take(struct audit_notes *to, struct audit_notes *from)
{
	memcpy(&to->note[to->n], from->note, from->n * sizeof *from->note);
	to->n += from->n;
	from->n = 0;
}

static enum err
put_all(struct vault *v)
{
	struct audit_state *a = v->audit;
	struct span key;
	enum err e;

	if ((e = audit_key(v, &key)))
		return e;
	if (a->step == AUDIT_STEP_APPEND && a->valid == a->size &&
	    a->valid + (a->flight.n + 1) * AUDIT_RECORD > AUDIT_FILE_MOST)
		a->step = AUDIT_STEP_ROTATE;
	if (a->valid == 0 || a->step != AUDIT_STEP_APPEND)
		e = put_begin(v, key);
	for (size_t i = 0; i < a->flight.n && !e; i++)
		e = put_note(v, key, &a->flight.note[i]);
	return e;
}

static void
describe_part(const struct audit_state *a, struct file_audit *part)
{
	*part = (struct file_audit){ .step = a->step, .data = buf_span(&a->bytes) };
	if (a->step == AUDIT_STEP_APPEND || a->step == AUDIT_STEP_ROTATE) {
		part->at = a->valid;
		part->size = a->size;
		if (a->valid)
			part->expect = SPAN(a->at.last, sizeof a->at.last);
	}
	wire_mark(&file_audit_map, part);
}

bool
audit_is_due(const struct req *r)
{
	return r->row && (r->row->flags & (OPF_WIDEN | OPF_AUDIT)) && !r->audited && !r->unaudited;
}

/* own: NULL, or the entry that must be among them. */
static enum err
begin(struct vault *v, const struct audit_note *own, struct file_audit *part)
{
	struct audit_state *a = v->audit;
	enum err e;

	if (!a->ready)
		return ERR_AUDIT_WRITE;
	if (!own && !a->owed.n && !a->counted.n)
		return ERR_NOTFOUND;
	a->flight.n = 0;
	take(&a->flight, &a->owed);
	take(&a->flight, &a->counted);
	if (own)
		a->flight.note[a->flight.n++] = *own;
	a->flying = true;
	a->next = a->at;
	buf_reset(&a->bytes);
	if ((e = put_all(v))) {
		a->flight.n -= own != NULL;
		audit_end(v, e);
		return e;
	}
	/* what is only for this request is not owed when it fails */
	a->flight.n -= own != NULL;
	describe_part(a, part);
	return ERR_OK;
}

enum err
audit_begin(struct vault *v, struct req *r, struct file_audit *part)
{
	struct audit_note n;

	if (!r)
		return begin(v, NULL, part);
	describe(r, AUDIT_OPERATION, ERR_OK, &n);
	return begin(v, &n, part);
}

static void
give_back(struct audit_state *a)
{
	for (size_t i = 0; i < a->flight.n; i++) {
		const struct audit_note *n = &a->flight.note[i];

		if (n->kind == AUDIT_USES)
			add(&a->counted, AUDIT_COUNTED, n);
		else
			add(&a->owed, AUDIT_OWED, n);
	}
}

void
audit_end(struct vault *v, enum err err)
{
	struct audit_state *a = v->audit;

	if (!a->flying)
		return;
	a->flying = false;
	if (err) {
		a->next = a->at;
		give_back(a);
		arm(v);
		return;
	}
	if (a->step == AUDIT_STEP_APPEND) {
		a->valid += a->bytes.len;
	} else {
		a->valid = a->bytes.len;
		a->first = a->at.n;
	}
	if (a->at.n == 0)
		a->first = 0;
	a->size = a->valid;
	a->at = a->next;
	a->known = a->at.n;
	a->step = AUDIT_STEP_APPEND;
	a->begun = ERR_OK;
}

/* ---- written now ---- */
static enum err
write_once(struct job *j, const struct audit_note *own)
{
	struct file_audit part;
	enum err e;

	if (!j->v->audit->ready)
		audit_open(j);
	if ((e = begin(j->v, own, &part)))
		return e == ERR_NOTFOUND ? ERR_OK : e;
	e = store_audit(j, &part);
	audit_end(j->v, e);
	return e;
}

static enum err
write_now(struct job *j, const struct audit_note *own)
{
	bool held = j->v->store.turn.owner == j;
	enum err e;

	if ((e = store_take(j)))
		return e;
	if ((e = write_once(j, own)) == ERR_AUDIT_CHANGED) {
		j->v->audit->ready = false;
		e = write_once(j, own);
	}
	if (!held)
		store_release(j);
	if (e)
		log_err(e, "the audit log cannot be written");
	return e ? ERR_AUDIT_WRITE : ERR_OK;
}

enum err
audit_flush(struct job *j)
{
	return write_now(j, NULL);
}

enum err
audit_event(struct req *r, enum audit_kind kind, const uint8_t item[16], enum err err)
{
	struct audit_note n;

	describe(r, kind, err, &n);
	set_item(&n, item);
	if (r->v->open.is && !write_now(r->job, &n))
		return err;
	if (!err && r->v->open.is)
		return ERR_AUDIT_WRITE;
	add(&r->v->audit->owed, AUDIT_OWED, &n);
	arm(r->v);
	return err;
}

static void
go_on_without(struct req *r)
{
	r->unaudited = true;
	audit_owe(r, AUDIT_OPERATION, NULL, ERR_OK);
	r->v->open.warning = ERR_AUDIT_WRITE;
}

bool
audit_again(struct job *j, enum err err, enum err *e)
{
	struct req *r = &j->r;

	if (!err)
		return false;
	if (err == ERR_AUDIT_CHANGED && !r->reread) {
		r->reread = true;
		j->v->audit->ready = false;
		audit_open(j);
		return true;
	}
	log_err(err, "the audit log cannot be written");
	if (r->row->flags & OPF_AUDIT_SOFT) {
		go_on_without(r);
		return true;
	}
	*e = ERR_AUDIT_WRITE;
	return false;
}

enum err
audit_operation(struct req *r, enum err e)
{
	struct audit_note n;

	if (!(r->row->flags & (OPF_WIDEN | OPF_AUDIT)) || r->unaudited || (r->audited && !e))
		return e;
	if (e || !r->v->open.is) {
		audit_owe(r, AUDIT_OPERATION, NULL, e);
		return e;
	}
	describe(r, AUDIT_OPERATION, ERR_OK, &n);
	if (!write_now(r->job, &n))
		return ERR_OK;
	/* what was made before there could be a log stays made */
	if ((r->row->flags & OPF_AUDIT_SOFT) || r->made) {
		go_on_without(r);
		return ERR_OK;
	}
	buf_reset(&r->out);
	return ERR_AUDIT_WRITE;
}

/* What is still under way counts as written: front does it before what follows. */
enum err
audit_last(struct vault *v, struct file_audit *part)
{
	struct req locking = { .v = v, .row = ops_find(OP_LOCK) };
	struct audit_state *a = v->audit;

	audit_end(v, ERR_OK);
	for (size_t i = 0; i < a->owed.n; i++)
		if (a->owed.note[i].op == OP_LOCK)
			return audit_begin(v, NULL, part);
	return audit_begin(v, &locking, part);
}
