/*
 * format.h - one file and one row for each messenger, network or tool whose keys we speak.
 *
 * A format says which keys an identity has (purpose and algorithm: derive.h makes the bytes), how
 * the public half is written, in which forms the private one may leave, and what it may sign.
 * To add one: agent/format/NAME.c with a `const struct format format_NAME`, one row in format.c, a
 * known answer in tests/vectors/formats.json, a test that the real program accepts it.  Listing,
 * export, help, completion and the round-trip tests come from the row.
 */
#ifndef AGENT_FORMAT_FORMAT_H
#define AGENT_FORMAT_FORMAT_H

#include "lib/buf.h"
#include "lib/ops.h"
#include "lib/sec.h"
#include "lib/text.h"

/* A key as a format function sees it; priv is empty where only the public half is needed. */
struct format_in {
	struct span account;
	struct span
	    priv; /* derive.h: ed25519 seed, raw x25519, secret; imported: see format_import */
	struct span pub; /* ed25519, x25519: 32; empty for secrets */
	struct span alg; /* "ed25519", ...; empty: that of the purpose's row */
};

typedef enum err format_public_fn(const struct format_in *in, struct buf *out);
typedef enum err format_export_fn(const struct format_in *in, struct sec *out);

#define FORMAT_AGREES 0x10000u /* on keys (ops_agree.h) */
#define FORMAT_GIVES  0x20000u /* its bytes are for the program: secret.get hands them out */
#define FORMAT_JWT    0x40000u /* tokens (ops_jwt.h): has a rate, is not exported unless told */
#define FORMAT_STAYS  0x80000u /* when all keys of its account are rotated */
#define FORMAT_RSA    "rsa"    /* alg of keys that ownkey-worker makes; not derived */

struct format_key {
	const char *purpose;
	const char *alg;
	const char *help;
	unsigned use;	/* default policy (DESIGN 9) */
	unsigned signs; /* bits 1 << enum ops_sign_type, FORMAT_AGREES, FORMAT_GIVES */
	/* Belongs to an identity with this account?  NULL = always. */
	bool (*wanted)(struct span account);
};

/* A key that was made elsewhere may take the place of the derived one (key.add), or is not derived
 * at all, but made by ownkey-worker.  fn checks its private bytes and appends its public half, both
 * in the form that format_in has. */
typedef enum err format_import_fn(struct span priv, struct buf *pub);
struct format_import {
	const char *purpose;
	const char *alg;
	format_import_fn *fn;
	bool made; /* by us alone: key.add does not take one */
};

/* The first row for a purpose is the one-line form of lists. */
struct format_public {
	const char *purpose;
	const char *name;
	format_public_fn *fn;
};

struct format_export {
	const char *purpose;
	const char *name; /* the first row for a purpose is the default */
	const char *file; /* usual file name, "" = none */
	bool text;
	format_export_fn *fn;
	const char *help; /* where it goes */
};

/* What becomes of a key.  MOVE: rotated because others may know the old one. */
enum format_event { FORMAT_ROTATE = 1, FORMAT_MOVE = 2, FORMAT_RETIRE = 4, FORMAT_REVOKE = 8 };

/* What that means for others, and what is to be done outside of ownkey, in this order. */
struct format_advice {
	unsigned events;     /* bits */
	const char *purpose; /* NULL: of every key */
	const char *sees;    /* whole sentences: what contacts will see */
	const char *steps;   /* one a line */
};

struct format {
	const char *name; /* = service of the path */
	const char *help;
	const char *account; /* what an account is: "@user:server" */
	const struct format_key *key;
	size_t nkey;
	const struct format_public *public;
	size_t npublic;
	const struct format_export *export;
	size_t nexport;
	const struct format_advice *advice;
	size_t nadvice;
	const struct format_import *import;
	size_t nimport;
	/* ERR_TEXT when it cannot be an account; NULL = anything goes. */
	enum err (*check)(struct span account);
};

extern const struct format *const formats[];
extern const size_t nformats;

/* NULL when unknown. */
const struct format *format_find(struct span name);
const struct format_key *format_key(const struct format *f, struct span purpose);
/* name empty = the first of this purpose; NULL when there is none. */
const struct format_public *format_public(
    const struct format *f, struct span purpose, struct span name);
const struct format_export *format_export(
    const struct format *f, struct span purpose, struct span name);
/* purpose empty = the first that takes such keys; NULL when there is none. */
const struct format_import *format_import(
    const struct format *f, struct span purpose, struct span alg);
/* What follows when that happens to a key of this purpose; NULL when there is no row. */
const struct format_advice *format_advice(
    const struct format *f, struct span purpose, enum format_event event);

/* in as text into *out, which must be empty and gets as much room as that takes. */
MUST enum err format_encode(enum text_code code, struct span in, struct sec *out);

/* ---- typed signing (DESIGN 8): the signed bytes are built here, never given; ssh.h ---- */
/* The bytes that a signature of an app key covers: "ownkey1 app" || 0x00 || lp(context) || data.
 * ERR_USAGE without a context. */
MUST enum err format_app_signed(const struct ops_sign *q, struct buf *out);
MUST enum err format_app_sign(
    const struct format_in *in, const struct ops_sign *q, struct buf *sig);

extern const struct format format_matrix, format_omemo, format_tor, format_ssh, format_age,
    format_app, format_wireguard, format_portal, format_oidc;

#endif
