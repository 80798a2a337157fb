/*
 * db.c - opening, transactions, upkeep.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "oidc/db/recent.h"

#define PATIENCE 5000 /* ms */

/* ---- opening ---- */
/* It is ours alone before sqlite sees it: no window in which others could read it. */
static enum err
file_is_ours(const char *path, bool create)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
	struct stat st;
	bool bad;

	if (fd < 0)
		return errno == ELOOP ? ERR_PERMISSION : err_of_errno(errno);
	bad = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 0077) != 0;
	(void)close(fd);
	return bad ? ERR_PERMISSION : ERR_OK;
}

static const char settings[] = "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;"
			       "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
			       "PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;"
			       "PRAGMA journal_size_limit=33554432; PRAGMA synchronous=FULL;"
			       /* tokens dirty the same pages of an index again and again */
			       "PRAGMA wal_autocheckpoint=4000";

static enum err
set_up(struct db *s)
{
	int on;

	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);
	(void)sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 1 << 20);
	(void)sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_busy_timeout(s->db, PATIENCE);
	s->sync = DB_DURABLE;
	return sql_err(s, sqlite3_exec(s->db, settings, NULL, NULL, NULL));
}

enum err
db_open(struct db **out, const char *path, bool create)
{
	struct db *s = calloc(1, sizeof *s);
	enum err e = s ? file_is_ours(path, create) : ERR_NOMEM;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

	*out = NULL;
	if (!e && sqlite3_open_v2(path, &s->db, flags, NULL))
		e = s->db ? sql_err(s, sqlite3_errcode(s->db)) : ERR_NOMEM;
	if (!e)
		e = set_up(s);
	if (!e)
		e = schema_apply(s);
	if (e) {
		db_close(s);
		return e;
	}
	(void)db_changed(s);
	*out = s;
	return ERR_OK;
}

void
db_patience(struct db *s, int ms)
{
	(void)sqlite3_busy_timeout(s->db, ms);
}

void
db_close(struct db *s)
{
	if (!s)
		return;
	recent_done(s);
	for (size_t i = 0; i < SQL_KEPT; i++)
		(void)sqlite3_finalize(s->kept[i].st);
	(void)sqlite3_close(s->db);
	free(s);
}

/* ---- transactions ---- */
bool
db_writing(const struct db *s)
{
	return s->writing;
}

void
db_steady(struct db *s)
{
	s->steady = true;
}

void
db_rest(struct db *s)
{
	sql_rest(s);
}

void
db_rollback(struct db *s)
{
	if (s->writing && !sqlite3_get_autocommit(s->db))
		(void)sql_word(s, "ROLLBACK");
	s->writing = s->lost = false;
	recent_settle(s);
}

/* A commit that fails may have put its rows into the log, whence a crash would bring them back:
 * whatever is written next overwrites them, so that something is. */
static void
overwrite(struct db *s)
{
	char text[48];
	struct q q;
	uint64_t version;

	q_begin(&q, s, "PRAGMA user_version");
	version = q_row(&q) ? q_get_int(&q) : 0;
	if (q_end(&q) || !version)
		return;
	snprintf(text, sizeof text, "PRAGMA user_version=%llu", (unsigned long long)version);
	(void)sqlite3_exec(s->db, text, NULL, NULL, NULL);
}

/* A checkpoint writes the log to the disk first.  Should it fail, the rows are there and the power
 * may still take them: nobody must be told that nothing was kept. */
static void
to_disk(struct db *s)
{
	enum err e = sql_err(
	    s, sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));

	if (e == ERR_BUSY)
		e = ERR_OK;
	if (e && !s->unsure)
		log_err(e, "the store: what was kept now may not be on the disk yet");
	s->unsure = e;
}

enum err
db_commit(struct db *s)
{
	bool late = s->last == DB_DURABLE && s->sync != DB_DURABLE;
	enum err e;

	if (!s->writing)
		return ERR_OK;
	e = s->lost ? ERR_IO : sql_word(s, "COMMIT");
	if (e) {
		db_rollback(s);
		overwrite(s);
		return e;
	}
	s->writing = false;
	recent_settle(s);
	/* begun by what need not last, joined by what must */
	if (late)
		to_disk(s);
	else if (s->sync == DB_DURABLE)
		s->unsure = ERR_OK;
	return ERR_OK;
}

bool
db_changed(struct db *s)
{
	struct q q;
	int64_t was = s->version;

	sql_rest(s);
	q_begin(&q, s, "PRAGMA data_version");
	if (q_row(&q))
		s->version = (int64_t)q_get_int(&q);
	return q_end(&q) != ERR_OK || s->version != was;
}

/* ---- upkeep ---- */
enum err
db_probe(struct db *s)
{
	enum err e;

	if (s->writing)
		return s->lost ? ERR_IO : s->unsure;
	if (s->unsure)
		to_disk(s);
	if (s->unsure)
		return s->unsure;
	if ((e = sql_mark(s, DB_PLAIN)))
		return e;
	e = sql_unmark(s, ERR_OK);
	db_rollback(s);
	return e;
}

static enum err
report_on(struct db *s, const char *text, bool *ok, struct buf *report)
{
	struct q q;

	q_begin(&q, s, text);
	while (q_row(&q)) {
		struct span line = SPAN(sqlite3_column_text(q.st, 0), 0);

		line.len = line.p ? strlen((const char *)line.p) : 0;
		if (span_is(line, "ok"))
			continue;
		*ok = false;
		buf_put_span(report, line);
		buf_put_u8(report, '\n');
	}
	return q_end(&q);
}

enum err
db_check(struct db *s, bool *ok, struct buf *report)
{
	enum err e;

	*ok = true;
	if ((e = report_on(s, "PRAGMA integrity_check(100)", ok, report)))
		return e;
	e = report_on(s,
	    "SELECT 'a row of '||\"table\"||' belongs to nobody'"
	    " FROM pragma_foreign_key_check",
	    ok, report);
	return e ? e : buf_err(report);
}

enum err
db_backup(struct db *s, const char *path)
{
	sqlite3 *to = NULL;
	sqlite3_backup *b;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), rc;

	if (fd < 0)
		return err_of_errno(errno);
	rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
	if (!rc && (b = sqlite3_backup_init(to, "main", s->db, "main"))) {
		(void)sqlite3_backup_step(b, -1);
		rc = sqlite3_backup_finish(b);
	} else if (!rc)
		rc = sqlite3_errcode(to);
	if (sqlite3_close(to) && !rc)
		rc = SQLITE_IOERR;
	if (!rc && fsync(fd))
		rc = SQLITE_IOERR;
	(void)close(fd);
	if (rc)
		(void)unlink(path);
	return sql_err(s, rc);
}

/* The tables whose rows end; tokens are swept in rounds, since they are not sorted by their end. */
static const char *const ends[] = {
	"DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires<=?1 LIMIT ?2)",
	"DELETE FROM pass WHERE hash IN"
	" (SELECT hash FROM pass WHERE expires>0 AND expires<=?1 LIMIT ?2)",
};

static enum err
sweep(struct db *s, uint64_t now, unsigned most, bool *left)
{
	struct q q;
	uint64_t last = 0;
	enum err e;

	q_begin(&q, s, "SELECT max(n) FROM (SELECT n FROM token WHERE n>? ORDER BY n LIMIT ?)");
	q_int(&q, s->swept);
	q_int(&q, most);
	if (q_row(&q))
		last = q_get_int(&q);
	if ((e = q_end(&q)) || !last) {
		s->swept = 0;
		return e;
	}
	q_begin_write(&q, s, "DELETE FROM token WHERE n>? AND n<=? AND expires<=?", DB_PLAIN);
	q_int(&q, s->swept);
	q_int(&q, last);
	q_int(&q, now);
	if ((e = q_run(&q)))
		return e;
	s->swept = last;
	*left = true;
	return ERR_OK;
}

enum err
db_purge(struct db *s, uint64_t now, unsigned most, bool *left)
{
	struct q q;
	enum err e;

	*left = false;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		q_begin_write(&q, s, ends[i], DB_PLAIN);
		q_int(&q, now);
		q_int(&q, most);
		if ((e = q_run(&q)))
			return e;
		*left = *left || q_changes(s) == most;
	}
	return sweep(s, now, most, left);
}
