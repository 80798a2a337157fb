/*
 * The first byte says what the rest is: 0 a log, 1 an entry, 2 a text, 3 what somebody who holds
 * some of the keys tries: six bytes an entry {type, key, announced, purpose, first signer, second}.
 * What is accepted is what we would have written; nobody without a phrase key moves a log.
 */
#include "tests/unit/succession_fixture.h"

#define KEYS	 8 /* hot ones, then as many of the phrase */
#define TRIED	 6
#define ATTEMPTS 12
#define NOBODY	 (2 * KEYS)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct key keys[2 * KEYS];
static struct maker start_log;

static void
start(void)
{
	if (start_log.log.p != NULL)
		return;
	must(crypto_init_light());
	maker_incept(&start_log, "ssh", "me", 0);
	for (uint32_t i = 0; i < KEYS; i++) {
		keys[i] = key_hot("me", i);
		keys[KEYS + i] = key_phrase(i);
	}
}

static void
try_log(struct span s)
{
	struct succession_state st;
	struct buf text = BUF_INIT, log = BUF_INIT;

	if (succession_verify(s, &st) == ERR_OK) {
		must(succession_print(s, &text));
		must(succession_find_text(buf_span(&text), &log));
		if (!span_eq(buf_span(&log), s) || st.n == 0 || st.nbound > SUCCESSION_BINDINGS)
			abort();
	}
	buf_done(&text);
	buf_done(&log);
}

static void
try_entry(struct span s)
{
	struct succession_entry e;
	struct buf again = BUF_INIT;

	if (succession_parse(s, &e) == ERR_OK) {
		must(wire_encode(&succession_entry_map, &e, &again));
		if (!span_eq(buf_span(&again), s) || succession_key(&e) == NULL)
			abort();
	}
	buf_done(&again);
}

static void
try_text(struct span s)
{
	struct buf log = BUF_INIT;

	if (succession_find_text(s, &log) == ERR_OK)
		try_log(buf_span(&log));
	buf_done(&log);
}

/* An entry as p says; the parts that are not tried are right. */
static void
build(const struct succession_state *st, const uint8_t *p, struct buf *entry)
{
	uint8_t next[32], digest[32] = { p[3] };
	char purpose[2] = { (char)('a' + p[3] % 8), 0 };
	struct succession_binding b = { .service = SPAN_LIT("ssh"),
		.account = SPAN_LIT("me"),
		.purpose = SPAN(purpose, 1),
		.alg = SPAN_LIT("x"),
		.digest = SPAN(digest, 32) };
	struct span key = SPAN(keys[p[1] % NOBODY].pub, 32);
	struct succession_entry e = { .version = 1,
		.id = SPAN(st->id, 16),
		.seq = st->n,
		.prev = SPAN(st->head, 32),
		.type = p[0] % 4,
		.keys = { .v = &key, .n = 1 },
		.next = SPAN(next, 32),
		.time = st->time + p[3] / 64,
		.bindings = { .v = &b, .n = p[3] % 3 ? 1 : 0 } };

	crypto_sha256(SPAN(keys[p[2] % NOBODY].pub, 32), next);
	wire_mark(&succession_binding_map, &b);
	wire_mark(&succession_entry_map, &e);
	must(wire_encode(&succession_entry_map, &e, entry));
}

static void
check_accepted(
    const struct succession_state *was, const struct succession_state *is, const uint8_t *p)
{
	uint8_t hash[32];

	if (is->n != was->n + 1)
		abort();
	if (memcmp(is->key, was->key, 32) == 0 && memcmp(is->next, was->next, 32) == 0 &&
	    is->rotations == was->rotations)
		return;
	/* it moved: both must have signed */
	crypto_sha256(SPAN(keys[p[5] % NOBODY].pub, 32), hash);
	if (memcmp(keys[p[4] % NOBODY].pub, was->key, 32) != 0 || memcmp(hash, was->next, 32) != 0)
		abort();
}

static void
try_story(struct span s)
{
	struct succession_proof proof[2];
	struct succession_state st;
	struct buf entry = BUF_INIT, out = BUF_INIT;
	struct maker m;
	size_t n;

	/* each attempt costs some ten signatures */
	s = span_sub(s, 0, s.len < TRIED * ATTEMPTS ? s.len : TRIED * ATTEMPTS);
	maker_copy(&start_log, &m);
	for (; s.len >= TRIED; s = span_sub(s, TRIED, s.len - TRIED)) {
		buf_reset(&entry);
		buf_reset(&out);
		build(&m.st, s.p, &entry);
		proof[0] = prove(&keys[s.p[4] % NOBODY], buf_span(&entry));
		proof[1] = prove(&keys[s.p[5] % NOBODY], buf_span(&entry));
		n = s.p[5] % 32 < NOBODY ? 2 : 1;
		if (succession_append(buf_span(&m.log), buf_span(&entry), proof, n, &out) != ERR_OK)
			continue;
		must(succession_verify(buf_span(&out), &st));
		check_accepted(&m.st, &st, s.p);
		buf_reset(&m.log);
		buf_put_span(&m.log, buf_span(&out));
		must(succession_verify(buf_span(&m.log), &m.st));
	}
	buf_done(&entry);
	buf_done(&out);
	maker_done(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const tries[])(struct span) = { try_log, try_entry, try_text, try_story };

	start();
	if (n > 0)
		tries[p[0] % 4](SPAN(p + 1, n - 1));
	return 0;
}
