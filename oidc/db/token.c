/*
 * token.c - access and refresh tokens.  Issuing need not survive a power cut (the client logs in
 * again); revoking must.
 */
#include "oidc/db/sql.h"

enum err
db_token_add(struct db *s, const struct db_token *t)
{
	struct q q;

	q_begin_write(
	    &q, s, "INSERT INTO token VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", DB_PLAIN);
	q_bytes(&q, SPAN(t->hash, DB_HASH));
	q_int(&q, t->kind);
	q_bytes(&q, SPAN(t->family, DB_ID));
	q_bytes(&q, SPAN(t->account, DB_ID));
	q_bytes(&q, SPAN(t->sid, DB_ID));
	q_text(&q, t->client);
	q_text(&q, t->scopes);
	q_text(&q, t->audience);
	q_text(&q, t->sub);
	q_text(&q, t->nonce);
	q_text(&q, t->amr);
	q_int(&q, t->auth_time);
	q_int(&q, t->issued);
	q_int(&q, t->expires);
	q_int(&q, t->spent);
	q_int(&q, t->lasts);
	return q_run(&q);
}

/* Durable: a refresh token that a power cut made good again would be taken for stolen at its next
 * use, and so would what it was exchanged for. */
enum err
db_token_spend(struct db *s, const uint8_t hash[DB_HASH], bool *first)
{
	struct q q;
	enum err e;

	q_begin_write(
	    &q, s, "UPDATE token SET spent=1 WHERE hash=? AND kind=1 AND spent=0", DB_DURABLE);
	q_bytes(&q, SPAN(hash, DB_HASH));
	e = q_run(&q);
	*first = !e && q_changes(s) == 1;
	return e;
}

enum err
db_token_remove(struct db *s, const uint8_t hash[DB_HASH])
{
	struct q q;

	q_begin_write(&q, s, "DELETE FROM token WHERE hash=?", DB_DURABLE);
	q_bytes(&q, SPAN(hash, DB_HASH));
	return q_run_one(&q);
}

enum err
db_family_remove(struct db *s, const uint8_t family[DB_ID], uint64_t *n)
{
	struct q q;
	enum err e;

	q_begin_write(&q, s, "DELETE FROM token WHERE family=?", DB_DURABLE);
	q_bytes(&q, SPAN(family, DB_ID));
	e = q_run(&q);
	if (n)
		*n = e ? 0 : q_changes(s);
	return e;
}

static void
read_row(struct q *q, struct db_token *t)
{
	struct span *const texts[] = { &t->client, &t->scopes, &t->audience, &t->sub, &t->nonce,
		&t->amr };

	q_get_fixed(q, t->hash, DB_HASH);
	t->kind = (enum db_kind)q_get_int(q);
	q_get_fixed(q, t->family, DB_ID);
	q_get_fixed(q, t->account, DB_ID);
	q_get_fixed(q, t->sid, DB_ID);
	t->auth_time = q_get_int(q);
	t->issued = q_get_int(q);
	t->expires = q_get_int(q);
	t->spent = q_get_int(q) != 0;
	t->lasts = q_get_int(q) != 0;
	q_keep(q, &t->bytes);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = q_get(q, &t->bytes);
}

enum err
db_token_get(struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_token *out)
{
	struct q q;
	bool found;

	*out = (struct db_token){ .issued = 0 };
	q_begin(&q, s,
	    "SELECT hash,kind,family,account,sid,auth_time,issued,expires,spent,lasts,client,"
	    "scopes,audience,sub,nonce,amr FROM token WHERE hash=? AND expires>?");
	q_bytes(&q, SPAN(hash, DB_HASH));
	q_int(&q, now);
	if ((found = q_row(&q)))
		read_row(&q, out);
	return q_end_one(&q, found, &out->bytes);
}
