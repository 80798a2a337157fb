/* wipe.c - overwriting is for file systems that write in place; removing is for all. */
#include "cli/wipe.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORTH_WIPING (16 * 1024 * 1024) /* no secret of ours is in a larger file */

static void
overwrite(const char *path, off_t size)
{
	static const uint8_t zero[4096];
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	for (off_t at = 0; at < size && at < WORTH_WIPING; at += (off_t)sizeof zero)
		if (pwrite(fd, zero, sizeof zero, at) < 0)
			break;
	(void)fsync(fd);
	close(fd);
}

/* A directory that may not be changed cannot be emptied. */
static int
unlock_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_D || type == FTW_DNR)
		(void)chmod(path, 0700);
	else if (type == FTW_F && S_ISREG(st->st_mode) && st->st_nlink == 1)
		(void)chmod(path, 0600);
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_DP || type == FTW_D || type == FTW_DNR) {
		(void)rmdir(path);
		return 0;
	}
	if (type == FTW_F && S_ISREG(st->st_mode) && st->st_nlink == 1)
		overwrite(path, st->st_size);
	(void)unlink(path);
	return 0;
}

enum err
wipe_tree(const char *path)
{
	struct stat st;

	(void)nftw(path, unlock_entry, 16, FTW_PHYS | FTW_MOUNT);
	(void)nftw(path, remove_entry, 16, FTW_PHYS | FTW_MOUNT | FTW_DEPTH);
	return lstat(path, &st) == 0 ? ERR_IO : ERR_OK;
}
