/* target.c - one copy: look what is there, then replace it as a whole. */
#include "agent/copy/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/copy/snapshot.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/text.h"
#include "lib/whole.h"

/* ---- the folder ---- */
/* The folder of a file. */
static void
parent(const char *path, char out[PATHS_MAX])
{
	char *slash;

	snprintf(out, PATHS_MAX, "%s", path);
	slash = strrchr(out, '/');
	if (slash)
		slash[slash == out] = '\0';
}

/* Where a stick is not mounted, its empty folder on the system's disk is.  A copy there would be
 * none: once it was on another disk, it stays so. */
static enum err
check_apart(const struct target *t, int dirfd, struct target_result *r)
{
	char vault[PATHS_MAX];
	struct stat here, there;

	parent(t->start->vault, vault);
	if (stat(vault, &here) || fstat(dirfd, &there))
		return ERR_IO;
	if (t->apart && here.st_dev == there.st_dev)
		return ERR_COPY_ABSENT;
	r->apart = here.st_dev != there.st_dev;
	return ERR_OK;
}

/* Not even the folder is a link: whoever may write above it would choose what is written where. */
static enum err
open_error(const char *folder)
{
	int error = errno;
	struct stat st;

	if (error == ENOTDIR && lstat(folder, &st) == 0 && S_ISLNK(st.st_mode))
		return ERR_COPY_OTHER;
	errno = error == ENODEV || error == ENXIO ? ENOENT : error;
	return errno == ENOENT || errno == ENOTDIR ? ERR_COPY_ABSENT : err_of_errno(errno);
}

/* Before the sandbox: what it may reach is named by path, and a path may hang. */
static enum err
open_folder(const struct target *t, struct target_result *r, int *dirfd)
{
	enum err e;

	*dirfd = open(t->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*dirfd < 0)
		return open_error(t->folder);
	if ((e = check_apart(t, *dirfd, r))) {
		close(*dirfd);
		*dirfd = -1;
	}
	return e;
}

static enum err
confine(const struct target *t)
{
	char vault[PATHS_MAX];
	struct sandbox_rule rules[] = { { vault, false }, { t->folder, true }, { NULL, false } };
	struct sandbox box = { .profile = SANDBOX_COPIER, .rules = rules };
	unsigned lacks;

	parent(t->start->vault, vault);
	return sandbox_enter(&box, &lacks);
}

/* ---- what is there ---- */
enum there { THERE_REPLACE, THERE_SAME, THERE_OTHER, THERE_NEWER, THERE_DIVERGED };

/* A power cut leaves such files on simple file systems. */
static bool
is_blank(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i])
			return false;
	return true;
}

static enum there
judge(const struct control_memory *mem, struct span theirs, struct span ours)
{
	struct snapshot_end end;
	enum err e;

	if (is_blank(theirs))
		return THERE_REPLACE;
	if (span_eq(theirs, ours))
		return THERE_SAME;
	e = snapshot_scan(theirs, NULL, &end);
	if (e == ERR_FORMAT || e == ERR_NOMEM)
		return THERE_OTHER;
	if (e == ERR_VERSION)
		return THERE_NEWER;
	if (memcmp(end.vault_id, mem->vault_id, 16) != 0)
		return is_blank(SPAN(end.vault_id, 16)) ? THERE_REPLACE : THERE_OTHER;
	if (end.generation > mem->generation)
		return THERE_NEWER;
	if (!e && end.generation == mem->generation && memcmp(end.hash, mem->last_hash, 32) != 0)
		return THERE_DIVERGED;
	return THERE_REPLACE;
}

/* Nothing, or what may be replaced: THERE_REPLACE.  *id is that of another vault's copy. */
static enum err
look(const struct whole *w, const struct control_memory *mem, struct span ours, enum there *there)
{
	struct buf theirs = BUF_INIT;
	enum err e = whole_read(w, &theirs);

	*there = THERE_REPLACE;
	if (!e)
		*there = judge(mem, buf_span(&theirs), ours);
	else if (e == ERR_FORMAT || e == ERR_TOOBIG)
		*there = THERE_OTHER;
	/* a part of the disk that cannot be read: written anew */
	if (e == ERR_NOTFOUND || e == ERR_FORMAT || e == ERR_TOOBIG || e == ERR_IO)
		e = ERR_OK;
	buf_done(&theirs);
	return e;
}

/* Of the machine's own copy nothing is lost and nothing refused: it has to be of the vault that is
 * here, and the other one keeps a name. */
static enum err
put_aside(const struct whole *w)
{
	char name[300];

	snprintf(name, sizeof name, "%s-aside", w->name);
	if (renameat(w->dirfd, w->name, w->dirfd, name))
		return errno == ENOENT ? ERR_OK : err_of_errno(errno);
	log_warn("what was in the place of this machine's copy is now called %s", name);
	return ERR_OK;
}

static enum err
refusal(enum there there)
{
	switch (there) {
	case THERE_OTHER:
		return ERR_COPY_OTHER;
	case THERE_NEWER:
		return ERR_COPY_NEWER;
	case THERE_DIVERGED:
		return ERR_VAULT_DIVERGED;
	default:
		return ERR_OK;
	}
}

/* ---- the copy ---- */
static enum err
copy_into(const struct target *t, int dirfd)
{
	const struct control_memory *mem = &t->start->head.mem;
	struct whole w = { .dirfd = dirfd, .name = t->name, .tmp = t->tmp };
	struct buf ours = BUF_INIT;
	enum there there;
	enum err e;

	if ((e = snapshot_read(t->start->vault, mem, &ours)) ||
	    (e = look(&w, mem, buf_span(&ours), &there)))
		goto out;
	if (t->local && (there > THERE_SAME || (mem->keep_own && there == THERE_REPLACE)))
		e = put_aside(&w);
	else
		e = refusal(there);
	if (!e && there != THERE_SAME)
		e = whole_replace(&w, buf_span(&ours));
out:
	buf_done(&ours);
	return e;
}

void
target_copy(const struct target *t, struct target_result *r)
{
	int dirfd;
	enum err e;

	r->apart = 0;
	if (!(e = open_folder(t, r, &dirfd)) && !(e = confine(t)))
		e = copy_into(t, dirfd);
	r->err = (uint32_t)e;
}
