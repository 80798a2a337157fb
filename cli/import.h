/*
 * import.h - what other programs kept, on its way into the vault.
 *
 * A reader (import_NAME.c, one for each kind of file) makes a list of a file, and needs nothing but
 * the terminal for a passphrase; the list is then kept, one thing after the other.  Values stand in
 * wiped memory, never in names, messages or files.
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "cli/cli.h"

#define IMPORT_ATTRS   32	    /* of one secret */
#define IMPORT_MANY    100000	    /* things in one file */
#define IMPORT_VALUE   (128 * 1024) /* what the vault takes as one secret */
#define IMPORT_NAME    255
#define IMPORT_FILE    ((size_t)64 << 20)
#define IMPORT_SSH_MAX ((size_t)1 << 20)

/* A part of the list's pool. */
struct import_text {
	size_t at, len;
};

enum import_kind { IMPORT_SECRET, IMPORT_KEY, IMPORT_REFUSED };

struct import_one {
	enum import_kind kind;
	struct import_text name; /* of the secret; of a key: its account */
	struct import_text value;
	struct import_text service, alg, purpose, certificate, comment; /* of keys */
	struct import_text shown; /* of keys: what it is for people, "SHA256:..." */
	size_t attr, nattr;	  /* of secrets: in the list's attributes */
	const char *why;	  /* IMPORT_REFUSED: whole sentence without a full stop; static */
};

struct import_attr {
	struct import_text name, value;
};

struct import_list {
	struct buf pool; /* of text */
	struct buf one;	 /* of struct import_one */
	struct buf attr; /* of struct import_attr */
	bool overflow;
};

/* A key, all borrowed; what is empty is not said. */
struct import_key {
	const char *service, *alg, *purpose;
	struct span account, secret, certificate, comment, shown;
};

void import_list_done(struct import_list *l);
/* The next secret; what does not fit the vault is refused instead.  Names become UTF-8 in NFC
 * without control characters. */
void import_secret(struct import_list *l, struct span name, struct span value);
/* An attribute of the secret that was put last; too long ones become secrets of their own, called
 * NAME/attribute.  Empty values are left out. */
void import_attribute(struct import_list *l, const char *name, struct span value);
void import_attribute_named(struct import_list *l, struct span name, struct span value);
void import_key(struct import_list *l, const struct import_key *k);
void import_refuse(struct import_list *l, struct span name, const char *why);
MUST enum err import_list_err(const struct import_list *l);
size_t import_count(const struct import_list *l);
struct import_one *import_at(const struct import_list *l, size_t i);
struct span import_span(const struct import_list *l, struct import_text t);
struct import_attr *import_attr_at(const struct import_list *l, size_t i);
/* Secrets with the same name get a number behind it, in their order. */
MUST enum err import_list_unique(struct import_list *l);
/* "a/b" */
void import_join(struct buf *out, struct span a, struct span b);

/* What a reader is given. */
struct import_in {
	struct cli *c;
	const char *path; /* as typed */
	struct span content;
};

struct import_source {
	const char *name;
	const char *what; /* for people */
	/* Does this content look like it?  NULL: only when it is named. */
	bool (*is)(struct span content);
	/* ERR_IMPORT_FORMAT and what else it says; nothing was kept then. */
	enum err (*read)(struct import_in *in, struct import_list *out);
	bool no_file;  /* operands are something else; content is empty */
	bool no_clear; /* what it reads is encrypted: no advice to delete it */
};

extern const struct import_source import_ssh, import_age, import_wireguard, import_minisign,
    import_gpg, import_keepassxc_xml, import_keepassxc_csv, import_pass;
/* All of them, NULL-ended; the order in which they look at a file. */
extern const struct import_source *const import_sources[];

/* Asked for on the terminal; the last part of the path and `what` say for what.  out is made. */
MUST enum err import_passphrase(struct import_in *in, const char *what, struct sec *out);
/* The last part of a path. */
struct span import_base(const char *path);
/* The next line of text, without its end; false when there is none. */
bool import_line(struct span *text, struct span *line);
struct span import_trim(struct span s);
/* Bytes begin with this text? */
bool import_begins(struct span s, const char *with);
/* What a program of the person's (found in PATH) prints when it reads `input`; *good: it ended
 * well.  ERR_NOPROGRAM, ERR_TOOBIG (more than max), ERR_IO, ERR_NOMEM. */
MUST enum err import_program(
    const char *const *argv, struct span input, size_t max, struct buf *out, bool *good);

/* ---- import_keep.c ---- */

struct import_run {
	struct cli *c;
	bool dry;
	bool replace;
	size_t came, there, not ;
};

/* Keep the list.  What is refused is said by name and counted; errors: the agent is gone, locked,
 * or the person stopped. */
MUST enum err import_keep(struct import_run *run, const struct import_list *l);
/* Everything that the Secret Service of the session keeps (import_service.c).  As above, and the
 * errors of moving.h; nothing is kept before all was read. */
MUST enum err import_service(struct import_run *run);
/* After this error nothing else would come in either. */
bool import_is_fatal(enum err e);
/* Something did not come in: say so by name, and count it. */
void import_put_refused(struct import_run *run, struct span name, const char *why);

#endif
