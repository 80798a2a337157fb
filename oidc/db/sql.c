#include "oidc/db/recent.h"

/* ---- errors ---- */
enum err
sql_err(struct db *s, int rc)
{
	bool failed = rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE;

	/* some errors end the transaction: nobody may be told that what was in it is done */
	if (failed && s->writing && sqlite3_get_autocommit(s->db))
		s->lost = true;
	if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
		return ERR_NOTFOUND;
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_CONSTRAINT:
		return ERR_EXISTS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_NOSPACE;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_TOOBIG:
		return ERR_TOOBIG;
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return ERR_PERMISSION;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DB_DAMAGED;
	default:
		return ERR_IO;
	}
}

/* ---- statements ---- */
static unsigned
slot_of(const char *text)
{
	return (unsigned)(((uintptr_t)text >> 3) * 2654435761U) % SQL_KEPT;
}

static sqlite3_stmt *
prepared(struct db *s, const char *text, enum err *e)
{
	unsigned i = slot_of(text);
	int rc;

	while (s->kept[i].text && s->kept[i].text != text)
		i = (i + 1) % SQL_KEPT;
	if (s->kept[i].text)
		return s->kept[i].st;
	if (s->nkept == SQL_KEPT - 1) {
		*e = ERR_INTERNAL;
		return NULL;
	}
	rc = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s->kept[i].st, NULL);
	if ((*e = sql_err(s, rc)))
		return NULL;
	s->kept[i].text = text;
	s->nkept++;
	return s->kept[i].st;
}

enum err
sql_word(struct db *s, const char *text)
{
	struct q q = { .s = s };

	q.st = prepared(s, text, &q.e);
	if (q.st)
		q.e = sql_err(s, sqlite3_step(q.st));
	return q_end(&q);
}

enum err
sql_moment(struct db *s)
{
	enum err e;

	if (!s->steady || s->reading || s->writing)
		return ERR_OK;
	if ((e = sql_word(s, "BEGIN")))
		return e;
	s->reading = true;
	recent_look(s);
	return ERR_OK;
}

void
q_begin(struct q *q, struct db *s, const char *text)
{
	*q = (struct q){ .s = s, .e = sql_moment(s) };
	if (!q->e)
		q->st = prepared(s, text, &q->e);
}

/* Only reads were in it, so there is nothing that could fail. */
void
sql_rest(struct db *s)
{
	if (s->reading && !sqlite3_get_autocommit(s->db))
		(void)sql_word(s, "COMMIT");
	s->reading = false;
}

/* What must last makes the transaction of it; one that has begun already is made to last at its
 * end (db_commit). */
static enum err
transaction(struct db *s, enum db_last last)
{
	enum err e;

	if (s->lost)
		return ERR_IO;
	if (!s->writing) {
		/* what was read may be old by now: a write begins with what is there */
		sql_rest(s);
		if (s->sync != last &&
		    (e = sql_word(s,
			 last == DB_DURABLE ? "PRAGMA synchronous=FULL"
					    : "PRAGMA synchronous=NORMAL")))
			return e;
		s->sync = last;
		if ((e = sql_word(s, "BEGIN IMMEDIATE")))
			return e;
		s->writing = true;
		s->last = last;
		recent_look(s);
	}
	if (last == DB_DURABLE)
		s->last = last;
	return ERR_OK;
}

void
q_begin_write(struct q *q, struct db *s, const char *text, enum db_last last)
{
	enum err e = transaction(s, last);

	if (!e) {
		recent_touch(s, text);
		q_begin(q, s, text);
		return;
	}
	*q = (struct q){ .s = s, .e = e };
}

/* ---- values ---- */
void
q_int(struct q *q, uint64_t v)
{
	q->in++;
	if (q->e)
		return;
	if (v > INT64_MAX)
		q->e = ERR_RANGE;
	else
		q->e = sql_err(q->s, sqlite3_bind_int64(q->st, q->in, (sqlite3_int64)v));
}

/* Values are borrowed until the statement has run (SQLITE_STATIC). */
void
q_bytes(struct q *q, struct span v)
{
	q->in++;
	if (!q->e)
		q->e = sql_err(q->s,
		    sqlite3_bind_blob64(
			q->st, q->in, v.len ? (const void *)v.p : "", v.len, SQLITE_STATIC));
}

void
q_text(struct q *q, struct span v)
{
	q->in++;
	if (!q->e)
		q->e = sql_err(q->s,
		    sqlite3_bind_text64(q->st, q->in, v.len ? (const char *)v.p : "", v.len,
			SQLITE_STATIC, SQLITE_UTF8));
}

void
q_text_or_null(struct q *q, struct span v)
{
	if (v.len)
		q_text(q, v);
	else
		q->in++; /* what is not bound is NULL */
}

/* ---- running ---- */
enum err
q_end(struct q *q)
{
	if (q->st) {
		(void)sqlite3_reset(q->st);
		(void)sqlite3_clear_bindings(q->st);
	}
	return q->e;
}

enum err
q_end_with(struct q *q, enum err e)
{
	if (!q->e)
		q->e = e;
	return q_end(q);
}

enum err
q_end_one(struct q *q, bool found, struct buf *keep)
{
	enum err e = q_end_with(q, found ? ERR_OK : ERR_NOTFOUND);

	if (e && keep)
		buf_done(keep);
	return e;
}

enum err
q_run(struct q *q)
{
	while (q_row(q))
		;
	return q_end(q);
}

enum err
q_run_one(struct q *q)
{
	enum err e = q_run(q);

	return e ? e : q_changes(q->s) ? ERR_OK : ERR_NOTFOUND;
}

bool
q_row(struct q *q)
{
	int rc;

	if (q->e)
		return false;
	rc = sqlite3_step(q->st);
	q->e = sql_err(q->s, rc);
	q->out = 0;
	return rc == SQLITE_ROW;
}

uint64_t
q_changes(const struct db *s)
{
	return (uint64_t)sqlite3_changes64(s->db);
}

/* ---- columns ---- */
uint64_t
q_get_int(struct q *q)
{
	sqlite3_int64 v = sqlite3_column_int64(q->st, q->out++);

	return v < 0 ? 0 : (uint64_t)v;
}

void
q_get_fixed(struct q *q, uint8_t *out, size_t n)
{
	const void *p = sqlite3_column_blob(q->st, q->out);

	if (p && (size_t)sqlite3_column_bytes(q->st, q->out) == n)
		memcpy(out, p, n);
	else
		q->e = ERR_DB_DAMAGED;
	q->out++;
}

void
q_keep(struct q *q, struct buf *keep)
{
	size_t all = 0;

	for (int i = 0; i < sqlite3_column_count(q->st); i++)
		if (sqlite3_column_type(q->st, i) != SQLITE_INTEGER)
			all += (size_t)sqlite3_column_bytes(q->st, i);
	buf_reset(keep);
	if (!q->e && !buf_room(keep, all + 1))
		q->e = ERR_NOMEM;
}

struct span
q_get(struct q *q, struct buf *keep)
{
	const void *p = sqlite3_column_blob(q->st, q->out);
	size_t at = keep->len, n = (size_t)sqlite3_column_bytes(q->st, q->out++);

	if (q->e || !p)
		return SPAN_NONE;
	buf_put(keep, p, n);
	return SPAN(keep->p + at, n);
}

/* ---- several writes ---- */
enum err
sql_mark(struct db *s, enum db_last last)
{
	enum err e = transaction(s, last);

	return e ? e : sql_word(s, "SAVEPOINT mark");
}

enum err
sql_unmark(struct db *s, enum err e)
{
	enum err end;

	if (e && !s->lost)
		(void)sql_word(s, "ROLLBACK TO mark");
	end = s->lost ? ERR_IO : sql_word(s, "RELEASE mark");
	return e ? e : end;
}
