/*
 * sock.h - Unix sockets, peers, descriptors over sockets, socket activation, paths.
 */
#ifndef LIB_SOCK_H
#define LIB_SOCK_H

#include <sys/types.h>

#include "lib/buf.h"

#define SOCK_PATH_MAX 108

struct sock_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	int pidfd;	 /* -1 when the kernel has no SO_PEERPIDFD and pidfd_open failed */
	char label[256]; /* executable or process name, for prompts only (DESIGN 9) */
	char unit[128];	 /* cgroup unit or Flatpak id, "" if none */
	/* Leader of the session (setsid(2)) that it is in, and when that began, in the kernel's
	 * ticks; 0 when it is not known, or the leader is gone.  Nobody can enter a session from
	 * outside, and the beginning tells two with the same number apart. */
	pid_t session;
	uint64_t session_began;
};

/* Directory of the sockets (DESIGN 3): OWNKEY_SOCKET's folder, $XDG_RUNTIME_DIR/ownkey,
 * /run/user/UID/ownkey, else the state directory.  No slash at the end. */
MUST enum err sock_dir(char *out, size_t cap);
/* Path of "agent.sock", "secret.sock" or "ssh.sock" in that directory. */
MUST enum err sock_path(const char *name, char *out, size_t cap);
/* Create every missing part of path with mode 0700; refuse a last part that is a link, not ours, or
 * open to others (ERR_PERMISSION). */
MUST enum err sock_mkdir_private(const char *path);
/* Listen at path (0600; an old socket file is replaced only when nobody answers there, else
 * ERR_BUSY).  ERR_PERMISSION: something else is there, or others may write the directory. */
MUST enum err sock_listen(const char *path, int backlog, int *fd);
/* A socket of ours: this group may connect, too.  ERR_PERMISSION: we are not in it. */
MUST enum err sock_share(const char *path, gid_t group);
/* ERR_NOAGENT when nobody listens. */
MUST enum err sock_connect(const char *path, int *fd);
/* The same without waiting for anybody; the socket is non-blocking.  ERR_NOAGENT. */
MUST enum err sock_connect_now(const char *path, int *fd);
/* Who is at the other end.  Label and unit are left empty when the process is gone, or foreign. */
MUST enum err sock_get_peer(int fd, struct sock_peer *peer);
void sock_peer_done(struct sock_peer *peer);
/* The unit in the text of a /proc/PID/cgroup: innermost service or scope, or the id of a Flatpak
 * application; "" if there is none. */
void sock_parse_unit(struct span cgroup, char *out, size_t cap);
/* One datagram/seqpacket with up to one descriptor (-1 = none).  ERR_HANGUP; ERR_BUSY when the
 * socket is non-blocking and full (sending) or empty (receiving). */
MUST enum err sock_send_fd(int sock, struct span msg, int fd);
/* *n = bytes received (0 = peer closed: ERR_HANGUP), *fd = -1 when none came; CLOEXEC.
 * ERR_TOOBIG when it is longer than cap, ERR_FORMAT with more than one descriptor. */
MUST enum err sock_recv_fd(int sock, void *p, size_t cap, size_t *n, int *fd);
/* socketpair, both CLOEXEC.  type SOCK_STREAM or SOCK_SEQPACKET. */
MUST enum err sock_pair(int type, int fds[2]);
/* Descriptor passed by the service manager under this name (LISTEN_FDS, LISTEN_FDNAMES);
 * ERR_NOTFOUND. */
MUST enum err sock_activated(const char *name, int *fd);

#endif
