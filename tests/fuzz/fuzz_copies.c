/* The list of folders for copies and the state of these: what is read is bounded, and what is
 * written is read again as it was. */
#include <stdlib.h>

#include "lib/copies.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_rows(const struct copies *c, size_t most)
{
	if (c->n > most)
		abort();
	for (size_t i = 0; i < c->n; i++)
		if (!copies_is_folder(span_str(c->row[i].path)) ||
		    copies_find(c, c->row[i].path) != &c->row[i])
			abort();
}

/* A line that was added is there; dropped, the folder is gone and the others are as they were. */
static void
check_edits(struct span text)
{
	static struct copies was, now;
	struct buf with = BUF_INIT, without = BUF_INIT;
	size_t line;
	enum err e = copies_parse_list(text, &was, &line);

	if (!e != !line)
		abort();
	check_rows(&was, COPIES_FOLDERS);
	copies_drop_line(text, "/media/x", &without);
	copies_add_line(buf_span(&without), "/media/x", &with);
	e = copies_parse_list(buf_span(&without), &now, &line);
	if (copies_find(&now, "/media/x"))
		abort();
	e = copies_parse_list(buf_span(&with), &now, &line);
	if (!copies_find(&now, "/media/x") && now.n < COPIES_FOLDERS)
		abort();
	buf_done(&with);
	buf_done(&without);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct copies c, again;
	struct buf b = BUF_INIT;

	if (n > COPIES_FILE_MAX)
		return 0;
	check_edits(SPAN(p, n));
	copies_parse_state(SPAN(p, n), &c);
	check_rows(&c, COPIES_MAX);
	copies_put_state(&c, &b);
	copies_parse_state(buf_span(&b), &again);
	if (memcmp(&c, &again, sizeof c) != 0)
		abort();
	buf_done(&b);
	return 0;
}
