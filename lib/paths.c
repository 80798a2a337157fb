#include "lib/paths.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/text.h"

#ifndef OWNKEY_LIBEXECDIR
#define OWNKEY_LIBEXECDIR "/usr/local/libexec/ownkey"
#endif

static bool is_system;

void
paths_use_system(void)
{
	is_system = true;
}

bool
paths_is_system(void)
{
	return is_system;
}

/* XDG base directory specification: "if an implementation encounters a relative path in any of
 * these variables it should consider the path invalid and ignore it". */
const char *
paths_env(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] == '/' ? v : NULL;
}

static enum err __attribute__((format(printf, 3, 4)))
print(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, cap, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < cap ? ERR_OK : ERR_TOOBIG;
}

static const char *
home(void)
{
	const char *h = paths_env("HOME");
	const struct passwd *pw;

	if (h)
		return h;
	pw = getpwuid(getuid());
	return pw && pw->pw_dir && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

static const char *
system_dir(const char *variable)
{
	if (strcmp(variable, "XDG_CONFIG_HOME") == 0)
		return "/etc/ownkey";
	return strcmp(variable, "XDG_STATE_HOME") == 0 ? "/var/lib/ownkey/state"
						       : "/var/lib/ownkey";
}

/* $VARIABLE/ownkey or ~/fallback/ownkey, then `rest`. */
static enum err
xdg(const char *variable, const char *fallback, const char *rest, char *out, size_t cap)
{
	const char *base = paths_env(variable);

	if (is_system)
		return print(out, cap, "%s%s", system_dir(variable), rest);
	if (base)
		return print(out, cap, "%s/ownkey%s", base, rest);
	base = home();
	if (!base)
		return ERR_NOTFOUND;
	return print(out, cap, "%s/%s/ownkey%s", base, fallback, rest);
}

static enum err
absolute(const char *path, char *out, size_t cap)
{
	char *cwd;
	enum err r;

	if (path[0] == '/')
		return print(out, cap, "%s", path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return ERR_NOTFOUND;
	r = print(out, cap, "%s/%s", cwd, path);
	free(cwd);
	return r;
}

MUST enum err
paths_vault(const char *override, char *out, size_t cap)
{
	/* Not paths_env: who named another vault must never work on the real one by mistake. */
	if (!is_system && (!override || !*override))
		override = getenv("OWNKEY_VAULT");
	if (override && *override)
		return absolute(override, out, cap);
	return xdg("XDG_DATA_HOME", ".local/share", "/vault", out, cap);
}

MUST enum err
paths_state(char *out, size_t cap)
{
	return xdg("XDG_STATE_HOME", ".local/state", "", out, cap);
}

MUST enum err
paths_config(char *out, size_t cap)
{
	return xdg("XDG_CONFIG_HOME", ".config", "/ownkey.conf", out, cap);
}

MUST enum err
paths_of_vault(const char *vault, enum paths_of_vault what, char *out, size_t cap)
{
	static const struct {
		const char *variable, *fallback, *before, *after;
	} places[] = {
		[PATHS_SEEN] = { "XDG_STATE_HOME", ".local/state", "/seen-", "" },
		[PATHS_COPY] = { "XDG_STATE_HOME", ".local/state", "/copy-", "" },
		[PATHS_COPIES_STATE] = { "XDG_STATE_HOME", ".local/state", "/copies-", ".state" },
		[PATHS_COPIES_LIST] = { "XDG_CONFIG_HOME", ".config", "/copies-", "" },
	};
	char hex[17] = "", name[64];
	uint8_t hash[32];

	crypto_sha256(span_str(vault), hash);
	text_encode_raw(TEXT_HEX, SPAN(hash, 8), hex);
	snprintf(name, sizeof name, "%s%s%s", places[what].before, hex, places[what].after);
	return xdg(places[what].variable, places[what].fallback, name, out, cap);
}

/* The directory of the running executable, without relying on argv[0] or PATH. */
static enum err
own_dir(char *out, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", out, cap);
	char *slash;

	if (n <= 0 || (size_t)n >= cap)
		return ERR_NOPROGRAM;
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (!slash)
		return ERR_NOPROGRAM;
	*slash = '\0';
	return ERR_OK;
}

static enum err
find_program(const char *own, const char *name, char *out, size_t cap)
{
	/* next to us; where it was installed; from bin to libexec; from libexec/ownkey to bin */
	static const char *const relative[] = { ".", NULL, "../libexec/ownkey", "../../bin",
		"../bin" };

	for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
		enum err r = relative[i] ? print(out, cap, "%s/%s/%s", own, relative[i], name)
					 : print(out, cap, "%s/%s", OWNKEY_LIBEXECDIR, name);

		if (!r && access(out, X_OK) == 0)
			return ERR_OK;
	}
	return ERR_NOPROGRAM;
}

MUST enum err
paths_program(const char *name, char *out, size_t cap)
{
	char *own, *found;
	enum err r;

	if (strchr(name, '/'))
		return ERR_NOPROGRAM;
	own = malloc(PATHS_MAX);
	found = malloc(PATHS_MAX);
	r = own && found ? own_dir(own, PATHS_MAX) : ERR_NOMEM;
	if (!r)
		r = find_program(own, name, found, PATHS_MAX);
	if (!r)
		r = absolute(found, out, cap);
	free(own);
	free(found);
	return r;
}
