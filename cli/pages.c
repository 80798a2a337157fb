/* pages.c - the pages of a list become one. */
#include "cli/pages.h"

#include <stdlib.h>
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

/* ---- printing, by name ---- */
struct line {
	size_t at, len;	       /* the item in the bytes */
	size_t name, name_len; /* its label there */
};

struct listing {
	struct buf bytes;
	struct line *line;
	size_t n, cap;
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
	if (it->exposed)
		fputs("  (exposed)", stdout);
	putchar('\n');
}

static void
keep_item(void *arg, const struct ops_item *it, struct span raw)
{
	struct listing *l = arg;
	size_t cap = l->cap ? 2 * l->cap : 64;
	struct line *more;

	if (l->n == l->cap) {
		if (!(more = realloc(l->line, cap * sizeof *more))) {
			l->e = ERR_NOMEM;
			return;
		}
		l->line = more;
		l->cap = cap;
	}
	l->line[l->n++] = (struct line){ .at = l->bytes.len,
		.len = raw.len,
		.name = l->bytes.len + (size_t)(it->label.p - raw.p),
		.name_len = it->label.len };
	buf_put_span(&l->bytes, raw);
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct line *x = a, *y = b;
	const struct buf *bytes = arg;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int d = n ? memcmp(bytes->p + x->name, bytes->p + y->name, n) : 0;

	return d ? d : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

static enum err
put_line(const struct listing *l, const struct line *line, struct buf *json)
{
	struct span raw = SPAN(l->bytes.p + line->at, line->len);
	struct ops_item it;
	enum err e;

	if (json)
		return wire_json(&ops_item_map, raw, false, json);
	if (!(e = wire_decode(&ops_item_map, raw, &it)))
		pages_put_item(&it);
	return e;
}

static enum err
put_all(struct listing *l, bool as_json)
{
	struct buf json = BUF_INIT;
	enum err e = ERR_OK;

	if (l->n)
		qsort_r(l->line, l->n, sizeof *l->line, compare, &l->bytes);
	buf_put_str(&json, "{\"items\":[");
	for (size_t i = 0; i < l->n && !e; i++) {
		if (i > 0)
			buf_put_u8(&json, ',');
		e = put_line(l, &l->line[i], as_json ? &json : NULL);
	}
	buf_put_str(&json, "]}\n");
	if (!e && !(e = buf_err(&json)) && as_json)
		e = out_raw(STDOUT_FILENO, buf_span(&json));
	buf_done(&json);
	return e;
}

enum err
pages_print(struct cli *c, enum op op, struct ops_page *q, size_t *n)
{
	struct listing l = { .n = 0 };
	enum err e = pages_each(c, op, q, keep_item, &l);

	if (!e && !(e = l.e) && !(e = buf_err(&l.bytes)))
		e = put_all(&l, args_has(&c->args, ARG_JSON));
	*n = l.n;
	free(l.line);
	buf_done(&l.bytes);
	return e;
}
