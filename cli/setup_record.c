/*
 * setup_record.c - what was done for a tool, in the state folder.
 *
 * A text: a line "ownkey setup 1", then for each file "file PATH", "existed 0|1", "after HASH",
 * "before BYTES" and for each edit "old BYTES", "new BYTES"; bytes and hashes in hexadecimal.
 */
#include <errno.h>
#include <unistd.h>

#include "cli/setup.h"
#include "lib/crypto.h"
#include "lib/sock.h"
#include "lib/text.h"

#define HEAD "ownkey setup 1"

static enum err
place(const char *tool, char out[PATHS_MAX])
{
	char dir[PATHS_MAX];
	enum err e;

	if ((e = paths_state(dir, sizeof dir)))
		return e;
	return snprintf(out, PATHS_MAX, "%s/setup-%s", dir, tool) < PATHS_MAX ? ERR_OK : ERR_TOOBIG;
}

/* ---- writing ---- */
static void
put_hex(struct buf *b, const char *name, struct span s)
{
	buf_putf(b, "%s ", name);
	text_encode(TEXT_HEX, s, b);
	buf_put_u8(b, '\n');
}

static enum err
put_file(const struct setup_file *f, struct buf *b)
{
	struct buf result = BUF_INIT;
	uint8_t hash[32];
	enum err e;

	if (strchr(f->path, '\n'))
		return ERR_TEXT;
	if (!(e = setup_result(f, &result))) {
		crypto_sha256(buf_span(&result), hash);
		buf_putf(b, "file %s\nexisted %d\n", f->path, f->exists);
		put_hex(b, "after", SPAN(hash, sizeof hash));
		put_hex(b, "before", buf_span(&f->text));
		for (size_t i = 0; i < f->n; i++) {
			put_hex(b, "old", buf_span(&f->edit[i].old));
			put_hex(b, "new", buf_span(&f->edit[i].new));
		}
	}
	buf_done(&result);
	return e;
}

enum err
setup_record_put(const char *tool, const struct setup_plan *p)
{
	char path[PATHS_MAX], dir[PATHS_MAX];
	struct buf b = BUF_INIT;
	enum err e;

	if ((e = place(tool, path)) || (e = paths_state(dir, sizeof dir)) ||
	    (e = sock_mkdir_private(dir)))
		return e;
	buf_putf(&b, "%s\n", HEAD);
	for (size_t i = 0; i < p->n && !e; i++)
		if (p->file[i].n)
			e = put_file(&p->file[i], &b);
	if (!e && !(e = buf_err(&b)))
		e = setup_file_write(path, buf_span(&b), 0600);
	buf_done(&b);
	return e;
}

enum err
setup_record_drop(const char *tool)
{
	char path[PATHS_MAX];
	enum err e = place(tool, path);

	if (!e && unlink(path) && errno != ENOENT)
		e = err_of_errno(errno);
	return e;
}

/* ---- reading ---- */
static enum err
get_hex(struct span s, struct buf *out)
{
	uint8_t *to = buf_room(out, s.len / 2 + 1);
	size_t n;

	if (!to || text_decode(TEXT_HEX, s, to, s.len / 2 + 1, &n))
		return ERR_FORMAT;
	buf_add(out, n);
	return ERR_OK;
}

static bool
value(struct span line, const char *name, struct span *v)
{
	size_t n = strlen(name);

	if (line.len < n || memcmp(line.p, name, n) != 0)
		return false;
	*v = span_sub(line, n, line.len - n);
	return true;
}

static enum err
begin_row(struct setup_record *r, struct span path)
{
	struct setup_row *row = &r->row[r->n];

	if (r->n == SETUP_FILES || path.len >= PATHS_MAX || path.len == 0 || path.p[0] != '/')
		return ERR_FORMAT;
	*row = (struct setup_row){ .n = 0 };
	memcpy(row->path, path.p, path.len);
	r->n++;
	return ERR_OK;
}

static enum err
get_line(struct setup_record *r, struct span line)
{
	struct setup_row *row = r->n ? &r->row[r->n - 1] : NULL;
	struct span v;
	size_t n;

	if (value(line, "file ", &v))
		return begin_row(r, v);
	if (!row)
		return span_is(line, HEAD) ? ERR_OK : ERR_FORMAT;
	if (value(line, "existed ", &v)) {
		row->existed = span_is(v, "1");
		return ERR_OK;
	}
	if (value(line, "after ", &v))
		return text_decode(TEXT_HEX, v, row->after, 32, &n) || n != 32 ? ERR_FORMAT
									       : ERR_OK;
	if (value(line, "before ", &v))
		return get_hex(v, &row->before);
	if (value(line, "old ", &v) && row->n < SETUP_EDITS) {
		row->edit[row->n] = (struct setup_edit){ .at = 0 };
		return get_hex(v, &row->edit[row->n++].old);
	}
	if (value(line, "new ", &v) && row->n)
		return get_hex(v, &row->edit[row->n - 1].new);
	return ERR_FORMAT;
}

enum err
setup_record_parse(struct span rest, struct setup_record *r)
{
	enum err e = ERR_OK;

	r->n = 0;
	while (rest.len && !e) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		size_t n = lf ? (size_t)(lf - rest.p) : rest.len;

		e = lf ? get_line(r, SPAN(rest.p, n)) : ERR_FORMAT;
		rest = span_sub(rest, n + 1, rest.len - n - (lf ? 1 : 0));
	}
	if (!e && !r->n)
		e = ERR_FORMAT;
	if (e)
		setup_record_done(r);
	return e;
}

enum err
setup_record_get(const char *tool, struct setup_record *r)
{
	char path[PATHS_MAX];
	struct buf b = BUF_INIT;
	mode_t mode;
	enum err e;

	r->n = 0;
	if (!(e = place(tool, path)) && !(e = setup_file_read(path, &b, &mode)))
		e = setup_record_parse(buf_span(&b), r);
	buf_done(&b);
	return e;
}
