/*
 * file.c - the vault's file as opaque bytes (DESIGN 6; link.h says what each request does).
 *
 * The vault decides what is written where and what must be there before; this file only moves bytes
 * and keeps the order of system calls that a crash, a full disk or a power cut cannot hurt.  After
 * a failed fsync the descriptor is never fsynced again: the new file is thrown away, or the tail
 * cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/door/beside.h"
#include "lib/log.h"
#include "lib/sock.h"

#define LOCK_TRIES    20
#define LOCK_PAUSE_MS 10

enum err
file_error(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

/* Another program that has it does so for a moment; nobody else is served meanwhile. */
enum err
file_lock(int fd, int how)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, how | LOCK_NB) == 0)
			return ERR_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return file_error();
		(void)poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return ERR_BUSY;
}

void
file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- start ---- */
static enum err
make_parent(const char *path)
{
	char dir[PATHS_MAX];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	if (!(slash = strrchr(dir, '/')) || slash == dir)
		return ERR_USAGE;
	*slash = '\0';
	return sock_mkdir_private(dir);
}

/* A crash leaves at most these names behind; the lock says that nobody is writing them now. */
static void
sweep(const struct file *f)
{
	if (flock(f->dirfd, LOCK_EX | LOCK_NB))
		return;
	unlinkat(f->dirfd, FILE_NEW, 0);
	unlinkat(f->dirfd, FILE_PREV_NEW, 0);
	flock(f->dirfd, LOCK_UN);
}

enum err
file_prepare(struct file *f, const struct control_start *start)
{
	char *slash;
	enum err e;

	*f = (struct file){ .owner = start->rights.owner, .fd = -1, .tmp = -1, .dirfd = -1 };
	snprintf(f->path, sizeof f->path, "%s", start->vault);
	snprintf(f->seen, sizeof f->seen, "%s", start->seen);
	snprintf(f->copy, sizeof f->copy, "%s", start->copy);
	if ((e = make_parent(f->path)) || (e = make_parent(f->seen)) || (e = auditfile_prepare(f)))
		return e;
	snprintf(f->dir, sizeof f->dir, "%s", f->path);
	slash = strrchr(f->dir, '/');
	snprintf(f->name, sizeof f->name, "%s", slash + 1);
	*slash = '\0';
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dirfd < 0)
		return file_error();
	sweep(f);
	return ERR_OK;
}

/* ---- reading ---- */
/* Ours, regular, and nobody else may write it or replace it. */
static enum err
check_mode(const struct file *f, int fd)
{
	struct stat st, dir;

	if (fstat(fd, &st) || fstat(f->dirfd, &dir))
		return file_error();
	if (!S_ISREG(st.st_mode) || st.st_uid != f->owner || (st.st_mode & 022))
		return ERR_VAULT_MODE;
	if ((dir.st_mode & 022) && !(dir.st_mode & S_ISVTX))
		return ERR_VAULT_MODE;
	return ERR_OK;
}

static enum err
open_vault(const struct file *f, const char *name, int *out)
{
	int fd = openat(f->dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	enum err e;

	if (fd < 0)
		return errno == ENOENT ? ERR_NOVAULT
		    : errno == ELOOP   ? ERR_VAULT_MODE
				       : file_error();
	if ((e = check_mode(f, fd)))
		close(fd);
	else
		*out = fd;
	return e;
}

enum err
file_write_all(int fd, struct span s, off_t at)
{
	while (s.len) {
		ssize_t n = pwrite(fd, s.p, s.len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? file_error() : ERR_IO;
		s = SPAN(s.p + n, s.len - (size_t)n);
		at += n;
	}
	return ERR_OK;
}

/* All of fd in chunks to the vault; last carries the extras. */
enum err
file_stream(int fd, struct file_reply *last, struct buf *out)
{
	static uint8_t chunk[LINK_CHUNK];
	off_t at = 0;
	ssize_t n;
	enum err e = ERR_OK;

	while (!e && (n = pread(fd, chunk, sizeof chunk, at)) != 0) {
		struct file_reply r = { .data = SPAN(chunk, (size_t)n), .more = true };

		if (n < 0)
			return file_error();
		r.verify = last->verify;
		at += n;
		wire_mark(&file_reply_map, &r);
		e = link_put_msg(out, LINK_FILE, 0, &file_reply_map, &r);
	}
	last->size = (uint64_t)at;
	return e;
}

static void
read_seen(const struct file *f, uint8_t *seen, struct span *out)
{
	int fd = open(f->seen, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd >= 0 ? pread(fd, seen, FILE_SEEN_MAX, 0) : 0;

	*out = SPAN(seen, n > 0 ? (size_t)n : 0);
	file_close(&fd);
}

static bool
has_previous(const struct file *f)
{
	return faccessat(f->dirfd, FILE_PREV, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum err
do_read(struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out)
{
	static uint8_t seen[FILE_SEEN_MAX];
	struct stat st;
	int fd = -1;
	enum err e;

	r->path = span_str(f->path);
	r->prev = has_previous(f);
	/* also when there is no vault: one made now goes on behind what was seen of another */
	read_seen(f, seen, &r->seen);
	if ((e = open_vault(f, q->previous ? FILE_PREV : f->name, &fd)))
		return e;
	if (!(e = file_lock(fd, LOCK_SH)) && !(e = file_stream(fd, r, out)) && fstat(fd, &st))
		e = file_error();
	flock(fd, LOCK_UN);
	if (e || q->previous) {
		close(fd);
		return e;
	}
	file_close(&f->fd);
	f->fd = fd;
	f->size_read = r->size;
	f->mtime_read = st.st_mtim;
	return ERR_OK;
}

/* ---- the state that a change expects ---- */
/* Path and inode are still those of our descriptor. */
static enum err
same_file(const struct file *f)
{
	struct stat a, b;

	if (f->fd < 0 || fstat(f->fd, &a) || fstatat(f->dirfd, f->name, &b, AT_SYMLINK_NOFOLLOW))
		return ERR_VAULT_CHANGED;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino ? ERR_OK : ERR_VAULT_CHANGED;
}

/* What lies behind the valid part may be a torn tail, which reading has recognised; if somebody
 * wrote since, the vault must look again. */
static bool
is_as_read(const struct file *f, const struct stat *st)
{
	return (uint64_t)st->st_size == f->size_read &&
	    st->st_mtim.tv_sec == f->mtime_read.tv_sec &&
	    st->st_mtim.tv_nsec == f->mtime_read.tv_nsec;
}

enum err
file_expect(struct file *f, const struct file_request *q, off_t *size)
{
	uint8_t last[32];
	struct stat st;

	if (same_file(f) || q->expect.len != sizeof last || fstat(f->fd, &st))
		return ERR_VAULT_CHANGED;
	if (q->at < sizeof last || (uint64_t)st.st_size < q->at)
		return ERR_VAULT_CHANGED;
	if (pread(f->fd, last, sizeof last, (off_t)(q->at - sizeof last)) != sizeof last)
		return ERR_VAULT_CHANGED;
	if ((uint64_t)st.st_size != q->at && !is_as_read(f, &st))
		return ERR_VAULT_CHANGED;
	*size = st.st_size;
	return span_eq(SPAN(last, sizeof last), q->expect) ? ERR_OK : ERR_VAULT_CHANGED;
}

/*
 * A torn tail goes, for good, before anything is written in its place: else its sectors could come
 * back between those of the new record.  So does what an append that failed has left.
 */
static enum err
cut_tail(struct file *f, const struct file_request *q, off_t size)
{
	enum err e;

	if ((uint64_t)size == q->at && !f->unsettled)
		return ERR_OK;
	f->unsettled = true;
	if (ftruncate(f->fd, (off_t)q->at) || fsync(f->fd)) {
		e = file_error();
		file_close(&f->fd);
		return e;
	}
	f->unsettled = false;
	return ERR_OK;
}

/* ---- appending ---- */
/* What was made in it, renamed or deleted is there, or not there, after a power cut. */
static enum err
sync_parent(const char *path)
{
	char dir[PATHS_MAX];
	enum err e = ERR_OK;
	int fd;

	snprintf(dir, sizeof dir, "%s", path);
	*strrchr(dir, '/') = '\0';
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || fsync(fd))
		e = file_error();
	file_close(&fd);
	return e;
}

static int
open_seen(const struct file *f, bool *is_new)
{
	int fd = open(f->seen, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	*is_new = fd < 0 && errno == ENOENT;
	if (*is_new)
		fd = open(f->seen, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd;
}

enum err
file_write_seen(const struct file *f, struct span seen, uint64_t at, bool durable)
{
	bool is_new;
	int fd;
	enum err e;

	if (!seen.len)
		return ERR_OK;
	if ((fd = open_seen(f, &is_new)) < 0)
		return file_error();
	e = file_write_all(fd, seen, (off_t)at);
	if (!e && durable && fdatasync(fd))
		e = file_error();
	close(fd);
	return !e && is_new ? sync_parent(f->seen) : e;
}

/* What failed must not come back: cut, and synced by another descriptor than the one that failed.
 * If that fails, too, it is done before the next record is written. */
static void
take_back(struct file *f, uint64_t size)
{
	f->unsettled = true;
	if (ftruncate(f->fd, (off_t)size))
		log_warn("the tail of the vault file could not be cut");
	file_close(&f->fd);
	if (!open_vault(f, f->name, &f->fd) && !fsync(f->fd))
		f->unsettled = false;
	file_close(&f->fd);
}

/* Acknowledged means on the disk. */
static enum err
append_record(struct file *f, const struct file_request *q)
{
	enum err e = file_write_all(f->fd, q->data, (off_t)q->at);

	if (!e && fdatasync(f->fd))
		e = file_error();
	if (!e) {
		f->size_read = q->at + q->data.len;
		return ERR_OK;
	}
	take_back(f, q->at);
	return e;
}

static enum err
do_append(struct file *f, const struct file_request *q)
{
	off_t size;
	enum err e;

	/* closed after a failure, when the tail was cut: is it still what the vault knows? */
	if (f->fd < 0) {
		f->size_read = 0;
		if (open_vault(f, f->name, &f->fd))
			return ERR_VAULT_CHANGED;
	}
	if ((e = file_lock(f->fd, LOCK_EX)))
		return e;
	if (!(e = file_expect(f, q, &size)) && !(e = cut_tail(f, q, size)))
		e = append_record(f, q);
	if (f->fd >= 0)
		flock(f->fd, LOCK_UN);
	/* A `seen` that lags is fine (DESIGN 6): its failure must not undo a durable change. */
	if (!e && file_write_seen(f, q->seen, q->seen_at, false))
		log_warn("the record of the newest version could not be written");
	return e;
}

/* vault.prev is gone for good before `seen` says that nothing is left to delete. */
static enum err
do_seen(const struct file *f, const struct file_request *q)
{
	if (q->drop_prev) {
		unlinkat(f->dirfd, FILE_PREV, 0);
		if (fsync(f->dirfd))
			return file_error();
	}
	return file_write_seen(f, q->seen, q->seen_at, true);
}

/* ---- requests ---- */
static enum err
carry_out(struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out)
{
	/* the log first: what it does not say must not have happened */
	if (q->audit.has && q->op != FILE_AUDIT_READ &&
	    (r->audit = (uint64_t)auditfile_append(f, &q->audit)))
		return (enum err)r->audit;
	switch (q->op) {
	case FILE_AUDIT:
		return ERR_OK;
	case FILE_AUDIT_READ:
		return auditfile_read(f, &q->audit, r);
	case FILE_READ:
		return do_read(f, q, r, out);
	case FILE_APPEND:
		return do_append(f, q);
	case FILE_REWRITE:
		return rewrite_data(f, q, r, out);
	case FILE_COMMIT:
		return rewrite_commit(f);
	case FILE_ABORT:
		file_abort(f);
		return ERR_CANCELLED;
	case FILE_PREVIOUS:
		return rewrite_previous(f, q);
	case FILE_SEEN:
		return do_seen(f, q);
	case FILE_BESIDE:
		return beside_read(f, q, r, out);
	default:
		return ERR_UNSUPPORTED;
	}
}

/* A rewrite in pieces is answered once: after the last piece, or when one fails. */
void
file_request(struct file *f, struct span payload, struct buf *out)
{
	struct file_request q;
	struct file_reply r = { 0 };
	enum err e;

	if ((e = wire_decode(&file_request_map, payload, &q))) {
		log_error("the vault sent a malformed request");
		q.quiet = false;
	} else if (q.op == FILE_REWRITE && f->skipping) {
		f->skipping = q.more;
		return;
	} else {
		e = carry_out(f, &q, &r, out);
		if (q.op == FILE_REWRITE && q.more) {
			if (!e)
				return;
			f->skipping = true;
		}
	}
	if (q.quiet)
		return;
	r.err = (uint64_t)e;
	wire_mark(&file_reply_map, &r);
	if (link_put_msg(out, LINK_FILE, 0, &file_reply_map, &r))
		log_error("out of memory for a reply to the vault");
}
