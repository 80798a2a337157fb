/* pages.c - the pages of a list become one. */
#include "cli/pages.h"

#include <unistd.h>

static enum err
one_page(const struct ops_item_list_rep *rep, pages_item_fn *fn, void *arg)
{
	struct cbor at = wire_each(&rep->items);
	struct ops_item it;
	struct span raw;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&at))
		if (!(e = cbor_skip(&at, &raw)) && !(e = wire_decode(&ops_item_map, raw, &it)))
			fn(arg, &it, raw);
	return e;
}

/* The cursor lives in the reply, which the next call replaces. */
enum err
pages_each(struct cli *c, enum op op, struct ops_page *q, pages_item_fn *fn, void *arg)
{
	struct ops_item_list_rep rep;
	uint8_t cursor[64];
	enum err e;

	do {
		wire_mark(&ops_page_map, q);
		if ((e = cli_call(c, op, q, &rep)) || (e = one_page(&rep, fn, arg)))
			return e;
		if (rep.cursor.len > sizeof cursor)
			return ERR_TOOBIG;
		if (rep.cursor.len)
			memcpy(cursor, rep.cursor.p, rep.cursor.len);
		q->cursor = SPAN(cursor, rep.cursor.len);
	} while (q->cursor.len);
	return ERR_OK;
}

/* ---- printing ---- */
struct listing {
	struct buf json;
	bool as_json;
	size_t n;
	enum err e;
};

void
pages_put_item(const struct ops_item *it)
{
	out_text(stdout, it->label);
	if (it->epoch)
		printf("  (epoch %u)", (unsigned)it->epoch);
	if (it->state)
		fputs(it->state == 1 ? "  (retired)" : "  (revoked)", stdout);
	if (it->use)
		fputs(it->use == 1 ? "  (asks once)" : "  (touch each time)", stdout);
	putchar('\n');
}

static void
list_item(void *arg, const struct ops_item *it, struct span raw)
{
	struct listing *l = arg;

	if (!l->as_json) {
		pages_put_item(it);
	} else {
		buf_put_str(&l->json, l->n ? "," : "");
		if (!l->e)
			l->e = wire_json(&ops_item_map, raw, false, &l->json);
	}
	l->n++;
}

enum err
pages_print(struct cli *c, enum op op, struct ops_page *q, size_t *n)
{
	struct listing l = { .as_json = args_has(&c->args, ARG_JSON) };
	enum err e;

	buf_put_str(&l.json, "{\"items\":[");
	e = pages_each(c, op, q, list_item, &l);
	buf_put_str(&l.json, "]}\n");
	if (!e && !(e = l.e) && !(e = buf_err(&l.json)) && l.as_json)
		e = out_raw(STDOUT_FILENO, buf_span(&l.json));
	buf_done(&l.json);
	if (n)
		*n = l.n;
	return e;
}
