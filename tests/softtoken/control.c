#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/loop.h"
#include "tests/softtoken/control.h"

#define COMMAND_MAX 256
#define ANSWER_MS   5000

/* --- commands; ERR_NOTFOUND: there was nothing to do it to --- */

static enum err
do_touch(struct daemon *d, const char *arg)
{
	(void)arg;
	return softtoken_touch(soft_daemon_token(d)) ? ERR_OK : ERR_NOTFOUND;
}

static enum err
do_waiting(struct daemon *d, const char *arg)
{
	(void)arg;
	return softtoken_is_waiting(soft_daemon_token(d)) ? ERR_OK : ERR_NOTFOUND;
}

static enum err
do_unplug(struct daemon *d, const char *arg)
{
	(void)arg;
	softtoken_unplug(soft_daemon_token(d));
	return ERR_OK;
}

static enum err
do_plug(struct daemon *d, const char *arg)
{
	(void)arg;
	softtoken_plug(soft_daemon_token(d));
	return ERR_OK;
}

static enum err
do_powercycle(struct daemon *d, const char *arg)
{
	(void)arg;
	soft_daemon_replug(d);
	return ERR_OK;
}

static enum err
do_touch_mode(struct daemon *d, const char *arg)
{
	enum softtoken_touch mode;
	uint32_t ms;
	enum err r;

	if ((r = soft_touch_parse(arg, &mode, &ms)) == ERR_OK)
		softtoken_touch_mode(soft_daemon_token(d), mode, ms);
	return r;
}

static enum err
do_fault(struct daemon *d, const char *arg)
{
	return softtoken_fault(soft_daemon_token(d), arg);
}

static const struct {
	const char *name;
	enum err (*run)(struct daemon *, const char *);
} commands[] = {
	{ "touch", do_touch },
	{ "waiting", do_waiting },
	{ "unplug", do_unplug },
	{ "plug", do_plug },
	{ "powercycle", do_powercycle },
	{ "touch-mode", do_touch_mode },
	{ "fault", do_fault },
};

static enum err
command_run(struct daemon *d, char *line)
{
	char *arg = line + strcspn(line, " ");
	size_t i;

	if (*arg == ' ')
		*arg++ = '\0';
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, line) == 0)
			return commands[i].run(d, arg);
	return ERR_USAGE;
}

void
soft_control_read(struct daemon *d, int fd)
{
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	char line[COMMAND_MAX + 1];
	const char *answer;
	ssize_t n;

	n = recvfrom(fd, line, COMMAND_MAX, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	if (n < 0)
		return;
	while (n > 0 && line[n - 1] == '\n')
		n--;
	line[n] = '\0';
	softtoken_tick(soft_daemon_token(d), loop_now());
	answer = err_name(command_run(d, line));
	soft_daemon_step(d);
	if (len > sizeof(sa_family_t))
		sendto(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL,
		    (struct sockaddr *)&from, len);
}

static enum err
address_make(const char *path, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path))
		return ERR_TOOBIG;
	strcpy(sa->sun_path, path);
	return ERR_OK;
}

enum err
soft_control_open(const char *path, int *fd)
{
	struct sockaddr_un sa;
	enum err r;
	int s;

	if ((r = address_make(path, &sa)) != ERR_OK)
		return r;
	if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return ERR_IO;
	unlink(path);
	if (bind(s, (struct sockaddr *)&sa, sizeof(sa)) != 0 || chmod(path, 0600) != 0) {
		close(s);
		return ERR_IO;
	}
	*fd = s;
	return ERR_OK;
}

static enum err
answer_wait(int s, bool *done)
{
	struct pollfd p = { .fd = s, .events = POLLIN };
	char answer[64];
	ssize_t n;

	if (poll(&p, 1, ANSWER_MS) != 1)
		return ERR_TIMEOUT;
	if ((n = recv(s, answer, sizeof(answer), 0)) < 0)
		return ERR_IO;
	*done = n == 2 && memcmp(answer, "OK", 2) == 0;
	return ERR_OK;
}

enum err
soft_control_send(const char *path, const char *command, bool *done)
{
	struct sockaddr_un sa, self = { .sun_family = AF_UNIX };
	enum err r;
	int s;

	if ((r = address_make(path, &sa)) != ERR_OK)
		return r;
	if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return ERR_IO;
	/* binding to nothing makes Linux choose an abstract address: something to answer to */
	if (bind(s, (struct sockaddr *)&self, sizeof(sa_family_t)) != 0 ||
	    connect(s, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    send(s, command, strlen(command), MSG_NOSIGNAL) < 0)
		r = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOTFOUND : ERR_IO;
	else
		r = answer_wait(s, done);
	close(s);
	return r;
}

enum err
soft_touch_parse(const char *s, enum softtoken_touch *mode, uint32_t *ms)
{
	unsigned long n;
	char *end;

	*ms = 0;
	if (strcmp(s, "auto") == 0)
		*mode = SOFTTOKEN_TOUCH_AUTO;
	else if (strcmp(s, "never") == 0)
		*mode = SOFTTOKEN_TOUCH_NEVER;
	else if (strcmp(s, "signal") == 0)
		*mode = SOFTTOKEN_TOUCH_SIGNAL;
	else if (strncmp(s, "delay=", 6) == 0) {
		n = strtoul(s + 6, &end, 10);
		if (s[6] < '0' || s[6] > '9' || *end != '\0' || n > UINT32_MAX)
			return ERR_USAGE;
		*mode = SOFTTOKEN_TOUCH_DELAY;
		*ms = (uint32_t)n;
	} else {
		return ERR_USAGE;
	}
	return ERR_OK;
}
