/*
 * succession_fixture.h - makes succession logs, right ones and, past all checks, wrong ones.
 * The keys: "hot" keys are what a machine has, phrase keys come from a fixed recovery root.
 */
#ifndef TESTS_UNIT_SUCCESSION_FIXTURE_H
#define TESTS_UNIT_SUCCESSION_FIXTURE_H

#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/root.h"
#include "lib/succession.h"

struct key {
	uint8_t seed[32];
	uint8_t pub[32];
};

struct maker {
	struct buf log;
	struct succession_state st;
	struct key hot;
	uint32_t hots;
	uint32_t j; /* of the phrase key that is announced now */
	uint64_t now;
	const char *service;
	const char *account;
};

static const uint8_t fixture_root[32] = "a recovery root known to nobody";

static inline void
must(enum err e)
{
	if (e != ERR_OK)
		abort();
}

static inline struct key
key_of(const uint8_t seed[32])
{
	struct key k;

	memcpy(k.seed, seed, 32);
	crypto_ed25519_public(k.seed, k.pub);
	return k;
}

/* A key that the machine has: any name. */
static inline struct key
key_hot(const char *name, uint32_t n)
{
	uint8_t seed[32];
	struct buf b = BUF_INIT;

	buf_putf(&b, "%s %u", name, n);
	crypto_sha256(buf_span(&b), seed);
	buf_done(&b);
	return key_of(seed);
}

static inline struct key
key_phrase(uint32_t j)
{
	uint8_t seed[32];

	root_succession(SPAN(fixture_root, 32), 0, j, seed);
	return key_of(seed);
}

static inline struct succession_proof
prove(const struct key *k, struct span entry)
{
	struct succession_proof p;
	uint8_t msg[SUCCESSION_TO_SIGN];

	succession_to_sign(entry, msg);
	memcpy(p.key, k->pub, 32);
	crypto_ed25519_sign(k->seed, k->pub, SPAN(msg, sizeof(msg)), p.sig);
	return p;
}

/* Whatever the log says: out may get a log that does not verify. */
static inline void
raw_append(struct span log, struct span entry, const struct succession_proof *proof, size_t n,
    struct buf *out)
{
	struct cbor c = cbor_from(log);
	size_t had = 0;

	if (log.len > 0)
		must(cbor_get_array(&c, &had));
	cbor_put_array(out, had + 1);
	buf_put(out, c.p, (size_t)(c.end - c.p));
	cbor_put_map(out, 2);
	cbor_put_uint(out, 1);
	cbor_put_bytes(out, entry);
	cbor_put_uint(out, 2);
	cbor_put_array(out, n);
	for (size_t i = 0; i < n; i++) {
		cbor_put_map(out, 2);
		cbor_put_uint(out, 1);
		cbor_put_bytes(out, SPAN(proof[i].key, 32));
		cbor_put_uint(out, 2);
		cbor_put_bytes(out, SPAN(proof[i].sig, 64));
	}
}

/* Sign with these keys and take it over; e: what succession_append shall say. */
static inline enum err
maker_append(struct maker *m, struct span entry, const struct key *k, size_t n)
{
	struct succession_proof proof[4];
	struct buf out = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < n; i++)
		proof[i] = prove(&k[i], entry);
	e = succession_append(buf_span(&m->log), entry, proof, n, &out);
	if (e == ERR_OK) {
		buf_done(&m->log);
		m->log = out;
		must(succession_verify(buf_span(&m->log), &m->st));
	}
	return e;
}

static inline struct succession_binding
maker_binding(const struct maker *m, const char *purpose, const char *text, uint8_t digest[32])
{
	crypto_sha256(span_str(text), digest);
	return (struct succession_binding){ .service = span_str(m->service),
		.account = span_str(m->account),
		.purpose = span_str(purpose),
		.alg = SPAN_LIT("ed25519"),
		.digest = SPAN(digest, 32) };
}

static inline void
maker_incept(struct maker *m, const char *service, const char *account, uint32_t j)
{
	struct succession_binding b;
	struct succession_change c = { .bindings = &b, .n = 1 };
	struct buf entry = BUF_INIT;
	uint8_t digest[32], next[32];

	*m = (struct maker){ .service = service, .account = account, .now = 1000, .j = j };
	m->hot = key_hot(account, m->hots);
	b = maker_binding(m, "master", "master 0", digest);
	root_succession_public_hash(SPAN(fixture_root, 32), 0, j, next);
	c.key = m->hot.pub;
	c.next = next;
	c.time = m->now;
	must(succession_make(SUCCESSION_INCEPT, NULL, &c, &entry));
	must(maker_append(m, buf_span(&entry), &m->hot, 1));
	buf_done(&entry);
}

static inline enum err
maker_bind(struct maker *m, const char *purpose, const char *text)
{
	struct succession_binding b;
	struct succession_change c = { .bindings = &b, .n = 1, .time = ++m->now };
	struct buf entry = BUF_INIT;
	uint8_t digest[32];
	enum err e;

	b = maker_binding(m, purpose, text, digest);
	if ((e = succession_make(SUCCESSION_BIND, &m->st, &c, &entry)) == ERR_OK)
		e = maker_append(m, buf_span(&entry), &m->hot, 1);
	buf_done(&entry);
	return e;
}

/* To the next hot key, with the master anew; announces phrase key next_j. */
static inline void
maker_rotate(struct maker *m, uint32_t next_j, const char *text)
{
	struct key k[2] = { m->hot, key_phrase(m->j) };
	struct succession_binding b;
	struct succession_change c = { .bindings = &b, .n = 1, .time = ++m->now };
	struct buf entry = BUF_INIT;
	uint8_t digest[32], next[32];

	m->hot = key_hot(m->account, ++m->hots);
	m->j = next_j;
	b = maker_binding(m, "master", text, digest);
	b.epoch = m->hots;
	root_succession_public_hash(SPAN(fixture_root, 32), 0, next_j, next);
	c.key = m->hot.pub;
	c.next = next;
	c.reason = SPAN_LIT("laptop stolen");
	must(succession_make(SUCCESSION_ROTATE, &m->st, &c, &entry));
	must(maker_append(m, buf_span(&entry), k, 2));
	buf_done(&entry);
}

static inline enum err
maker_revoke(struct maker *m, const struct key *by)
{
	struct succession_change c = { .time = ++m->now };
	struct buf entry = BUF_INIT;
	enum err e;

	if ((e = succession_make(SUCCESSION_REVOKE, &m->st, &c, &entry)) == ERR_OK)
		e = maker_append(m, buf_span(&entry), by, 1);
	buf_done(&entry);
	return e;
}

/* A copy that goes its own way. */
static inline void
maker_copy(const struct maker *from, struct maker *to)
{
	*to = *from;
	to->log = BUF_INIT;
	buf_put_span(&to->log, buf_span(&from->log));
	must(succession_verify(buf_span(&to->log), &to->st));
}

/* Five entries, of every type. */
static inline void
maker_life(struct maker *m)
{
	struct key next;

	maker_incept(m, "matrix", "@alice:example.org", 3);
	must(maker_bind(m, "self-signing", "self-signing 0"));
	maker_rotate(m, 4, "master 1");
	next = key_phrase(m->j);
	must(maker_revoke(m, &next));
	maker_rotate(m, 5, "master 2");
}

static inline void
maker_done(struct maker *m)
{
	buf_done(&m->log);
}

#endif
