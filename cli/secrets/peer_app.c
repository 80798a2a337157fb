/* peer_app.c - which application a process is. */
#include "cli/secrets/peer_app.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/sock.h"
#include "lib/text.h"

#define DELETED " (deleted)"

/* ---- units ---- */
static bool
cut_end(char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	if (n <= m || strcmp(s + n - m, end) != 0)
		return false;
	s[n - m] = '\0';
	return true;
}

/* The number of a process, or random letters and digits of hex. */
static bool
is_random(const char *s)
{
	size_t n = strlen(s);

	return n > 0 &&
	    (strspn(s, "0123456789") == n || (n >= 8 && strspn(s, "0123456789abcdef") == n));
}

static void
cut_random(char *unit, bool scope)
{
	char *at = strrchr(unit, scope ? '-' : '@');

	if (at && at - unit > (ptrdiff_t)strlen("app-") && (!scope || is_random(at + 1)))
		*at = '\0';
}

void
peer_app_of_cgroup(struct span cgroup, char *out, size_t cap)
{
	char unit[128];
	bool scope;

	out[0] = '\0';
	sock_parse_unit(cgroup, unit, sizeof unit);
	scope = cut_end(unit, ".scope");
	if (!scope && !cut_end(unit, ".service")) {
		/* a unit that was too long for us has no end either */
		if (unit[0] && strlen(unit) + 1 < sizeof unit)
			snprintf(out, cap, "flatpak:%s", unit);
		return;
	}
	if (strncmp(unit, "app-", 4) != 0)
		return;
	cut_random(unit, scope);
	if (unit[4])
		snprintf(out, cap, "unit:%s", unit);
}

/* [Application] stands first, name= in it. */
void
peer_app_of_info(struct span info, char *out, size_t cap)
{
	const char *from = (const char *)info.p, *line, *end;

	out[0] = '\0';
	if (info.len < 14 || memcmp(from, "[Application]\n", 14) != 0)
		return;
	for (line = from + 14; line < from + info.len; line = end + 1) {
		size_t left = (size_t)(from + info.len - line);

		if (!(end = memchr(line, '\n', left)) || *line == '[')
			return;
		if (end - line > 5 && end - line < 256 && memcmp(line, "name=", 5) == 0) {
			snprintf(out, cap, "flatpak:%.*s", (int)(end - line - 5), line + 5);
			return;
		}
	}
}

void
peer_app_of(struct span cgroup, struct span info, struct peer *p)
{
	peer_app_of_cgroup(cgroup, p->app, sizeof p->app);
	p->vouched = p->app[0] != '\0';
	if (!p->vouched)
		peer_app_of_info(info, p->app, sizeof p->app);
}

/* ---- a process ---- */
static size_t
read_proc(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	n = read(fd, out, cap);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static void
read_program(pid_t pid, char *out, size_t cap)
{
	char link[64], exe[OPS_ENTRY_APP - sizeof "program:" + 2]; /* as much as fits behind it */
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
	n = readlink(link, exe, sizeof exe - 1);
	if (n <= 0 || (size_t)n >= sizeof exe - 1)
		return;
	exe[n] = '\0';
	(void)cut_end(exe, DELETED); /* one that was updated while it runs is still that program */
	snprintf(out, cap, "program:%s", exe);
}

/* Names are text on their way to the agent. */
static bool
is_printable(const char *s)
{
	struct buf b = BUF_INIT;
	bool same;

	text_printable(span_str(s), &b);
	same = span_eq(buf_span(&b), span_str(s));
	buf_done(&b);
	return same;
}

static bool
has_exited(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

void
peer_app_read(struct peer *p, int pidfd)
{
	char text[2048], info[4096];
	int own = pidfd < 0 && p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;
	int fd = pidfd >= 0 ? pidfd : own;

	p->app[0] = '\0';
	p->vouched = false;
	if (p->pid > 0 && fd >= 0) {
		size_t n = read_proc(p->pid, "cgroup", text, sizeof text);
		size_t m = read_proc(p->pid, "root/.flatpak-info", info, sizeof info);

		peer_app_of(SPAN(text, n), SPAN(info, m), p);
		if (!p->app[0])
			read_program(p->pid, p->app, sizeof p->app);
		/* still alive: what was read was not of a successor in its number */
		if (has_exited(fd) || !is_printable(p->app)) {
			p->app[0] = '\0';
			p->vouched = false;
		}
	}
	if (own >= 0)
		close(own);
}
