/* check_list.c - the vault's list of audiences and accounts against the store: who is missing on
 * it, and who is on it though nobody knows them here any more. */
#include <stdlib.h>
#include <string.h>

#include "oidc/check.h"

#define MOST 100000 /* rows that are compared */

struct listed {
	enum jwt_kind kind;
	struct buf name, sector;
	bool is_public, known;
};

struct list {
	struct check *x;
	struct listed *v;
	size_t n, room;
};

static int
order(const struct listed *a, const struct listed *b)
{
	size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
	int d;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if ((d = n ? memcmp(a->name.p, b->name.p, n) : 0))
		return d;
	return a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

static int
order_any(const void *a, const void *b)
{
	return order(a, b);
}

static void
list_done(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_done(&l->v[i].name);
		buf_done(&l->v[i].sector);
	}
	free(l->v);
}

/* ---- reading the vault's ---- */
static enum err
keep(struct list *l, const struct ops_jwt_name *n)
{
	struct listed *to;

	if (l->n == MOST)
		return ERR_TOOBIG;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct listed *v = realloc(l->v, room * sizeof *v);

		if (!v)
			return ERR_NOMEM;
		l->v = v;
		l->room = room;
	}
	to = &l->v[l->n++];
	*to = (struct listed){ .kind = (enum jwt_kind)n->kind,
		.name = BUF_INIT,
		.sector = BUF_INIT,
		.is_public = n->is_public };
	buf_put_span(&to->name, n->name);
	buf_put_span(&to->sector, n->sector.len ? n->sector : n->name);
	return buf_err(&to->name) ? buf_err(&to->name) : buf_err(&to->sector);
}

static enum err
read_page(struct list *l, struct buf *cursor)
{
	struct ops_jwt_page q = { .issuer = span_str(l->x->c->oidc.conf.issuer) };
	struct ops_jwt_list_rep rep;
	struct ops_jwt_name n;
	struct cbor at;
	enum err e;

	q.cursor = buf_span(cursor);
	wire_mark(&ops_jwt_page_map, &q);
	if ((e = client_call(&l->x->conn, OP_JWT_LIST, &q, &rep)))
		return e;
	at = wire_each(&rep.names);
	for (size_t i = 0; i < rep.names.n && !e; i++)
		if (!(e = wire_next(&ops_jwt_name_map, &at, &n)))
			e = keep(l, &n);
	buf_reset(cursor);
	buf_put_span(cursor, rep.cursor);
	return e ? e : buf_err(cursor);
}

static enum err
read_all(struct list *l)
{
	struct buf cursor = BUF_INIT;
	enum err e;

	do
		e = read_page(l, &cursor);
	while (!e && cursor.len);
	buf_done(&cursor);
	if (!e && l->n)
		qsort(l->v, l->n, sizeof *l->v, order_any);
	return e;
}

/* ---- comparing ---- */
static struct listed *
find(const struct list *l, const struct ops_jwt_name *n)
{
	struct listed key = { .kind = (enum jwt_kind)n->kind,
		.name = { .p = (uint8_t *)(uintptr_t)n->name.p, .len = n->name.len } };

	return l->n ? bsearch(&key, l->v, l->n, sizeof *l->v, order_any) : NULL;
}

static void
say_line(struct list *l, const char *what, const char *verb, const struct ops_jwt_name *n)
{
	struct buf fix = BUF_INIT, all = BUF_INIT;

	buf_put_str(&all, what);
	buf_put_span(&all, n->name);
	admin_line(l->x->c, verb, n, &fix);
	if (*verb == 'a')
		check_wrong(l->x, buf_cstr(&all), "is not on the vault's list like this: no tokens",
		    buf_cstr(&fix));
	else
		check_hint(l->x, buf_cstr(&all), "on the vault's list, but not here (any more)",
		    buf_cstr(&fix));
	buf_done(&all);
	buf_done(&fix);
}

static bool
is_same(const struct listed *have, const struct ops_jwt_name *n)
{
	if (n->kind == JWT_ACCOUNT)
		return true;
	if (have->is_public != n->is_public)
		return false;
	return n->is_public ||
	    span_eq(buf_span(&have->sector), n->sector.len ? n->sector : n->name);
}

static enum err
look(struct list *l, const char *what, const struct ops_jwt_name *n)
{
	struct listed *have = find(l, n);

	if (have)
		have->known = true;
	if (!have || !is_same(have, n))
		say_line(l, what, "allow", n);
	return ERR_OK;
}

static enum err
look_account(void *arg, const struct db_account *a)
{
	char hex[2 * DB_ID], what[DB_NAME + 24];
	struct ops_jwt_name n;

	admin_name_account(a->id, hex, &n);
	snprintf(
	    what, sizeof what, "user %.*s, account ", (int)a->name.len, (const char *)a->name.p);
	return look(arg, what, &n);
}

static enum err
look_client(void *arg, const struct db_client *client)
{
	struct ops_jwt_name n;

	if (client->flags & DB_RESOURCE)
		return ERR_OK;
	admin_name_client(client, &n);
	return look(arg, "client ", &n);
}

static void
look_forgotten(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct ops_jwt_name n = { .kind = l->v[i].kind, .name = buf_span(&l->v[i].name) };

		if (!l->v[i].known)
			say_line(l, n.kind == JWT_ACCOUNT ? "account " : "audience ", "forget", &n);
	}
}

static enum err
compare(struct list *l)
{
	struct db *db = l->x->c->oidc.db;
	enum err e;

	if ((e = db_account_each(db, look_account, l)) || (e = db_client_each(db, look_client, l)))
		return e;
	look_forgotten(l);
	return ERR_OK;
}

void
check_list(struct check *x)
{
	struct list l = { .x = x };
	enum err e;

	if (x->conn.fd < 0 || !x->c->oidc.db)
		return; /* said */
	if (!(e = read_all(&l)))
		e = compare(&l);
	list_done(&l);
	if (e == ERR_CLIENT_RIGHT)
		check_hint(x, "the vault's list", "we may not read it, so it was not compared",
		    "add jwt.list to the 'client' line in ownkey.conf of the agent");
	else if (e == ERR_LOCKED)
		check_hint(x, "the vault's list", "locked, so it was not compared",
		    "once more after 'ownkey unlock'");
	else if (e && e != ERR_NOTFOUND)
		check_wrong(x, "the vault's list", err_text(e), err_hint(e));
}
