/*
 * audit.h - what goes into the audit log, and when (DESIGN 9; its bytes: audit_log.h).
 *
 *	durable before the answer   what a person was asked and touched, proofs that failed,
 *				    exports, administration (OPF_WIDEN, OPF_AUDIT): audit_event,
 *				    audit_operation, or in one frame with the change (store.c)
 *	counted			    free uses, by (item, operation, client): audit_count; written
 *				    each minute and at lock
 *	owed			    what happened while it could not be written (locked: wrong PIN,
 *				    words; disk full): kept here, written with what comes next
 *
 * If the log cannot be written, what should be recorded is refused (ERR_AUDIT_WRITE) before
 * anything was handed out or changed; but operations with OPF_AUDIT_SOFT, which unlock or take
 * power away, go on and stay owed.
 */
#ifndef AGENT_VAULT_AUDIT_H
#define AGENT_VAULT_AUDIT_H

#include "agent/vault/audit_log.h"
#include "agent/vault/job.h"

#define AUDIT_OWED    24
#define AUDIT_COUNTED 48
#define AUDIT_MINUTE  60000

/* Something that happened. */
struct audit_note {
	enum audit_kind kind;
	uint64_t op, time, boottime, err, count;
	bool has_item;
	uint8_t item[16]; /* id of an item or slot; only its MAC gets into the log */
	char client[AUDIT_CLIENT_MAX + 1];
};

struct audit_notes {
	struct audit_note note[AUDIT_OWED + AUDIT_COUNTED + 1];
	size_t n;
};

/* The log as this process knows it. */
struct audit_state {
	bool ready; /* it was read since the vault was opened */
	uint8_t log_id[AUDIT_LOG_ID];
	struct audit_pos at;  /* behind the last record that is there */
	uint64_t first;	      /* number of the first record of the file */
	uint64_t valid, size; /* bytes of the file that are good, that are there */
	enum audit_step step; /* before the next record */
	enum err begun;	      /* why it is begun anew, for its first record */
	uint64_t anchored;    /* entries so far, as the vault on the disk says */
	uint64_t known;	      /* entries that this process has seen there */
	struct audit_notes owed, counted;
	/* on the way to the disk */
	bool flying;
	struct audit_notes flight;
	struct audit_pos next;
	struct file_audit part;
	struct buf bytes;
	struct loop_timer *minute;
};

MUST enum err audit_new(struct audit_state **out);

/* ---- what happened ---- */
/* An operation is about the item (or slot) with this id: the log names it. */
void audit_about(struct req *r, const uint8_t id[16]);
/* r asked the person, or had a way in proven, and it ended so: durable now (in a job).  Comes back:
 * err; when that is ERR_OK and it cannot be written, ERR_AUDIT_WRITE. */
MUST enum err audit_event(
    struct req *r, enum audit_kind kind, const uint8_t item[16], enum err err);
/* It is written with what comes next, or within a minute.  r->row may be NULL. */
void audit_owe(struct req *r, enum audit_kind kind, const uint8_t item[16], enum err err);
/* One free use (item NULL: a change that is not about one): no waiting, no disk. */
void audit_count(struct req *r, const uint8_t item[16]);
/* At the end of a job: operations with OPF_WIDEN or OPF_AUDIT.  The error to answer with; when it
 * is not e, r->out has been emptied. */
MUST enum err audit_operation(struct req *r, enum err e);

/* ---- the log ---- */
/* Read the log's end and hold it against the vault's head (in a job; the vault's body is open).
 * What is wrong with it becomes v->open.warning, and a new one is begun. */
void audit_open(struct job *j);
/* Write what is owed and counted.  ERR_AUDIT_WRITE. */
MUST enum err audit_flush(struct job *j);
/* The key of an open vault, borrowed from the body.  ERR_NOTFOUND. */
MUST enum err audit_key(const struct vault *v, struct span *key);
/* This log's head in the vault.  ERR_NOTFOUND: it has none yet. */
MUST enum err audit_head_get(
    const struct body *b, const uint8_t log_id[AUDIT_LOG_ID], struct audit_head *h);

/* ---- in one frame with a change (store.c); the disk is ours ---- */
/* Is the change that r makes to be recorded, and has not been yet? */
bool audit_is_due(const struct req *r);
/* What is owed and counted and, with r, its operation, for the log; valid until audit_end.
 * ERR_NOTFOUND: there is nothing.  ERR_AUDIT_WRITE: the log could not be read. */
MUST enum err audit_begin(struct vault *v, struct req *r, struct file_audit *part);
/* How it went.  After an error what was owed is owed again. */
void audit_end(struct vault *v, enum err err);
/* err of audit_end or audit_begin: may it be tried once more, or without the log?  Else *e is
 * ERR_AUDIT_WRITE. */
bool audit_again(struct job *j, enum err err, enum err *e);
/* The head as it is once what was begun is written; nothing when the vault has it. */
void audit_put_head(const struct vault *v, struct delta *d);
MUST enum err audit_set_head(const struct vault *v, struct body *b);
/* The vault on the disk has it. */
void audit_is_anchored(struct vault *v);
/* The lock: everything, and that it was locked.  ERR_NOTFOUND: nothing to say. */
MUST enum err audit_last(struct vault *v, struct file_audit *part);

#endif
