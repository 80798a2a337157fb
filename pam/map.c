#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pam/map_parts.h"

enum err
map_refuse(struct map *m, enum err e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->why, sizeof(m->why), fmt, ap);
	va_end(ap);
	return e;
}

void
map_done(struct map *m)
{
	buf_done(&m->bytes);
	m->n = 0;
}

/* ---- text ---- */

struct span
map_word(struct span *rest, const char *ends)
{
	struct span word = { rest->p, 0 };

	while (
	    word.len < rest->len && (rest->p[word.len] == '\0' || !strchr(ends, rest->p[word.len])))
		word.len++;
	*rest = word.len == rest->len ? SPAN_NONE
				      : SPAN(rest->p + word.len + 1, rest->len - word.len - 1);
	return word;
}

/* The line is of this person?  A ':' that comes before any space makes it one of pam_u2f. */
static bool
is_theirs(struct span line, const char *user, bool *foreign)
{
	struct span rest = line, name = map_word(&rest, " \t:");

	*foreign = name.len < line.len && line.p[name.len] == ':';
	return span_is(name, user);
}

static enum err
take_line(struct span line, const struct map_who *who, bool foreign, struct map *m)
{
	const char *why = "is too long";
	enum err e = ERR_PAM_MAP_LINE;

	if (line.len <= MAP_LINE_MAX)
		e = foreign ? map_take_u2f(line, who, m, &why) : map_take_own(line, who, m, &why);
	if (e == ERR_PAM_MAP_MANY)
		return map_refuse(m, e, "more than %zu tokens", who->most);
	return e == ERR_OK ? e : map_refuse(m, e, "%s", why);
}

/* Lines end at '\n'; the last may lack it.  A '\r' before it belongs to no field, so it is refused
 * with the line. */
static enum err
take_lines(struct span text, const struct map_who *who, struct map *m)
{
	size_t number = 0;
	bool foreign;
	enum err e;

	while (text.len > 0) {
		struct span line = map_word(&text, "\n");

		number++;
		if (line.len == 0 || line.p[0] == '#' || !is_theirs(line, who->user, &foreign))
			continue;
		e = take_line(line, who, foreign, m);
		if (e != ERR_OK) {
			size_t n = strlen(m->why);

			snprintf(m->why + n, sizeof(m->why) - n, " (line %zu)", number);
			return e;
		}
	}
	return m->n > 0 ? ERR_OK : map_refuse(m, ERR_PAM_NOT_ENROLLED, "has no line");
}

enum err
map_parse(struct span text, const struct map_who *who, struct map *out)
{
	enum err e;

	memset(out, 0, sizeof(*out));
	if (text.len > MAP_FILE_MAX)
		return map_refuse(out, ERR_PAM_MAP_READ, "the file is too large");
	/* rows point into it, so it must not grow: what is decoded is shorter than its text */
	if (!buf_room(&out->bytes, text.len + strlen(who->rpid) + 1))
		e = map_refuse(out, ERR_NOMEM, "no memory");
	else {
		buf_put_str(&out->bytes, who->rpid);
		e = take_lines(text, who, out);
	}
	if (e != ERR_OK)
		map_done(out);
	return e;
}
