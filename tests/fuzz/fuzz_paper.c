/*
 * Names and paths from anywhere on paper: bytes that the fonts have, lines that fit, objects that
 * are where the document says.  The first line is the owner, the second the path, then holders.
 */
#include <stdlib.h>

#include "cli/paper.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
fail_unless(bool ok)
{
	if (!ok)
		abort();
}

static struct span
next_line(struct span *s)
{
	const uint8_t *end = s->len ? memchr(s->p, '\n', s->len) : NULL;
	size_t n = end ? (size_t)(end - s->p) : s->len;
	struct span line = span_sub(*s, 0, n);

	n += end != NULL;
	*s = span_sub(*s, n, s->len - n);
	return line;
}

static void
check_latin(struct span s)
{
	struct buf b = BUF_INIT;

	(void)text_latin(s, &b);
	for (size_t i = 0; i < b.len; i++)
		fail_unless(b.p[i] >= 0x20 && b.p[i] != 0x7f && b.p[i] != 0x81 && b.p[i] != 0x8d &&
		    b.p[i] != 0x8f && b.p[i] != 0x90 && b.p[i] != 0x9d);
	buf_done(&b);
}

static void
check_pdf(const struct paper_page *page)
{
	struct buf out = BUF_INIT;
	const char *text, *xref;
	size_t at;

	fail_unless(paper_pdf(page, 1, &out) == ERR_OK);
	text = buf_cstr(&out);
	fail_unless(strlen(text) == out.len);
	for (xref = text + out.len; memcmp(xref, "startxref\n", 10) != 0;)
		xref--;
	xref = text + strtoul(xref + 10, NULL, 10);
	fail_unless(memcmp(xref, "xref\n0 ", 7) == 0);
	xref = strchr(xref + 5, '\n') + 21;
	for (unsigned long i = 1; *xref != 't'; i++, xref += 20) {
		at = strtoul(xref, NULL, 10);
		fail_unless(at < out.len && strtoul(text + at, NULL, 10) == i);
	}
	buf_done(&out);
}

static void
check_text(const struct paper_page *page, bool utf8)
{
	struct paper_look look = { .columns = 80, .utf8 = utf8 };
	struct buf out = BUF_INIT;
	size_t columns = 0;

	fail_unless(paper_text(page, 1, &look, &out) == ERR_OK);
	fail_unless(text_is_utf8(buf_span(&out)));
	for (size_t i = 0; i < out.len; i++) {
		columns += (out.p[i] & 0xc0) != 0x80;
		if (out.p[i] == '\n')
			columns = 0;
		fail_unless(columns <= PAPER_COLUMNS);
		fail_unless(out.p[i] == '\n' || (out.p[i] >= 0x20 && out.p[i] != 0x7f));
		fail_unless(utf8 || out.p[i] < 0x7f);
	}
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span s = SPAN(p, n), holders[PAPER_HOLDERS_MAX];
	struct paper_page page = { .kind = PAPER_OF_HEIRS, .fingerprint = "00000000" };

	if (n > 4096)
		return 0;
	check_latin(s);
	page.owner = next_line(&s);
	page.path = next_line(&s);
	page.holders = holders;
	while (s.len > 0 && page.nholders < PAPER_HOLDERS_MAX)
		holders[page.nholders++] = next_line(&s);
	page.count = page.threshold = (unsigned)page.nholders;
	check_pdf(&page);
	check_text(&page, true);
	check_text(&page, false);
	return 0;
}
