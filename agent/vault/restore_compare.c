/* restore_compare.c - a backup beside a vault. */
#include "agent/vault/body_parts.h"
#include "agent/vault/restore.h"
#include "lib/crypto.h"

#define HERE	  ((uint64_t)1 << 32) /* cursors from here on are positions in the vault */
#define LOOK_MOST 1024		      /* items in one page */

/* ---- secrets ---- */
static enum err
open_secret(struct span vrk, const struct item *it, struct sec *out)
{
	struct keys_item ki = { .id = it->id.p, .rev = (uint32_t)it->rev };

	return keys_item_open(vrk, &ki, it->secret, out);
}

static enum err
same_secret(const struct restore *r, const struct restore_side *live, const struct item *it,
    const struct item *mine, bool *same)
{
	struct sec a = { 0 }, b = { 0 };
	enum err e = ERR_OK;

	*same = !it->secret.len == !mine->secret.len;
	if (*same && it->secret.len && !(e = open_secret(sec_span(&r->made.vrk), it, &a)) &&
	    !(e = open_secret(live->vrk, mine, &b)))
		*same = crypto_eq(sec_span(&a), sec_span(&b));
	sec_done(&a);
	sec_done(&b);
	return e;
}

enum err
restore_is_other(const struct restore *r, const struct restore_side *live, bool *other)
{
	struct seed mine, theirs;
	size_t pos = 0;
	enum err e = ERR_OK;

	*other = false;
	while (!e && !*other && body_seed_next(&r->made.body, &pos, &theirs)) {
		struct sec a = { 0 }, b = { 0 };
		uint32_t g = (uint32_t)theirs.generation;

		if (body_seed_get(live->body, g, &mine))
			continue;
		if (!(e = keys_seed_open(sec_span(&r->made.vrk), g, theirs.box, &a)) &&
		    !(e = keys_seed_open(live->vrk, g, mine.box, &b)))
			*other = !crypto_eq(sec_span(&a), sec_span(&b));
		sec_done(&a);
		sec_done(&b);
	}
	return e;
}

/* ---- items ---- */
enum err
restore_find(const struct restore_side *live, const struct item *it, struct item *mine)
{
	enum err e = body_item_by_id(live->body, it->id.p, mine);

	return e == ERR_NOTFOUND ? body_item_by_label(live->body, it->kind, it->label, mine) : e;
}

/* Both as records, but for what changes with each revision. */
static enum err
same_record(const struct item *it, const struct item *mine, bool *same)
{
	struct item a = *it, b = *mine;
	struct buf x = BUF_INIT, y = BUF_INIT;
	enum err e;

	a.secret = b.secret = SPAN_NONE;
	b.id = a.id;
	b.label = a.label;
	b.rev = a.rev;
	b.rev_ids = a.rev_ids;
	b.mtime = a.mtime;
	if (!(e = body_item_encode(&a, &x)) && !(e = body_item_encode(&b, &y)))
		*same = span_eq(buf_span(&x), buf_span(&y)) && span_eq(it->label, mine->label);
	buf_done(&x);
	buf_done(&y);
	return e;
}

enum err
restore_is_same(const struct restore *r, const struct restore_side *live, const struct item *it,
    const struct item *mine, bool *same)
{
	enum err e = same_record(it, mine, same);

	return !e && *same ? same_secret(r, live, it, mine, same) : e;
}

/* ---- pages ---- */
static void
add_row(struct restore_page *p, const struct ops_restore_row *row)
{
	p->row[p->n] = *row;
	wire_mark(&ops_restore_row_map, &p->row[p->n]);
	p->n++;
}

/* Of the backup. */
static enum err
compare_item(struct restore *r, const struct restore_side *live, struct restore_page *p,
    const struct item *it)
{
	struct ops_restore_row row = { .kind = it->kind, .label = it->label };
	struct item mine;
	struct tomb t;
	bool same;
	enum err e = restore_find(live, it, &mine);

	if (e == ERR_NOTFOUND) {
		row.state = OPS_RESTORE_BACKUP_ONLY;
		row.removed = !body_tomb_get(live->body, TOMB_ITEM, it->id.p, &t);
		add_row(p, &row);
		return ERR_OK;
	}
	if (e || (e = restore_is_same(r, live, it, &mine, &same)))
		return e;
	if (same) {
		p->same++;
		return ERR_OK;
	}
	row.state = OPS_RESTORE_DIFFERS;
	row.newer = mine.mtime > r->created;
	r->lacks += !row.newer;
	add_row(p, &row);
	return ERR_OK;
}

/* Of the vault: only what the backup does not have. */
static void
look_for_item(struct restore *r, struct restore_page *p, const struct item *mine)
{
	struct ops_restore_row row = { .state = OPS_RESTORE_HERE_ONLY,
		.kind = mine->kind,
		.label = mine->label,
		.newer = mine->mtime > r->created };
	struct restore_side backup = { .body = &r->made.body };
	struct item it;

	if (!restore_find(&backup, mine, &it))
		return;
	r->lacks += !row.newer;
	add_row(p, &row);
}

static void
look_for_seeds(struct restore *r, const struct restore_side *live, struct restore_page *p)
{
	struct ops_restore_row row = { .state = OPS_RESTORE_SEED };
	struct seed mine, s;
	size_t pos = 0;

	while (p->n < OPS_RESTORE_ROWS && body_seed_next(live->body, &pos, &mine)) {
		if (!body_seed_get(&r->made.body, mine.generation, &s))
			continue;
		row.newer = mine.created > r->created;
		r->lacks += !row.newer;
		add_row(p, &row);
	}
}

static enum err
page_of_backup(struct restore *r, const struct restore_side *live, struct restore_page *p)
{
	size_t pos = (size_t)p->cursor;
	struct item it;
	enum err e = ERR_OK;

	for (int n = 0; !e && n < LOOK_MOST && p->n < OPS_RESTORE_ROWS; n++) {
		if (!body_item_next(&r->made.body, &pos, &it)) {
			p->next = HERE;
			return ERR_OK;
		}
		e = compare_item(r, live, p, &it);
	}
	p->next = pos;
	return e;
}

static void
page_of_vault(struct restore *r, const struct restore_side *live, struct restore_page *p)
{
	size_t pos = (size_t)(p->cursor - HERE);
	struct item mine;

	if (pos == 0)
		look_for_seeds(r, live, p);
	for (int n = 0; n < LOOK_MOST && p->n < OPS_RESTORE_ROWS; n++) {
		if (!body_item_next(live->body, &pos, &mine))
			return;
		look_for_item(r, p, &mine);
	}
	p->next = HERE + pos;
}

/* What it lacks counts only if no page was left out. */
enum err
restore_compare(struct restore *r, const struct restore_side *live, struct restore_page *p)
{
	bool in_order = p->cursor == 0 || p->cursor == r->cursor;
	enum err e = ERR_OK;

	if (p->cursor == 0)
		r->lacks = 0;
	p->n = 0;
	p->same = p->next = 0;
	r->compared = false;
	if (p->cursor < HERE)
		e = page_of_backup(r, live, p);
	else
		page_of_vault(r, live, p);
	r->cursor = in_order && !e ? p->next : UINT64_MAX;
	r->compared = in_order && !e && p->next == 0;
	return e;
}
