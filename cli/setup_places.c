/* setup_places.c - where things are that others installed, and lines of their files. */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/setup.h"
#include "lib/whole.h"

#define ROOM 4096 /* whole_read wants it behind the end */

/* ---- places ---- */
bool
setup_next_dir(const char **list, char out[PATHS_MAX])
{
	while (**list) {
		size_t n = strcspn(*list, ":");
		const char *dir = *list;

		*list += n + (dir[n] == ':');
		while (n > 1 && dir[n - 1] == '/')
			n--;
		if (dir[0] == '/' && n < PATHS_MAX) {
			snprintf(out, PATHS_MAX, "%.*s", (int)n, dir);
			return true;
		}
	}
	return false;
}

bool
setup_system(const char *variable, const char *fallback, const char *rest, char out[PATHS_MAX])
{
	const char *list = getenv(variable);
	char dir[PATHS_MAX];

	if (!list || !*list)
		list = fallback;
	while (setup_next_dir(&list, dir))
		if (snprintf(out, PATHS_MAX, "%s/%s", dir, rest) < PATHS_MAX && !access(out, F_OK))
			return true;
	return false;
}

/* In the folders of packages many names are links. */
enum err
setup_read_system(const char *path, size_t max, struct buf *out)
{
	char *real = realpath(path, NULL);
	const struct whole w = { .dirfd = AT_FDCWD, .name = real };
	enum err e = ERR_NOTFOUND;

	out->max = max + ROOM;
	if (real)
		e = whole_read(&w, out);
	free(real);
	return e;
}

bool
setup_unit(const char *unit, char out[PATHS_MAX])
{
	static const char places[] = "/etc/systemd/user:/usr/local/lib/systemd/user:"
				     "/usr/local/share/systemd/user:/usr/lib/systemd/user:"
				     "/lib/systemd/user:/usr/share/systemd/user";
	const char *list = places;
	char dir[PATHS_MAX], rest[128];

	snprintf(rest, sizeof rest, "systemd/user/%s", unit);
	if ((!setup_place("XDG_CONFIG_HOME", ".config/", rest, out) && !access(out, F_OK)) ||
	    (!setup_place("XDG_DATA_HOME", ".local/share/", rest, out) && !access(out, F_OK)))
		return true;
	while (setup_next_dir(&list, dir))
		if (snprintf(out, PATHS_MAX, "%s/%s", dir, unit) < PATHS_MAX && !access(out, F_OK))
			return true;
	return false;
}

bool
setup_has_flatpak(const char *id)
{
	char rest[200], path[PATHS_MAX];

	snprintf(rest, sizeof rest, "flatpak/app/%s", id);
	if (!setup_place("XDG_DATA_HOME", ".local/share/", rest, path) && !access(path, F_OK))
		return true;
	snprintf(path, sizeof path, "/var/lib/%s", rest);
	return !access(path, F_OK);
}

/* ---- lines ---- */
struct span
setup_line(const struct buf *text, size_t at)
{
	const uint8_t *lf = memchr(text->p + at, '\n', text->len - at);

	return SPAN(text->p + at, lf ? (size_t)(lf - text->p) + 1 - at : text->len - at);
}

struct span
setup_trim(struct span s)
{
	while (s.len && isspace(s.p[0]))
		s = span_sub(s, 1, s.len - 1);
	while (s.len && isspace(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* ---- settings ---- */
/* "key = value": is it this key?  value gets the rest. */
static bool
is_key(struct span line, const char *key, struct span *value)
{
	struct span v = setup_trim(line);
	size_t n = strlen(key);

	if (v.len < n || memcmp(v.p, key, n) != 0)
		return false;
	v = setup_trim(span_sub(v, n, v.len - n));
	if (!v.len || v.p[0] != '=')
		return false;
	*value = setup_trim(span_sub(v, 1, v.len - 1));
	return true;
}

struct found {
	struct span head, line, value; /* of the section, of the key */
};

static struct found
find_key(const struct setup_file *f, const char *section, const char *key)
{
	struct found k = { .head = SPAN_NONE };
	struct span line;

	for (size_t at = 0; at < f->text.len; at += line.len) {
		struct span v;

		line = setup_line(&f->text, at);
		v = setup_trim(line);
		if (v.len && v.p[0] == '[') {
			if (k.head.len)
				break;
			if (span_is(v, section))
				k.head = line;
		} else if (k.head.len && is_key(line, key, &k.value)) {
			k.line = line;
			break;
		}
	}
	return k;
}

/* From the head on, so that it is unlike all else in the file: "Enabled=false" need not be. */
static enum err
replace_key(struct setup_file *f, const struct found *k, const char *text, const char *why)
{
	struct span old = SPAN(k->head.p, (size_t)(k->line.p - k->head.p) + k->line.len);
	size_t kept = (size_t)(k->line.p - k->head.p);
	struct buf b = BUF_INIT;
	enum err e;

	if (memchr(old.p, '\0', old.len))
		return ERR_TEXT;
	/* ends of lines come back as the file has them; a CR within one is part of it */
	for (size_t i = 0; i < kept; i++)
		if (old.p[i] != '\r' || old.p[i + 1] != '\n')
			buf_put_u8(&b, old.p[i]);
	buf_put_str(&b, text);
	if (!(e = buf_err(&b)))
		e = setup_replace(f, old, buf_cstr(&b), why);
	buf_done(&b);
	return e;
}

enum err
setup_setting(
    struct setup_file *f, const char *section, const char *key, const char *value, const char *why)
{
	struct found k = find_key(f, section, key);
	char text[512], both[600];

	if (snprintf(text, sizeof text, "%s=%s\n", key, value) >= (int)sizeof text)
		return ERR_TOOBIG;
	if (k.line.len && span_is(k.value, value))
		return ERR_OK;
	if (k.line.len)
		return replace_key(f, &k, text, why);
	if (k.head.len)
		return setup_insert(f, (size_t)(k.head.p - f->text.p) + k.head.len, text, why);
	snprintf(both, sizeof both, "%s\n%s", section, text);
	return setup_insert(f, f->text.len, both, why);
}
