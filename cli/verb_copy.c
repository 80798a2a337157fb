/* verb_copy.c - copies of the sealed vault in other folders. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "lib/copies.h"
#include "lib/whole.h"

/* ---- the list ---- */
struct list {
	char path[PATHS_MAX];	/* of the list */
	char folder[PATHS_MAX]; /* it is in */
	char vault[PATHS_MAX];
	struct buf text;
	struct copies now;
};

/* Of the vault that the agent has; a missing list is an empty one. */
static enum err
list_open(struct cli *c, struct list *l)
{
	struct whole w = { .dirfd = AT_FDCWD, .name = l->path };
	struct ops_status_rep st;
	size_t line;
	enum err e;

	l->text = (struct buf){ .max = COPIES_FILE_MAX };
	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	snprintf(l->vault, sizeof l->vault, "%.*s", (int)st.path.len, (const char *)st.path.p);
	if (!st.vault)
		return ERR_NOVAULT;
	if ((e = paths_of_vault(l->vault, PATHS_COPIES_LIST, l->path, sizeof l->path)))
		return e;
	snprintf(l->folder, sizeof l->folder, "%s", l->path);
	*strrchr(l->folder, '/') = '\0';
	if ((e = whole_read(&w, &l->text)) && e != ERR_NOTFOUND) {
		snprintf(c->detail, sizeof c->detail, "%s", l->path);
		return e;
	}
	if (copies_parse_list(buf_span(&l->text), &l->now, &line))
		out_say(
		    "warning: %s, line %zu is no absolute path, or one too many", l->path, line);
	return ERR_OK;
}

/* The folder of the list and what is missing above it. */
static enum err
make_folders(char *path)
{
	for (char *p = path + 1;; p++) {
		char was = *p;

		if (was != '/' && was)
			continue;
		*p = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return err_of_errno(errno);
		*p = was;
		if (!was)
			return ERR_OK;
	}
}

static enum err
list_write(struct list *l, struct buf *text)
{
	struct whole w = { .name = strrchr(l->path, '/') + 1, .tmp = ".copies.new" };
	enum err e;

	if ((e = buf_err(text)) || (e = make_folders(l->folder)))
		return e;
	w.dirfd = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.dirfd < 0)
		return err_of_errno(errno);
	e = whole_replace(&w, buf_span(text));
	close(w.dirfd);
	return e;
}

/* ---- what is shown ---- */
static void
put_time(uint64_t seconds, char out[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, 32, "?");
}

static void
put_copy(const struct ops_copy *r)
{
	char when[32];

	out_text(stdout, r->local ? SPAN_LIT("on this machine") : r->path);
	putchar('\n');
	if (r->err)
		printf("    %s\n", err_text((enum err)r->err));
	if (r->time) {
		put_time(r->time, when);
		printf("    %s of %s, generation %llu%s\n",
		    r->current	 ? "newest version, copy"
			: r->err ? "last good copy"
				 : "copy",
		    when, (unsigned long long)r->generation, r->same_disk ? ", same disk" : "");
	} else if (!r->err) {
		puts("    no copy yet");
	}
}

/* What a person has to do something about; a stick that is not plugged in is no news. */
static void
warn_copy(const struct ops_copy *r, bool *bad)
{
	if (r->older) {
		out_say_span(
		    "warning: a way in that was removed since still opens the copy in ", r->path);
		out_say("hint: bring it up to date ('ownkey backup copy run'), or destroy it");
	}
	if (!r->err || r->err == ERR_COPY_ABSENT)
		return;
	*bad = true;
	out_say_span("warning: no copy in ", r->path);
	out_say("%s", err_text((enum err)r->err));
	if (*err_hint((enum err)r->err))
		out_say("hint: %s", err_hint((enum err)r->err));
}

/* only: this folder's row, and whether it is there; NULL: all. */
static enum err
put_copies(struct cli *c, const struct ops_backup_copies_rep *rep, const char *only, bool *found)
{
	struct cbor at = wire_each(&rep->copies);
	struct ops_copy row;
	bool bad = false;
	enum err e = ERR_OK;

	while (!cbor_at_end(&at) && !(e = wire_next(&ops_copy_map, &at, &row))) {
		if (only && !span_is(row.path, only))
			continue;
		if (found)
			*found = true;
		put_copy(&row);
		warn_copy(&row, &bad);
		if (only && row.err)
			bad = true;
	}
	if (bad)
		c->status = 1;
	return e;
}

/* ---- the commands ---- */
static enum err
show(struct cli *c, bool run)
{
	struct ops_backup_copies q = { .run = run };
	struct ops_backup_copies_rep rep;
	bool done;
	enum err e = cli_ask(c, OP_BACKUP_COPIES, &q, &rep, &done);

	if (!e && !done && rep.copies.n < 2)
		out_say("no folder gets copies: 'ownkey backup copy add DIR' names one");
	return e || done ? e : put_copies(c, &rep, NULL, NULL);
}

enum err
verb_backup_copy_list(struct cli *c)
{
	return show(c, false);
}

enum err
verb_backup_copy_run(struct cli *c)
{
	return show(c, true);
}

static enum err
check_folder(struct cli *c, const struct list *l, char folder[PATHS_MAX])
{
	char full[PATH_MAX], own[PATHS_MAX];
	struct stat there, here;

	if (!realpath(cli_operand(c, 0), full) || stat(full, &there)) {
		snprintf(c->detail, sizeof c->detail, "%.200s", cli_operand(c, 0));
		return errno == ENOENT || errno == ENOTDIR ? ERR_COPY_ABSENT : err_of_errno(errno);
	}
	if (!S_ISDIR(there.st_mode))
		return cli_wrong(c, "that is no folder");
	if (strlen(full) >= PATHS_MAX || !copies_is_folder(span_str(full)))
		return cli_wrong(c, "its path is too long, or no text");
	snprintf(own, sizeof own, "%s", l->vault);
	*(strrchr(own, '/') + 1) = '\0';
	if (stat(own, &here))
		return err_of_errno(errno);
	if (here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return cli_wrong(c, "that is the vault's own folder");
	if (here.st_dev == there.st_dev)
		out_say("warning: that is the same disk as the vault's: a copy there is lost "
			"together with it");
	memcpy(folder, full, strlen(full) + 1);
	return ERR_OK;
}

/* The list is written; the first copy may still fail, which is said and is no reason to forget. */
static enum err
first_copy(struct cli *c, const char *folder)
{
	struct ops_backup_copies q = { .run = true };
	struct ops_backup_copies_rep rep;
	bool done, found = false;
	enum err e;

	e = cli_ask(c, OP_BACKUP_COPIES, &q, &rep, &done);
	if (e == ERR_COPY_UNKNOWN) {
		c->detail[0] = '\0';
		c->status = 1;
		out_say("it is in the list; the first copy is made when the vault is unlocked");
		return ERR_OK;
	}
	if (e || done || (e = put_copies(c, &rep, folder, &found)) || found)
		return e;
	snprintf(c->hint, sizeof c->hint,
	    "the agent runs with other folders (XDG_CONFIG_HOME): end it and repeat");
	return ERR_NOTFOUND;
}

enum err
verb_backup_copy_add(struct cli *c)
{
	static struct list l;
	char folder[PATHS_MAX];
	struct buf text = BUF_INIT;
	enum err e;

	if ((e = list_open(c, &l)) || (e = check_folder(c, &l, folder)))
		goto out;
	if (!copies_find(&l.now, folder)) {
		if (l.now.n >= COPIES_FOLDERS) {
			e = cli_wrong(c, "there are %d already", COPIES_FOLDERS);
			goto out;
		}
		copies_add_line(buf_span(&l.text), folder, &text);
		if ((e = list_write(&l, &text)))
			goto out;
	}
	e = first_copy(c, folder);
out:
	buf_done(&l.text);
	buf_done(&text);
	return e;
}

/* As it stands in the list, or what it is the path of now. */
static bool
find_folder(const struct cli *c, const struct list *l, char folder[PATHS_MAX])
{
	char full[PATH_MAX];
	size_t n;

	snprintf(folder, PATHS_MAX, "%s", cli_operand(c, 0));
	for (n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
		folder[n - 1] = '\0';
	if (copies_find(&l->now, folder))
		return true;
	if (!realpath(cli_operand(c, 0), full) || strlen(full) >= PATHS_MAX)
		return false;
	memcpy(folder, full, strlen(full) + 1);
	return copies_find(&l->now, folder) != NULL;
}

enum err
verb_backup_copy_remove(struct cli *c)
{
	struct ops_backup_copies q = { 0 };
	struct ops_backup_copies_rep rep;
	static struct list l;
	char folder[PATHS_MAX];
	struct buf text = BUF_INIT;
	enum err e;

	if ((e = list_open(c, &l)))
		goto out;
	if (!find_folder(c, &l, folder)) {
		snprintf(c->hint, sizeof c->hint, "'ownkey backup copy list' shows them");
		e = ERR_NOTFOUND;
		goto out;
	}
	copies_drop_line(buf_span(&l.text), folder, &text);
	if ((e = list_write(&l, &text)))
		goto out;
	out_say("no more copies go to %s; the one that is there stays: whoever has a way in opens "
		"it, also one that you remove later",
	    folder);
	wire_mark(&ops_backup_copies_map, &q);
	e = cli_call(c, OP_BACKUP_COPIES, &q, &rep);
out:
	buf_done(&l.text);
	buf_done(&text);
	return e;
}
