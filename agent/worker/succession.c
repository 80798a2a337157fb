#include "agent/worker/succession.h"

#include "agent/worker/phrase.h"
#include "lib/crypto.h"
#include "lib/root.h"

#define KEY_LEN	  32
#define SIG_LEN	  64
#define PROOF_LEN (KEY_LEN + SIG_LEN)

struct place {
	uint64_t generation;
	uint64_t j;
};

/* One entry with what is to be known for signing it. */
struct task {
	struct worker_succession job;
	struct succession_entry entry;
};

static enum err
next_task(struct cbor *c, struct task *t)
{
	enum err e;

	if ((e = wire_next(&worker_succession_map, c, &t->job)) != ERR_OK ||
	    (e = succession_parse(t->job.entry, &t->entry)) != ERR_OK)
		return e;
	if (t->entry.type != SUCCESSION_ROTATE && t->entry.type != SUCCESSION_REVOKE)
		return ERR_SUCC_REFUSED;
	if (t->entry.type == SUCCESSION_ROTATE &&
	    (!wire_has(&worker_succession_map, &t->job, "next_generation") ||
		!wire_has(&worker_succession_map, &t->job, "next_j")))
		return ERR_RANGE;
	return ERR_OK;
}

/* --- one identity uses one key, never again --- */

static size_t
places_of(const struct task *t, struct place place[2])
{
	place[0] = (struct place){ t->job.generation, t->job.j };
	place[1] = (struct place){ t->job.next_generation, t->job.next_j };
	return t->entry.type == SUCCESSION_ROTATE ? 2 : 1;
}

static bool
share_a_key(const struct task *a, const struct task *b)
{
	struct place p[2], q[2];
	size_t np = places_of(a, p), nq = places_of(b, q);

	for (size_t i = 0; i < np; i++)
		for (size_t k = 0; k < nq; k++)
			if (p[i].generation == q[k].generation && p[i].j == q[k].j)
				return true;
	return false;
}

/* The first n tasks against this one. */
static enum err
check_others(const struct worker_job *j, size_t n, const struct task *t)
{
	struct cbor c = wire_each(&j->successions);
	struct task other;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		if ((e = next_task(&c, &other)) != ERR_OK)
			return e;
		if (!span_eq(other.entry.id, t->entry.id) && share_a_key(&other, t))
			return ERR_SUCC_REFUSED;
	}
	return ERR_OK;
}

enum err
succession_sign_check(const struct worker_job *j)
{
	struct cbor c = wire_each(&j->successions);
	struct task t;
	enum err e;

	if (j->successions.n == 0)
		return ERR_RANGE;
	for (size_t i = 0; i < j->successions.n; i++)
		if ((e = next_task(&c, &t)) != ERR_OK || (e = check_others(j, i, &t)) != ERR_OK)
			return e;
	return ERR_OK;
}

/* --- signing --- */

static bool
is_hash_of(struct span hash, const uint8_t pub[KEY_LEN])
{
	uint8_t h[32];

	crypto_sha256(SPAN(pub, KEY_LEN), h);
	return span_eq(hash, SPAN(h, sizeof(h)));
}

static enum err
check_keys(const struct task *t, struct span root, const uint8_t pub[KEY_LEN])
{
	uint8_t next[32];

	if (t->entry.type == SUCCESSION_REVOKE)
		return is_hash_of(t->entry.next, pub) ? ERR_OK : ERR_SUCC_REFUSED;
	root_succession_public_hash(
	    root, (uint32_t)t->job.next_generation, (uint32_t)t->job.next_j, next);
	if (!span_eq(t->entry.next, SPAN(next, sizeof(next))))
		return ERR_SUCC_REFUSED;
	/* what is revealed now is no secret any more, nor may a log be kept with it */
	if (is_hash_of(t->entry.next, pub) || memcmp(succession_key(&t->entry), pub, KEY_LEN) == 0)
		return ERR_SUCC_REFUSED;
	return ERR_OK;
}

/* proof: public key, signature. */
static enum err
sign_one(const struct task *t, struct span root, uint8_t proof[PROOF_LEN])
{
	uint8_t msg[SUCCESSION_TO_SIGN];
	struct sec seed = { 0 };
	enum err e;

	if ((e = sec_init(&seed, KEY_LEN)) != ERR_OK)
		return e;
	root_succession(root, (uint32_t)t->job.generation, (uint32_t)t->job.j, seed.p);
	crypto_ed25519_public(seed.p, proof);
	if ((e = check_keys(t, root, proof)) == ERR_OK) {
		succession_to_sign(t->job.entry, msg);
		crypto_ed25519_sign(seed.p, proof, SPAN(msg, sizeof(msg)), proof + KEY_LEN);
	}
	sec_done(&seed);
	return e;
}

/* The person has nothing more to hear. */
static enum err
sign_all(struct worker *w, struct talk *t, struct span root)
{
	struct cbor c = wire_each(&w->job.successions);
	size_t n = w->job.successions.n;
	struct task task;
	uint8_t *proof;
	enum err e;

	(void)t;
	/* public, in the arena only because it is too much for a stack */
	if ((e = sec_init(&w->out, n * PROOF_LEN)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		proof = w->out.p + i * PROOF_LEN;
		if ((e = next_task(&c, &task)) != ERR_OK ||
		    (e = sign_one(&task, root, proof)) != ERR_OK)
			return e;
		w->proof[i].key = SPAN(proof, KEY_LEN);
		w->proof[i].sig = SPAN(proof + KEY_LEN, SIG_LEN);
		wire_mark(&succession_signature_map, &w->proof[i]);
	}
	w->event.proofs = (struct wire_list){ .v = w->proof, .n = n };
	return ERR_OK;
}

enum err
succession_sign(struct worker *w)
{
	return phrase_show(w, sign_all);
}
