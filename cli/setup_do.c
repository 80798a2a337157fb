/* setup_do.c - done, and undone. */
#include <unistd.h>

#include "cli/setup.h"
#include "lib/crypto.h"

enum err
setup_result(const struct setup_file *f, struct buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct setup_edit *d = &f->edit[i];

		if (d->at < at || d->at + d->old.len > f->text.len)
			return ERR_INTERNAL;
		buf_put_span(out, span_sub(buf_span(&f->text), at, d->at - at));
		buf_put_span(out, buf_span(&d->new));
		at = d->at + d->old.len;
	}
	buf_put_span(out, span_sub(buf_span(&f->text), at, f->text.len - at));
	return buf_err(out);
}

/* ---- do ---- */
static enum err
is_as_it_was(const struct setup_file *f)
{
	struct buf now = BUF_INIT;
	mode_t mode;
	enum err e = setup_file_read(f->path, &now, &mode);

	if (e == ERR_NOTFOUND)
		e = f->exists ? ERR_BUSY : ERR_OK;
	else if (!e && !span_eq(buf_span(&now), buf_span(&f->text)))
		e = ERR_BUSY;
	buf_done(&now);
	return e;
}

static enum err
write_one(const struct setup_file *f)
{
	struct buf b = BUF_INIT;
	enum err e;

	if (!(e = is_as_it_was(f)) && !(e = setup_result(f, &b)))
		e = setup_file_write(f->path, buf_span(&b), f->mode);
	buf_done(&b);
	return e;
}

enum err
setup_do(const struct setup_tool *t, const struct setup_plan *p)
{
	char path[PATHS_MAX];
	enum err e;

	if ((e = setup_record_put(t->name, p)))
		return e;
	for (size_t i = 0; i < p->n && !e; i++)
		if (p->file[i].n)
			e = write_one(&p->file[i]);
	if (e && setup_undo(t, false, path))
		out_say("%s may be half done: 'ownkey setup %s --undo' undoes it", path, t->name);
	return e;
}

/* ---- undo ---- */
/* Once only: else it cannot be known which was ours. */
static bool
find_once(const struct buf *text, const struct buf *piece, size_t *at)
{
	const uint8_t *p;

	if (!text->len || !piece->len || !(p = memmem(text->p, text->len, piece->p, piece->len)))
		return false;
	*at = (size_t)(p - text->p);
	return !memmem(p + 1, text->len - *at - 1, piece->p, piece->len);
}

static void
swap(struct buf *text, size_t at, size_t len, const struct buf *by)
{
	struct buf b = BUF_INIT;

	buf_put(&b, text->p, at);
	buf_put(&b, by->p, by->len);
	buf_put(&b, text->p + at + len, text->len - at - len);
	buf_done(text);
	*text = b;
}

static bool
has_marks(const struct buf *text)
{
	return text->len && memmem(text->p, text->len, SETUP_BEGIN, sizeof SETUP_BEGIN - 1);
}

/* The rest was edited, our lines were not: they go.  Gone already is as good. */
static enum err
take_out(const struct setup_row *row, struct buf *text)
{
	size_t at;

	for (size_t i = row->n; i-- > 0;)
		if (find_once(text, &row->edit[i].new, &at))
			swap(text, at, row->edit[i].new.len, &row->edit[i].old);
		else if (text->len &&
		    memmem(text->p, text->len, row->edit[i].new.p, row->edit[i].new.len))
			return ERR_SETUP_EDITED;
	return has_marks(text) ? ERR_SETUP_EDITED : buf_err(text);
}

struct undone {
	struct buf text;
	mode_t mode;
	bool remove, same;
};

static enum err
undo_text(const struct setup_row *row, struct undone *u)
{
	uint8_t hash[32];
	enum err e;

	*u = (struct undone){ .mode = 0600 };
	e = setup_file_read(row->path, &u->text, &u->mode);
	if (e) {
		u->same = e == ERR_NOTFOUND;
		return u->same ? ERR_OK : e;
	}
	u->same = row->existed && span_eq(buf_span(&u->text), buf_span(&row->before));
	crypto_sha256(buf_span(&u->text), hash);
	if (u->same)
		return ERR_OK;
	if (memcmp(hash, row->after, 32) == 0) {
		buf_reset(&u->text);
		buf_put_span(&u->text, buf_span(&row->before));
	} else
		e = take_out(row, &u->text);
	u->remove = !row->existed && u->text.len == 0;
	return e ? e : buf_err(&u->text);
}

static enum err
undo_write(const struct setup_row *row, const struct undone *u)
{
	if (u->same)
		return ERR_OK;
	if (u->remove)
		return unlink(row->path) ? ERR_IO : ERR_OK;
	return setup_file_write(row->path, buf_span(&u->text), u->mode);
}

/* All are looked at before one is touched. */
enum err
setup_undo(const struct setup_tool *t, bool dry, char path[PATHS_MAX])
{
	static struct setup_record r;
	struct undone u[SETUP_FILES] = { 0 };
	enum err e;

	path[0] = '\0';
	if ((e = setup_record_get(t->name, &r)))
		return e;
	for (size_t i = 0; i < r.n && !e; i++) {
		snprintf(path, PATHS_MAX, "%s", r.row[i].path);
		e = undo_text(&r.row[i], &u[i]);
	}
	for (size_t i = 0; i < r.n && !e && !dry; i++) {
		snprintf(path, PATHS_MAX, "%s", r.row[i].path);
		e = undo_write(&r.row[i], &u[i]);
	}
	for (size_t i = 0; i < r.n; i++)
		buf_done(&u[i].text);
	setup_record_done(&r);
	return e || dry ? e : setup_record_drop(t->name);
}
