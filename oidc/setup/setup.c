/* setup.c - `ownkey-oidc setup`: what to paste where, and the client that it is for. */
#include <errno.h>
#include <unistd.h>

#include "lib/sec.h"
#include "oidc/client.h"
#include "oidc/op/indie_page.h"
#include "oidc/op/metadata.h"
#include "oidc/op/uri.h"
#include "oidc/setup/recipe.h"

#define NO_SECRET "(as it was shown once)"

/* One run. */
struct setup {
	struct oidc_cmd *c;
	const struct recipe *recipe;
	struct span url, id;
	bool made;     /* the client, just now */
	char name[40]; /* that people see, unless --name says another */
	struct buf texts[RECIPE_WORDS], redirects[RECIPE_REDIRECTS], logout;
	struct client_made client;
};

static void
setup_done(struct setup *s)
{
	for (size_t i = 0; i < RECIPE_WORDS; i++)
		buf_done(&s->texts[i]);
	for (size_t i = 0; i < RECIPE_REDIRECTS; i++)
		buf_done(&s->redirects[i]);
	buf_done(&s->logout);
	client_made_done(&s->client);
}

/* ---- words ---- */
static void
put_provider(struct setup *s)
{
	static const struct {
		enum recipe_word word;
		const char *path;
	} rows[] = {
		{ RECIPE_ISSUER, "" },
		{ RECIPE_AUTHORIZE, PATH_AUTHORIZE },
		{ RECIPE_TOKEN, PATH_TOKEN },
		{ RECIPE_USERINFO, PATH_USERINFO },
		{ RECIPE_INTROSPECT, PATH_INTROSPECT },
		{ RECIPE_LOGOUT, PATH_LOGOUT },
		{ RECIPE_JWKS, PATH_JWKS },
		{ RECIPE_METADATA, "/.well-known/oauth-authorization-server" },
	};
	const char *issuer = s->c->oidc.conf.issuer, *path = oidc_conf_path(issuer);
	struct span origin = uri_origin(span_str(issuer));
	const uint8_t *host = memchr(origin.p, '/', origin.len);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		buf_putf(&s->texts[rows[i].word], "%s%s", issuer, rows[i].path);
	buf_put_str(&s->texts[RECIPE_PATH], path);
	for (; *path; path++)
		buf_putf(&s->texts[RECIPE_PATH_RE], *path == '.' ? "\\%c" : "%c", *path);
	if (host && (size_t)(host + 2 - origin.p) < origin.len)
		buf_put_span(&s->texts[RECIPE_ISSUER_HOST],
		    SPAN(host + 2, origin.len - (size_t)(host + 2 - origin.p)));
}

/* What our own pages of people have in their heads. */
static void
put_links(struct setup *s)
{
	struct buf all = BUF_INIT;
	struct span text;

	indie_put_links(&all, &s->c->oidc.conf);
	text = buf_span(&all);
	buf_put_span(&s->texts[RECIPE_LINKS], SPAN(text.p, text.len ? text.len - 1 : 0)); /* \n */
	buf_done(&all);
}

/* In files of all kinds: letters, digits and a few signs, or else the host. */
static void
put_name(struct setup *s)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  " ._-";
	const char *name = s->c->oidc.conf.name;

	if (*name && !name[strspn(name, may)])
		buf_put_str(&s->texts[RECIPE_NAME], name);
	else
		buf_put_span(&s->texts[RECIPE_NAME], buf_span(&s->texts[RECIPE_ISSUER_HOST]));
}

static void
put_listen(struct setup *s)
{
	const char *at = s->c->oidc.conf.listen[0];

	if (strncmp(at, "unix:", 5) == 0) {
		buf_putf(&s->texts[RECIPE_NGINX], "http://unix:%s", at + 5);
		buf_putf(&s->texts[RECIPE_APACHE], "unix:%s|http://localhost", at + 5);
		buf_putf(&s->texts[RECIPE_CADDY], "unix/%s", at + 5);
		buf_put_str(&s->texts[RECIPE_TRUSTED], "unix");
		return;
	}
	buf_putf(&s->texts[RECIPE_NGINX], "http://%s", at);
	buf_putf(&s->texts[RECIPE_APACHE], "http://%s", at);
	buf_put_str(&s->texts[RECIPE_CADDY], at);
	buf_put_str(&s->texts[RECIPE_TRUSTED], at[0] == '[' ? "::1" : "127.0.0.1");
}

/* Percent-encoded twice: the address is decoded once before it becomes Basic authentication, and
 * id and secret are once more by whoever follows RFC 6749 2.3.1. */
static void
put_twice(struct buf *out, struct span text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~";

	for (size_t i = 0; i < text.len; i++)
		if (memchr(plain, text.p[i], sizeof plain - 1))
			buf_put_u8(out, text.p[i]);
		else
			buf_putf(out, "%%25%02X", text.p[i]);
}

static void
put_introspect_as(struct setup *s)
{
	struct buf *out = &s->texts[RECIPE_INTROSPECT_AS];
	struct span url = buf_span(&s->texts[RECIPE_INTROSPECT]);
	const uint8_t *colon = memchr(url.p, ':', url.len);
	size_t n = colon ? (size_t)(colon - url.p) + 3 : 0; /* "://" */

	buf_put_span(out, SPAN(url.p, n));
	put_twice(out, s->id);
	buf_put_u8(out, ':');
	put_twice(out, buf_span(&s->texts[RECIPE_SECRET]));
	buf_put_u8(out, '@');
	buf_put_span(out, SPAN(url.p + n, url.len - n));
}

static void
put_service(struct setup *s)
{
	struct span host = uri_host(s->url);

	buf_put_span(&s->texts[RECIPE_URL], s->url);
	buf_put_span(&s->texts[RECIPE_HOST], host);
	for (size_t i = 0; i < s->url.len; i++)
		if (s->url.p[i] == ':' || s->url.p[i] == '/')
			buf_putf(&s->texts[RECIPE_URL_Q], "%%%02X", s->url.p[i]);
		else
			buf_put_u8(&s->texts[RECIPE_URL_Q], s->url.p[i]);
	buf_put_span(&s->texts[RECIPE_ID], s->id);
	buf_put_span(&s->texts[RECIPE_REDIRECT], buf_span(&s->redirects[0]));
	if (s->recipe->auth)
		buf_put_str(
		    &s->texts[RECIPE_SECRET], s->made ? s->client.secret : "SECRET-OF-THIS-CLIENT");
	put_introspect_as(s);
}

static enum err
write_out(struct span text)
{
	fflush(stdout);
	while (text.len) {
		ssize_t n = write(STDOUT_FILENO, text.p, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		text = SPAN(text.p + n, text.len - (size_t)n);
	}
	return ERR_OK;
}

/* Not by stdio, which would keep the secret. */
static enum err
put_all(struct setup *s)
{
	struct span words[RECIPE_WORDS];
	struct buf out = BUF_INIT;
	enum err e = ERR_OK;

	put_provider(s);
	put_links(s);
	put_name(s);
	put_listen(s);
	put_service(s);
	for (size_t i = 0; i < RECIPE_WORDS; i++) {
		words[i] = buf_span(&s->texts[i]);
		e = e ? e : buf_err(&s->texts[i]);
	}
	if (s->recipe->auth) {
		buf_put_str(&out, "client id  ");
		buf_put_span(&out, s->id);
		buf_putf(&out, "\nsecret     %s\n\n", s->made ? s->client.secret : NO_SECRET);
	}
	recipe_put(s->recipe, words, &out);
	if (s->recipe->auth && !s->made) {
		buf_put_str(&out, "\nA new secret: ownkey-oidc client secret ");
		buf_put_span(&out, s->id);
		buf_put_u8(&out, '\n');
	}
	if (!e && !(e = buf_err(&out)))
		e = write_out(buf_span(&out));
	buf_done(&out);
	return e;
}

/* ---- the client ---- */
static enum err
give(struct oidc_cmd *c, enum oidc_arg which, struct buf *value)
{
	struct oidc_args *a = &c->args;
	const char *text = buf_cstr(value);

	if (a->nlist == OIDC_ARGS_LIST)
		return ERR_TOOBIG;
	a->list[a->nlist].which = which;
	a->list[a->nlist++].value = text;
	a->given[which] = true;
	return buf_err(value);
}

static void
say_option(struct oidc_cmd *c, enum oidc_arg which, const char *value)
{
	c->args.given[which] = true;
	c->args.value[which] = value;
}

/* As if `client add` had been typed. */
static enum err
type_client(struct setup *s)
{
	const struct recipe *r = s->recipe;
	struct oidc_cmd *c = s->c;
	enum err e = ERR_OK;

	for (size_t i = 0; i < RECIPE_REDIRECTS && !e; i++)
		if (s->redirects[i].len)
			e = give(c, OIDC_ARG_REDIRECT, &s->redirects[i]);
	if (!e && s->logout.len)
		e = give(c, OIDC_ARG_LOGOUT, &s->logout);
	say_option(c, OIDC_ARG_SECRET, r->auth);
	if (r->alg)
		say_option(c, OIDC_ARG_ALG, r->alg);
	if (r->kind == RECIPE_RESOURCE)
		c->args.given[OIDC_ARG_RESOURCE] = true;
	snprintf(s->name, sizeof s->name, "%.*s", (int)strcspn(r->title, "("), r->title);
	if (s->name[0] && s->name[strlen(s->name) - 1] == ' ')
		s->name[strlen(s->name) - 1] = '\0';
	if (!c->args.given[OIDC_ARG_NAME] && r->kind == RECIPE_SERVICE)
		say_option(c, OIDC_ARG_NAME, s->name);
	if (!e && !r->pkce && c->oidc.conf.pkce == OIDC_PKCE_ALWAYS && r->kind != RECIPE_RESOURCE) {
		c->args.list[c->args.nlist].which = OIDC_ARG_NOT;
		c->args.list[c->args.nlist++].value = "pkce";
	}
	return e;
}

/* The one that is there is shown again, when it is for the same addresses. */
static enum err
is_same(struct setup *s, const struct db_client *x)
{
	for (size_t i = 0; i < RECIPE_REDIRECTS; i++)
		if (s->redirects[i].len &&
		    !uri_is_listed(x->redirects, buf_span(&s->redirects[i]), false))
			return oidc_cmd_wrong(
			    s->c, ERR_SETUP_OTHER, "%.*s", (int)s->id.len, (const char *)s->id.p);
	if (s->recipe->kind == RECIPE_RESOURCE && !(x->flags & DB_RESOURCE))
		return oidc_cmd_wrong(
		    s->c, ERR_SETUP_OTHER, "%.*s", (int)s->id.len, (const char *)s->id.p);
	return ERR_OK;
}

static enum err
with_client(struct setup *s)
{
	struct db_client x = { .flags = 0 };
	enum err e = db_client_get(s->c->oidc.db, s->id, &x);

	if (!e) {
		if (!(e = is_same(s, &x)) && !(e = put_all(s)))
			admin_allow_client(
			    s->c, &x); /* when it is there already, nothing is asked */
		db_row_done(&x);
		return e;
	}
	if (e != ERR_NOTFOUND || (e = type_client(s)) || (e = client_make(s->c, &x, &s->client)))
		return e;
	s->made = true;
	if (!(e = put_all(s)))
		admin_allow_client(s->c, &x);
	return e;
}

/* ---- what is given ---- */
static enum err
take_url(struct setup *s)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "-._~:/[]%";
	const char *url = oidc_cmd_operand(s->c, 1);
	size_t n = url ? strlen(url) : 0;
	bool local = oidc_conf_is_local(s->c->oidc.conf.issuer);

	if (s->recipe->kind == RECIPE_PROXY)
		return url ? oidc_cmd_wrong(s->c, ERR_USAGE, "it is for the provider: no URL")
			   : ERR_OK;
	if (!url)
		return oidc_cmd_wrong(s->c, ERR_USAGE,
		    "where is it?  'ownkey-oidc setup %s https://NAME.EXAMPLE'", s->recipe->name);
	while (n && url[n - 1] == '/' && s->recipe->kind == RECIPE_SERVICE)
		n--;
	s->url = SPAN(url, n);
	if (strspn(url, may) != strlen(url) || !uri_may(s->url, false, local))
		return oidc_cmd_wrong(s->c, ERR_USAGE,
		    "'%.200s' is no address of a service: https, a host in small letters, maybe a "
		    "path",
		    url);
	return ERR_OK;
}

static enum err
put_addresses(struct setup *s)
{
	const struct recipe *r = s->recipe;
	enum err e = ERR_OK;

	for (size_t i = 0; i < RECIPE_REDIRECTS && r->redirects[i]; i++) {
		buf_put_span(&s->redirects[i], s->url);
		buf_put_str(&s->redirects[i], r->redirects[i]);
		e = e ? e : buf_err(&s->redirects[i]);
	}
	if (r->kind == RECIPE_ANY)
		buf_put_span(&s->redirects[0], s->url);
	if (r->logout) {
		buf_put_span(&s->logout, s->url);
		buf_put_str(&s->logout, r->logout);
	}
	return e;
}

static char *
id_of(struct setup *s)
{
	const char *given = s->c->args.value[OIDC_ARG_ID];

	if (!given)
		given = s->recipe->kind == RECIPE_RESOURCE ? oidc_cmd_operand(s->c, 1)
							   : s->recipe->name;
	s->id = span_str(given);
	return (char *)(uintptr_t)given;
}

static enum err
set_up(struct setup *s)
{
	struct oidc_cmd *c = s->c;
	enum err e;

	if ((e = take_url(s)) || (e = put_addresses(s)))
		return e;
	if (!s->recipe->auth)
		return put_all(s);
	c->args.operand[0] = id_of(s);
	if (!(e = admin_open(c)))
		e = with_client(s);
	admin_close(c);
	return e;
}

static void
list(void)
{
	const struct recipe *r;

	for (size_t i = 0; (r = recipe_at(i)); i++)
		printf("%-12s  %s\n", r->name, r->title);
}

enum err
oidc_verb_setup(struct oidc_cmd *c)
{
	struct setup s = { .c = c };
	enum err e;

	if (!c->args.n) {
		list();
		return ERR_OK;
	}
	if (!(s.recipe = recipe_find(c->args.operand[0])))
		return oidc_cmd_wrong(c, ERR_SETUP_SERVICE, "'%.40s'", c->args.operand[0]);
	e = set_up(&s);
	setup_done(&s);
	return e;
}
