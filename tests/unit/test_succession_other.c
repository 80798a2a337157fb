/* Logs and cards made here are read by a program of other libraries (succession_other.py: cbor2,
 * cryptography), which then makes some that are read here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/didkey.h"
#include "lib/text.h"
#include "tests/unit/card_fixture.h"

#define OTHER "/usr/bin/python3 tests/unit/succession_other.py "

/* What it says. */
static struct buf
ask(const char *arguments)
{
	struct buf out = BUF_INIT, command = BUF_INIT;
	char block[4096];
	size_t n;
	FILE *f;

	buf_putf(&command, "%s%s", OTHER, arguments);
	assert_non_null(f = popen(buf_cstr(&command), "r"));
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_put(&out, block, n);
	assert_int_equal(pclose(f), 0);
	buf_done(&command);
	return out;
}

/* What it says about a text. */
static struct buf
ask_about(const struct buf *text)
{
	const char *dir = getenv("TMPDIR");
	struct buf path = BUF_INIT, ask_for = BUF_INIT, out;
	FILE *f;
	int fd;

	buf_putf(&path, "%s/ownkey-block.XXXXXX", dir ? dir : "/tmp");
	(void)buf_cstr(&path);
	assert_true((fd = mkstemp((char *)path.p)) >= 0);
	assert_non_null(f = fdopen(fd, "w"));
	assert_int_equal(fwrite(text->p, 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
	buf_putf(&ask_for, "read %s", buf_cstr(&path));
	out = ask(buf_cstr(&ask_for));
	unlink(buf_cstr(&path));
	buf_done(&path);
	buf_done(&ask_for);
	return out;
}

/* A log in its words. */
static void
put_state(const struct succession_state *st, struct buf *out)
{
	char did[DIDKEY_TEXT];

	didkey_print(st->key, did);
	buf_put_span(out, st->service);
	buf_put_u8(out, ' ');
	buf_put_span(out, st->account);
	buf_put_u8(out, ' ');
	text_encode(TEXT_HEX, SPAN(st->id, 16), out);
	buf_putf(
	    out, " %zu %u %s %s ", st->n, st->rotations, st->revoked ? "revoked" : "good", did);
	text_encode(TEXT_HEX, SPAN(st->next, 32), out);
	for (size_t i = 0; i < st->nbound; i++) {
		buf_put_u8(out, ' ');
		buf_put_span(out, st->bound[i].purpose);
		buf_put_u8(out, '=');
		text_encode(TEXT_HEX, SPAN(st->bound[i].digest, 32), out);
	}
	buf_put_u8(out, '\n');
}

static void
expect_said(const struct buf *text, struct buf *want)
{
	struct buf said = ask_about(text);

	assert_string_equal(buf_cstr(&said), buf_cstr(want));
	buf_done(&said);
}

static void
expect_log(const struct maker *m)
{
	struct buf text = BUF_INIT, want = BUF_INIT;

	must(succession_print(buf_span(&m->log), &text));
	put_state(&m->st, &want);
	expect_said(&text, &want);
	buf_done(&text);
	buf_done(&want);
}

static void
test_logs(void **state)
{
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "m\303\274ller", 0);
	expect_log(&m);
	must(maker_bind(&m, "z", "z"));
	expect_log(&m);
	must(maker_revoke(&m, &m.hot));
	expect_log(&m);
	maker_done(&m);
	maker_life(&m);
	expect_log(&m);
	maker_done(&m);
}

static void
test_card(void **state)
{
	static const char *const text[] = { "master 2", "master 0" };
	struct buf want = BUF_INIT, card, block = BUF_INIT;
	struct maker m[2];

	(void)state;
	maker_life(&m[0]);
	maker_incept(&m[1], "ssh", "me", 7);
	card = card_make(m, 2, text, 5000);
	must(idcard_print(buf_span(&card), &block));
	buf_put_str(&want, "card of Alice at 5000\n");
	put_state(&m[0].st, &want);
	put_state(&m[1].st, &want);
	expect_said(&block, &want);
	buf_done(&want);
	buf_done(&card);
	buf_done(&block);
	maker_done(&m[0]);
	maker_done(&m[1]);
}

/* Both refuse what a thief makes: the announced key is another one. */
static void
test_thief(void **state)
{
	struct key hot = key_hot("fresh", 0), thief = key_hot("thief", 0);
	struct succession_proof proof[2];
	struct succession_change c = { .key = hot.pub };
	struct buf entry = BUF_INIT, log = BUF_INIT, text = BUF_INIT, said, want = BUF_INIT;
	uint8_t next[32];
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "me", 0);
	crypto_sha256(SPAN(thief.pub, 32), next);
	c.next = next;
	must(succession_make(SUCCESSION_ROTATE, &m.st, &c, &entry));
	proof[0] = prove(&m.hot, buf_span(&entry));
	proof[1] = prove(&thief, buf_span(&entry));
	raw_append(buf_span(&m.log), buf_span(&entry), proof, 2, &log);
	assert_int_equal(succession_verify(buf_span(&log), &m.st), ERR_SUCC_PHRASE);
	buf_put_str(&text, "-----BEGIN OWNKEY SUCCESSION-----\n");
	text_encode(TEXT_BASE64, buf_span(&log), &text);
	buf_put_str(&text, "\n-----END OWNKEY SUCCESSION-----\n");
	said = ask_about(&text);
	assert_string_equal(buf_cstr(&said), "refused: not the phrase's key\n");
	buf_done(&entry);
	buf_done(&log);
	buf_done(&text);
	buf_done(&said);
	buf_done(&want);
	maker_done(&m);
}

static void
test_made_there(void **state)
{
	struct buf made = ask("make"), log = BUF_INIT, bytes = BUF_INIT, said = BUF_INIT;
	struct succession_state st;
	struct idcard card = IDCARD_INIT;

	(void)state;
	must(succession_find_text(buf_span(&made), &log));
	must(succession_verify(buf_span(&log), &st));
	put_state(&st, &said);
	assert_int_equal(strncmp(buf_cstr(&made), buf_cstr(&said), said.len), 0);
	must(idcard_find_block(buf_span(&made), &bytes));
	must(idcard_verify(buf_span(&bytes), &card));
	assert_true(span_is(card.name, "Bob"));
	assert_true(span_eq(card.identity[0].log, buf_span(&log)));
	assert_true(span_is(idcard_find_text(&card, 0, SPAN_LIT("master")), "three"));
	idcard_done(&card);
	buf_done(&made);
	buf_done(&log);
	buf_done(&bytes);
	buf_done(&said);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init_light() ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_card),
		cmocka_unit_test(test_thief),
		cmocka_unit_test(test_made_there),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
