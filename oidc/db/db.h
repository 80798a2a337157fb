/*
 * db.h - what the provider keeps: accounts, their tokens (credentials), clients, consents,
 * sessions and issued tokens.  The interface; sqlite stands behind it (DESIGN 13), several
 * instances on another database may later.
 *
 * Nothing in it opens anything: of every secret that is handed out (session, access and refresh
 * token, invitation, recovery code, client secret) it has the SHA-256 only; each is 256 random
 * bits, so that a slow hash would protect nothing more.
 *
 * Writing.  The first write begins a transaction, db_commit ends it: a server answers after that,
 * many requests with one.  A function that fails has changed nothing, and the transaction goes on.
 * When db_commit fails, nothing of the transaction happened.
 *
 * Reading.  Texts and bytes of a row are in its `bytes`, which the row's owner frees (db_row_done);
 * a row that is given in is borrowed.  Times are unix seconds.
 *
 * Errors of all: ERR_NOSPACE, ERR_BUSY (another process writes, for longer than db_patience),
 * ERR_IO, ERR_NOMEM, ERR_DB_DAMAGED.
 */
#ifndef OIDC_DB_DB_H
#define OIDC_DB_DB_H

#include "lib/buf.h"

#define DB_ID	      16
#define DB_HASH	      32
#define DB_NAME	      64    /* bytes of an account's name */
#define DB_CREDENTIAL 1023  /* of a credential id (WebAuthn 4) */
#define DB_CLAIMS     8192  /* of an account's claims as JSON */
#define DB_CLIENT     2048  /* of a client id; IndieAuth's are URLs */
#define DB_URIS	      16384 /* of all redirect URIs of a client */

struct db;

/* Written to the disk before db_commit returns, or handed to the kernel: a killed process loses
 * neither, a power cut may lose the second. */
enum db_last { DB_PLAIN, DB_DURABLE };

/* Open, or make, the database at path (0600).  ERR_NOTFOUND without create; ERR_VERSION: it is of a
 * newer version; ERR_PERMISSION: others may write it. */
MUST enum err db_open(struct db **out, const char *path, bool create);
/* How long, in milliseconds, others that write are waited for; 5 s when it was never said. */
void db_patience(struct db *s, int ms);
void db_close(struct db *s); /* what was not committed is gone; NULL is fine */
MUST enum err db_commit(struct db *s);
void db_rollback(struct db *s);
bool db_writing(const struct db *s); /* there is something to commit */
/* For a server, whose requests read many small things: from now on what is read between two calls
 * of db_rest (or a write) is of one moment, and the file is locked once for all of it. */
void db_steady(struct db *s);
void db_rest(struct db *s); /* at the end of each wake-up */
/* Did another process change it since this was asked last?  What was read before may be old. */
bool db_changed(struct db *s);
/* Can it be written now, and is what was kept on the disk?  For the health page. */
MUST enum err db_probe(struct db *s);
/* 32 random bytes that stay the same, drawn when they are first asked for. */
MUST enum err db_chance(struct db *s, const char *name, uint8_t out[32]);
/* Is it whole?  *ok; what is not is in report, a line each. */
MUST enum err db_check(struct db *s, bool *ok, struct buf *report);
/* A copy as of now, whole, at a path where nothing is yet (ERR_EXISTS). */
MUST enum err db_backup(struct db *s, const char *path);
/* Remove what has ended before now, at most `most` rows of a kind; *left: there are more. */
MUST enum err db_purge(struct db *s, uint64_t now, unsigned most, bool *left);

/* ---- accounts: people ---- */
struct db_account {
	uint8_t id[DB_ID];  /* random; never used again */
	struct span name;   /* they log in as; unique */
	struct span me;	    /* their page (IndieAuth), canonical; empty = none; unique */
	struct span claims; /* JSON object of OIDC Core 5.1, without sub */
	uint64_t created;
	bool disabled;
	struct buf bytes;
};
MUST enum err db_account_add(struct db *s, const struct db_account *a); /* ERR_EXISTS */
MUST enum err db_account_set(struct db *s, const struct db_account *a); /* ERR_NOTFOUND */
/* With all that belongs to it. */
MUST enum err db_account_remove(struct db *s, const uint8_t id[DB_ID]);
MUST enum err db_account_get(
    struct db *s, const uint8_t id[DB_ID], struct db_account *out); /* ERR_NOTFOUND */
MUST enum err db_account_find(struct db *s, struct span name, struct db_account *out);
MUST enum err db_account_by_me(struct db *s, struct span me, struct db_account *out);
/* Each, by name.  What fn returns but ERR_OK ends it and is returned.  fn must not write. */
typedef enum err db_account_fn(void *arg, const struct db_account *a);
MUST enum err db_account_each(struct db *s, db_account_fn *fn, void *arg);

/* ---- credentials: their tokens ---- */
#define DB_UV	    1U	/* verified its user when it was registered */
#define DB_BE	    2U	/* may be backed up (a synced passkey) */
#define DB_BS	    4U	/* is backed up */
#define DB_FOUND    8U	/* discoverable */
#define DB_TERMINAL 16U /* made at the command line */
struct db_credential {
	struct span id;
	uint8_t account[DB_ID];
	struct span key;	/* COSE_Key as it was registered */
	struct span name;	/* that its owner gave it */
	struct span transports; /* "usb nfc" */
	uint8_t aaguid[16];
	uint64_t count; /* signature counter, 32 bits */
	uint64_t flags;
	uint64_t created, used;
	struct buf bytes;
};
/* ERR_EXISTS: it is registered, to whomever. */
MUST enum err db_credential_add(struct db *s, const struct db_credential *c);
MUST enum err db_credential_get(struct db *s, struct span id, struct db_credential *out);
/* After a login: counter, flags, when. */
MUST enum err db_credential_used(struct db *s, const struct db_credential *c);
/* With an invitation, which it uses up: both or neither.  ERR_NOTFOUND: the invitation is not there
 * (any more), or of another account. */
MUST enum err db_credential_invited(
    struct db *s, const struct db_credential *c, const uint8_t hash[DB_HASH], uint64_t now);
/* Only of that account, all three: ERR_NOTFOUND. */
MUST enum err db_credential_name(
    struct db *s, const uint8_t account[DB_ID], struct span id, struct span name);
MUST enum err db_credential_remove(struct db *s, const uint8_t account[DB_ID], struct span id);
/* The same, unless it is the last: ERR_NOTFOUND, too. */
MUST enum err db_credential_remove_spare(
    struct db *s, const uint8_t account[DB_ID], struct span id);
typedef enum err db_credential_fn(void *arg, const struct db_credential *c);
/* Of an account, the oldest first. */
MUST enum err db_credential_each(
    struct db *s, const uint8_t account[DB_ID], db_credential_fn *fn, void *arg);

/* ---- what works once: invitations, recovery codes ---- */
/* DB_REPLACE: the invitation that a recovery code was traded for. */
enum db_once { DB_INVITE, DB_RECOVERY, DB_REPLACE };
struct db_pass {
	uint8_t hash[DB_HASH];
	enum db_once kind;
	uint8_t account[DB_ID];
	uint64_t expires; /* 0 = never */
};
MUST enum err db_pass_add(struct db *s, const struct db_pass *p);
/* Look, without using it up.  ERR_NOTFOUND, also when it has ended. */
MUST enum err db_pass_look(
    struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_pass *out);
/* Use it up: of two at once, one gets it. */
MUST enum err db_pass_take(
    struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_pass *out);
/* Use it up and put another in its place: both or neither. */
MUST enum err db_pass_trade(
    struct db *s, const uint8_t hash[DB_HASH], uint64_t now, const struct db_pass *other);
/* These n instead of all that there are of their account and kind. */
MUST enum err db_pass_renew(struct db *s, const struct db_pass *p, size_t n);
/* All of a kind. */
MUST enum err db_pass_clear(struct db *s, const uint8_t account[DB_ID], enum db_once kind);
MUST enum err db_pass_count(
    struct db *s, const uint8_t account[DB_ID], enum db_once kind, uint64_t *n);

/* ---- clients: relying parties, resource servers ---- */
enum db_auth { DB_AUTH_NONE, DB_AUTH_BASIC, DB_AUTH_POST };
#define DB_PUBLIC_SUB 1U   /* subject "public" instead of pairwise */
#define DB_TRUSTED    2U   /* no consent is asked for: the owner's own */
#define DB_REFRESH    4U   /* may have refresh tokens */
#define DB_RESOURCE   8U   /* asks about tokens (introspection), gets none */
#define DB_NO_PKCE    16U  /* confidential, and cannot do PKCE */
#define DB_NATIVE     32U  /* an application: loopback redirects, RFC 8252 7.3 */
#define DB_INDIEAUTH  64U  /* a resource: may ask about tokens of IndieAuth, too */
#define DB_STRANGER   128U /* op/indie.h: nobody registered it; never in the store */
struct db_client {
	struct span id;
	struct span name;
	enum db_auth auth;
	uint8_t secret[DB_HASH];	      /* SHA-256; all zero for AUTH_NONE */
	struct span redirects;		      /* one a line */
	struct span logouts;		      /* post_logout_redirect_uris, one a line */
	struct span sector;		      /* host that pairwise subjects are for */
	struct span scopes;		      /* that it may ask for, separated by a space */
	struct span algorithm;		      /* of its ID tokens: "RS256", ... */
	struct span uri, logo, policy, terms; /* pages, may be empty */
	uint64_t flags;
	uint64_t created;
	struct buf bytes;
};
MUST enum err db_client_add(struct db *s, const struct db_client *c); /* ERR_EXISTS */
MUST enum err db_client_set(struct db *s, const struct db_client *c); /* ERR_NOTFOUND */
MUST enum err db_client_get(struct db *s, struct span id, struct db_client *out);
MUST enum err db_client_remove(struct db *s, struct span id); /* with its consents, tokens */
typedef enum err db_client_fn(void *arg, const struct db_client *c);
MUST enum err db_client_each(struct db *s, db_client_fn *fn, void *arg);

/* ---- consents: what a person lets a client have ---- */
struct db_consent {
	uint8_t account[DB_ID];
	struct span client;
	struct span scopes;
	struct span sub; /* by which the client knows the person */
	uint64_t created, used;
	struct buf bytes;
};
/* Make or replace it. */
MUST enum err db_consent_set(struct db *s, const struct db_consent *c);
MUST enum err db_consent_get(
    struct db *s, const uint8_t account[DB_ID], struct span client, struct db_consent *out);
MUST enum err db_consent_used(
    struct db *s, const uint8_t account[DB_ID], struct span client, uint64_t now);
/* The vault calls them otherwise now.  ERR_NOTFOUND. */
MUST enum err db_consent_subject(
    struct db *s, const uint8_t account[DB_ID], struct span client, struct span sub);
/* Does what a person agreed to still stand, and the session that they did it in?  ERR_NOTFOUND. */
MUST enum err db_consent_stands(
    struct db *s, const uint8_t account[DB_ID], struct span client, const uint8_t sid[DB_ID]);
/* With the tokens that came of it. */
MUST enum err db_consent_remove(struct db *s, const uint8_t account[DB_ID], struct span client);
typedef enum err db_consent_fn(void *arg, const struct db_consent *c);
MUST enum err db_consent_each(
    struct db *s, const uint8_t account[DB_ID], db_consent_fn *fn, void *arg);

/* ---- sessions: where a person is logged in here ---- */
struct db_session {
	uint8_t hash[DB_HASH]; /* of the cookie */
	uint8_t sid[DB_ID];    /* its name to others */
	uint8_t account[DB_ID];
	uint64_t created, used;
	uint64_t auth_time; /* when the token was touched last */
	uint64_t expires;
	struct span agent; /* what the browser calls itself: login/browser.h */
	struct span amr;   /* RFC 8176, separated by a space */
	struct buf bytes;
};
MUST enum err db_session_add(struct db *s, const struct db_session *x);
/* ERR_NOTFOUND, also when it has ended. */
MUST enum err db_session_get(
    struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_session *out);
/* used, auth_time, amr, expires. */
MUST enum err db_session_touch(struct db *s, const struct db_session *x);
/* Its row alone: another takes its place. */
MUST enum err db_session_forget(struct db *s, const uint8_t sid[DB_ID]);
/* With the tokens that came of it; not those that were given to last. */
MUST enum err db_session_remove(struct db *s, const uint8_t sid[DB_ID]);
/* All of an account, but the one that is kept (may be NULL), and all tokens but those of that one:
 * also what was given to last. */
MUST enum err db_session_clear(struct db *s, const uint8_t account[DB_ID], const uint8_t *keep);
typedef enum err db_session_fn(void *arg, const struct db_session *x);
MUST enum err db_session_each(
    struct db *s, const uint8_t account[DB_ID], db_session_fn *fn, void *arg);

/* ---- tokens that were issued ---- */
enum db_kind { DB_ACCESS, DB_REFRESH_TOKEN };
struct db_token {
	uint8_t hash[DB_HASH];
	enum db_kind kind;
	uint8_t family[DB_ID]; /* all that came of one code */
	uint8_t account[DB_ID];
	uint8_t sid[DB_ID]; /* session that it came of; all zero = none */
	struct span client;
	struct span scopes;
	struct span audience;	/* who may ask about it besides the client; empty = nobody */
	struct span sub;	/* as the client knows the person */
	struct span nonce, amr; /* of the authorization, for ID tokens on refresh */
	uint64_t auth_time;
	uint64_t issued, expires;
	bool spent; /* refresh: exchanged for a newer one */
	bool lasts; /* longer than the session */
	struct buf bytes;
};
MUST enum err db_token_add(struct db *s, const struct db_token *t);
/* ERR_NOTFOUND, also when it has ended; a spent one is found. */
MUST enum err db_token_get(
    struct db *s, const uint8_t hash[DB_HASH], uint64_t now, struct db_token *out);
/* Exchange a refresh token: *first says whether this was the first time. */
MUST enum err db_token_spend(struct db *s, const uint8_t hash[DB_HASH], bool *first);
MUST enum err db_token_remove(struct db *s, const uint8_t hash[DB_HASH]);
/* Durable.  *n may be NULL: how many. */
MUST enum err db_family_remove(struct db *s, const uint8_t family[DB_ID], uint64_t *n);

/* Frees what a row has. */
#define db_row_done(row) buf_done(&(row)->bytes)

#endif
