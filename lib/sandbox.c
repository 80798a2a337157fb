#include "lib/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox_parts.h"
#include "lib/sock.h"

#define SET_MDWE	 65 /* PR_SET_MDWE, Linux 6.3 */
#define MDWE_REFUSE_EXEC 1UL
#define SO_PEERPIDFD_	 77 /* SO_PEERPIDFD, Linux 6.5 */
#define MIB		 (1024UL * 1024)

#if defined(OWNKEY_SAN) || defined(OWNKEY_VALGRIND)
#define LIMITED false
#else
#define LIMITED true
#endif

/* --- early --- */

static const char *const always_kept[] = { "LANG", "LC_*", "PATH", "HOME", "TZ", "XDG_*",
#ifdef OWNKEY_SAN
	"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
#endif
	NULL };

static bool
is_listed(const char *variable, const char *const *list)
{
	size_t len = strcspn(variable, "=");

	for (; list && *list; list++) {
		size_t n = strlen(*list);

		if (n > 0 && (*list)[n - 1] == '*') {
			if (len >= n - 1 && memcmp(variable, *list, n - 1) == 0)
				return true;
		} else if (len == n && memcmp(variable, *list, n) == 0) {
			return true;
		}
	}
	return false;
}

static void
reduce_environment(const char *const *keep)
{
	char **to = environ;

	if (!environ)
		return;
	for (char **e = environ; *e; e++)
		if (is_listed(*e, always_kept) || is_listed(*e, keep))
			*to++ = *e;
	*to = NULL;
}

/* A file opened later must not become somebody's standard output. */
static enum err
fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2 && fcntl(fd, F_SETFD, 0) == 0);
	if (fd < 0)
		return ERR_IO;
	close(fd);
	return ERR_OK;
}

static enum err
set_limit(enum __rlimit_resource what, rlim_t most)
{
	struct rlimit now, want = { most, most };

	if (getrlimit(what, &now) < 0)
		return ERR_IO;
	if (now.rlim_max < most)
		want = (struct rlimit){ now.rlim_max, now.rlim_max };
	return setrlimit(what, &want) < 0 ? ERR_IO : ERR_OK;
}

MUST enum err
sandbox_early(const char *const *keep)
{
	enum err r;

	/* started with more rights than the caller's, nothing here can be trusted */
	if (getauxval(AT_SECURE))
		return ERR_PERMISSION;
	if (LIMITED) {
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
			return ERR_IO;
		r = set_limit(RLIMIT_CORE, 0);
		if (r)
			return r;
	}
	umask(077);
	r = fill_standard_fds();
	if (r)
		return r;
	reduce_environment(keep);
	return ERR_OK;
}

/* --- enter --- */

#define NONE RLIM_INFINITY

struct limits {
	rlim_t files;
	rlim_t processes;
	rlim_t file_size; /* not 0: standard error may be a file */
	rlim_t memory;
	rlim_t cpu; /* seconds */
};

static const struct limits limits[] = {
	[SANDBOX_VAULT] = { 24, 0, NONE, NONE, NONE },
	[SANDBOX_FRONT] = { 8300, 0, 512 * MIB, NONE, NONE },
	[SANDBOX_TOKEN] = { 16, 0, NONE, 96 * MIB, 30 },
	[SANDBOX_TOKEN_LIST] = { 32, 0, NONE, 96 * MIB, 30 },
	[SANDBOX_WORKER] = { 16, 0, NONE, NONE, NONE },
	[SANDBOX_VERIFY] = { 16, 0, NONE, 96 * MIB, 10 },
	[SANDBOX_COPIER] = { 32, 0, NONE, NONE, 60 },
	[SANDBOX_BUS] = { 1024, 0, NONE, 512 * MIB, NONE },
	[SANDBOX_SECRETS] = { 1024, 0, NONE, 1024 * MIB, NONE },
	[SANDBOX_WEB] = { 65535, 0, NONE, 4096 * MIB, NONE },
	[SANDBOX_FETCHER] = { 64, NONE, NONE, 256 * MIB, NONE },
	[SANDBOX_FETCH] = { 32, 0, NONE, 256 * MIB, 10 },
	[SANDBOX_CLI] = { NONE, NONE, NONE, NONE, NONE },
};

/* as_limit has 64 bits everywhere, rlim_t has not. */
static rlim_t
memory_limit(const struct sandbox *s)
{
	if (!s->as_limit)
		return limits[s->profile].memory;
	return s->as_limit < NONE ? (rlim_t)s->as_limit : NONE;
}

static enum err
set_limits(const struct sandbox *s)
{
	const struct limits *l = &limits[s->profile];
	const struct {
		enum __rlimit_resource what;
		rlim_t most;
	} list[] = {
		{ RLIMIT_NOFILE, l->files },
		{ RLIMIT_NPROC, l->processes },
		{ RLIMIT_FSIZE, l->file_size },
		{ RLIMIT_AS, memory_limit(s) },
		{ RLIMIT_CPU, l->cpu },
	};
	enum err r = ERR_OK;

	for (size_t i = 0; !r && i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].most != NONE)
			r = set_limit(list[i].what, list[i].most);
	/* a write beyond the size limit shall fail, not kill */
	if (!r && l->file_size != NONE && signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		r = ERR_IO;
	return r;
}

/* Does the kernel tell the process behind a socket (and not only its number)? */
static bool
has_peer_pidfd(void)
{
	int pair[2], pidfd = -1;
	socklen_t len = sizeof(pidfd);

	if (sock_pair(SOCK_STREAM, pair))
		return false;
	if (getsockopt(pair[0], SOL_SOCKET, SO_PEERPIDFD_, &pidfd, &len) < 0)
		pidfd = -1;
	close(pair[0]);
	close(pair[1]);
	if (pidfd < 0)
		return false;
	close(pidfd);
	return true;
}

/* What an old kernel lacks is counted and not fatal; what it has and refuses is. */
static enum err
may_lack(enum err r, unsigned what, unsigned *lacks)
{
	if (r != ERR_UNSUPPORTED)
		return r;
	*lacks |= what;
	return ERR_OK;
}

static enum err
refuse_exec_memory(void)
{
	if (prctl(SET_MDWE, MDWE_REFUSE_EXEC, 0, 0, 0) == 0)
		return ERR_OK;
	return errno == EINVAL ? ERR_UNSUPPORTED : ERR_IO;
}

/* Under landlock nobody reads the links in /proc of a process that is not. */
static enum err
hide_files(const struct sandbox *s)
{
	return s->profile == SANDBOX_SECRETS ? ERR_OK : sandbox_landlock(s);
}

MUST enum err
sandbox_enter(const struct sandbox *s, unsigned *lacks)
{
	unsigned l = 0;
	enum err r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR_IO;
	if (!has_peer_pidfd())
		l |= SANDBOX_LACK_PIDFD;
	if (LIMITED && s->profile != SANDBOX_CLI) {
		if ((r = set_limits(s)) ||
		    (r = may_lack(refuse_exec_memory(), SANDBOX_LACK_MDWE, &l)) ||
		    (r = may_lack(hide_files(s), SANDBOX_LACK_LANDLOCK, &l)) ||
		    (r = may_lack(sandbox_seccomp(s->profile), SANDBOX_LACK_SECCOMP, &l)))
			return r;
	}
	*lacks = l;
	return ERR_OK;
}

MUST enum err
sandbox_narrow(enum sandbox_profile profile)
{
	unsigned lacks = 0;

	return LIMITED ? may_lack(sandbox_seccomp(profile), SANDBOX_LACK_SECCOMP, &lacks) : ERR_OK;
}
