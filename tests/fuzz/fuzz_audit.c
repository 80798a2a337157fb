/*
 * An audit log of eight records, edited as the input says: what the walk accepts is a beginning of
 * what was written, and what is behind it is called torn only when it is a part of a record or
 * begins with a record of zeros.
 * Input: u16be bytes cut off; then { u16be offset, u8 n, n bytes }: n < 128 bytes are written, else
 * (n - 127) * 64 zeros.  Offset 0xffff: append.  The input itself is read as a record, too.
 */
#include <stdlib.h>

#include "agent/vault/audit_log.h"

#define RECORDS 8

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint8_t key[32] = { 1 };
static struct buf made;

static void
start(void)
{
	struct audit_pos at = { .n = 0 };
	struct audit_entry e = { .kind = AUDIT_BEGIN, .time = 1, .log_id = SPAN(key, 16) };

	if (made.p != NULL)
		return;
	for (; at.n < RECORDS; e.kind = AUDIT_OPERATION, e.op = at.n, e.client = span_str("x")) {
		e.has = 0;
		wire_mark(&audit_entry_map, &e);
		if (audit_log_put(SPAN(key, 32), &at, &e, &made))
			abort();
		e.log_id = SPAN_NONE;
	}
}

static void
write_at(struct buf *f, size_t at, const uint8_t *p, size_t n)
{
	if (at == 0xffff) {
		if (p != NULL)
			buf_put(f, p, n);
		else
			buf_put_zero(f, n);
		return;
	}
	for (size_t i = 0; i < n && at + i < f->len; i++)
		f->p[at + i] = p != NULL ? p[i] : 0;
}

static void
edit(struct buf *f, const uint8_t *p, size_t n)
{
	size_t at, len;

	for (; n > 3 && f->len < 1 << 16; p += 3 + len, n -= 3 + len) {
		at = be16(p);
		if (p[2] >= 128) {
			write_at(f, at, NULL, (size_t)(p[2] - 127) * 64);
			len = 0;
			continue;
		}
		len = p[2] < n - 3 ? p[2] : n - 3;
		write_at(f, at, p + 3, len);
	}
}

static bool
is_torn(struct span rest)
{
	if (rest.len < AUDIT_RECORD)
		return rest.len > 0;
	for (size_t i = 0; i < AUDIT_RECORD; i++)
		if (rest.p[i])
			return false;
	return true;
}

static void
walk(const struct buf *f)
{
	struct audit_pos at = { .n = 0 };
	struct audit_record r;
	size_t good;
	enum err e;

	if (f->len < AUDIT_RECORD ||
	    audit_log_start(SPAN(key, 32), SPAN(f->p, AUDIT_RECORD), &at, &r))
		return;
	e = audit_log_walk(
	    SPAN(key, 32), &at, SPAN(f->p + AUDIT_RECORD, f->len - AUDIT_RECORD), &good);
	good += AUDIT_RECORD;
	if (good > made.len || memcmp(f->p, made.p, good) != 0 || at.n != good / AUDIT_RECORD)
		abort();
	if ((e == ERR_OK) != (good == f->len) ||
	    (e == ERR_VAULT_TORN) != is_torn(SPAN(f->p + good, f->len - good)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf f = BUF_INIT;
	struct audit_record r;
	size_t cut;

	start();
	if (audit_log_parse(SPAN(p, n), &r) == ERR_OK && n != AUDIT_RECORD)
		abort();
	if (n < 2)
		return 0;
	buf_put_span(&f, buf_span(&made));
	cut = be16(p);
	buf_cut(&f, cut < f.len ? f.len - cut : 0);
	edit(&f, p + 2, n - 2);
	if (buf_err(&f) == ERR_OK)
		walk(&f);
	buf_done(&f);
	return 0;
}
