/*
 * verb_edit.c - a secret and its attributes in the person's editor, in a file that is only in
 * memory: attributes, a line that separates, the value.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/attrs.h"
#include "cli/verbs.h"
#include "cli/which.h"
#include "cli/wipe.h"
#include "lib/paths.h"
#include "lib/text.h"

#define LINE	  "--- the secret: all that follows ---\n"
#define FILE_MOST (512 * 1024)
#define PATH_ROOM (PATHS_MAX + 64)

/* ---- where ---- */
static bool
is_in_memory(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 &&
	    (fs.f_type == TMPFS_MAGIC || fs.f_type == (long)RAMFS_MAGIC) &&
	    access(dir, W_OK | X_OK) == 0;
}

/* A folder of its own: what editors leave beside a file is in memory, too. */
static enum err
make_folder(char *dir, size_t cap)
{
	const char *at[2] = { paths_env("XDG_RUNTIME_DIR"), "/dev/shm" };

	for (size_t i = 0; i < 2; i++) {
		if (!at[i] || !is_in_memory(at[i]))
			continue;
		snprintf(dir, cap, "%s/ownkey-edit.XXXXXX", at[i]);
		if (mkdtemp(dir))
			return ERR_OK;
	}
	dir[0] = '\0';
	return ERR_EDIT_DISK;
}

/* ---- what is edited ---- */
static enum err
put_attributes(const struct wire_list *l, struct buf *b)
{
	struct cbor at = wire_each(l);
	struct ops_pair p;
	enum err e;

	while (!cbor_at_end(&at)) {
		if ((e = wire_next(&ops_pair_map, &at, &p)))
			return e;
		if (memchr(p.name.p, ':', p.name.len) || memchr(p.name.p, '\n', p.name.len) ||
		    (p.value.len && memchr(p.value.p, '\n', p.value.len)))
			return ERR_TEXT;
		buf_put_span(b, p.name);
		buf_put_str(b, ": ");
		buf_put_span(b, p.value);
		buf_put_str(b, "\n");
	}
	return ERR_OK;
}

static enum err
fetch(struct cli *c, struct buf *b)
{
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_sel sel = { .label = q.label };
	struct ops_secret_show_rep shown;
	struct ops_secret_rep rep;
	enum err e;

	wire_mark(&ops_sel_map, &sel);
	wire_mark(&ops_secret_map, &q);
	if ((e = cli_call(c, OP_SECRET_SHOW, &sel, &shown)) ||
	    (e = put_attributes(&shown.attributes, b)))
		return e;
	buf_put_str(b, LINE);
	if ((e = cli_call(c, OP_SECRET_GET, &q, &rep)))
		return e;
	if (!text_is_utf8(rep.value) || (rep.value.len && memchr(rep.value.p, 0, rep.value.len)))
		return ERR_TEXT;
	buf_put_span(b, rep.value);
	buf_put_str(b, "\n");
	return buf_err(b);
}

static struct span
next_line(struct span *s)
{
	const uint8_t *end = s->len ? memchr(s->p, '\n', s->len) : NULL;
	struct span line = SPAN(s->p, end ? (size_t)(end - s->p) : s->len);
	size_t n = line.len + (end != NULL);

	*s = SPAN(s->p + n, s->len - n);
	return line;
}

static enum err
take_attribute(struct cli *c, struct span line, struct attrs *a)
{
	const uint8_t *colon = line.len ? memchr(line.p, ':', line.len) : NULL;
	struct span value;

	if (!line.len)
		return ERR_OK;
	if (!colon || colon == line.p) {
		snprintf(c->detail, sizeof c->detail,
		    "a line above the separating one is not 'name: value'; nothing was changed");
		return ERR_FORMAT;
	}
	value =
	    span_sub(line, (size_t)(colon - line.p) + 1, line.len - (size_t)(colon - line.p) - 1);
	while (value.len && value.p[0] == ' ')
		value = SPAN(value.p + 1, value.len - 1);
	return attrs_put(a, SPAN(line.p, (size_t)(colon - line.p)), value);
}

/* One newline at the end is the editor's. */
static enum err
take(struct cli *c, struct span text, struct attrs *a, struct span *value)
{
	static const struct span separating = { (const uint8_t *)LINE, sizeof LINE - 2 };
	enum err e;

	*a = (struct attrs){ .n = 0 };
	while (text.len) {
		struct span line = next_line(&text);

		if (span_eq(line, separating)) {
			if (text.len && text.p[text.len - 1] == '\n')
				text.len--;
			*value = text;
			return ERR_OK;
		}
		if ((e = take_attribute(c, line, a)))
			return e;
	}
	snprintf(c->detail, sizeof c->detail, "the separating line is gone; nothing was changed");
	return ERR_FORMAT;
}

/* ---- the editor ---- */
/* Copies that the usual ones keep elsewhere are switched off; ours to know are vim's and nano's. */
static const char *
flags_of(const char *editor)
{
	static const char vim[] = " -n -i NONE --cmd 'set nobackup nowritebackup noundofile' ";
	char word[256], path[PATHS_MAX], *real = NULL;
	const char *name = word, *flags;

	snprintf(word, sizeof word, "%.*s", (int)strcspn(editor, " \t"), editor);
	if (!which_program(word, path, sizeof path) && (real = realpath(path, NULL)))
		name = strrchr(real, '/') + 1;
	flags = strstr(name, "vim") ? vim : strncmp(name, "nano", 4) == 0 ? " -I -R " : " ";
	free(real);
	return flags;
}

static _Noreturn void
run_editor(const struct cli *c, const char *editor, const char *flags, const char *path)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	struct buf b = BUF_INIT;

	buf_putf(&b, "exec %s%s\"$1\"", editor, flags);
	(void)signal(SIGPIPE, c->sigpipe);
	for (int s = SIGHUP; s <= SIGTERM; s++)
		if (s != SIGPIPE)
			(void)sigaction(s, &sa, NULL);
	execl("/bin/sh", "sh", "-c", buf_cstr(&b), "ownkey", path, (char *)NULL);
	_exit(127);
}

/* Ctrl-C is the editor's, as long as it runs. */
static enum err
edit(struct cli *c, const char *path)
{
	const char *editor = getenv("VISUAL"), *flags;
	int status;
	pid_t pid;

	editor = editor && *editor ? editor : getenv("EDITOR");
	editor = editor && *editor ? editor : "vi";
	flags = flags_of(editor);
	out_say("while it is open, the editor and a file in memory hold the secret");
	if ((pid = fork()) < 0)
		return ERR_LIMIT;
	if (pid == 0)
		run_editor(c, editor, flags, path);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ERR_IO;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	snprintf(c->detail, sizeof c->detail, "the editor failed: nothing was changed");
	return ERR_CANCELLED;
}

static enum err
write_file(const char *path, struct span s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err e;

	if (fd < 0)
		return ERR_PERMISSION;
	e = out_raw(fd, s);
	close(fd);
	return e;
}

/* The editor may have put another file in its place. */
static enum err
read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum err e = fd < 0 ? ERR_NOTFOUND : ERR_OK;
	ssize_t n = 1;

	out->max = FILE_MOST;
	while (!e && n != 0) {
		uint8_t *to = buf_room(out, 4096);

		n = to ? read(fd, to, 4096) : 0;
		if (n < 0)
			e = ERR_IO;
		buf_add(out, n > 0 ? (size_t)n : 0);
	}
	if (fd >= 0)
		close(fd);
	return e ? e : buf_err(out);
}

/* ---- there and back ---- */
static enum err
keep(struct cli *c, struct span text)
{
	static struct attrs attrs;
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)), .replace = true };
	enum err e;

	if ((e = take(c, text, &attrs, &q.value)))
		return e;
	q.attributes = attrs_list(&attrs);
	wire_mark(&ops_secret_map, &q);
	wire_set(&ops_secret_map, &q, "value");
	wire_set(&ops_secret_map, &q, "attributes");
	return cli_call(c, OP_SECRET_SET, &q, NULL);
}

static enum err
edit_in(struct cli *c, const char *dir)
{
	struct buf old = BUF_INIT, text = BUF_INIT;
	char path[PATH_ROOM + 8];
	enum err e;

	snprintf(path, sizeof path, "%s/secret", dir);
	if (!(e = fetch(c, &old)) && !(e = write_file(path, buf_span(&old))) &&
	    !(e = edit(c, path)) && !(e = read_file(path, &text))) {
		if (span_eq(buf_span(&old), buf_span(&text)))
			out_say("it is as it was");
		else if (!(e = keep(c, buf_span(&text))))
			out_say("changed");
	}
	buf_done(&old);
	buf_done(&text);
	return e;
}

enum err
verb_secret_edit(struct cli *c)
{
	char dir[PATH_ROOM];
	enum err e, wiped;

	/* ends with exec */
	(void)prctl(PR_SET_DUMPABLE, 0);
	c->opens = true;
	if ((e = make_folder(dir, sizeof dir)))
		return e;
	e = edit_in(c, dir);
	if ((wiped = wipe_tree(dir)))
		snprintf(c->detail, sizeof c->detail, "left behind: %.1000s", dir);
	return e ? e : wiped;
}
