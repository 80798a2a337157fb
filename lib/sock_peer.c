/* Who is at the other end of a Unix socket. */
#include "lib/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#define FLATPAK	       "app-flatpak-"
#define STAT_SESSION   6 /* fields of /proc/PID/stat */
#define STAT_STARTTIME 22

/* From the socket it is the process that connected; by number it may be a later one of the same
 * number, which is why this is a label and no boundary (DESIGN 9). */
static int
open_pidfd(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t len = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0)
		return pidfd;
	if (errno != ENOPROTOOPT && errno != EINVAL)
		return -1;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool
has_exited(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return pidfd < 0 || poll(&p, 1, 0) != 0;
}

static size_t
read_proc(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, out, cap);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* The link is closed to us when the client is not dumpable, of another user, or when we are under
 * landlock; its short name never is. */
static void
read_label(pid_t pid, char *out, size_t cap)
{
	char path[64];
	ssize_t n;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	n = readlink(path, out, cap - 1);
	len = n > 0 ? (size_t)n : read_proc(pid, "comm", out, cap - 1);
	if (n <= 0 && len > 0 && out[len - 1] == '\n')
		len--;
	out[len] = '\0';
}

static void
read_unit(pid_t pid, char *out, size_t cap)
{
	char text[2048];
	size_t n = read_proc(pid, "cgroup", text, sizeof(text));

	sock_parse_unit(SPAN(text, n), out, cap);
}

/* ---- the session ---- */
/* Field `want` of /proc/PID/stat, proc_pid_stat(5), from 3 on: behind the name, which may have
 * anything in it.  0 when it cannot be read. */
static uint64_t
stat_field(pid_t pid, unsigned want)
{
	char text[1024], *at, *rest;
	size_t n = read_proc(pid, "stat", text, sizeof(text) - 1);

	text[n] = '\0';
	if (!(at = strrchr(text, ')')))
		return 0;
	at = strtok_r(at + 1, " ", &rest);
	for (unsigned field = 3; at && field < want; field++)
		at = strtok_r(NULL, " ", &rest);
	return at ? strtoull(at, NULL, 10) : 0;
}

static void
read_session(struct sock_peer *peer)
{
	uint64_t session = stat_field(peer->pid, STAT_SESSION);

	if (!session || session > INT32_MAX)
		return;
	peer->session_began = stat_field((pid_t)session, STAT_STARTTIME);
	/* a leader that has gone left its number free: what is there now may lead nothing */
	if (peer->session_began && stat_field((pid_t)session, STAT_SESSION) == session)
		peer->session = (pid_t)session;
	else
		peer->session_began = 0;
}

MUST enum err
sock_get_peer(int fd, struct sock_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	*peer = (struct sock_peer){ .pidfd = -1 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return ERR_IO;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
	if (cred.pid <= 0)
		return ERR_OK; /* of another PID namespace */
	peer->pidfd = open_pidfd(fd, cred.pid);
	read_label(cred.pid, peer->label, sizeof(peer->label));
	read_unit(cred.pid, peer->unit, sizeof(peer->unit));
	read_session(peer);
	/* still alive after reading: what was read was not of a successor in its number */
	if (has_exited(peer->pidfd)) {
		peer->label[0] = '\0';
		peer->unit[0] = '\0';
		peer->session = 0;
		peer->session_began = 0;
	}
	return ERR_OK;
}

void
sock_peer_done(struct sock_peer *peer)
{
	if (peer->pidfd >= 0)
		close(peer->pidfd);
	*peer = (struct sock_peer){ .pidfd = -1 };
}

/* --- the unit --- */

static bool
ends_with(struct span s, const char *end)
{
	size_t n = strlen(end);

	return s.len > n && memcmp(s.p + s.len - n, end, n) == 0;
}

static bool
starts_with(struct span s, const char *start)
{
	size_t n = strlen(start);

	return s.len > n && memcmp(s.p, start, n) == 0;
}

/* Take the part behind the last `c` off *s; all of it when there is none. */
static struct span
cut_last(struct span *s, uint8_t c)
{
	size_t at = s->len;
	struct span part;

	while (at > 0 && s->p[at - 1] != c)
		at--;
	part = SPAN(s->p + at, s->len - at);
	s->len = at ? at - 1 : 0;
	return part;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* systemd.unit(5): other characters, and "-" within a part, are escaped as \xNN. */
static void
copy_unescaped(struct span s, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < cap; i++) {
		int high = -1, low = -1;

		if (s.p[i] == '\\' && s.len - i >= 4 && s.p[i + 1] == 'x') {
			high = hex_value(s.p[i + 2]);
			low = hex_value(s.p[i + 3]);
		}
		if (high >= 0 && low >= 0 && (high | low)) {
			out[n++] = (char)(high << 4 | low);
			i += 3;
		} else {
			out[n++] = (char)s.p[i];
		}
	}
	out[n] = '\0';
}

/* app-flatpak-ID-NUMBER.scope (xdg-desktop-portal's rule) */
static struct span
flatpak_id(struct span unit)
{
	struct span id = SPAN(unit.p + strlen(FLATPAK), unit.len - strlen(FLATPAK));

	(void)cut_last(&id, '-');
	return id;
}

static bool
find_unit(struct span path, char *out, size_t cap)
{
	while (path.len > 0) {
		struct span part = cut_last(&path, '/');

		if (!ends_with(part, ".service") && !ends_with(part, ".scope"))
			continue;
		if (starts_with(part, FLATPAK) && ends_with(part, ".scope"))
			part = flatpak_id(part);
		copy_unescaped(part, out, cap);
		return true;
	}
	return false;
}

void
sock_parse_unit(struct span cgroup, char *out, size_t cap)
{
	out[0] = '\0';
	while (cgroup.len > 0) {
		const uint8_t *end = memchr(cgroup.p, '\n', cgroup.len);
		size_t len = end ? (size_t)(end - cgroup.p) : cgroup.len;
		struct span line = SPAN(cgroup.p, len);

		/* cgroup v2, or systemd's own hierarchy of v1 */
		if ((starts_with(line, "0::/") ||
			memmem(line.p, line.len, ":name=systemd:/", 15)) &&
		    find_unit(line, out, cap))
			return;
		cgroup = end ? SPAN(end + 1, cgroup.len - len - 1) : SPAN_NONE;
	}
}
