#include "agent/worker/yield.h"

#include "lib/root.h"

#define SEED_LEN   32
#define REC_LEN	   32
#define HASH_LEN   32
#define BACKUP_MAX 128

static uint32_t
generation(const struct worker *w)
{
	return (uint32_t)w->job.generation;
}

void
yield_fingerprint(struct worker *w, struct span root)
{
	root_fingerprint(root, w->fpr);
	w->event.fpr = SPAN(w->fpr, sizeof(w->fpr));
}

enum err
yield_recs(struct worker *w, struct span root)
{
	struct cbor c = wire_each(&w->job.slot_ids);
	size_t n = w->job.slot_ids.n;
	struct span id;
	enum err e;

	if (n > WORKER_SLOTS)
		return ERR_RANGE;
	if ((e = sec_init(&w->recs, WORKER_SLOTS * REC_LEN)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if ((e = cbor_get_bytes(&c, &id)) != ERR_OK)
			return e;
		w->rec[i] = SPAN(w->recs.p + i * REC_LEN, REC_LEN);
		root_recovery(root, id.p, w->recs.p + i * REC_LEN);
	}
	w->recs.len = n * REC_LEN;
	w->event.recs = (struct wire_list){ .v = w->rec, .n = n };
	return ERR_OK;
}

enum err
yield_seed(struct worker *w, struct span root)
{
	enum err e;

	if ((e = sec_init(&w->seed, SEED_LEN)) != ERR_OK)
		return e;
	root_seed(root, generation(w), w->seed.p);
	w->seed.len = SEED_LEN;
	w->event.seed = sec_span(&w->seed);
	return ERR_OK;
}

/* Hashes of public keys; in the arena only because 8 KiB are too much for a stack. */
enum err
yield_succession(struct worker *w, struct span root)
{
	enum err e;

	if ((e = sec_init(&w->hashes, ROOT_SUCCESSION * HASH_LEN)) != ERR_OK)
		return e;
	for (uint32_t j = 0; j < ROOT_SUCCESSION; j++)
		root_succession_public_hash(root, generation(w), j, w->hashes.p + j * HASH_LEN);
	w->hashes.len = ROOT_SUCCESSION * HASH_LEN;
	w->event.hashes = sec_span(&w->hashes);
	return ERR_OK;
}

enum err
yield_backup(struct worker *w, struct span root)
{
	enum err e;

	if ((e = sec_init(&w->backup, BACKUP_MAX)) != ERR_OK ||
	    (e = root_backup(root, generation(w), &w->backup)) != ERR_OK)
		return e;
	w->event.backup = sec_span(&w->backup);
	return ERR_OK;
}
