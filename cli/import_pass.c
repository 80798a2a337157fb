/*
 * import_pass.c - stores of `pass`: each file is decrypted by gpg; its first line is the password,
 * "name: value" lines are attributes, an otpauth: line a seed, the rest notes.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/import_keepass.h"
#include "lib/paths.h"

#define DEPTH 32

struct store {
	struct import_in *in;
	struct import_list *l;
	size_t root; /* length of the path of the store, with its slash */
	unsigned depth, files;
};

/* ---- one file ---- */
/* "user: alice": short, and no seed. */
static bool
is_pair(struct span line, struct span *name, struct span *value)
{
	const uint8_t *colon = line.len ? memchr(line.p, ':', line.len) : NULL;
	size_t n;

	if (!colon)
		return false;
	n = (size_t)(colon - line.p);
	*name = import_trim(SPAN(line.p, n));
	*value = n + 1 < line.len ? import_trim(SPAN(colon + 1, line.len - n - 1)) : SPAN_NONE;
	return name->len > 0 && name->len <= 32 && value->len > 0 && !import_begins(*value, "//");
}

static bool
says(struct span name, const char *a, const char *b, const char *c)
{
	return (strlen(a) == name.len && strncasecmp((const char *)name.p, a, name.len) == 0) ||
	    (strlen(b) == name.len && strncasecmp((const char *)name.p, b, name.len) == 0) ||
	    (strlen(c) == name.len && strncasecmp((const char *)name.p, c, name.len) == 0);
}

/* What is not known to be harmless to show goes with the notes, which are a secret. */
static void
take_line(struct keepass_entry *e, struct span line, struct buf *notes)
{
	struct span name, value;

	if (import_begins(line, "otpauth://") && e->otp.len == 0)
		e->otp = line;
	else if (is_pair(line, &name, &value) && says(name, "user", "username", "login") &&
	    e->user.len == 0)
		e->user = value;
	else if (is_pair(line, &name, &value) && says(name, "url", "uri", "website") &&
	    e->url.len == 0)
		e->url = value;
	else if (line.len || notes->len) {
		buf_put_span(notes, line);
		buf_put_u8(notes, '\n');
	}
}

static void
take_text(struct import_list *l, struct span name, struct span text)
{
	struct keepass_entry e = { .title = name };
	struct buf notes = BUF_INIT;
	struct span line;

	if (import_line(&text, &line)) {
		if (import_begins(line, "otpauth://"))
			e.otp = line;
		else
			e.password = line;
	}
	while (import_line(&text, &line))
		take_line(&e, line, &notes);
	while (notes.len && notes.p[notes.len - 1] == '\n')
		buf_cut(&notes, notes.len - 1);
	e.notes = buf_span(&notes);
	(void)keepass_put(l, &e);
	if (buf_err(&notes))
		l->overflow = true;
	buf_done(&notes);
}

static enum err
take_file(struct store *s, const char *path)
{
	const char *const argv[] = { "gpg", "--quiet", "--batch", "--yes", "--use-agent",
		"--decrypt", "--", path, NULL };
	struct span name = span_str(path + s->root);
	struct buf out = BUF_INIT;
	bool good = false;
	enum err e;

	name.len -= 4; /* .gpg */
	s->files++;
	e = import_program(argv, SPAN_NONE, IMPORT_VALUE + 4096, &out, &good);
	if (e == ERR_TOOBIG) {
		import_refuse(s->l, name, "it is longer than 128 KiB");
		e = ERR_OK;
	} else if (!e && !good) {
		import_refuse(s->l, name, "gpg could not decrypt it");
	} else if (!e) {
		take_text(s->l, name, buf_span(&out));
	}
	if (e == ERR_NOPROGRAM)
		snprintf(s->in->c->detail, sizeof s->in->c->detail, "gpg is not there");
	buf_done(&out);
	return e;
}

/* ---- the folder ---- */
static enum err take_folder(struct store *s, const char *path);

static int
is_wanted(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static enum err
take_name(struct store *s, const char *folder, const char *name)
{
	char path[PATHS_MAX];
	size_t n = strlen(name);
	struct stat st;

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return ERR_TOOBIG;
	if (term_is_cancelled())
		return ERR_CANCELLED;
	if (lstat(path, &st) < 0)
		return ERR_OK;
	if (S_ISDIR(st.st_mode))
		return take_folder(s, path);
	if (n > 4 && strcmp(name + n - 4, ".gpg") == 0 && S_ISREG(st.st_mode))
		return take_file(s, path);
	return ERR_OK;
}

/* In order, so that the same names come out each time. */
static enum err
take_folder(struct store *s, const char *path)
{
	struct dirent **list;
	enum err e = ERR_OK;
	int n;

	if (s->depth == DEPTH)
		return ERR_TOOBIG;
	if ((n = scandir(path, &list, is_wanted, alphasort)) < 0)
		return err_of_errno(errno);
	s->depth++;
	for (int i = 0; i < n; i++) {
		if (!e)
			e = take_name(s, path, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	s->depth--;
	return e;
}

static enum err
read_pass(struct import_in *in, struct import_list *l)
{
	const char *home = getenv("HOME"), *dir = getenv("PASSWORD_STORE_DIR");
	struct store s = { .in = in, .l = l };
	char path[PATHS_MAX];
	size_t n;
	enum err e;

	if (in->path[0])
		n = (size_t)snprintf(path, sizeof path, "%s", in->path);
	else if (dir && *dir)
		n = (size_t)snprintf(path, sizeof path, "%s", dir);
	else
		n = (size_t)snprintf(path, sizeof path, "%s/.password-store", home ? home : "");
	if (n >= sizeof path)
		return ERR_TOOBIG;
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	s.root = n + 1;
	if ((e = take_folder(&s, path)))
		snprintf(in->c->detail, sizeof in->c->detail, "%.1000s", path);
	else if (!s.files)
		e = ERR_IMPORT_KIND;
	return e;
}

const struct import_source import_pass = {
	.name = "pass",
	.what = "store of pass (a folder); gpg decrypts it",
	.read = read_pass,
	.no_file = true,
	.no_clear = true,
};
