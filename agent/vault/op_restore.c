/*
 * op_restore.c - a backup is opened, compared, and becomes a vault or part of one.
 */
#include <time.h>

#include "agent/vault/delta.h"
#include "agent/vault/op.h"
#include "agent/vault/phrasejob.h"
#include "agent/vault/policy.h"
#include "agent/vault/restore.h"

#define IDLE_MS	  1800000
#define RECORD_MS 120000 /* until the worker says something more, once it has begun */
#define PASS_MAX  1024

/* The one that is open. */
static struct {
	struct restore *r;
	uint32_t handle; /* counts on: an old one is never valid again */
	uint32_t conn;
	bool busy; /* a job works with it: who wants it away has to wait for that */
	bool left; /* its client has gone */
	struct loop_timer *timer;
} session;

/* ---- the session ---- */
static void
forget(void)
{
	restore_free(session.r);
	session.r = NULL;
	loop_timer_remove(session.timer);
	session.timer = NULL;
}

static void
idle(void *arg)
{
	(void)arg;
	session.timer = NULL;
	if (!session.busy)
		forget();
}

static void
used(struct vault *v)
{
	loop_timer_remove(session.timer);
	session.timer = loop_timer_add(v->loop, loop_now() + IDLE_MS, idle, NULL);
}

void
op_restore_forget(const struct client *c)
{
	if (!session.r || session.conn != c->conn)
		return;
	session.left = true;
	if (!session.busy)
		forget();
}

static enum err
find(const struct req *r, uint64_t handle)
{
	if (!session.r || session.handle != handle || !r->c || session.conn != r->c->conn)
		return ERR_NOTFOUND;
	return session.busy ? ERR_BUSY : ERR_OK;
}

static enum err
keep(struct req *r, struct restore *made)
{
	if (!r->c)
		return ERR_CANCELLED;
	if (session.r && (session.busy || session.conn != r->c->conn))
		return ERR_BUSY;
	forget();
	session.r = made;
	session.handle++;
	session.conn = r->c->conn;
	session.left = false;
	used(r->v);
	return ERR_OK;
}

static struct restore_side
side_of(const struct vault *v)
{
	return (struct restore_side){ .body = &v->open.body, .vrk = sec_span(&v->open.vrk) };
}

/* ---- open ---- */
/* Backup passphrases of the open vault, the newest first, one a line. */
static enum err
add_passphrase(const struct vault *v, const struct seed *s, struct sec *out)
{
	struct sec text = { 0 };
	enum err e =
	    slotmake_open_backup(sec_span(&v->open.vrk), (uint32_t)s->generation, s->backup, &text);

	if (!e && out->len + text.len + 1 <= out->cap) {
		e = out->len ? sec_put(out, SPAN_LIT("\n")) : ERR_OK;
		if (!e)
			e = sec_put(out, sec_span(&text));
	}
	sec_done(&text);
	return e;
}

static enum err
live_keys(const struct vault *v, struct sec *out)
{
	struct seed last, s;
	enum err e = sec_init(out, PASS_MAX);

	if (e || body_seed_last(&v->open.body, &last))
		return e;
	for (uint64_t g = last.generation + 1; !e && g-- > 0;)
		if (!body_seed_get(&v->open.body, g, &s) && s.backup.len)
			e = add_passphrase(v, &s, out);
	return e;
}

/* Records until the result; each is void when the next one is asked for. */
static enum err
take_all(struct job *j, struct helper *h, struct restore *made)
{
	struct worker_event ev;
	struct span frame;
	uint64_t patience = PHRASEJOB_MS + 10000;
	enum err e;

	do {
		if ((e = job_recv(j, h, patience, &frame)) ||
		    (e = wire_decode(&worker_event_map, frame, &ev)))
			return e;
		if (ev.kind == WORKER_EV_ERROR)
			return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_INTERNAL;
		e = restore_take(made, &ev);
		chan_forget(&h->chan);
		patience = RECORD_MS;
	} while (!e && ev.kind != WORKER_EV_RESULT);
	return e;
}

static enum err
talk(struct job *j, struct restore *made, struct span pass)
{
	struct span id = SPAN(made->made.phrase_id, 16);
	struct worker_job q = { .op = WORKER_BACKUP_OPEN,
		.pass = pass,
		.wait_ms = PHRASEJOB_MS,
		.slot_ids = { .v = &id, .n = 1 } };
	struct ops_event ev = { .kind = OPS_EV_NEED_FILE };
	struct helper *h = NULL;
	enum err e;

	wire_mark(&worker_job_map, &q);
	if (!(e = job_new_id(j, false)) && !(e = job_spawn(j, HELPER_WORKER, j->id, &h)) &&
	    !(e = job_send(j, h, &worker_job_map, &q))) {
		ev.job = SPAN(j->id, JOB_ID_LEN);
		job_event_full(j, &ev);
		e = take_all(j, h, made);
	}
	job_end(j, h);
	job_forget_id(j);
	return e == ERR_HANGUP ? ERR_KDF_MEMORY : e;
}

/* The row of this file in the list of backups. */
static bool
note_of(const struct vault *v, const uint8_t hash[32], struct backup_note *note)
{
	struct cbor c = cbor_from(body_raw(&v->open.body, BODY_BACKUPS));
	size_t n = 0;

	if (cbor_at_end(&c) || cbor_get_array(&c, &n))
		return false;
	while (n-- > 0 && !wire_decode_at(&backup_note_map, &c, note))
		if (span_eq(note->hash, SPAN(hash, 32)))
			return true;
	return false;
}

static void
count(const struct restore *made, struct ops_restore_open_rep *rep)
{
	struct item it;
	size_t pos = 0;

	while (body_item_next(&made->made.body, &pos, &it)) {
		rep->identities += it.kind == ITEM_KEY;
		rep->secrets += it.kind == ITEM_SECRET;
		rep->others += it.kind != ITEM_KEY && it.kind != ITEM_SECRET;
	}
}

static enum err
answer_open(struct req *r)
{
	const struct restore *made = session.r;
	struct ops_restore_open_rep rep = { .handle = session.handle,
		.created = made->created,
		.vault_id = SPAN(made->vault_id, 16),
		.generation = made->generation,
		.size = made->size,
		.hash = SPAN(made->hash, 32),
		.phrase = made->rec.len > 0,
		.compares = r->v->open.is };
	struct restore_side live = side_of(r->v);
	struct backup_note note;
	struct seed s;
	enum err e = ERR_OK;

	count(made, &rep);
	if (!body_seed_last(&made->made.body, &s)) {
		rep.fingerprint = s.fpr;
		rep.seed = s.generation;
	}
	if (rep.compares) {
		rep.known = note_of(r->v, made->hash, &note);
		e = restore_is_other(made, &live, &rep.other);
	}
	wire_mark(&ops_restore_open_rep_map, &rep);
	return e ? e : req_reply(r, &rep);
}

/* A vault that is locked is not passed over. */
static enum err
may_open(struct req *r)
{
	const struct ops_restore_open *in = r->in;
	enum err e;

	if (!r->c || (!r->c->interactive && !in->live_key))
		return ERR_NOPROMPT;
	if (session.r && session.conn != r->c->conn)
		return ERR_BUSY;
	if (r->v->open.is)
		return ERR_OK;
	e = newvault_none_yet(r->job);
	return e == ERR_VAULT_EXISTS ? ERR_LOCKED : e;
}

enum err
op_restore_open(struct req *r)
{
	const struct ops_restore_open *in = r->in;
	struct restore *made = NULL;
	struct sec pass = { 0 };
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = may_open(r)))
		return e;
	if (in->live_key && r->v->open.is)
		e = live_keys(r->v, &pass);
	if (!e && !(e = restore_new(&made)) && !(e = talk(r->job, made, sec_span(&pass))))
		e = keep(r, made);
	sec_done(&pass);
	if (e) {
		restore_free(made);
		return e;
	}
	return answer_open(r);
}

/* ---- compare ---- */
enum err
op_restore_compare(struct req *r)
{
	static struct ops_restore_row rows[OPS_RESTORE_ROWS];
	const struct ops_restore_sel *in = r->in;
	struct restore_page p = { .cursor = in->cursor, .row = rows };
	struct ops_restore_compare_rep rep = { 0 };
	struct restore_side live = side_of(r->v);
	enum err e;

	if ((e = find(r, in->handle)) || (e = restore_compare(session.r, &live, &p)))
		return e;
	used(r->v);
	rep.rows = (struct wire_list){ .v = rows, .n = p.n };
	rep.same = p.same;
	rep.next = p.next;
	wire_mark(&ops_restore_compare_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- commit: no vault yet ---- */
static void
fill_ways(const struct ops_restore_commit *in, struct newvault_ways *w)
{
	*w = (struct newvault_ways){ .ways = in->ways,
		.token = in->token,
		.token_label = in->token_label,
		.no_pin = in->no_pin,
		.and_pass = in->and_pass,
		.force = in->force,
		.argon_m = in->argon_m,
		.argon_t = in->argon_t,
		.phrase = session.r->rec.len > 0,
		.one_way_in = in->one_way_in };
}

/* Of the backup: which seed new identities use.  Of this vault: all else. */
static enum err
put_defaults(struct req *r, struct newvault *n, bool one_way_in)
{
	struct defaults def = { 0 };
	enum err e = body_value_get(&n->body, BODY_DEFAULTS, &defaults_map, &def);

	if (e && e != ERR_NOTFOUND)
		return e;
	def.notreal = r->v->notreal;
	def.one_way_in = one_way_in;
	def.owed = 0;
	if (!def.created)
		def.created = n->now;
	if ((e = body_value_put(&n->body, BODY_DEFAULTS, &defaults_map, &def)))
		return e;
	return newvault_defaults(n, &def);
}

static enum err
fill_vault(struct req *r, const struct newvault_ways *w)
{
	struct newvault *n = &session.r->made;
	enum err e;

	if ((e = newvault_enrol(n, r->job, w)))
		return e;
	if (w->phrase && (e = newvault_phrase(n, sec_span(&session.r->rec))))
		return e;
	if ((e = put_defaults(r, n, w->one_way_in)))
		return e;
	return newvault_write(n, r->job);
}

/* After a failure the person may try again, from where this began. */
static void
without_ways(struct newvault *n)
{
	for (size_t i = 0; i < OUTER_SLOTS; i++)
		outer_slot_clear(&n->outer, i);
	rows_done(&n->body.notes);
	n->next = 0;
}

static enum err
make_vault(struct req *r, struct ops_restore_commit_rep *rep)
{
	struct newvault_ways w;
	struct ops_restore_open_rep all = { 0 };
	enum err e;

	fill_ways(r->in, &w);
	if ((e = newvault_check(&w)) || (e = newvault_none_yet(r->job)))
		return e;
	count(session.r, &all);
	if ((e = fill_vault(r, &w)) && e != ERR_VAULT_UNSURE) {
		without_ways(&session.r->made);
		return e;
	}
	op_unlocked(r->v, 0);
	rep->added = all.identities + all.secrets + all.others;
	return e;
}

/* ---- commit: into the open vault ---- */
static enum err
write_merged(struct req *r, struct restore_merge *m)
{
	struct vault *v = r->v;
	struct store_rewrite w = { .outer = &v->open.outer };
	struct body copy;
	enum err e;

	body_init(&copy);
	if ((e = store_take(r->job)))
		return e;
	if (!v->open.is)
		return ERR_LOCKED;
	m->vrk = sec_span(&v->open.vrk);
	if (!(e = body_clone(&v->open.body, &copy)) && !(e = restore_merge(session.r, &copy, m)) &&
	    m->added + m->both + m->seeds > 0) {
		w.body = &copy;
		e = store_rewrite(r->job, &w);
	}
	body_done(&copy);
	return e;
}

static enum err
merge(struct req *r, struct ops_restore_commit_rep *rep)
{
	const struct ops_restore_commit *in = r->in;
	struct proof p = { .ways = in->proof,
		.label = in->proof_label,
		.force = in->force,
		.request = SPAN_LIT("restore") };
	struct restore_merge m = { .secrets_only = in->secrets_only };
	struct restore_side live = side_of(r->v);
	bool other = false;
	enum err e;

	/* before the person is asked for anything */
	if (!in->secrets_only && (e = restore_is_other(session.r, &live, &other)))
		return e;
	if (other)
		return ERR_BACKUP_OTHER;
	if ((e = policy_prove(r, &p, NULL)) || (e = write_merged(r, &m)))
		return e;
	rep->added = m.added;
	rep->both = m.both;
	rep->same = m.same;
	rep->seeds = m.seeds;
	rep->passed = m.passed;
	return ERR_OK;
}

static enum err
answer_commit(struct req *r, struct ops_restore_commit_rep *rep, const char *note)
{
	struct vault *v = r->v;

	rep->vault_id = SPAN(v->open.outer.vault_id, 16);
	rep->path = span_str(v->store.path);
	rep->note = span_str(note);
	wire_mark(&ops_restore_commit_rep_map, rep);
	return req_reply(r, rep);
}

enum err
op_restore_commit(struct req *r)
{
	const struct ops_restore_commit *in = r->in;
	struct ops_restore_commit_rep rep = { 0 };
	bool done;
	enum err e, told;

	if ((e = find(r, in->handle)))
		return e;
	REQ_MUST_WAIT(r);
	if (in->merge != r->v->open.is)
		return in->merge ? ERR_LOCKED : ERR_VAULT_EXISTS;
	session.busy = true;
	e = in->merge ? merge(r, &rep) : make_vault(r, &rep);
	session.busy = false;
	done = !e || e == ERR_VAULT_UNSURE;
	if (done && (told = answer_commit(r, &rep, session.r->made.note)))
		e = told;
	/* what became a vault is gone from here */
	if (session.left || (done && !in->merge))
		forget();
	else
		used(r->v);
	return e;
}

/* ---- close ---- */
struct looked_at {
	uint8_t hash[32];
	uint64_t now;
	bool elsewhere; /* not on the disk of the vault */
};

/* All rows, with this one looked at now. */
static enum err
mark_rows(struct span old, const struct looked_at *l, struct buf *out)
{
	struct cbor c = cbor_from(old);
	struct backup_note note;
	size_t n = 0;
	enum err e = cbor_get_array(&c, &n);

	cbor_put_array(out, n);
	while (!e && n-- > 0) {
		if ((e = wire_decode_at(&backup_note_map, &c, &note)))
			break;
		if (span_eq(note.hash, SPAN(l->hash, 32))) {
			note.verified = l->now;
			note.here = note.here && !l->elsewhere;
		}
		wire_mark(&backup_note_map, &note);
		e = wire_encode(&backup_note_map, &note, out);
	}
	return e ? e : buf_err(out);
}

static enum err
remember(struct req *r, const struct looked_at *l, bool *known)
{
	struct delta d = DELTA_INIT;
	struct buf rows = BUF_INIT;
	struct backup_note note;
	enum err e;

	*known = false;
	if ((e = store_take(r->job)) || !r->v->open.is || !note_of(r->v, l->hash, &note))
		return e;
	if (!(e = mark_rows(body_raw(&r->v->open.body, BODY_BACKUPS), l, &rows))) {
		delta_raw(&d, BODY_BACKUPS, buf_span(&rows));
		e = store_append(r->job, &d);
	}
	*known = !e;
	delta_done(&d);
	buf_done(&rows);
	return e;
}

enum err
op_restore_close(struct req *r)
{
	const struct ops_restore_sel *in = r->in;
	struct looked_at l = { .elsewhere = in->elsewhere };
	struct ops_restore_close_rep rep = { 0 };
	enum err e;

	if ((e = find(r, in->handle)))
		return e;
	if (session.r->compared && !session.r->lacks && r->v->open.is) {
		REQ_MUST_WAIT(r);
		rep.verified = l.now = (uint64_t)time(NULL);
		memcpy(l.hash, session.r->hash, sizeof l.hash);
	}
	forget();
	if (rep.verified && (e = remember(r, &l, &rep.known)))
		return e;
	wire_mark(&ops_restore_close_rep_map, &rep);
	return req_reply(r, &rep);
}
