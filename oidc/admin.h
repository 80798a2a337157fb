/*
 * admin.h - what commands that change the store have in common: the store, opened as whoever it
 * belongs to, and the agent, which must know every account and client, too, before the vault makes
 * tokens for them.
 *
 * The order is: admin_open, changes, admin_commit, admin_allow or admin_forget, admin_close.  What
 * the agent says never undoes what is in the store: it is said what is left to be done.
 */
#ifndef OIDC_ADMIN_H
#define OIDC_ADMIN_H

#include "lib/ops.h"
#include "lib/ops_jwt.h"
#include "oidc/db/db.h"
#include "oidc/verbs.h"

/* Connect to the agent, if there is one; then, started as root, become the owner of the store's
 * folder for good; open the store as c->oidc.db.  The detail is set. */
MUST enum err admin_open(struct oidc_cmd *c);
void admin_close(struct oidc_cmd *c);
MUST enum err admin_commit(struct oidc_cmd *c);

/* Onto the vault's list, which takes a way in unless it is there; what is left to be done is said
 * on standard error, and is exit status 1.  audience: of client `name`; sector may be empty. */
void admin_allow_account(struct oidc_cmd *c, const uint8_t id[DB_ID]);
void admin_allow_client(struct oidc_cmd *c, const struct db_client *client);
/* How they are called on it; n borrows from what is given. */
void admin_name_account(const uint8_t id[DB_ID], char hex[2 * DB_ID], struct ops_jwt_name *n);
void admin_name_client(const struct db_client *client, struct ops_jwt_name *n);
/* What the owner of the vault types: verb "allow" or "forget". */
void admin_line(
    const struct oidc_cmd *c, const char *verb, const struct ops_jwt_name *n, struct buf *line);
/* Off it.  kind: enum jwt_kind. */
void admin_forget(struct oidc_cmd *c, enum jwt_kind kind, struct span name);
/* How a command of the vault's owner begins, for who copies it: "ownkey", or as the account of the
 * machine's agent. */
const char *admin_owner(const struct oidc_cmd *c);
/* Connect to the agent alone.  ERR_NOAGENT; the detail is set. */
MUST enum err admin_agent(struct oidc_cmd *c);
/* Ask it; a locked vault is opened first, and who has to touch a token is told. */
MUST enum err admin_call(enum op op, const void *req, void *rep);
/* Keys of the issuer, after either; rep borrows until the next call. */
MUST enum err admin_keys(struct oidc_cmd *c, struct ops_jwt_keys_rep *rep);

/* A whole file, at most DB_CLAIMS bytes.  The detail is set. */
MUST enum err admin_file(struct oidc_cmd *c, const char *path, struct buf *out);
/* One line, for people: what is not printable becomes '?'. */
void admin_put(struct span text);
/* JSON that has been collected, and a newline. */
MUST enum err admin_put_json(struct buf *json);
/* "2026-11-24"; "never" for 0. */
#define ADMIN_DAY 16
const char *admin_day(uint64_t seconds, char out[ADMIN_DAY]);

#endif
