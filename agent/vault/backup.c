/* backup.c - a backup being written, one piece at a time. */
#include "agent/vault/backup.h"

#include <stdlib.h>
#include <time.h>

enum err
backup_new(struct vault *v, struct backup **out)
{
	struct backup *b = calloc(1, sizeof *b);
	enum err e;

	if (!b)
		return ERR_NOMEM;
	b->v = v;
	body_init(&b->body);
	if ((e = body_clone(&v->open.body, &b->body)) ||
	    (e = sec_init_copy(&b->vrk, sec_span(&v->open.vrk)))) {
		backup_free(b);
		return e;
	}
	b->note.created = (uint64_t)time(NULL);
	b->note.generation = v->open.state.last.generation;
	b->json = (struct agejson){ .age = &b->age, .out = &b->out };
	crypto_sum_init(&b->sum);
	*out = b;
	return ERR_OK;
}

void
backup_free(struct backup *b)
{
	if (!b)
		return;
	body_done(&b->body);
	sec_done(&b->vrk);
	age_writer_done(&b->age);
	buf_done(&b->out);
	sec_zero(b, sizeof *b);
	free(b);
}

enum err
backup_start(struct backup *b)
{
	struct span head;
	enum err e;

	if ((e = age_writer_start(&b->age, &head)))
		return e;
	buf_put_span(&b->out, head);
	return buf_err(&b->out);
}

/* ---- pieces ---- */
static enum err
finish(struct backup *b)
{
	struct span last;
	enum err e;

	if ((e = age_writer_end(&b->age, &last)))
		return e;
	buf_put_span(&b->out, last);
	b->ended = true;
	return buf_err(&b->out);
}

static enum err
step(struct backup *b)
{
	bool more = false;
	enum err e;

	if (b->stage == nbackup_stages)
		return finish(b);
	if ((e = backup_stages[b->stage](b, &more)))
		return e;
	if (!more) {
		b->stage++;
		b->pos = 0;
	}
	return b->json.err;
}

enum err
backup_piece(struct backup *b, size_t max, struct span *data, bool *end)
{
	enum err e;

	if (b->at == b->out.len) {
		buf_reset(&b->out);
		b->at = 0;
	}
	while (!b->ended && b->out.len - b->at < max)
		if ((e = step(b)))
			return e;
	*data = SPAN(b->out.p + b->at, b->out.len - b->at);
	if (data->len > max)
		data->len = max;
	b->at += data->len;
	*end = b->ended && b->at == b->out.len;
	if (b->read)
		return ERR_OK;
	crypto_sum_add(&b->sum, *data);
	b->note.size += data->len;
	if ((b->read = *end))
		crypto_sum_end(&b->sum, b->hash);
	return ERR_OK;
}
