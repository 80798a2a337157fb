/*
 * removal.c - the token that opened the vault is pulled out: its device file, or the socket of a
 * software token, disappears.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/session/session.h"
#include "lib/log.h"

#define GOES (IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct removal {
	int fd; /* inotify; -1 = none */
	sd_event_source *source;
	char path[128]; /* "" = none is watched */
};

static const char *
name_of(const struct removal *r)
{
	return strrchr(r->path, '/') + 1;
}

static void
gone(struct session *s)
{
	removal_watch(s, SPAN_NONE);
	session_away(s, CONF_LOCK_TOKEN, "the token that opened the vault was removed");
}

static bool
is_there(const struct removal *r)
{
	struct stat st;

	return lstat(r->path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* One that is back at once was away. */
static bool
is_ours(const struct removal *r, const struct inotify_event *ev)
{
	return (ev->mask & (IN_DELETE | IN_MOVED_FROM)) && ev->len &&
	    strcmp(ev->name, name_of(r)) == 0;
}

static int
on_change(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	_Alignas(struct inotify_event) char buf[4096];
	struct session *s = arg;
	struct removal *r = s->removal;
	const struct inotify_event *ev;
	bool went = false;
	ssize_t n;

	(void)source;
	(void)revents;
	if ((n = read(fd, buf, sizeof buf)) <= 0)
		return 0;
	for (size_t at = 0; at < (size_t)n && !went; at += sizeof *ev + ev->len) {
		ev = (const void *)(buf + at);
		went = is_ours(r, ev);
	}
	/* the folder went, or more happened than there was room for */
	if (went || !is_there(r))
		gone(s);
	return 0;
}

static void
stop(struct removal *r)
{
	r->source = sd_event_source_disable_unref(r->source);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->path[0] = '\0';
}

static void
watch_folder(struct session *s, struct removal *r)
{
	char folder[sizeof r->path];
	size_t n = (size_t)(name_of(r) - r->path);

	memcpy(folder, r->path, n);
	folder[n > 1 ? n - 1 : n] = '\0';
	r->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->fd < 0 || inotify_add_watch(r->fd, folder, GOES) < 0 ||
	    sd_event_add_io(s->event, &r->source, r->fd, EPOLLIN, on_change, s) < 0)
		log_warn("%s cannot be watched: removing the token does not lock", folder);
	/* it may have gone before somebody looked */
	if (!is_there(r))
		gone(s);
}

void
removal_watch(struct session *s, struct span path)
{
	static const char socket[] = "unix:";
	struct removal *r = s->removal;
	size_t skip = sizeof socket - 1;

	stop(r);
	if (path.len < skip || memcmp(path.p, socket, skip) != 0)
		skip = 0;
	if (path.len <= skip || path.len - skip >= sizeof r->path || path.p[skip] != '/')
		return;
	memcpy(r->path, path.p + skip, path.len - skip);
	r->path[path.len - skip] = '\0';
	watch_folder(s, r);
}

enum err
removal_start(struct session *s)
{
	if (!(s->removal = calloc(1, sizeof *s->removal)))
		return ERR_NOMEM;
	s->removal->fd = -1;
	return ERR_OK;
}

void
removal_done(struct session *s)
{
	if (s->removal)
		stop(s->removal);
	free(s->removal);
	s->removal = NULL;
}
