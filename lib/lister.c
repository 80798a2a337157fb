/* lister.c - sources of tokens: the hidraw class and Unix sockets. */
#include "lib/lister.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/hid.h"
#include "lib/chan.h"
#include "lib/sock.h"

#define TICK_MS	  500
#define PROBE_MS  2000 /* a forwarded socket sees each of our knocks at its far end */
#define SETTLE_MS 50   /* udev sets the mode a moment after the node appears */

struct source {
	char path[SOCK_PATH_MAX];
	dev_t dev;
	ino_t ino;
	int64_t probed;
	bool listens;
	bool access;
	int folder; /* inotify's number of it; -1 none */
	bool kept;  /* where we may not look any more, what was seen last holds */
};

struct lister {
	int out;
	bool hid;
	bool all;     /* accessible, whatever we may ourselves */
	bool watches; /* not one list only */
	char sysfs[LISTER_ROOT_MAX], dev[LISTER_ROOT_MAX];
	struct source unix_[LISTER_SOURCES_MAX];
	size_t n;
	int notify;	      /* -1: none yet */
	struct buf now, sent; /* lists as frames: u32be length, event */
};

static int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the job --- */

static enum err
copy_root(struct span s, const char *otherwise, char out[LISTER_ROOT_MAX])
{
	if (s.len == 0)
		s = span_str(otherwise);
	if (s.len >= LISTER_ROOT_MAX)
		return ERR_TOOBIG;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return out[0] == '/' ? ERR_OK : ERR_USAGE;
}

static enum err
add_source(struct lister *l, struct span s)
{
	struct span path;

	if (span_is(s, "hid")) {
		l->hid = true;
		return ERR_OK;
	}
	if (!span_eq(span_sub(s, 0, 6), SPAN_LIT("unix:/")) || memchr(s.p, '\0', s.len) != NULL)
		return ERR_USAGE;
	path = SPAN(s.p + 5, s.len - 5);
	if (l->n == LISTER_SOURCES_MAX || path.len >= SOCK_PATH_MAX)
		return ERR_TOOBIG;
	l->unix_[l->n].folder = -1;
	memcpy(l->unix_[l->n++].path, path.p, path.len);
	return ERR_OK;
}

static enum err
read_job(struct lister *l, const struct token_job *job)
{
	struct cbor c = wire_each(&job->sources);
	struct span s;
	enum err e;

	if ((e = copy_root(job->sysfs, "/sys", l->sysfs)) != ERR_OK ||
	    (e = copy_root(job->dev, "/dev", l->dev)) != ERR_OK)
		return e;
	l->hid = cbor_at_end(&c);
	while (!cbor_at_end(&c)) {
		if ((e = cbor_get_bytes(&c, &s)) != ERR_OK || (e = add_source(l, s)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
lister_init(struct lister **lister, const struct token_job *job, int out)
{
	struct lister *l = calloc(1, sizeof *l);
	enum err e;

	if (l == NULL)
		return ERR_NOMEM;
	l->out = out;
	l->watches = job->op == TOKEN_WATCH;
	l->notify = -1;
	if ((e = read_job(l, job)) != ERR_OK)
		free(l);
	else
		*lister = l;
	return e;
}

void
lister_done(struct lister *l)
{
	if (l == NULL)
		return;
	if (l->notify >= 0)
		close(l->notify);
	buf_done(&l->now);
	buf_done(&l->sent);
	free(l);
}

const char *
lister_sysfs(const struct lister *l)
{
	return l->sysfs;
}

const char *
lister_dev(const struct lister *l)
{
	return l->dev;
}

/* --- one list --- */

static enum err
put(struct lister *l, struct token_event *ev)
{
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&token_event_map, ev);
	if (ev->kind == TOKEN_EV_DEVICE)
		wire_set(&token_event_map, ev, "access");
	if ((e = wire_encode(&token_event_map, ev, &b)) == ERR_OK) {
		buf_put_u32(&l->now, (uint32_t)b.len);
		buf_put_span(&l->now, buf_span(&b));
		e = buf_err(&l->now);
	}
	buf_done(&b);
	return e;
}

static enum err
put_hid(struct lister *l)
{
	static struct hid_dev v[HID_DEVS_MAX];
	struct token_event ev;
	size_t i, n;
	enum err e;

	if ((e = hid_list(l->sysfs, l->dev, v, HID_DEVS_MAX, &n)) != ERR_OK)
		return e;
	for (i = 0; i < n && e == ERR_OK; i++) {
		ev = (struct token_event){
			.kind = TOKEN_EV_DEVICE,
			.path = span_str(v[i].path),
			.name = span_str(v[i].name),
			.vendor = v[i].vendor,
			.product = v[i].product,
			.access = v[i].access || l->all,
		};
		e = put(l, &ev);
	}
	return e;
}

/* A socket file outlives whoever listened there.  In a folder that only root may see, what root
 * saw holds, and what inotify said since. */
static void
probe(struct source *s)
{
	struct stat st;
	bool there = stat(s->path, &st) == 0;
	int fd;
	enum err e;

	if (!there && errno == EACCES && s->kept)
		return;
	if (!there || !S_ISSOCK(st.st_mode)) {
		s->listens = false;
		s->probed = 0;
		return;
	}
	if (s->probed != 0 && s->dev == st.st_dev && s->ino == st.st_ino &&
	    clock_ms() - s->probed < PROBE_MS)
		return;
	if ((e = sock_connect(s->path, &fd)) == ERR_OK)
		close(fd);
	s->listens = e == ERR_OK || e == ERR_PERMISSION;
	s->access = e == ERR_OK;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->probed = clock_ms();
}

static void
watch_folder(struct lister *l, struct source *s)
{
	char folder[SOCK_PATH_MAX];
	char *slash;

	memcpy(folder, s->path, sizeof folder);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	s->folder = inotify_add_watch(
	    l->notify, folder, IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO);
}

/* The kernel takes some 10 ms to end inotify, and a login would wait for that: only who watches has
 * it.  For one list, what is seen now is the answer. */
void
lister_opens_all(struct lister *l)
{
	size_t i;

	l->all = true;
	if (l->watches)
		l->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (i = 0; i < l->n; i++) {
		probe(&l->unix_[i]);
		if (l->notify >= 0)
			watch_folder(l, &l->unix_[i]);
		l->unix_[i].kept = !l->watches || l->unix_[i].folder >= 0;
	}
}

static enum err
put_unix(struct lister *l, struct source *s)
{
	struct token_event ev = { .kind = TOKEN_EV_DEVICE };
	char path[5 + SOCK_PATH_MAX] = "unix:";

	probe(s);
	if (!s->listens)
		return ERR_OK;
	memcpy(path + 5, s->path, sizeof s->path);
	ev.path = span_str(path);
	ev.access = s->access || l->all;
	return put(l, &ev);
}

static enum err
make_list(struct lister *l)
{
	struct token_event end = { .kind = TOKEN_EV_END };
	enum err e = ERR_OK;
	size_t i;

	buf_reset(&l->now);
	if (l->hid)
		e = put_hid(l);
	for (i = 0; i < l->n && e == ERR_OK; i++)
		e = put_unix(l, &l->unix_[i]);
	return e == ERR_OK ? put(l, &end) : e;
}

static enum err
send_list(struct lister *l)
{
	struct buf swap = l->sent;
	size_t at = 0, len;
	enum err e = ERR_OK;

	while (at < l->now.len && e == ERR_OK) {
		len = be32(l->now.p + at);
		e = chan_send(l->out, SPAN(l->now.p + at + 4, len));
		at += 4 + len;
	}
	l->sent = l->now;
	l->now = swap;
	return e;
}

enum err
lister_once(struct lister *l)
{
	enum err e = make_list(l);

	return e == ERR_OK ? send_list(l) : e;
}

/* --- watching --- */

static void
came_or_went(struct lister *l, const struct inotify_event *ev)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct source *s = &l->unix_[i];

		if (ev->len > 0 && s->folder == ev->wd &&
		    strcmp(strrchr(s->path, '/') + 1, ev->name) == 0)
			s->listens = (ev->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
	}
}

static void
drain(struct lister *l)
{
	_Alignas(struct inotify_event) char b[2048];
	const struct inotify_event *ev;
	ssize_t n, at;

	while ((n = read(l->notify, b, sizeof b)) > 0) {
		for (at = 0; at < n; at += (ssize_t)(sizeof *ev + ev->len)) {
			ev = (const void *)(b + at);
			came_or_went(l, ev);
		}
	}
}

/* Without inotify the tick alone finds changes. */
static enum err
wait_change(struct lister *l, int ctl)
{
	struct pollfd v[2] = {
		{ .fd = ctl, .events = POLLIN | POLLRDHUP },
		{ .fd = l->notify, .events = POLLIN },
	};

	if (poll(v, 2, TICK_MS) < 0 && errno != EINTR)
		return ERR_IO;
	if (v[1].revents != 0) {
		drain(l);
		v[1].fd = -1;
		v[1].revents = 0;
		if (v[0].revents == 0 && poll(v, 1, SETTLE_MS) < 0 && errno != EINTR)
			return ERR_IO;
	}
	return v[0].revents != 0 ? ERR_CANCELLED : ERR_OK;
}

enum err
lister_watch(struct lister *l, int ctl)
{
	enum err e = lister_once(l);

	if (l->notify < 0)
		l->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (l->notify >= 0)
		(void)inotify_add_watch(l->notify, l->dev, IN_CREATE | IN_DELETE | IN_ATTRIB);
	while (e == ERR_OK && (e = wait_change(l, ctl)) == ERR_OK) {
		if ((e = make_list(l)) == ERR_OK && !span_eq(buf_span(&l->now), buf_span(&l->sent)))
			e = send_list(l);
	}
	return e;
}
