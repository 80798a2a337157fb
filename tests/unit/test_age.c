/* lib/age.h: what is written is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "tests/unit/age_rig.h"

#define RECIPIENT "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define IDENTITY  "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"

static uint8_t priv[32], pub[32];

static int
setup(void **state)
{
	(void)state;
	if (crypto_init() || sec_arena_open(512 * 1024, true, true))
		return 1;
	crypto_random(priv, sizeof(priv));
	crypto_x25519_public(priv, pub);
	return 0;
}

static void
make(struct span plain, bool armored, size_t piece, struct buf *file)
{
	struct age_writer w;

	assert_int_equal(age_writer_init(&w, armored), ERR_OK);
	assert_int_equal(age_writer_recipient(&w, pub), ERR_OK);
	assert_int_equal(age_rig_write(&w, plain, piece, file), ERR_OK);
	age_writer_done(&w);
}

/* Reads with our key; what comes out is the beginning of plain in whole chunks, or all of it. */
static enum err
reads(struct span file, size_t piece, struct span plain)
{
	struct age_rig t = { .piece = piece, .privs = SPAN(priv, 32) };
	struct buf got = BUF_INIT;
	enum err e = age_rig_read(&t, file, &got);

	assert_true(span_eq(buf_span(&got), span_sub(plain, 0, got.len)));
	assert_true(e ? got.len == plain.len || got.len % AGE_CHUNK == 0 : got.len == plain.len);
	buf_done(&got);
	return e;
}

static enum err
checks(struct span file, uint64_t *size, struct age_header *h)
{
	struct age_rig t = { .check = true };
	struct buf none = BUF_INIT;
	enum err e = age_rig_read(&t, file, &none);

	assert_int_equal(none.len, 0);
	buf_done(&none);
	*size = t.size;
	*h = t.header;
	return e;
}

static uint8_t *
random_bytes(size_t n)
{
	uint8_t *p = malloc(n + 1);

	assert_non_null(p);
	crypto_random(p, n);
	return p;
}

static size_t
random_below(size_t n)
{
	uint32_t v;

	crypto_random(&v, sizeof(v));
	return v % n;
}

/* ---- there and back ---- */

static void
round_trip(struct span plain)
{
	struct buf file = BUF_INIT;
	struct age_header h;
	uint64_t size;
	bool armored = random_below(2);

	make(plain, armored, random_below(2) ? random_below(200000) + 1 : 0, &file);
	assert_int_equal(reads(buf_span(&file), 0, plain), ERR_OK);
	assert_int_equal(reads(buf_span(&file), random_below(200000) + 1, plain), ERR_OK);
	assert_int_equal(checks(buf_span(&file), &size, &h), ERR_OK);
	assert_int_equal(size, plain.len);
	assert_int_equal(h.kinds, AGE_X25519);
	assert_int_equal(h.stanzas, 1);
	if (armored)
		assert_memory_equal(file.p, "-----BEGIN AGE ENCRYPTED FILE-----\n", 35);
	buf_done(&file);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_sizes(void **state)
{
	uint8_t *p = random_bytes(AGE_CHUNK * 4);
	size_t chunks, i;

	(void)state;
	for (i = 0; i < 100; i++)
		round_trip(SPAN(p, i));
	for (chunks = 1; chunks < 4; chunks++)
		for (i = 0; i < 35; i++)
			round_trip(SPAN(p, AGE_CHUNK * chunks - 17 + i));
	for (i = 0; i < 100; i++)
		round_trip(SPAN(p, random_below(AGE_CHUNK * 4)));
	free(p);
}

static void
test_bytewise(void **state)
{
	uint8_t *p = random_bytes(AGE_CHUNK + 1);
	struct buf file = BUF_INIT;

	(void)state;
	make(SPAN(p, AGE_CHUNK + 1), true, 1, &file);
	assert_int_equal(reads(buf_span(&file), 1, SPAN(p, AGE_CHUNK + 1)), ERR_OK);
	buf_done(&file);
	free(p);
}

/* ---- damage ---- */

static bool
is_refusal(enum err e)
{
	return e == ERR_AGE_HEADER || e == ERR_AGE_EDITED || e == ERR_AGE_MATCH ||
	    e == ERR_AGE_PAYLOAD || e == ERR_AGE_ARMOR;
}

static void
cut_everywhere(struct span file, struct span plain)
{
	uint8_t *p = random_bytes(file.len + 1);
	size_t i;

	memcpy(p, file.p, file.len);
	for (i = 0; i < file.len; i++)
		assert_true(is_refusal(reads(SPAN(p, i), 0, plain)));
	p[file.len] = 'x';
	assert_true(is_refusal(reads(SPAN(p, file.len + 1), 0, plain)));
	free(p);
}

static void
flip_everywhere(struct span file, struct span plain)
{
	uint8_t *p = random_bytes(file.len);
	size_t i;

	memcpy(p, file.p, file.len);
	for (i = 0; i < file.len * 8; i++) {
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_true(is_refusal(reads(SPAN(p, file.len), 0, plain)));
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(reads(SPAN(p, file.len), 0, plain), ERR_OK);
	free(p);
}

static void
test_damage(void **state)
{
	struct span plain = SPAN_LIT("nothing is ever lost");
	struct buf file = BUF_INIT;

	(void)state;
	make(plain, false, 0, &file);
	cut_everywhere(buf_span(&file), plain);
	flip_everywhere(buf_span(&file), plain);
	buf_done(&file);
}

/* The last line feed may go: the line ends there anyway.  Into white space it may turn, too. */
static void
test_damage_armored(void **state)
{
	struct span plain = SPAN_LIT("nothing is ever lost"), file;
	struct buf b = BUF_INIT;

	(void)state;
	make(plain, true, 0, &b);
	assert_int_equal(b.p[b.len - 1], '\n');
	file = SPAN(b.p, b.len - 1);
	assert_int_equal(reads(file, 0, plain), ERR_OK);
	cut_everywhere(file, plain);
	flip_everywhere(file, plain);
	buf_done(&b);
}

/* Some of the places of a file of three chunks: which one fails decides what has come out. */
static void
test_damage_chunks(void **state)
{
	size_t i, at, size = AGE_CHUNK * 2 + 100, sealed = AGE_CHUNK + AGE_TAG, head;
	uint8_t *p = random_bytes(size);
	struct buf file = BUF_INIT;
	struct age_rig t = { .privs = SPAN(priv, 32) };

	(void)state;
	make(SPAN(p, size), false, 0, &file);
	head = file.len - 2 * sealed - 100 - AGE_TAG;
	for (i = 0; i < 300; i++) {
		struct buf got = BUF_INIT;

		at = random_below(file.len - head);
		file.p[head + at] ^= 4;
		assert_int_equal(age_rig_read(&t, buf_span(&file), &got), ERR_AGE_PAYLOAD);
		assert_int_equal(got.len, at / sealed * AGE_CHUNK);
		assert_memory_equal(got.p ? got.p : p, p, got.len);
		file.p[head + at] ^= 4;
		buf_reset(&got);
		assert_true(is_refusal(age_rig_read(&t, SPAN(file.p, head + at), &got)));
		assert_int_equal(got.len, at / sealed * AGE_CHUNK);
		buf_done(&got);
	}
	buf_done(&file);
	free(p);
}

/* Chunks swapped, doubled, left out */
static void
test_chunk_order(void **state)
{
	size_t size = AGE_CHUNK * 3 + 5, sealed = AGE_CHUNK + AGE_TAG, head, i, j;
	uint8_t *p = random_bytes(size);
	struct buf file = BUF_INIT, edited = BUF_INIT;

	(void)state;
	make(SPAN(p, size), false, 0, &file);
	head = file.len - 3 * sealed - 5 - AGE_TAG;
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++) {
			if (i == j)
				continue;
			buf_put(&edited, file.p, file.len);
			memcpy(edited.p + head + i * sealed, file.p + head + j * sealed, sealed);
			assert_int_equal(
			    reads(buf_span(&edited), 0, SPAN(p, size)), ERR_AGE_PAYLOAD);
			buf_reset(&edited);
		}
	for (i = 0; i < 3; i++) {
		buf_put(&edited, file.p, head + i * sealed);
		buf_put(
		    &edited, file.p + head + (i + 1) * sealed, file.len - head - (i + 1) * sealed);
		assert_int_equal(reads(buf_span(&edited), 0, SPAN(p, size)), ERR_AGE_PAYLOAD);
		buf_reset(&edited);
	}
	buf_done(&edited);
	buf_done(&file);
	free(p);
}

/* ---- who can read ---- */

static void
test_scrypt(void **state)
{
	struct span plain = SPAN_LIT("seeds"), pass = SPAN_LIT("correct horse");
	struct age_rig right = { .pass = pass }, wrong = { .pass = SPAN_LIT("correct hors") },
		       key = { .privs = SPAN(priv, 32) };
	uint8_t salt[AGE_SALT] = { 9 }, wrap[32];
	struct buf file = BUF_INIT, got = BUF_INIT;
	struct age_writer w;
	struct age_header h;
	uint64_t size;

	(void)state;
	assert_int_equal(age_scrypt(pass, salt, 10, wrap), ERR_OK);
	assert_int_equal(age_writer_init(&w, false), ERR_OK);
	assert_int_equal(age_writer_scrypt(&w, salt, 10, wrap), ERR_OK);
	assert_int_equal(age_writer_recipient(&w, pub), ERR_RANGE);
	assert_int_equal(age_writer_scrypt(&w, salt, 10, wrap), ERR_RANGE);
	assert_int_equal(age_rig_write(&w, plain, 0, &file), ERR_OK);
	age_writer_done(&w);
	assert_int_equal(age_rig_read(&wrong, buf_span(&file), &got), ERR_AGE_MATCH);
	assert_int_equal(age_rig_read(&key, buf_span(&file), &got), ERR_AGE_MATCH);
	assert_int_equal(age_rig_read(&right, buf_span(&file), &got), ERR_OK);
	assert_true(span_eq(buf_span(&got), plain));
	assert_int_equal(checks(buf_span(&file), &size, &h), ERR_OK);
	assert_int_equal(h.kinds, AGE_SCRYPT);
	assert_int_equal(h.log_n, 10);
	assert_memory_equal(h.salt, salt, AGE_SALT);
	buf_done(&file);
	buf_done(&got);
}

/* A header by hand around one stanza; only its form is looked at. */
static enum err
header(const char *stanzas, struct age_header *h)
{
	struct buf file = BUF_INIT;
	uint64_t size;
	enum err e;

	buf_putf(&file, "age-encryption.org/v1\n%s--- %043d\n%016d%016d", stanzas, 0, 0, 0);
	e = checks(buf_span(&file), &size, h);
	buf_done(&file);
	return e;
}

#define BODY "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define PQ   "-> mlkem768x25519 AAAA\nAAAA\n"

static void
test_header(void **state)
{
	struct age_header h;

	(void)state;
	assert_int_equal(header("-> scrypt " SALT " 20" BODY, &h), ERR_OK);
	assert_int_equal(h.log_n, 20);
	assert_int_equal(header("-> scrypt " SALT " 21" BODY, &h), ERR_AGE_WORK);
	assert_int_equal(header("-> scrypt " SALT " 99999999999999999999" BODY, &h), ERR_AGE_WORK);
	assert_int_equal(header("-> scrypt " SALT " 4294967306" BODY, &h), ERR_AGE_WORK);
	assert_int_equal(header("-> scrypt " SALT " 0" BODY, &h), ERR_AGE_HEADER);
	assert_int_equal(header("-> scrypt " SALT BODY, &h), ERR_AGE_HEADER);
	assert_int_equal(header("-> scrypt " SALT " 10" BODY PQ, &h), ERR_AGE_HEADER);
	assert_int_equal(header(PQ "-> p256tag A B\n\n", &h), ERR_OK);
	assert_int_equal(h.kinds, AGE_QUANTUM | AGE_OTHER);
	assert_int_equal(h.stanzas, 2);
	assert_int_equal(header("", &h), ERR_AGE_HEADER);
	assert_int_equal(header("->\n\n", &h), ERR_AGE_HEADER);
	assert_int_equal(header("-> \n\n", &h), ERR_AGE_HEADER);
	assert_int_equal(header("-> a\n", &h), ERR_AGE_HEADER);
}

static enum err
header_of(size_t stanzas, size_t arg)
{
	struct buf b = BUF_INIT;
	struct age_header h;
	enum err e;

	while (stanzas-- > 0)
		buf_putf(&b, "-> %0*d\n\n", (int)arg, 1);
	e = header(buf_cstr(&b), &h);
	buf_done(&b);
	return e;
}

/* "age-encryption.org/v1\n", "-> ", two line feeds, and the last line of 48 */
static void
test_bounds(void **state)
{
	size_t rest = 22 + 5 + 48;

	(void)state;
	assert_int_equal(header_of(AGE_STANZAS_MAX, 3), ERR_OK);
	assert_int_equal(header_of(AGE_STANZAS_MAX + 1, 3), ERR_AGE_HEADER);
	assert_int_equal(header_of(1, AGE_HEADER_MAX - rest), ERR_OK);
	assert_int_equal(header_of(1, AGE_HEADER_MAX - rest + 1), ERR_AGE_HEADER);
	assert_int_equal(header_of(1, AGE_HEADER_MAX * 10), ERR_AGE_HEADER);
}

static void
test_recipients(void **state)
{
	uint8_t keys[32 * AGE_RECIPIENTS_MAX], one[32];
	struct age_rig t = { .privs = SPAN(keys, 32) };
	struct buf file = BUF_INIT, got = BUF_INIT;
	struct age_writer w;
	size_t i;

	(void)state;
	assert_int_equal(age_writer_init(&w, false), ERR_OK);
	crypto_random(keys, sizeof(keys));
	for (i = 0; i < AGE_RECIPIENTS_MAX; i++) {
		crypto_x25519_public(keys + 32 * i, one);
		assert_int_equal(age_writer_recipient(&w, one), ERR_OK);
	}
	assert_int_equal(age_writer_recipient(&w, one), ERR_TOOBIG);
	assert_int_equal(age_rig_write(&w, SPAN_LIT("x"), 0, &file), ERR_OK);
	age_writer_done(&w);
	for (i = 0; i < AGE_RECIPIENTS_MAX; i++) {
		t.privs = SPAN(keys + 32 * i, 32);
		assert_int_equal(age_rig_read(&t, buf_span(&file), &got), ERR_OK);
	}
	assert_int_equal(got.len, AGE_RECIPIENTS_MAX);
	t.privs = SPAN(priv, 32);
	assert_int_equal(age_rig_read(&t, buf_span(&file), &got), ERR_AGE_MATCH);
	memcpy(keys, priv, 32); /* the second of several is his */
	t.privs = SPAN(keys, 64);
	assert_int_equal(age_rig_read(&t, buf_span(&file), &got), ERR_OK);
	t.privs = SPAN_NONE;
	assert_int_equal(age_rig_read(&t, buf_span(&file), &got), ERR_AGE_MATCH);
	buf_done(&file);
	buf_done(&got);
}

/* A stanza that we cannot read is said to be one, unless another opens. */
static void
test_quantum(void **state)
{
	struct buf file = BUF_INIT, got = BUF_INIT;
	struct age_rig t = { .privs = SPAN(priv, 32) }, pass = { .pass = SPAN_LIT("x") };

	(void)state;
	buf_putf(&file, "age-encryption.org/v1\n" PQ "--- %043d\n", 0);
	assert_int_equal(age_rig_read(&t, buf_span(&file), &got), ERR_AGE_QUANTUM);
	assert_int_equal(age_rig_read(&pass, buf_span(&file), &got), ERR_AGE_QUANTUM);
	buf_done(&file);
	buf_done(&got);
}

/* Another key may be tried, and the file key alone opens too. */
static void
test_retry(void **state)
{
	struct buf file = BUF_INIT;
	struct age_reader r;
	struct span in, out;
	uint8_t other[32], file_key[AGE_FILE_KEY] = { 0 };

	(void)state;
	crypto_random(other, sizeof(other));
	make(SPAN_LIT("abc"), false, 0, &file);
	age_reader_init(&r, AGE_LOGN_MAX);
	in = buf_span(&file);
	assert_int_equal(age_reader_scrypt(&r, other), ERR_INTERNAL);
	assert_int_equal(age_reader_identities(&r, SPAN(priv, 32)), ERR_INTERNAL);
	assert_int_equal(age_reader_push(&r, &in, &out), ERR_OK);
	assert_true(r.wants_key);
	assert_int_equal(age_reader_push(&r, &in, &out), ERR_INTERNAL);
	assert_int_equal(age_reader_end(&r, &out), ERR_INTERNAL);
	assert_int_equal(age_reader_identities(&r, SPAN(other, 32)), ERR_AGE_MATCH);
	assert_int_equal(age_reader_scrypt(&r, other), ERR_AGE_MATCH);
	assert_int_equal(age_reader_file_key(&r, file_key), ERR_AGE_EDITED);
	assert_int_equal(age_reader_identities(&r, SPAN(priv, 32)), ERR_OK);
	assert_int_equal(age_reader_identities(&r, SPAN(priv, 32)), ERR_INTERNAL);
	assert_int_equal(age_reader_push(&r, &in, &out), ERR_OK);
	assert_int_equal(age_reader_end(&r, &out), ERR_OK);
	assert_true(span_eq(out, SPAN_LIT("abc")));
	age_reader_done(&r);
	buf_done(&file);
}

static void
test_arena_full(void **state)
{
	struct sec all = { 0 };
	struct age_writer w;
	struct buf file = BUF_INIT;

	(void)state;
	make(SPAN_LIT("abc"), false, 0, &file);
	assert_int_equal(sec_init(&all, 512 * 1024 - AGE_ARENA / 2), ERR_OK);
	assert_int_equal(reads(buf_span(&file), 0, SPAN_LIT("abc")), ERR_NOMEM);
	assert_int_equal(age_writer_init(&w, false), ERR_NOMEM);
	age_writer_done(&w);
	sec_done(&all);
	assert_int_equal(sec_init(&all, 512 * 1024 - AGE_ARENA), ERR_OK);
	assert_int_equal(reads(buf_span(&file), 0, SPAN_LIT("abc")), ERR_OK);
	assert_int_equal(age_writer_init(&w, false), ERR_OK);
	age_writer_done(&w);
	sec_done(&all);
	assert_int_equal(sec_arena_used(), 0);
	buf_done(&file);
}

static void
test_writer_order(void **state)
{
	static const uint8_t low[32] = { 0 };
	struct age_writer w;
	struct span in = SPAN_LIT("x"), out;
	uint8_t salt[AGE_SALT] = { 0 };

	(void)state;
	assert_int_equal(age_writer_init(&w, false), ERR_OK);
	assert_int_equal(age_writer_start(&w, &out), ERR_USAGE);
	assert_int_equal(age_writer_push(&w, &in, &out), ERR_INTERNAL);
	assert_int_equal(age_writer_end(&w, &out), ERR_INTERNAL);
	assert_int_equal(age_writer_scrypt(&w, salt, 31, low), ERR_RANGE);
	assert_int_equal(age_writer_recipient(&w, low), ERR_RANGE);
	assert_int_equal(age_writer_recipient(&w, pub), ERR_OK);
	assert_int_equal(age_writer_scrypt(&w, salt, 10, low), ERR_RANGE);
	assert_int_equal(age_writer_start(&w, &out), ERR_OK);
	assert_int_equal(age_writer_recipient(&w, pub), ERR_INTERNAL);
	assert_int_equal(age_writer_start(&w, &out), ERR_INTERNAL);
	age_writer_done(&w);
	age_writer_done(&w);
}

/* ---- texts ---- */

/* the pair of C2SP age.md */
static void
test_keys(void **state)
{
	uint8_t secret[32], got[32], want[32];
	struct sec privs = { 0 };

	(void)state;
	assert_int_equal(age_identity_parse(span_str(IDENTITY), secret), ERR_OK);
	assert_int_equal(age_recipient_parse(span_str(RECIPIENT), got), ERR_OK);
	crypto_x25519_public(secret, want);
	assert_memory_equal(got, want, 32);
	assert_int_equal(sec_init(&privs, 64), ERR_OK);
	assert_int_equal(age_identity_file(SPAN_LIT("# created\r\n\n" IDENTITY "\r\n"), &privs), 0);
	assert_int_equal(privs.len, 32);
	assert_memory_equal(privs.p, secret, 32);
	assert_int_equal(age_identity_file(SPAN_LIT(IDENTITY "\n" IDENTITY), &privs), ERR_TOOBIG);
	sec_wipe(&privs);
	assert_int_equal(age_identity_file(SPAN_LIT("# none\n"), &privs), ERR_FORMAT);
	assert_int_equal(age_identity_file(SPAN_LIT(IDENTITY " x\n"), &privs), ERR_FORMAT);
	sec_done(&privs);
}

static void
test_foreign_keys(void **state)
{
	static const uint8_t low[32] = { 0 };
	uint8_t out[32];
	char text[AGE_TEXT_MAX];
	size_t n;

	(void)state;
	assert_int_equal(age_recipient_parse(SPAN_LIT("age1pq1x34nzsvr0rx"), out), ERR_AGE_QUANTUM);
	assert_int_equal(age_recipient_parse(SPAN_LIT("AGE1PQ1X34NZSVR0RX"), out), ERR_AGE_QUANTUM);
	assert_int_equal(age_recipient_parse(SPAN_LIT("age1tagpq1m3e4wvp"), out), ERR_AGE_QUANTUM);
	assert_int_equal(
	    age_identity_parse(SPAN_LIT("AGE-SECRET-KEY-PQ-1XX"), out), ERR_AGE_QUANTUM);
	assert_int_equal(age_recipient_parse(SPAN_LIT("age1tag1qt8lw0ual"), out), ERR_UNSUPPORTED);
	assert_int_equal(age_recipient_parse(SPAN_LIT("age1yubikey1qt8lw"), out), ERR_UNSUPPORTED);
	assert_int_equal(age_identity_parse(SPAN_LIT("AGE-PLUGIN-X-1QQQ"), out), ERR_UNSUPPORTED);
	assert_int_equal(age_recipient_parse(SPAN_LIT("age1"), out), ERR_FORMAT);
	assert_int_equal(age_recipient_parse(SPAN_NONE, out), ERR_FORMAT);
	assert_int_equal(age_recipient_parse(span_str(IDENTITY), out), ERR_FORMAT);
	assert_int_equal(age_identity_parse(span_str(RECIPIENT), out), ERR_FORMAT);
	assert_int_equal(text_bech32_encode("age", SPAN(low, 32), text, sizeof(text), &n), ERR_OK);
	assert_int_equal(age_recipient_parse(SPAN(text, n), out), ERR_RANGE);
	assert_int_equal(text_bech32_encode("age", SPAN(pub, 31), text, sizeof(text), &n), ERR_OK);
	assert_int_equal(age_recipient_parse(SPAN(text, n), out), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bytewise),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_damage_armored),
		cmocka_unit_test(test_damage_chunks),
		cmocka_unit_test(test_chunk_order),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_quantum),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_arena_full),
		cmocka_unit_test(test_writer_order),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_foreign_keys),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
