#include "oidc/db/recent.h"

enum err
db_account_add(struct db *s, const struct db_account *a)
{
	struct q q;

	q_begin_write(&q, s, "INSERT INTO account VALUES(?,?,?,?,?,?)", DB_DURABLE);
	q_bytes(&q, SPAN(a->id, DB_ID));
	q_text(&q, a->name);
	q_text_or_null(&q, a->me);
	q_text(&q, a->claims);
	q_int(&q, a->created);
	q_int(&q, a->disabled);
	return q_run(&q);
}

enum err
db_account_set(struct db *s, const struct db_account *a)
{
	struct q q;

	q_begin_write(
	    &q, s, "UPDATE account SET name=?,me=?,claims=?,disabled=? WHERE id=?", DB_DURABLE);
	q_text(&q, a->name);
	q_text_or_null(&q, a->me);
	q_text(&q, a->claims);
	q_int(&q, a->disabled);
	q_bytes(&q, SPAN(a->id, DB_ID));
	return q_run_one(&q);
}

static enum err
remove_both(struct db *s, const uint8_t id[DB_ID])
{
	struct q q;
	enum err e;

	q_begin_write(&q, s, "DELETE FROM account WHERE id=?", DB_DURABLE);
	q_bytes(&q, SPAN(id, DB_ID));
	if ((e = q_run_one(&q)))
		return e;
	q_begin_write(&q, s, "DELETE FROM token WHERE account=?", DB_DURABLE);
	q_bytes(&q, SPAN(id, DB_ID));
	return q_run(&q);
}

enum err
db_account_remove(struct db *s, const uint8_t id[DB_ID])
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, remove_both(s, id));
}

/* ---- reading ---- */
#define COLUMNS "SELECT id,created,disabled,name,me,claims FROM account "

static void
read_row(struct q *q, struct db_account *a)
{
	q_get_fixed(q, a->id, DB_ID);
	a->created = q_get_int(q);
	a->disabled = q_get_int(q) != 0;
	q_keep(q, &a->bytes);
	a->name = q_get(q, &a->bytes);
	a->me = q_get(q, &a->bytes);
	a->claims = q_get(q, &a->bytes);
}

static enum err
read_one(struct q *q, struct db_account *out)
{
	bool found;

	*out = (struct db_account){ .created = 0 };
	if ((found = q_row(q)))
		read_row(q, out);
	return q_end_one(q, found, &out->bytes);
}

enum err
db_account_get(struct db *s, const uint8_t id[DB_ID], struct db_account *out)
{
	const struct recent_key k = { RECENT_ACCOUNT, { SPAN(id, DB_ID) } };
	struct q q;
	enum err e;

	if (recent_get(s, &k, out))
		return ERR_OK;
	q_begin(&q, s, COLUMNS "WHERE id=?");
	q_bytes(&q, SPAN(id, DB_ID));
	if (!(e = read_one(&q, out)))
		recent_put(s, &k, out);
	return e;
}

enum err
db_account_find(struct db *s, struct span name, struct db_account *out)
{
	struct q q;

	q_begin(&q, s, COLUMNS "WHERE name=?");
	q_text(&q, name);
	return read_one(&q, out);
}

enum err
db_account_by_me(struct db *s, struct span me, struct db_account *out)
{
	struct q q;

	q_begin(&q, s, COLUMNS "WHERE me=?");
	q_text_or_null(&q, me);
	return read_one(&q, out);
}

enum err
db_account_each(struct db *s, db_account_fn *fn, void *arg)
{
	struct db_account a = { .created = 0 };
	struct q q;

	q_begin(&q, s, COLUMNS "ORDER BY name");
	while (q_row(&q)) {
		read_row(&q, &a);
		if (!q.e)
			q.e = fn(arg, &a);
	}
	db_row_done(&a);
	return q_end(&q);
}
