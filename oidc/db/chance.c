#include "lib/crypto.h"
#include "oidc/db/sql.h"

static enum err
look(struct db *s, const char *name, uint8_t out[32])
{
	struct q q;
	bool found;

	q_begin(&q, s, "SELECT value FROM chance WHERE name=?");
	q_text(&q, span_str(name));
	if ((found = q_row(&q)))
		q_get_fixed(&q, out, 32);
	return q_end_one(&q, found, NULL);
}

enum err
db_chance(struct db *s, const char *name, uint8_t out[32])
{
	struct q q;
	enum err e = look(s, name, out);

	if (e != ERR_NOTFOUND)
		return e;
	crypto_random(out, 32);
	q_begin_write(&q, s, "INSERT INTO chance VALUES(?,?)", DB_DURABLE);
	q_text(&q, span_str(name));
	q_bytes(&q, SPAN(out, 32));
	return q_run(&q);
}
