/* Front between a client and two vaults: what each frame of the one makes of the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/door/front.h"
#include "lib/sock.h"

struct world {
	struct front f;
	struct conn *c;
	int client, vault;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	int fds[2];

	w->c = calloc(1, sizeof *w->c);
	assert_int_equal(sock_pair(SOCK_STREAM, fds), ERR_OK);
	chan_init(&w->f.vault, fds[0], LINK_FRAME_MAX);
	w->vault = fds[1];
	assert_int_equal(sock_pair(SOCK_STREAM, fds), ERR_OK);
	chan_init(&w->c->chan, fds[0], OPS_FRAME_MAX);
	w->client = fds[1];
	w->c->f = &w->f;
	w->c->number = FRONT_CONNS | 1;
	w->f.conns[1] = w->c;
	w->f.nconns = 1;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	chan_done(&w->f.vault);
	chan_done(&w->c->chan);
	buf_done(&w->c->peer);
	buf_done(&w->c->hello);
	buf_done(&w->c->subscribe);
	close(w->client);
	close(w->vault);
	free(w->c);
	free(w);
	return 0;
}

static enum err
request(struct world *w, enum op op, uint64_t id, const void *msg)
{
	struct buf b = BUF_INIT;
	enum err e;

	assert_int_equal(ops_put_request(&b, op, id, msg), ERR_OK);
	e = native_request(w->c, buf_span(&b));
	buf_done(&b);
	return e;
}

static void
reply(struct world *w, enum op op, uint64_t id, enum err status)
{
	struct buf b = BUF_INIT;

	assert_int_equal(ops_put_reply(&b, op, id, status, NULL), ERR_OK);
	native_reply(w->c, buf_span(&b));
	buf_done(&b);
}

/* The next frame queued for the client, if any. */
static bool
to_client(struct world *w, struct ops_reply *r)
{
	struct buf *out = &w->c->chan.out;
	static uint8_t frame[4096];
	uint32_t len;

	if (!out->len)
		return false;
	len = be32(out->p);
	assert_true(len <= sizeof frame);
	memcpy(frame, out->p + 4, len);
	buf_drop(out, 4 + len);
	assert_int_equal(wire_decode(&ops_reply_map, SPAN(frame, len), r), ERR_OK);
	return true;
}

static unsigned
to_vault(struct world *w)
{
	unsigned n = 0;

	for (; w->f.vault.out.len; n++)
		buf_drop(&w->f.vault.out, 4 + be32(w->f.vault.out.p));
	return n;
}

static void
hello(struct world *w, uint64_t id)
{
	struct ops_hello q = { .protocol = OPS_PROTOCOL };

	wire_mark(&ops_hello_map, &q);
	assert_int_equal(request(w, OP_HELLO, id, &q), ERR_OK);
}

static void
test_malformed(void **state)
{
	struct world *w = *state;
	struct ops_cancel q = { .request = 7 };
	struct ops_reply r;

	assert_int_not_equal(native_request(w->c, SPAN_LIT("\xa0")), ERR_OK);
	assert_int_not_equal(native_request(w->c, SPAN_LIT("")), ERR_OK);
	assert_int_equal(request(w, OP_STATUS, 0, NULL), ERR_FORMAT);
	assert_int_equal(
	    native_request(w->c, SPAN_LIT("\xa2\x01\x18\xff\x02\x01")), ERR_UNSUPPORTED);
	assert_int_equal(to_vault(w), 0);
	/* parameters that are missing: an answer, and the connection goes on */
	assert_int_equal(request(w, OP_CANCEL, 1, NULL), ERR_OK);
	assert_true(to_client(w, &r) && r.id == 1 && r.status);
	wire_mark(&ops_cancel_map, &q);
	assert_int_equal(request(w, OP_CANCEL, 1, &q), ERR_OK);
	assert_int_equal(to_vault(w), 1);
}

static void
test_in_flight(void **state)
{
	struct world *w = *state;
	struct ops_reply r;

	for (uint64_t id = 1; id <= FRONT_IN_FLIGHT; id++)
		assert_int_equal(request(w, OP_STATUS, id, NULL), ERR_OK);
	assert_int_equal(w->c->npending, FRONT_IN_FLIGHT);
	assert_int_equal(request(w, OP_STATUS, 1000, NULL), ERR_LIMIT);
	assert_int_equal(request(w, OP_STATUS, 5, NULL), ERR_FORMAT);
	reply(w, OP_STATUS, 5, ERR_OK);
	assert_true(to_client(w, &r) && r.id == 5);
	/* what nobody asked for stays here */
	reply(w, OP_STATUS, 5, ERR_OK);
	reply(w, OP_STATUS, 1000, ERR_OK);
	assert_false(to_client(w, &r));
	assert_int_equal(request(w, OP_STATUS, 5, NULL), ERR_OK);
	assert_int_equal(w->c->npending, FRONT_IN_FLIGHT);
}

/* A fresh vault hears the old hello again; its answer is not that of what has its number now. */
static void
test_hello_again(void **state)
{
	struct world *w = *state;
	struct ops_reply r;

	hello(w, 1);
	reply(w, OP_HELLO, 1, ERR_OK);
	assert_true(to_client(w, &r));
	assert_int_equal(to_vault(w), 1);
	native_renew(w->c);
	assert_int_equal(to_vault(w), 2); /* peer, hello */
	assert_int_equal(request(w, OP_STATUS, 1, NULL), ERR_OK);
	reply(w, OP_HELLO, 1, ERR_OK);
	assert_false(to_client(w, &r));
	reply(w, OP_STATUS, 1, ERR_OK);
	assert_true(to_client(w, &r) && r.id == 1 && r.op == OP_STATUS);
}

static void
test_renewed(void **state)
{
	struct world *w = *state;
	struct ops_reply r;

	assert_int_equal(request(w, OP_UNLOCK, 1, NULL), ERR_OK);
	assert_int_equal(request(w, OP_LOCK, 2, NULL), ERR_OK);
	assert_int_equal(request(w, OP_STATUS, 3, NULL), ERR_OK);
	hello(w, 4);
	(void)to_vault(w);
	native_renew(w->c);
	assert_true(to_client(w, &r) && r.id == 1 && r.status == ERR_LOCKED);
	assert_true(to_client(w, &r) && r.id == 2 && r.status == ERR_OK);
	assert_false(to_client(w, &r));
	/* peer, hello, and the status asked again */
	assert_int_equal(to_vault(w), 3);
	reply(w, OP_HELLO, 4, ERR_OK);
	assert_true(to_client(w, &r) && r.id == 4);
	reply(w, OP_STATUS, 3, ERR_OK);
	assert_true(to_client(w, &r) && r.id == 3);
	assert_int_equal(w->c->npending, 0);
}

/* The vault and front decode requests on their stacks. */
static void
test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < nops; i++)
		assert_true(!ops[i].req || ops[i].req->size <= 512);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_malformed),
		CASE(test_in_flight),
		CASE(test_hello_again),
		CASE(test_renewed),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
