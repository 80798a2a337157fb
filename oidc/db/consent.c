#include "oidc/db/recent.h"

enum err
db_consent_set(struct db *s, const struct db_consent *c)
{
	struct q q;

	q_begin_write(&q, s,
	    "INSERT INTO consent VALUES(?,?,?,?,?,?) ON CONFLICT(account,client)"
	    " DO UPDATE SET scopes=excluded.scopes,sub=excluded.sub,used=excluded.used",
	    DB_DURABLE);
	q_bytes(&q, SPAN(c->account, DB_ID));
	q_text(&q, c->client);
	q_text(&q, c->scopes);
	q_text(&q, c->sub);
	q_int(&q, c->created);
	q_int(&q, c->used);
	return q_run(&q);
}

enum err
db_consent_stands(
    struct db *s, const uint8_t account[DB_ID], struct span client, const uint8_t sid[DB_ID])
{
	const struct recent_key k = { RECENT_STANDS,
		{ SPAN(account, DB_ID), SPAN(sid, DB_ID), client } };
	struct q q;
	bool found;
	enum err e;

	if (recent_get(s, &k, NULL))
		return ERR_OK;
	q_begin(&q, s,
	    "SELECT 1 FROM consent, session WHERE consent.account=? AND client=? AND sid=?"
	    " AND session.account=consent.account");
	q_bytes(&q, SPAN(account, DB_ID));
	q_text(&q, client);
	q_bytes(&q, SPAN(sid, DB_ID));
	found = q_row(&q);
	if (!(e = q_end_one(&q, found, NULL)))
		recent_put(s, &k, NULL);
	return e;
}

enum err
db_consent_used(struct db *s, const uint8_t account[DB_ID], struct span client, uint64_t now)
{
	struct q q;

	q_begin_write(&q, s, "UPDATE consent SET used=? WHERE account=? AND client=?", DB_PLAIN);
	q_int(&q, now);
	q_bytes(&q, SPAN(account, DB_ID));
	q_text(&q, client);
	return q_run_one(&q);
}

enum err
db_consent_subject(struct db *s, const uint8_t account[DB_ID], struct span client, struct span sub)
{
	struct q q;

	q_begin_write(&q, s, "UPDATE consent SET sub=? WHERE account=? AND client=?", DB_PLAIN);
	q_text(&q, sub);
	q_bytes(&q, SPAN(account, DB_ID));
	q_text(&q, client);
	return q_run_one(&q);
}

static enum err
remove_both(struct db *s, struct span account, struct span client)
{
	struct q q;
	enum err e;

	q_begin_write(&q, s, "DELETE FROM consent WHERE account=? AND client=?", DB_DURABLE);
	q_bytes(&q, account);
	q_text(&q, client);
	if ((e = q_run_one(&q)))
		return e;
	q_begin_write(&q, s, "DELETE FROM token WHERE account=? AND client=?", DB_DURABLE);
	q_bytes(&q, account);
	q_text(&q, client);
	return q_run(&q);
}

enum err
db_consent_remove(struct db *s, const uint8_t account[DB_ID], struct span client)
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, remove_both(s, SPAN(account, DB_ID), client));
}

/* ---- reading ---- */
#define COLUMNS "SELECT account,created,used,client,scopes,sub FROM consent "

static void
read_row(struct q *q, struct db_consent *c)
{
	q_get_fixed(q, c->account, DB_ID);
	c->created = q_get_int(q);
	c->used = q_get_int(q);
	q_keep(q, &c->bytes);
	c->client = q_get(q, &c->bytes);
	c->scopes = q_get(q, &c->bytes);
	c->sub = q_get(q, &c->bytes);
}

enum err
db_consent_get(
    struct db *s, const uint8_t account[DB_ID], struct span client, struct db_consent *out)
{
	const struct recent_key k = { RECENT_CONSENT, { SPAN(account, DB_ID), client } };
	struct q q;
	bool found;
	enum err e;

	if (recent_get(s, &k, out))
		return ERR_OK;
	*out = (struct db_consent){ .used = 0 };
	q_begin(&q, s, COLUMNS "WHERE account=? AND client=?");
	q_bytes(&q, SPAN(account, DB_ID));
	q_text(&q, client);
	if ((found = q_row(&q)))
		read_row(&q, out);
	if (!(e = q_end_one(&q, found, &out->bytes)))
		recent_put(s, &k, out);
	return e;
}

enum err
db_consent_each(struct db *s, const uint8_t account[DB_ID], db_consent_fn *fn, void *arg)
{
	struct db_consent c = { .used = 0 };
	struct q q;

	q_begin(&q, s, COLUMNS "WHERE account=? ORDER BY client");
	q_bytes(&q, SPAN(account, DB_ID));
	while (q_row(&q)) {
		read_row(&q, &c);
		if (!q.e)
			q.e = fn(arg, &c);
	}
	db_row_done(&c);
	return q_end(&q);
}
