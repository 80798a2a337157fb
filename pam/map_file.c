/* The file that says whose tokens are whose: who may have written it, and how it is read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pam/handoff.h"
#include "pam/map_parts.h"

/* "%u" is the name; person_find saw to it that no name leads elsewhere. */
static enum err
expand(const char *from, const char *user, char *out, size_t cap)
{
	size_t n = 0, len = strlen(user);

	for (; *from; from++) {
		if (n + len + 2 > cap)
			return ERR_TOOBIG;
		if (from[0] != '%') {
			out[n++] = *from;
			continue;
		}
		memcpy(out + n, user, len);
		n += len;
		from++;
	}
	out[n] = '\0';
	return ERR_OK;
}

/* Root, or who we are: that one needs no file of ours to do what we can do. */
static enum err
check(int fd, const char *path, struct map *m)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return map_refuse(m, ERR_PAM_MAP_READ, "%s: cannot be looked at", path);
	if (!S_ISREG(st.st_mode))
		return map_refuse(m, ERR_PAM_MAP_OWNER, "%s: is no plain file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return map_refuse(
		    m, ERR_PAM_MAP_OWNER, "%s: belongs to uid %lu", path, (unsigned long)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return map_refuse(m, ERR_PAM_MAP_OWNER, "%s: others may write it", path);
	if (st.st_size > MAP_FILE_MAX)
		return map_refuse(m, ERR_PAM_MAP_READ, "%s: is too large", path);
	return ERR_OK;
}

/* Who may write a folder on the way may put another file there, or take it away, which nouserok
 * lets pass.  In one with the sticky bit that is the owner of what comes next, and looked at. */
static enum err
check_folder(const char *path, struct map *m)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT
		    ? map_refuse(m, ERR_PAM_NOT_ENROLLED, "there is no %s", path)
		    : map_refuse(m, ERR_PAM_MAP_READ, "%s: cannot be looked at", path);
	if (!S_ISDIR(st.st_mode))
		return map_refuse(m, ERR_PAM_MAP_READ, "%s: is no folder", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return map_refuse(
		    m, ERR_PAM_MAP_OWNER, "%s: belongs to uid %lu", path, (unsigned long)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return map_refuse(m, ERR_PAM_MAP_OWNER, "%s: others may write it", path);
	return ERR_OK;
}

static enum err
check_folders(const char *path, struct map *m)
{
	char folder[OPTIONS_PATH_MAX];
	enum err e = check_folder("/", m);
	size_t i;

	for (i = 1; e == ERR_OK && path[i]; i++) {
		folder[i - 1] = path[i - 1];
		folder[i] = '\0';
		if (path[i] == '/' && path[i - 1] != '/')
			e = check_folder(folder, m);
	}
	return e;
}

static enum err
slurp(int fd, const char *path, struct buf *text, struct map *m)
{
	ssize_t n;

	do {
		uint8_t *room = buf_room(text, 4096);

		if (!room)
			return map_refuse(m, text->toobig ? ERR_PAM_MAP_READ : ERR_NOMEM,
			    "%s: no memory, or it grew", path);
		n = read(fd, room, 4096);
		if (n > 0)
			buf_add(text, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0 ? ERR_OK : map_refuse(m, ERR_PAM_MAP_READ, "%s: cannot be read", path);
}

static enum err
read_admins(const char *path, struct buf *text, struct map *m)
{
	enum err e = check_folders(path, m);
	int fd;

	if (e != ERR_OK)
		return e;
	/* a fifo must not hold up a login */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return map_refuse(m, ERR_PAM_NOT_ENROLLED, "there is no %s", path);
	if (fd < 0)
		return map_refuse(m, errno == ELOOP ? ERR_PAM_MAP_OWNER : ERR_PAM_MAP_READ,
		    "%s: cannot be opened", path);
	e = check(fd, path, m);
	if (e == ERR_OK)
		e = slurp(fd, path, text, m);
	close(fd);
	return e;
}

/* By a process that has become them: what root may read is no matter of theirs. */
static enum err
read_persons(
    const struct person *p, const char *path, int64_t until, struct buf *text, struct map *m)
{
	enum err e = handoff_read(p, path, MAP_FILE_MAX, text, until);

	switch (e) {
	case ERR_OK:
	case ERR_NOMEM:
	case ERR_TIMEOUT:
		return e;
	case ERR_NOTFOUND:
		return map_refuse(m, ERR_PAM_NOT_ENROLLED, "there is no %s", path);
	case ERR_PERMISSION:
		return map_refuse(m, ERR_PAM_MAP_OWNER, "%s: %s", path, err_text(e));
	default:
		return map_refuse(m, ERR_PAM_MAP_READ, "%s: %s", path, err_text(e));
	}
}

static enum err
read_text(
    const struct options *o, const struct person *p, int64_t until, struct buf *text, struct map *m)
{
	char path[PERSON_HOME_MAX + OPTIONS_PATH_MAX], file[OPTIONS_PATH_MAX];

	if (expand(o->map, p->name, file, sizeof(file)) != ERR_OK)
		return map_refuse(m, ERR_PAM_MAP_READ, "the path of the map is too long");
	if (file[0] != '~')
		return read_admins(file, text, m);
	if (snprintf(path, sizeof(path), "%s%s", p->home, file + 1) >= (int)sizeof(path))
		return map_refuse(m, ERR_PAM_MAP_READ, "the path of the map is too long");
	return read_persons(p, path, until, text, m);
}

/* What pam_u2f takes when nothing is said: by the name of the machine. */
static enum err
default_rpid(char *out, size_t cap)
{
	memcpy(out, "pam://", 7);
	if (gethostname(out + 6, cap - 6) < 0)
		return ERR_IO;
	out[cap - 1] = '\0';
	return ERR_OK;
}

enum err
map_read(const struct options *o, const struct person *p, int64_t until, struct map *out)
{
	struct buf text = { .max = MAP_FILE_MAX + 4096 };
	char host[OPTIONS_TEXT_MAX];
	struct map_who who = {
		.user = p->name,
		.rpid = o->rpid[0] ? o->rpid : host,
		.most = o->max_tokens,
		.ssh = o->from_agent,
	};
	enum err e;

	memset(out, 0, sizeof(*out));
	e = default_rpid(host, sizeof(host));
	if (e == ERR_OK)
		e = read_text(o, p, until, &text, out);
	if (e == ERR_OK)
		e = map_parse(buf_span(&text), &who, out);
	buf_done(&text);
	return e;
}
