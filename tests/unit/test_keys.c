/* agent/vault/keys.c: what opens and, above all, what does not.  Known answers: test_derive.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/keys.h"
#include "lib/crypto.h"

/* A slot as its maker leaves it. */
struct made {
	uint8_t factor[3][32];
	uint8_t vault_id[16];
	uint8_t hdr[KEYS_SLOT_HDR];
	uint8_t wrap[KEYS_WRAP_MAX];
	uint8_t vrk[KEYS_VRK];
	struct sec prk;
	struct sec auth;
};

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(65536, true, true);
}

static struct keys_slot
slot_of(const struct made *m)
{
	return (struct keys_slot){ .vault_id = m->vault_id, .hdr = m->hdr };
}

static void
prk_of(const struct made *m, unsigned factors, struct sec *prk)
{
	struct keys_factors f = { SPAN(m->factor[0], factors & 1 ? 32 : 0),
		SPAN(m->factor[1], factors & 2 ? 32 : 0),
		SPAN(m->factor[2], factors & 4 ? 32 : 0) };

	assert_int_equal(keys_prk(&f, m->hdr + 48, prk), ERR_OK);
}

static void
make(struct made *m, unsigned factors, bool deferred)
{
	struct keys_slot s;

	crypto_random(m, offsetof(struct made, prk));
	m->prk = m->auth = (struct sec){ 0 };
	m->hdr[3] = deferred;
	prk_of(m, factors, &m->prk);
	assert_int_equal(keys_xp(&m->prk, m->hdr + 16, m->hdr + 96), ERR_OK);
	assert_int_equal(keys_auth(&m->prk, m->hdr + 16, &m->auth), ERR_OK);
	s = slot_of(m);
	if (deferred)
		assert_int_equal(
		    keys_wrap_deferred(&s, sec_span(&m->auth), SPAN(m->vrk, KEYS_VRK), m->wrap),
		    ERR_OK);
	else
		assert_int_equal(keys_wrap(&s, &m->prk, SPAN(m->vrk, KEYS_VRK), m->wrap), ERR_OK);
}

static void
made_done(struct made *m)
{
	sec_done(&m->prk);
	sec_done(&m->auth);
}

static enum err
open_with(const struct made *m, const struct sec *prk)
{
	struct keys_slot s = slot_of(m);
	struct sec vrk = { 0 };
	enum err r;

	r = keys_unwrap(&s, prk, SPAN(m->wrap, sizeof(m->wrap)), &vrk);
	if (r == ERR_OK)
		assert_memory_equal(vrk.p, m->vrk, KEYS_VRK);
	else
		assert_null(vrk.p);
	sec_done(&vrk);
	return r;
}

/* All combinations of factors, both wraps: opened by just these factors. */
static void
test_factors(void **state)
{
	struct sec prk = { 0 };
	struct made m;
	unsigned f, g;

	(void)state;
	for (f = 1; f < 16; f++) {
		if ((f & 7) == 0)
			continue;
		make(&m, f & 7, f & 8);
		assert_int_equal(open_with(&m, &m.prk), ERR_OK);
		for (g = 1; g < 8; g++) {
			prk_of(&m, g, &prk);
			assert_int_equal(
			    open_with(&m, &prk), g == (f & 7) ? ERR_OK : ERR_VAULT_KEY);
			sec_done(&prk);
		}
		made_done(&m);
	}
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_bad_factors(void **state)
{
	static const uint8_t b[33];
	struct keys_factors none = { 0 }, shorter = { .token = SPAN(b, 31) },
			    longer = { SPAN(b, 32), SPAN(b, 33), SPAN_NONE };
	struct sec prk = { 0 };

	(void)state;
	assert_int_equal(keys_prk(&none, b, &prk), ERR_RANGE);
	assert_int_equal(keys_prk(&shorter, b, &prk), ERR_RANGE);
	assert_int_equal(keys_prk(&longer, b, &prk), ERR_RANGE);
	assert_null(prk.p);
}

/* Each byte of the header changed: the factors fit, the slot does not.  The pair's id and public
 * half look like another slot's; the kind is another kind. */
static void
test_header_bytes(void **state)
{
	struct made m;
	enum err r, want;
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		make(&m, 1, k == 1);
		for (i = 0; i < KEYS_SLOT_HDR; i++) {
			want = k ? ERR_VAULT_WRAP : ERR_VAULT_SLOT;
			if ((i >= 16 && i < 32) || (i >= 96 && i < 128))
				want = ERR_VAULT_KEY;
			if (i == 3)
				want = ERR_VERSION;
			m.hdr[i] ^= 0x40;
			r = open_with(&m, &m.prk);
			m.hdr[i] ^= 0x40;
			assert_int_equal(r, want);
		}
		m.vault_id[7] ^= 1;
		assert_int_equal(open_with(&m, &m.prk), k ? ERR_VAULT_WRAP : ERR_VAULT_SLOT);
		made_done(&m);
	}
}

/* Each bit of the wrap */
static void
test_wrap_bits(void **state)
{
	struct made m;
	enum err r;
	size_t i, k, head;

	(void)state;
	for (k = 0; k < 2; k++) {
		make(&m, 3, k == 1);
		head = k ? 96 : 64; /* epk, nonce, commitment */
		for (i = 0; i < (k ? KEYS_WRAP_DEFERRED : KEYS_WRAP) * 8; i++) {
			m.wrap[i / 8] ^= (uint8_t)(1 << i % 8);
			r = open_with(&m, &m.prk);
			m.wrap[i / 8] ^= (uint8_t)(1 << i % 8);
			if (i / 8 >= head)
				assert_int_equal(r, ERR_VAULT_DAMAGED);
			else if (k == 0)
				assert_int_equal(r, ERR_VAULT_SLOT);
			else
				assert_int_equal(r, ERR_VAULT_WRAP);
		}
		made_done(&m);
	}
}

/* An outsider knows xp, not auth. */
static void
test_planted(void **state)
{
	static const uint8_t guess[32];
	struct keys_slot s;
	struct made m;

	(void)state;
	make(&m, 1, true);
	s = slot_of(&m);
	assert_int_equal(keys_wrap_deferred(&s, SPAN(guess, 32), SPAN(m.vrk, 32), m.wrap), ERR_OK);
	assert_int_equal(open_with(&m, &m.prk), ERR_VAULT_WRAP);
	/* a wrap of the other kind in its place */
	assert_int_equal(keys_wrap(&s, &m.prk, SPAN(m.vrk, 32), m.wrap), ERR_OK);
	assert_int_equal(open_with(&m, &m.prk), ERR_VAULT_WRAP);
	made_done(&m);
}

static void
test_small_order(void **state)
{
	struct keys_slot s;
	struct made m;

	(void)state;
	make(&m, 1, true);
	memset(m.wrap, 0, 32);
	assert_int_equal(open_with(&m, &m.prk), ERR_VAULT_WRAP);
	s = slot_of(&m);
	memset(m.hdr + 96, 0, 32);
	assert_int_equal(
	    keys_wrap_deferred(&s, sec_span(&m.auth), SPAN(m.vrk, 32), m.wrap), ERR_RANGE);
	made_done(&m);
	assert_int_equal(sec_arena_used(), 0);
}

/* Two deferred wraps of one key have neither point nor nonce in common. */
static void
test_fresh(void **state)
{
	uint8_t again[KEYS_WRAP_DEFERRED];
	struct keys_slot s;
	struct made m;

	(void)state;
	make(&m, 4, true);
	s = slot_of(&m);
	assert_int_equal(keys_wrap_deferred(&s, sec_span(&m.auth), SPAN(m.vrk, 32), again), ERR_OK);
	assert_memory_not_equal(again, m.wrap, 32);
	assert_memory_not_equal(again + 32, m.wrap + 32, 32);
	made_done(&m);
}

static void
test_bad_lengths(void **state)
{
	struct sec vrk = { 0 };
	struct keys_slot s;
	struct made m;

	(void)state;
	make(&m, 1, true);
	s = slot_of(&m);
	assert_int_equal(
	    keys_unwrap(&s, &m.prk, SPAN(m.wrap, KEYS_WRAP_DEFERRED - 1), &vrk), ERR_TRUNCATED);
	assert_int_equal(
	    keys_wrap_deferred(&s, SPAN(m.vrk, 31), SPAN(m.vrk, 32), m.wrap), ERR_RANGE);
	assert_int_equal(keys_wrap(&s, &m.prk, SPAN(m.vrk, 31), m.wrap), ERR_RANGE);
	made_done(&m);
}

/* An item's box opens as that item in that revision only. */
static void
test_item(void **state)
{
	struct span vrk = SPAN_LIT("0123456789abcdef0123456789abcdef");
	uint8_t id[16] = { 1 }, other[16] = { 2 };
	struct keys_item it = { id, 3 };
	struct buf box = BUF_INIT;
	struct sec out = { 0 };

	(void)state;
	assert_int_equal(keys_item_seal(vrk, &it, SPAN_LIT("hunter2"), &box), ERR_OK);
	assert_int_equal(keys_item_open(vrk, &it, buf_span(&box), &out), ERR_OK);
	assert_true(span_is(sec_span(&out), "hunter2"));
	sec_done(&out);
	it.rev = 4;
	assert_int_equal(keys_item_open(vrk, &it, buf_span(&box), &out), ERR_VAULT_KEY);
	it = (struct keys_item){ other, 3 };
	assert_int_equal(keys_item_open(vrk, &it, buf_span(&box), &out), ERR_VAULT_KEY);
	buf_done(&box);
}

static void
test_seed(void **state)
{
	struct span vrk = SPAN_LIT("0123456789abcdef0123456789abcdef");
	struct buf box = BUF_INIT;
	struct sec out = { 0 };

	(void)state;
	assert_int_equal(keys_seed_seal(vrk, 1, span_sub(vrk, 0, 32), &box), ERR_OK);
	assert_int_equal(keys_seed_open(vrk, 2, buf_span(&box), &out), ERR_VAULT_KEY);
	assert_int_equal(keys_seed_open(vrk, 1, buf_span(&box), &out), ERR_OK);
	assert_true(span_eq(sec_span(&out), vrk));
	sec_done(&out);
	buf_done(&box);
}

/* kdf answers of derive.json under the key 00..1f */
static void
test_labels(void **state)
{
	static const uint8_t body[4] = { 0x75, 0x28, 0x54, 0x91 },
			     audit[4] = { 0x46, 0x80, 0x6d, 0x72 };
	struct sec key = { 0 };
	uint8_t vrk[32], out[32];
	uint8_t i;

	(void)state;
	for (i = 0; i < 32; i++)
		vrk[i] = i;
	assert_int_equal(keys_body(SPAN(vrk, 32), &key), ERR_OK);
	assert_memory_equal(key.p, body, 4);
	sec_done(&key);
	keys_audit(SPAN(vrk, 32), 9, out);
	assert_memory_equal(out, audit, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_factors),
		cmocka_unit_test(test_bad_factors),
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_wrap_bits),
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_bad_lengths),
		cmocka_unit_test(test_item),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
