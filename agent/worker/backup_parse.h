/*
 * backup_parse.h - the JSON of a backup (ownkey-backup(5)) becomes the records that the vault
 * takes, one event each.  Pure: plaintext comes in, events go to a callback; all of it stands in
 * the arena, jansson's memory included (BACKUP_PARSE_ARENA bytes).
 */
#ifndef WORKER_BACKUP_PARSE_H
#define WORKER_BACKUP_PARSE_H

#include "agent/worker/jsonsplit.h"
#include "lib/job.h"

#define BACKUP_PIECE	   (1024 * 1024)     /* of an item, or of all that stands in "body" */
#define BACKUP_TREE	   (5 * 1024 * 1024) /* what jansson makes of it */
#define BACKUP_PARSE_ARENA (BACKUP_PIECE + BACKUP_TREE)
#define BACKUP_VERSION	   1

/* HEAD, SEED, VALUE or ITEM; marked; borrows, void afterwards. */
typedef enum err backup_event_fn(void *arg, const struct worker_event *ev);

struct backup_parse {
	struct jsonsplit split;
	struct sec piece;
	backup_event_fn *event;
	void *arg;
	bool is_backup; /* "format" says so */
};

/* One at a time.  ERR_NOMEM. */
MUST enum err backup_parse_init(struct backup_parse *p, backup_event_fn *event, void *arg);
void backup_parse_done(struct backup_parse *p);
/* ERR_BACKUP_FORMAT: this is no backup, or not as it should be; ERR_VERSION: of a later ownkey;
 * ERR_TOOBIG; what event says. */
MUST enum err backup_parse_push(struct backup_parse *p, struct span plain);
/* All of it was there?  ERR_BACKUP_FORMAT. */
MUST enum err backup_parse_end(struct backup_parse *p);

#endif
