/*
 * op_backup.c - backups: begun with a fresh factor, read piece by piece, remembered when they are
 * somewhere safe.
 */
#include <time.h>

#include "agent/slot/slot.h"
#include "agent/vault/backup.h"
#include "agent/vault/delta.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/text.h"

#define STREAMS	  4
#define IDLE_MS	  120000
#define SCRYPT_MS 120000
#define WAIT_MS	  100

static struct backup *streams[STREAMS];

/* ---- streams ---- */
static void
drop(size_t i)
{
	backup_free(streams[i]);
	streams[i] = NULL;
}

void
op_backup_forget(const struct client *c)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (streams[i] && streams[i]->conn == c->conn)
			drop(i);
}

/* A free place; who stopped reading has lost theirs. */
static enum err
keep(struct backup *b, const struct client *c)
{
	static uint32_t last;

	for (size_t i = 0; i < STREAMS; i++) {
		if (streams[i] && loop_now() - streams[i]->last_ms > IDLE_MS)
			drop(i);
		if (streams[i])
			continue;
		b->handle = ++last;
		b->conn = c->conn;
		b->last_ms = loop_now();
		streams[i] = b;
		return ERR_OK;
	}
	return ERR_LIMIT;
}

static enum err
find(const struct req *r, uint64_t handle, struct backup **out)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (streams[i] && streams[i]->handle == handle && streams[i]->conn == r->c->conn) {
			*out = streams[i];
			return ERR_OK;
		}
	return ERR_NOTFOUND;
}

/* ---- who can open it ---- */
static enum err
take_scrypt(struct backup *b, const uint8_t *salt, struct span frame)
{
	struct worker_event ev;
	enum err e;

	if ((e = wire_decode(&worker_event_map, frame, &ev)))
		return e;
	if (ev.kind != WORKER_EV_RESULT)
		return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_INTERNAL;
	if (ev.out.len != 32)
		return ERR_FORMAT;
	return age_writer_scrypt(&b->age, salt, AGE_LOGN, ev.out.p);
}

/* The worker computes: 256 MiB are not this process's to take. */
static enum err
for_passphrase(struct job *j, struct backup *b, struct span pass)
{
	uint8_t salt[AGE_SALT];
	struct worker_job q = { .op = WORKER_SCRYPT,
		.pass = pass,
		.salt = SPAN(salt, sizeof salt),
		.log_n = AGE_LOGN };
	struct helper *h = NULL;
	struct span frame;
	enum err e;

	crypto_random(salt, sizeof salt);
	wire_mark(&worker_job_map, &q);
	job_event(j, OPS_EV_WORKING, "preparing the backup passphrase");
	if (!(e = job_spawn(j, HELPER_WORKER, NULL, &h)) &&
	    !(e = job_send(j, h, &worker_job_map, &q)) && !(e = job_recv(j, h, SCRYPT_MS, &frame)))
		e = take_scrypt(b, salt, frame);
	job_end(j, h);
	return e == ERR_HANGUP ? ERR_KDF_MEMORY : e;
}

static enum err
for_owner(struct job *j, struct backup *b)
{
	struct sec pass = { 0 };
	struct seed s;
	enum err e;

	if ((e = body_seed_last(&b->body, &s)))
		return e;
	b->note.seed = s.generation;
	if (!(e = slotmake_open_backup(sec_span(&b->vrk), (uint32_t)s.generation, s.backup, &pass)))
		e = for_passphrase(j, b, sec_span(&pass));
	sec_done(&pass);
	return e;
}

static enum err
for_recipients(struct backup *b, const struct ops_backup_create *in)
{
	struct cbor c = wire_each(&in->recipients);
	struct ops_recipient row;
	uint8_t pub[32];
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&c))
		if (!(e = wire_next(&ops_recipient_map, &c, &row)) &&
		    !(e = age_recipient_parse(row.text, pub)))
			e = age_writer_recipient(&b->age, pub);
	b->note.recipients = in->recipients.n;
	return e;
}

/* Before the person is asked for anything. */
static enum err
check_recipients(const struct ops_backup_create *in)
{
	struct cbor c = wire_each(&in->recipients);
	struct ops_recipient row;
	uint8_t pub[32];
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&c))
		if (!(e = wire_next(&ops_recipient_map, &c, &row)))
			e = age_recipient_parse(row.text, pub);
	return e;
}

/* ---- create ---- */
/* Times are whole seconds, and what is as old as a backup counts as not in it (inventory.c).  So
 * none is made in the second of the last change. */
static bool
changed_in(const struct vault *v, uint64_t second)
{
	struct item it;
	size_t pos = 0;

	while (body_item_next(&v->open.body, &pos, &it))
		if (it.mtime == second)
			return true;
	return false;
}

/* time(), as for the items: other clocks are some milliseconds ahead of it. */
static enum err
wait_second(struct req *r)
{
	enum err e = ERR_OK;

	while (r->v->open.is && !e && changed_in(r->v, (uint64_t)time(NULL))) {
		e = job_wait(r->job, WAIT_MS);
		e = e == ERR_TIMEOUT ? ERR_OK : e;
	}
	return e;
}

static enum err
make(struct req *r, struct backup *b)
{
	const struct ops_backup_create *in = r->in;
	enum err e;

	if ((e = age_writer_init(&b->age, in->armor)) ||
	    (e = in->recipients.n ? for_recipients(b, in) : for_owner(r->job, b)))
		return e;
	return backup_start(b);
}

static enum err
answer(struct req *r, const struct backup *b)
{
	struct ops_backup_create_rep rep = { .handle = b->handle,
		.created = b->note.created,
		.generation = b->note.generation,
		.seed = b->note.seed };
	struct item it;
	size_t pos = 0;

	while (body_item_next(&b->body, &pos, &it)) {
		rep.identities += it.kind == ITEM_KEY;
		rep.secrets += it.kind == ITEM_SECRET;
	}
	wire_mark(&ops_backup_create_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_backup_create(struct req *r)
{
	const struct ops_backup_create *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct backup *b = NULL;
	enum err e;

	REQ_MUST_WAIT(r);
	p.request = SPAN_LIT("backup");
	if ((e = check_recipients(in)) || (e = policy_prove(r, &p, NULL)) || (e = wait_second(r)))
		return e;
	if (!r->v->open.is || !r->c)
		return ERR_CANCELLED;
	if (!(e = backup_new(r->v, &b)) && !(e = make(r, b)))
		e = r->c ? keep(b, r->c) : ERR_CANCELLED;
	if (e)
		backup_free(b);
	return e ? e : answer(r, b);
}

enum err
op_backup_read(struct req *r)
{
	const struct ops_backup_read *in = r->in;
	struct ops_backup_read_rep rep = { 0 };
	struct backup *b;
	enum err e;

	if ((e = find(r, in->handle, &b)) ||
	    (e = backup_piece(b, OPS_BACKUP_PIECE, &rep.data, &rep.end)))
		return e;
	b->last_ms = loop_now();
	wire_mark(&ops_backup_read_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- what is remembered ---- */
/* The rows that stay, oldest first; the oldest goes when there are too many. */
static enum err
copy_rows(struct span old, struct buf *rows, size_t *n)
{
	struct cbor c = cbor_from(old);
	struct span raw;
	size_t count = 0;
	enum err e = old.len ? cbor_get_array(&c, &count) : ERR_OK;

	*n = 0;
	for (size_t i = 0; i < count && !e; i++) {
		if ((e = cbor_skip(&c, &raw)) || (i == 0 && count >= BACKUP_NOTES))
			continue;
		buf_put_span(rows, raw);
		++*n;
	}
	return e;
}

static enum err
remember(struct req *r, const struct backup_note *note)
{
	struct buf rows = BUF_INIT, all = BUF_INIT;
	struct delta d = DELTA_INIT;
	struct backup_note marked = *note;
	size_t n;
	enum err e;

	wire_mark(&backup_note_map, &marked);
	if (!(e = copy_rows(body_raw(&r->v->open.body, BODY_BACKUPS), &rows, &n)) &&
	    !(e = wire_encode(&backup_note_map, &marked, &rows))) {
		cbor_put_array(&all, n + 1);
		buf_put_span(&all, buf_span(&rows));
		delta_raw(&d, BODY_BACKUPS, buf_span(&all));
		e = store_append(r->job, &d);
	}
	delta_done(&d);
	buf_done(&rows);
	buf_done(&all);
	return e;
}

enum err
op_backup_done(struct req *r)
{
	const struct ops_backup_done *in = r->in;
	struct backup_note note;
	struct backup *b;
	uint8_t hash[32];
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = find(r, in->handle, &b)))
		return e;
	if (!b->read)
		return ERR_USAGE;
	note = b->note;
	memcpy(hash, b->hash, sizeof hash);
	note.hash = SPAN(hash, sizeof hash);
	note.where = in->where;
	note.here = in->here;
	op_backup_forget(r->c);
	if ((e = store_take(r->job)))
		return e;
	return remember(r, &note);
}

static void
fill_row(const struct backup_note *n, struct ops_backup *row)
{
	*row = (struct ops_backup){ .created = n->created,
		.hash = n->hash,
		.size = n->size,
		.generation = n->generation,
		.seed = n->seed,
		.recipients = n->recipients,
		.where = n->where,
		.verified = n->verified,
		.here = n->here };
	wire_mark(&ops_backup_map, row);
}

enum err
op_backup_list(struct req *r)
{
	static struct ops_backup rows[BACKUP_NOTES];
	struct ops_backup_list_rep rep = { .backups.v = rows };
	struct cbor c = cbor_from(body_raw(&r->v->open.body, BODY_BACKUPS));
	struct backup_note n;
	size_t count = 0;
	enum err e = ERR_OK;

	if (!cbor_at_end(&c))
		e = cbor_get_array(&c, &count);
	rep.backups.n = count;
	for (size_t i = count; i-- > 0 && !e;)
		if (!(e = wire_decode_at(&backup_note_map, &c, &n)))
			fill_row(&n, &rows[i]);
	wire_mark(&ops_backup_list_rep_map, &rep);
	return e ? e : req_reply(r, &rep);
}

/* ---- the passphrase, as on the card ---- */
enum err
op_backup_passphrase(struct req *r)
{
	const struct ops_passphrase *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct ops_passphrase_rep rep = { 0 };
	struct sec pass = { 0 };
	struct seed s;
	enum err e;

	REQ_MUST_WAIT(r);
	p.request = SPAN_LIT("backup passphrase");
	if ((e = policy_prove(r, &p, NULL)) || (e = body_seed_last(&r->v->open.body, &s)))
		return e;
	rep.generation = s.generation;
	if (!(e = slotmake_open_backup(
		  sec_span(&r->v->open.vrk), (uint32_t)s.generation, s.backup, &pass))) {
		rep.passphrase = sec_span(&pass);
		wire_mark(&ops_passphrase_rep_map, &rep);
		e = req_reply(r, &rep);
	}
	sec_done(&pass);
	return e;
}
