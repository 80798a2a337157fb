/*
 * pass.c - invitations and recovery codes: what works once.
 */
#include "oidc/db/sql.h"

enum err
db_pass_add(struct db *s, const struct db_pass *p)
{
	struct q q;

	q_begin_write(&q, s, "INSERT INTO pass VALUES(?,?,?,?)", DB_DURABLE);
	q_bytes(&q, SPAN(p->hash, DB_HASH));
	q_int(&q, p->kind);
	q_bytes(&q, SPAN(p->account, DB_ID));
	q_int(&q, p->expires);
	return q_run(&q);
}

static enum err
read_one(struct q *q, const uint8_t hash[DB_HASH], uint64_t now, struct db_pass *out)
{
	bool found;

	*out = (struct db_pass){ .expires = 0 };
	q_bytes(q, SPAN(hash, DB_HASH));
	q_int(q, now);
	if ((found = q_row(q))) {
		memcpy(out->hash, hash, DB_HASH);
		out->kind = (enum db_once)q_get_int(q);
		out->expires = q_get_int(q);
		q_get_fixed(q, out->account, DB_ID);
	}
	return q_end_one(q, found, NULL);
}

enum err
db_pass_look(struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_pass *out)
{
	struct q q;

	q_begin(&q, s,
	    "SELECT kind,expires,account FROM pass WHERE hash=? AND (expires=0 OR expires>?)");
	return read_one(&q, hash, now, out);
}

enum err
db_pass_take(struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_pass *out)
{
	struct q q;

	q_begin_write(&q, s,
	    "DELETE FROM pass WHERE hash=? AND (expires=0 OR expires>?)"
	    " RETURNING kind,expires,account",
	    DB_DURABLE);
	return read_one(&q, hash, now, out);
}

static enum err
trade(struct db *s, const uint8_t hash[DB_HASH], uint64_t now, const struct db_pass *other)
{
	struct db_pass p;
	enum err e = db_pass_take(s, hash, now, &p);

	return e ? e : db_pass_add(s, other);
}

enum err
db_pass_trade(struct db *s, const uint8_t hash[DB_HASH], uint64_t now, const struct db_pass *other)
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, trade(s, hash, now, other));
}

static enum err
renew(struct db *s, const struct db_pass *p, size_t n)
{
	enum err e = db_pass_clear(s, p->account, p->kind);

	for (size_t i = 0; !e && i < n; i++)
		e = db_pass_add(s, &p[i]);
	return e;
}

enum err
db_pass_renew(struct db *s, const struct db_pass *p, size_t n)
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, renew(s, p, n));
}

enum err
db_pass_clear(struct db *s, const uint8_t account[DB_ID], enum db_once kind)
{
	struct q q;

	q_begin_write(&q, s, "DELETE FROM pass WHERE account=? AND kind=?", DB_DURABLE);
	q_bytes(&q, SPAN(account, DB_ID));
	q_int(&q, kind);
	return q_run(&q);
}

enum err
db_pass_count(struct db *s, const uint8_t account[DB_ID], enum db_once kind, uint64_t *n)
{
	struct q q;

	*n = 0;
	q_begin(&q, s, "SELECT count(*) FROM pass WHERE account=? AND kind=?");
	q_bytes(&q, SPAN(account, DB_ID));
	q_int(&q, kind);
	if (q_row(&q))
		*n = q_get_int(&q);
	return q_end(&q);
}
