/*
 * audit_open.c - the log that is there, held against the head in the vault (DESIGN 9).
 *
 * Read are its first record and what was written since the vault last got its head: that it goes on
 * from there without a gap proves that nothing was cut off before.  All of it is `audit verify`.
 */
#include "agent/vault/audit.h"

#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/log.h"

#define PIECE (512u * 1024)

/* ---- the head in the vault ---- */
enum err
audit_head_get(const struct body *b, const uint8_t log_id[AUDIT_LOG_ID], struct audit_head *h)
{
	struct audit a;
	struct cbor c;
	enum err e;

	if ((e = body_value_get(b, BODY_AUDIT, &audit_map, &a)))
		return e;
	for (c = wire_each(&a.heads); !cbor_at_end(&c);) {
		if ((e = wire_next(&audit_head_map, &c, h)))
			return e;
		if (span_eq(h->log_id, SPAN(log_id, AUDIT_LOG_ID)))
			return ERR_OK;
	}
	return ERR_NOTFOUND;
}

/* All others stay as they are; ours goes to the end, and pushes the oldest out. */
static enum err
new_value(const struct vault *v, const struct body *b, struct audit *a, struct audit_head *heads)
{
	const struct audit_state *s = v->audit;
	struct cbor c;
	size_t n = 0;
	enum err e;

	if ((e = body_value_get(b, BODY_AUDIT, &audit_map, a)))
		return e;
	for (c = wire_each(&a->heads); !cbor_at_end(&c) && !e;) {
		struct audit_head *h = &heads[n];

		if (!(e = wire_next(&audit_head_map, &c, h)))
			n += !span_eq(h->log_id, SPAN(s->log_id, AUDIT_LOG_ID));
	}
	if (e)
		return e;
	if (n == AUDIT_HEADS)
		memmove(heads, heads + 1, --n * sizeof *heads);
	heads[n] = (struct audit_head){ .log_id = SPAN(s->log_id, AUDIT_LOG_ID),
		.n = s->next.n,
		.hash = SPAN(s->next.hash, 32) };
	wire_mark(&audit_head_map, &heads[n]);
	a->heads = (struct wire_list){ .v = heads, .n = n + 1 };
	a->n = s->next.n;
	a->head = SPAN(s->next.hash, 32);
	wire_mark(&audit_map, a);
	return ERR_OK;
}

void
audit_put_head(const struct vault *v, struct delta *d)
{
	static struct audit_head heads[AUDIT_HEADS + 1];
	struct audit a;

	/* of a try before, whose entry could not be written */
	delta_keep(d, BODY_AUDIT);
	if (v->audit->ready && v->audit->next.n != v->audit->anchored &&
	    !new_value(v, &v->open.body, &a, heads))
		delta_value(d, BODY_AUDIT, &audit_map, &a);
}

enum err
audit_set_head(const struct vault *v, struct body *b)
{
	static struct audit_head heads[AUDIT_HEADS + 1];
	struct audit a;
	enum err e;

	if (!v->audit->ready || (e = new_value(v, b, &a, heads)) == ERR_NOTFOUND)
		return ERR_OK;
	return e ? e : body_value_put(b, BODY_AUDIT, &audit_map, &a);
}

void
audit_is_anchored(struct vault *v)
{
	if (v->audit->ready)
		v->audit->anchored = v->audit->next.n;
}

/* ---- the file ---- */
struct opening {
	struct job *j;
	struct span key;
	struct audit_state *a;
	struct buf bytes;
	uint64_t read_at;
};

static enum err
read_at(struct opening *o, enum audit_step which, uint64_t at, uint64_t len)
{
	return store_audit_read(o->j, &(struct file_audit){ .step = which, .at = at, .size = len },
	    &o->bytes, &o->a->size);
}

/* The first record, and where the walk begins: behind the last one that the vault knows. */
static enum err
find_start(struct opening *o, enum audit_step which, struct audit_head *h, bool *has_head)
{
	struct audit_state *a = o->a;
	struct audit_record r;
	uint64_t at;
	enum err e;

	*has_head = false;
	if (audit_log_start(o->key, buf_span(&o->bytes), &a->at, &r))
		return ERR_AUDIT_DAMAGED;
	memcpy(a->log_id, r.entry.log_id.p, AUDIT_LOG_ID);
	a->first = r.n;
	a->valid = AUDIT_RECORD;
	if (audit_head_get(&o->j->v->open.body, a->log_id, h))
		return ERR_OK;
	*has_head = true;
	/* the file was begun after the vault got its head: that one is in the older file */
	if (h->n <= a->first + 1)
		return ERR_OK;
	at = (h->n - 1 - a->first) * AUDIT_RECORD;
	if (h->n - a->first > a->size / AUDIT_RECORD)
		return ERR_AUDIT_SHORT;
	if ((e = read_at(o, which, at, AUDIT_RECORD)))
		return e;
	if (audit_log_open(o->key, buf_span(&o->bytes), &r) || r.n != h->n - 1)
		return ERR_AUDIT_DAMAGED;
	crypto_sha256(buf_span(&o->bytes), a->at.hash);
	if (!span_eq(SPAN(a->at.hash, 32), h->hash))
		return ERR_AUDIT_DAMAGED;
	a->at.n = h->n;
	memcpy(a->at.last, o->bytes.p + AUDIT_RECORD - 32, 32);
	a->valid = at + AUDIT_RECORD;
	return ERR_OK;
}

static enum err
walk(struct opening *o, enum audit_step which)
{
	struct audit_state *a = o->a;
	size_t good;
	enum err e;

	do {
		if ((e = read_at(o, which, a->valid, PIECE)))
			return e;
		e = audit_log_walk(o->key, &a->at, buf_span(&o->bytes), &good);
		a->valid += good;
	} while (!e && o->bytes.len == PIECE);
	return e;
}

/* What a crash left of entries that nobody was told of is cut when the next one is written. */
static void
repair(struct opening *o)
{
	struct req r = { .v = o->j->v };
	struct audit_state *a = o->a;
	struct audit_note *n;

	log_warn("the last entry of the audit log was not written completely; it is dropped");
	audit_owe(&r, AUDIT_REPAIR, NULL, ERR_VAULT_TORN);
	n = &a->owed.note[a->owed.n - 1];
	if (n->kind == AUDIT_REPAIR)
		n->count = a->size - a->valid;
}

static enum err
follow(struct opening *o, enum audit_step which)
{
	struct audit_head h;
	bool has_head;
	enum err e;

	if (o->a->size > 2 * AUDIT_FILE_MOST)
		return ERR_AUDIT_DAMAGED;
	if (!(e = find_start(o, which, &h, &has_head)))
		e = walk(o, which);
	if (e && e != ERR_VAULT_TORN)
		return e;
	if (o->a->at.n < o->a->known || (has_head && o->a->at.n < h.n))
		return ERR_AUDIT_SHORT;
	if (e)
		repair(o);
	return ERR_OK;
}

static bool
has_heads(const struct vault *v)
{
	struct audit a;

	return !body_value_get(&v->open.body, BODY_AUDIT, &audit_map, &a) && a.heads.n > 0;
}

/* Has this machine had one?  A vault that was seen here before has been opened, and opening it
 * begins a log, if its vault has heads at all. */
static enum err
none_there(const struct opening *o)
{
	const struct vault *v = o->j->v;

	return o->a->known || (has_heads(v) && !v->open.first_seen) ? ERR_AUDIT_MISSING : ERR_OK;
}

/* The file; the older one when writing a new one behind it was interrupted.  *fresh: neither. */
static enum err
examine(struct opening *o, bool *fresh)
{
	struct audit_state *a = o->a;
	enum err e = read_at(o, AUDIT_STEP_APPEND, 0, AUDIT_RECORD);

	*fresh = false;
	if (!e && o->bytes.len < AUDIT_RECORD) {
		/* its first entry was not acknowledged */
		*fresh = true;
		return none_there(o);
	}
	if (!e)
		return follow(o, AUDIT_STEP_APPEND);
	if (e != ERR_NOTFOUND)
		return e;
	if ((e = read_at(o, AUDIT_STEP_ROTATE, 0, AUDIT_RECORD)) == ERR_NOTFOUND) {
		*fresh = true;
		a->size = 0;
		return none_there(o);
	}
	a->step = AUDIT_STEP_ROTATE;
	return e ? e : follow(o, AUDIT_STEP_ROTATE);
}

static void
begin_anew(struct audit_state *a, enum err why)
{
	crypto_random(a->log_id, sizeof a->log_id);
	a->at = (struct audit_pos){ .n = 0 };
	a->first = a->valid = a->anchored = 0;
	a->begun = why;
	a->step = why ? AUDIT_STEP_ASIDE : AUDIT_STEP_FOREIGN;
}

/* A vault that another program made may have no audit key. */
static enum err
make_key(struct vault *v)
{
	static const uint8_t zero[32];
	uint8_t key[32];
	struct audit a = { .key = SPAN(key, 32), .head = SPAN(zero, 32) };
	enum err e;

	crypto_random(key, sizeof key);
	wire_mark(&audit_map, &a);
	e = body_value_put(&v->open.body, BODY_AUDIT, &audit_map, &a);
	sec_zero(key, sizeof key);
	return e;
}

static bool
is_about_content(enum err e)
{
	return e == ERR_AUDIT_DAMAGED || e == ERR_AUDIT_SHORT || e == ERR_AUDIT_MISSING;
}

static void
settle(struct opening *o, enum err e, bool fresh)
{
	struct vault *v = o->j->v;
	struct audit_state *a = o->a;
	struct audit_head h;

	/* no log of this vault was ever written: what is there is of another one */
	if (e == ERR_AUDIT_DAMAGED && !a->known && !has_heads(v)) {
		e = ERR_OK;
		fresh = true;
	}
	if (e && !is_about_content(e)) {
		log_err(e, "the audit log cannot be read");
		if (!v->open.warning)
			v->open.warning = ERR_AUDIT_WRITE;
		return;
	}
	if (e) {
		log_err(e, "the audit log is not as it was left; a new one is begun");
		v->open.warning = e;
	}
	if (e || fresh)
		begin_anew(a, e);
	else
		a->anchored = audit_head_get(&v->open.body, a->log_id, &h) ? 0 : h.n;
	a->known = a->at.n;
	a->next = a->at;
	a->ready = true;
}

void
audit_open(struct job *j)
{
	struct opening o = { .j = j, .a = j->v->audit };
	bool fresh = false;
	enum err e;

	o.a->ready = false;
	o.a->step = AUDIT_STEP_APPEND;
	if ((e = audit_key(j->v, &o.key)) == ERR_NOTFOUND && !(e = make_key(j->v)))
		e = audit_key(j->v, &o.key);
	if (!e)
		e = examine(&o, &fresh);
	settle(&o, e, fresh);
	buf_done(&o.bytes);
}
