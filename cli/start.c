/*
 * start.c - an agent is started by the first command that needs one.  It outlives us, so it must
 * not keep our standard error, which may be a pipe that somebody reads to its end: it writes to
 * agent.log in the state directory.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/paths.h"
#include "lib/sock.h"
#include "lib/text.h"

#define LOG_MAX (1024 * 1024) /* then it is begun anew */
#define LAST	400

static int
open_log(void)
{
	char path[PATHS_MAX + 16];
	struct stat st;
	size_t n;
	int fd;

	if (paths_state(path, PATHS_MAX) || sock_mkdir_private(path))
		return -1;
	n = strlen(path);
	snprintf(path + n, sizeof path - n, "/agent.log");
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LOG_MAX)
		(void)!ftruncate(fd, 0); /* else it grows: no reason not to start */
	return fd;
}

/* What it said last, if it said anything since `from`. */
static void
keep_last_words(struct cli *c, int fd, off_t from)
{
	char text[LAST + 1];
	struct buf b = BUF_INIT;
	struct stat st;
	ssize_t n = 0, start;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= from)
		return;
	if (st.st_size - from > LAST)
		from = st.st_size - LAST;
	n = pread(fd, text, LAST, from);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	for (start = n; start > 0 && text[start - 1] != '\n';)
		start--;
	text_printable(SPAN(text + start, n > start ? (size_t)(n - start) : 0), &b);
	snprintf(c->detail, sizeof c->detail, "%s", buf_cstr(&b));
	buf_done(&b);
}

/* The log takes the place of our standard error while the agent is started, which inherits it. */
static enum err
start_logging(struct cli *c, const char *const *args, int fd)
{
	int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	off_t from = lseek(fd, 0, SEEK_END);
	enum err e;

	if (own < 0 || dup2(fd, STDERR_FILENO) < 0)
		return ERR_LIMIT;
	e = client_start_agent(args);
	if (dup2(own, STDERR_FILENO) < 0)
		e = ERR_LIMIT;
	close(own);
	if (e)
		keep_last_words(c, fd, from);
	return e;
}

enum err
cli_start_agent(struct cli *c)
{
	const char *args[3] = { NULL };
	char path[PATHS_MAX];
	int fd;
	enum err e;

	if (args_has(&c->args, ARG_VAULT)) {
		if ((e = paths_vault(c->args.value[ARG_VAULT], path, sizeof path)))
			return e;
		args[0] = "--vault";
		args[1] = path;
	}
	if ((fd = open_log()) < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return ERR_LIMIT;
	e = start_logging(c, args, fd);
	close(fd);
	return e;
}
