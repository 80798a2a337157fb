/*
 * backup.h - a backup is read: the file comes from the person, and a key for it; what stands in it
 * goes to the vault, record by record.  Neither file nor plaintext is ever here as a whole.
 */
#ifndef WORKER_BACKUP_H
#define WORKER_BACKUP_H

#include "agent/worker/backup_parse.h"
#include "agent/worker/worker.h"
#include "lib/age.h"

#define BACKUP_ARENA (BACKUP_PARSE_ARENA + AGE_ARENA + JOB_FRAME_MAX + 192 * 1024)

MUST enum err backup_open(struct worker *w);

#endif
