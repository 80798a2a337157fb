/*
 * import_csv.c - CSV exports of KeePassXC (RFC 4180; columns "Group","Title","Username","Password",
 * "URL","Notes","TOTP", in any order; others are left alone).
 */
#include "cli/import_keepass.h"

#define COLUMNS 32

struct csv {
	struct span left;
	struct buf text; /* of one record, fields one behind the other */
	struct span field[COLUMNS];
	size_t end[COLUMNS], n;
	bool bad;
};

static int
next_char(struct csv *t)
{
	int c;

	if (t->left.len == 0)
		return -1;
	c = t->left.p[0];
	t->left = t->left.len > 1 ? SPAN(t->left.p + 1, t->left.len - 1) : SPAN_NONE;
	return c;
}

static int
peek(const struct csv *t)
{
	return t->left.len ? t->left.p[0] : -1;
}

/* In quotes everything stands for itself, and "" for one of them. */
static void
quoted(struct csv *t)
{
	for (;;) {
		int c = next_char(t);

		if (c < 0) {
			t->bad = true;
			return;
		}
		if (c == '"' && peek(t) != '"')
			return;
		if (c == '"')
			next_char(t);
		buf_put_u8(&t->text, (uint8_t)c);
	}
}

/* Up to the comma or the end of the line, which is taken; true: another field follows. */
static bool
field(struct csv *t)
{
	bool was_quoted = peek(t) == '"';

	if (was_quoted) {
		next_char(t);
		quoted(t);
	}
	for (;;) {
		int c = next_char(t);

		if (c == '\r' && peek(t) == '\n')
			continue;
		if (c < 0 || c == '\n' || c == ',')
			return c == ',';
		if (was_quoted)
			t->bad = true; /* text behind the closing quote */
		buf_put_u8(&t->text, (uint8_t)c);
	}
}

/* The next record; false at the end. */
static bool
record(struct csv *t)
{
	bool more = true;

	if (t->left.len == 0)
		return false;
	buf_reset(&t->text);
	for (t->n = 0; more && t->n < COLUMNS; t->n++) {
		more = field(t);
		t->end[t->n] = t->text.len;
	}
	if (more)
		t->bad = true;
	for (size_t i = 0; i < t->n; i++) {
		size_t from = i ? t->end[i - 1] : 0;

		t->field[i] = t->end[i] > from
		    ? span_sub(buf_span(&t->text), from, t->end[i] - from)
		    : SPAN_NONE;
	}
	return true;
}

/* Which column is what. */
static const char *const names[] = { "Group", "Title", "Username", "Password", "URL", "Notes",
	"TOTP" };
enum { GROUP, TITLE, USER, PASSWORD, URL, NOTES, TOTP, KNOWN };

static bool
header(struct csv *t, size_t column[KNOWN])
{
	bool title = false, password = false;

	for (size_t k = 0; k < KNOWN; k++)
		column[k] = COLUMNS;
	if (!record(t))
		return false;
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < KNOWN; k++)
			if (span_is(t->field[i], names[k]) && column[k] == COLUMNS)
				column[k] = i;
	title = column[TITLE] < COLUMNS;
	password = column[PASSWORD] < COLUMNS;
	return title && password && !t->bad;
}

static struct span
cell(const struct csv *t, size_t column)
{
	return column < t->n ? t->field[column] : SPAN_NONE;
}

static void
entry(const struct csv *t, const size_t column[KNOWN], struct import_list *l)
{
	struct keepass_entry e = { .title = cell(t, column[TITLE]),
		.user = cell(t, column[USER]),
		.password = cell(t, column[PASSWORD]),
		.url = cell(t, column[URL]),
		.notes = cell(t, column[NOTES]),
		.otp = cell(t, column[TOTP]) };

	e.path = keepass_below_root(cell(t, column[GROUP]));
	keepass_put(l, &e);
}

static enum err
read_csv(struct import_in *in, struct import_list *l)
{
	struct csv t = { .left = in->content };
	size_t column[KNOWN];
	bool good;

	if (import_begins(t.left, "\xef\xbb\xbf"))
		t.left = SPAN(t.left.p + 3, t.left.len - 3);
	good = header(&t, column);
	while (good && !import_list_err(l) && record(&t)) {
		if (t.bad)
			good = false;
		else if (t.n > 1 || t.text.len > 0)
			entry(&t, column, l);
	}
	good = good && !t.bad && !buf_err(&t.text);
	buf_done(&t.text);
	return good ? ERR_OK : ERR_IMPORT_FORMAT;
}

static bool
is_csv(struct span content)
{
	struct csv t = { .left = content };
	size_t column[KNOWN];
	bool yes;

	if (content.len > 4096)
		t.left.len = 4096;
	yes = header(&t, column) && column[GROUP] < COLUMNS;
	buf_done(&t.text);
	return yes;
}

const struct import_source import_keepassxc_csv = {
	.name = "keepassxc-csv",
	.what = "CSV export of KeePassXC",
	.is = is_csv,
	.read = read_csv,
};
