/* convert.c - identities of other plugins become ours. */
#include "cli/age/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/age/ident.h"
#include "lib/age.h"
#include "lib/age_plugin.h"
#include "lib/text.h"

static struct span
trim(struct span s)
{
	while (s.len && strchr(" \t\r", s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool
begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len > n && memcmp(s.p, with, n) == 0;
}

static bool
is_ours(struct span text)
{
	struct buf says = BUF_INIT;
	enum age_plugin_kind kind;
	bool ours = !age_plugin_identity_parse(text, &kind, &says);

	buf_done(&says);
	return ours;
}

static enum err
convert_identity(struct span text, struct buf *out)
{
	struct ident id;
	enum err e;

	if ((e = ident_parse(text, &id)))
		return e;
	ident_done(&id);
	if (!is_ours(text))
		return age_plugin_identity(AGE_PLUGIN_FOREIGN, text, out);
	buf_put_span(out, text);
	return buf_err(out);
}

static enum err
convert_recipient(struct span text, struct buf *out)
{
	uint8_t pub[32];
	enum err e;

	if (!age_plugin_recipient_parse(text, pub)) {
		buf_put_span(out, text);
		return buf_err(out);
	}
	if ((e = age_recipient_parse(text, pub)))
		return e == ERR_FORMAT ? ERR_AGE_IDENTITY : e;
	return age_plugin_recipient(pub, out);
}

static enum err
convert_line(struct span s, struct buf *out)
{
	enum err e = ERR_OK;

	s = trim(s);
	if (!s.len || s.p[0] == '#') {
		text_printable(s, out);
	} else if (begins(s, "AGE-SECRET-KEY-")) {
		e = ERR_UNSUPPORTED;
	} else {
		e = begins(s, "age1") ? convert_recipient(s, out) : convert_identity(s, out);
	}
	buf_put_str(out, "\n");
	return e ? e : buf_err(out);
}

enum err
convert_text(struct span text, struct buf *out, size_t *line)
{
	enum err e = ERR_OK;

	for (*line = 0; text.len && !e;) {
		const uint8_t *lf = memchr(text.p, '\n', text.len);
		size_t n = lf ? (size_t)(lf - text.p) : text.len;

		(*line)++;
		e = convert_line(SPAN(text.p, n), out);
		n += lf != NULL;
		text = SPAN(text.p + n, text.len - n);
	}
	return e;
}

static enum err
read_all(int fd, struct buf *b)
{
	uint8_t *at;
	ssize_t n;

	do {
		if (!(at = buf_room(b, 4096)))
			return ERR_NOMEM;
		n = read(fd, at, 4096);
		if (n > 0)
			buf_add(b, (size_t)n);
		if (b->len > CONVERT_MAX)
			return ERR_TOOBIG;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? ERR_IO : ERR_OK;
}

enum err
convert_file(const char *path, struct buf *out, size_t *line)
{
	struct buf text = BUF_INIT;
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e;

	*line = 0;
	if (fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_PERMISSION;
	if (!(e = read_all(fd, &text)))
		e = convert_text(buf_span(&text), out, line);
	if (!is_stdin)
		close(fd);
	buf_done(&text);
	return e;
}
