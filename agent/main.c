/*
 * main.c - ownkey-agent: options, configuration, sockets; then supervisor, or the role it was
 * exec'ed for.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/supervisor.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/sock.h"

#define LARGE	      (1024 * 1024) /* a vault file, rather than a frame */
#define CLIENTS_GROUP "ownkey-clients"
#define REMAINS_TRIES 100 /* 2 s */

static const char *const keep_env[] = { "OWNKEY_VAULT", "OWNKEY_SOCKET", "LISTEN_FDS", "LISTEN_PID",
	"LISTEN_FDNAMES", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", NULL };

static const struct option options[] = { { "vault", required_argument, NULL, 'v' },
	{ "config", required_argument, NULL, 'c' }, { "ready-fd", required_argument, NULL, 'r' },
	{ "system", no_argument, NULL, 's' }, { "not-real", no_argument, NULL, 'n' },
	{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 } };

static const char usage[] =
    "usage: ownkey-agent [--system] [--vault FILE] [--config FILE] [--ready-fd N]\n"
    "                    [--not-real]\n"
    "       ownkey-agent --version | --help\n";

struct args {
	const char *vault, *config;
	int ready_fd;
	bool notreal;
};

/* Returns -1 to go on, else the exit status. */
static int
parse(int argc, char **argv, struct args *a)
{
	int c;

	*a = (struct args){ .ready_fd = -1 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'v') {
			a->vault = optarg;
		} else if (c == 'c') {
			a->config = optarg;
		} else if (c == 'r') {
			a->ready_fd = atoi(optarg);
		} else if (c == 's') {
			paths_use_system();
		} else if (c == 'n') {
			a->notreal = true;
		} else if (c == 'V' || c == 'h') {
			fputs(c == 'V' ? "ownkey-agent " OWNKEY_VERSION "\n" : usage, stdout);
			return 0;
		} else {
			fputs(usage, stderr);
			return 64;
		}
	}
	return -1;
}

static enum err
load_config(const struct args *a, struct conf *conf)
{
	char path[PATHS_MAX];
	size_t line = 0;
	enum err e;

	if (a->config)
		snprintf(path, sizeof path, "%s", a->config);
	else if ((e = paths_config(path, sizeof path)))
		return e;
	if ((e = conf_load(path, conf, &line)) && line)
		log_error("%s, line %zu: %s", path, line, err_text(e));
	return e;
}

static enum err
load_rights(struct control_start *m)
{
	const char *row = "";
	enum err e = rights_load(&m->conf, (uint32_t)getuid(), &m->rights, &row);

	if (e)
		log_error("client = %s: %s", row, err_text(e));
	return e;
}

static enum err
listen_at(const char *name, int backlog, int *fd)
{
	char path[SOCK_PATH_MAX + 16];
	enum err e = sock_path(name, path, sizeof path);

	return e ? e : sock_listen(path, backlog, fd);
}

/* With clients of other accounts, the group of these may connect. */
static enum err
share(const struct supervisor *s)
{
	char path[SOCK_PATH_MAX + 16];
	const struct group *gr;
	enum err e;

	if (!paths_is_system() || !s->start.rights.n)
		return ERR_OK;
	if (!(gr = getgrnam(CLIENTS_GROUP))) {
		log_error("no group " CLIENTS_GROUP ": no other account can connect");
		return ERR_OK;
	}
	e = sock_path("agent.sock", path, sizeof path);
	return e ? e : sock_share(path, gr->gr_gid);
}

/* One of our own, which others may look into when it serves them, but nobody else may write. */
static enum err
open_dir(const char *dir)
{
	struct stat st;

	if (!paths_is_system())
		return sock_mkdir_private(dir);
	return stat(dir, &st) || st.st_uid != geteuid() || (st.st_mode & 022) ? ERR_PERMISSION
									      : ERR_OK;
}

/* The lock is ours, so who still answers is what a killed agent left, which is ended by the
 * kernel. */
static enum err
listen_after(const char *name, int backlog, int *fd)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000000 };
	enum err e = listen_at(name, backlog, fd);

	for (int i = 0; e == ERR_BUSY && i < REMAINS_TRIES; i++) {
		(void)nanosleep(&moment, NULL);
		e = listen_at(name, backlog, fd);
	}
	return e;
}

/* From the service manager (units of an older version hand over no ssh socket), else our own in a
 * private folder, guarded by a lock file so that two agents started at once do not both believe
 * that the socket is theirs. */
static enum err
open_sockets(struct supervisor *s)
{
	char dir[SOCK_PATH_MAX], path[SOCK_PATH_MAX + 16];
	enum err e;

	if (!sock_activated("agent", &s->agent_sock) && !sock_activated("secret", &s->secret_sock))
		return sock_activated("ssh", &s->ssh_sock)
		    ? listen_at("ssh.sock", 512, &s->ssh_sock)
		    : ERR_OK;
	if ((e = sock_dir(dir, sizeof dir)) || (e = open_dir(dir)))
		return e;
	snprintf(path, sizeof path, "%s/agent.lock", dir);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return errno == EACCES ? ERR_PERMISSION : ERR_IO;
	if (flock(s->lock, LOCK_EX | LOCK_NB))
		return ERR_BUSY;
	if ((e = listen_after("agent.sock", 512, &s->agent_sock)) ||
	    (e = listen_after("secret.sock", 64, &s->secret_sock)) || (e = share(s)))
		return e;
	return listen_after("ssh.sock", 512, &s->ssh_sock);
}

static enum err
prepare(struct supervisor *s, const struct args *a)
{
	struct control_start *m = &s->start;
	ssize_t n = readlink("/proc/self/exe", s->self, sizeof s->self - 1);
	enum err e;

	if (n <= 0)
		return ERR_NOPROGRAM;
	s->self[n] = '\0';
	s->ready_fd = a->ready_fd;
	m->notreal = a->notreal;
	if ((e = load_config(a, &m->conf)))
		return e;
	log_open("ownkey-agent", (enum log_level)m->conf.log_level);
	if ((e = load_rights(m)) || (e = paths_vault(a->vault, m->vault, sizeof m->vault)) ||
	    (e = paths_of_vault(m->vault, PATHS_SEEN, m->seen, sizeof m->seen)) ||
	    (e = paths_of_vault(m->vault, PATHS_COPY, m->copy, sizeof m->copy)) ||
	    (e = paths_of_vault(
		 m->vault, PATHS_COPIES_STATE, m->copies_state, sizeof m->copies_state)) ||
	    (e = paths_of_vault(
		 m->vault, PATHS_COPIES_LIST, m->copies_list, sizeof m->copies_list)))
		return e;
	return open_sockets(s);
}

static int
supervise(int argc, char **argv)
{
	static struct supervisor s;
	struct args a;
	int status = parse(argc, argv, &a);
	enum err e;

	if (status >= 0)
		return status;
	log_open("ownkey-agent", LOG_INFO_);
	if (!(e = crypto_init_light()) && !(e = prepare(&s, &a)))
		e = supervisor_run(&s);
	if (e == ERR_BUSY) {
		log_error("another ownkey agent is running");
		return 1;
	}
	if (e)
		log_err(e, "the agent stops");
	return e ? 1 : 0;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (sandbox_early(keep_env))
		return 1;
	/* what held a whole file goes back to the system when it is freed */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	if (argc == 2 && strcmp(argv[1], "--role=vault") == 0)
		return vault_main();
	if (argc == 2 && strcmp(argv[1], "--role=front") == 0)
		return front_main();
	if (argc == 2 && strcmp(argv[1], "--role=copier") == 0)
		return copier_main();
	return supervise(argc, argv);
}
