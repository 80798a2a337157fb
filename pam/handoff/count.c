/* count.c - sessions, counted by the kernel. */
#include "pam/handoff/count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sock.h"

static enum err
open_in(int folder, const char *name, int *out)
{
	struct stat st;
	int fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EACCES || errno == ELOOP ? ERR_PERMISSION : ERR_IO;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		close(fd);
		return ERR_PERMISSION;
	}
	*out = fd;
	return ERR_OK;
}

/* Nobody else may put anything there. */
static enum err
open_folder(const char *path, int *out)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) && errno != EEXIST)
		return ERR_IO;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 077)) {
		close(fd);
		return ERR_PERMISSION;
	}
	*out = fd;
	return ERR_OK;
}

enum err
count_open_root(uid_t uid, int *fd)
{
	char name[16];
	int folder;
	enum err e = open_folder(COUNT_FOLDER, &folder);

	if (e)
		return e;
	snprintf(name, sizeof name, "%lu", (unsigned long)uid);
	e = open_in(folder, name, fd);
	close(folder);
	return e;
}

enum err
count_open_own(int *fd)
{
	char path[SOCK_PATH_MAX];
	int folder;
	enum err e = sock_dir(path, sizeof path);

	if (e || (e = sock_mkdir_private(path)) || (e = open_folder(path, &folder)))
		return e;
	e = open_in(folder, "sessions", fd);
	close(folder);
	return e;
}

enum err
count_enter(int fd)
{
	while (flock(fd, LOCK_SH))
		if (errno != EINTR)
			return ERR_IO;
	return ERR_OK;
}

/* Of two that leave at once, the later finds nobody in (flock(2): what is converted is given up
 * first). */
bool
count_leave(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}
