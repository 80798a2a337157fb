/*
 * copier.c - the role that copies the sealed vault into other folders, started by the supervisor
 * for one run.  It has no keys and hears nobody but the supervisor.
 *
 * Each folder has a process of its own (target.h): a dead network or a stick that hangs holds up
 * that one only.  This one waits for them, for so long, keeps the state and reports.  When it has
 * ended, the supervisor kills what still hangs; where even that does not help, its lock tells the
 * next run, which passes that folder over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/copy/target.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/sandbox.h"
#include "lib/sock.h"
#include "lib/text.h"
#include "lib/whole.h"

#define NAME_MAX_ 256
#define GRACE_S	  5

struct copier {
	struct control_start start;
	struct control_copies report;
	bool waits[COPIES_MAX]; /* for the result of this row */
	size_t nwaits;
	int results[2];	  /* a pipe: struct target_result of the processes */
	int statedir;	  /* -1: there is none yet */
	struct buf state; /* as it is on the disk */
	char machine[9];  /* tells this machine's temporary files from another's */
};

/* Folder and last part of a path. */
static const char *
split(const char *path, char folder[PATHS_MAX])
{
	char *slash;

	snprintf(folder, PATHS_MAX, "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return path;
	slash[slash == folder] = '\0';
	return strrchr(path, '/') + 1;
}

/* ---- start ---- */
static enum err
take_start(struct copier *c)
{
	size_t n;
	int fd;
	enum err e;

	if ((e = sock_recv_fd(STDIN_FILENO, &c->start, sizeof c->start, &n, &fd)))
		return e;
	if (n != sizeof c->start || c->start.head.magic != CONTROL_MAGIC ||
	    c->start.head.type != CONTROL_START || fd >= 0)
		return ERR_FORMAT;
	log_open("ownkey-agent[copier]", (enum log_level)c->start.conf.log_level);
	return ERR_OK;
}

static void
name_machine(struct copier *c)
{
	struct utsname u = { 0 };
	uint8_t hash[32];
	struct span v[2] = { SPAN(u.nodename, sizeof u.nodename), span_str(c->start.copy) };

	(void)uname(&u);
	crypto_sha256v(v, 2, hash);
	text_encode_raw(TEXT_HEX, SPAN(hash, 4), c->machine);
}

static void
read_list(const struct copier *c, struct copies *list)
{
	struct whole w = { .dirfd = AT_FDCWD, .name = c->start.copies_list };
	struct buf text = { .max = COPIES_FILE_MAX };
	size_t line;
	enum err e = whole_read(&w, &text);

	if (e && e != ERR_NOTFOUND)
		log_err(e, "the list of folders for copies");
	if (copies_parse_list(buf_span(&text), list, &line))
		log_warn("%s, line %zu: no absolute path, or too many", c->start.copies_list, line);
	buf_done(&text);
}

static void
read_state(struct copier *c, struct copies *was)
{
	char folder[PATHS_MAX];
	struct whole w = { .name = split(c->start.copies_state, folder) };

	c->statedir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w.dirfd = c->statedir;
	if (c->statedir >= 0 && whole_read(&w, &c->state))
		buf_reset(&c->state);
	copies_parse_state(buf_span(&c->state), was);
}

/* What is in the list now, with what is known of it. */
static void
load(struct copier *c)
{
	static struct copies list, was;
	struct copies *now = &c->report.c;

	read_list(c, &list);
	read_state(c, &was);
	now->n = 1 + list.n;
	memcpy(now->row[0].path, c->start.copy, PATHS_MAX);
	memcpy(&now->row[1], list.row, list.n * sizeof list.row[0]);
	for (size_t i = 0; i < now->n; i++) {
		const struct copies_row *r = copies_find(&was, now->row[i].path);

		if (r)
			now->row[i] = *r;
	}
	c->report.head.magic = CONTROL_MAGIC;
	c->report.head.type = CONTROL_COPIES;
	c->report.head.mem = c->start.head.mem;
}

/* ---- one process for each folder ---- */
/* False: one of an earlier run still hangs on it.  The lock goes with its process. */
static bool
lock_folder(const struct copier *c, const char *path, int *fd)
{
	char folder[PATHS_MAX], name[NAME_MAX_];
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	uint8_t hash[32];

	snprintf(name, sizeof name, "%s.lock", split(c->start.copies_state, folder));
	*fd = openat(c->statedir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return true;
	crypto_sha256(span_str(path), hash);
	l.l_start = (off_t)(be32(hash) >> 1);
	if (fcntl(*fd, F_OFD_SETLK, &l) == 0 || (errno != EAGAIN && errno != EACCES))
		return true;
	close(*fd);
	return false;
}

static void
name_target(const struct copier *c, size_t i, char name[NAME_MAX_], char tmp[NAME_MAX_])
{
	char id[COPIES_NAME_LEN], folder[PATHS_MAX];

	copies_name(c->start.head.mem.vault_id, id);
	snprintf(name, NAME_MAX_, "%s", i ? id : split(c->start.copy, folder));
	snprintf(tmp, NAME_MAX_, ".%.200s-%s.new", name, c->machine);
}

static _Noreturn void
be_target(const struct copier *c, size_t i, pid_t starter)
{
	char folder[PATHS_MAX], name[NAME_MAX_], tmp[NAME_MAX_];
	const struct copies_row *row = &c->report.c.row[i];
	struct target t = { .start = &c->start, .folder = row->path, .name = name, .tmp = tmp };
	struct target_result r = { .index = (uint32_t)i };

	/* one that hangs must not keep the supervisor waiting for our end */
	close(STDIN_FILENO);
	close(c->results[0]);
	/* the alarm: where the supervisor died as well.  Our starter is confined, and landlock may
	 * keep the signal of its death from us */
	alarm(c->start.conf.copy_timeout + GRACE_S);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != starter)
		_exit(1);
	name_target(c, i, name, tmp);
	if (i == 0) {
		(void)split(row->path, folder);
		t.folder = folder;
	}
	t.local = i == 0;
	t.apart = row->apart != 0;
	target_copy(&t, &r);
	_exit(write(c->results[1], &r, sizeof r) == sizeof r ? 0 : 1);
}

static void
start_target(struct copier *c, size_t i)
{
	struct copies_row *row = &c->report.c.row[i];
	pid_t self = getpid(), pid;
	int lock;

	row->tried = (uint64_t)time(NULL);
	if (!lock_folder(c, row->path, &lock)) {
		row->err = ERR_COPY_STUCK;
		return;
	}
	if ((pid = fork()) == 0)
		be_target(c, i, self);
	if (lock >= 0)
		close(lock);
	row->err = pid < 0 ? ERR_LIMIT : row->err;
	c->waits[i] = pid > 0;
	c->nwaits += pid > 0;
}

/* ---- results ---- */
static void
save(struct copier *c)
{
	char folder[PATHS_MAX], tmp[NAME_MAX_];
	struct whole w = { .dirfd = c->statedir, .name = split(c->start.copies_state, folder) };
	struct buf text = BUF_INIT;

	snprintf(tmp, sizeof tmp, ".%.200s.new", w.name);
	w.tmp = tmp;
	copies_put_state(&c->report.c, &text);
	if (c->statedir >= 0 && !buf_err(&text) && !span_eq(buf_span(&text), buf_span(&c->state))) {
		if (whole_replace(&w, buf_span(&text)))
			log_warn("what became of the copies could not be written down");
		buf_reset(&c->state);
		buf_put_span(&c->state, buf_span(&text));
	}
	buf_done(&text);
}

static void
tell(struct copier *c, uint32_t handle)
{
	c->report.head.handle = handle;
	if (sock_send_fd(STDIN_FILENO, SPAN(&c->report, sizeof c->report), -1))
		log_debug("nobody hears about the copies");
}

static void
settle(struct copier *c, size_t i, const struct target_result *r)
{
	const struct control_memory *mem = &c->start.head.mem;
	struct copies_row *row = &c->report.c.row[i];

	c->waits[i] = false;
	c->nwaits--;
	row->err = r->err;
	if (r->err)
		return;
	row->time = (uint64_t)time(NULL);
	row->generation = mem->generation;
	row->apart = r->apart;
	memcpy(row->line, mem->line, 32);
}

/* The next result; false: they all have ended, or time is up. */
static bool
next_result(const struct copier *c, uint64_t until, struct target_result *r)
{
	uint64_t now = loop_now();
	struct pollfd p = { .fd = c->results[0], .events = POLLIN };
	int n = poll(&p, 1, now < until ? (int)(until - now) : 0);

	if (n < 0 && errno == EINTR) {
		*r = (struct target_result){ .index = COPIES_MAX };
		return true;
	}
	return n > 0 && read(c->results[0], r, sizeof *r) == sizeof *r;
}

static void
collect(struct copier *c)
{
	uint64_t until = loop_now() + (uint64_t)c->start.conf.copy_timeout * 1000;
	struct target_result r;

	while (c->nwaits && next_result(c, until, &r)) {
		if (r.index >= COPIES_MAX || !c->waits[r.index])
			continue;
		settle(c, r.index, &r);
		save(c);
		if (c->nwaits)
			tell(c, 0);
	}
	r.err = loop_now() < until ? ERR_IO : ERR_COPY_STUCK;
	for (size_t i = 0; i < COPIES_MAX; i++)
		if (c->waits[i])
			settle(c, i, &r);
}

/* Behind this only the state is written. */
static enum err
confine(const struct copier *c)
{
	char folder[PATHS_MAX];
	struct sandbox_rule rules[] = { { folder, true }, { NULL, false } };
	struct sandbox box = { .profile = SANDBOX_COPIER, .rules = rules };
	unsigned lacks;

	(void)split(c->start.copies_state, folder);
	return sandbox_enter(&box, &lacks);
}

static enum err
copy_all(struct copier *c)
{
	enum err e;

	if (pipe2(c->results, O_CLOEXEC))
		return ERR_LIMIT;
	for (size_t i = 0; i < c->report.c.n; i++)
		start_target(c, i);
	close(c->results[1]);
	if (!(e = confine(c)))
		collect(c);
	return e;
}

int
copier_main(void)
{
	static struct copier c = { .statedir = -1, .state.max = COPIES_FILE_MAX };
	enum err e;

	signal(SIGXFSZ, SIG_IGN);
	if ((e = take_start(&c)) || (e = crypto_init_light()))
		goto out;
	name_machine(&c);
	load(&c);
	if (c.start.head.mem.known && c.start.head.kind == COPY_RUN && (e = copy_all(&c)))
		goto out;
	save(&c);
	tell(&c, c.start.head.handle);
out:
	buf_done(&c.state);
	if (e)
		log_err(e, "the copier ends");
	return e ? 1 : 0;
}
