/* list.c - identities and secrets, page by page, copied for the program. */
#include <stdlib.h>
#include <string.h>

#include "lib/ownkey/conn.h"
#include "lib/text.h"

#define ROWS_MOST   100000 /* an agent that never ends is none */
#define CURSOR_MOST 64

enum cell { LABEL, SERVICE, ACCOUNT, PURPOSE, ALGORITHM, PUBLIC, CELLS };

struct ownkey_row {
	char *cell[CELLS]; /* in text */
	char text[];
};

struct ownkey_list {
	struct ownkey_row **row;
	size_t n, cap, at;
};

static struct ownkey_row *
make_row(const struct ops_item *it)
{
	const struct span in[CELLS] = { it->label, it->service, it->account, it->purpose, it->alg,
		it->shown };
	struct ownkey_row *row;
	size_t len = 0, at = 0;

	for (size_t i = 0; i < CELLS; i++)
		len += in[i].len + 1;
	if (!(row = calloc(1, sizeof *row + len)))
		return NULL;
	for (size_t i = 0; i < CELLS; i++) {
		row->cell[i] = row->text + at;
		if (in[i].len)
			memcpy(row->cell[i], in[i].p, in[i].len);
		at += in[i].len + 1;
	}
	return row;
}

static enum err
add_row(struct ownkey_list *l, const struct ops_item *it)
{
	struct ownkey_row **more;
	size_t cap = l->cap ? 2 * l->cap : 64;

	if (l->n == ROWS_MOST)
		return ERR_TOOBIG;
	if (l->n == l->cap) {
		if (!(more = realloc(l->row, cap * sizeof(*more))))
			return ERR_NOMEM;
		l->row = more;
		l->cap = cap;
	}
	if (!(l->row[l->n] = make_row(it)))
		return ERR_NOMEM;
	l->n++;
	return ERR_OK;
}

/* The service again: an older agent may not have looked. */
static enum err
add_rows(struct ownkey_list *l, const struct wire_list *items, struct span service)
{
	struct cbor c = wire_each(items);
	struct ops_item it;
	enum err e;

	while (!cbor_at_end(&c)) {
		if (wire_next(&ops_item_map, &c, &it))
			return ERR_LIB_PROTOCOL;
		if ((!service.len || span_eq(it.service, service)) && (e = add_row(l, &it)))
			return e;
	}
	return ERR_OK;
}

struct pages {
	struct ops_page q;
	uint8_t cursor[CURSOR_MOST];
	size_t cursor_len; /* where to go on; 0 = at the beginning, at the end */
};

static enum err
add_page(struct ownkey *k, enum op op, struct pages *p, struct ownkey_list *l)
{
	struct ops_item_list_rep rep;
	struct conn_call c = { op, &ops_page_map, &p->q, &ops_item_list_rep_map, &rep };
	enum err e;

	p->q.cursor = p->cursor_len ? SPAN(p->cursor, p->cursor_len) : SPAN_NONE;
	p->q.has = 0;
	wire_mark(&ops_page_map, &p->q);
	if ((e = conn_call(k, &c)) || (e = add_rows(l, &rep.items, p->q.service)))
		return e;
	if (rep.cursor.len > CURSOR_MOST || (rep.cursor.len && !rep.items.n))
		return ERR_LIB_PROTOCOL;
	if (rep.cursor.len)
		memcpy(p->cursor, rep.cursor.p, rep.cursor.len);
	p->cursor_len = rep.cursor.len;
	return ERR_OK;
}

int
ownkey_list(struct ownkey *k, enum ownkey_kind kind, const char *service, const char *match,
    struct ownkey_list **list)
{
	struct pages p = { .q = { .service = conn_text(service), .match = conn_text(match) } };
	enum op op = kind == OWNKEY_SECRETS ? OP_SECRET_LIST : OP_ID_LIST;
	struct ownkey_list *l;
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	if (!list || (kind != OWNKEY_SECRETS && kind != OWNKEY_IDENTITIES))
		return ERR_USAGE;
	if (!(l = calloc(1, sizeof *l)))
		return ERR_NOMEM;
	do {
		e = add_page(k, op, &p, l);
		conn_done_with(k);
	} while (!e && p.cursor_len);
	if (e)
		ownkey_list_free(l);
	else
		*list = l;
	return (int)e;
}

const struct ownkey_row *
ownkey_list_next(struct ownkey_list *l)
{
	return l && l->at < l->n ? l->row[l->at++] : NULL;
}

void
ownkey_list_free(struct ownkey_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->row[i]);
	free(l->row);
	free(l);
}

static const char *
cell(const struct ownkey_row *row, enum cell c)
{
	return row ? row->cell[c] : "";
}

const char *
ownkey_row_label(const struct ownkey_row *row)
{
	return cell(row, LABEL);
}

const char *
ownkey_row_service(const struct ownkey_row *row)
{
	return cell(row, SERVICE);
}

const char *
ownkey_row_account(const struct ownkey_row *row)
{
	return cell(row, ACCOUNT);
}

const char *
ownkey_row_purpose(const struct ownkey_row *row)
{
	return cell(row, PURPOSE);
}

const char *
ownkey_row_algorithm(const struct ownkey_row *row)
{
	return cell(row, ALGORITHM);
}

const char *
ownkey_row_public(const struct ownkey_row *row)
{
	return cell(row, PUBLIC);
}

size_t
ownkey_row_public_key(const struct ownkey_row *row, unsigned char key[32])
{
	struct span text = conn_text(cell(row, PUBLIC));
	uint8_t raw[32];
	size_t n = 0;

	if (!key || strcmp(cell(row, SERVICE), "app") != 0 ||
	    text_decode(TEXT_BASE64, text, raw, sizeof raw, &n) || n != 32)
		return 0;
	memcpy(key, raw, 32);
	return 32;
}
