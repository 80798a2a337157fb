/* store.c - the vault's side of its file. */
#include "agent/vault/store_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/vault/synced.h"
#include "agent/vault/turn.h"
#include "lib/log.h"
#include "lib/text.h"

#define DISK_MS	   60000
#define JOIN_TRIES 4 /* another program writes the file all the time */

/* ---- one at a time ---- */
enum err
store_take(struct job *j)
{
	return turn_take(j, &j->v->store.turn);
}

void
store_release(struct job *j)
{
	if (j->v->store.turn.owner == j)
		j->v->store.sink = NULL;
	turn_release(j, &j->v->store.turn);
}

/* ---- talking to front ---- */
enum err
store_send(struct vault *v, struct file_request *q)
{
	wire_mark(&file_request_map, q);
	v->store.answered = false;
	v->store.audit_err = ERR_OK;
	return link_put_msg(&v->front.out, LINK_FILE, 0, &file_request_map, q);
}

/* The disk answers whatever the client does: a change must not end half known. */
enum err
store_wait(struct job *j)
{
	struct store *s = &j->v->store;
	bool cancelled = j->cancelled;
	enum err e = ERR_OK;

	j->cancelled = false;
	while (!s->answered && e != ERR_TIMEOUT && e != ERR_NOMEM) {
		e = job_wait(j, DISK_MS);
		cancelled |= j->cancelled;
		j->cancelled = false;
	}
	j->cancelled = cancelled;
	if (!s->answered) {
		/* done or not? a late answer would be taken for another: begin anew */
		log_error("the disk does not answer; locking");
		vault_lock(j->v);
	}
	return s->err;
}

enum err
store_ask(struct job *j, struct file_request *q)
{
	enum err e;

	if ((e = store_take(j)) || (e = store_send(j->v, q)))
		return e;
	return store_wait(j);
}

static void
take_data(struct store *s, const struct file_reply *r)
{
	struct span want;

	if (!r->data.len)
		return;
	if (!r->verify) {
		if (s->sink)
			buf_put_span(s->sink, r->data);
		return;
	}
	want = span_sub(s->verify, s->verified, r->data.len);
	if (!span_eq(want, r->data))
		s->differs = true;
	s->verified += r->data.len;
}

/* Bytes that somebody else chose, for people. */
static void
keep_name(struct store *s, struct span name)
{
	size_t n = name.len < sizeof s->name ? name.len : sizeof s->name - 1;

	memcpy(s->name, name.p, n);
	s->name[n] = '\0';
	if (!text_is_utf8(span_str(s->name)) || !text_is_name(span_str(s->name)))
		snprintf(s->name, sizeof s->name, "a file with a strange name");
}

static void
take_last(struct store *s, const struct file_reply *r)
{
	s->answered = true;
	s->err = err_is_known(r->err) ? (enum err)r->err : ERR_INTERNAL;
	s->audit_err = err_is_known(r->audit) ? (enum err)r->audit : ERR_INTERNAL;
	s->size = r->size;
	if (r->name.len)
		keep_name(s, r->name);
	if (r->path.len && r->path.len < sizeof s->path) {
		memcpy(s->path, r->path.p, r->path.len);
		s->path[r->path.len] = '\0';
		s->prev = r->prev;
		seen_parse(r->seen, &s->seen);
	}
}

void
store_reply(struct vault *v, struct span payload)
{
	struct file_reply r;

	if (wire_decode(&file_reply_map, payload, &r)) {
		log_error("front sent a malformed answer");
		vault_lock(v);
	}
	take_data(&v->store, &r);
	if (r.more)
		return;
	take_last(&v->store, &r);
	if (v->store.turn.owner)
		job_wake(v->store.turn.owner, ERR_OK);
}

/* ---- reading ---- */
static enum err
read_into(struct job *j, struct buf *out, bool previous)
{
	struct file_request q = { .op = FILE_READ, .previous = previous };
	enum err e;

	if ((e = store_take(j)))
		return e;
	buf_reset(out);
	j->v->store.sink = out;
	e = store_ask(j, &q);
	j->v->store.sink = NULL;
	return e ? e : buf_err(out);
}

enum err
store_read(struct job *j, struct buf *out)
{
	bool held = j->v->store.turn.owner == j;
	enum err e = read_into(j, out, false);

	if (!held)
		store_release(j);
	return e;
}

enum err
store_read_previous(struct job *j, struct buf *out)
{
	return read_into(j, out, true);
}

enum err
store_read_beside(struct job *j, uint64_t at, struct span name, struct buf *out)
{
	struct file_request q = { .op = FILE_BESIDE, .at = at, .data = name };
	enum err e;

	if ((e = store_take(j)))
		return e;
	buf_reset(out);
	j->v->store.name[0] = '\0';
	j->v->store.sink = out;
	e = store_ask(j, &q);
	j->v->store.sink = NULL;
	return e ? e : buf_err(out);
}

/* ---- the audit log ---- */
enum err
store_audit(struct job *j, const struct file_audit *part)
{
	struct file_request q = { .op = FILE_AUDIT, .audit = *part };

	return store_ask(j, &q);
}

enum err
store_audit_read(struct job *j, const struct file_audit *what, struct buf *out, uint64_t *size)
{
	struct file_request q = { .op = FILE_AUDIT_READ, .audit = *what };
	enum err e;

	wire_mark(&file_audit_map, &q.audit);
	if ((e = store_take(j)))
		return e;
	buf_reset(out);
	j->v->store.sink = out;
	e = store_ask(j, &q);
	j->v->store.sink = NULL;
	*size = j->v->store.size;
	return e ? e : buf_err(out);
}

/* ---- what is remembered ---- */
void
store_recall(const struct control_memory *mem, struct line_mark *m)
{
	memset(m, 0, sizeof *m);
	memcpy(m->vault_id, mem->vault_id, 16);
	memcpy(m->line, mem->line, 32);
	m->generation = mem->generation;
	memcpy(m->last_hash, mem->last_hash, 32);
}

void
store_remember(struct vault *v, const struct line_mark *m)
{
	struct control_memory *mem = &v->mem;

	mem->known = 1;
	memcpy(mem->vault_id, m->vault_id, 16);
	memcpy(mem->line, m->line, 32);
	mem->generation = m->generation;
	memcpy(mem->last_hash, m->last_hash, 32);
	vault_remember(v);
	mem->keep_own = 0;
}

void
store_describe(const struct outer *o, const struct body *b, struct span vrk,
    const struct vaultfile_state *st, struct line_file *f)
{
	memcpy(f->vault_id, o->vault_id, 16);
	line_make(vrk, o->vault_id, f->t);
	f->generation = st->last.generation;
	memcpy(f->last_hash, st->last.hash, 32);
	f->lines = buf_span(&b->lines);
}

/* Both memories must agree with the file: `seen` survives a reboot, our predecessor's cannot be
 * edited by whoever can write the owner's files. */
static enum err
check_line(struct vault *v, const struct line_file *f, bool accept, enum line_verdict *verdict)
{
	struct line_mark mem;
	enum line_verdict from_mem = LINE_SAME;
	enum err e;

	*verdict = LINE_FIRST;
	e = line_check(v->store.seen.known ? &v->store.seen.mark : NULL, f, verdict);
	if (!e && v->mem.known) {
		store_recall(&v->mem, &mem);
		e = line_check(&mem, f, &from_mem);
	}
	if (!e || !accept)
		return e;
	v->open.warning = e;
	*verdict = LINE_AHEAD;
	return ERR_OK;
}

static enum err
write_seen(struct job *j, const struct line_mark *m, bool drop_prev)
{
	uint8_t half[SEEN_HALF];
	size_t at;
	struct file_request q = { .op = FILE_SEEN, .drop_prev = drop_prev };

	seen_next(&j->v->store.seen, m, half, &at);
	q.seen = SPAN(half, sizeof half);
	q.seen_at = at;
	return store_ask(j, &q);
}

/* ---- opening ---- */
struct opened {
	struct arrival a;
	struct buf again; /* the bytes, when they had to be read once more */
	struct synced_with with;
	bool accept_older;
	bool joined;
};

static void
opened_done(struct opened *o)
{
	if (!o)
		return;
	body_done(&o->a.body);
	buf_done(&o->again);
	free(o);
}

static enum err
open_file(struct vault *v, struct opened *o)
{
	struct arrival *a = &o->a;
	struct line_file f;
	enum err e;

	body_done(&a->body);
	if ((e = vaultfile_open(a->bytes, &a->outer, sec_span(o->with.vrk), &a->body, &a->st)))
		return e;
	store_describe(&a->outer, &a->body, sec_span(o->with.vrk), &a->st, &f);
	a->refused = check_line(v, &f, o->accept_older, &a->verdict);
	return a->refused == ERR_VAULT_FORGED ? a->refused : ERR_OK;
}

/* Another program was faster: what it wrote is looked at now. */
static enum err
read_again(struct job *j, struct opened *o)
{
	enum err e;

	if ((e = store_read(j, &o->again)))
		return e;
	o->a.bytes = buf_span(&o->again);
	return outer_parse(o->a.bytes, &o->a.outer);
}

static enum err
open_and_join(struct job *j, struct opened *o)
{
	enum err e = ERR_VAULT_CHANGED;

	for (int i = 0; i < JOIN_TRIES && e == ERR_VAULT_CHANGED; i++) {
		if ((i || !o->a.bytes.len) && (e = read_again(j, o)))
			return e;
		if (!(e = open_file(j->v, o)) && !o->accept_older)
			e = synced_join(j, &o->with, &o->joined);
	}
	return e;
}

/* Of another line than the file: it cannot be joined unasked, and is not to be overwritten. */
static void
keep_own_copy(struct vault *v)
{
	v->mem.keep_own = 1;
	mergenotes_say(&v->open.notes,
	    "a way in was removed on another machine; what this one had before is kept as "
	    "copy-...-aside in the state directory, and that way in still opens it: 'ownkey "
	    "vault merge' takes from it what is missing here; then delete it");
}

/* The file as it is becomes what is open. */
static void
adopt_file(struct job *j, struct opened *o)
{
	struct vault *v = j->v;
	struct arrival *a = &o->a;
	bool same = a->verdict == LINE_SAME && !a->refused;
	struct line_file f;
	struct line_mark m;

	store_describe(&a->outer, &a->body, sec_span(o->with.vrk), &a->st, &f);
	line_mark_of(&f, &m);
	v->open.outer = a->outer;
	v->open.state = a->st;
	body_done(&v->open.body);
	v->open.body = a->body;
	body_init(&a->body);
	if (o->with.vrk != &v->open.vrk)
		sec_move(&v->open.vrk, o->with.vrk);
	if (a->verdict == LINE_LATER)
		keep_own_copy(v);
	store_remember(v, &m);
	if (!same && write_seen(j, &m, a->verdict == LINE_LATER))
		log_warn("the record of the newest version could not be written");
}

static void
finish_opening(struct job *j, struct opened *o)
{
	if (o->a.st.torn)
		j->v->open.warning = ERR_VAULT_TORN;
	if (!o->joined)
		adopt_file(j, o);
}

enum err
store_open(struct job *j, const struct store_opening *so, struct sec *vrk)
{
	struct vault *v = j->v;
	struct opened *o;
	enum err e;

	if ((e = store_take(j)) || v->open.is)
		return e;
	if (!(o = calloc(1, sizeof *o)))
		return ERR_NOMEM;
	o->a.bytes = so->bytes;
	o->a.outer = *so->outer;
	o->accept_older = so->accept_older;
	o->with = (struct synced_with){ .a = &o->a, .vrk = vrk };
	v->open.warning = ERR_OK;
	if (!(e = open_and_join(j, o))) {
		v->open.first_seen = o->a.verdict == LINE_FIRST;
		finish_opening(j, o);
	}
	opened_done(o);
	return e;
}

/* The way in that opened the vault may have another place now. */
static void
find_slot(struct vault *v, const uint8_t id[16])
{
	v->open.slot = outer_slot_find(&v->open.outer, id);
}

/* Somebody else changed the file: join it with what is open, or lock. */
enum err
store_reload(struct job *j)
{
	struct vault *v = j->v;
	struct opened *o = calloc(1, sizeof *o);
	uint8_t id[16] = { 0 };
	enum err e = o ? ERR_OK : ERR_NOMEM;

	if (v->open.slot >= 0)
		memcpy(id, v->open.outer.slot[v->open.slot].id, sizeof id);
	if (o) {
		o->with = (struct synced_with){ .a = &o->a, .ours = &v->open, .vrk = &v->open.vrk };
		if (!(e = open_and_join(j, o)))
			finish_opening(j, o);
	}
	opened_done(o);
	if (e) {
		log_err(e, "the vault file was changed by another program; locking");
		vault_lock(v);
	} else {
		store_tell_changed(v);
	}
	find_slot(v, id);
	return ERR_VAULT_CHANGED;
}
