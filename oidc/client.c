/* client.c - `ownkey-oidc client ...`: services that people log in to. */
#include "oidc/client.h"

#include <time.h>

#include "lib/crypto.h"
#include "lib/sec.h"
#include "lib/text.h"
#include "oidc/op/claims.h"
#include "oidc/op/scope.h"
#include "oidc/op/uri.h"
#include "oidc/web/jput.h"

#define SCOPES "openid profile email"

void
client_made_done(struct client_made *m)
{
	buf_done(&m->redirects);
	buf_done(&m->logouts);
	buf_done(&m->scopes);
	sec_zero(m->secret, sizeof m->secret);
}

/* ---- addresses ---- */
static const char *
why_not(struct span uri, bool native)
{
	enum uri_kind k = uri_kind(uri);

	if (k == URI_LOOPBACK && !native)
		return "http is for applications on the person's own machine: say --native, or use "
		       "https";
	if (k == URI_PRIVATE && !native)
		return "a scheme of its own is for applications: say --native, or use https";
	return "it must be whole, with https, without #, *, user or password, as the service "
	       "prints it";
}

static enum err
take_uris(struct oidc_cmd *c, enum oidc_arg which, bool native, struct buf *out)
{
	const struct oidc_args *a = &c->args;
	bool local = oidc_conf_is_local(c->oidc.conf.issuer);

	for (size_t i = 0; i < a->nlist; i++) {
		struct span uri = span_str(a->list[i].value);

		if (a->list[i].which != which)
			continue;
		if (!uri_may(uri, native, local))
			return oidc_cmd_wrong(c, ERR_USAGE, "--%s %.300s: %s",
			    oidc_arg_rows[which].name, a->list[i].value, why_not(uri, native));
		if (out->len)
			buf_put_u8(out, '\n');
		buf_put_span(out, uri);
	}
	if (out->len > DB_URIS)
		return oidc_cmd_wrong(c, ERR_TOOBIG, "these are too many addresses");
	return buf_err(out);
}

/* Core 8.1: the host, when there is one.  An application's addresses are those of every other
 * application, so that it is a sector of its own; and so is who has several hosts. */
static struct span
sector_of(const struct db_client *x)
{
	struct span rest = x->redirects, host = SPAN_NONE;

	while (rest.len) {
		const uint8_t *nl = memchr(rest.p, '\n', rest.len);
		size_t n = nl ? (size_t)(nl - rest.p) : rest.len;
		struct span uri = SPAN(rest.p, n);

		if (uri_kind(uri) != URI_HTTPS || (host.len && !span_eq(host, uri_host(uri))))
			return x->id;
		host = uri_host(uri);
		rest = span_sub(rest, n + (nl != NULL), rest.len - n - (nl != NULL));
	}
	return host.len ? host : x->id;
}

/* ---- what it may ---- */
static enum err
take_not(struct oidc_cmd *c, const char *what, struct db_client *x)
{
	static const struct {
		const char *name;
		uint64_t off, on;
	} rows[] = {
		{ "trusted", DB_TRUSTED, 0 },
		{ "refresh", DB_REFRESH, 0 },
		{ "native", DB_NATIVE, 0 },
		{ "indieauth", DB_INDIEAUTH, 0 },
		{ "pkce", 0, DB_NO_PKCE },
		{ "pairwise", 0, DB_PUBLIC_SUB },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, what) == 0) {
			x->flags = (x->flags & ~rows[i].off) | rows[i].on;
			return ERR_OK;
		}
	return oidc_cmd_wrong(
	    c, ERR_USAGE, "--not takes trusted, refresh, native, indieauth, pkce or pairwise");
}

static enum err
take_flags(struct oidc_cmd *c, struct db_client *x)
{
	const struct oidc_args *a = &c->args;
	enum err e = ERR_OK;

	x->flags |= (a->given[OIDC_ARG_TRUSTED] ? DB_TRUSTED : 0) |
	    (a->given[OIDC_ARG_REFRESH] ? DB_REFRESH : 0) |
	    (a->given[OIDC_ARG_NATIVE] ? DB_NATIVE : 0) |
	    (a->given[OIDC_ARG_RESOURCE] ? DB_RESOURCE : 0) |
	    (a->given[OIDC_ARG_INDIEAUTH] ? DB_INDIEAUTH : 0);
	for (size_t i = 0; i < a->nlist && !e; i++)
		if (a->list[i].which == OIDC_ARG_NOT)
			e = take_not(c, a->list[i].value, x);
	if (!e && x->auth == DB_AUTH_NONE && x->flags & DB_NO_PKCE)
		e = oidc_cmd_wrong(c, ERR_USAGE, "who has no secret must have PKCE");
	if (!e && x->flags & DB_INDIEAUTH && !(x->flags & DB_RESOURCE))
		e = oidc_cmd_wrong(c, ERR_USAGE, "--indieauth goes with --resource");
	return e;
}

static enum err
take_scopes(struct oidc_cmd *c, struct db_client *x, struct buf *out)
{
	const char *given = c->args.value[OIDC_ARG_SCOPES];
	struct span s = given ? span_str(given) : x->scopes;

	if (given && (!scope_is_set(s) || s.len > SCOPE_MAX))
		return oidc_cmd_wrong(c, ERR_USAGE, "--scopes 'openid profile email'");
	buf_put_span(out, s);
	if (x->flags & DB_REFRESH && !scope_has(s, "offline_access"))
		buf_put_str(out, s.len ? " offline_access" : "offline_access");
	x->scopes = buf_span(out);
	return buf_err(out);
}

static enum err
take_alg(struct oidc_cmd *c, struct db_client *x)
{
	static const struct {
		const char *name;
		enum oidc_alg bit;
	} rows[] = { { "RS256", OIDC_RS256 }, { "ES256", OIDC_ES256 }, { "EdDSA", OIDC_EDDSA } };
	const char *want = c->args.value[OIDC_ARG_ALG];

	if (!want && x->algorithm.len)
		return ERR_OK;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (c->oidc.conf.algorithms & rows[i].bit &&
		    (!want || strcmp(want, rows[i].name) == 0)) {
			x->algorithm = span_str(rows[i].name);
			return ERR_OK;
		}
	return oidc_cmd_wrong(
	    c, ERR_USAGE, "--alg RS256, ES256 or EdDSA, of those that are configured");
}

/* What `add` and `set` have in common; x is what there is. */
static enum err
take_all(struct oidc_cmd *c, struct db_client *x, struct client_made *m)
{
	enum err e;

	if ((e = take_flags(c, x)) || (e = take_scopes(c, x, &m->scopes)) || (e = take_alg(c, x)))
		return e;
	if ((e = take_uris(c, OIDC_ARG_REDIRECT, x->flags & DB_NATIVE, &m->redirects)) ||
	    (e = take_uris(c, OIDC_ARG_LOGOUT, x->flags & DB_NATIVE, &m->logouts)))
		return e;
	if (m->redirects.len) {
		x->redirects = buf_span(&m->redirects);
		x->sector = sector_of(x);
	}
	if (m->logouts.len)
		x->logouts = buf_span(&m->logouts);
	if (c->args.given[OIDC_ARG_NAME])
		x->name = span_str(c->args.value[OIDC_ARG_NAME]);
	if (!text_is_name(x->name))
		return oidc_cmd_wrong(c, ERR_TEXT, "--name");
	if (!x->redirects.len && !(x->flags & DB_RESOURCE))
		return oidc_cmd_wrong(c, ERR_USAGE,
		    "--redirect is missing: the service's manual says callback or "
		    "redirect URI");
	return ERR_OK;
}

/* ---- add ---- */
static enum err
take_id(struct oidc_cmd *c, struct client_made *m, struct db_client *x)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "._~:/@-";
	const char *id = oidc_cmd_operand(c, 0);
	uint8_t raw[CLIENT_ID_TEXT / 2];
	size_t n = strlen(id);

	if (strcmp(id, "-") == 0) {
		crypto_random(raw, sizeof raw);
		text_encode_raw(TEXT_HEX, SPAN(raw, sizeof raw), m->id);
		x->id = SPAN(m->id, sizeof m->id);
		return ERR_OK;
	}
	/* URLs are ids of IndieAuth, which nobody registers, and of services (RFC 8707) */
	if (!n || n > 255 || strspn(id, may) != n || id[0] == '-' ||
	    (strstr(id, "://") && !c->args.given[OIDC_ARG_RESOURCE]))
		return oidc_cmd_wrong(c, ERR_TEXT,
		    "'%.60s' cannot be a client id: letters, digits and . _ ~ : / @ -", id);
	x->id = span_str(id);
	return ERR_OK;
}

static enum err
take_auth(struct oidc_cmd *c, struct db_client *x)
{
	const char *how = c->args.value[OIDC_ARG_SECRET];
	bool open = c->args.given[OIDC_ARG_PUBLIC];

	if (open && how)
		return oidc_cmd_wrong(c, ERR_USAGE, "--public and --secret exclude each other");
	if (open && c->args.given[OIDC_ARG_RESOURCE])
		return oidc_cmd_wrong(c, ERR_USAGE, "who asks about tokens must have a secret");
	if (how && strcmp(how, "basic") != 0 && strcmp(how, "post") != 0)
		return oidc_cmd_wrong(c, ERR_USAGE, "--secret basic, or --secret post");
	x->auth = how && strcmp(how, "post") == 0 ? DB_AUTH_POST : DB_AUTH_BASIC;
	if (open || (!how && c->args.given[OIDC_ARG_NATIVE]))
		x->auth = DB_AUTH_NONE;
	return ERR_OK;
}

static enum err
say_made(struct oidc_cmd *c, const struct db_client *x, const struct client_made *m)
{
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);

	if (c->args.given[OIDC_ARG_JSON]) {
		jput_object(&j, NULL);
		jput_text(&j, "client_id", x->id);
		if (m->secret[0])
			jput_text(&j, "client_secret", span_str(m->secret));
		jput_text(&j, "issuer", span_str(c->oidc.conf.issuer));
		jput_end(&j);
		return admin_put_json(&json);
	}
	printf("issuer     %s\nclient id  ", c->oidc.conf.issuer);
	admin_put(x->id);
	putchar('\n');
	if (m->secret[0])
		printf("secret     %s\n           (shown this once: only its hash is kept)\n",
		    m->secret);
	return ERR_OK;
}

enum err
client_make(struct oidc_cmd *c, struct db_client *x, struct client_made *m)
{
	enum err e;

	*x = (struct db_client){ .created = (uint64_t)time(NULL),
		.flags = c->oidc.conf.subject == OIDC_PUBLIC ? DB_PUBLIC_SUB : 0 };
	if (!c->args.given[OIDC_ARG_RESOURCE])
		x->scopes = SPAN_LIT(SCOPES);
	if ((e = take_id(c, m, x)) || (e = take_auth(c, x)))
		return e;
	x->name = x->sector = x->id;
	if ((e = take_all(c, x, m)))
		return e;
	if (x->auth != DB_AUTH_NONE)
		handle_make(HANDLE_CLIENT, m->secret, x->secret);
	if ((e = db_client_add(c->oidc.db, x)) == ERR_EXISTS)
		return oidc_cmd_wrong(c, e, "a client has this id; 'client set' changes it");
	return e ? e : admin_commit(c);
}

static enum err
add(struct oidc_cmd *c, struct client_made *m)
{
	struct db_client x;
	enum err e;

	if ((e = client_make(c, &x, m)) || (e = say_made(c, &x, m)))
		return e;
	admin_allow_client(c, &x);
	return ERR_OK;
}

enum err
oidc_verb_client_add(struct oidc_cmd *c)
{
	struct client_made m = { .secret = "" };
	enum err e = admin_open(c);

	if (!e)
		e = add(c, &m);
	client_made_done(&m);
	admin_close(c);
	return e;
}

/* ---- set, secret, remove ---- */
static enum err
with_client(struct oidc_cmd *c,
    enum err (*fn)(struct oidc_cmd *c, struct db_client *x, struct client_made *m))
{
	struct db_client x = { .flags = 0 };
	struct client_made m = { .secret = "" };
	enum err e = admin_open(c);

	if (!e && (e = db_client_get(c->oidc.db, span_str(oidc_cmd_operand(c, 0)), &x)))
		e = oidc_cmd_wrong(c, e, "client '%.60s'", oidc_cmd_operand(c, 0));
	if (!e)
		e = fn(c, &x, &m);
	client_made_done(&m);
	db_row_done(&x);
	admin_close(c);
	return e;
}

static enum err
set(struct oidc_cmd *c, struct db_client *x, struct client_made *m)
{
	uint64_t was = x->flags & DB_PUBLIC_SUB;
	struct buf sector = BUF_INIT;
	struct span old = x->sector;
	enum err e = take_all(c, x, m);

	if (!e && (!span_eq(old, x->sector) || was != (x->flags & DB_PUBLIC_SUB)))
		fputs("ownkey-oidc: the service will not recognize the people it knows: their "
		      "identifiers change\n",
		    stderr);
	if (!e)
		e = db_client_set(c->oidc.db, x);
	if (!e && !(e = admin_commit(c))) {
		puts("done");
		admin_allow_client(c, x);
	}
	buf_done(&sector);
	return e;
}

enum err
oidc_verb_client_set(struct oidc_cmd *c)
{
	return with_client(c, set);
}

static enum err
renew(struct oidc_cmd *c, struct db_client *x, struct client_made *m)
{
	enum err e;

	if (x->auth == DB_AUTH_NONE)
		return oidc_cmd_wrong(c, ERR_USAGE, "it is public: it has no secret");
	handle_make(HANDLE_CLIENT, m->secret, x->secret);
	if ((e = db_client_set(c->oidc.db, x)) || (e = admin_commit(c)))
		return e;
	return say_made(c, x, m);
}

enum err
oidc_verb_client_secret(struct oidc_cmd *c)
{
	return with_client(c, renew);
}

static enum err
drop(struct oidc_cmd *c, struct db_client *x, struct client_made *m)
{
	enum err e;

	(void)m;
	if (!c->args.given[OIDC_ARG_YES]) {
		snprintf(c->hint, sizeof c->hint, "with --yes it is done");
		return oidc_cmd_wrong(
		    c, ERR_USAGE, "nobody could log in there, and its tokens end at once");
	}
	if ((e = db_client_remove(c->oidc.db, x->id)) || (e = admin_commit(c)))
		return e;
	puts("done");
	if (!(x->flags & DB_RESOURCE))
		admin_forget(c, JWT_AUDIENCE, x->id);
	return ERR_OK;
}

enum err
oidc_verb_client_remove(struct oidc_cmd *c)
{
	return with_client(c, drop);
}
