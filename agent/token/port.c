/* port.c - opening a token's device and moving reports (CTAP 2.1, 11.2.3). */
#include "agent/token/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/hid.h"
#include "lib/sock.h"

#define LOCK_WAIT_MS 5000 /* other programs hold it for one operation */
#define LOCK_STEP_MS 50
#define PART_MAX_MS  1000 /* half a report and then nothing: the stream is out of step */

int64_t
port_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- waiting --- */

/* The vault says nothing after the job: whatever happens on ctl is the end of it. */
static enum err
wait_for(const struct port *p, int fd, short events, int64_t until)
{
	struct pollfd v[2] = {
		{ .fd = fd, .events = events },
		{ .fd = p->ctl, .events = POLLIN | POLLRDHUP },
	};
	int64_t left;
	int n;

	for (;;) {
		left = until - port_clock();
		n = poll(v, 2, left <= 0 ? 0 : left > 60000 ? 60000 : (int)left);
		if (n < 0 && errno != EINTR)
			return ERR_TOKEN_IO;
		if (n > 0)
			return v[1].revents ? ERR_CANCELLED : ERR_OK;
		if (left <= 0)
			return ERR_TIMEOUT;
	}
}

static enum err
fd_pause(struct port *p, int ms)
{
	enum err e = wait_for(p, -1, 0, port_clock() + ms);

	return e == ERR_TIMEOUT ? ERR_OK : e;
}

static enum err
io_error(int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
		return ERR_OK;
	case EIO: /* what hidraw says of a device that is gone (hidraw_read) */
	case ENODEV:
	case ENXIO:
	case EPIPE:
	case ECONNRESET:
	case ESHUTDOWN:
		return ERR_TOKEN_GONE;
	default:
		return ERR_TOKEN_IO;
	}
}

/* --- reports --- */

/* hidraw gives whole reports, and a longer one than asked for would be cut by the kernel */
static enum err
take(struct port *p)
{
	ssize_t n = read(p->fd, p->part + p->npart, REPORT_LEN - p->npart);

	if (n < 0)
		return io_error(errno);
	if (n == 0)
		return ERR_TOKEN_GONE;
	if (p->npart == 0)
		p->part_since = port_clock();
	p->npart += (size_t)n;
	return p->hidraw && p->npart != REPORT_LEN ? ERR_TOKEN_IO : ERR_OK;
}

static enum err
fd_recv(struct port *p, uint8_t r[REPORT_LEN], int64_t until)
{
	int64_t limit;
	bool cut;
	enum err e;

	while (p->npart < REPORT_LEN) {
		cut = p->npart > 0 && p->part_since + PART_MAX_MS < until;
		limit = cut ? p->part_since + PART_MAX_MS : until;
		if ((e = wait_for(p, p->fd, POLLIN, limit)) != ERR_OK)
			return e == ERR_TIMEOUT && cut ? ERR_TOKEN_IO : e;
		if ((e = take(p)) != ERR_OK)
			return e;
	}
	memcpy(r, p->part, REPORT_LEN);
	p->npart = 0;
	return ERR_OK;
}

static enum err
fd_send(struct port *p, const uint8_t r[REPORT_LEN], int64_t until)
{
	uint8_t out[1 + REPORT_LEN] = { 0 };
	size_t at = p->hidraw ? 0 : 1;
	ssize_t n;
	enum err e;

	memcpy(out + 1, r, REPORT_LEN);
	while (at < sizeof out) {
		if ((n = write(p->fd, out + at, sizeof out - at)) >= 0) {
			at += (size_t)n;
			continue;
		}
		if ((e = io_error(errno)) != ERR_OK ||
		    (e = wait_for(p, p->fd, POLLOUT, until)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* --- opening --- */

static enum err
open_error(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ERR_TOKEN_ACCESS;
	case EBUSY:
		return ERR_BUSY;
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		return ERR_TOKEN_ABSENT;
	default:
		return ERR_TOKEN_IO;
	}
}

/* Nothing is written to what does not describe itself as a token: a path may be mistaken. */
static enum err
check_hidraw(int fd)
{
	struct hidraw_report_descriptor d = { 0 };
	struct stat st;
	bool fido;
	int size = 0;

	if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) ||
	    ioctl(fd, HIDIOCGRDESCSIZE, &size) != 0 || size <= 0 || size > HID_MAX_DESCRIPTOR_SIZE)
		return ERR_TOKEN_ABSENT;
	d.size = (unsigned)size;
	if (ioctl(fd, HIDIOCGRDESC, &d) != 0)
		return ERR_TOKEN_GONE;
	if (hid_parse_desc(SPAN(d.value, (size_t)size), &fido) != ERR_OK || !fido)
		return ERR_TOKEN_ABSENT;
	return ERR_OK;
}

/* libfido2 and we exclude each other by flock, so that two programs do not mix their frames. */
static enum err
lock_hidraw(struct port *p, int64_t until)
{
	int64_t limit = port_clock() + LOCK_WAIT_MS;
	enum err e;

	if (limit > until)
		limit = until;
	while (flock(p->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ERR_TOKEN_IO;
		if (port_clock() >= limit)
			return ERR_BUSY;
		if ((e = fd_pause(p, LOCK_STEP_MS)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
open_hidraw(struct port *p, const char *path)
{
	p->hidraw = true;
	p->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return p->fd < 0 ? open_error(errno) : ERR_OK;
}

static enum err
open_unix(struct port *p, const char *path)
{
	int fl;
	enum err e;

	p->hidraw = false;
	if ((e = sock_connect(path, &p->fd)) != ERR_OK) {
		p->fd = -1;
		return e == ERR_NOAGENT	  ? ERR_TOKEN_ABSENT
		    : e == ERR_PERMISSION ? ERR_TOKEN_ACCESS
					  : e;
	}
	if ((fl = fcntl(p->fd, F_GETFL)) < 0 || fcntl(p->fd, F_SETFL, fl | O_NONBLOCK) < 0)
		return ERR_TOKEN_IO;
	return ERR_OK;
}

enum err
port_open(struct port *p, const char *path, int ctl)
{
	enum err e;

	*p = (struct port){
		.fd = -1, .ctl = ctl, .recv = fd_recv, .send = fd_send, .pause = fd_pause
	};
	if (strncmp(path, "unix:", 5) == 0)
		e = open_unix(p, path + 5);
	else
		e = open_hidraw(p, path);
	if (e != ERR_OK)
		port_close(p);
	return e;
}

enum err
port_ready(struct port *p, int64_t until)
{
	enum err e;

	if (!p->hidraw)
		return ERR_OK;
	if ((e = check_hidraw(p->fd)) != ERR_OK)
		return e;
	return lock_hidraw(p, until);
}

void
port_close(struct port *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
