#include "agent/worker/phrase.h"

#include "agent/worker/card.h"
#include "agent/worker/gather.h"
#include "agent/worker/talk.h"
#include "agent/worker/yield.h"
#include "lib/crypto.h"
#include "lib/root.h"
#include "lib/words.h"

#define WORDS		24
#define TRIES		5
#define TRIES_SHARE	10
#define PATIENCE_MS	(10 * 60 * 1000)
#define LETTERS_SUFFICE 4

struct phrase {
	struct worker *w;
	struct sec root;  /* P */
	struct sec words; /* as shown; only when made */
	struct sec typed; /* P of what was typed; only when made */
	struct talk talk;
	struct gather shares; /* in place of the words */
};

/* Says whether the typed words will do; *index: the first wrong one from 1, 0 unknown. */
typedef enum err judge_fn(struct phrase *p, struct span typed, size_t *index);

/* --- which word is wrong --- */

static bool
is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static struct span
next_word(struct span *rest)
{
	size_t n = 0;

	while (rest->len > 0 && !is_letter(rest->p[0]))
		*rest = span_sub(*rest, 1, rest->len - 1);
	while (n < rest->len && is_letter(rest->p[n]))
		n++;
	*rest = span_sub(*rest, n, rest->len - n);
	return SPAN(rest->p - n, n);
}

static bool
is_word(struct span typed, struct span word)
{
	if (typed.len > word.len || (typed.len < word.len && typed.len < LETTERS_SUFFICE))
		return false;
	for (size_t i = 0; i < typed.len; i++)
		if ((typed.p[i] | 0x20) != word.p[i])
			return false;
	return true;
}

size_t
phrase_first_wrong(struct span typed, struct span words)
{
	for (size_t i = 1; i <= WORDS; i++)
		if (!is_word(next_word(&typed), next_word(&words)))
			return i;
	return 0;
}

/* --- asking --- */

static bool
is_about_words(enum err e)
{
	return e == ERR_WORDS_WRONG || e == ERR_WORDS_CHECKSUM || e == ERR_WORDS_UNKNOWN ||
	    e == ERR_WORDS_COUNT || (e >= ERR_SHARE_LENGTH && e <= ERR_SHARE_SLOW);
}

/* A share was taken, or was not: how far we are. */
static enum err
tell_progress(struct phrase *p, bool *accepted)
{
	gather_progress(&p->shares, &p->talk.have, &p->talk.need);
	*accepted = p->shares.accepted && p->talk.need > 0;
	return *accepted ? talk_more(&p->talk) : ERR_OK;
}

static uint64_t
tries(const struct phrase *p)
{
	return p->w->job.tries ? p->w->job.tries : TRIES;
}

/* Until judge is content, or the last try was wrong too.  Each share has tries of its own, and more
 * of them: typing all the others again is much to ask. */
static enum err
ask_words(struct phrase *p, judge_fn *judge)
{
	uint64_t left = tries(p);
	struct span typed;
	bool accepted;
	size_t index;
	enum err e, sent;

	for (;;) {
		index = 0;
		if ((e = talk_text(&p->talk, &typed)) != ERR_OK)
			return e;
		if ((e = judge(p, typed, &index)) == ERR_OK || !is_about_words(e))
			return e;
		if ((sent = tell_progress(p, &accepted)) != ERR_OK)
			return sent;
		if (accepted) {
			left = tries(p) > TRIES_SHARE ? tries(p) : TRIES_SHARE;
			continue;
		}
		if ((sent = talk_error(&p->talk, e, index, --left > 0)) != ERR_OK)
			return sent;
		if (left == 0)
			return e;
	}
}

static enum err
judge_typed_back(struct phrase *p, struct span typed, size_t *index)
{
	enum err e;

	sec_wipe(&p->typed);
	e = words_to_bytes(typed, ROOT_LEN, &p->typed, NULL);
	if (e == ERR_OK && !crypto_eq(sec_span(&p->typed), sec_span(&p->root)))
		e = ERR_WORDS_WRONG;
	/* this person has the right words before their eyes: say where they went wrong */
	if (e != ERR_OK)
		*index = phrase_first_wrong(typed, sec_span(&p->words));
	return e;
}

static enum err
judge_opening(struct phrase *p, struct span typed, size_t *index)
{
	const struct worker_job *j = &p->w->job;
	size_t bad = 0;
	enum err e;

	sec_wipe(&p->root);
	e = gather_is_share(&p->shares, typed) ? gather_take(&p->shares, typed, &p->root, &bad)
					       : words_to_bytes(typed, ROOT_LEN, &p->root, &bad);
	if (e == ERR_WORDS_UNKNOWN)
		*index = bad + 1;
	if (e != ERR_OK)
		return e;
	/* enough of them: if they are not right, it is from the first again */
	gather_done(&p->shares);
	yield_fingerprint(p->w, sec_span(&p->root));
	if (j->fpr.len > 0 && !crypto_eq(p->w->event.fpr, j->fpr))
		return ERR_WORDS_WRONG;
	return ERR_OK;
}

/* --- the jobs --- */

static enum err
open_talk(struct phrase *p)
{
	const struct worker *w = p->w;

	return talk_open(
	    &p->talk, w->vault, w->door, w->job.wait_ms ? w->job.wait_ms : PATIENCE_MS);
}

static enum err
new_root(struct phrase *p)
{
	enum err e;

	if ((e = sec_init(&p->root, ROOT_LEN)) != ERR_OK ||
	    (e = sec_init(&p->typed, ROOT_LEN)) != ERR_OK ||
	    (e = sec_init(&p->words, WORDS_PHRASE_MAX)) != ERR_OK ||
	    (e = sec_random(&p->root, ROOT_LEN)) != ERR_OK)
		return e;
	return words_from_bytes(sec_span(&p->root), ' ', &p->words);
}

static enum err
show_card(struct worker *w, struct talk *t, struct span root)
{
	struct sec text = { 0 };
	enum err e;

	if ((e = sec_init(&text, CARD_MAX)) == ERR_OK &&
	    (e = card_of_phrase(w, root, &text)) == ERR_OK)
		e = talk_card(t, sec_span(&text));
	sec_done(&text);
	return e;
}

static enum err
show_words(struct phrase *p)
{
	enum err e;

	if ((e = talk_show(&p->talk, sec_span(&p->words), p->w->job.card)) != ERR_OK)
		return e;
	if (p->w->job.card && (e = show_card(p->w, &p->talk, sec_span(&p->root))) != ERR_OK)
		return e;
	return p->w->job.no_confirm ? ERR_OK : ask_words(p, judge_typed_back);
}

static enum err
yield_new(struct worker *w, struct span root)
{
	enum err e;

	yield_fingerprint(w, root);
	if ((e = yield_recs(w, root)) != ERR_OK || (e = yield_seed(w, root)) != ERR_OK ||
	    (e = yield_backup(w, root)) != ERR_OK)
		return e;
	return yield_succession(w, root);
}

/* All that a vault keeps of the generation asked for. */
static enum err
yield_generation(struct worker *w, struct span root)
{
	enum err e;

	if ((e = yield_seed(w, root)) != ERR_OK || (e = yield_backup(w, root)) != ERR_OK)
		return e;
	return yield_succession(w, root);
}

/* One event for each of the first so many: who restores does not know yet which was in use. */
static enum err
send_generations(struct worker *w, struct span root)
{
	enum err e = ERR_OK;

	for (uint64_t g = 0; g < w->job.generations && e == ERR_OK; g++) {
		w->job.generation = w->event.generation = g;
		if ((e = yield_generation(w, root)) == ERR_OK)
			e = worker_send(w, WORKER_EV_GENERATION);
		sec_done(&w->seed);
		sec_done(&w->backup);
		sec_done(&w->hashes);
		w->event.seed = w->event.backup = w->event.hashes = SPAN_NONE;
		w->event.has = 0;
	}
	return e;
}

static enum err
yield_opened(struct worker *w, struct span root)
{
	enum err e;

	if ((e = send_generations(w, root)) != ERR_OK || (e = yield_recs(w, root)) != ERR_OK)
		return e;
	return w->job.want_seed ? yield_generation(w, root) : ERR_OK;
}

/* The person is told first: who does not get to hear OK has no vault either. */
static enum err
finish(struct phrase *p, enum err e)
{
	if (e == ERR_OK)
		e = talk_ok(&p->talk);
	talk_close(&p->talk, e);
	gather_done(&p->shares);
	sec_done(&p->typed);
	sec_done(&p->words);
	sec_done(&p->root);
	return e;
}

enum err
phrase_make(struct worker *w)
{
	struct phrase p = { .w = w, .talk = TALK_INIT };
	enum err e;

	if ((e = new_root(&p)) == ERR_OK && (e = open_talk(&p)) == ERR_OK &&
	    (e = show_words(&p)) == ERR_OK)
		e = yield_new(w, sec_span(&p.root));
	return finish(&p, e);
}

enum err
phrase_open(struct worker *w)
{
	struct phrase p = { .w = w, .talk = TALK_INIT };
	enum err e;

	if ((e = sec_init(&p.root, ROOT_LEN)) == ERR_OK && (e = open_talk(&p)) == ERR_OK &&
	    (e = ask_words(&p, judge_opening)) == ERR_OK)
		e = yield_opened(w, sec_span(&p.root));
	return finish(&p, e);
}

enum err
phrase_show(struct worker *w, phrase_show_fn *show)
{
	struct phrase p = { .w = w, .talk = TALK_INIT };
	enum err e;

	if ((e = sec_init(&p.root, ROOT_LEN)) == ERR_OK && (e = open_talk(&p)) == ERR_OK &&
	    (e = ask_words(&p, judge_opening)) == ERR_OK)
		e = show(w, &p.talk, sec_span(&p.root));
	return finish(&p, e);
}

enum err
phrase_card(struct worker *w)
{
	return phrase_show(w, show_card);
}
