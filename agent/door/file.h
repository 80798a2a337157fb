/*
 * file.h - the disk side of the vault's file, shared between file.c (read, append), rewrite.c and
 * auditfile.c.
 */
#ifndef AGENT_DOOR_FILE_H
#define AGENT_DOOR_FILE_H

#include <sys/types.h>
#include <time.h>

#include "agent/control.h"
#include "agent/link.h"

#define FILE_NEW      ".vault.new"
#define FILE_PREV     "vault.prev"
#define FILE_PREV_NEW ".vault.prev.new"
#define FILE_SEEN_MAX 4096

/* Files beside the vault that may be copies of it, as they were listed last (beside.c). */
struct file_beside {
	char name[FILE_BESIDE_MOST][256];
	size_t n;
	bool more;
	char asked[256];
};

struct file {
	char path[PATHS_MAX], dir[PATHS_MAX], name[256], seen[PATHS_MAX], audit[PATHS_MAX];
	char copy[PATHS_MAX]; /* this machine's own copy */
	struct file_beside beside;
	uint32_t owner;
	int dirfd;	    /* also the lock of a rewrite */
	int fd;		    /* the vault as it was read; -1 */
	uint64_t size_read; /* its size then, a torn tail included */
	struct timespec mtime_read;
	bool unsettled; /* a tail was cut, and that may not be on the disk yet */
	/* a rewrite under way */
	int tmp;       /* the new file; -1 = none */
	bool skipping; /* it has failed: what is still to come of it is ignored */
	off_t tmp_len;
	bool create, drop_prev;
	uint8_t seen_new[FILE_SEEN_MAX];
	size_t seen_len;
	uint64_t seen_at;
};

MUST enum err file_prepare(struct file *f, const struct control_start *start);
/* Carry out one request of the vault; replies are queued on out. */
void file_request(struct file *f, struct span payload, struct buf *out);
/* The vault went away in the middle, or does not want the new file: undo. */
void file_abort(struct file *f);

/* ---- rewrite.c ---- */
MUST enum err rewrite_data(
    struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out);
MUST enum err rewrite_commit(struct file *f);
MUST enum err rewrite_previous(struct file *f, const struct file_request *q);

/* ---- auditfile.c ---- */
MUST enum err auditfile_prepare(struct file *f);
/* r->data is valid until the next call. */
MUST enum err auditfile_read(
    const struct file *f, const struct file_audit *q, struct file_reply *r);
MUST enum err auditfile_append(const struct file *f, const struct file_audit *q);

/* ---- between them ---- */
enum err file_error(void); /* from errno */
void file_close(int *fd);
MUST enum err file_write_all(int fd, struct span s, off_t at);
MUST enum err file_stream(int fd, struct file_reply *last, struct buf *out);
MUST enum err file_lock(int fd, int how);
MUST enum err file_expect(struct file *f, const struct file_request *q, off_t *size);
MUST enum err file_write_seen(const struct file *f, struct span seen, uint64_t at, bool durable);

#endif
