/* store.c - the vault's side of its file. */
#include "agent/vault/store.h"

#include <time.h>

#include "agent/vault/turn.h"
#include "lib/log.h"

#define DISK_MS 60000
/* ten times twenty milliseconds without a change */
#define CALM_MS	   20
#define CALM_LOOKS 10

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
static enum err
send(struct vault *v, struct file_request *q)
{
	wire_mark(&file_request_map, q);
	v->store.answered = false;
	return link_put_msg(&v->front.out, LINK_FILE, 0, &file_request_map, q);
}

/* The disk answers whatever the client does: a change must not end half known. */
static enum err
wait_answer(struct job *j)
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

static enum err
ask(struct job *j, struct file_request *q)
{
	enum err e;

	if ((e = store_take(j)) || (e = send(j->v, q)))
		return e;
	return wait_answer(j);
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

static void
take_last(struct store *s, const struct file_reply *r)
{
	s->answered = true;
	s->err = err_is_known(r->err) ? (enum err)r->err : ERR_INTERNAL;
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
	e = ask(j, &q);
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

/* ---- what is remembered ---- */
static void
mark_from_memory(const struct control_memory *mem, struct line_mark *m)
{
	memcpy(m->vault_id, mem->vault_id, 16);
	memcpy(m->line, mem->line, 32);
	m->generation = mem->generation;
	memcpy(m->last_hash, mem->last_hash, 32);
}

static void
remember(struct vault *v, const struct line_mark *m)
{
	struct control_memory *mem = &v->mem;

	mem->known = 1;
	memcpy(mem->vault_id, m->vault_id, 16);
	memcpy(mem->line, m->line, 32);
	mem->generation = m->generation;
	memcpy(mem->last_hash, m->last_hash, 32);
	vault_remember(v);
}

static void
describe(const struct outer *o, const struct body *b, struct span vrk,
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
		mark_from_memory(&v->mem, &mem);
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
	return ask(j, &q);
}

/* ---- opening ---- */
struct opened {
	enum line_verdict verdict;
	struct line_mark mark;
};

static enum err
open_body(struct vault *v, const struct store_opening *so, struct span vrk, struct opened *out)
{
	struct line_file f;
	enum err e;

	if ((e = vaultfile_open(so->bytes, so->outer, vrk, &v->open.body, &v->open.state)))
		return e;
	describe(so->outer, &v->open.body, vrk, &v->open.state, &f);
	if ((e = check_line(v, &f, so->accept_older, &out->verdict)))
		body_done(&v->open.body);
	line_mark_of(&f, &out->mark);
	return e;
}

enum err
store_open(struct job *j, const struct store_opening *so, struct sec *vrk)
{
	struct vault *v = j->v;
	struct opened lv;
	enum err e;

	if ((e = store_take(j)) || v->open.is)
		return e;
	v->open.warning = ERR_OK;
	if ((e = open_body(v, so, sec_span(vrk), &lv)))
		return e;
	if (v->open.state.torn)
		v->open.warning = ERR_VAULT_TORN;
	v->open.first_seen = lv.verdict == LINE_FIRST;
	v->open.outer = *so->outer;
	sec_move(&v->open.vrk, vrk);
	remember(v, &lv.mark);
	if (lv.verdict != LINE_SAME && write_seen(j, &lv.mark, lv.verdict == LINE_LATER))
		log_warn("the record of the newest version could not be written");
	return ERR_OK;
}

/* Somebody else changed the file: read it with the key that we have, or lock. */
static enum err
reload(struct job *j)
{
	static struct outer o;
	struct vault *v = j->v;
	struct store_opening so = { .outer = &o };
	struct buf bytes = BUF_INIT;
	struct sec vrk = { 0 };
	enum err e;

	if ((e = store_read(j, &bytes)) || (e = outer_parse(buf_span(&bytes), &o)))
		goto out;
	so.bytes = buf_span(&bytes);
	body_done(&v->open.body);
	sec_move(&vrk, &v->open.vrk);
	v->open.is = false;
	e = store_open(j, &so, &vrk);
	v->open.is = !e;
out:
	buf_done(&bytes);
	if (e) {
		log_err(e, "the vault file was changed by another program; locking");
		vault_lock(v);
	}
	return ERR_VAULT_CHANGED;
}

/* ---- appending ---- */
static void
moved(struct vault *v, struct line_mark *m)
{
	struct line_file f;

	describe(&v->open.outer, &v->open.body, sec_span(&v->open.vrk), &v->open.state, &f);
	line_mark_of(&f, m);
}

static void
expect_current(const struct vault *v, struct file_request *q)
{
	q->at = v->open.state.size_valid;
	q->expect = SPAN(v->open.state.last.hash, 32);
}

static enum err
append_record(struct job *j, struct span record, const struct vaultfile_state *next)
{
	struct vault *v = j->v;
	struct file_request q = { .op = FILE_APPEND, .data = record };
	struct vaultfile_state old = v->open.state;
	struct seen before = v->store.seen;
	uint8_t half[SEEN_HALF];
	struct line_mark m;
	size_t at;
	enum err e;

	q.at = old.size_valid;
	q.expect = SPAN(old.last.hash, 32);
	v->open.state = *next;
	moved(v, &m);
	v->open.state = old;
	seen_next(&v->store.seen, &m, half, &at);
	q.seen = SPAN(half, sizeof half);
	q.seen_at = at;
	if (!(e = ask(j, &q)))
		remember(v, &m);
	else
		v->store.seen = before;
	return e;
}

static void
tell_changed(struct vault *v)
{
	struct ops_event ev = { .kind = OPS_EV_CHANGED };

	wire_mark(&ops_event_map, &ev);
	if (v->open.is)
		client_event_all(v, &ev);
}

enum err
store_append(struct job *j, const struct delta *d)
{
	struct vault *v = j->v;
	struct buf cbor = BUF_INIT, record = BUF_INIT;
	struct vaultfile_state next;
	enum err e;

	if (!(e = store_take(j)) && !(e = delta_encode(d, (uint64_t)time(NULL), &cbor)) &&
	    !(e = vaultfile_append(
		  sec_span(&v->open.vrk), &v->open.state, buf_span(&cbor), &record, &next)))
		e = record.len > LINK_CHUNK ? ERR_TOOBIG
					    : append_record(j, buf_span(&record), &next);
	if (e == ERR_VAULT_CHANGED)
		e = reload(j);
	if (!e && body_apply(&v->open.body, buf_span(&cbor), next.last.generation))
		vault_lock(v);
	if (!e) {
		v->open.state = next;
		v->store.grown = true;
		tell_changed(v);
	}
	buf_done(&cbor);
	buf_done(&record);
	return e;
}

/* ---- rewriting ---- */
static enum err
send_file(struct job *j, struct file_request *first, struct span file)
{
	struct file_request q = *first;
	size_t at = 0;
	enum err e = ERR_OK;

	do {
		size_t n = file.len - at < LINK_CHUNK ? file.len - at : LINK_CHUNK;

		q.data = SPAN(file.p + at, n);
		at += n;
		q.more = at < file.len;
		e = send(j->v, &q);
	} while (!e && q.more);
	return e ? e : wait_answer(j);
}

/* Front has written and read it back; only what we made goes in place. */
static enum err
decide(struct job *j)
{
	struct store *s = &j->v->store;
	bool good = !s->differs && s->verified == s->verify.len;
	struct file_request q = { .op = good ? FILE_COMMIT : FILE_ABORT };
	enum err e = ask(j, &q);

	return good ? e : ERR_IO;
}

static enum err
write_file(struct job *j, const struct store_rewrite *w, struct vaultfile_new *nv,
    const struct line_mark *m)
{
	struct store *s = &j->v->store;
	struct file_request q = {
		.op = FILE_REWRITE, .create = w->create, .drop_prev = w->new_line
	};
	struct seen before = s->seen;
	uint8_t half[SEEN_HALF];
	size_t at;
	enum err e;

	if (!w->create)
		expect_current(j->v, &q);
	seen_next(&s->seen, m, half, &at);
	q.seen = SPAN(half, sizeof half);
	q.seen_at = at;
	s->verify = buf_span(&nv->bytes);
	s->verified = 0;
	s->differs = false;
	if (!(e = send_file(j, &q, buf_span(&nv->bytes))))
		e = decide(j);
	s->verify = SPAN_NONE;
	if (e)
		s->seen = before;
	return e;
}

/* What was written becomes what is open. */
static void
adopt(struct vault *v, const struct store_rewrite *w)
{
	if (w->outer != &v->open.outer)
		v->open.outer = *w->outer;
	if (w->body) {
		body_done(&v->open.body);
		v->open.body = *w->body;
		body_init(w->body);
	}
	if (w->vrk) {
		sec_done(&v->open.vrk);
		sec_move(&v->open.vrk, w->vrk);
	}
}

enum err
store_rewrite(struct job *j, const struct store_rewrite *w)
{
	struct vault *v = j->v;
	struct body *b = w->body ? w->body : &v->open.body;
	struct span vrk = sec_span(w->vrk ? w->vrk : &v->open.vrk);
	struct vaultfile_new nv = { 0 };
	struct line_file f;
	struct line_mark m;
	enum err e;

	if ((e = store_take(j)) ||
	    (e = vaultfile_build(w->outer, vrk, b, (uint64_t)time(NULL), &nv)))
		goto out;
	describe(w->outer, b, vrk, &nv.st, &f);
	line_mark_of(&f, &m);
	if ((e = write_file(j, w, &nv, &m)) && e != ERR_VAULT_UNSURE) {
		if (e == ERR_VAULT_CHANGED && v->open.is)
			e = reload(j);
		goto out;
	}
	vaultfile_commit(w->outer, b, &v->open.state, &nv);
	adopt(v, w);
	tell_changed(v);
	remember(v, &m);
out:
	vaultfile_new_done(&nv);
	return e;
}

/* ---- folding the journal into the file ---- */
static bool
is_due(const struct vault *v)
{
	const struct vaultfile_state *st = &v->open.state;

	return v->open.is && journal_should_rewrite(st->journal_len, st->body_len);
}

/* No change for a moment: nobody waits while the file is made anew.  Not when there is twice as
 * much to fold, though. */
static void
wait_for_calm(struct job *j)
{
	const struct vaultfile_state *st = &j->v->open.state;
	uint64_t last = st->last.generation;
	unsigned quiet = 0;

	while (quiet < CALM_LOOKS && is_due(j->v) &&
	    !journal_should_rewrite(st->journal_len / 2, st->body_len)) {
		j->cancelled = false;
		if (job_wait(j, CALM_MS) == ERR_NOMEM)
			break;
		quiet = st->last.generation == last ? quiet + 1 : 0;
		last = st->last.generation;
	}
	j->cancelled = false;
}

/* The change itself is durable and answered: a failure here only waits for the next one. */
void
store_fold(struct job *j)
{
	struct vault *v = j->v;
	struct store_rewrite w = { .outer = &v->open.outer };

	if (!v->store.grown || v->store.folding || !is_due(v))
		return;
	v->store.folding = true;
	wait_for_calm(j);
	if (!store_take(j) && is_due(v) && store_rewrite(j, &w))
		log_warn("the journal could not be folded into the vault file");
	v->store.grown = v->store.folding = false;
}

/* ---- one version back ---- */
/* What is remembered of the newer version stays: whoever goes back says so again when unlocking, so
 * that another program cannot do it unseen. */
enum err
store_previous(struct job *j)
{
	struct file_request q = { .op = FILE_PREVIOUS };

	return ask(j, &q);
}
