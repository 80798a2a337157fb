/* The ssh door between clients and a vault: many keys, added ones, what is refused. */
#include "tests/unit/ssh_door_rig.h"

static const uint8_t seed[32] = { 7 };

static void
test_many_rows(void **state)
{
	struct rig *r = *state;
	static struct ssh_row rows[SSH_ROWS_MOST];
	static uint8_t bytes[SSH_ROWS_MOST][51];
	struct buf heard = BUF_INIT;
	int a = rig_client(r);

	for (uint32_t frame = 0; frame < 20; frame++) {
		struct ssh_rows m = { .put = { .v = rows, .n = SSH_ROWS_MOST } };

		for (uint32_t i = 0; i < SSH_ROWS_MOST; i++) {
			memset(bytes[i], 'x', 51);
			put_be32(bytes[i], frame * SSH_ROWS_MOST + i);
			rows[i] = (struct ssh_row){ .id = SPAN(bytes[i], 16),
				.blob = SPAN(bytes[i], 51),
				.comment = SPAN_LIT("a comment") };
			wire_mark(&ssh_row_map, &rows[i]);
		}
		rig_rows(r, &m);
	}
	rig_say(r, a, LIST);
	rig_hear(a, &heard);
	assert_int_equal(be32(heard.p + 1), SSH_LIST_MOST);
	assert_true(heard.len <= SSH_LIST_BYTES);
	assert_non_null(ssh_keys_find(&r->f.ssh.keys, SPAN(bytes[511], 51)));
	buf_done(&heard);
}

/* ---- adding ---- */
static void
put_key(struct buf *b, bool constrained)
{
	uint8_t pub[32], both[64];

	crypto_ed25519_public(seed, pub);
	memcpy(both, seed, 32);
	memcpy(both + 32, pub, 32);
	buf_reset(b);
	buf_put_u8(b, constrained ? SSH_ADD_CONSTRAINED : SSH_ADD_IDENTITY);
	ssh_put_text(b, "ssh-ed25519");
	ssh_put_string(b, SPAN(pub, 32));
	ssh_put_string(b, SPAN(both, 64));
	ssh_put_text(b, "me@here");
}

static void
put_destinations(struct buf *b, unsigned n, const char *user_from)
{
	struct buf hop = BUF_INIT, one = BUF_INIT, all = BUF_INIT;

	for (unsigned i = 0; i < n; i++) {
		buf_reset(&one);
		buf_reset(&hop);
		ssh_put_text(&hop, user_from);
		ssh_put_text(&hop, "");
		ssh_put_text(&hop, "");
		ssh_put_string(&one, buf_span(&hop));
		buf_reset(&hop);
		ssh_put_text(&hop, "user");
		ssh_put_text(&hop, "host");
		ssh_put_text(&hop, "");
		ssh_put_string(&hop, SPAN_LIT("\0\0\0\x01k"));
		buf_put_u8(&hop, 0);
		ssh_put_string(&one, buf_span(&hop));
		ssh_put_text(&one, "");
		ssh_put_string(&all, buf_span(&one));
	}
	buf_put_u8(b, 255);
	ssh_put_text(b, "restrict-destination-v00@openssh.com");
	ssh_put_string(b, buf_span(&all));
	buf_done(&hop);
	buf_done(&one);
	buf_done(&all);
}

static struct ops_key_add
added(struct rig *r, int fd, const struct buf *b)
{
	struct ops_request q;
	struct ops_key_add in;
	uint32_t conn;

	rig_say(r, fd, buf_span(b));
	assert_int_equal(rig_request(r, &conn, &q), OP_KEY_ADD);
	assert_int_equal(wire_decode(&ops_key_add_map, q.params, &in), ERR_OK);
	rig_reply(r, conn, &q, ERR_OK, NULL);
	rig_expect_status(fd, SSH_SUCCESS);
	return in;
}

static void
refused(struct rig *r, int fd, const struct buf *b)
{
	struct ops_request q;
	uint32_t conn;

	rig_say(r, fd, buf_span(b));
	rig_expect_status(fd, SSH_FAILURE);
	assert_int_equal(rig_request(r, &conn, &q), 0);
}

static void
test_add(void **state)
{
	struct rig *r = *state;
	struct buf b = BUF_INIT, bind = BUF_INIT;
	struct ops_key_add in;
	int a = rig_client(r);

	r->f.locked = false;
	put_key(&b, false);
	in = added(r, a, &b);
	assert_true(span_is(in.alg, "ed25519") && span_eq(in.private_key, SPAN(seed, 32)));
	assert_true(span_is(in.comment, "me@here") && !in.keep && !in.confirm && !in.lifetime);
	put_key(&b, true);
	buf_put_u8(&b, 2);
	buf_put_u8(&b, 1);
	buf_put_u32(&b, 77);
	put_destinations(&b, 3, "");
	in = added(r, a, &b);
	assert_true(in.confirm && in.lifetime == 77 && in.dest.n == 3);
	/* with limits it is for a time, whatever the configuration says */
	r->f.start.conf.ssh_add = CONF_SSH_VAULT;
	assert_false(added(r, a, &b).keep);
	put_key(&b, false);
	in = added(r, a, &b);
	assert_true(in.keep && span_is(in.service, "ssh") && span_is(in.account, "me@here"));
	/* nor what comes from who knows where */
	buf_reset(&bind);
	buf_put_u8(&bind, SSH_EXTENSION);
	ssh_put_text(&bind, "session-bind@openssh.com");
	rig_say(r, a, buf_span(&bind));
	rig_expect_status(a, SSH_EXTENSION_FAILURE);
	in = added(r, a, &b);
	assert_false(in.keep);
	buf_done(&bind);
	buf_done(&b);
}

static void
test_add_limits(void **state)
{
	struct rig *r = *state;
	struct buf b = BUF_INIT;
	int a = rig_client(r);

	r->f.locked = false;
	put_key(&b, false);
	buf_put_u8(&b, 2); /* a constraint where none may be */
	refused(r, a, &b);
	put_key(&b, true);
	buf_put_u8(&b, 3); /* maximum signatures, of XMSS: not known */
	buf_put_u32(&b, 1);
	refused(r, a, &b);
	put_key(&b, true);
	buf_put_u8(&b, 2);
	buf_put_u8(&b, 2);
	refused(r, a, &b);
	for (int i = 0; i < 2; i++) {
		put_key(&b, true);
		buf_put_u8(&b, 255);
		ssh_put_text(
		    &b, i ? "sk-provider@openssh.com" : "associated-certs-v00@openssh.com");
		ssh_put_text(&b, "/lib/provider.so");
		refused(r, a, &b);
	}
	put_key(&b, true);
	put_destinations(&b, 1000, "");
	assert_int_equal(added(r, a, &b).dest.n, 1000);
	put_key(&b, true);
	put_destinations(&b, 1001, "");
	refused(r, a, &b);
	put_key(&b, true);
	put_destinations(&b, 1, "somebody");
	refused(r, a, &b);
	put_key(&b, true);
	put_destinations(&b, 0, "");
	refused(r, a, &b);
	put_key(&b, true);
	put_destinations(&b, 1, "");
	put_destinations(&b, 1, "");
	refused(r, a, &b);
	/* the private half is of another key */
	put_key(&b, false);
	b.p[1 + 15 + 10] ^= 1;
	refused(r, a, &b);
	buf_done(&b);
}

/* ---- the rest ---- */
static void
test_refused(void **state)
{
	struct rig *r = *state;
	struct span none[] = { SPAN_LIT("\1"), SPAN_LIT("\3"), SPAN_LIT("\7"), SPAN_LIT("\x08"),
		SPAN_LIT("\x14\0\0\0\2/x\0\0\0\0"), SPAN_LIT("\x1a\0\0\0\2/x\0\0\0\0"),
		SPAN_LIT("\x15\0\0\0\2/x\0\0\0\0"), SPAN_LIT("\xff"), SPAN_LIT("\0"),
		SPAN_LIT("\x1b\0\0\0\5hello"), SPAN_LIT("\x0b\0"), SPAN_LIT("\x16\0\0\0\0") };
	struct ops_request q;
	uint32_t conn;
	int a = rig_client(r);

	r->f.locked = false;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		rig_say(r, a, none[i]);
		rig_expect_status(a, SSH_FAILURE);
	}
	rig_say(r, a, SPAN_LIT("\x1b\0\0\0\5query"));
	rig_expect(a,
	    SPAN_LIT("\x1d\0\0\0\5query\0\0\0\x18session-bind@openssh.com\0\0\0\x0c"
		     "login@ownkey"));
	rig_say(r, a, SPAN_LIT("\x1b\0\0\0\5query\0"));
	rig_expect_status(a, SSH_EXTENSION_FAILURE);
	assert_int_equal(rig_request(r, &conn, &q), 0);
}

static void
test_lock(void **state)
{
	struct rig *r = *state;
	struct ops_request q;
	struct ops_ssh_lock in;
	uint32_t conn;
	int a = rig_client(r);

	r->f.locked = false;
	for (uint8_t type = SSH_LOCK; type <= SSH_UNLOCK; type++) {
		const uint8_t say[] = { type, 0, 0, 0, 2, 'p', 'w' };

		rig_say(r, a, SPAN(say, sizeof say));
		assert_int_equal(rig_request(r, &conn, &q), OP_SSH_LOCK);
		assert_int_equal(wire_decode(&ops_ssh_lock_map, q.params, &in), ERR_OK);
		assert_true(in.lock == (type == SSH_LOCK) && span_is(in.secret, "pw"));
		rig_reply(r, conn, &q, ERR_OK, NULL);
		rig_expect_status(a, SSH_SUCCESS);
		r->f.ssh.keys.locked = type == SSH_LOCK;
		rig_say(r, a, SPAN_LIT("\x13"));
		if (type == SSH_LOCK)
			rig_expect_status(a, SSH_FAILURE);
		else
			assert_int_equal(rig_request(r, &conn, &q), OP_KEY_HIDE);
	}
}

/* Every message, cut at every byte: a failure, and the connection lives. */
static void
test_cut(void **state)
{
	struct rig *r = *state;
	struct buf b = BUF_INIT, key = BUF_INIT;
	int a = rig_client(r);

	r->f.locked = false;
	put_key(&b, true);
	buf_put_u8(&b, 1);
	buf_put_u32(&b, 1);
	put_destinations(&b, 2, "");
	for (size_t n = 1; n < b.len; n++) {
		struct ops_request q;
		uint32_t conn;

		/* the key without its limits, and with the first, is whole */
		if (n == 1 + 15 + 36 + 68 + 11 || n == 1 + 15 + 36 + 68 + 11 + 5)
			continue;
		rig_say(r, a, SPAN(b.p, n));
		rig_expect_status(a, SSH_FAILURE);
		assert_int_equal(rig_request(r, &conn, &q), 0);
	}
	/* an empty one is no message at all */
	rig_say(r, a, SPAN_NONE);
	assert_int_equal(chan_recv(a, 100, 1000, &key), ERR_HANGUP);
	buf_done(&b);
	buf_done(&key);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_end)
	const struct CMUnitTest tests[] = { T(test_many_rows), T(test_add), T(test_add_limits),
		T(test_refused), T(test_lock), T(test_cut) };

	assert_int_equal(crypto_init(), ERR_OK);
	assert_int_equal(sec_arena_open(1 << 16, true, true), ERR_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
