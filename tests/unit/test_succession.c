#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/succession_wrong.h"

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

static enum err
verify(struct span log)
{
	struct succession_state st;

	return succession_verify(log, &st);
}

static void
test_life(void **state)
{
	const struct succession_bound *b;
	uint8_t digest[32];
	struct maker m;

	(void)state;
	maker_life(&m);
	assert_int_equal(m.st.n, 5);
	assert_int_equal(m.st.rotations, 2);
	assert_false(m.st.revoked);
	assert_memory_equal(m.st.key, m.hot.pub, 32);
	assert_true(span_is(m.st.service, "matrix"));
	assert_true(span_is(m.st.account, "@alice:example.org"));
	/* a rotation says all bindings anew */
	assert_int_equal(m.st.nbound, 1);
	crypto_sha256(SPAN_LIT("master 2"), digest);
	b = succession_find(&m.st, SPAN_LIT("master"));
	assert_non_null(b);
	assert_memory_equal(b->digest, digest, 32);
	assert_int_equal(b->epoch, 2);
	assert_null(succession_find(&m.st, SPAN_LIT("self-signing")));
	maker_done(&m);
}

/* The id is the hash of the first entry without key 2: cut out by hand. */
static void
test_id(void **state)
{
	struct succession_signed s;
	uint8_t hash[32], bare[1024];
	struct maker m;
	struct cbor c;
	size_t n;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	c = cbor_from(buf_span(&m.log));
	must(cbor_get_array(&c, &n));
	must(wire_next(&succession_signed_map, &c, &s));
	/* a8 01 01 02 50 ...: a map of 7 or 8, version 1, then key 2 with 16 bytes */
	assert_memory_equal(s.entry.p + 1, "\1\1\2\x50", 4);
	bare[0] = s.entry.p[0] - 1;
	bare[1] = bare[2] = 1;
	memcpy(bare + 3, s.entry.p + 21, s.entry.len - 21);
	crypto_sha256(SPAN(bare, s.entry.len - 18), hash);
	assert_memory_equal(m.st.id, hash, 16);
	maker_done(&m);
}

/* --- damage --- */

static void
test_every_bit(void **state)
{
	struct maker m;
	size_t i, bit;

	(void)state;
	maker_life(&m);
	for (i = 0; i < m.log.len; i++)
		for (bit = 0; bit < 8; bit++) {
			m.log.p[i] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(verify(buf_span(&m.log)), ERR_OK);
			m.log.p[i] ^= (uint8_t)(1 << bit);
		}
	for (i = 0; i < m.log.len; i++)
		assert_int_not_equal(verify(SPAN(m.log.p, i)), ERR_OK);
	buf_put_u8(&m.log, 0);
	assert_int_equal(verify(buf_span(&m.log)), ERR_FORMAT);
	maker_done(&m);
}

#define LIFE 5

static void
split(const struct buf *log, struct span part[LIFE])
{
	struct cbor c = cbor_from(buf_span(log));
	size_t n;

	must(cbor_get_array(&c, &n));
	assert_int_equal(n, LIFE);
	for (size_t i = 0; i < LIFE; i++)
		must(cbor_skip(&c, &part[i]));
}

static enum err
verify_order(const struct span *part, const size_t *order, size_t n)
{
	struct buf b = BUF_INIT;
	enum err e;

	cbor_put_array(&b, n);
	for (size_t i = 0; i < n; i++)
		buf_put_span(&b, part[order[i]]);
	e = verify(buf_span(&b));
	buf_done(&b);
	return e;
}

/* Every sequence of up to five of the five entries, with repetition: only beginnings verify. */
static void
test_order(void **state)
{
	struct span part[LIFE];
	size_t order[LIFE], n, code, rest, i, good = 0;
	struct maker m;
	bool in_order;
	enum err e;

	(void)state;
	maker_life(&m);
	split(&m.log, part);
	for (n = 1; n <= LIFE; n++) {
		for (code = 0;; code++) {
			for (rest = code, in_order = true, i = 0; i < n; i++, rest /= LIFE) {
				order[i] = rest % LIFE;
				in_order = in_order && order[i] == i;
			}
			if (rest > 0)
				break;
			e = verify_order(part, order, n);
			assert_int_equal(e == ERR_OK, in_order);
			if (e != ERR_OK)
				assert_true(e == ERR_SUCC_CHAIN || e == ERR_SUCC_RULE);
			good += e == ERR_OK;
		}
	}
	assert_int_equal(good, LIFE);
	maker_done(&m);
}

/* --- what no signer may do --- */

#define EXPECT(err)                                             \
	do {                                                    \
		assert_int_equal(try_wrong(&m, &w), ERR_##err); \
		right(&w, &m, type);                            \
	} while (0)

static void
test_chain(void **state)
{
	enum succession_type type;
	struct maker m;
	struct wrong w;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	must(maker_bind(&m, "b", "b"));
	for (type = SUCCESSION_ROTATE; type <= SUCCESSION_BIND; type++) {
		right(&w, &m, type);
		EXPECT(OK);
		w.e.seq++;
		EXPECT(SUCC_CHAIN);
		w.e.seq--;
		EXPECT(SUCC_CHAIN);
		w.id[0]++;
		EXPECT(SUCC_CHAIN);
		w.prev[31]++;
		EXPECT(SUCC_CHAIN);
		w.e.time = m.st.time - 1;
		EXPECT(SUCC_CHAIN);
		w.e.time = m.st.time;
		EXPECT(OK);
		w.e.version = 2;
		EXPECT(VERSION);
		w.by[0] = key_hot("thief", 1);
		EXPECT(SUCC_SIGNATURE);
		w.nby = 0;
		EXPECT(SUCC_SIGNATURE);
		w.nby = 3;
		w.by[1] = w.by[2] = w.by[0];
		EXPECT(SUCC_SIGNATURE);
		w.key[1] = w.key[0];
		w.e.keys.n = 2;
		EXPECT(UNSUPPORTED);
		for (size_t i = 1; i < 5; i++)
			w.key[i] = w.key[0];
		w.e.keys.n = 5;
		EXPECT(RANGE);
		w.e.keys.n = 0;
		EXPECT(RANGE);
		w.e.reason = SPAN_LIT("two\nlines");
		EXPECT(TEXT);
	}
	maker_done(&m);
}

static void
test_bindings(void **state)
{
	enum succession_type type;
	char purpose[65][8];
	struct maker m;
	struct wrong w;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	for (type = SUCCESSION_ROTATE; type <= SUCCESSION_BIND; type += 2) {
		right(&w, &m, type);
		w.b[0].account = SPAN_LIT("you");
		EXPECT(SUCC_RULE);
		w.b[0].service = SPAN_LIT("SSH");
		EXPECT(TEXT);
		w.b[0].account = SPAN_LIT("a\tb");
		EXPECT(TEXT);
		w.b[0].purpose = SPAN_LIT("a/b");
		EXPECT(TEXT);
		w.b[0].alg = SPAN_LIT("Ed");
		EXPECT(TEXT);
		w.b[1] = w.b[0];
		w.e.bindings.n = 2;
		EXPECT(SUCC_RULE);
		for (size_t i = 0; i < 65; i++) {
			snprintf(purpose[i], sizeof(purpose[i]), "p%zu", i);
			w.b[i] = w.b[0];
			w.b[i].purpose = span_str(purpose[i]);
		}
		/* 64 in all, and there is one already */
		w.e.bindings.n = 64;
		if (type == SUCCESSION_ROTATE)
			EXPECT(OK);
		else
			EXPECT(TOOBIG);
	}
	type = SUCCESSION_BIND;
	right(&w, &m, type);
	w.b[0].purpose = SPAN_LIT("master");
	EXPECT(SUCC_RULE); /* bound already: needs a rotation */
	w.e.bindings.n = 0;
	EXPECT(FORMAT);
	type = SUCCESSION_REVOKE;
	right(&w, &m, type);
	w.e.bindings.n = 1;
	EXPECT(FORMAT);
	maker_done(&m);
}

/* Keys stay what they are but in a rotation, and there they are new. */
static void
test_keys(void **state)
{
	enum succession_type type;
	struct key thief = key_hot("thief", 0), next;
	struct maker m;
	struct wrong w;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	next = key_phrase(m.j);
	for (type = SUCCESSION_REVOKE; type <= SUCCESSION_BIND; type++) {
		right(&w, &m, type);
		w.key[0] = SPAN(thief.pub, 32);
		EXPECT(SUCC_RULE);
		w.next[0]++;
		EXPECT(SUCC_RULE);
		w.by[0] = next;
		if (type == SUCCESSION_REVOKE)
			EXPECT(OK);
		else
			EXPECT(SUCC_SIGNATURE);
		w.by[1] = next;
		w.nby = 2;
		EXPECT(SUCC_SIGNATURE);
	}
	type = SUCCESSION_ROTATE;
	right(&w, &m, type);
	w.key[0] = SPAN(m.st.key, 32);
	EXPECT(SUCC_RULE); /* the key that was given up */
	w.key[0] = SPAN(next.pub, 32);
	EXPECT(SUCC_RULE); /* the phrase's key as a hot one */
	memcpy(w.next, m.st.next, 32);
	EXPECT(SUCC_RULE); /* revealed, so no secret any more */
	crypto_sha256(SPAN(m.st.key, 32), w.next);
	EXPECT(SUCC_RULE); /* the thief has this one */
	crypto_sha256(w.key[0], w.next);
	EXPECT(SUCC_RULE);
	w.nby = 1;
	EXPECT(SUCC_PHRASE);
	w.by[0] = next;
	w.by[1] = m.hot;
	EXPECT(SUCC_SIGNATURE); /* the wrong way round */
	maker_done(&m);
}

/* A first entry that announces its own key could be rotated by whoever holds that. */
static void
test_incept(void **state)
{
	enum succession_type type = SUCCESSION_INCEPT;
	struct maker m, none;
	struct buf entry = BUF_INIT;
	struct succession_change c;
	uint8_t own[32];
	struct wrong w;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	right(&w, &m, type);
	EXPECT(FORMAT); /* seq and prev */
	maker_copy(&m, &none);
	buf_done(&none.log);
	w.e.prev = SPAN_NONE;
	w.e.seq = 0;
	assert_int_equal(try_wrong(&none, &w), ERR_SUCC_CHAIN); /* id of another log */
	crypto_sha256(SPAN(m.hot.pub, 32), own);
	c = (struct succession_change){
		.key = m.hot.pub, .next = own, .bindings = w.b, .n = 1, .time = 1
	};
	assert_int_equal(succession_make(SUCCESSION_INCEPT, NULL, &c, &entry), ERR_SUCC_RULE);
	assert_int_equal(entry.len, 0);
	assert_int_equal(succession_make(SUCCESSION_BIND, NULL, &c, &entry), ERR_SUCC_RULE);
	maker_done(&m);
}

static void
test_revoked(void **state)
{
	enum succession_type type;
	struct maker m;
	struct wrong w;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	must(maker_revoke(&m, &m.hot));
	assert_true(m.st.revoked);
	type = SUCCESSION_BIND;
	right(&w, &m, type);
	EXPECT(SUCC_RULE);
	assert_int_equal(maker_bind(&m, "more", "more"), ERR_SUCC_RULE);
	type = SUCCESSION_REVOKE;
	right(&w, &m, type);
	EXPECT(SUCC_RULE);
	maker_rotate(&m, 9, "again");
	assert_false(m.st.revoked);
	maker_done(&m);
}

static void
test_limits(void **state)
{
	char purpose[8];
	struct maker m;
	size_t i;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	for (i = 1; i < SUCCESSION_BINDINGS; i++) {
		snprintf(purpose, sizeof(purpose), "p%zu", i);
		must(maker_bind(&m, purpose, "x"));
	}
	assert_int_equal(maker_bind(&m, "more", "x"), ERR_TOOBIG);
	assert_int_equal(m.st.nbound, SUCCESSION_BINDINGS);
	buf_put_zero(&m.log, SUCCESSION_LOG_MAX + 1 - m.log.len);
	assert_int_equal(verify(buf_span(&m.log)), ERR_TOOBIG);
	maker_done(&m);
	assert_int_equal(verify(SPAN_LIT("\x80")), ERR_FORMAT);
	assert_int_equal(verify(SPAN_LIT("")), ERR_TRUNCATED);
}

/* --- two logs --- */

static enum succession_relation
relation(const struct maker *pinned, const struct maker *newer)
{
	enum succession_relation r;

	must(succession_compare(buf_span(&pinned->log), buf_span(&newer->log), &r));
	return r;
}

static void
test_compare(void **state)
{
	struct maker a, b, c, other;

	(void)state;
	maker_incept(&a, "ssh", "me", 0);
	maker_incept(&other, "ssh", "me", 1);
	maker_copy(&a, &b);
	maker_copy(&a, &c);
	assert_int_equal(relation(&a, &b), SUCCESSION_SAME);
	assert_int_equal(relation(&a, &other), SUCCESSION_OTHER);
	must(maker_bind(&b, "b", "b"));
	assert_int_equal(relation(&a, &b), SUCCESSION_EXTENDS);
	assert_int_equal(relation(&b, &a), SUCCESSION_OLDER);
	must(maker_bind(&c, "c", "c"));
	assert_int_equal(relation(&b, &c), SUCCESSION_FORKS);
	/* b gets a rotation, but behind what a stolen key may have bound: a fork all the same */
	maker_rotate(&b, 2, "x");
	assert_int_equal(relation(&c, &b), SUCCESSION_FORKS);
	assert_int_equal(relation(&a, &b), SUCCESSION_EXTENDS);
	/* a rotates instead of what b and c bound */
	maker_rotate(&a, 3, "y");
	assert_int_equal(relation(&c, &a), SUCCESSION_RECOVERS);
	assert_int_equal(relation(&a, &c), SUCCESSION_FORKS);
	assert_int_equal(relation(&b, &a), SUCCESSION_FORKS);
	maker_done(&a);
	maker_done(&b);
	maker_done(&c);
	maker_done(&other);
}

/* --- making --- */

static void
test_append(void **state)
{
	struct succession_change c = { .time = 1 };
	struct buf entry = BUF_INIT, out = BUF_INIT;
	struct succession_proof proof;
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	must(succession_make(SUCCESSION_REVOKE, &m.st, &c, &entry));
	proof = prove(&m.hot, buf_span(&entry));
	proof.sig[0] ^= 1;
	assert_int_equal(succession_append(buf_span(&m.log), buf_span(&entry), &proof, 1, &out),
	    ERR_SUCC_SIGNATURE);
	assert_int_equal(
	    succession_append(buf_span(&m.log), buf_span(&entry), &proof, 0, &out), ERR_RANGE);
	assert_int_equal(out.len, 0);
	proof.sig[0] ^= 1;
	must(succession_append(buf_span(&m.log), buf_span(&entry), &proof, 1, &out));
	must(succession_verify(buf_span(&out), &m.st));
	assert_int_equal(m.st.time, 1000); /* a clock that is behind does not stop anybody */
	buf_done(&entry);
	buf_done(&out);
	maker_done(&m);
}

static void
test_carry(void **state)
{
	struct succession_binding b[2];
	struct succession_change c = { .bindings = b, .n = 2, .time = 2000 };
	struct buf entry = BUF_INIT;
	struct key hot = key_hot("other", 0), by[2];
	uint8_t next[32];
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	must(maker_bind(&m, "host", "host"));
	b[0] = succession_carry(&m.st, 0);
	b[1] = succession_carry(&m.st, 1);
	root_succession_public_hash(SPAN(fixture_root, 32), 0, 1, next);
	c.key = hot.pub;
	c.next = next;
	must(succession_make(SUCCESSION_ROTATE, &m.st, &c, &entry));
	by[0] = m.hot;
	by[1] = key_phrase(0);
	must(maker_append(&m, buf_span(&entry), by, 2));
	assert_int_equal(m.st.nbound, 2);
	assert_true(span_is(m.st.bound[1].purpose, "host"));
	buf_done(&entry);
	maker_done(&m);
}

static void
test_text(void **state)
{
	struct buf text = BUF_INIT, log = BUF_INIT;
	struct maker m;

	(void)state;
	maker_life(&m);
	must(succession_print(buf_span(&m.log), &text));
	assert_non_null(strstr(buf_cstr(&text),
	    "matrix @alice:example.org, 5 entries, current key "
	    "did:key:z6Mk"));
	must(succession_find_text(buf_span(&text), &log));
	assert_true(span_eq(buf_span(&log), buf_span(&m.log)));
	m.log.p[m.log.len - 1] ^= 1;
	assert_int_equal(succession_print(buf_span(&m.log), &text), ERR_SUCC_SIGNATURE);
	buf_done(&text);
	buf_done(&log);
	maker_done(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_bindings),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_incept),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_carry),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
