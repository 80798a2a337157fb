/*
 * sshrows.c - front's rows are held against what the vault has after each change of it: what is new
 * or has another revision is put, what is gone dropped.
 */
#include "agent/vault/sshrows.h"

#include <stdlib.h>

#include "agent/vault/epochs.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/text.h"

#define WALK_MOST  8192 /* items looked at, as in public.c */
#define FRAME_MOST (800 * 1024)

enum err
sshrows_new(struct sshrows **out)
{
	enum err e;

	if (!(*out = calloc(1, sizeof **out)))
		return ERR_NOMEM;
	if ((e = addedkeys_new(&(*out)->added))) {
		free(*out);
		*out = NULL;
	}
	return e;
}

/* ---- one frame ---- */
struct frame {
	struct vault *v;
	struct ssh_rows rows;
	struct buf put, drop;
	bool any;
};

static void
frame_flush(struct frame *f)
{
	enum err e = buf_err(&f->put);

	f->rows.put.raw = buf_span(&f->put);
	f->rows.drop.raw = buf_span(&f->drop);
	f->rows.locked = f->v->ssh->locked;
	wire_mark(&ssh_rows_map, &f->rows);
	if (!e && !(e = buf_err(&f->drop)))
		e = link_put_msg(&f->v->front.out, LINK_SSH, 0, &ssh_rows_map, &f->rows);
	if (e)
		log_err(e, "front does not hear of ssh keys");
	f->rows = (struct ssh_rows){ 0 };
	buf_reset(&f->put);
	buf_reset(&f->drop);
	f->any = false;
}

static void
frame_end(struct frame *f)
{
	if (f->any)
		frame_flush(f);
	buf_done(&f->put);
	buf_done(&f->drop);
}

static void
frame_put(struct frame *f, const struct ssh_row *row)
{
	if (f->rows.put.n == SSH_ROWS_MOST || f->put.len > FRAME_MOST)
		frame_flush(f);
	if (wire_encode(&ssh_row_map, row, &f->put))
		return; /* not for lists: a label that is too long, say */
	f->rows.put.n++;
	f->any = true;
}

static void
frame_drop(struct frame *f, const uint8_t id[16])
{
	if (f->rows.drop.n == SSH_ROWS_MOST)
		frame_flush(f);
	cbor_put_bytes(&f->drop, SPAN(id, 16));
	f->rows.drop.n++;
	f->any = true;
}

/* ---- rows of the vault ---- */
/* "type base64 ..." */
static enum err
decode_line(struct span line, struct buf *out)
{
	const uint8_t *at = line.len ? memchr(line.p, ' ', line.len) : NULL, *end;
	struct span text;
	uint8_t *room;
	size_t n = 0;
	enum err e;

	if (!at)
		return ERR_NOTFOUND;
	text = SPAN(at + 1, line.len - (size_t)(at + 1 - line.p));
	if (text.len && (end = memchr(text.p, ' ', text.len)))
		text.len = (size_t)(end - text.p);
	if (!(room = buf_room(out, text.len)))
		return ERR_NOMEM;
	if ((e = text_decode(TEXT_BASE64, text, room, text.len, &n)))
		return e;
	buf_add(out, n);
	return n ? ERR_OK : ERR_NOTFOUND;
}

static struct span
certificate(const struct item *it)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;

	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		if (span_is(a.name, SSHROWS_CERT))
			return a.value;
	return SPAN_NONE;
}

enum err
sshrows_blob(const struct item *it, bool cert, struct buf *out)
{
	struct cbor c = cbor_from(it->public_part);
	struct span line = SPAN_NONE;

	if (cert)
		return decode_line(certificate(it), out);
	if (!it->public_part.len || cbor_get_text(&c, &line))
		return ERR_NOTFOUND;
	return decode_line(line, out);
}

void
sshrows_fill_added(const struct addedkey *k, struct ssh_row *row)
{
	*row = (struct ssh_row){ .id = SPAN(k->id, 16),
		.blob = addedkey_blob(k),
		.comment = addedkey_comment(k),
		.added = true,
		.confirm = k->confirm,
		.expires = k->expires,
		.dest = addedkey_dest(k) };
	wire_mark(&ssh_row_map, row);
}

enum err
sshrows_fill(const struct item *it, const struct sshrow *r, struct buf *blob, struct ssh_row *row)
{
	enum err e;

	buf_reset(blob);
	if ((e = sshrows_blob(it, r->cert, blob)) || (e = buf_err(blob)))
		return e;
	*row = (struct ssh_row){ .id = SPAN(r->id, 16),
		.blob = buf_span(blob),
		.comment = it->origin.account,
		.label = it->label };
	wire_mark(&ssh_row_map, row);
	return ERR_OK;
}

static bool
is_listed(const struct item *it)
{
	struct item_epoch ep;

	if (it->kind != ITEM_KEY || !span_is(it->origin.service, "ssh") || it->conflict.root.len)
		return false;
	epochs_current(it, &ep);
	return ep.state == EPOCH_ACTIVE && it->public_part.len;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const struct sshrow *)a)->id, ((const struct sshrow *)b)->id, 16);
}

const struct sshrow *
sshrows_find(const struct vault *v, const uint8_t id[16])
{
	struct sshrow key;

	memcpy(key.id, id, 16);
	return v->ssh->n ? bsearch(&key, v->ssh->row, v->ssh->n, sizeof key, compare) : NULL;
}

/* Of a certificate: another id, the same one each time. */
static void
make_row(const struct item *it, bool cert, struct sshrow *r)
{
	uint8_t hash[32];
	const struct span v[] = { SPAN_LIT("ssh certificate"), it->id };

	*r = (struct sshrow){ .rev = (uint32_t)it->rev, .cert = cert };
	memcpy(r->item, it->id.p, 16);
	crypto_sha256v(v, 2, hash);
	memcpy(r->id, cert ? hash : it->id.p, 16);
}

static void
add_row(struct frame *f, const struct item *it, struct sshrow *r, struct buf *blob)
{
	const struct sshrow *old = sshrows_find(f->v, r->id);
	struct ssh_row row;

	r->hidden = old && old->hidden;
	if (old && old->rev == r->rev) {
		memcpy(r->blob, old->blob, sizeof r->blob);
		return;
	}
	if (sshrows_fill(it, r, blob, &row))
		return;
	addedkeys_id(row.blob, r->blob);
	if (!r->hidden)
		frame_put(f, &row);
}

static size_t
walk(struct frame *f, struct sshrow *row)
{
	struct buf blob = BUF_INIT;
	struct item it;
	size_t pos = 0, n = 0;

	for (size_t seen = 0; seen < WALK_MOST && n + 2 <= SSHROWS_MOST; seen++) {
		if (!body_item_next(&f->v->open.body, &pos, &it))
			break;
		for (int cert = 0; is_listed(&it) && cert <= (certificate(&it).len > 0); cert++) {
			make_row(&it, cert, &row[n]);
			add_row(f, &it, &row[n++], &blob);
		}
	}
	buf_done(&blob);
	return n;
}

static void
drop_gone(struct frame *f, const struct sshrow *row, size_t n)
{
	const struct sshrows *s = f->v->ssh;

	for (size_t i = 0; i < s->n; i++)
		if (!s->row[i].hidden && !bsearch(&s->row[i], row, n, sizeof *row, compare))
			frame_drop(f, s->row[i].id);
}

void
sshrows_send(struct vault *v)
{
	struct frame f = { .v = v, .rows = { .reset = !v->ssh->sent }, .any = !v->ssh->sent };
	struct sshrow *row = calloc(SSHROWS_MOST, sizeof *row), *kept;
	size_t n;

	if (row) {
		n = walk(&f, row);
		qsort(row, n, sizeof *row, compare);
		drop_gone(&f, row, n);
		v->ssh->sent = true;
		free(v->ssh->row);
		kept = realloc(row, (n ? n : 1) * sizeof *row);
		v->ssh->row = kept ? kept : row;
		v->ssh->n = n;
	}
	frame_end(&f);
}

const struct sshrow *
sshrows_find_blob(const struct vault *v, struct span blob)
{
	uint8_t id[16];

	addedkeys_id(blob, id);
	for (size_t i = 0; i < v->ssh->n; i++)
		if (!v->ssh->row[i].hidden && memcmp(v->ssh->row[i].blob, id, 16) == 0)
			return &v->ssh->row[i];
	return NULL;
}

/* ---- added keys ---- */
static void arm(struct vault *v);

static void
expire(void *arg)
{
	struct vault *v = arg;
	struct frame f = { .v = v };
	const struct addedkey *k;
	uint8_t id[16];

	v->ssh->expiry = NULL;
	while ((k = addedkeys_expired(v->ssh->added, loop_now() / 1000))) {
		memcpy(id, k->id, 16);
		addedkeys_drop(v->ssh->added, id);
		frame_drop(&f, id);
	}
	frame_end(&f);
	arm(v);
}

/* A reminder only: the deadline is looked at at each use. */
static void
arm(struct vault *v)
{
	uint64_t next = addedkeys_next_expiry(v->ssh->added);

	loop_timer_remove(v->ssh->expiry);
	v->ssh->expiry = next ? loop_timer_add(v->loop, next * 1000, expire, v) : NULL;
}

void
sshrows_added(struct vault *v, const struct addedkey *k)
{
	struct frame f = { .v = v };
	bool lives = k->expires != 0;
	struct ssh_row row;

	sshrows_fill_added(k, &row);
	frame_put(&f, &row);
	frame_end(&f);
	if (lives)
		arm(v);
}

const struct addedkey *
sshrows_added_find(struct vault *v, const uint8_t id[16])
{
	const struct addedkey *k = addedkeys_find(v->ssh->added, id);

	return k && (!k->expires || loop_now() / 1000 < k->expires) ? k : NULL;
}

/* ---- hiding ---- */
enum err
sshrows_hide(struct vault *v, const uint8_t id[16])
{
	struct frame f = { .v = v };
	struct sshrow *r = (struct sshrow *)(uintptr_t)sshrows_find(v, id);
	bool there = addedkeys_drop(v->ssh->added, id) || (r && !r->hidden);

	if (r)
		r->hidden = true;
	if (there)
		frame_drop(&f, id);
	frame_end(&f);
	return there ? ERR_OK : ERR_NOTFOUND;
}

void
sshrows_hide_all(struct vault *v)
{
	struct frame f = { .v = v, .rows = { .reset = true }, .any = true };
	const struct addedkey *k;
	size_t pos = 0;

	for (size_t i = 0; i < v->ssh->n; i++)
		v->ssh->row[i].hidden = true;
	while ((k = addedkeys_each(v->ssh->added, &pos)))
		addedkeys_drop(v->ssh->added, k->id);
	frame_end(&f);
}

void
sshrows_send_lock(struct vault *v)
{
	struct frame f = { .v = v, .any = true };

	frame_end(&f);
}
