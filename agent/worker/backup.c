/* backup.c - the conversation about a backup, and its file. */
#include "agent/worker/backup.h"

#include "agent/worker/backup_key.h"
#include "agent/worker/talk.h"
#include "agent/worker/yield.h"
#include "lib/chan.h"
#include "lib/crypto.h"

#define TRIES	    20
#define PATIENCE_MS (30 * 60 * 1000)

struct opening {
	struct worker *w;
	struct talk talk;
	struct age_reader age;
	struct backup_key key;
	struct backup_parse parse;
	struct crypto_sum sum;
	struct sec frame; /* an event for the vault */
	struct buf ahead; /* of the file: came with the head, belongs behind it */
	bool last;	  /* that was all of the file */
};

/* --- to the vault --- */

static enum err
send_event(void *arg, const struct worker_event *ev)
{
	struct opening *o = arg;
	struct buf b = { .p = o->frame.p, .cap = o->frame.cap, .max = o->frame.cap - 1 };
	enum err e;

	if ((e = wire_encode(&worker_event_map, ev, &b)) == ERR_OK && (e = buf_err(&b)) == ERR_OK)
		e = chan_send(o->w->vault, buf_span(&b));
	sec_zero(o->frame.p, b.len);
	return e;
}

/* --- the file --- */

static enum err
receive(struct opening *o, struct span *data)
{
	enum err e = talk_data(&o->talk, data, &o->last);

	if (e == ERR_OK) {
		crypto_sum_add(&o->sum, *data);
		o->w->event.size += data->len;
	}
	return e;
}

/* Up to the end of its head; what came behind it is kept. */
static enum err
read_head(struct opening *o)
{
	struct span data, out;
	enum err e;

	for (;;) {
		if ((e = receive(o, &data)) != ERR_OK ||
		    (e = age_reader_push(&o->age, &data, &out)) != ERR_OK)
			return e;
		if (o->age.wants_key)
			break;
		if (o->last && (e = age_reader_end(&o->age, &out)) != ERR_OK && !o->age.wants_key)
			return e;
		if (o->last)
			break;
		if ((e = talk_more(&o->talk)) != ERR_OK)
			return e;
	}
	buf_put_span(&o->ahead, data);
	return o->age.wants_key ? buf_err(&o->ahead) : ERR_AGE_HEADER;
}

static enum err
take(struct opening *o, struct span data)
{
	struct span out = SPAN_NONE;
	enum err e;

	do {
		if ((e = age_reader_push(&o->age, &data, &out)) != ERR_OK ||
		    (e = backup_parse_push(&o->parse, out)) != ERR_OK)
			return e;
	} while (data.len > 0 || out.len > 0);
	return ERR_OK;
}

static enum err
read_rest(struct opening *o)
{
	struct span data, out;
	enum err e = take(o, buf_span(&o->ahead));

	buf_done(&o->ahead);
	while (e == ERR_OK && !o->last)
		if ((e = receive(o, &data)) == ERR_OK)
			e = take(o, data);
	if (e != ERR_OK || (e = age_reader_end(&o->age, &out)) != ERR_OK ||
	    (e = backup_parse_push(&o->parse, out)) != ERR_OK)
		return e;
	return backup_parse_end(&o->parse);
}

/* --- its key --- */

static bool
may_type_again(enum err e)
{
	return e == ERR_AGE_MATCH || e == ERR_AGE_QUANTUM || e == ERR_PASS_EMPTY ||
	    e == ERR_FORMAT || e == ERR_UNSUPPORTED ||
	    (e >= ERR_WORDS_WRONG && e <= ERR_WORDS_COUNT) ||
	    (e >= ERR_SHARE_LENGTH && e <= ERR_SHARE_SLOW);
}

static enum err
say_what_is_wrong(struct opening *o, enum err e, bool more)
{
	struct gather *g = &o->key.shares;

	gather_progress(g, &o->talk.have, &o->talk.need);
	if (e == ERR_SHARE_FEW && g->accepted && o->talk.need > 0)
		return talk_more(&o->talk);
	return talk_error(&o->talk, e, o->key.bad, more);
}

static enum err
ask_key(struct opening *o)
{
	uint64_t left = o->w->job.tries ? o->w->job.tries : TRIES;
	struct span typed;
	enum err e, sent;

	sent = talk_want(&o->talk, o->age.header.kinds, o->age.header.log_n);
	while (sent == ERR_OK && (sent = talk_text(&o->talk, &typed)) == ERR_OK) {
		if ((e = backup_key_try(&o->key, typed)) == ERR_OK)
			return ERR_OK;
		if (!may_type_again(e))
			return e;
		left -= !o->key.shares.accepted;
		sent = say_what_is_wrong(o, e, left > 0);
		if (left == 0)
			return e;
	}
	return sent;
}

/* A key that the vault knows; if the file is for another one, the person may have it. */
static enum err
find_key(struct opening *o)
{
	const struct worker_job *j = &o->w->job;
	enum err e = ERR_AGE_MATCH;

	if (j->pass.len > 0)
		e = backup_key_passphrases(&o->key, j->pass);
	if (e == ERR_AGE_MATCH || e == ERR_AGE_QUANTUM)
		e = ask_key(o);
	if (e == ERR_OK)
		e = talk_go_on(&o->talk);
	return e;
}

/* --- the job --- */

static enum err
prepare(struct opening *o)
{
	struct worker *w = o->w;
	enum err e;

	o->key = (struct backup_key){ .age = &o->age, .log_n_max = w->log_n_max };
	o->talk = TALK_INIT;
	o->talk.in_max = TALK_FILE_MAX;
	crypto_sum_init(&o->sum);
	age_reader_init(&o->age, AGE_LOGN_MAX);
	if ((e = sec_init(&o->frame, JOB_FRAME_MAX)) != ERR_OK ||
	    (e = backup_parse_init(&o->parse, send_event, o)) != ERR_OK)
		return e;
	return talk_open(
	    &o->talk, w->vault, w->door, w->job.wait_ms ? w->job.wait_ms : PATIENCE_MS);
}

/* Who has the phrase may make it a way into the new vault. */
static enum err
yield_result(struct opening *o)
{
	struct worker *w = o->w;

	crypto_sum_end(&o->sum, w->hash);
	w->event.hash = SPAN(w->hash, sizeof(w->hash));
	if (o->key.root.len == 0)
		return ERR_OK;
	yield_fingerprint(w, sec_span(&o->key.root));
	return yield_recs(w, sec_span(&o->key.root));
}

static void
finish(struct opening *o, enum err e)
{
	talk_close(&o->talk, e);
	age_reader_done(&o->age);
	backup_key_done(&o->key);
	backup_parse_done(&o->parse);
	sec_done(&o->frame);
	buf_done(&o->ahead);
}

enum err
backup_open(struct worker *w)
{
	struct opening o = { .w = w, .talk = TALK_INIT };
	enum err e;

	if ((e = prepare(&o)) == ERR_OK && (e = read_head(&o)) == ERR_OK &&
	    (e = find_key(&o)) == ERR_OK && (e = read_rest(&o)) == ERR_OK &&
	    (e = yield_result(&o)) == ERR_OK)
		e = talk_ok(&o.talk);
	finish(&o, e);
	return e;
}
