/*
 * schema.c - tables of the store, a step for each version.  A step that was released is never
 * changed; a new one is added behind it.
 */
#include "oidc/db/sql.h"

static const char *const steps[] = {
	"CREATE TABLE account(id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, me TEXT UNIQUE,"
	" claims TEXT NOT NULL, created INTEGER NOT NULL, disabled INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE credential(id BLOB PRIMARY KEY,"
	" account BLOB NOT NULL REFERENCES account ON DELETE CASCADE, key BLOB NOT NULL,"
	" name TEXT NOT NULL, transports TEXT NOT NULL, aaguid BLOB NOT NULL,"
	" count INTEGER NOT NULL, flags INTEGER NOT NULL, created INTEGER NOT NULL,"
	" used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX credential_account ON credential(account, created);"
	"CREATE TABLE pass(hash BLOB PRIMARY KEY, kind INTEGER NOT NULL,"
	" account BLOB NOT NULL REFERENCES account ON DELETE CASCADE,"
	" expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX pass_account ON pass(account, kind);"
	"CREATE TABLE client(id TEXT PRIMARY KEY, name TEXT NOT NULL, auth INTEGER NOT NULL,"
	" secret BLOB NOT NULL, redirects TEXT NOT NULL, logouts TEXT NOT NULL,"
	" sector TEXT NOT NULL, scopes TEXT NOT NULL, algorithm TEXT NOT NULL, uri TEXT NOT NULL,"
	" logo TEXT NOT NULL, policy TEXT NOT NULL, terms TEXT NOT NULL, flags INTEGER NOT NULL,"
	" created INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE consent(account BLOB NOT NULL REFERENCES account ON DELETE CASCADE,"
	" client TEXT NOT NULL, scopes TEXT NOT NULL, sub TEXT NOT NULL, created INTEGER NOT NULL,"
	" used INTEGER NOT NULL, PRIMARY KEY(account, client)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE session(hash BLOB PRIMARY KEY, sid BLOB NOT NULL UNIQUE,"
	" account BLOB NOT NULL REFERENCES account ON DELETE CASCADE, created INTEGER NOT NULL,"
	" used INTEGER NOT NULL, auth_time INTEGER NOT NULL, expires INTEGER NOT NULL,"
	" agent TEXT NOT NULL, amr TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX session_account ON session(account, created);"
	/* rows as they were issued, so that new ones are neighbours; who revokes by account, client
	 * or session reads all of it, which is rare */
	"CREATE TABLE token(n INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
	" kind INTEGER NOT NULL, family BLOB NOT NULL, account BLOB NOT NULL, sid BLOB NOT NULL,"
	" client TEXT NOT NULL, scopes TEXT NOT NULL, audience TEXT NOT NULL, sub TEXT NOT NULL,"
	" nonce TEXT NOT NULL, amr TEXT NOT NULL, auth_time INTEGER NOT NULL,"
	" issued INTEGER NOT NULL, expires INTEGER NOT NULL, spent INTEGER NOT NULL) STRICT;"
	"CREATE INDEX token_family ON token(family);",
	"CREATE TABLE chance(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;",
	"ALTER TABLE token ADD COLUMN lasts INTEGER NOT NULL DEFAULT 0;",
};
#define NSTEPS ((int)(sizeof steps / sizeof *steps))

static int
version(sqlite3 *db, int *out)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

	if (rc)
		return rc;
	rc = sqlite3_step(st);
	*out = rc == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;
	(void)sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int
step(sqlite3 *db, int n)
{
	char after[64];
	int rc;

	(void)sqlite3_snprintf(sizeof after, after, "PRAGMA user_version=%d", n + 1);
	if ((rc = sqlite3_exec(db, steps[n], NULL, NULL, NULL)))
		return rc;
	return sqlite3_exec(db, after, NULL, NULL, NULL);
}

static int
bring_up(sqlite3 *db)
{
	int rc, have = 0;

	/* asked again with the lock: another process may have been faster */
	if ((rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL)))
		return rc;
	rc = version(db, &have);
	for (int n = have; !rc && n < NSTEPS; n++)
		rc = step(db, n);
	if (!rc)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc)
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

enum err
schema_apply(struct db *s)
{
	int rc, have = 0;

	if (!(rc = version(s->db, &have)) && have < NSTEPS)
		rc = bring_up(s->db);
	if (rc)
		return sql_err(s, rc);
	return have > NSTEPS ? ERR_VERSION : ERR_OK;
}
