/* which.c - looking a program up in PATH. */
#include "cli/which.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err
which_program(const char *name, char *out, size_t cap)
{
	const char *path = strchr(name, '/') ? "" : getenv("PATH");

	if (strchr(name, '/')) {
		int n = snprintf(out, cap, "%s", name);

		return n > 0 && (size_t)n < cap && access(out, X_OK) == 0 ? ERR_OK : ERR_NOTFOUND;
	}
	for (path = path ? path : "/usr/bin:/bin"; *path; path += *path == ':') {
		size_t len = strcspn(path, ":");
		int n = snprintf(out, cap, "%.*s/%s", (int)len, path, name);

		if (len > 0 && n > 0 && (size_t)n < cap && access(out, X_OK) == 0)
			return ERR_OK;
		path += len;
	}
	return ERR_NOTFOUND;
}
