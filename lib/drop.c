#include "lib/drop.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool
drop_is_root(void)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	if (getresuid(&r, &e, &s) != 0 || getresgid(&gr, &ge, &gs) != 0)
		return true;
	return r == 0 || e == 0 || s == 0 || gr == 0 || ge == 0 || gs == 0;
}

/* A host may have left "keep capabilities" on, which changing ids then respects. */
static bool
clear_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &h, none) == 0;
}

static bool
has_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &h, d) != 0)
		return true;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (d[i].effective || d[i].permitted || d[i].inheritable)
			return true;
	return false;
}

/* Not what the calls said, but what is so. */
static bool
is_gone(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	if (getresuid(&r, &e, &s) != 0 || getresgid(&gr, &ge, &gs) != 0)
		return false;
	return r == uid && e == uid && s == uid && gr == gid && ge == gid && gs == gid &&
	    getgroups(0, NULL) == 0 && setresuid(0, 0, 0) != 0 && setresgid(0, 0, 0) != 0;
}

/* commit_creds() of Linux has just set it to fs.suid_dumpable, whatever it was before. */
static bool
forbid_dumps(void)
{
#if defined(OWNKEY_SAN) || defined(OWNKEY_VALGRIND)
	return true;
#else
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
#endif
}

MUST enum err
drop_rest(void)
{
	return forbid_dumps() && clear_capabilities() && !has_capabilities() ? ERR_OK
									     : ERR_ROOT_KEPT;
}

MUST enum err
drop_root(uid_t uid, gid_t gid)
{
	if (uid == 0 || gid == 0 || uid == (uid_t)-1 || gid == (gid_t)-1)
		return ERR_ROOT_KEPT;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0 || drop_rest() != ERR_OK)
		return ERR_ROOT_KEPT;
	return is_gone(uid, gid) ? ERR_OK : ERR_ROOT_KEPT;
}

enum err
drop_capabilities(void)
{
	return clear_capabilities() && !has_capabilities() ? ERR_OK : ERR_ROOT_KEPT;
}
