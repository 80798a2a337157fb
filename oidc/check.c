/* check.c - `ownkey-oidc check`: what is wrong, in plain words; changes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/client.h"
#include "oidc/verbs.h"

static void
say(struct oidc_cmd *c, const char *how, const char *what, const char *why)
{
	printf("%-5s %s%s%s\n", how, what, *why ? ": " : "", why);
	if (strcmp(how, "wrong") == 0)
		c->status = 1;
}

static void
check_file(struct oidc_cmd *c)
{
	struct stat st;

	if (stat(c->conf_path, &st) == 0 && st.st_mode & 022)
		say(c, "wrong", c->conf_path, "others may write it: chmod go-w");
	else
		say(c, "ok", c->conf_path, "");
}

static void
check_issuer(struct oidc_cmd *c)
{
	const struct oidc_conf *conf = &c->oidc.conf;

	if (oidc_conf_is_local(conf->issuer))
		say(c, "warn", conf->issuer, "without https it is for this machine alone");
	else
		say(c, "ok", conf->issuer, "");
	if (!oidc_conf_is_local(conf->issuer) && !conf->ntrusted)
		say(c, "warn", "trusted_proxy",
		    "not set: everybody has the address of the proxy, and its limits");
}

static void
check_store(struct oidc_cmd *c)
{
	const char *path = c->oidc.conf.store;
	struct stat st;

	if (stat(path, &st) < 0)
		say(c, "wrong", path,
		    errno == ENOENT ? "there is no such folder" : strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		say(c, "wrong", path, "is no folder");
	else if (st.st_mode & 077)
		say(c, "wrong", path, "others may look into it: chmod 700");
	else if (access(path, R_OK | W_OK | X_OK) < 0)
		say(c, "wrong", path, "cannot be written by whoever runs this");
	else
		say(c, "ok", path, "");
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
check_keys(struct oidc_cmd *c, struct client_conn *conn)
{
	static const struct {
		enum oidc_alg bit;
		enum jwt_alg alg;
		const char *name;
	} rows[] = {
		{ OIDC_ES256, JWT_ES256, "a key for ES256" },
		{ OIDC_EDDSA, JWT_EDDSA, "a key for EdDSA" },
		{ OIDC_RS256, JWT_RS256, "a key for RS256" },
	};
	struct ops_jwt_issuer q = { .issuer = span_str(c->oidc.conf.issuer) };
	struct ops_jwt_keys_rep rep;
	enum err e;

	wire_mark(&ops_jwt_issuer_map, &q);
	if ((e = client_call(conn, OP_JWT_KEYS, &q, &rep))) {
		say(c, "wrong", "keys of this issuer", err_text(e));
		return;
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!(c->oidc.conf.algorithms & rows[i].bit))
			continue;
		if (has_alg(&rep, rows[i].alg))
			say(c, "ok", rows[i].name, "");
		else
			say(c, "wrong", rows[i].name,
			    "the vault has none: ownkey-oidc key add all");
	}
	if (!(c->oidc.conf.algorithms & OIDC_RS256))
		say(c, "warn", "algorithms", "many clients know no other than RS256");
}

static void
check_agent(struct oidc_cmd *c)
{
	struct ops_hello hello = { .client = SPAN_LIT("ownkey-oidc " OWNKEY_VERSION) };
	struct client_conn conn = { .fd = -1, .cancel_fd = -1 };
	char path[OIDC_CONF_PATH + 16];
	enum err e;

	snprintf(path, sizeof path, "%s/agent.sock", c->oidc.conf.agent);
	if (setenv("OWNKEY_SOCKET", path, 1) || (e = client_open(&conn, &hello))) {
		say(c, "wrong", path,
		    "no agent answers there; one of the machine: ownkey-agent.socket");
		return;
	}
	say(c, "ok", path, "");
	if (conn.hello.locked)
		say(c, "warn", "the vault", "locked: nothing can be signed until it is opened");
	check_keys(c, &conn);
	client_close(&conn);
}

enum err
oidc_verb_check(struct oidc_cmd *c)
{
	check_file(c);
	check_issuer(c);
	check_store(c);
	check_agent(c);
	return ERR_OK;
}
