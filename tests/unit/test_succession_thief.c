/*
 * A thief has copied an open vault: the seed of the generation, with it every hot key there was and
 * will be, the hashes of the phrase's keys, the log.  And has seen rotations of other identities
 * and revocations signed by phrase keys.  They try whatever signs: each key in each place, keys of
 * their own announced instead, signatures of the phrase taken from elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/vault/derive.h"
#include "tests/unit/succession_wrong.h"

struct thief {
	struct key key[12];
	size_t n;
};

static void
thief_derive(struct thief *t, const char *purpose, uint32_t epoch)
{
	struct sec root = { 0 }, private = { 0 };
	struct derive_path path = { SPAN_LIT("ssh"), SPAN_LIT("me"), span_str(purpose), epoch };
	uint8_t seed[32];

	root_seed(SPAN(fixture_root, 32), 0, seed);
	must(derive_root(SPAN(seed, 32), &root));
	must(derive_key(&root, &path, SPAN_LIT("ed25519"), &private));
	t->key[t->n++] = key_of(private.p);
	sec_done(&root);
	sec_done(&private);
	t->key[t->n++] = key_of(seed);
}

static void
thief_has(struct thief *t, const struct maker *m)
{
	t->n = 0;
	for (uint32_t i = 0; i <= m->hots + 1; i++)
		t->key[t->n++] = key_hot(m->account, i);
	t->key[t->n++] = key_of(m->st.next); /* the hash as a seed */
	thief_derive(t, "succession", 0);
	thief_derive(t, "succession", 1);
	t->key[t->n++] = key_hot("thief", 0);
}

/* Announced by the thief in place of the phrase's: each key's hash. */
static size_t
try_keys(struct maker *m, const struct thief *t, enum succession_type type)
{
	size_t tried = 0;
	struct wrong w;
	enum err e;

	for (size_t a = 0; a < t->n; a++)
		for (size_t b = 0; b < t->n; b++)
			for (size_t own = 0; own < 2; own++, tried++) {
				right(&w, m, type);
				w.key[0] = SPAN(t->key[t->n - 1].pub, 32);
				if (own)
					crypto_sha256(SPAN(t->key[b].pub, 32), w.next);
				w.by[0] = t->key[a];
				w.by[1] = t->key[b];
				w.nby = 2;
				e = try_wrong(m, &w);
				assert_true(e == ERR_SUCC_PHRASE || e == ERR_SUCC_SIGNATURE ||
				    e == ERR_SUCC_RULE);
			}
	return tried;
}

/* The phrase's public key is known once it was revealed, its signature over another entry too. */
static void
try_replay(struct maker *m, const struct maker *victim)
{
	struct succession_proof proof[2];
	struct succession_state st;
	struct succession_signature sig;
	struct succession_signed s;
	struct buf entry = BUF_INIT, log = BUF_INIT;
	struct cbor c = cbor_from(buf_span(&victim->log));
	struct wrong w;
	size_t n;

	must(cbor_get_array(&c, &n));
	while (!cbor_at_end(&c))
		must(wire_next(&succession_signed_map, &c, &s));
	c = wire_each(&s.signatures);
	while (!cbor_at_end(&c))
		must(wire_next(&succession_signature_map, &c, &sig));
	right(&w, m, SUCCESSION_ROTATE);
	wire_mark(&succession_binding_map, &w.b[0]);
	wire_mark(&succession_entry_map, &w.e);
	must(wire_encode(&succession_entry_map, &w.e, &entry));
	proof[0] = prove(&m->hot, buf_span(&entry));
	memcpy(proof[1].key, sig.key.p, 32);
	memcpy(proof[1].sig, sig.sig.p, 64);
	raw_append(buf_span(&m->log), buf_span(&entry), proof, 2, &log);
	assert_int_equal(succession_verify(buf_span(&log), &st), ERR_SUCC_SIGNATURE);
	buf_done(&entry);
	buf_done(&log);
}

static void
test_thief(void **state)
{
	struct maker m, told;
	struct thief t;
	struct key next;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	maker_rotate(&m, 1, "x");
	thief_has(&t, &m);
	assert_true(try_keys(&m, &t, SUCCESSION_ROTATE) > 100);
	/* the owner revokes with the phrase: its public key and a signature are known now */
	maker_copy(&m, &told);
	next = key_phrase(m.j);
	must(maker_revoke(&told, &next));
	try_replay(&m, &told);
	maker_done(&told);
	/* the owner rotates a copy that the thief sees: its signature fits nothing else */
	maker_copy(&m, &told);
	maker_rotate(&told, 2, "y");
	try_replay(&m, &told);
	maker_done(&told);
	/* what the thief can do: it stays on the old keys, and a rotation takes precedence */
	must(maker_bind(&m, "thiefs", "z"));
	assert_int_equal(m.st.rotations, 1);
	maker_done(&m);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(16384, false, true) || crypto_init_light() ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(sec_arena_used(), 0);
	sec_arena_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_thief) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
