#include "oidc/db/sql.h"

enum err
db_credential_add(struct db *s, const struct db_credential *c)
{
	struct q q;

	if (!c->id.len || c->id.len > DB_CREDENTIAL)
		return ERR_RANGE;
	q_begin_write(&q, s, "INSERT INTO credential VALUES(?,?,?,?,?,?,?,?,?,?)", DB_DURABLE);
	q_bytes(&q, c->id);
	q_bytes(&q, SPAN(c->account, DB_ID));
	q_bytes(&q, c->key);
	q_text(&q, c->name);
	q_text(&q, c->transports);
	q_bytes(&q, SPAN(c->aaguid, sizeof c->aaguid));
	q_int(&q, c->count);
	q_int(&q, c->flags);
	q_int(&q, c->created);
	q_int(&q, c->used);
	return q_run(&q);
}

static enum err
add_invited(struct db *s, const struct db_credential *c, const uint8_t hash[DB_HASH], uint64_t now)
{
	struct db_pass p;
	enum err e = db_pass_take(s, hash, now, &p);

	if (!e && (p.kind == DB_RECOVERY || memcmp(p.account, c->account, DB_ID) != 0))
		e = ERR_NOTFOUND;
	return e ? e : db_credential_add(s, c);
}

enum err
db_credential_invited(
    struct db *s, const struct db_credential *c, const uint8_t hash[DB_HASH], uint64_t now)
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, add_invited(s, c, hash, now));
}

enum err
db_credential_used(struct db *s, const struct db_credential *c)
{
	struct q q;

	q_begin_write(&q, s, "UPDATE credential SET count=?,flags=?,used=? WHERE id=?", DB_DURABLE);
	q_int(&q, c->count);
	q_int(&q, c->flags);
	q_int(&q, c->used);
	q_bytes(&q, c->id);
	return q_run_one(&q);
}

enum err
db_credential_name(struct db *s, const uint8_t account[DB_ID], struct span id, struct span name)
{
	struct q q;

	q_begin_write(&q, s, "UPDATE credential SET name=? WHERE id=? AND account=?", DB_DURABLE);
	q_text(&q, name);
	q_bytes(&q, id);
	q_bytes(&q, SPAN(account, DB_ID));
	return q_run_one(&q);
}

enum err
db_credential_remove(struct db *s, const uint8_t account[DB_ID], struct span id)
{
	struct q q;

	q_begin_write(&q, s, "DELETE FROM credential WHERE id=? AND account=?", DB_DURABLE);
	q_bytes(&q, id);
	q_bytes(&q, SPAN(account, DB_ID));
	return q_run_one(&q);
}

enum err
db_credential_remove_spare(struct db *s, const uint8_t account[DB_ID], struct span id)
{
	struct q q;

	q_begin_write(&q, s,
	    "DELETE FROM credential WHERE id=? AND account=?"
	    " AND (SELECT count(*) FROM credential WHERE account=?)>1",
	    DB_DURABLE);
	q_bytes(&q, id);
	q_bytes(&q, SPAN(account, DB_ID));
	q_bytes(&q, SPAN(account, DB_ID));
	return q_run_one(&q);
}

/* ---- reading ---- */
#define COLUMNS                                                                      \
	"SELECT account,aaguid,count,flags,created,used,id,key,name,transports FROM" \
	" credential "

static void
read_row(struct q *q, struct db_credential *c)
{
	q_get_fixed(q, c->account, DB_ID);
	q_get_fixed(q, c->aaguid, sizeof c->aaguid);
	c->count = q_get_int(q);
	c->flags = q_get_int(q);
	c->created = q_get_int(q);
	c->used = q_get_int(q);
	q_keep(q, &c->bytes);
	c->id = q_get(q, &c->bytes);
	c->key = q_get(q, &c->bytes);
	c->name = q_get(q, &c->bytes);
	c->transports = q_get(q, &c->bytes);
}

enum err
db_credential_get(struct db *s, struct span id, struct db_credential *out)
{
	struct q q;
	bool found;

	*out = (struct db_credential){ .count = 0 };
	q_begin(&q, s, COLUMNS "WHERE id=?");
	q_bytes(&q, id);
	if ((found = q_row(&q)))
		read_row(&q, out);
	return q_end_one(&q, found, &out->bytes);
}

enum err
db_credential_each(struct db *s, const uint8_t account[DB_ID], db_credential_fn *fn, void *arg)
{
	struct db_credential c = { .count = 0 };
	struct q q;

	q_begin(&q, s, COLUMNS "WHERE account=? ORDER BY created,id");
	q_bytes(&q, SPAN(account, DB_ID));
	while (q_row(&q)) {
		read_row(&q, &c);
		if (!q.e)
			q.e = fn(arg, &c);
	}
	db_row_done(&c);
	return q_end(&q);
}
