/* check_store.c - the folder of the provider, the files in it, and the database. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oidc/check.h"

#define FIX (OIDC_CONF_PATH + 300)

void
check_store(struct check *x)
{
	const char *path = x->c->oidc.conf.store;
	char fix[FIX];
	struct stat st;

	snprintf(fix, sizeof fix, "install -d -m 700 -o ownkey-oidc %s", path);
	if (stat(path, &st) < 0)
		check_wrong(
		    x, path, errno == ENOENT ? "there is no such folder" : strerror(errno), fix);
	else if (!S_ISDIR(st.st_mode))
		check_wrong(x, path, "is no folder", "store = FOLDER in oidc.conf");
	else if (st.st_mode & 077) {
		snprintf(fix, sizeof fix, "chmod 700 %s", path);
		check_wrong(x, path, "others may look into it", fix);
	} else if (st.st_uid != geteuid())
		check_wrong(x, path, "belongs to somebody else",
		    "run this as the user of the provider; or give it the folder: chown -R");
	else if (access(path, R_OK | W_OK | X_OK) < 0) {
		snprintf(fix, sizeof fix, "chmod u+rwx %s", path);
		check_wrong(x, path, "cannot be written by whoever runs this", fix);
	} else
		check_ok(x, path);
}

static void
check_file(struct check *x, int dir, const char *name)
{
	char path[FIX], fix[2 * FIX];
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return; /* gone again */
	snprintf(path, sizeof path, "%s/%.255s", x->c->oidc.conf.store, name);
	if (st.st_uid != geteuid()) {
		snprintf(fix, sizeof fix, "chown --reference=%s %s", x->c->oidc.conf.store, path);
		check_wrong(x, path, "belongs to somebody else", fix);
	} else if (!S_ISLNK(st.st_mode) && st.st_mode & 077) {
		snprintf(fix, sizeof fix, "chmod go-rwx %s", path);
		check_wrong(x, path, "others may read or write it", fix);
	}
}

void
check_files(struct check *x)
{
	DIR *d = opendir(x->c->oidc.conf.store);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			check_file(x, dirfd(d), e->d_name);
	if (d)
		closedir(d);
}

static void
is_whole(struct check *x, const char *path)
{
	struct buf report = BUF_INIT;
	bool ok = false;
	enum err e = db_check(x->c->oidc.db, &ok, &report);

	if (e)
		check_wrong(x, path, err_text(e), err_hint(e));
	else if (!ok)
		check_wrong(x, path, err_text(ERR_DB_DAMAGED), err_hint(ERR_DB_DAMAGED));
	else
		check_ok(x, path);
	buf_done(&report);
}

void
check_db(struct check *x)
{
	const char *store = x->c->oidc.conf.store;
	char path[OIDC_CONF_PATH + 16];
	struct stat st;
	enum err e;

	snprintf(path, sizeof path, "%s/db", store);
	if (stat(store, &st) < 0)
		return; /* said */
	if (!(e = db_open(&x->c->oidc.db, path, false)))
		is_whole(x, path);
	else if (e == ERR_NOTFOUND)
		check_hint(x, path, "there is nobody and nothing yet",
		    "'ownkey-oidc user add' and 'ownkey-oidc setup' make it");
	else
		check_wrong(x, path, err_text(e), err_hint(e));
}
