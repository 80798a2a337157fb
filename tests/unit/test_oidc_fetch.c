/* The provider's side of its fetch helper: answers in any order, lies, silence, an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/chan.h"
#include "lib/fiber.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "oidc/fetch.h"

struct rig {
	struct loop *loop;
	struct fetch *fetch;
	int helper; /* we are the helper */
};

struct asking {
	struct fetch *fetch;
	const char *url;
	struct fiber *fiber;
	struct fetch_got got;
	enum err e;
	bool done;
};

static void
ask(void *arg)
{
	struct asking *a = arg;

	a->e = fetch_client(a->fetch, span_str(a->url), &a->got);
	a->done = true;
}

static void
begin(const struct rig *r, struct asking *a, const char *url)
{
	*a = (struct asking){ .fetch = r->fetch, .url = url };
	assert_int_equal(fiber_start(&a->fiber, ask, a), ERR_OK);
}

static void
end(struct asking *a)
{
	assert_true(a->done);
	fetch_got_done(&a->got);
	fiber_free(a->fiber);
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	int pair[2];

	*state = r;
	if (!r || !(r->loop = loop_new()) || sock_pair(SOCK_STREAM, pair))
		return -1;
	r->helper = pair[1];
	return fetch_new_on(&r->fetch, r->loop, pair[0]) != ERR_OK;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	fetch_done(r->fetch);
	if (r->helper >= 0)
		close(r->helper);
	loop_free(r->loop);
	free(r);
	return 0;
}

/* What was asked for; its number. */
static uint64_t
hear(const struct rig *r, const char *url)
{
	struct buf b = BUF_INIT;
	struct fetch_ask q;
	uint64_t id;

	assert_int_equal(chan_recv(r->helper, FETCH_FRAME_MAX, 2000, &b), ERR_OK);
	assert_int_equal(wire_decode(&fetch_ask_map, buf_span(&b), &q), ERR_OK);
	assert_true(span_is(q.url, url));
	assert_int_equal(q.kind, FETCH_CLIENT);
	id = q.id;
	buf_done(&b);
	return id;
}

static void
say(const struct rig *r, uint64_t id, const struct fetch_answer *a)
{
	struct fetch_answer out = *a;
	struct buf b = BUF_INIT;

	buf_put_u64(&b, id);
	wire_mark(&fetch_answer_map, &out);
	assert_int_equal(wire_encode(&fetch_answer_map, &out, &b), ERR_OK);
	assert_int_equal(chan_send(r->helper, buf_span(&b)), ERR_OK);
	buf_done(&b);
	assert_int_equal(loop_once(r->loop, 1000), ERR_OK);
}

static void
order(void **state)
{
	const struct span list[] = { SPAN_LIT("https://a.example/b"), SPAN_LIT("c.d:/e") };
	struct fetch_answer one = { .name = SPAN_LIT("one"), .redirects = { .v = list, .n = 2 } };
	struct fetch_answer two = { .name = SPAN_LIT("two") };
	struct rig *r = *state;
	struct asking a, b;
	uint64_t na, nb;

	begin(r, &a, "https://a.example/");
	begin(r, &b, "https://b.example/");
	na = hear(r, "https://a.example/");
	nb = hear(r, "https://b.example/");
	say(r, 12345, &one); /* nobody's */
	say(r, nb, &two);
	assert_false(a.done);
	assert_true(b.done && span_is(b.got.a.name, "two"));
	say(r, nb, &one); /* a second time */
	say(r, na, &one);
	assert_int_equal(a.e, ERR_OK);
	assert_true(fetch_has_redirect(&a.got, SPAN_LIT("c.d:/e")));
	assert_true(fetch_has_redirect(&a.got, SPAN_LIT("https://a.example/b")));
	assert_false(fetch_has_redirect(&a.got, SPAN_LIT("https://a.example/")));
	assert_false(fetch_has_redirect(&b.got, SPAN_LIT("c.d:/e")));
	end(&a);
	end(&b);
}

/* Good answers as long as they may be; errors never. */
static void
kept(void **state)
{
	struct fetch_answer good = { .age = 60, .name = SPAN_LIT("n") };
	struct fetch_answer bad = { .age = 60, .why = FETCH_WHY_TLS };
	struct rig *r = *state;
	struct asking a;

	begin(r, &a, "https://a.example/");
	say(r, hear(r, "https://a.example/"), &bad);
	assert_int_equal(a.e, ERR_FETCH_TLS);
	assert_int_equal(a.got.a.why, FETCH_WHY_TLS);
	end(&a);
	for (size_t i = 0; i < 2; i++) { /* the first with age 0 */
		good.age = i * 60;
		begin(r, &a, "https://a.example/");
		say(r, hear(r, "https://a.example/"), &good);
		assert_int_equal(a.e, ERR_OK);
		end(&a);
	}
	begin(r, &a, "https://a.example/");
	assert_true(a.done && a.e == ERR_OK && span_is(a.got.a.name, "n"));
	end(&a);
	for (size_t i = 0; i < 2 * FETCH_KEPT; i++) { /* no more than so many */
		char url[64];

		snprintf(url, sizeof url, "https://%zu.example/", i);
		begin(r, &a, url);
		say(r, hear(r, url), &good);
		end(&a);
	}
	begin(r, &a, "https://0.example/");
	assert_false(a.done);
	say(r, hear(r, "https://0.example/"), &good);
	end(&a);
}

/* A child that was taken over says what it likes. */
static void
lies(void **state)
{
	const struct span newline[] = { SPAN_LIT("https://a/\nhttps://b/") };
	struct span many[FETCH_REDIRECTS + 1];
	const struct fetch_answer rows[] = {
		{ .home = SPAN_LIT("javascript:alert(1)") },
		{ .logo = SPAN_LIT("http://a.example/") },
		{ .policy = SPAN_LIT("https://127.0.0.1/") },
		{ .terms = SPAN_LIT("https://a.example/\"><script>") },
		{ .name = SPAN_LIT("a\nb") },
		{ .type = SPAN_LIT("text/html") },
		{ .redirects = { .v = newline, .n = 1 } },
		{ .redirects = { .v = many, .n = FETCH_REDIRECTS + 1 } },
	};
	struct rig *r = *state;
	struct asking a;

	for (size_t i = 0; i <= FETCH_REDIRECTS; i++)
		many[i] = SPAN_LIT("a:b");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(r, &a, "https://a.example/");
		say(r, hear(r, "https://a.example/"), &rows[i]);
		assert_int_equal(a.e, ERR_FORMAT);
		end(&a);
	}
	begin(r, &a, "https://a.example/");
	(void)hear(r, "https://a.example/");
	assert_int_equal(chan_send(r->helper, SPAN_LIT("\0\0\0\0\0\0\0\x09nonsense")), ERR_OK);
	assert_int_equal(loop_once(r->loop, 1000), ERR_OK);
	assert_true(a.done && a.e != ERR_OK);
	end(&a);
}

static void
too_many(void **state)
{
	static struct asking a[FETCH_WAITING + 1];
	struct rig *r = *state;

	for (size_t i = 0; i < FETCH_WAITING; i++) {
		begin(r, &a[i], "https://a.example/");
		assert_false(a[i].done);
	}
	begin(r, &a[FETCH_WAITING], "https://a.example/");
	assert_int_equal(a[FETCH_WAITING].e, ERR_BUSY);
	close(r->helper); /* it dies: all are told */
	r->helper = -1;
	assert_int_equal(loop_once(r->loop, 1000), ERR_OK);
	for (size_t i = 0; i < FETCH_WAITING; i++)
		assert_int_equal(a[i].e, ERR_FETCH_UNREACHED);
	for (size_t i = 0; i <= FETCH_WAITING; i++)
		end(&a[i]);
	begin(r, &a[0], "https://a.example/"); /* and nobody waits for it later */
	assert_int_equal(a[0].e, ERR_FETCH_UNREACHED);
	end(&a[0]);
}

static void
cancelled(void **state)
{
	struct rig *r = *state;
	struct fetch_answer good = { .name = SPAN_LIT("n") };
	struct asking a, b;
	uint64_t id;

	begin(r, &a, "https://a.example/");
	id = hear(r, "https://a.example/");
	fiber_wake(a.fiber, ERR_CANCELLED);
	assert_int_equal(a.e, ERR_CANCELLED);
	end(&a);
	begin(r, &b, "https://b.example/");
	say(r, id, &good); /* the other's answer is not its own */
	assert_false(b.done);
	say(r, hear(r, "https://b.example/"), &good);
	assert_int_equal(b.e, ERR_OK);
	end(&b);
}

static void
off(void **state)
{
	struct oidc_conf conf = { .indieauth = 0 };
	struct rig *r = *state;
	struct fetch *f;
	struct asking a;

	assert_int_equal(fetch_new(&f, r->loop, &conf), ERR_OK);
	a = (struct asking){ .fetch = f, .url = "https://a.example/" };
	assert_int_equal(fiber_start(&a.fiber, ask, &a), ERR_OK);
	assert_int_equal(a.e, ERR_UNSUPPORTED);
	end(&a);
	ask(&a); /* not on a fiber */
	assert_int_equal(a.e, ERR_INTERNAL);
	fetch_got_done(&a.got);
	fetch_done(f);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = { RIG(order), RIG(kept), RIG(lies), RIG(too_many),
		RIG(cancelled), RIG(off) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
