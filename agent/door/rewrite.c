/*
 * rewrite.c - a whole new vault file next to the old one: O_EXCL, allocate, write, fsync, read back
 * to the vault, link the old one to vault.prev, rename, fsync the folder, `seen` (DESIGN 6).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/door/file.h"
#include "lib/log.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE	 (1 << 1)
#endif

/* The folder is the lock of rewriters, the file that of appenders: a rewrite holds both. */
static enum err
lock(const struct file *f)
{
	if (flock(f->dirfd, LOCK_EX | LOCK_NB))
		return ERR_BUSY;
	if (f->fd < 0 || flock(f->fd, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	flock(f->dirfd, LOCK_UN);
	return ERR_BUSY;
}

static void
unlock(const struct file *f)
{
	if (f->fd >= 0)
		flock(f->fd, LOCK_UN);
	flock(f->dirfd, LOCK_UN);
}

void
file_abort(struct file *f)
{
	f->skipping = false;
	if (f->tmp < 0)
		return;
	file_close(&f->tmp);
	unlinkat(f->dirfd, FILE_NEW, 0);
	unlock(f);
}

static enum err
must_not_exist(const struct file *f)
{
	if (faccessat(f->dirfd, f->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return ERR_VAULT_EXISTS;
	return errno == ENOENT ? ERR_OK : file_error();
}

/* The first piece: take the lock, see that the old file is the one the vault knows, begin. */
static enum err
begin(struct file *f, const struct file_request *q)
{
	off_t size;
	enum err e;

	if ((e = lock(f)))
		return e;
	e = q->create ? must_not_exist(f) : file_expect(f, q, &size);
	if (!e) {
		unlinkat(f->dirfd, FILE_NEW, 0);
		f->tmp = openat(
		    f->dirfd, FILE_NEW, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f->tmp < 0)
			e = file_error();
	}
	if (e) {
		unlock(f);
		return e;
	}
	f->tmp_len = 0;
	f->create = q->create;
	f->drop_prev = q->drop_prev;
	return ERR_OK;
}

/* Space is reserved before it is written, so that a full disk shows early. */
static enum err
write_piece(struct file *f, struct span data)
{
	int r;

	if (!data.len)
		return ERR_OK;
	r = posix_fallocate(f->tmp, f->tmp_len, (off_t)data.len);
	if (r && r != EOPNOTSUPP && r != EINVAL) {
		errno = r;
		return file_error();
	}
	if (file_write_all(f->tmp, data, f->tmp_len))
		return file_error();
	f->tmp_len += (off_t)data.len;
	return ERR_OK;
}

static enum err
finish(struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out)
{
	if (q->seen.len > sizeof f->seen_new)
		return ERR_TOOBIG;
	if (q->seen.len)
		memcpy(f->seen_new, q->seen.p, q->seen.len);
	f->seen_len = q->seen.len;
	f->seen_at = q->seen_at;
	if (fsync(f->tmp))
		return file_error();
	r->verify = true;
	return file_stream(f->tmp, r, out);
}

enum err
rewrite_data(struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out)
{
	enum err e = ERR_OK;

	if (f->tmp < 0 && (e = begin(f, q)))
		return e;
	e = write_piece(f, q->data);
	if (!e && !q->more)
		e = finish(f, q, r, out);
	if (e)
		file_abort(f);
	return e;
}

/* The old version stays reachable as vault.prev; made aside first, so that there is always one. */
static enum err
keep_previous(const struct file *f)
{
	unlinkat(f->dirfd, FILE_PREV_NEW, 0);
	if (linkat(f->dirfd, f->name, f->dirfd, FILE_PREV_NEW, 0) == 0 &&
	    renameat(f->dirfd, FILE_PREV_NEW, f->dirfd, FILE_PREV) == 0) {
		/* rename of two links to one inode does nothing and leaves both */
		unlinkat(f->dirfd, FILE_PREV_NEW, 0);
		return ERR_OK;
	}
	if (errno == EPERM || errno == ENOTSUP || errno == ENOSYS) {
		log_warn("this file system has no links: no previous version is kept");
		return ERR_OK;
	}
	return file_error();
}

static enum err
put_in_place(const struct file *f)
{
	unsigned flags = f->create ? RENAME_NOREPLACE : 0;

	if (renameat2(f->dirfd, FILE_NEW, f->dirfd, f->name, flags) == 0)
		return ERR_OK;
	if (errno == EEXIST)
		return ERR_VAULT_EXISTS;
	if (f->create && (errno == EINVAL || errno == ENOSYS) &&
	    linkat(f->dirfd, FILE_NEW, f->dirfd, f->name, 0) == 0)
		return unlinkat(f->dirfd, FILE_NEW, 0) ? file_error() : ERR_OK;
	return file_error();
}

/*
 * From here on the new file is the vault.  Without the folder on the disk `seen` is not written: it
 * must not be ahead of the vault, nor say that vault.prev of an older line is gone.
 */
static enum err
settle(struct file *f)
{
	file_close(&f->fd);
	f->fd = f->tmp;
	f->tmp = -1;
	f->size_read = (uint64_t)f->tmp_len;
	f->unsettled = false;
	if (f->drop_prev)
		unlinkat(f->dirfd, FILE_PREV, 0);
	if (fsync(f->dirfd))
		return ERR_VAULT_UNSURE;
	if (file_write_seen(f, SPAN(f->seen_new, f->seen_len), f->seen_at, true))
		log_warn("the record of the newest version could not be written");
	return ERR_OK;
}

enum err
rewrite_commit(struct file *f)
{
	enum err e = ERR_OK;

	if (f->tmp < 0)
		return ERR_FORMAT;
	if (!f->create && !f->drop_prev)
		e = keep_previous(f);
	if (!e)
		e = put_in_place(f);
	if (e) {
		file_abort(f);
		return e;
	}
	e = settle(f);
	unlock(f);
	return e;
}

enum err
rewrite_previous(struct file *f, const struct file_request *q)
{
	enum err e = ERR_OK;

	if ((e = lock(f)))
		return e;
	if (renameat2(f->dirfd, FILE_PREV, f->dirfd, f->name, RENAME_EXCHANGE))
		e = errno == ENOENT ? ERR_NOTFOUND : file_error();
	else if (fsync(f->dirfd))
		e = file_error();
	unlock(f);
	file_close(&f->fd);
	return e ? e : file_write_seen(f, q->seen, q->seen_at, true);
}
