#include "agent/worker/worker.h"

#include "agent/worker/backup.h"
#include "agent/worker/kdf.h"
#include "agent/worker/phrase.h"
#include "agent/worker/rsasign.h"
#include "agent/worker/share.h"
#include "agent/worker/succession.h"
#include "agent/worker/wait.h"
#include "lib/age.h"
#include "lib/chan.h"

#define JOB_WAIT_MS 10000
#define ANSWER_MAX  (16 * 1024)
#define KIB	    1024
#define MIB	    (1024 * 1024)

/* --- what each job must bring, and what it needs --- */

static enum err
check_argon2(const struct worker_job *j)
{
	if (j->pass.len == 0)
		return ERR_PASS_EMPTY;
	return j->salt.len == 16 && j->m > 0 && j->t > 0 ? ERR_OK : ERR_RANGE;
}

static enum err
check_phrase(const struct worker_job *j)
{
	struct cbor c = wire_each(&j->slot_ids);
	struct span id;
	enum err e;

	if (j->slot_ids.n > WORKER_SLOTS)
		return ERR_RANGE;
	while (!cbor_at_end(&c))
		if ((e = cbor_get_bytes(&c, &id)) != ERR_OK || id.len != 16)
			return ERR_FORMAT;
	return ERR_OK;
}

static enum err
check_rsa(const struct worker_job *j)
{
	return j->bits == 2048 || j->bits == 3072 || j->bits == 4096 ? ERR_OK : ERR_RANGE;
}

static enum err
check_nothing(const struct worker_job *j)
{
	(void)j;
	return ERR_OK;
}

static enum err
check_scrypt(const struct worker_job *j)
{
	if (j->pass.len == 0)
		return ERR_PASS_EMPTY;
	return j->salt.len == AGE_SALT && j->log_n > 0 ? ERR_OK : ERR_RANGE;
}

/* KiB, besides what every worker has. */
static uint64_t
memory_of(const struct worker_job *j)
{
	if (j->op == WORKER_ARGON2)
		return j->m;
	return j->op == WORKER_SCRYPT ? (uint64_t)1 << j->log_n : 0;
}

static const struct task {
	enum err (*check)(const struct worker_job *j);
	enum err (*run)(struct worker *w);
	bool computes; /* without waiting for anybody: needs wait_arm */
	size_t arena;  /* 0: WORKER_ARENA suffices */
} tasks[] = {
	[WORKER_ARGON2] = { check_argon2, kdf_argon2, true },
	[WORKER_PHRASE_MAKE] = { check_phrase, phrase_make, false },
	[WORKER_PHRASE_OPEN] = { check_phrase, phrase_open, false },
	[WORKER_RSA] = { check_rsa, kdf_rsa, true },
	[WORKER_SHARE_MAKE] = { share_check, share_make, false },
	[WORKER_CARD] = { check_phrase, phrase_card, false },
	[WORKER_SUCC_SIGN] = { succession_sign_check, succession_sign, false },
	[WORKER_SCRYPT] = { check_scrypt, kdf_scrypt, true },
	[WORKER_SIGN] = { check_nothing, rsasign, false },
	[WORKER_BACKUP_OPEN] = { check_phrase, backup_open, false, BACKUP_ARENA },
};

/* --- the job --- */

enum err
worker_read(struct worker *w)
{
	enum err e;

	if ((e = chan_recv_sec(w->vault, JOB_WAIT_MS, &w->frame)) != ERR_OK ||
	    (e = wire_decode(&worker_job_map, sec_span(&w->frame), &w->job)) != ERR_OK)
		return e;
	return tasks[w->job.op].check(&w->job);
}

/* The frame is all that stands in the arena yet. */
enum err
worker_widen(struct worker *w, const struct worker_arena *a)
{
	size_t size = tasks[w->job.op].arena, n = w->frame.len;
	uint8_t copy[WORKER_WIDEN];
	enum err e;

	if (size == 0)
		return ERR_OK;
	if (n > sizeof(copy))
		return ERR_TOOBIG;
	memcpy(copy, w->frame.p, n);
	sec_arena_close();
	w->frame = (struct sec){ 0 };
	if ((e = sec_arena_open(size, a->mlock, a->allow_swap)) == ERR_OK &&
	    (e = sec_init_copy(&w->frame, SPAN(copy, n))) == ERR_OK)
		e = wire_decode(&worker_job_map, sec_span(&w->frame), &w->job);
	sec_zero(copy, sizeof(copy));
	return e;
}

enum err
worker_prepare(struct worker *w, uint64_t *as_limit)
{
	uint64_t kib = memory_of(&w->job);
	enum err e;

	if (w->job.op == WORKER_SIGN)
		rsasign_prepare();
	/* how much its passphrase takes, a backup says later */
	w->log_n_max = kdf_log_n_max("/proc/meminfo");
	if (w->job.op == WORKER_BACKUP_OPEN)
		*as_limit = 64 * MIB + BACKUP_ARENA + ((uint64_t)KIB << w->log_n_max);
	else
		*as_limit = 64 * MIB + kib * KIB;
	if (kib > 0 && (e = kdf_check_memory("/proc/meminfo", kib)) != ERR_OK)
		return e;
	return tasks[w->job.op].computes ? wait_arm(w->vault, &w->frame) : ERR_OK;
}

enum err
worker_run(struct worker *w)
{
	enum err e = tasks[w->job.op].run(w);

	wait_disarm();
	return e;
}

/* Nothing secret, and there may be no arena. */
static enum err
send_error(int vault, enum err why)
{
	struct worker_event ev = { .kind = WORKER_EV_ERROR, .err = why };
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&worker_event_map, &ev);
	if ((e = wire_encode(&worker_event_map, &ev, &b)) == ERR_OK)
		e = chan_send(vault, buf_span(&b));
	buf_done(&b);
	return e;
}

enum err
worker_send(struct worker *w, enum worker_kind kind)
{
	struct sec frame = { 0 };
	struct buf b;
	enum err e;

	if ((e = sec_init(&frame, ANSWER_MAX)) != ERR_OK)
		return e;
	/* with max below cap a buffer never grows: this one stays in the arena */
	b = (struct buf){ .p = frame.p, .cap = frame.cap, .max = frame.cap - 1 };
	w->event.kind = kind;
	wire_mark(&worker_event_map, &w->event);
	if ((e = wire_encode(&worker_event_map, &w->event, &b)) == ERR_OK)
		e = chan_send(w->vault, buf_span(&b));
	sec_done(&frame);
	return e;
}

enum err
worker_answer(struct worker *w, enum err e)
{
	return e == ERR_OK ? worker_send(w, WORKER_EV_RESULT) : send_error(w->vault, e);
}

void
worker_done(struct worker *w)
{
	sec_done(&w->frame);
	sec_done(&w->out);
	sec_done(&w->seed);
	sec_done(&w->recs);
	sec_done(&w->hashes);
	sec_done(&w->backup);
	sec_zero(w, sizeof(*w));
}
