/* rows.c - a short list of encoded records. */
#include "agent/vault/rows.h"

#include <stdlib.h>

#include "lib/sec.h"

static void
row_done(struct row *r)
{
	if (r->owned) {
		sec_zero(r->raw, r->len);
		free(r->raw);
	}
}

void
rows_done(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		row_done(&r->v[i]);
	free(r->v);
	*r = (struct rows){ 0 };
}

static enum err
room(struct rows *r)
{
	size_t cap = r->cap ? r->cap * 2 : 16;
	struct row *v;

	if (r->n < r->cap)
		return ERR_OK;
	if (!(v = realloc(r->v, cap * sizeof *v)))
		return ERR_NOMEM;
	r->v = v;
	r->cap = cap;
	return ERR_OK;
}

enum err
rows_add(struct rows *r, uint64_t key, struct span raw)
{
	enum err e;

	if ((e = room(r)))
		return e;
	r->v[r->n++] =
	    (struct row){ .key = key, .raw = (uint8_t *)(uintptr_t)raw.p, .len = raw.len };
	return ERR_OK;
}

static enum err
copy_row(uint64_t key, struct span raw, struct row *out)
{
	uint8_t *p = malloc(raw.len ? raw.len : 1);

	if (!p)
		return ERR_NOMEM;
	if (raw.len)
		memcpy(p, raw.p, raw.len);
	*out = (struct row){ .key = key, .raw = p, .len = raw.len, .owned = true };
	return ERR_OK;
}

enum err
rows_put(struct rows *r, size_t pos, uint64_t key, struct span raw)
{
	struct row new;
	enum err e;

	if (pos == r->n)
		return rows_insert(r, pos, key, raw);
	if ((e = copy_row(key, raw, &new)))
		return e;
	row_done(&r->v[pos]);
	r->v[pos] = new;
	return ERR_OK;
}

enum err
rows_insert(struct rows *r, size_t pos, uint64_t key, struct span raw)
{
	struct row new;
	enum err e;

	if ((e = room(r)) || (e = copy_row(key, raw, &new)))
		return e;
	memmove(r->v + pos + 1, r->v + pos, (r->n - pos) * sizeof *r->v);
	r->v[pos] = new;
	r->n++;
	return ERR_OK;
}

void
rows_remove(struct rows *r, size_t pos)
{
	row_done(&r->v[pos]);
	memmove(r->v + pos, r->v + pos + 1, (r->n - pos - 1) * sizeof *r->v);
	r->n--;
}
