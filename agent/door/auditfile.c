/*
 * auditfile.c - the audit log as opaque bytes, beside `seen` (link.h says what each request does).
 *
 * It is opened for each request: entries are rare (free uses are counted), and a log that somebody
 * put aside must not be written for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/door/file.h"
#include "lib/log.h"

#define OLDER	".1"
#define DAMAGED ".damaged"
#define NEW	".new"

static void
other_name(const struct file *f, const char *suffix, char out[PATHS_MAX])
{
	snprintf(out, PATHS_MAX, "%.*s%s", (int)(PATHS_MAX - sizeof DAMAGED), f->audit, suffix);
}

/* .../seen-HASH -> .../audit-HASH; what a crash left of a new one goes. */
enum err
auditfile_prepare(struct file *f)
{
	char dir[PATHS_MAX], tmp[PATHS_MAX];
	const char *name = "";
	char *slash;

	snprintf(dir, sizeof dir, "%s", f->seen);
	if ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		name = slash + 1;
	}
	if (strncmp(name, "seen", 4) == 0)
		name += 4;
	if (snprintf(f->audit, sizeof f->audit - sizeof DAMAGED, "%s/audit%s", dir, name) >=
	    (int)(sizeof f->audit - sizeof DAMAGED))
		return ERR_TOOBIG;
	other_name(f, NEW, tmp);
	unlinkat(AT_FDCWD, tmp, 0);
	return ERR_OK;
}

/* Ours, regular, written by nobody else. */
static enum err
open_log(const struct file *f, const char *path, int flags, int *out)
{
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	*out = -1;
	if (fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : file_error();
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != f->owner || (st.st_mode & 022)) {
		close(fd);
		return ERR_PERMISSION;
	}
	*out = fd;
	return ERR_OK;
}

/* ---- reading ---- */
enum err
auditfile_read(const struct file *f, const struct file_audit *q, struct file_reply *r)
{
	static uint8_t chunk[LINK_CHUNK];
	char path[PATHS_MAX];
	struct stat st;
	ssize_t n = 0;
	int fd;
	enum err e;

	other_name(f,
	    q->step == AUDIT_STEP_ROTATE      ? OLDER
		: q->step == AUDIT_STEP_ASIDE ? DAMAGED
					      : "",
	    path);
	if ((e = open_log(f, path, O_RDONLY, &fd)))
		return e;
	if (fstat(fd, &st) ||
	    (n = pread(fd, chunk, q->size < sizeof chunk ? q->size : sizeof chunk, (off_t)q->at)) <
		0)
		e = file_error();
	close(fd);
	if (e)
		return e;
	r->data = SPAN(chunk, (size_t)n);
	r->size = (uint64_t)st.st_size;
	return ERR_OK;
}

/* ---- appending ---- */
static enum err
sync_folder(const struct file *f)
{
	char dir[PATHS_MAX];
	int fd;
	enum err e = ERR_OK;

	snprintf(dir, sizeof dir, "%s", f->audit);
	*strrchr(dir, '/') = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		e = file_error();
	file_close(&fd);
	return e;
}

/* Length and last bytes are what the vault knows. */
static enum err
is_expected(int fd, const struct file_audit *q)
{
	uint8_t last[32];
	struct stat st;

	if (fstat(fd, &st) || (uint64_t)st.st_size != q->size || q->at > q->size)
		return ERR_AUDIT_CHANGED;
	if (q->at == 0)
		return ERR_OK;
	if (q->at < sizeof last || q->expect.len != sizeof last ||
	    pread(fd, last, sizeof last, (off_t)(q->at - sizeof last)) != sizeof last)
		return ERR_AUDIT_CHANGED;
	return span_eq(SPAN(last, sizeof last), q->expect) ? ERR_OK : ERR_AUDIT_CHANGED;
}

/* After a failure nothing is left that could be taken for an entry. */
static enum err
write_there(int fd, const struct file_audit *q, uint64_t at)
{
	enum err e = ERR_OK;

	if (q->size > at && q->step == AUDIT_STEP_APPEND && (ftruncate(fd, (off_t)at) || fsync(fd)))
		return file_error();
	if (!(e = file_write_all(fd, q->data, (off_t)at)) && fdatasync(fd))
		e = file_error();
	if (e && ftruncate(fd, (off_t)at))
		log_warn("the tail of the audit log could not be cut");
	return e;
}

static enum err
append(const struct file *f, const struct file_audit *q)
{
	bool fresh = q->at == 0;
	int fd;
	enum err e = open_log(f, f->audit, O_RDWR | (fresh ? O_CREAT : 0), &fd);

	if (e)
		return e == ERR_NOTFOUND ? ERR_AUDIT_CHANGED : e;
	if (!(e = file_lock(fd, LOCK_EX)) && !(e = is_expected(fd, q)))
		e = write_there(fd, q, q->at);
	close(fd);
	return !e && fresh ? sync_folder(f) : e;
}

/* What is renamed is what the vault knows; or it was renamed already, and the disk was full. */
static enum err
put_aside(const struct file *f, const struct file_audit *q, const char *path)
{
	bool rotate = q->step == AUDIT_STEP_ROTATE;
	bool renamed = false;
	int fd;
	enum err e;

	if (rotate) {
		if ((e = open_log(f, f->audit, O_RDONLY, &fd)) == ERR_NOTFOUND) {
			renamed = true;
			e = open_log(f, path, O_RDONLY, &fd);
		}
		if (!e)
			e = is_expected(fd, q);
		file_close(&fd);
		if (e || renamed)
			return e == ERR_NOTFOUND ? ERR_AUDIT_CHANGED : e;
	}
	if (renameat(AT_FDCWD, f->audit, AT_FDCWD, path))
		return errno == ENOENT ? ERR_OK : file_error();
	return sync_folder(f);
}

/* Its first record is safe before it gets the name: what is cut off in between would look as if
 * somebody had emptied the log. */
static enum err
make_new(const struct file *f, const struct file_audit *q, const char *tmp)
{
	int fd;
	enum err e = open_log(f, tmp, O_RDWR | O_CREAT | O_TRUNC, &fd);

	if (e)
		return e;
	e = write_there(fd, q, 0);
	close(fd);
	return e;
}

static enum err
begin_new(const struct file *f, const struct file_audit *q)
{
	char path[PATHS_MAX], tmp[PATHS_MAX];
	enum err e;

	other_name(f, q->step == AUDIT_STEP_ASIDE ? DAMAGED : OLDER, path);
	other_name(f, NEW, tmp);
	if (!(e = make_new(f, q, tmp)) && !(e = put_aside(f, q, path)) &&
	    renameat(AT_FDCWD, tmp, AT_FDCWD, f->audit))
		e = file_error();
	if (!e)
		return sync_folder(f);
	unlinkat(AT_FDCWD, tmp, 0);
	return e;
}

enum err
auditfile_append(const struct file *f, const struct file_audit *q)
{
	if (!q->data.len)
		return ERR_FORMAT;
	return q->step == AUDIT_STEP_APPEND ? append(f, q) : begin_new(f, q);
}
