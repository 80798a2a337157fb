#include "oidc/db/recent.h"

/* In the order of the columns that follow the id. */
static void
put_row(struct q *q, const struct db_client *c)
{
	q_text(q, c->name);
	q_int(q, c->auth);
	q_bytes(q, SPAN(c->secret, DB_HASH));
	q_text(q, c->redirects);
	q_text(q, c->logouts);
	q_text(q, c->sector);
	q_text(q, c->scopes);
	q_text(q, c->algorithm);
	q_text(q, c->uri);
	q_text(q, c->logo);
	q_text(q, c->policy);
	q_text(q, c->terms);
	q_int(q, c->flags);
}

static bool
is_bounded(const struct db_client *c)
{
	return c->id.len && c->id.len <= DB_CLIENT && c->redirects.len <= DB_URIS &&
	    c->logouts.len <= DB_URIS;
}

enum err
db_client_add(struct db *s, const struct db_client *c)
{
	struct q q;

	if (!is_bounded(c))
		return ERR_RANGE;
	q_begin_write(
	    &q, s, "INSERT INTO client VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", DB_DURABLE);
	q_text(&q, c->id);
	put_row(&q, c);
	q_int(&q, c->created);
	return q_run(&q);
}

enum err
db_client_set(struct db *s, const struct db_client *c)
{
	struct q q;

	if (!is_bounded(c))
		return ERR_RANGE;
	q_begin_write(&q, s,
	    "UPDATE client SET name=?,auth=?,secret=?,redirects=?,logouts=?,sector=?,scopes=?,"
	    "algorithm=?,uri=?,logo=?,policy=?,terms=?,flags=? WHERE id=?",
	    DB_DURABLE);
	put_row(&q, c);
	q_text(&q, c->id);
	return q_run_one(&q);
}

static enum err
remove_all(struct db *s, struct span id)
{
	static const char *const also[] = { "DELETE FROM consent WHERE client=?",
		"DELETE FROM token WHERE client=?" };
	struct q q;
	enum err e;

	q_begin_write(&q, s, "DELETE FROM client WHERE id=?", DB_DURABLE);
	q_text(&q, id);
	e = q_run_one(&q);
	for (size_t i = 0; !e && i < 2; i++) {
		q_begin_write(&q, s, also[i], DB_DURABLE);
		q_text(&q, id);
		e = q_run(&q);
	}
	return e;
}

enum err
db_client_remove(struct db *s, struct span id)
{
	enum err e = sql_mark(s, DB_DURABLE);

	return e ? e : sql_unmark(s, remove_all(s, id));
}

/* ---- reading ---- */
#define COLUMNS                                                                     \
	"SELECT auth,secret,flags,created,id,name,redirects,logouts,sector,scopes," \
	"algorithm,uri,logo,policy,terms FROM client "

static void
read_row(struct q *q, struct db_client *c)
{
	struct span *const texts[] = { &c->id, &c->name, &c->redirects, &c->logouts, &c->sector,
		&c->scopes, &c->algorithm, &c->uri, &c->logo, &c->policy, &c->terms };

	c->auth = (enum db_auth)q_get_int(q);
	q_get_fixed(q, c->secret, DB_HASH);
	c->flags = q_get_int(q);
	c->created = q_get_int(q);
	q_keep(q, &c->bytes);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = q_get(q, &c->bytes);
}

enum err
db_client_get(struct db *s, struct span id, struct db_client *out)
{
	const struct recent_key k = { RECENT_CLIENT, { id } };
	struct q q;
	bool found;
	enum err e;

	if (recent_get(s, &k, out))
		return ERR_OK;
	*out = (struct db_client){ .flags = 0 };
	q_begin(&q, s, COLUMNS "WHERE id=?");
	q_text(&q, id);
	if ((found = q_row(&q)))
		read_row(&q, out);
	if (!(e = q_end_one(&q, found, &out->bytes)))
		recent_put(s, &k, out);
	return e;
}

enum err
db_client_each(struct db *s, db_client_fn *fn, void *arg)
{
	struct db_client c = { .flags = 0 };
	struct q q;

	q_begin(&q, s, COLUMNS "ORDER BY id");
	while (q_row(&q)) {
		read_row(&q, &c);
		if (!q.e)
			q.e = fn(arg, &c);
	}
	db_row_done(&c);
	return q_end(&q);
}
