/*
 * backup.h - a backup being written: a copy of the body, told as JSON (ownkey-backup(5)), into an
 * age file (DESIGN 4; notes/security.md 4.3).
 *
 *	backup_new -> age keys are given -> backup_start -> backup_fill until it says end
 *
 * Pull: one step makes about one item more, so that nothing big is ever in memory and other
 * requests are served in between.  Items are as they were when it began.
 */
#ifndef AGENT_VAULT_BACKUP_H
#define AGENT_VAULT_BACKUP_H

#include "agent/vault/agejson.h"
#include "agent/vault/vault.h"
#include "lib/crypto.h"

struct backup {
	struct vault *v;
	uint32_t handle;
	uint32_t conn;	  /* whose it is */
	uint64_t last_ms; /* when a piece was asked for */
	struct body body; /* a copy */
	struct sec vrk;	  /* of the copy: a way in may be removed meanwhile */
	struct age_writer age;
	struct agejson json;
	struct buf out; /* [at, len): finished, not yet handed out */
	size_t at;
	unsigned stage;
	size_t pos; /* in the list of this stage */
	bool ended;
	bool read;		 /* all of it was handed out */
	struct crypto_sum sum;	 /* of what was handed out */
	uint8_t hash[32];	 /* valid once read */
	struct backup_note note; /* what the vault will remember of it; spans empty */
};

/* A copy of what is open.  ERR_NOMEM. */
MUST enum err backup_new(struct vault *v, struct backup **out);
void backup_free(struct backup *b); /* wipes; NULL is fine */
/* Keys were given to b->age: the header. */
MUST enum err backup_start(struct backup *b);
/* The next piece, at most max bytes; *end: it is the last.  *data is valid until the next call. */
MUST enum err backup_piece(struct backup *b, size_t max, struct span *data, bool *end);

/* ---- backup_parts.c: what stands in it ---- */
/* One step of stage b->stage; *more: there is another in it. */
typedef enum err backup_stage_fn(struct backup *b, bool *more);
extern backup_stage_fn *const backup_stages[];
extern const size_t nbackup_stages;

#endif
