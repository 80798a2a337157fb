/*
 * vault_fixture.h - a small vault in memory whose keys are known: three ways in (token, recovery
 * phrase, passphrase), two items, a seed.  No file, no token, no Argon2.
 *
 * What fails while it is made aborts: it is the ground that tests stand on, not what they test.
 */
#ifndef TESTS_UNIT_VAULT_FIXTURE_H
#define TESTS_UNIT_VAULT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/vault/keys.h"
#include "agent/vault/line.h"
#include "agent/vault/vaultfile.h"
#include "lib/crypto.h"
#include "lib/seal.h"

#define FIXTURE_NOW    1795392000u /* 2026-11-23 */
#define FIXTURE_PASS_M 8
#define FIXTURE_PASS_T 1
enum { FIXTURE_TOKEN, FIXTURE_PHRASE, FIXTURE_PASS, FIXTURE_SLOTS };

struct fixture {
	uint8_t vrk[32];
	uint8_t factor[FIXTURE_SLOTS][32]; /* f1, f3, f2 of the slot in that place */
	struct outer outer;
	struct body body;
	struct vaultfile_state st;
	struct buf file;
	unsigned nitems;
};

static inline void
fixture_must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "fixture: %s: %s\n", what, err_name(e));
	abort();
}
#define FIXTURE_MUST(call) fixture_must((call), #call)

/* Once per process. */
static inline void
fixture_start(void)
{
	if (sec_arena_kind() != SEC_NONE)
		return;
	FIXTURE_MUST(crypto_init());
	FIXTURE_MUST(sec_arena_open(1 << 20, true, true));
}

static inline struct span
fixture_vrk(const struct fixture *f)
{
	return SPAN(f->vrk, 32);
}

/* ---- random numbers that can be repeated ---- */

struct fixture_rng {
	uint64_t x;
};

/* A new seed each run, printed; OWNKEY_SEED repeats one. */
static inline struct fixture_rng
fixture_seed(const char *name)
{
	const char *s = getenv("OWNKEY_SEED");
	uint64_t x;

	crypto_random(&x, sizeof(x));
	if (s != NULL)
		x = strtoull(s, NULL, 0);
	printf("# %s: OWNKEY_SEED=0x%llx\n", name, (unsigned long long)x);
	fflush(stdout);
	return (struct fixture_rng){ x };
}

/* splitmix64 */
static inline uint64_t
fixture_rand(struct fixture_rng *r)
{
	uint64_t z = (r->x += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline size_t
fixture_below(struct fixture_rng *r, size_t n)
{
	return (size_t)(fixture_rand(r) % n);
}

static inline void
fixture_fill(struct fixture_rng *r, void *p, size_t n)
{
	uint8_t *b = p;
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = (uint8_t)fixture_rand(r);
}

/* ---- slots ---- */

static inline struct keys_factors
fixture_factors(const struct fixture *f, int place)
{
	struct keys_factors k = { 0 };

	if (place == FIXTURE_TOKEN)
		k.token = SPAN(f->factor[place], 32);
	if (place == FIXTURE_PASS)
		k.passphrase = SPAN(f->factor[place], 32);
	if (place == FIXTURE_PHRASE)
		k.recovery = SPAN(f->factor[place], 32);
	return k;
}

/* Everything of a slot but id, salt, xp and wrap, which fixture_seal makes. */
static inline struct slot
fixture_slot(unsigned factors, uint8_t tag)
{
	struct slot s = { .kind = SLOT_UNLOCK, .factors = (uint8_t)factors };

	s.created = FIXTURE_NOW - FIXTURE_NOW % OUTER_DAY;
	memset(s.id, tag, sizeof(s.id));
	memset(s.kdf_salt, tag ^ 0x55, sizeof(s.kdf_salt));
	memset(s.xp, 9, sizeof(s.xp));
	if (factors & FACTOR_TOKEN) {
		s.uv = 1;
		s.alg = -7;
		s.pubkey_len = 64;
		memset(s.pubkey, tag ^ 0x33, 64);
		s.cred_id_len = 48;
		memset(s.cred_id, tag ^ 0x77, 48);
	}
	if (factors & FACTOR_PASSPHRASE) {
		s.argon_m = FIXTURE_PASS_M;
		s.argon_t = FIXTURE_PASS_T;
		memset(s.argon_salt, tag ^ 0x11, sizeof(s.argon_salt));
	}
	return s;
}

/* xp and wrap 0 for these factors; put in its place. */
static inline void
fixture_seal(struct fixture *f, int place, struct slot *s)
{
	struct keys_factors k = fixture_factors(f, place);
	struct sec prk = { 0 };
	uint8_t hdr[OUTER_SLOT_HDR];
	struct keys_slot ks = { .vault_id = f->outer.vault_id, .hdr = hdr };

	FIXTURE_MUST(keys_prk(&k, s->kdf_salt, &prk));
	FIXTURE_MUST(keys_xp(&prk, s->id, s->xp));
	FIXTURE_MUST(outer_slot_build_hdr(s, hdr));
	FIXTURE_MUST(keys_wrap(&ks, &prk, fixture_vrk(f), s->box));
	FIXTURE_MUST(outer_slot_put(&f->outer, (size_t)place, s));
	sec_done(&prk);
}

/* KEK of the slot in that place, as somebody with its factors has it. */
static inline void
fixture_kek(const struct fixture *f, int place, struct sec *kek)
{
	struct keys_factors k = fixture_factors(f, place);
	struct sec prk = { 0 };

	FIXTURE_MUST(keys_prk(&k, f->outer.slot[place].kdf_salt, &prk));
	FIXTURE_MUST(keys_kek(&prk, f->outer.raw + OUTER_HEAD + place * OUTER_SLOT_SIZE, kek));
	sec_done(&prk);
}

/* ---- items ---- */

/* An item with one revision; spans borrow from the arguments. */
static inline struct item
fixture_item(const uint8_t id[16], uint64_t kind, struct span label, const struct span *rev_id)
{
	struct item it = { .id = SPAN(id, 16), .kind = kind, .label = label, .rev = 1 };

	it.rev_ids = (struct wire_list){ .v = rev_id, .n = 1 };
	it.mtime = FIXTURE_NOW;
	it.origin.kind = kind == ITEM_KEY ? ORIGIN_DERIVED : ORIGIN_GENERATED;
	return it;
}

/* The n-th item of the fixture, into the body or into a delta (NULL: the body). */
static inline void
fixture_add_item(struct fixture *f, struct delta *d)
{
	uint8_t id[16], rev[16];
	struct span rev_id = SPAN(rev, 16);
	char label[64];
	struct item it;
	struct buf box = BUF_INIT;
	struct keys_item k = { id, 1 };

	memset(id, 0, sizeof(id));
	put_be32(id + 8, ++f->nitems);
	id[0] = 0xa1;
	memset(rev, (int)f->nitems, sizeof(rev));
	snprintf(label, sizeof(label), "secret %u", f->nitems);
	it = fixture_item(id, ITEM_SECRET, span_str(label), &rev_id);
	FIXTURE_MUST(keys_item_seal(fixture_vrk(f), &k, SPAN_LIT("correct horse"), &box));
	it.secret = buf_span(&box);
	if (d != NULL)
		delta_item(d, &it);
	else
		FIXTURE_MUST(body_item_put(&f->body, &it));
	buf_done(&box);
}

static inline void
fixture_add_key(struct fixture *f)
{
	uint8_t id[16] = { 0xb2 }, rev[16] = { 1 };
	struct span rev_id = SPAN(rev, 16);
	struct item it = fixture_item(id, ITEM_KEY, SPAN_LIT("ssh/me/login"), &rev_id);
	struct item_epoch ep = { .created = FIXTURE_NOW };

	wire_mark(&item_epoch_map, &ep);
	it.origin.service = SPAN_LIT("ssh");
	it.origin.account = SPAN_LIT("me");
	it.origin.purpose = SPAN_LIT("login");
	it.origin.alg = SPAN_LIT("ed25519");
	it.epochs = (struct wire_list){ .v = &ep, .n = 1 };
	it.policy.use = USE_ASK_ONCE;
	FIXTURE_MUST(body_item_put(&f->body, &it));
}

static inline void
fixture_add_notes(struct fixture *f)
{
	static const char *const labels[] = { "blue token", "recovery phrase", "passphrase" };
	uint8_t auth[32], seed_bytes[32];
	struct slot_note n = { .auth = SPAN(auth, 32), .added = FIXTURE_NOW };
	struct seed seed = { .created = FIXTURE_NOW, .fpr = SPAN_LIT("\1\2\3\4") };
	struct buf box = BUF_INIT;
	int i;

	for (i = 0; i < FIXTURE_SLOTS; i++) {
		memset(auth, 0xc0 + i, sizeof(auth));
		n.slot_id = SPAN(f->outer.slot[i].id, 16);
		n.label = span_str(labels[i]);
		FIXTURE_MUST(body_note_put(&f->body, &n));
	}
	memset(seed_bytes, 0x5e, sizeof(seed_bytes));
	FIXTURE_MUST(keys_seed_seal(fixture_vrk(f), 0, SPAN(seed_bytes, 32), &box));
	seed.box = buf_span(&box);
	FIXTURE_MUST(body_seed_put(&f->body, &seed));
	buf_done(&box);
}

/* ---- the file ---- */

/* Write the file anew from outer and body; the generation goes up. */
static inline void
fixture_rewrite(struct fixture *f)
{
	struct vaultfile_new nv;

	FIXTURE_MUST(vaultfile_build(&f->outer, fixture_vrk(f), &f->body, FIXTURE_NOW, &nv));
	vaultfile_commit(&f->outer, &f->body, &f->st, &nv);
	buf_done(&f->file);
	f->file = nv.bytes;
	nv.bytes = BUF_INIT;
	vaultfile_new_done(&nv);
}

/* Append a record with this delta, and apply it. */
static inline void
fixture_append_delta(struct fixture *f, const struct delta *d)
{
	struct vaultfile_state next;
	struct buf cbor = BUF_INIT;

	FIXTURE_MUST(delta_encode(d, FIXTURE_NOW + 1, &cbor));
	FIXTURE_MUST(vaultfile_append(fixture_vrk(f), &f->st, buf_span(&cbor), &f->file, &next));
	FIXTURE_MUST(body_apply(&f->body, buf_span(&cbor), next.last.generation));
	f->st = next;
	buf_done(&cbor);
}

/* One more item by a record of the journal. */
static inline void
fixture_append(struct fixture *f)
{
	struct delta d = DELTA_INIT;

	fixture_add_item(f, &d);
	fixture_append_delta(f, &d);
	delta_done(&d);
}

/* A vault of generation 1: three slots, three notes, a seed, a key, a secret. */
static inline void
fixture_make(struct fixture *f)
{
	static const unsigned factors[] = { FACTOR_TOKEN, FACTOR_PHRASE, FACTOR_PASSPHRASE };
	struct outer_new n = { .rp_id = NULL };
	struct slot s;
	int i;

	fixture_start();
	memset(f, 0, sizeof(*f));
	memset(n.vault_id, 0x1d, sizeof(n.vault_id));
	memset(n.prf_salt, 0x2d, sizeof(n.prf_salt));
	memset(n.hard_salt, 0x3d, sizeof(n.hard_salt));
	memset(f->vrk, 0x4d, sizeof(f->vrk));
	FIXTURE_MUST(outer_init(&f->outer, &n));
	body_init(&f->body);
	for (i = 0; i < FIXTURE_SLOTS; i++) {
		memset(f->factor[i], 0xf1 + i, sizeof(f->factor[i]));
		s = fixture_slot(factors[i], (uint8_t)(0x80 + i));
		fixture_seal(f, i, &s);
	}
	fixture_add_notes(f);
	fixture_add_key(f);
	fixture_add_item(f, NULL);
	fixture_rewrite(f);
}

static inline void
fixture_done(struct fixture *f)
{
	body_done(&f->body);
	buf_done(&f->file);
}

/* The trailer of file made right again after an edit in front of it. */
static inline void
fixture_fix_trailer(uint8_t *file)
{
	uint32_t total = be32(file + 12);

	crypto_sha256(SPAN(file, total - 32), file + total - 32);
}

#endif
