/*
 * Input: first byte, then a file.  The file is read with a fixed key (that of the corpus), at once
 * and in pieces of the first byte's size: the same comes out; what opens is whole for a check
 * without a key, too.  And the input as plaintext, written, comes back.
 */
#include "lib/crypto.h"
#include "tests/unit/age_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint8_t priv[32] = "a fixed key of the fuzz target", pub[32], wrap[32] = "and one";

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
start(void)
{
	if (sec_arena_kind() != SEC_NONE)
		return;
	must(sec_arena_open(512 * 1024, true, true) == ERR_OK && crypto_init_light() == ERR_OK);
	crypto_x25519_public(priv, pub);
}

/* Like age_rig_read, with a wrapping key instead of a passphrase: scrypt is slow. */
static enum err
read_wrapped(struct span in, struct buf *plain)
{
	struct age_reader r;
	struct span out = SPAN_NONE;
	enum err e;

	age_reader_init(&r, AGE_LOGN_MAX);
	e = age_reader_push(&r, &in, &out);
	if (!e && r.wants_key && !(e = age_reader_scrypt(&r, wrap)))
		do {
			e = age_reader_push(&r, &in, &out);
			buf_put_span(plain, out);
		} while (!e && (in.len > 0 || out.len > 0));
	if (!e && !(e = age_reader_end(&r, &out)))
		buf_put_span(plain, out);
	age_reader_done(&r);
	return e;
}

static void
read_file(struct span file, size_t piece)
{
	struct age_rig whole = { .privs = SPAN(priv, 32) }, parts = whole,
		       check = { .check = true };
	struct buf a = BUF_INIT, b = BUF_INIT, none = BUF_INIT;
	enum err e, c;

	parts.piece = piece;
	e = age_rig_read(&whole, file, &a);
	must(age_rig_read(&parts, file, &b) == e && span_eq(buf_span(&a), buf_span(&b)));
	c = age_rig_read(&check, file, &none);
	must(none.len == 0 && (e != ERR_OK || (c == ERR_OK && check.size == a.len)));
	/* what has a header and the right length is refused for its keys or its content only */
	must(c != ERR_OK || e != ERR_AGE_ARMOR);
	buf_reset(&a);
	if (read_wrapped(file, &a) == ERR_OK)
		must(c == ERR_OK && check.size == a.len);
	buf_done(&a);
	buf_done(&b);
	buf_done(&none);
}

static void
write_file(struct span plain, size_t piece)
{
	struct age_rig t = { .privs = SPAN(priv, 32), .piece = piece };
	struct buf file = BUF_INIT, got = BUF_INIT;
	uint8_t salt[AGE_SALT] = { 1 };
	struct age_writer w;

	must(age_writer_init(&w, piece & 1) == ERR_OK);
	if (piece & 2)
		must(age_writer_scrypt(&w, salt, 10, wrap) == ERR_OK);
	else
		must(age_writer_recipient(&w, pub) == ERR_OK);
	must(age_rig_write(&w, plain, piece, &file) == ERR_OK);
	age_writer_done(&w);
	if (piece & 2)
		must(read_wrapped(buf_span(&file), &got) == ERR_OK);
	else
		must(age_rig_read(&t, buf_span(&file), &got) == ERR_OK);
	must(span_eq(buf_span(&got), plain));
	buf_done(&file);
	buf_done(&got);
}

static void
keys(struct span text)
{
	struct sec privs = { 0 };
	uint8_t out[32];

	must(sec_init(&privs, 64) == ERR_OK);
	if (age_identity_file(text, &privs) == ERR_OK)
		must(privs.len % 32 == 0 && privs.len > 0);
	sec_done(&privs);
	(void)!age_recipient_parse(text, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	start();
	if (n < 1)
		return 0;
	read_file(SPAN(p + 1, n - 1), p[0]);
	write_file(SPAN(p + 1, n - 1), p[0]);
	keys(SPAN(p + 1, n - 1));
	must(sec_arena_used() == 0);
	return 0;
}
