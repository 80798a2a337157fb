/* setup.c - plans, and how things are. */
#include "cli/setup.h"

#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/spawn.h"

/* ---- plans ---- */
enum err
setup_open(struct setup_plan *p, const char *path, struct setup_file **out)
{
	struct setup_file *f = &p->file[p->n];
	enum err e;

	if (p->n == SETUP_FILES)
		return ERR_LIMIT;
	*f = (struct setup_file){ .mode = 0600 };
	if ((e = setup_file_real(path, f->path)))
		return e;
	p->n++;
	e = setup_file_read(f->path, &f->text, &f->mode);
	f->exists = !e;
	if (!e && f->text.len > SETUP_MAX)
		e = ERR_TOOBIG;
	*out = f;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* The first line end says how the file has them. */
static void
put_lines(const struct setup_file *f, const char *text, struct buf *out)
{
	const uint8_t *lf = f->text.len ? memchr(f->text.p, '\n', f->text.len) : NULL;
	bool crlf = lf && lf > f->text.p && lf[-1] == '\r';

	for (; *text; text++) {
		if (*text == '\n' && crlf)
			buf_put_u8(out, '\r');
		buf_put_u8(out, (uint8_t)*text);
	}
}

static struct setup_edit *
next_edit(struct setup_file *f, size_t at, const char *why)
{
	struct setup_edit *d = &f->edit[f->n];

	if (f->n == SETUP_EDITS)
		return NULL;
	f->n++;
	*d = (struct setup_edit){ .at = at };
	snprintf(d->why, sizeof d->why, "%s", why);
	return d;
}

enum err
setup_insert(struct setup_file *f, size_t at, const char *text, const char *why)
{
	struct setup_edit *d = next_edit(f, at, why);

	if (!d)
		return ERR_LIMIT;
	if (at && f->text.p[at - 1] != '\n')
		put_lines(f, "\n", &d->new);
	put_lines(f, text, &d->new);
	return buf_err(&d->new);
}

enum err
setup_replace(struct setup_file *f, struct span old, const char *text, const char *why)
{
	struct setup_edit *d = next_edit(f, old.len ? (size_t)(old.p - f->text.p) : 0, why);

	if (!d)
		return ERR_LIMIT;
	buf_put_span(&d->old, old);
	put_lines(f, text, &d->new);
	return buf_err(&d->new);
}

/* Between the lines that say whose they are. */
static enum err
marked(const struct setup_file *f, const char *text, struct buf *out)
{
	if (setup_says(f, SETUP_BEGIN))
		return ERR_SETUP_FOREIGN;
	buf_putf(out, "%s (%s)\n%s%s\n", SETUP_BEGIN, "ownkey setup", text, SETUP_END);
	return buf_err(out);
}

enum err
setup_block(struct setup_file *f, const char *text, const char *why)
{
	struct buf b = BUF_INIT;
	enum err e;

	if (!(e = marked(f, text, &b)))
		e = setup_insert(f, f->text.len, buf_cstr(&b), why);
	buf_done(&b);
	return e;
}

enum err
setup_whole(struct setup_file *f, const char *text, const char *why)
{
	struct buf b = BUF_INIT;
	enum err e;

	if (!(e = marked(f, text, &b)))
		e = setup_replace(f, buf_span(&f->text), buf_cstr(&b), why);
	buf_done(&b);
	return e;
}

void
setup_note(struct setup_plan *p, const char *fmt, ...)
{
	size_t i = 0;
	va_list ap;

	while (i < SETUP_NOTES - 1 && p->note[i][0])
		i++;
	va_start(ap, fmt);
	vsnprintf(p->note[i], sizeof p->note[i], fmt, ap);
	va_end(ap);
}

enum err
setup_place(const char *variable, const char *fallback, const char *rest, char out[PATHS_MAX])
{
	const char *base = variable ? paths_env(variable) : NULL, *home = paths_env("HOME");
	int n;

	if (!base && !home)
		return ERR_NOTFOUND;
	n = base ? snprintf(out, PATHS_MAX, "%s/%s", base, rest)
		 : snprintf(out, PATHS_MAX, "%s/%s%s", home, fallback, rest);
	return n < PATHS_MAX ? ERR_OK : ERR_TOOBIG;
}

bool
setup_says(const struct setup_file *f, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= f->text.len; i++)
		if (strncasecmp((const char *)f->text.p + i, word, n) == 0)
			return true;
	return false;
}

/* Without the "." and ".." of where it was found. */
enum err
setup_program(const char *name, char out[PATHS_MAX])
{
	enum err e = paths_program(name, out, PATHS_MAX);
	char *real = e ? NULL : realpath(out, NULL);

	if (real)
		snprintf(out, PATHS_MAX, "%.*s", PATHS_MAX - 1, real);
	free(real);
	return e;
}

static void
edits_done(struct setup_edit *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_done(&d[i].old);
		buf_done(&d[i].new);
	}
}

void
setup_plan_done(struct setup_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		buf_done(&p->file[i].text);
		edits_done(p->file[i].edit, p->file[i].n);
	}
	p->n = 0;
}

void
setup_record_done(struct setup_record *r)
{
	for (size_t i = 0; i < r->n; i++) {
		buf_done(&r->row[i].before);
		edits_done(r->row[i].edit, r->row[i].n);
	}
	r->n = 0;
}

/* ---- tools ---- */
const struct setup_tool *
setup_find(const char *name)
{
	for (size_t i = 0; i < nsetup_tools; i++)
		if (strcmp(setup_tools[i].name, name) == 0)
			return &setup_tools[i];
	return NULL;
}

bool
setup_find_program(const char *name, char *file, size_t cap)
{
	const char *path = getenv("PATH");
	size_t n;

	for (; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if ((size_t)snprintf(file, cap, "%.*s/%s", (int)n, path, name) < cap &&
		    file[0] == '/' && access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static bool
is_written(const struct setup_row *row)
{
	struct buf text = BUF_INIT;
	mode_t mode;
	bool all = !setup_file_read(row->path, &text, &mode);

	for (size_t i = 0; i < row->n && all; i++)
		all = row->edit[i].new.len <=
		    text.len &&memmem(text.p, text.len, row->edit[i].new.p, row->edit[i].new.len);
	buf_done(&text);
	return all;
}

enum setup_state
setup_state(const struct setup_tool *t)
{
	static struct setup_record r;
	char file[PATHS_MAX];
	enum setup_state s = SETUP_DONE;
	enum err e = setup_record_get(t->name, &r);

	if (e == ERR_NOTFOUND)
		return !t->program || setup_find_program(t->program, file, sizeof file) ||
			(t->flatpak && setup_has_flatpak(t->flatpak))
		    ? SETUP_NOT
		    : SETUP_ABSENT;
	for (size_t i = 0; i < r.n && !e; i++)
		if (!is_written(&r.row[i]))
			s = SETUP_BROKEN;
	setup_record_done(&r);
	return e ? SETUP_BROKEN : s;
}

/* The first word of these lines that is an absolute path of such a program. */
static bool
names_missing(struct span s, char path[PATHS_MAX])
{
	static const char *const ours[] = { "/ownkey", "/pinentry-ownkey", "/git-credential-ownkey",
		"/ownkey-secrets" };
	size_t n;

	for (; s.len; s = span_sub(s, n + 1, s.len > n ? s.len - n - 1 : 0)) {
		for (n = 0; n < s.len && !memchr(" =\"\r\n", s.p[n], 5);)
			n++;
		if (n == 0 || n >= PATHS_MAX || s.p[0] != '/')
			continue;
		snprintf(path, PATHS_MAX, "%.*s", (int)n, (const char *)s.p);
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			if (strcmp(strrchr(path, '/'), ours[i]) == 0 && access(path, X_OK))
				return true;
	}
	return false;
}

bool
setup_lacks(const struct setup_tool *t, char path[PATHS_MAX])
{
	static struct setup_record r;
	bool lacks = false;

	if (setup_record_get(t->name, &r))
		return false;
	for (size_t i = 0; i < r.n && !lacks; i++)
		for (size_t j = 0; j < r.row[i].n && !lacks; j++)
			lacks = names_missing(buf_span(&r.row[i].edit[j].new), path);
	setup_record_done(&r);
	return lacks;
}

void
setup_after(const struct setup_tool *t)
{
	char file[PATHS_MAX];
	struct spawn s = { .path = file,
		.argv = t->after,
		.set = (const char *const *)environ,
		.fds = { -1, -1, -1 },
		.nfds = 3 };
	pid_t pid;

	if (t->after && setup_find_program(t->after[0], file, sizeof file) &&
	    !spawn_start(&s, &pid))
		(void)waitpid(pid, NULL, 0);
}
