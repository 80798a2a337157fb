/*
 * op_audit.c - the audit log is shown and examined.  Names are put to its entries here, while the
 * vault is open: the file alone tells none.
 */
#include "agent/vault/audit.h"
#include "agent/vault/op.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"

#define ROWS	   128
#define PIECE	   (512u * 1024)
#define LOOK_MOST  20000 /* items whose names are tried for one page: nobody else waits longer */
#define LATE_S	   86400 /* entries that were owed may stand behind later ones */
#define NAME_ROOM  640
#define FRAME_ROOM (OPS_FRAME_MAX - 4096)

/* What is owed and counted is to be seen, too; a full disk does not hide the rest. */
static enum err
ready(struct req *r)
{
	enum err e;

	if ((e = store_take(r->job)))
		return e;
	if (!r->v->audit->ready)
		audit_open(r->job);
	if (audit_flush(r->job))
		req_text(r, "what happened last could not be written");
	return r->v->audit->ready ? ERR_OK : ERR_AUDIT_WRITE;
}

static enum err
read_log(struct req *r, enum audit_step which, uint64_t at, uint64_t len, struct buf *out)
{
	uint64_t size;

	return store_audit_read(
	    r->job, &(struct file_audit){ .step = which, .at = at, .size = len }, out, &size);
}

/* ---- show ---- */
struct page {
	struct req *r;
	struct span key;
	struct ops_audit_entry row[ROWS];
	struct ops_audit_show_rep rep;
	struct buf bytes;
	uint8_t cursor[8];
	size_t unnamed;
};

static void
fill(struct page *p, uint64_t n, struct span raw)
{
	struct ops_audit_entry *row = &p->row[p->rep.entries.n++];
	const struct op_row *op;
	struct audit_record rec;

	*row = (struct ops_audit_entry){ .n = n };
	row->bad = audit_log_open(p->key, raw, &rec) || rec.n != n;
	if (row->bad)
		return;
	op = ops_find(rec.entry.op);
	row->kind = rec.entry.kind;
	row->op = op ? span_str(op->name) : SPAN_NONE;
	row->time = rec.entry.time;
	row->boottime = rec.entry.boottime;
	row->item = rec.entry.item;
	row->client = rec.entry.client;
	row->err = rec.entry.err;
	row->count = rec.entry.count;
	p->unnamed += row->item.len > 0;
}

static void
name_rows(struct page *p, const uint8_t id[16], struct span label)
{
	uint8_t item[AUDIT_ITEM];

	audit_log_item(p->key, id, item);
	for (size_t i = 0; i < p->rep.entries.n; i++) {
		struct ops_audit_entry *row = &p->row[i];

		if (!row->name.len && span_eq(row->item, SPAN(item, sizeof item))) {
			row->name = label;
			p->unnamed--;
		}
	}
}

/* Keys of OpenSSH on tokens (op_token_foreign.c) are no items; other relying parties stay without a
 * name. */
static void
name_ssh(struct page *p)
{
	uint8_t about[32];

	crypto_sha256(SPAN_LIT("ssh:"), about);
	name_rows(p, about, SPAN_LIT("ssh:"));
}

static void
put_names(struct page *p)
{
	const struct body *b = &p->r->v->open.body;
	struct slot_note note;
	struct item it;
	size_t pos = 0, looked = 0;

	name_ssh(p);
	while (p->unnamed && body_note_next(b, &pos, &note))
		name_rows(p, note.slot_id.p, note.label);
	for (pos = 0; p->unnamed && looked < LOOK_MOST && body_item_next(b, &pos, &it); looked++)
		name_rows(p, it.id.p, it.label);
}

/* Where the entries before number top are: *first is the first of that file.  ERR_NOTFOUND. */
static enum err
which_file(struct page *p, uint64_t top, enum audit_step *which, uint64_t *first)
{
	const struct audit_state *a = p->r->v->audit;
	struct audit_record rec;
	enum err e;

	*which = AUDIT_STEP_APPEND;
	*first = a->first;
	if (top > a->first)
		return ERR_OK;
	*which = AUDIT_STEP_ROTATE;
	if (top == 0)
		return ERR_NOTFOUND;
	if ((e = read_log(p->r, *which, 0, AUDIT_RECORD, &p->bytes)))
		return e;
	if (audit_log_open(p->key, buf_span(&p->bytes), &rec) || rec.n >= top)
		return ERR_NOTFOUND;
	*first = rec.n;
	return ERR_OK;
}

static enum err
fill_page(struct page *p, uint64_t top)
{
	const struct ops_audit_page *in = p->r->in;
	enum audit_step which;
	uint64_t first, from;
	bool end = false;
	size_t room = FRAME_ROOM;
	enum err e;

	if ((e = which_file(p, top, &which, &first)))
		return e == ERR_NOTFOUND ? ERR_OK : e;
	from = top - first > ROWS ? top - ROWS : first;
	if ((e = read_log(p->r, which, (from - first) * AUDIT_RECORD, (top - from) * AUDIT_RECORD,
		 &p->bytes)))
		return e;
	for (; top > from && !end && room > NAME_ROOM; top--, room -= NAME_ROOM) {
		size_t at = (size_t)(top - 1 - from) * AUDIT_RECORD;
		struct ops_audit_entry *row = &p->row[p->rep.entries.n];

		fill(p, top - 1, span_sub(buf_span(&p->bytes), at, AUDIT_RECORD));
		if (row->bad || row->time >= in->since)
			continue;
		p->rep.entries.n--;
		p->unnamed -= row->item.len > 0;
		end = row->time + LATE_S < in->since;
	}
	if (top && !end) {
		put_be64(p->cursor, top);
		p->rep.cursor = SPAN(p->cursor, sizeof p->cursor);
	}
	return ERR_OK;
}

static struct page page; /* one at a time: the disk is ours */

static enum err
show(struct req *r, uint64_t top)
{
	enum err e;

	page = (struct page){ .r = r };
	if ((e = audit_key(r->v, &page.key)) || (e = fill_page(&page, top)))
		return e;
	put_names(&page);
	for (size_t i = 0; i < page.rep.entries.n; i++)
		wire_mark(&ops_audit_entry_map, &page.row[i]);
	page.rep.entries.v = page.row;
	wire_mark(&ops_audit_show_rep_map, &page.rep);
	return req_reply(r, &page.rep);
}

enum err
op_audit_show(struct req *r)
{
	const struct ops_audit_page *in = r->in;
	uint64_t top;
	enum err e;

	REQ_MUST_WAIT(r);
	if (in->cursor.len && in->cursor.len != 8)
		return ERR_RANGE;
	if ((e = ready(r)))
		return e;
	top = r->v->audit->at.n;
	if (in->cursor.len && be64(in->cursor.p) < top)
		top = be64(in->cursor.p);
	e = show(r, top);
	buf_done(&page.bytes);
	return e;
}

/* ---- verify ---- */
struct verifying {
	struct req *r;
	struct span key;
	struct audit_pos at;
	uint8_t log_id[AUDIT_LOG_ID];
	uint8_t hash[32]; /* the head in the vault */
	uint64_t anchored;
	uint64_t end; /* bytes of the file that was followed last */
	struct buf bytes;
	struct ops_audit_verify_rep rep;
};

/* The first that is wrong is what is told. */
static enum err
found(struct verifying *f, enum audit_step which, enum err err, uint64_t offset)
{
	if (!f->rep.err) {
		f->rep.err = (uint64_t)err;
		f->rep.at = f->at.n;
		f->rep.offset = offset;
		f->rep.file = which;
	}
	return err;
}

static void
learn_head(struct verifying *f)
{
	struct audit_head h;

	f->anchored = 0;
	if (audit_head_get(&f->r->v->open.body, f->log_id, &h))
		return;
	f->anchored = h.n;
	memcpy(f->hash, h.hash.p, sizeof f->hash);
}

static enum err
begin_chain(struct verifying *f, struct span raw, struct audit_record *rec)
{
	if (audit_log_start(f->key, raw, &f->at, rec))
		return ERR_AUDIT_DAMAGED;
	memcpy(f->log_id, rec->entry.log_id.p, sizeof f->log_id);
	f->rep.first = rec->n;
	f->rep.begun = rec->entry.err;
	learn_head(f);
	return ERR_OK;
}

static enum err
next_record(struct verifying *f, struct span raw, bool begin)
{
	struct audit_record rec;

	if (begin ? begin_chain(f, raw, &rec) : audit_log_next(f->key, &f->at, raw, &rec))
		return ERR_AUDIT_DAMAGED;
	if (f->at.n == f->anchored && !span_eq(SPAN(f->at.hash, 32), SPAN(f->hash, 32)))
		return ERR_AUDIT_DAMAGED;
	return ERR_OK;
}

/* Record by record, to the end of the file.  ERR_NOTFOUND. */
static enum err
follow(struct verifying *f, enum audit_step which, bool begin)
{
	uint64_t offset = 0;
	size_t i;
	enum err e;

	do {
		if ((e = read_log(f->r, which, offset, PIECE, &f->bytes)))
			return e;
		for (i = 0; i < f->bytes.len; i += AUDIT_RECORD, offset += AUDIT_RECORD) {
			struct span raw = span_sub(buf_span(&f->bytes), i, AUDIT_RECORD);

			if (next_record(f, raw, begin))
				return found(f, which, ERR_AUDIT_DAMAGED, offset);
			begin = false;
		}
	} while (f->bytes.len == PIECE);
	f->end = offset;
	return ERR_OK;
}

/* One that was put aside is told of until somebody has looked at it and moved it away. */
static enum err
verify_damaged(struct verifying *f)
{
	enum err e = follow(f, AUDIT_STEP_ASIDE, true);

	if (!e && f->at.n < f->anchored)
		e = found(f, AUDIT_STEP_ASIDE, ERR_AUDIT_SHORT, f->end);
	return f->rep.err || e == ERR_NOTFOUND ? ERR_OK : e;
}

/* The older file goes on in the newer one, if it is of the same log. */
static enum err
verify_older(struct verifying *f, bool *continues)
{
	const struct audit_state *a = f->r->v->audit;
	enum err e = read_log(f->r, AUDIT_STEP_ROTATE, 0, AUDIT_RECORD, &f->bytes);

	*continues = false;
	if (e == ERR_NOTFOUND && a->first > 0)
		return found(f, AUDIT_STEP_ROTATE, ERR_AUDIT_MISSING, 0);
	if (e || a->first == 0)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	*continues = true;
	return follow(f, AUDIT_STEP_ROTATE, true);
}

static enum err
verify_newer(struct verifying *f, bool continues)
{
	const struct audit_state *a = f->r->v->audit;
	enum err e = follow(f, AUDIT_STEP_APPEND, !continues);

	if (e == ERR_NOTFOUND)
		return found(f, AUDIT_STEP_APPEND, ERR_AUDIT_MISSING, 0);
	if (!e && (f->at.n < a->at.n || f->at.n < f->anchored))
		return found(f, AUDIT_STEP_APPEND, ERR_AUDIT_SHORT, f->end);
	if (!e && !span_eq(SPAN(f->at.hash, 32), SPAN(a->at.hash, 32)))
		return found(f, AUDIT_STEP_APPEND, ERR_AUDIT_DAMAGED, 0);
	return e;
}

/* What was found is the result, not an error of the operation. */
static enum err
verify(struct verifying *f)
{
	struct audit a;
	bool continues;
	enum err e;

	if ((e = verify_damaged(f)))
		return e;
	f->at = (struct audit_pos){ .n = 0 };
	if (!(e = verify_older(f, &continues)))
		e = verify_newer(f, continues);
	if (e && !f->rep.err)
		return e;
	if (!body_value_get(&f->r->v->open.body, BODY_AUDIT, &audit_map, &a))
		f->rep.logs = a.heads.n;
	f->rep.entries = f->at.n - f->rep.first;
	f->rep.anchored = f->anchored < f->at.n ? f->anchored : f->at.n;
	f->rep.good = !f->rep.err;
	return ERR_OK;
}

enum err
op_audit_verify(struct req *r)
{
	struct verifying f = { .r = r };
	enum err e;

	REQ_MUST_WAIT(r);
	if (!(e = ready(r)) && !(e = audit_key(r->v, &f.key)) && !(e = verify(&f))) {
		wire_mark(&ops_audit_verify_rep_map, &f.rep);
		e = req_reply(r, &f.rep);
	}
	buf_done(&f.bytes);
	return e;
}
