/*
 * store_write.c - what becomes durable: a record behind the file, the file anew, the last words of
 * a vault that is locked; and with each what the audit log has to have first.
 */
#include <time.h>

#include "agent/vault/audit.h"
#include "agent/vault/public.h"
#include "agent/vault/store_inner.h"
#include "lib/log.h"

/* ten times twenty milliseconds without a change */
#define CALM_MS	   20
#define CALM_LOOKS 10

/* ---- the audit log ---- */
/* The entries that go with a change. */
static enum err
log_begin(struct job *j, struct file_audit *part)
{
	enum err e;

	if (!audit_is_due(&j->r) || !j->v->open.is)
		return ERR_OK;
	if (!j->v->audit->ready)
		audit_open(j);
	e = audit_begin(j->v, &j->r, part);
	return e ? ERR_AUDIT_WRITE : ERR_OK;
}

/* sent: what front said of them. */
static void
log_end(struct job *j, enum err err)
{
	if (j->v->audit->flying && !err)
		j->r.audited = true;
	audit_end(j->v, err);
}

/* ---- appending ---- */
static void
moved(struct vault *v, struct line_mark *m)
{
	struct line_file f;

	store_describe(&v->open.outer, &v->open.body, sec_span(&v->open.vrk), &v->open.state, &f);
	line_mark_of(&f, m);
}

static void
expect_current(const struct vault *v, struct file_request *q)
{
	q->at = v->open.state.size_valid;
	q->expect = SPAN(v->open.state.last.hash, 32);
}

/* The version that there is with the next record. */
static void
mark_next(struct vault *v, const struct vaultfile_state *next, struct line_mark *m)
{
	struct vaultfile_state old = v->open.state;

	v->open.state = *next;
	moved(v, m);
	v->open.state = old;
}

static void
fill_append(
    struct vault *v, const struct line_mark *m, struct file_request *q, uint8_t half[SEEN_HALF])
{
	size_t at;

	q->op = FILE_APPEND;
	q->at = v->open.state.size_valid;
	seen_next(&v->store.seen, m, half, &at);
	q->seen = SPAN(half, SEEN_HALF);
	q->seen_at = at;
}

static enum err
append_record(struct job *j, struct file_request *q, const struct vaultfile_state *next)
{
	struct vault *v = j->v;
	struct seen before = v->store.seen;
	uint8_t half[SEEN_HALF], last[32];
	struct line_mark m;
	enum err e;

	memcpy(last, v->open.state.last.hash, sizeof last);
	q->expect = SPAN(last, sizeof last);
	mark_next(v, next, &m);
	fill_append(v, &m, q, half);
	if (!(e = store_ask(j, q)))
		store_remember(v, &m);
	else
		v->store.seen = before;
	return e;
}

/* A folding is none: who keeps a copy would read all of it anew. */
uint64_t
store_change(const struct vault *v)
{
	return v->open.body.generation - v->store.folds;
}

void
store_tell_changed(struct vault *v)
{
	struct ops_event ev = { .kind = OPS_EV_CHANGED, .change = store_change(v) };

	wire_mark(&ops_event_map, &ev);
	if (v->open.is)
		client_event_all(v, &ev);
}

struct change {
	struct buf cbor, record;
	struct vaultfile_state next;
};

/* One try.  *log: what the audit log said; then nothing has changed. */
static enum err
append_once(struct job *j, struct delta *d, struct change *c, enum err *log)
{
	struct vault *v = j->v;
	struct file_request q = { .op = FILE_APPEND };
	enum err e;

	buf_reset(&c->cbor);
	buf_reset(&c->record);
	if ((*log = log_begin(j, &q.audit)))
		return *log;
	audit_put_head(v, d);
	if (!(e = delta_encode(d, (uint64_t)time(NULL), &c->cbor)) &&
	    !(e = vaultfile_append(sec_span(&v->open.vrk), &v->open.state, buf_span(&c->cbor),
		  &c->record, &c->next)) &&
	    c->record.len > LINK_CHUNK)
		e = ERR_TOOBIG;
	if (e) {
		log_end(j, e);
		return e;
	}
	q.data = buf_span(&c->record);
	e = append_record(j, &q, &c->next);
	*log = v->store.audit_err;
	log_end(j, *log ? *log : v->store.answered ? ERR_OK : e);
	return e;
}

enum err
store_append(struct job *j, struct delta *d)
{
	struct vault *v = j->v;
	struct change c = { .cbor = BUF_INIT };
	enum err log = ERR_OK, e;

	if ((e = store_take(j)))
		return e;
	if (j->r.row && !j->r.counted && !(j->r.row->flags & (OPF_WIDEN | OPF_AUDIT)))
		audit_count(&j->r, NULL);
	do
		e = append_once(j, d, &c, &log);
	while (audit_again(j, log, &e));
	if (e == ERR_VAULT_CHANGED)
		e = store_reload(j);
	if (!e && body_apply(&v->open.body, buf_span(&c.cbor), c.next.last.generation))
		vault_lock(v);
	if (!e) {
		v->open.state = c.next;
		v->store.grown = true;
		audit_is_anchored(v);
		store_tell_changed(v);
	}
	buf_done(&c.cbor);
	buf_done(&c.record);
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
		e = store_send(j->v, &q);
	} while (!e && q.more);
	return e ? e : store_wait(j);
}

/* What is written, and what goes to the audit log with it. */
struct writing {
	struct vaultfile_new nv;
	struct line_mark m;
	struct file_audit part;
	enum err log; /* what the log said */
	bool logged;
};

static enum err
abort_rewrite(struct job *j, enum err why)
{
	struct file_request q = { .op = FILE_ABORT };

	return store_ask(j, &q) == ERR_CANCELLED ? why : ERR_IO;
}

/* Front has written and read it back; only what we made goes in place, and the log is first. */
static enum err
decide(struct job *j, struct writing *wr)
{
	struct store *s = &j->v->store;
	struct file_request q = { .op = FILE_COMMIT, .audit = wr->part };
	enum err e;

	if (s->differs || s->verified != s->verify.len)
		return abort_rewrite(j, ERR_IO);
	e = store_ask(j, &q);
	wr->log = s->audit_err;
	wr->logged = s->answered && !wr->log;
	return wr->log ? abort_rewrite(j, wr->log) : e;
}

static enum err
write_file(struct job *j, const struct store_rewrite *w, struct writing *wr)
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
	seen_next(&s->seen, &wr->m, half, &at);
	q.seen = SPAN(half, sizeof half);
	q.seen_at = at;
	s->verify = buf_span(&wr->nv.bytes);
	s->verified = 0;
	s->differs = false;
	if (!(e = send_file(j, &q, buf_span(&wr->nv.bytes))))
		e = decide(j, wr);
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
	/* keys may have come from another copy or a backup */
	if (w->body && v->open.is)
		public_send(v);
}

/* One try; what is in w stays as it was when it fails. */
static enum err
rewrite_once(struct job *j, const struct store_rewrite *w, struct writing *wr)
{
	struct vault *v = j->v;
	struct body *b = w->body ? w->body : &v->open.body;
	struct span vrk = sec_span(w->vrk ? w->vrk : &v->open.vrk);
	struct line_file f;
	enum err e;

	*wr = (struct writing){ .log = ERR_OK };
	if (!w->joined && (wr->log = log_begin(j, &wr->part)))
		return wr->log;
	if (!w->create && !w->joined && (e = audit_set_head(v, b)))
		goto out;
	if ((e = vaultfile_build(w->outer, vrk, b, (uint64_t)time(NULL), &wr->nv)))
		goto out;
	store_describe(w->outer, b, vrk, &wr->nv.st, &f);
	line_mark_of(&f, &wr->m);
	e = write_file(j, w, wr);
out:
	log_end(j, wr->logged ? ERR_OK : wr->log ? wr->log : e);
	/* the head that was to be written is not that of the log now */
	if (e && !w->body && !w->create && audit_set_head(v, b))
		log_warn("out of memory for the head of the audit log");
	return e;
}

enum err
store_rewrite(struct job *j, const struct store_rewrite *w)
{
	struct vault *v = j->v;
	struct body *b = w->body ? w->body : &v->open.body;
	struct writing wr = { .log = ERR_OK };
	enum err e;

	if ((e = store_take(j)))
		return e;
	do {
		vaultfile_new_done(&wr.nv);
		e = rewrite_once(j, w, &wr);
	} while (audit_again(j, wr.log, &e));
	if (e && e != ERR_VAULT_UNSURE) {
		if (e == ERR_VAULT_CHANGED && v->open.is && !w->joined)
			e = store_reload(j);
		goto out;
	}
	vaultfile_commit(w->outer, b, &v->open.state, &wr.nv);
	adopt(v, w);
	if (w->create)
		j->r.made = true;
	else if (!w->joined)
		audit_is_anchored(v);
	if (w->fold)
		v->store.folds++;
	else
		store_tell_changed(v);
	store_remember(v, &wr.m);
out:
	vaultfile_new_done(&wr.nv);
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
	struct store_rewrite w = { .outer = &v->open.outer, .fold = true };

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

	return store_ask(j, &q);
}

/* ---- the end ---- */
/* The head goes with it unless a change is under way: where its record will end is not known. */
static enum err
anchor(struct vault *v, struct file_request *q, struct buf *record, uint8_t half[SEEN_HALF])
{
	struct delta d = DELTA_INIT;
	struct buf cbor = BUF_INIT;
	struct vaultfile_state next;
	struct line_mark m;
	enum err e;

	audit_put_head(v, &d);
	if (!(e = delta_encode(&d, (uint64_t)time(NULL), &cbor)) &&
	    !(e = vaultfile_append(
		  sec_span(&v->open.vrk), &v->open.state, buf_span(&cbor), record, &next))) {
		q->data = buf_span(record);
		expect_current(v, q);
		mark_next(v, &next, &m);
		memcpy(m.before, v->open.state.last.hash, 32);
		fill_append(v, &m, q, half);
	}
	delta_done(&d);
	buf_done(&cbor);
	return e;
}

/* What the supervisor remembers stays behind by one version: whether it was written, nobody waits
 * to hear.  A file that is ahead is accepted. */
void
store_last(struct vault *v)
{
	struct file_request q = { .op = FILE_AUDIT, .quiet = true };
	struct buf record = BUF_INIT;
	uint8_t half[SEEN_HALF];
	bool more;

	if (!v->open.is || audit_last(v, &q.audit))
		return;
	more = v->audit->next.n > v->audit->anchored + 1;
	if (more && !v->store.turn.owner && anchor(v, &q, &record, half))
		log_debug("the head of the audit log waits for the next change");
	wire_mark(&file_request_map, &q);
	if (link_put_msg(&v->front.out, LINK_FILE, 0, &file_request_map, &q))
		log_debug("out of memory for the last entries of the audit log");
	buf_done(&record);
}
