/* client_show.c - `ownkey-oidc client list|show`. */
#include "oidc/admin.h"
#include "oidc/web/jput.h"

static const struct {
	uint64_t flag;
	const char *name;
} flags[] = {
	{ DB_PUBLIC_SUB, "not-pairwise" },
	{ DB_TRUSTED, "trusted" },
	{ DB_REFRESH, "refresh" },
	{ DB_RESOURCE, "resource" },
	{ DB_NO_PKCE, "not-pkce" },
	{ DB_NATIVE, "native" },
	{ DB_INDIEAUTH, "indieauth" },
};
static const char *const auths[] = { "none", "client_secret_basic", "client_secret_post" };

static bool
next_line(struct span *rest, struct span *line)
{
	const uint8_t *nl = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
	size_t n = nl ? (size_t)(nl - rest->p) : rest->len;

	*line = SPAN(rest->p, n);
	n += nl != NULL;
	*rest = SPAN(rest->p + n, rest->len - n);
	return line->len > 0;
}

static void
put_lines(struct jput *j, const char *key, struct span rest)
{
	struct span line;

	jput_list(j, key);
	while (next_line(&rest, &line))
		jput_text(j, NULL, line);
	jput_end(j);
}

/* Names as RFC 7591 2 has them. */
static void
put_client(struct jput *j, const struct db_client *x)
{
	jput_object(j, NULL);
	jput_text(j, "client_id", x->id);
	jput_text(j, "client_name", x->name);
	jput_text(j, "token_endpoint_auth_method", span_str(auths[x->auth]));
	put_lines(j, "redirect_uris", x->redirects);
	put_lines(j, "post_logout_redirect_uris", x->logouts);
	jput_text(j, "scope", x->scopes);
	jput_text(j, "id_token_signed_response_alg", x->algorithm);
	jput_text(j, "sector", x->sector);
	jput_list(j, "flags");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (x->flags & flags[i].flag)
			jput_text(j, NULL, span_str(flags[i].name));
	jput_end(j);
	jput_uint(j, "created", x->created);
	jput_end(j);
}

static enum err
list_one(void *arg, const struct db_client *x)
{
	struct jput *j = arg;

	if (j) {
		put_client(j, x);
		return ERR_OK;
	}
	admin_put(x->id);
	fputs("  ", stdout);
	admin_put(x->name);
	putchar('\n');
	return ERR_OK;
}

static enum err
list(struct oidc_cmd *c)
{
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);
	enum err e;

	if (!c->args.given[OIDC_ARG_JSON])
		return db_client_each(c->oidc.db, list_one, NULL);
	jput_object(&j, NULL);
	jput_list(&j, "clients");
	e = db_client_each(c->oidc.db, list_one, &j);
	jput_end(&j);
	jput_end(&j);
	if (!e)
		return admin_put_json(&json);
	buf_done(&json);
	return e;
}

enum err
oidc_verb_client_list(struct oidc_cmd *c)
{
	enum err e = admin_open(c);

	if (!e)
		e = list(c);
	admin_close(c);
	return e;
}

static void
show_lines(const char *what, struct span rest)
{
	struct span line;

	while (next_line(&rest, &line)) {
		printf("  %s ", what);
		admin_put(line);
		putchar('\n');
	}
}

static void
show(const struct db_client *x)
{
	char day[ADMIN_DAY];

	(void)list_one(NULL, x);
	printf("  %s, since %s\n", auths[x->auth], admin_day(x->created, day));
	show_lines("redirect", x->redirects);
	show_lines("logout", x->logouts);
	show_lines("scopes", x->scopes);
	show_lines("ID tokens by", x->algorithm);
	show_lines("people known as for", x->sector);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (x->flags & flags[i].flag)
			printf("  %s\n", flags[i].name);
}

static enum err
show_one(struct oidc_cmd *c)
{
	struct db_client x;
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);
	enum err e = db_client_get(c->oidc.db, span_str(oidc_cmd_operand(c, 0)), &x);

	if (e)
		return oidc_cmd_wrong(c, e, "client '%.60s'", oidc_cmd_operand(c, 0));
	if (c->args.given[OIDC_ARG_JSON]) {
		put_client(&j, &x);
		e = admin_put_json(&json);
	} else
		show(&x);
	db_row_done(&x);
	return e;
}

enum err
oidc_verb_client_show(struct oidc_cmd *c)
{
	enum err e = admin_open(c);

	if (!e)
		e = show_one(c);
	admin_close(c);
	return e;
}
