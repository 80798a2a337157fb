/* admin.c - the store and the agent, for commands. */
#include "oidc/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/drop.h"
#include "lib/paths.h"
#include "lib/text.h"
#include "lib/whole.h"

static struct client_conn agent = { .fd = -1, .cancel_fd = -1 };
static enum err no_agent = ERR_NOAGENT; /* why there is none */

/* ---- the agent ---- */
/* Events of requests of ours: what is waited for. */
static void
on_event(void *arg, const struct ops_event *ev)
{
	(void)arg;
	if (ev->kind == OPS_EV_TOUCH || ev->kind == OPS_EV_WAIT_TOKEN)
		fprintf(stderr, "ownkey-oidc: %s\n",
		    ev->kind == OPS_EV_TOUCH ? "touch the token of the vault"
					     : "plug in the token of the vault");
}

static void
open_agent(const struct oidc_cmd *c)
{
	struct ops_hello hello = { .client = SPAN_LIT("ownkey-oidc " OWNKEY_VERSION) };
	char path[OIDC_CONF_PATH + 16];

	snprintf(path, sizeof path, "%s/agent.sock", c->oidc.conf.agent);
	if (!setenv("OWNKEY_SOCKET", path, 1))
		no_agent = client_open(&agent, &hello);
	agent.event = on_event;
}

/* ---- the store ---- */
/* What root writes here the provider could not open; and a link that it was lured to would be
 * followed with all rights. */
static enum err
become_owner(struct oidc_cmd *c)
{
	const char *path = c->oidc.conf.store;
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			snprintf(c->hint, sizeof c->hint,
			    "the provider's unit makes it when it starts; without one, make it: "
			    "mkdir -m 700, as the account that serves");
		return oidc_cmd_wrong(c, err_of_errno(errno), "%s", path);
	}
	if (!drop_is_root() || st.st_uid == 0)
		return ERR_OK;
	return drop_root(st.st_uid, st.st_gid);
}

enum err
admin_open(struct oidc_cmd *c)
{
	char path[OIDC_CONF_PATH + 16];
	enum err e;

	open_agent(c);
	if ((e = become_owner(c)))
		return e;
	snprintf(path, sizeof path, "%s/db", c->oidc.conf.store);
	e = db_open(&c->oidc.db, path, true);
	return e ? oidc_cmd_wrong(c, e, "%s", path) : ERR_OK;
}

void
admin_close(struct oidc_cmd *c)
{
	db_close(c->oidc.db);
	c->oidc.db = NULL;
	if (agent.fd >= 0)
		client_close(&agent);
	agent.fd = -1;
}

enum err
admin_commit(struct oidc_cmd *c)
{
	enum err e = db_commit(c->oidc.db);

	return e ? oidc_cmd_wrong(c, e, "nothing was changed") : ERR_OK;
}

/* ---- the vault's list ---- */
const char *
admin_owner(const struct oidc_cmd *c)
{
	return strcmp(c->oidc.conf.agent, PATHS_SYSTEM_RUN) == 0 ? "sudo -u ownkey ownkey --system"
								 : "ownkey";
}

static const char *const kinds[] = { "audience", "account" };

void
admin_line(
    const struct oidc_cmd *c, const char *verb, const struct ops_jwt_name *n, struct buf *line)
{
	buf_putf(
	    line, "%s jwt %s %s %s:", admin_owner(c), verb, c->oidc.conf.issuer, kinds[n->kind]);
	buf_put_span(line, n->name);
	if (n->sector.len) {
		buf_put_str(line, " --sector ");
		buf_put_span(line, n->sector);
	}
	if (n->is_public)
		buf_put_str(line, " --public");
}

/* The command that does what could not be done here. */
static void
say_left(struct oidc_cmd *c, enum err e, const char *verb, const struct ops_jwt_name *n)
{
	struct buf line = BUF_INIT;

	admin_line(c, verb, n, &line);
	fflush(stdout);
	fprintf(stderr,
	    "ownkey-oidc: it is in the store, but not yet %s the vault's list: %s\n"
	    "ownkey-oidc: hint: whose vault it is runs\n  %.*s\n",
	    *verb == 'a' ? "on" : "off", err_text(e), (int)line.len, (const char *)line.p);
	buf_done(&line);
	c->status = 1;
}

static void
allow(struct oidc_cmd *c, struct ops_jwt_name *n)
{
	struct ops_jwt_allow q = { .issuer = span_str(c->oidc.conf.issuer) };
	enum err e = no_agent;

	wire_mark(&ops_jwt_name_map, n);
	q.names = (struct wire_list){ .v = n, .n = 1 };
	wire_mark(&ops_jwt_allow_map, &q);
	if (!e)
		e = client_call_opened(&agent, OP_JWT_ALLOW, &q, NULL);
	if (e)
		say_left(c, e, "allow", n);
}

void
admin_name_account(const uint8_t id[DB_ID], char hex[2 * DB_ID], struct ops_jwt_name *n)
{
	text_encode_raw(TEXT_HEX, SPAN(id, DB_ID), hex);
	*n = (struct ops_jwt_name){ .kind = JWT_ACCOUNT, .name = SPAN(hex, 2 * DB_ID) };
}

void
admin_name_client(const struct db_client *client, struct ops_jwt_name *n)
{
	*n = (struct ops_jwt_name){ .kind = JWT_AUDIENCE,
		.name = client->id,
		.is_public = (client->flags & DB_PUBLIC_SUB) != 0 };
	if (!n->is_public && !span_eq(client->sector, client->id))
		n->sector = client->sector;
}

void
admin_allow_account(struct oidc_cmd *c, const uint8_t id[DB_ID])
{
	char hex[2 * DB_ID];
	struct ops_jwt_name n;

	admin_name_account(id, hex, &n);
	allow(c, &n);
}

void
admin_allow_client(struct oidc_cmd *c, const struct db_client *client)
{
	struct ops_jwt_name n;

	if (client->flags & DB_RESOURCE)
		return;
	admin_name_client(client, &n);
	allow(c, &n);
}

void
admin_forget(struct oidc_cmd *c, enum jwt_kind kind, struct span name)
{
	struct ops_jwt_name n = { .kind = kind, .name = name };
	struct ops_jwt_forget q = { .issuer = span_str(c->oidc.conf.issuer) };
	enum err e = no_agent;

	wire_mark(&ops_jwt_name_map, &n);
	q.names = (struct wire_list){ .v = &n, .n = 1 };
	wire_mark(&ops_jwt_forget_map, &q);
	if (!e)
		e = client_call_opened(&agent, OP_JWT_FORGET, &q, NULL);
	if (e)
		say_left(c, e, "forget", &n);
}

enum err
admin_agent(struct oidc_cmd *c)
{
	open_agent(c);
	return no_agent ? oidc_cmd_wrong(c, no_agent, "%s/agent.sock", c->oidc.conf.agent) : ERR_OK;
}

enum err
admin_call(enum op op, const void *req, void *rep)
{
	return no_agent ? no_agent : client_call_opened(&agent, op, req, rep);
}

enum err
admin_keys(struct oidc_cmd *c, struct ops_jwt_keys_rep *rep)
{
	struct ops_jwt_issuer q = { .issuer = span_str(c->oidc.conf.issuer) };
	enum err e;

	wire_mark(&ops_jwt_issuer_map, &q);
	if ((e = client_call(&agent, OP_JWT_KEYS, &q, rep)) != ERR_NOTFOUND)
		return e;
	snprintf(c->hint, sizeof c->hint, "'ownkey-oidc key add all' makes them");
	return oidc_cmd_wrong(c, e, "the vault has no keys for %s", c->oidc.conf.issuer);
}

/* ---- in and out ---- */
enum err
admin_file(struct oidc_cmd *c, const char *path, struct buf *out)
{
	struct whole w = { .dirfd = AT_FDCWD, .name = path };
	enum err e;

	out->max = DB_CLAIMS;
	e = whole_read(&w, out);
	return e ? oidc_cmd_wrong(c, e, "%s", path) : ERR_OK;
}

void
admin_put(struct span text)
{
	struct buf b = BUF_INIT;

	text_printable(text, &b);
	fwrite(b.p, 1, b.len, stdout);
	buf_done(&b);
}

enum err
admin_put_json(struct buf *json)
{
	enum err e;

	buf_put_u8(json, '\n');
	if (!(e = buf_err(json)) && fwrite(json->p, 1, json->len, stdout) != json->len)
		e = ERR_IO;
	buf_done(json);
	return e;
}

const char *
admin_day(uint64_t seconds, char out[ADMIN_DAY])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!seconds || !gmtime_r(&t, &tm) || !strftime(out, ADMIN_DAY, "%Y-%m-%d", &tm))
		snprintf(out, ADMIN_DAY, "never");
	return out;
}
