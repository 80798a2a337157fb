/*
 * ownkey.h - identities and secrets of the ownkey agent, for programs that use them: messengers,
 * tools.  C99 and C++.  Manual: ownkey(3).
 *
 * A connection is used by one thread at a time; threads that want to work at the same time make one
 * each.  Calls block, at most as long as ownkey_set_patience says.  The library starts no thread,
 * touches no signal and prints nothing.  A connection made before fork() belongs to the parent.
 *
 * Functions that return int return 0, or an error number that ownkey_error_text knows.
 */
#ifndef OWNKEY_H
#define OWNKEY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Some of the errors; there are more, and their numbers never change (ownkey-protocol(7)). */
enum ownkey_error {
	OWNKEY_OK = 0,
	OWNKEY_NOMEM = 2,
	OWNKEY_NOTFOUND = 6,
	OWNKEY_EXISTS = 7,
	OWNKEY_USAGE = 8,
	OWNKEY_CANCELLED = 9,
	OWNKEY_TIMEOUT = 10,
	OWNKEY_RANGE = 12,
	OWNKEY_TEXT = 23,
	OWNKEY_TOOBIG = 24,
	OWNKEY_NOAGENT = 30,
	OWNKEY_LOCKED = 31,
	OWNKEY_NOVAULT = 32,
	OWNKEY_DENIED = 33,
	OWNKEY_REFUSED = 36,
	OWNKEY_HANGUP = 39,
	OWNKEY_FORKED = 255,
	OWNKEY_NESTED = 256,
	OWNKEY_PROTOCOL = 257
};

/* Short text for people, what to do about it ("" = nothing to add), name as in the manual.  Never
 * NULL, not to be freed. */
const char *ownkey_error_text(int error);
const char *ownkey_error_hint(int error);
const char *ownkey_error_name(int error);

/* ---- connections: ownkey_connect(3) ---- */
struct ownkey;

/* Bytes of the caller. */
struct ownkey_bytes {
	const void *p;
	size_t len;
};

/* program: name and version, as people read it when they are asked.  On success *k is to be given
 * to ownkey_close.  OWNKEY_NOAGENT. */
int ownkey_connect(struct ownkey **k, const char *program);
void ownkey_close(struct ownkey *k);
/* Readable when there is something for ownkey_pump.  Do not read, write or close it. */
int ownkey_fd(const struct ownkey *k);
/* How long a call waits for a person or the agent, milliseconds; -1 = for ever.  At first 120000.
 * What is not answered by then is given up: OWNKEY_TIMEOUT. */
void ownkey_set_patience(struct ownkey *k, int ms);
/* What the agent added to the last error, for people; "" = nothing. */
const char *ownkey_detail(const struct ownkey *k);

enum ownkey_state { OWNKEY_HAS_VAULT = 1, OWNKEY_UNLOCKED = 2, OWNKEY_NOT_REAL = 4 };
/* *state: bits of enum ownkey_state.  NOT_REAL: every way in is a software token. */
int ownkey_status(struct ownkey *k, unsigned *state);
/* Until the vault is open: 0; OWNKEY_TIMEOUT after ms (-1 = never).  ask: have the person open it
 * now, with a touch or a prompt of the agent; else somebody else has to. */
int ownkey_wait_unlocked(struct ownkey *k, int ms, int ask);

/* ---- what there is: ownkey_list(3) ---- */
struct ownkey_list;
struct ownkey_row;
enum ownkey_kind { OWNKEY_IDENTITIES, OWNKEY_SECRETS };

/* service, match: only such rows; NULL = all.  match is a part of the label.  *list is to be given
 * to ownkey_list_free, and does not need the connection any more. */
int ownkey_list(struct ownkey *k, enum ownkey_kind kind, const char *service, const char *match,
    struct ownkey_list **list);
/* The next row, NULL behind the last; valid as long as the list. */
const struct ownkey_row *ownkey_list_next(struct ownkey_list *list);
void ownkey_list_free(struct ownkey_list *list);
/* Never NULL; "" when there is none.  The label is what other functions want as path or name. */
const char *ownkey_row_label(const struct ownkey_row *row);
const char *ownkey_row_service(const struct ownkey_row *row);
const char *ownkey_row_account(const struct ownkey_row *row);
const char *ownkey_row_purpose(const struct ownkey_row *row);
const char *ownkey_row_algorithm(const struct ownkey_row *row);
/* The public key as its world writes it: an ssh line, an age recipient, base64 for app. */
const char *ownkey_row_public(const struct ownkey_row *row);
/* The bytes of an app identity's public key: how many were written, 32; 0 for others. */
size_t ownkey_row_public_key(const struct ownkey_row *row, unsigned char key[32]);

/* ---- using keys: ownkey_sign(3) ---- */
/* With an Ed25519 key of an app identity: the signature covers "ownkey1 app", a zero byte, the
 * length of the context in two bytes, the context, and data. */
int ownkey_sign(struct ownkey *k, const char *path, const char *context, struct ownkey_bytes data,
    unsigned char signature[64]);

struct ownkey_agreement {
	const char *path;	   /* an X25519 key of an app identity */
	const unsigned char *peer; /* 32: the other side's public key */
	struct ownkey_bytes salt;  /* at most 64 */
	struct ownkey_bytes info;  /* at most 255: what the key is for */
};
/* out: HKDF-SHA256(X25519(own, peer), salt, info), 16..64 bytes.  OWNKEY_RANGE for a peer that
 * would give everybody the same.  To be wiped. */
int ownkey_agree(struct ownkey *k, const struct ownkey_agreement *a, void *out, size_t len);

/* ---- secrets: ownkey_get(3) ---- */
/* *len: its length, also when it is OWNKEY_TOOBIG for cap (then nothing was written). */
int ownkey_get(struct ownkey *k, const char *name, void *out, size_t cap, size_t *len);
/* Keep one.  replace 0: OWNKEY_EXISTS when there is one of this name. */
int ownkey_set(struct ownkey *k, const char *name, struct ownkey_bytes value, int replace);
/* Overwrite; not optimized away. */
void ownkey_wipe(void *p, size_t len);

/* ---- events: ownkey_subscribe(3) ---- */
enum ownkey_event {
	OWNKEY_EVENT_LOCKED,
	OWNKEY_EVENT_UNLOCKED,
	OWNKEY_EVENT_CHANGED, /* identities or secrets did */
	OWNKEY_EVENT_TOUCH,   /* a call of this connection waits for a touch */
	OWNKEY_EVENT_TOKEN    /* ... for a token to be plugged in */
};
/* text: for people, "" = none; valid for the call. */
typedef void ownkey_event_fn(void *arg, enum ownkey_event event, const char *text);
/* fn is called, on the thread of the caller, from ownkey_pump and every other call; it must not use
 * the connection (OWNKEY_NESTED).  fn NULL: no more. */
int ownkey_subscribe(struct ownkey *k, ownkey_event_fn *fn, void *arg);
/* Take what has come; wait for it at most ms (-1 = for ever).  OWNKEY_TIMEOUT: nothing came. */
int ownkey_pump(struct ownkey *k, int ms);

#ifdef __cplusplus
}
#endif

#endif
