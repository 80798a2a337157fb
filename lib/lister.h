/*
 * lister.h - which tokens there are: one DEVICE event each, then END; when watching, again after
 * each change until the vault closes its end.
 */
#ifndef LIB_LISTER_H
#define LIB_LISTER_H

#include "lib/job.h"

#define LISTER_SOURCES_MAX 8
#define LISTER_ROOT_MAX	   256

struct lister;

/* Checks the job.  ERR_USAGE for a source that is neither "hid" nor "unix:/path". */
MUST enum err lister_init(struct lister **lister, const struct token_job *job, int out);
/* While still root: what is started as root opens any device, so they all count as accessible.
 * Sockets are looked for at once, where soon we may not look any more; of those, one that comes
 * later is seen when its folder was there. */
void lister_opens_all(struct lister *l);
/* The roots it reads, for the sandbox. */
const char *lister_sysfs(const struct lister *l);
const char *lister_dev(const struct lister *l);
/* TOKEN_LIST. */
MUST enum err lister_once(struct lister *l);
/* TOKEN_WATCH: ends with ERR_CANCELLED when ctl is closed. */
MUST enum err lister_watch(struct lister *l, int ctl);
void lister_done(struct lister *l);

#endif
