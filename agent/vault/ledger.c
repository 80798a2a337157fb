/* ledger.c - who holds shares of the recovery phrase. */
#include "agent/vault/ledger.h"

#include <stdlib.h>

#include "lib/words_slip39.h"

/* ---- reading: rows were checked when they came in ---- */
struct cbor
ledger_each(const struct body *b, size_t *n)
{
	struct cbor c = cbor_from(body_raw(b, BODY_SHARES));

	*n = 0;
	if (!cbor_at_end(&c) && cbor_get_array(&c, n))
		abort();
	return c;
}

bool
ledger_next(struct cbor *c, size_t *left, struct share_set *s)
{
	if (*left == 0)
		return false;
	--*left;
	if (wire_decode_at(&share_set_map, c, s))
		abort();
	return true;
}

/* ---- writing ---- */
static enum err
put_row(struct buf *out, struct share_set *s)
{
	wire_mark(&share_set_map, s);
	return wire_encode(&share_set_map, s, out);
}

/* The rows as they are, but row `at`, which becomes s. */
static enum err
copy_rows(const struct body *b, size_t at, struct share_set *s, struct buf *out)
{
	size_t n;
	struct cbor c = ledger_each(b, &n);
	struct span raw;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && !e; i++) {
		if ((e = cbor_skip(&c, &raw)))
			break;
		if (i != at)
			buf_put_span(out, raw);
		else if (s)
			e = put_row(out, s);
	}
	return e;
}

static void
put_list(struct delta *d, size_t n, const struct buf *rows)
{
	struct buf all = BUF_INIT;

	cbor_put_array(&all, n);
	buf_put_span(&all, buf_span(rows));
	delta_raw(d, BODY_SHARES, buf_span(&all));
	buf_done(&all);
}

enum err
ledger_add(struct delta *d, const struct body *b, struct share_set *s)
{
	struct buf rows = BUF_INIT;
	size_t n;
	enum err e;

	(void)ledger_each(b, &n);
	if (n >= SHARE_SETS)
		return ERR_LIMIT;
	if (!(e = copy_rows(b, n, NULL, &rows)) && !(e = put_row(&rows, s)))
		put_list(d, n + 1, &rows);
	buf_done(&rows);
	return e;
}

enum err
ledger_replace(struct delta *d, const struct body *b, size_t at, struct share_set *s)
{
	struct buf rows = BUF_INIT;
	size_t n;
	enum err e;

	(void)ledger_each(b, &n);
	if (at >= n)
		return ERR_NOTFOUND;
	if (!(e = copy_rows(b, at, s, &rows)))
		put_list(d, n - (s == NULL), &rows);
	buf_done(&rows);
	return e;
}

/* ---- one share ---- */
static bool
has_code(const struct share_note *n, struct span code)
{
	char own[WORDS_SLIP39_CODE + 1];

	words_slip39_code(n->check.p, own);
	return span_is(code, own);
}

/* A later set goes over an earlier one: 32 bits may be the same by chance. */
enum err
ledger_find(const struct body *b, struct span code, struct ledger_place *p)
{
	size_t left, at = 0;
	struct cbor c = ledger_each(b, &left), shares;
	struct share_note n;
	struct share_set s;
	enum err e = ERR_SHARE_CODE;

	for (; ledger_next(&c, &left, &s); at++)
		for (shares = wire_each(&s.shares);
		     !cbor_at_end(&shares) && !wire_next(&share_note_map, &shares, &n);)
			if (has_code(&n, code)) {
				*p = (struct ledger_place){ at, s, n };
				e = ERR_OK;
			}
	return e;
}

enum err
ledger_confirm(struct delta *d, const struct body *b, const struct ledger_place *p, uint64_t now)
{
	struct share_note notes[SHARES_MAX];
	struct share_set s = p->set;
	struct cbor c = wire_each(&s.shares);
	size_t n = 0;
	enum err e;

	while (!cbor_at_end(&c) && n < SHARES_MAX) {
		if ((e = wire_next(&share_note_map, &c, &notes[n])))
			return e;
		if (notes[n].index == p->note.index) {
			notes[n].confirmed = now;
			wire_mark(&share_note_map, &notes[n]);
		}
		n++;
	}
	s.shares = (struct wire_list){ .v = notes, .n = n };
	return ledger_replace(d, b, p->at, &s);
}
