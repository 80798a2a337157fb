/* sock_where.c - the directory of our sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/sock.h"

/* Who named another agent must never talk to the real one by mistake. */
static enum err
folder_of(const char *socket, char *out, size_t cap)
{
	const char *slash = socket[0] == '/' ? strrchr(socket, '/') : NULL;
	size_t len = slash ? (size_t)(slash - socket) : 0;

	if (!len)
		return ERR_CONFIG;
	if (len >= cap)
		return ERR_TOOBIG;
	memcpy(out, socket, len);
	out[len] = '\0';
	return ERR_OK;
}

static enum err
join(char *out, size_t cap, const char *dir, const char *name)
{
	int n = snprintf(out, cap, "%s/%s", dir, name);

	return n >= 0 && (size_t)n < cap ? ERR_OK : ERR_TOOBIG;
}

static bool
is_our_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

MUST enum err
sock_dir(char *out, size_t cap)
{
	const char *v = getenv("OWNKEY_SOCKET");
	char run[64];

	if (paths_is_system())
		return folder_of(PATHS_SYSTEM_RUN "/", out, cap);
	if (v && *v)
		return folder_of(v, out, cap);
	v = paths_env("XDG_RUNTIME_DIR");
	if (v)
		return join(out, cap, v, "ownkey");
	snprintf(run, sizeof(run), "/run/user/%lu", (unsigned long)geteuid());
	if (is_our_dir(run))
		return join(out, cap, run, "ownkey");
	return paths_state(out, cap);
}

MUST enum err
sock_path(const char *name, char *out, size_t cap)
{
	char dir[SOCK_PATH_MAX];
	enum err r = sock_dir(dir, sizeof(dir));

	return r ? r : join(out, cap, dir, name);
}
