#include "lib/copies.h"

#include <stdio.h>

#include "lib/text.h"

#define HEAD "ownkey-copies 1"

void
copies_name(const uint8_t vault_id[16], char out[COPIES_NAME_LEN])
{
	char hex[9] = "";

	text_encode_raw(TEXT_HEX, SPAN(vault_id, 4), hex);
	snprintf(out, COPIES_NAME_LEN, "ownkey-%s.vault", hex);
}

/* ---- lines ---- */
/* The next line of *text, without its end; false: there is none. */
static bool
next_line(struct span *text, struct span *line)
{
	const uint8_t *end;
	size_t n;

	if (!text->len)
		return false;
	end = memchr(text->p, '\n', text->len);
	n = end ? (size_t)(end - text->p) : text->len;
	*line = SPAN(text->p, n);
	n += end != NULL;
	*text = SPAN(text->p + n, text->len - n);
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool
copies_is_folder(struct span path)
{
	return path.len > 0 && path.len < PATHS_MAX && path.p[0] == '/' &&
	    (path.len == 1 || path.p[path.len - 1] != '/') && text_is_utf8(path) &&
	    !memchr(path.p, 0, path.len) && !memchr(path.p, '\n', path.len) &&
	    !memchr(path.p, '\r', path.len);
}

static bool
says_nothing(struct span line)
{
	return !line.len || line.p[0] == '#';
}

/* A folder may be written with slashes behind. */
static struct span
without_slashes(struct span line)
{
	while (line.len > 1 && line.p[line.len - 1] == '/')
		line.len--;
	return line;
}

static bool
means(struct span line, const char *folder)
{
	return !says_nothing(line) && span_is(without_slashes(line), folder);
}

static const struct copies_row *
find(const struct copies *c, struct span folder)
{
	for (size_t i = 0; i < c->n; i++)
		if (span_is(folder, c->row[i].path))
			return &c->row[i];
	return NULL;
}

const struct copies_row *
copies_find(const struct copies *c, const char *folder)
{
	return find(c, span_str(folder));
}

/* False: there is no room for it. */
static bool
add_row(struct copies *c, size_t most, struct span path, const struct copies_row *as)
{
	struct copies_row *r = &c->row[c->n];

	if (find(c, path))
		return true;
	if (c->n >= most)
		return false;
	*r = *as;
	memset(r->path, 0, sizeof r->path);
	memcpy(r->path, path.p, path.len);
	c->n++;
	return true;
}

/* ---- the list ---- */
enum err
copies_parse_list(struct span text, struct copies *c, size_t *line)
{
	static const struct copies_row none;
	struct span l;

	memset(c, 0, sizeof *c);
	*line = 0;
	for (size_t n = 1; next_line(&text, &l); n++) {
		struct span path = without_slashes(l);

		if (says_nothing(l))
			continue;
		if ((!copies_is_folder(path) || !add_row(c, COPIES_FOLDERS, path, &none)) && !*line)
			*line = n;
	}
	return *line ? ERR_CONFIG : ERR_OK;
}

void
copies_add_line(struct span text, const char *folder, struct buf *out)
{
	buf_put_span(out, text);
	if (text.len && text.p[text.len - 1] != '\n')
		buf_put_u8(out, '\n');
	buf_put_str(out, folder);
	buf_put_u8(out, '\n');
}

void
copies_drop_line(struct span text, const char *folder, struct buf *out)
{
	struct span line, rest = text;

	while (next_line(&rest, &line)) {
		struct span whole = SPAN(text.p, text.len - rest.len);

		if (!means(line, folder))
			buf_put_span(out, whole);
		text = rest;
	}
}

/* ---- the state ---- */
/* Decimal digits up to a space, which is taken away, too. */
static bool
take_number(struct span *s, uint64_t *v)
{
	size_t i;

	*v = 0;
	for (i = 0; i < s->len && s->p[i] >= '0' && s->p[i] <= '9' && i < 19; i++)
		*v = *v * 10 + (uint64_t)(s->p[i] - '0');
	if (i == 0 || i >= s->len || s->p[i] != ' ')
		return false;
	*s = SPAN(s->p + i + 1, s->len - i - 1);
	return true;
}

static bool
take_line(struct span *s, uint8_t out[32])
{
	size_t n;

	if (s->len < 65 || s->p[64] != ' ' || text_decode(TEXT_HEX, SPAN(s->p, 64), out, 32, &n) ||
	    n != 32)
		return false;
	*s = SPAN(s->p + 65, s->len - 65);
	return true;
}

static bool
parse_row(struct span s, struct copies_row *r, struct span *path)
{
	uint64_t err, flags;

	*r = (struct copies_row){ 0 };
	if (!take_number(&s, &r->time) || !take_number(&s, &r->generation) ||
	    !take_line(&s, r->line) || !take_number(&s, &err) || !take_number(&s, &flags) ||
	    !take_number(&s, &r->tried))
		return false;
	if (err > UINT16_MAX || flags > 1 || !copies_is_folder(s))
		return false;
	r->err = (uint32_t)err;
	r->apart = (uint32_t)flags;
	*path = s;
	return true;
}

void
copies_parse_state(struct span text, struct copies *c)
{
	struct copies_row r;
	struct span line, path;

	memset(c, 0, sizeof *c);
	if (text.len > COPIES_FILE_MAX || !next_line(&text, &line) || !span_is(line, HEAD))
		return;
	while (next_line(&text, &line))
		if (parse_row(line, &r, &path) && !add_row(c, COPIES_MAX, path, &r))
			return;
}

void
copies_put_state(const struct copies *c, struct buf *out)
{
	buf_put_str(out, HEAD "\n");
	for (size_t i = 0; i < c->n; i++) {
		const struct copies_row *r = &c->row[i];

		buf_putf(out, "%llu %llu ", (unsigned long long)r->time,
		    (unsigned long long)r->generation);
		text_encode(TEXT_HEX, SPAN(r->line, 32), out);
		buf_putf(out, " %u %u %llu %s\n", (unsigned)r->err, (unsigned)r->apart,
		    (unsigned long long)r->tried, r->path);
	}
}
