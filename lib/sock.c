#include "lib/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#define NFS_MAGIC  0x6969
#define LISTEN_FD0 3 /* sd_listen_fds(3) */

static enum err
copy(char *out, size_t cap, const char *s, size_t len)
{
	if (len >= cap)
		return ERR_TOOBIG;
	memcpy(out, s, len);
	out[len] = '\0';
	return ERR_OK;
}

static enum err
errno_to_err(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOTDIR:
	case ELOOP:
		return ERR_PERMISSION;
	case ENOSPC:
	case EDQUOT:
		return ERR_NOSPACE;
	case ENOMEM:
	case ENOBUFS:
		return ERR_NOMEM;
	case EMFILE:
	case ENFILE:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

/* A folder that was just made is there after a power cut: its parent says so. */
static enum err
sync_parent(const char *path)
{
	char *parent = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
	enum err e = ERR_OK;
	int fd;

	if (!parent)
		return ERR_NOMEM;
	/* one that may be written but not read, or that knows no sync, has to do without */
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fsync(fd) && errno != EINVAL)
		e = errno_to_err();
	if (fd >= 0)
		close(fd);
	free(parent);
	return e;
}

static enum err
make_one(const char *path)
{
	enum err e;

	if (mkdir(path, 0700) < 0)
		return errno == EEXIST || access(path, F_OK) == 0 ? ERR_OK : errno_to_err();
	if ((e = sync_parent(path)))
		rmdir(path);
	return e;
}

/* mkdir -p, 0700; path comes back as it was. */
static enum err
make_parts(char *path)
{
	for (char *p = path + 1;; p++) {
		char c = *p;
		enum err e;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if ((e = make_one(path)))
			return e;
		*p = c;
		if (c == '\0')
			return ERR_OK;
	}
}

MUST enum err
sock_mkdir_private(const char *path)
{
	struct stat st;
	char *copy_of;
	enum err r;

	if (path[0] != '/')
		return ERR_PERMISSION;
	copy_of = strdup(path);
	if (!copy_of)
		return ERR_NOMEM;
	r = make_parts(copy_of);
	free(copy_of);
	if (r)
		return r;
	if (lstat(path, &st) < 0)
		return errno_to_err();
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return ERR_PERMISSION;
	return ERR_OK;
}

/* --- listen and connect --- */

static enum err
make_address(const char *path, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return copy(sa->sun_path, sizeof(sa->sun_path), path, strlen(path));
}

static int
stream_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
connect_to(int fd, const struct sockaddr_un *sa)
{
	int n;

	do
		n = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	while (n < 0 && errno == EINTR);
	return n;
}

/* Who may write the directory may put another socket in our place. */
static enum err
check_dir(const char *path)
{
	char dir[SOCK_PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct statfs fs;
	struct stat st;
	enum err r;

	if (path[0] != '/' || slash == path)
		return ERR_PERMISSION;
	r = copy(dir, sizeof(dir), path, (size_t)(slash - path));
	if (r)
		return r;
	if (stat(dir, &st) < 0 || statfs(dir, &fs) < 0)
		return errno_to_err();
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022))
		return ERR_PERMISSION;
	return fs.f_type == NFS_MAGIC ? ERR_UNSUPPORTED : ERR_OK;
}

/* Take an abandoned socket away; never anything else. */
static enum err
clear_stale(const struct sockaddr_un *sa)
{
	struct stat st;
	int fd, n, refused;

	if (lstat(sa->sun_path, &st) < 0)
		return errno == ENOENT ? ERR_OK : errno_to_err();
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return ERR_PERMISSION;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno_to_err();
	n = connect_to(fd, sa);
	refused = n < 0 && errno == ECONNREFUSED;
	close(fd);
	if (!refused)
		return ERR_BUSY; /* somebody listens, even if with a full queue */
	return unlink(sa->sun_path) < 0 && errno != ENOENT ? errno_to_err() : ERR_OK;
}

static int
bind_private(int fd, const struct sockaddr_un *sa)
{
	mode_t old = umask(0177);
	int n = bind(fd, (const struct sockaddr *)sa, sizeof(*sa));

	umask(old);
	return n;
}

MUST enum err
sock_listen(const char *path, int backlog, int *fd)
{
	struct sockaddr_un sa;
	enum err r;
	int s;

	if ((r = make_address(path, &sa)) || (r = check_dir(path)) || (r = clear_stale(&sa)))
		return r;
	s = stream_socket();
	if (s < 0)
		return errno_to_err();
	if (bind_private(s, &sa) < 0 || listen(s, backlog) < 0) {
		r = errno == EADDRINUSE ? ERR_BUSY : errno_to_err();
		close(s);
		return r;
	}
	*fd = s;
	return ERR_OK;
}

MUST enum err
sock_connect(const char *path, int *fd)
{
	struct sockaddr_un sa;
	enum err r = make_address(path, &sa);
	int s;

	if (r)
		return r;
	s = stream_socket();
	if (s < 0)
		return errno_to_err();
	if (connect_to(s, &sa) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
			r = ERR_NOAGENT;
		else
			r = errno_to_err();
		close(s);
		return r;
	}
	*fd = s;
	return ERR_OK;
}

MUST enum err
sock_connect_now(const char *path, int *fd)
{
	struct sockaddr_un sa;
	enum err r = make_address(path, &sa);
	int s;

	if (r)
		return r;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return errno_to_err();
	if (connect(s, (const struct sockaddr *)&sa, sizeof sa) < 0) {
		close(s);
		return ERR_NOAGENT;
	}
	*fd = s;
	return ERR_OK;
}

MUST enum err
sock_share(const char *path, gid_t group)
{
	if (lchown(path, (uid_t)-1, group) || chmod(path, 0660))
		return errno_to_err();
	return ERR_OK;
}

/* --- descriptors over sockets --- */

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

MUST enum err
sock_send_fd(int sock, struct span msg, int fd)
{
	union control control = { 0 };
	/* struct iovec has no const; sendmsg does not write */
	struct iovec iov = { (void *)(uintptr_t)msg.p, msg.len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		mh.msg_control = control.bytes;
		mh.msg_controllen = sizeof(control.bytes);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	do
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (size_t)n == msg.len ? ERR_OK : ERR_IO;
	if (errno == EAGAIN)
		return ERR_BUSY;
	return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? ERR_HANGUP : ERR_IO;
}

/* The padding of a control message for one descriptor has room for two: keep the first, close the
 * rest. */
static int
take_fds(struct msghdr *mh, int *fd)
{
	int count = 0;

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0);
		     at += sizeof(int)) {
			int got;

			memcpy(&got, CMSG_DATA(c) + at, sizeof(got));
			if (count++ == 0)
				*fd = got;
			else
				close(got);
		}
	}
	return count;
}

MUST enum err
sock_recv_fd(int sock, void *p, size_t cap, size_t *n, int *fd)
{
	union control control = { 0 };
	/* cppcheck-suppress ctuuninitvar ; p is written, not read */
	struct iovec iov = { p, cap };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	enum err r = ERR_OK;
	int got, count;
	ssize_t len;

	do
		len = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0) {
		if (errno == EAGAIN)
			return ERR_BUSY;
		return errno == ECONNRESET ? ERR_HANGUP : ERR_IO;
	}
	count = take_fds(&mh, &got);
	if (len == 0)
		r = ERR_HANGUP;
	else if (mh.msg_flags & MSG_TRUNC)
		r = ERR_TOOBIG;
	else if (count > 1 || (mh.msg_flags & MSG_CTRUNC))
		r = ERR_FORMAT;
	if (r) {
		if (got >= 0)
			close(got);
		return r;
	}
	*n = (size_t)len;
	*fd = got;
	return ERR_OK;
}

MUST enum err
sock_pair(int type, int fds[2])
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0 ? errno_to_err() : ERR_OK;
}

/* --- socket activation --- */

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

static long
env_number(const char *name)
{
	const char *v = getenv(name);
	char *end;
	long n;

	if (!v || *v < '0' || *v > '9')
		return -1;
	n = strtol(v, &end, 10);
	return *end ? -1 : n;
}

MUST enum err
sock_activated(const char *name, int *fd)
{
	const char *names = getenv("LISTEN_FDNAMES");
	long n = env_number("LISTEN_FDS");
	size_t len = strlen(name);

	/* LISTEN_PID: the variables may be inherited from a parent they were meant for */
	if (!names || n <= 0 || n > 64 || env_number("LISTEN_PID") != (long)getpid())
		return ERR_NOTFOUND;
	for (int i = 0; i < (int)n; i++) {
		size_t part = strcspn(names, ":");

		if (part == len && memcmp(names, name, len) == 0 && is_listening(LISTEN_FD0 + i)) {
			if (fcntl(LISTEN_FD0 + i, F_SETFD, FD_CLOEXEC) < 0)
				return ERR_IO;
			*fd = LISTEN_FD0 + i;
			return ERR_OK;
		}
		names += part + (names[part] == ':');
	}
	return ERR_NOTFOUND;
}
