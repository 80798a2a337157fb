/* check_vault.c - the agent, what it lets us do, and the keys it has for this issuer. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "oidc/check.h"

#define TEXT (OIDC_CONF_ISSUER + 300)

static const struct {
	enum oidc_alg bit;
	enum jwt_alg alg;
	const char *name, *purpose;
} algs[] = {
	{ OIDC_ES256, JWT_ES256, "ES256", "es256" },
	{ OIDC_EDDSA, JWT_EDDSA, "EdDSA", "eddsa" },
	{ OIDC_RS256, JWT_RS256, "RS256", "rs256" },
};
#define NALGS (sizeof algs / sizeof *algs)

/* The row of ownkey.conf that an account other than the vault's owner needs. */
static void
say_right(struct check *x, const char *what, enum err e)
{
	const struct passwd *who = getpwuid(geteuid());
	char fix[TEXT];

	snprintf(fix, sizeof fix,
	    "in ownkey.conf of the agent: client = %.64s oidc/%s "
	    "jwt.sign,jwt.keys,jwt.subject,jwt.list",
	    who ? who->pw_name : "USER", x->c->oidc.conf.issuer);
	check_wrong(x, what, err_text(e), fix);
}

static bool
is_right(enum err e)
{
	return e == ERR_CLIENT_RIGHT || e == ERR_NOTOWNER;
}

/* ---- the agent ---- */
static void
say_agent(struct check *x, const char *path, struct span version)
{
	char why[200];

	if (span_is(version, OWNKEY_VERSION))
		check_ok(x, path);
	else {
		snprintf(why, sizeof why, "the agent is of version %.*s, this is %s",
		    (int)(version.len < 64 ? version.len : 64), (const char *)version.p,
		    OWNKEY_VERSION);
		check_hint(x, path, why, "start the agent and the provider again after an upgrade");
	}
	if (!x->conn.hello.vault)
		check_wrong(x, "the vault", "there is none", "'ownkey init' makes one");
	else if (x->conn.hello.locked)
		check_hint(x, "the vault", "locked: nothing can be signed until it is opened",
		    "whose vault it is runs 'ownkey unlock'");
}

void
check_agent(struct check *x)
{
	struct ops_hello hello = { .client = SPAN_LIT("ownkey-oidc " OWNKEY_VERSION) };
	char path[OIDC_CONF_PATH + 16];
	enum err e = ERR_NOMEM;

	snprintf(path, sizeof path, "%s/agent.sock", x->c->oidc.conf.agent);
	if (!setenv("OWNKEY_SOCKET", path, 1) && !(e = client_open(&x->conn, &hello)))
		say_agent(x, path, x->conn.hello.version);
	else if (is_right(e))
		say_right(x, path, e);
	else if (e == ERR_NOAGENT)
		check_wrong(x, path, "no agent answers there",
		    "start it (ownkey-agent; the machine's: ownkey-agent.socket), or say where "
		    "it is: agent = FOLDER in oidc.conf");
	else
		check_wrong(x, path, err_text(e), err_hint(e));
}

/* ---- what it lets us do ---- */
/* Names that are on no list: what is asked is refused, but by whom says whether we may ask. */
#define NOBODY "ownkey-oidc-check"

static enum err
ask_subject(struct check *x)
{
	struct ops_jwt_subject q = { .issuer = span_str(x->c->oidc.conf.issuer),
		.audience = SPAN_LIT(NOBODY),
		.account = SPAN_LIT(NOBODY) };
	struct ops_jwt_subject_rep rep;

	wire_mark(&ops_jwt_subject_map, &q);
	return client_call(&x->conn, OP_JWT_SUBJECT, &q, &rep);
}

static enum err
ask_sign(struct check *x)
{
	struct ops_jwt_sign q = { .issuer = span_str(x->c->oidc.conf.issuer),
		.alg = JWT_ES256,
		.typ = JWT_ID_TOKEN,
		.audience = SPAN_LIT(NOBODY),
		.account = SPAN_LIT(NOBODY),
		.lifetime = 60 };
	struct ops_jwt_sign_rep rep;

	wire_mark(&ops_jwt_sign_map, &q);
	return client_call(&x->conn, OP_JWT_SIGN, &q, &rep);
}

void
check_rights(struct check *x)
{
	static const struct {
		const char *name;
		enum err (*ask)(struct check *x);
	} rows[] = { { "jwt.subject", ask_subject }, { "jwt.sign", ask_sign } };

	for (size_t i = 0; x->conn.fd >= 0 && i < sizeof rows / sizeof *rows; i++) {
		enum err e = rows[i].ask(x);

		if (is_right(e))
			say_right(x, rows[i].name, e);
	}
}

/* ---- keys ---- */
static enum err
read_keys(struct check *x, struct ops_jwt_keys_rep *rep)
{
	struct ops_jwt_issuer q = { .issuer = span_str(x->c->oidc.conf.issuer) };

	wire_mark(&ops_jwt_issuer_map, &q);
	return client_call(&x->conn, OP_JWT_KEYS, &q, rep);
}

static bool
has_alg(const struct ops_jwt_keys_rep *rep, enum jwt_alg alg)
{
	struct cbor at = wire_each(&rep->keys);
	struct ops_jwt_key k;

	while (!cbor_at_end(&at) && !wire_next(&ops_jwt_key_map, &at, &k))
		if (k.alg == (uint64_t)alg && k.state == JWT_CURRENT)
			return true;
	return false;
}

static void
check_key(struct check *x, const struct ops_jwt_keys_rep *rep, size_t i)
{
	char what[32], fix[TEXT];

	snprintf(what, sizeof what, "a key for %s", algs[i].name);
	snprintf(fix, sizeof fix, "%s id add oidc %s --purpose %s", admin_owner(x->c),
	    x->c->oidc.conf.issuer, algs[i].purpose);
	if (has_alg(rep, algs[i].alg))
		check_ok(x, what);
	else
		check_wrong(x, what, "the vault has none", fix);
}

void
check_keys(struct check *x)
{
	struct ops_jwt_keys_rep rep;
	char fix[TEXT];
	enum err e;

	if (x->conn.fd < 0)
		return;
	snprintf(fix, sizeof fix, "%s id add oidc %s", admin_owner(x->c), x->c->oidc.conf.issuer);
	e = read_keys(x, &rep);
	if (is_right(e))
		say_right(x, "jwt.keys", e);
	else if (e)
		check_wrong(
		    x, "keys of this issuer", err_text(e), e == ERR_NOTFOUND ? fix : err_hint(e));
	for (size_t i = 0; !e && i < NALGS; i++)
		if (x->c->oidc.conf.algorithms & algs[i].bit)
			check_key(x, &rep, i);
}

/* ---- clients ---- */
struct look {
	struct check *x;
	const struct ops_jwt_keys_rep *rep;
};

static bool
can_sign(const struct look *l, struct span name)
{
	for (size_t i = 0; i < NALGS; i++)
		if (span_is(name, algs[i].name))
			return (l->x->c->oidc.conf.algorithms & algs[i].bit) &&
			    has_alg(l->rep, algs[i].alg);
	return false;
}

static enum err
look_client(void *arg, const struct db_client *client)
{
	struct look *l = arg;
	struct buf what = BUF_INIT;
	char why[64], fix[200];

	if (!client->algorithm.len || client->flags & DB_RESOURCE || can_sign(l, client->algorithm))
		return ERR_OK;
	buf_put_str(&what, "client ");
	buf_put_span(&what, client->id);
	snprintf(why, sizeof why, "its tokens want %.*s, which cannot be signed",
	    (int)(client->algorithm.len < 16 ? client->algorithm.len : 16),
	    (const char *)client->algorithm.p);
	snprintf(fix, sizeof fix,
	    "make that key ('ownkey-oidc key add all') and list it under "
	    "algorithms in oidc.conf, or change the client: client set --alg");
	check_wrong(l->x, buf_cstr(&what), why, fix);
	buf_done(&what);
	return ERR_OK;
}

void
check_clients(struct check *x)
{
	struct ops_jwt_keys_rep rep;
	struct look l = { .x = x, .rep = &rep };
	enum err e;

	if (x->conn.fd < 0 || !x->c->oidc.db || read_keys(x, &rep))
		return; /* said */
	if ((e = db_client_each(x->c->oidc.db, look_client, &l)))
		check_wrong(x, "clients", err_text(e), err_hint(e));
}
