#include "oidc/db/recent.h"

enum err
db_session_add(struct db *s, const struct db_session *x)
{
	struct q q;

	q_begin_write(&q, s, "INSERT INTO session VALUES(?,?,?,?,?,?,?,?,?)", DB_DURABLE);
	q_bytes(&q, SPAN(x->hash, DB_HASH));
	q_bytes(&q, SPAN(x->sid, DB_ID));
	q_bytes(&q, SPAN(x->account, DB_ID));
	q_int(&q, x->created);
	q_int(&q, x->used);
	q_int(&q, x->auth_time);
	q_int(&q, x->expires);
	q_text(&q, x->agent);
	q_text(&q, x->amr);
	return q_run(&q);
}

enum err
db_session_touch(struct db *s, const struct db_session *x)
{
	struct q q;

	q_begin_write(
	    &q, s, "UPDATE session SET used=?,auth_time=?,expires=?,amr=? WHERE sid=?", DB_PLAIN);
	q_int(&q, x->used);
	q_int(&q, x->auth_time);
	q_int(&q, x->expires);
	q_text(&q, x->amr);
	q_bytes(&q, SPAN(x->sid, DB_ID));
	return q_run_one(&q);
}

enum err
db_session_forget(struct db *s, const uint8_t sid[DB_ID])
{
	struct q q;

	q_begin_write(&q, s, "DELETE FROM session WHERE sid=?", DB_DURABLE);
	q_bytes(&q, SPAN(sid, DB_ID));
	return q_run_one(&q);
}

static enum err
remove_both(struct db *s, const uint8_t sid[DB_ID])
{
	struct q q;
	enum err e = db_session_forget(s, sid);

	if (e)
		return e;
	q_begin_write(&q, s, "DELETE FROM token WHERE sid=? AND lasts=0", DB_DURABLE);
	q_bytes(&q, SPAN(sid, DB_ID));
	return q_run(&q);
}

enum err
db_session_remove(struct db *s, const uint8_t sid[DB_ID])
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, remove_both(s, sid));
}

static enum err
clear_both(struct db *s, struct span account, struct span keep)
{
	static const char *const what[] = {
		"DELETE FROM token WHERE account=? AND (sid<>? OR lasts)",
		"DELETE FROM session WHERE account=? AND sid<>?"
	};
	struct q q;
	enum err e = ERR_OK;

	for (size_t i = 0; !e && i < 2; i++) {
		q_begin_write(&q, s, what[i], DB_DURABLE);
		q_bytes(&q, account);
		q_bytes(&q, keep);
		e = q_run(&q);
	}
	return e;
}

enum err
db_session_clear(struct db *s, const uint8_t account[DB_ID], const uint8_t *keep)
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e
		 : sql_unmark(s, clear_both(s, SPAN(account, DB_ID), SPAN(keep, keep ? DB_ID : 0)));
}

/* ---- reading ---- */
#define COLUMNS "SELECT hash,sid,account,created,used,auth_time,expires,agent,amr FROM session "

static void
read_row(struct q *q, struct db_session *x)
{
	q_get_fixed(q, x->hash, DB_HASH);
	q_get_fixed(q, x->sid, DB_ID);
	q_get_fixed(q, x->account, DB_ID);
	x->created = q_get_int(q);
	x->used = q_get_int(q);
	x->auth_time = q_get_int(q);
	x->expires = q_get_int(q);
	q_keep(q, &x->bytes);
	x->agent = q_get(q, &x->bytes);
	x->amr = q_get(q, &x->bytes);
}

static enum err
has_ended(struct db_session *x, uint64_t now)
{
	if (x->expires > now)
		return ERR_OK;
	db_row_done(x);
	return ERR_NOTFOUND;
}

enum err
db_session_get(struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_session *out)
{
	const struct recent_key k = { RECENT_SESSION, { SPAN(hash, DB_HASH) } };
	struct q q;
	bool found;
	enum err e;

	if (recent_get(s, &k, out))
		return has_ended(out, now);
	*out = (struct db_session){ .used = 0 };
	q_begin(&q, s, COLUMNS "WHERE hash=?");
	q_bytes(&q, SPAN(hash, DB_HASH));
	if ((found = q_row(&q)))
		read_row(&q, out);
	if ((e = q_end_one(&q, found, &out->bytes)))
		return e;
	recent_put(s, &k, out);
	return has_ended(out, now);
}

enum err
db_session_each(struct db *s, const uint8_t account[DB_ID], db_session_fn *fn, void *arg)
{
	struct db_session x = { .used = 0 };
	struct q q;

	q_begin(&q, s, COLUMNS "WHERE account=? ORDER BY created,sid");
	q_bytes(&q, SPAN(account, DB_ID));
	while (q_row(&q)) {
		read_row(&q, &x);
		if (!q.e)
			q.e = fn(arg, &x);
	}
	db_row_done(&x);
	return q_end(&q);
}
