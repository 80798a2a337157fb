/* become.c - from root to the person. */
#include "pam/handoff/become.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/drop.h"

/* All of them are what is wanted, and root cannot be had back. */
static bool
is_only(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	if (getresuid(&r, &e, &s) || getresgid(&gr, &ge, &gs))
		return false;
	if (r != uid || e != uid || s != uid || gr != gid || ge != gid || gs != gid)
		return false;
	return uid == 0 || (setuid(0) != 0 && geteuid() == uid);
}

static bool
change_ids(const struct passwd *pw)
{
	if (geteuid() == 0 &&
	    (initgroups(pw->pw_name, pw->pw_gid) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)))
		return false;
	if (pw->pw_uid != 0 && drop_rest() != ERR_OK)
		return false;
	return is_only(pw->pw_uid, pw->pw_gid);
}

static bool
set_runtime(uid_t uid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/run/user/%u", (unsigned)uid);
	if (lstat(path, &st) || !S_ISDIR(st.st_mode) || st.st_uid != uid || (st.st_mode & 077))
		return true;
	return setenv("XDG_RUNTIME_DIR", path, 1) == 0;
}

static bool
set_environment(const struct passwd *pw)
{
	if (clearenv() || setenv("HOME", pw->pw_dir, 1) || setenv("USER", pw->pw_name, 1) ||
	    setenv("LOGNAME", pw->pw_name, 1) || setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1))
		return false;
	return set_runtime(pw->pw_uid);
}

enum err
become(const struct handoff_ask *a)
{
	const struct passwd *pw = getpwnam(a->name);

	if (!pw || pw->pw_uid != a->uid || pw->pw_dir[0] != '/')
		return ERR_BECOME;
	if (!change_ids(pw) || !set_environment(pw) || chdir("/"))
		return ERR_BECOME;
	return ERR_OK;
}
