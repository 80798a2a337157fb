/*
 * What the module makes of its helpers' words.  tests/e2e/91-pam-checks.sh takes its checks out
 * of the code, one at a time, and expects this program to fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pam/tokens_parts.h"
#include "pam/verify.h"

static enum err
hear(struct verify_event ev, struct verify_verdict *out)
{
	struct verify v = VERIFY_NONE;
	struct verify_cred c = { .alg = -7, .up = true };
	struct verify_answer a = { .creds = &c, .ncreds = 1 };
	struct buf b = BUF_INIT;
	uint8_t head[4], key[64] = { 4 };
	int pair[2];
	enum err e;

	c.cred_id = a.cred_id = SPAN_LIT("id");
	c.pubkey = SPAN(key, 64);
	a.authdata = a.sig = SPAN_LIT("x");
	memset(v.nonce, 3, 32);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	v.h.fd = pair[0];
	v.h.max = 1024;
	v.h.page = mmap(NULL, 1028, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	wire_mark(&verify_event_map, &ev);
	assert_int_equal(wire_encode(&verify_event_map, &ev, &b), ERR_OK);
	put_be32(head, (uint32_t)b.len);
	assert_int_equal(write(pair[1], head, 4), 4);
	assert_int_equal(write(pair[1], b.p, b.len), b.len);
	e = verify_check(&v, &a, helper_clock() + 1000, out);
	buf_done(&b);
	close(pair[1]);
	verify_end(&v);
	return e;
}

/* proves: the verdict is about our nonce, says good and nothing else, and names a row */
static void
test_verdict(void **state)
{
	uint8_t ours[32], other[32];
	struct verify_event ev = { .kind = VERIFY_EV_GOOD };
	struct verify_verdict out;

	(void)state;
	memset(ours, 3, 32);
	memset(other, 4, 32);
	ev.nonce = SPAN(ours, 32);
	assert_int_equal(hear(ev, &out), ERR_OK);
	ev.nonce = SPAN(other, 32);
	assert_int_equal(hear(ev, &out), ERR_VERIFY_ANSWER);
	ev.nonce = SPAN(ours, 32);
	ev.index = 1;
	assert_int_equal(hear(ev, &out), ERR_VERIFY_ANSWER);
	ev.index = 0;
	ev.err = ERR_LIE_RP;
	assert_int_equal(hear(ev, &out), ERR_VERIFY_ANSWER);
	ev.kind = VERIFY_EV_BAD;
	assert_int_equal(hear(ev, &out), ERR_LIE_RP);
	ev.err = 0;
	assert_int_equal(hear(ev, &out), ERR_VERIFY_ANSWER);
	ev.err = 9999;
	assert_int_equal(hear(ev, &out), ERR_VERIFY_ANSWER);
	ev.err = 0;
	ev.kind = VERIFY_EV_BEGUN;
	assert_int_equal(hear(ev, &out), ERR_VERIFY_ANSWER);
}

/* --- and of the token's --- */

static enum err
hear_token(struct span secret, struct span authdata, size_t salt, uint8_t out[32])
{
	static const uint8_t zero[32];
	static struct tokens_answer a;
	struct token_event ev = { .kind = TOKEN_EV_RESULT, .cred_id = SPAN_LIT("id") };
	struct tokens_call c = { .salt = SPAN(zero, salt) };
	struct turn t = { .n = 1 };
	struct buf b = BUF_INIT;
	uint8_t head[4];
	int pair[2];
	enum err e;

	a = (struct tokens_answer){ .secret = out };
	ev.sig = SPAN_LIT("sig");
	ev.authdata = authdata;
	ev.secret = secret;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	t.h[0] = (struct helper){ .pid = -1, .pidfd = -1, .fd = pair[0], .max = 1024 };
	t.h[0].page = mmap(NULL, 1028, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	wire_mark(&token_event_map, &ev);
	assert_int_equal(wire_encode(&token_event_map, &ev, &b), ERR_OK);
	put_be32(head, (uint32_t)b.len);
	assert_int_equal(write(pair[1], head, 4), 4);
	assert_int_equal(write(pair[1], b.p, b.len), b.len);
	e = tokens_hear(&t, &c, helper_clock() + 1000, &a);
	buf_done(&b);
	close(pair[1]);
	helper_end(&t.h[0]);
	return e;
}

/* proves: a secret only where it was asked for, of its length, and not of zeros; authdata */
static void
test_secret(void **state)
{
	static const uint8_t zero[64];
	uint8_t key[64], out[32] = { 0 };
	struct span auth = SPAN(zero, 37);

	(void)state;
	memset(key, 7, sizeof key);
	assert_int_equal(hear_token(SPAN(zero, 32), auth, 32, out), ERR_LIE_SECRET);
	assert_int_equal(hear_token(SPAN(key, 31), auth, 32, out), ERR_LIE_SECRET);
	assert_int_equal(hear_token(SPAN(key, 64), auth, 32, out), ERR_LIE_SECRET);
	assert_int_equal(hear_token(SPAN_NONE, auth, 32, out), ERR_LIE_SECRET);
	assert_int_equal(hear_token(SPAN(key, 32), auth, 0, out), ERR_LIE_FORMAT);
	assert_int_equal(hear_token(SPAN(key, 32), SPAN_NONE, 32, out), ERR_LIE_FORMAT);
	assert_memory_equal(out, zero, 32);
	assert_int_equal(hear_token(SPAN(key, 32), auth, 32, out), ERR_OK);
	assert_memory_equal(out, key, 32);
	assert_int_equal(hear_token(SPAN_NONE, auth, 0, out), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
