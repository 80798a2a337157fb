/*
 * LD_PRELOAD for programs that use libfido2 (fido2-token, ssh-keygen): the only token they find is
 * the one behind the Unix socket that OWNKEY_TOKEN names ("unix:PATH").
 */
#include <dlfcn.h>
#include <fido.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PREFIX "unix:"

/* libfido2's handles are opaque: a descriptor on the heap */
static void *
port_open(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int *fd = malloc(sizeof(*fd));

	if (fd == NULL)
		return NULL;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path + strlen(PREFIX));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && connect(*fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	if (*fd >= 0)
		close(*fd);
	free(fd);
	return NULL;
}

static void
port_close(void *handle)
{
	int *fd = handle;

	close(*fd);
	free(fd);
}

static int
port_read(void *handle, unsigned char *buf, size_t len, int ms)
{
	struct pollfd p = { .fd = *(int *)handle, .events = POLLIN };

	if (poll(&p, 1, ms) != 1)
		return -1;
	return recv(p.fd, buf, len, MSG_WAITALL) == (ssize_t)len ? (int)len : -1;
}

/* The first byte is the number of the HID report. */
static int
port_write(void *handle, const unsigned char *buf, size_t len)
{
	int fd = *(int *)handle;

	return send(fd, buf + 1, len - 1, MSG_NOSIGNAL) == (ssize_t)len - 1 ? (int)len : -1;
}

static const fido_dev_io_t port = { port_open, port_close, port_read, port_write };

int
fido_dev_open(fido_dev_t *dev, const char *path)
{
	int (*next)(fido_dev_t *, const char *);
	int r;

	*(void **)&next = dlsym(RTLD_NEXT, "fido_dev_open");
	if (strncmp(path, PREFIX, strlen(PREFIX)) == 0 &&
	    (r = fido_dev_set_io_functions(dev, &port)) != FIDO_OK)
		return r;
	return next(dev, path);
}

int
fido_dev_info_manifest(fido_dev_info_t *list, size_t cap, size_t *n)
{
	const char *path = getenv("OWNKEY_TOKEN");

	*n = 0;
	if (path == NULL || cap == 0)
		return FIDO_OK;
	*n = 1;
	return fido_dev_info_set(list, 0, path, "ownkey", "software token", &port, NULL);
}
