/* beside.c - files beside the vault that may be copies of it. */
#include "agent/door/beside.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A copy is about as large as the vault; what is far larger is none, and is not read. */
#define SMALL  (16u * 1024 * 1024)
#define LARGER 4

/* ---- names ---- */
/* Between the name and its extension, or behind both: "*" anything, "#" a number. */
static const char *const conflict_patterns[] = {
	".sync-conflict-*",	     /* Syncthing */
	" (conflicted copy*)",	     /* Nextcloud, ownCloud */
	"_conflict-*",		     /* ownCloud, older */
	" (* conflicted copy*)",     /* Dropbox: whose */
	" (SFConflict *)",	     /* Seafile */
	" (copy: conflict *)",	     /* Unison, copyonconflict */
	".conflict*",		     /* Resilio, bisync */
	".Conflict*", "-*.conflict", /* scripts */
	"-conflict*", " (#)",	     /* Google Drive, pCloud, file managers */
	".~#~",			     /* rsync, cp --backup=numbered */
	"~",			     /* rsync --backup */
};

static bool
matches(const char *pattern, const char *s, size_t len)
{
	for (; *pattern; pattern++) {
		if (*pattern == '*') {
			for (size_t i = 0; i <= len; i++)
				if (matches(pattern + 1, s + i, len - i))
					return true;
			return false;
		}
		if (!len || (*pattern == '#' ? !isdigit((unsigned char)*s) : *s != *pattern))
			return false;
		s++;
		len--;
		if (*pattern != '#')
			continue;
		while (len && isdigit((unsigned char)*s)) {
			s++;
			len--;
		}
	}
	return len == 0;
}

static bool
is_pattern(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof conflict_patterns / sizeof *conflict_patterns; i++)
		if (matches(conflict_patterns[i], s, len))
			return true;
	return false;
}

bool
beside_is_conflict(const char *vault, const char *name)
{
	const char *dot = strrchr(vault, '.');
	size_t whole = strlen(vault), len = strlen(name);
	size_t stem = dot && dot != vault ? (size_t)(dot - vault) : whole, ext = whole - stem;

	if (len > 255 || strchr(name, '/'))
		return false;
	if (len > whole && memcmp(name, vault, whole) == 0 && is_pattern(name + whole, len - whole))
		return true;
	if (!ext || len <= whole || memcmp(name, vault, stem) != 0 ||
	    memcmp(name + len - ext, vault + stem, ext) != 0)
		return false;
	return is_pattern(name + stem, len - whole);
}

bool
beside_is_named(const char *vault, const char *name)
{
	size_t whole = strlen(vault), len = strlen(name);

	if (beside_is_conflict(vault, name) || strcmp(name, FILE_PREV) == 0)
		return true;
	return len <= 255 && !strchr(name, '/') && len > whole && memcmp(name, vault, whole) == 0 &&
	    matches(".merge-*", name + whole, len - whole);
}

/* ---- the folder ---- */
/* Sorted, so that each unlock takes the same ones. */
static void
insert(struct file_beside *b, const char *name)
{
	size_t at = 0;

	while (at < b->n && strcmp(b->name[at], name) < 0)
		at++;
	if (b->n == FILE_BESIDE_MOST)
		b->more = true;
	if (at == FILE_BESIDE_MOST)
		return;
	if (b->n < FILE_BESIDE_MOST)
		b->n++;
	memmove(b->name[at + 1], b->name[at], (b->n - 1 - at) * sizeof *b->name);
	snprintf(b->name[at], sizeof *b->name, "%s", name);
}

static enum err
look(struct file *f)
{
	int fd = openat(f->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *d;
	DIR *dir;

	f->beside.n = 0;
	f->beside.more = false;
	if (fd < 0)
		return file_error();
	if (!(dir = fdopendir(fd))) {
		close(fd);
		return file_error();
	}
	while ((d = readdir(dir)))
		if (beside_is_conflict(f->name, d->d_name))
			insert(&f->beside, d->d_name);
	closedir(dir);
	return ERR_OK;
}

/* ---- one of them ---- */
static bool
is_too_big(const struct file *f, off_t size)
{
	struct stat st;
	off_t vault = fstatat(f->dirfd, f->name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_size;

	return size > SMALL && size / LARGER > vault;
}

/* Never a link, nothing that could hold us up. */
static enum err
open_at(const struct file *f, int dirfd, const char *name, int *out)
{
	struct stat st;
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum err e = ERR_OK;

	if (fd < 0)
		return errno == ENOENT		       ? ERR_NOTFOUND
		    : errno == ELOOP || errno == ENXIO ? ERR_FORMAT
						       : file_error();
	if (fstat(fd, &st))
		e = file_error();
	else if (!S_ISREG(st.st_mode))
		e = ERR_FORMAT;
	else if (is_too_big(f, st.st_size))
		e = ERR_TOOBIG;
	if (e)
		close(fd);
	else
		*out = fd;
	return e;
}

static enum err
open_local(struct file *f, const char *after, int *fd)
{
	char path[PATHS_MAX + 16];
	const char *slash;

	if (!f->copy[0])
		return ERR_NOTFOUND;
	snprintf(path, sizeof path, "%s%s", f->copy, after);
	slash = strrchr(path, '/');
	snprintf(f->beside.asked, sizeof f->beside.asked, "%.255s", slash ? slash + 1 : path);
	return open_at(f, AT_FDCWD, path, fd);
}

static enum err
open_name(struct file *f, const char *name, int *fd)
{
	snprintf(f->beside.asked, sizeof f->beside.asked, "%.255s", name);
	return open_at(f, f->dirfd, f->beside.asked, fd);
}

static enum err
open_listed(struct file *f, uint64_t at, int *fd)
{
	uint64_t i = at - FILE_BESIDE_FIRST;
	enum err e;

	if (i == 0 && (e = look(f)))
		return e;
	if (i == FILE_BESIDE_MOST && f->beside.more)
		return ERR_LIMIT;
	return i < f->beside.n ? open_name(f, f->beside.name[i], fd) : ERR_NOTFOUND;
}

static enum err
open_asked(struct file *f, const struct file_request *q, int *fd)
{
	char name[256];

	if (q->data.len) {
		if (q->data.len >= sizeof name)
			return ERR_NOTFOUND;
		memcpy(name, q->data.p, q->data.len);
		name[q->data.len] = '\0';
		return beside_is_named(f->name, name) ? open_name(f, name, fd) : ERR_NOTFOUND;
	}
	switch (q->at) {
	case FILE_BESIDE_LOCAL:
		return open_local(f, "", fd);
	case FILE_BESIDE_ASIDE:
		return open_local(f, "-aside", fd);
	case FILE_BESIDE_PREV:
		return open_name(f, FILE_PREV, fd);
	default:
		return open_listed(f, q->at, fd);
	}
}

enum err
beside_read(struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out)
{
	int fd = -1;
	enum err e;

	f->beside.asked[0] = '\0';
	if (!(e = open_asked(f, q, &fd)))
		e = file_stream(fd, r, out);
	file_close(&fd);
	r->name = span_str(f->beside.asked);
	return e;
}
