/* find.c - which pinentry is the real one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/pinentry/real.h"
#include "lib/conf.h"
#include "lib/paths.h"

#define CONFIG_MAX (64 * 1024)

/* Also by another name: Debian's "pinentry" is a link that a person may point at us. */
static bool
is_us(const char *path)
{
	struct stat ours, st;

	return stat("/proc/self/exe", &ours) == 0 && stat(path, &st) == 0 &&
	    st.st_dev == ours.st_dev && st.st_ino == ours.st_ino;
}

static bool
is_other(const char *path)
{
	struct stat st;

	return path[0] == '/' && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0 && !is_us(path);
}

static bool
in_path(const char *name, char *out, size_t cap)
{
	const char *path = getenv("PATH");
	size_t n;

	for (; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if ((size_t)snprintf(out, cap, "%.*s/%s", (int)n, path, name) < cap &&
		    is_other(out))
			return true;
	}
	return false;
}

/* ---- gpg-agent.conf ---- */
static void
read_config(struct buf *b)
{
	const char *home = getenv("GNUPGHOME"), *user = getenv("HOME");
	char path[PATHS_MAX];
	uint8_t *to;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s%s/gpg-agent.conf",
	    home && *home ? home
		: user	  ? user
			  : "",
	    home && *home ? "" : "/.gnupg");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && (to = buf_room(b, 4096)) && (n = read(fd, to, 4096)) > 0)
		buf_add(b, (size_t)n);
	if (fd >= 0)
		close(fd);
}

/* The last other than us: what the person had before `ownkey setup gpg`. */
static bool
was_configured(char *out, size_t cap)
{
	static const char option[] = "pinentry-program";
	struct buf b = { .max = CONFIG_MAX };
	char *line, *next, *value;
	bool found = false;

	read_config(&b);
	line = b.len ? (char *)(uintptr_t)buf_cstr(&b) : NULL;
	for (; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next != '\0';
		line += strspn(line, " \t");
		if (strncmp(line, option, sizeof option - 1) != 0)
			continue;
		value = line + sizeof option - 1;
		value += strspn(value, " \t");
		value[strcspn(value, " \t\r\n")] = '\0';
		if (is_other(value) && (size_t)snprintf(out, cap, "%s", value) < cap)
			found = true;
	}
	buf_done(&b);
	return found;
}

enum err
real_find(char *out, size_t cap)
{
	static const char *const names[] = { "pinentry", "pinentry-gnome3", "pinentry-qt",
		"pinentry-gtk-2", "pinentry-curses", "pinentry-tty" };
	static struct conf conf;
	char path[PATHS_MAX];
	size_t line;

	if (!paths_config(path, sizeof path) && !conf_load(path, &conf, &line)) {
		if (strcmp(conf.pinentry, "none") == 0)
			return ERR_NOPROGRAM;
		if (is_other(conf.pinentry))
			return (size_t)snprintf(out, cap, "%s", conf.pinentry) < cap ? ERR_OK
										     : ERR_TOOBIG;
	}
	if (was_configured(out, cap))
		return ERR_OK;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (in_path(names[i], out, cap))
			return ERR_OK;
	return ERR_NOPROGRAM;
}
