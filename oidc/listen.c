/* listen.c - sockets that the provider is reached at. */
#include "oidc/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sock.h"

#define BACKLOG 1024

static enum err
bind_tcp(const struct sockaddr *sa, socklen_t len, int *out)
{
	int on = 1, fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum err e;

	if (fd < 0)
		return err_of_errno(errno);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(fd, sa, len) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		e = errno == EADDRINUSE ? ERR_BUSY : err_of_errno(errno);
		close(fd);
		return e;
	}
	*out = fd;
	return ERR_OK;
}

/* Whoever may enter its folder may connect: the proxy is somebody else. */
static enum err
bind_unix(const char *path, int *out)
{
	enum err e = sock_listen(path, BACKLOG, out);

	if (!e && chmod(path, 0666) < 0)
		e = err_of_errno(errno);
	return e;
}

static enum err
bind_one(const char *address, int *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	uint16_t port;

	if (strncmp(address, "unix:", 5) == 0)
		return bind_unix(address + 5, out);
	port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = in6.sin6_port = port;
	if (address[0] == '[')
		return bind_tcp((const struct sockaddr *)&in6, sizeof in6, out);
	return bind_tcp((const struct sockaddr *)&in, sizeof in, out);
}

static enum err
open_one(const char *address, enum web_door door, struct web_listener *out)
{
	const char *name = door == WEB_DOOR_METRICS ? "metrics" : "http";

	out->door = door;
	if (!sock_activated(name, &out->fd))
		return ERR_OK;
	return *address ? bind_one(address, &out->fd) : ERR_NOTFOUND;
}

enum err
listen_all(const struct oidc_conf *c, struct web_listener *out, size_t *n, const char **wrong)
{
	bool given = getenv("LISTEN_FDS") && !sock_activated("http", &out->fd);
	uint32_t most = given ? 1 : c->nlisten;
	enum err e = ERR_OK;

	for (*n = 0; !e && *n < most; ++*n) {
		*wrong = c->listen[*n];
		e = open_one(*wrong, WEB_DOOR_PUBLIC, &out[*n]);
	}
	if (e)
		return e;
	*wrong = c->metrics;
	e = open_one(c->metrics, WEB_DOOR_METRICS, &out[*n]);
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	*n += !e;
	return e;
}
