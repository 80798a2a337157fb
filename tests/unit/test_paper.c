/* That other programs read the pages is shown in tests/interop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/paper.h"
#include "cli/pdf.h"
#include "lib/sec.h"
#include "lib/words.h"

#define LONG                                                                       \
	"Wolfeschlegelsteinhausenbergerdorff Wolfeschlegelsteinhausenbergerdorff " \
	"Wolfeschlegelsteinhausenbergerdorff"
#define WIDE                                                     \
	"李小龍WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW" \
	"WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"
#define PASS                                            \
	"abstract-universe-sentence-category-daughter-" \
	"elephant-favorite-hospital-industry-mountain"

static struct sec phrase, share;

/* The longest words of the list: no page has more to hold. */
static enum err
fill(struct sec *s, size_t n)
{
	enum err e = sec_init(s, n * (WORDS_LONGEST + 1));

	for (size_t i = 0; n > 0 && !e; i++) {
		if (strlen(words_at(i)) < WORDS_LONGEST)
			continue;
		e = sec_put(s, span_str(words_at(i)));
		if (!e && --n > 0)
			e = sec_put(s, SPAN_LIT(" "));
	}
	return e;
}

static struct paper_page
page_of(enum paper_kind kind)
{
	struct paper_page p = { .kind = kind,
		.fingerprint = "1a2b3c4d",
		.generation = 4294967295u,
		.made = 1767225600,
		.owner = SPAN_LIT(LONG),
		.path = SPAN_LIT("/some/where/far/away/" LONG "/vault") };

	if (kind == PAPER_OF_PHRASE)
		p.words = sec_span(&phrase);
	if (kind == PAPER_OF_PHRASE || kind == PAPER_OF_BACKUP)
		p.backup = SPAN_LIT(PASS);
	if (kind == PAPER_OF_SHARE) {
		p.words = sec_span(&share);
		p.holder = SPAN_LIT(WIDE);
		p.check = "00c0ffee";
		p.share = p.threshold = p.count = 16;
	}
	return p;
}

static size_t
count(struct span in, const char *what)
{
	size_t n = 0, len = strlen(what);

	for (size_t i = 0; i + len <= in.len; i++)
		n += memcmp(in.p + i, what, len) == 0;
	return n;
}

static size_t
pages_of(const struct paper_page *p)
{
	struct buf out = BUF_INIT;
	size_t n;

	assert_int_equal(paper_pdf(p, 1, &out), ERR_OK);
	n = count(buf_span(&out), "/Type /Page ");
	/* it was reserved in one piece */
	assert_true(out.cap < 2 * 48 * 1024 + 64);
	buf_done(&out);
	return n;
}

static void
test_one_page(void **state)
{
	struct paper_page p;
	struct span holders[PAPER_HOLDERS_MAX];

	(void)state;
	for (int kind = PAPER_OF_PHRASE; kind <= PAPER_OF_HEIRS; kind++) {
		p = page_of((enum paper_kind)kind);
		assert_int_equal(pages_of(&p), 1);
	}
	/* the sheet for heirs may take another one, and loses nobody */
	p.threshold = 2;
	p.count = PAPER_HOLDERS_MAX;
	p.nholders = PAPER_HOLDERS_MAX;
	p.holders = holders;
	for (size_t i = 0; i < PAPER_HOLDERS_MAX; i++)
		holders[i] = SPAN_LIT(LONG);
	p.words = sec_span(&phrase);
	p.backup = SPAN_LIT(PASS);
	assert_int_equal(pages_of(&p), 2);
}

static void
refused(const struct paper_page *p)
{
	struct buf out = BUF_INIT;
	struct paper_look look = { .columns = 80 };

	assert_int_equal(paper_pdf(p, 1, &out), ERR_FORMAT);
	assert_int_equal(paper_text(p, 1, &look, &out), ERR_FORMAT);
	assert_int_equal(out.len, 0);
}

static void
test_refused(void **state)
{
	struct paper_page p = page_of(PAPER_OF_SHARE);

	(void)state;
	p.backup = SPAN_LIT("a-b"); /* would open a backup without the others */
	refused(&p);
	p = page_of(PAPER_OF_SHARE);
	p.words = sec_span(&phrase);
	refused(&p);
	p = page_of(PAPER_OF_SHARE);
	p.share = 17;
	refused(&p);
	p.share = 0;
	refused(&p);
	p = page_of(PAPER_OF_SHARE);
	p.check = "c0ffee";
	refused(&p);
	p = page_of(PAPER_OF_PHRASE);
	p.fingerprint = "1A2B3C4D";
	refused(&p);
	p = page_of(PAPER_OF_PHRASE);
	p.words.len--;
	assert_int_equal(pages_of(&p), 1); /* a letter less is not for us to see */
	p.words = SPAN_LIT("abandon  ability");
	refused(&p);
	p.words = SPAN_NONE;
	refused(&p);
	p = page_of(PAPER_OF_BACKUP);
	p.backup = SPAN_NONE;
	refused(&p);
	p = page_of(PAPER_OF_HEIRS);
	p.nholders = 17;
	refused(&p);
}

/* No line of more than 50 columns. */
static void
narrow(struct span text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++) {
		columns += (text.p[i] & 0xc0) != 0x80;
		if (text.p[i] == '\n')
			columns = 0;
		assert_true(columns <= PAPER_COLUMNS);
	}
}

static bool
has_words(struct span text, struct span words)
{
	struct buf line = BUF_INIT;
	bool all = true;

	for (size_t i = 0, n = 0, from = 0; words.len && i <= words.len; i++) {
		if (i < words.len && words.p[i] != ' ')
			continue;
		buf_reset(&line);
		buf_putf(&line, "%2zu ", ++n);
		buf_put(&line, words.p + from, i - from);
		all = all && count(text, buf_cstr(&line)) > 0;
		from = i + 1;
	}
	buf_done(&line);
	return all;
}

static void
test_text(void **state)
{
	struct paper_look look = { .columns = PAPER_COLUMNS, .qr = true, .utf8 = true };
	struct buf out = BUF_INIT, again = BUF_INIT;

	(void)state;
	look.ink = true;
	for (int kind = PAPER_OF_PHRASE; kind <= PAPER_OF_HEIRS; kind++) {
		struct paper_page p = page_of((enum paper_kind)kind);

		assert_int_equal(paper_text(&p, 1, &look, &out), ERR_OK);
		narrow(buf_span(&out));
		assert_true(has_words(buf_span(&out), p.words));
		assert_int_equal(count(buf_span(&out), "1a2b3c4d") > 0, 1);
		/* all of it is words that fit, but for what has no blanks */
		assert_int_equal(paper_text(&p, 1, &look, &again), ERR_OK);
		assert_true(span_eq(buf_span(&out), buf_span(&again)));
		buf_done(&out);
		buf_done(&again);
	}
}

static void
test_silent_heirs(void **state)
{
	struct paper_page p[2] = { page_of(PAPER_OF_HEIRS), page_of(PAPER_OF_HEIRS) };
	struct paper_look look = { .columns = 80 };
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(paper_text(p, 2, &look, &out), ERR_OK);
	assert_int_equal(count(buf_span(&out), "No secret is on this page"), 2);
	assert_int_equal(count(buf_span(&out), "\f"), 1);
	buf_done(&out);
	p[0].backup = SPAN_LIT(PASS);
	assert_int_equal(paper_text(p, 1, &look, &out), ERR_OK);
	assert_int_equal(count(buf_span(&out), "SECRET"), 1);
	assert_int_equal(count(buf_span(&out), "abstract-universe-"), 1);
	buf_done(&out);
}

static void
test_same_bytes(void **state)
{
	struct paper_page p = page_of(PAPER_OF_PHRASE);
	struct buf a = BUF_INIT, b = BUF_INIT;

	(void)state;
	assert_int_equal(paper_pdf(&p, 1, &a), ERR_OK);
	assert_int_equal(paper_pdf(&p, 1, &b), ERR_OK);
	assert_true(span_eq(buf_span(&a), buf_span(&b)));
	/* nothing is put behind what is there */
	assert_int_equal(paper_pdf(&p, 1, &a), ERR_FORMAT);
	buf_done(&a);
	buf_done(&b);
	assert_int_equal(paper_pdf(&p, 0, &a), ERR_FORMAT);
	assert_int_equal(paper_pdf(&p, PAPER_PAGES_MAX + 1, &a), ERR_TOOBIG);
}

/* ---- the writer ---- */
static void
test_pdf_references(void **state)
{
	struct buf out = BUF_INIT;
	struct pdf p;
	const char *xref;
	char head[24];

	(void)state;
	buf_put_str(&out, "before");
	pdf_begin(&p, &out, "a (title)");
	pdf_page(&p);
	pdf_page(&p);
	assert_int_equal(pdf_end(&p), ERR_OK);
	xref = strstr(buf_cstr(&out), "xref\n0 14\n");
	assert_non_null(xref);
	assert_non_null(strstr(xref, "/Size 14 "));
	for (int i = 1; i < 14; i++) {
		long at = strtol(xref + 10 + 20 * i, NULL, 10);

		snprintf(head, sizeof head, "%d 0 obj\n", i);
		assert_int_equal(memcmp(out.p + 6 + at, head, strlen(head)), 0);
	}
	assert_int_equal(
	    strtol(strstr(xref, "startxref") + 10, NULL, 10), xref - (const char *)out.p - 6);
	assert_non_null(strstr(buf_cstr(&out), "/Title (a \\(title\\))"));
	buf_done(&out);
}

static void
test_pdf_limits(void **state)
{
	struct buf out = BUF_INIT;
	struct pdf p;

	(void)state;
	pdf_begin(&p, &out, "");
	for (int i = 0; i < PDF_PAGES_MAX; i++)
		pdf_page(&p);
	assert_int_equal(pdf_end(&p), ERR_OK);
	buf_reset(&out);
	pdf_begin(&p, &out, "");
	for (int i = 0; i <= PDF_PAGES_MAX; i++)
		pdf_page(&p);
	assert_int_equal(pdf_end(&p), ERR_TOOBIG);
	buf_done(&out);
}

static void
test_pdf_content(void **state)
{
	const struct pdf_type sans = { PDF_SANS, 100, false }, mono = { PDF_MONO, 123, false };
	const struct pdf_box box = { 10, 20, 300, 40 }, code = { 0, 0, 1000, 1000 };
	struct buf out = BUF_INIT;
	struct pdf p;

	(void)state;
	/* 722 + 556 + 222 + 222 + 556 thousandths of 10 points; all of Courier has 600 */
	assert_int_equal(pdf_text_width(&sans, SPAN_LIT("Hello")), 228);
	assert_int_equal(pdf_text_width(&sans, SPAN_LIT("\n")), 0);
	assert_int_equal(pdf_text_width(&mono, SPAN_LIT("il")), 148);
	pdf_begin(&p, &out, "");
	pdf_page(&p);
	pdf_text(&p, &sans, 15, 419, SPAN_LIT("(\\\xfc)"));
	pdf_fill(&p, &box, 60);
	pdf_frame(&p, &box, 4);
	pdf_squares_begin(&p, &code, 33);
	pdf_squares_run(&p, 0, 12, 105);
	pdf_squares_end(&p);
	assert_int_equal(pdf_end(&p), ERR_OK);
	assert_non_null(
	    strstr(buf_cstr(&out), "BT /F0 10.0 Tf 1.5 800.0 Td (\\(\\\\\\374\\)) Tj ET\n"));
	assert_non_null(strstr(buf_cstr(&out), "0.60 g 1.0 835.9 30.0 4.0 re f 0 g\n"));
	assert_non_null(strstr(buf_cstr(&out), "0.4 w 1.2 836.1 29.6 3.6 re S\n"));
	assert_non_null(
	    strstr(buf_cstr(&out), "q 3.0303 0 0 -3.0303 0.0 841.9 cm\n0 12 105 1 re\nf Q\n"));
	buf_done(&out);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(65536, false, true) || fill(&phrase, PAPER_PHRASE) ||
	    fill(&share, PAPER_SHARE);
}

static int
teardown(void **state)
{
	(void)state;
	sec_done(&phrase);
	sec_done(&share);
	assert_int_equal(sec_arena_used(), 0);
	sec_arena_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_page),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_silent_heirs),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_pdf_references),
		cmocka_unit_test(test_pdf_limits),
		cmocka_unit_test(test_pdf_content),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
