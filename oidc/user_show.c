/* user_show.c - `ownkey-oidc user list|show`. */
#include "lib/text.h"
#include "oidc/admin.h"
#include "oidc/web/jput.h"

static void
put_id(struct jput *j, const char *key, const uint8_t id[DB_ID])
{
	char hex[2 * DB_ID];

	text_encode_raw(TEXT_HEX, SPAN(id, DB_ID), hex);
	jput_text(j, key, SPAN(hex, sizeof hex));
}

/* ---- list ---- */
struct listing {
	struct jput *json; /* NULL: for people */
	size_t n;
};

static void
put_account(struct jput *j, const struct db_account *a)
{
	jput_object(j, NULL);
	jput_text(j, "name", a->name);
	put_id(j, "id", a->id);
	if (a->me.len)
		jput_text(j, "me", a->me);
	jput_bool(j, "disabled", a->disabled);
	jput_uint(j, "created", a->created);
	jput_raw(j, "claims", a->claims);
}

static enum err
list_one(void *arg, const struct db_account *a)
{
	struct listing *l = arg;

	l->n++;
	if (l->json) {
		put_account(l->json, a);
		jput_end(l->json);
		return ERR_OK;
	}
	admin_put(a->name);
	if (a->disabled)
		fputs("  disabled", stdout);
	if (a->me.len)
		fputs("  ", stdout);
	admin_put(a->me);
	putchar('\n');
	return ERR_OK;
}

static enum err
list(struct oidc_cmd *c)
{
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);
	struct listing l = { .json = c->args.given[OIDC_ARG_JSON] ? &j : NULL };
	enum err e;

	jput_object(&j, NULL);
	jput_list(&j, "users");
	e = db_account_each(c->oidc.db, list_one, &l);
	jput_end(&j);
	jput_end(&j);
	if (!e && l.json)
		return admin_put_json(&json);
	if (!e && !l.n)
		puts("nobody: 'ownkey-oidc user add NAME' makes the first");
	buf_done(&json);
	return e;
}

enum err
oidc_verb_user_list(struct oidc_cmd *c)
{
	enum err e = admin_open(c);

	if (!e)
		e = list(c);
	admin_close(c);
	return e;
}

/* ---- show ---- */
static enum err
show_credential(void *arg, const struct db_credential *x)
{
	struct jput *j = arg;
	char made[ADMIN_DAY], used[ADMIN_DAY];

	if (j) {
		jput_object(j, NULL);
		jput_text(j, "name", x->name);
		jput_uint(j, "created", x->created);
		jput_uint(j, "used", x->used);
		jput_bool(j, "synced", (x->flags & DB_BS) != 0);
		jput_end(j);
		return ERR_OK;
	}
	fputs("  token ", stdout);
	admin_put(x->name);
	printf("  since %s, used %s%s\n", admin_day(x->created, made), admin_day(x->used, used),
	    x->flags & DB_BS ? ", synced" : "");
	return ERR_OK;
}

static enum err
show_consent(void *arg, const struct db_consent *x)
{
	struct jput *j = arg;

	if (j) {
		jput_object(j, NULL);
		jput_text(j, "client", x->client);
		jput_words(j, "scopes", x->scopes);
		jput_text(j, "sub", x->sub);
		jput_uint(j, "used", x->used);
		jput_end(j);
		return ERR_OK;
	}
	fputs("  logs in at ", stdout);
	admin_put(x->client);
	fputs("  with ", stdout);
	admin_put(x->scopes);
	putchar('\n');
	return ERR_OK;
}

static enum err
show_session(void *arg, const struct db_session *x)
{
	struct jput *j = arg;
	char used[ADMIN_DAY];

	if (j) {
		jput_object(j, NULL);
		put_id(j, "sid", x->sid);
		jput_text(j, "browser", x->agent);
		jput_uint(j, "created", x->created);
		jput_uint(j, "used", x->used);
		jput_end(j);
		return ERR_OK;
	}
	printf("  logged in, used %s  ", admin_day(x->used, used));
	admin_put(x->agent);
	putchar('\n');
	return ERR_OK;
}

static enum err
show_rest(struct oidc_cmd *c, const struct db_account *a, struct jput *j)
{
	struct db *db = c->oidc.db;
	enum err e;

	if (j)
		jput_list(j, "tokens");
	if ((e = db_credential_each(db, a->id, show_credential, j)))
		return e;
	if (j) {
		jput_end(j);
		jput_list(j, "clients");
	}
	if ((e = db_consent_each(db, a->id, show_consent, j)))
		return e;
	if (j) {
		jput_end(j);
		jput_list(j, "sessions");
	}
	if ((e = db_session_each(db, a->id, show_session, j)))
		return e;
	if (j)
		jput_end(j);
	return ERR_OK;
}

static void
show_account(const struct db_account *a)
{
	char hex[2 * DB_ID], day[ADMIN_DAY];

	text_encode_raw(TEXT_HEX, SPAN(a->id, DB_ID), hex);
	admin_put(a->name);
	printf("%s\n  id %.*s\n  since %s\n", a->disabled ? "  disabled" : "", (int)sizeof hex, hex,
	    admin_day(a->created, day));
	if (a->me.len)
		fputs("  page ", stdout);
	admin_put(a->me);
	fputs(a->me.len ? "\n  " : "  ", stdout);
	admin_put(a->claims);
	putchar('\n');
}

static enum err
show(struct oidc_cmd *c, const struct db_account *a)
{
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);
	enum err e;

	if (!c->args.given[OIDC_ARG_JSON]) {
		show_account(a);
		return show_rest(c, a, NULL);
	}
	put_account(&j, a);
	if ((e = show_rest(c, a, &j))) {
		buf_done(&json);
		return e;
	}
	jput_end(&j);
	return admin_put_json(&json);
}

enum err
oidc_verb_user_show(struct oidc_cmd *c)
{
	struct db_account a = { .created = 0 };
	enum err e;

	if (!(e = admin_open(c)) &&
	    !(e = db_account_find(c->oidc.db, span_str(oidc_cmd_operand(c, 0)), &a)))
		e = show(c, &a);
	else if (e == ERR_NOTFOUND && c->oidc.db)
		e = oidc_cmd_wrong(c, e, "nobody is called '%.64s'", oidc_cmd_operand(c, 0));
	db_row_done(&a);
	admin_close(c);
	return e;
}
