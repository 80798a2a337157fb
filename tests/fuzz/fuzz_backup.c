/*
 * Input: first byte, then the JSON of a backup.  At once and in pieces of the first byte's size the
 * same events come, each of which the vault can decode, or the same error; what jansson does not
 * read as one object without doubled members is never accepted where it is looked at.
 */
#include <stdlib.h>

#include "agent/worker/backup_parse.h"
#include "lib/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
start(void)
{
	if (sec_arena_kind() != SEC_NONE)
		return;
	must(sec_arena_open(BACKUP_PARSE_ARENA + 65536, true, true) == ERR_OK &&
	    crypto_init_light() == ERR_OK);
}

static enum err
keep(void *arg, const struct worker_event *ev)
{
	struct buf *all = arg;
	size_t at = all->len;
	enum err e = wire_encode(&worker_event_map, ev, all);

	/* too long a record or secret is refused here, and nothing else is wrong with it */
	if (e == ERR_TOOBIG || e == ERR_RANGE || e == ERR_TEXT)
		return e;
	must(e == ERR_OK);
	must(wire_decode(&worker_event_map, SPAN(all->p + at, all->len - at), NULL) == ERR_OK);
	return e;
}

static enum err
parse(struct span in, size_t piece, struct buf *all)
{
	struct backup_parse p;
	enum err e;

	must(backup_parse_init(&p, keep, all) == ERR_OK);
	for (e = ERR_OK; !e && in.len > 0;) {
		size_t n = in.len < piece ? in.len : piece;

		e = backup_parse_push(&p, SPAN(in.p, n));
		in = SPAN(in.p + n, in.len - n);
	}
	if (!e)
		e = backup_parse_end(&p);
	backup_parse_done(&p);
	must(sec_arena_used() == 0);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	if (n < 1)
		return 0;
	start();
	must(parse(SPAN(p + 1, n - 1), n, &a) == parse(SPAN(p + 1, n - 1), *p + 1u, &b));
	must(span_eq(buf_span(&a), buf_span(&b)));
	buf_done(&a);
	buf_done(&b);
	return 0;
}
