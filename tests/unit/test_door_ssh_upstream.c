/* An agent behind ours that the test plays: joined lists, relayed requests, and what is bad. */
#include "tests/unit/ssh_door_rig.h"

#define QUERY SPAN_LIT("\x1b\0\0\0\5query")

/* The supervisor's end of front's control socket; -1: nobody asks. */
static int
supervisor(struct rig *r)
{
	int fds[2];

	strcpy(r->f.start.conf.ssh_upstream, "/upstream");
	assert_int_equal(sock_pair(SOCK_SEQPACKET, fds), ERR_OK);
	r->f.control = fds[0];
	return fds[1];
}

/* What front asked for comes: our end of it. */
static int
come(struct rig *r, int control)
{
	struct control m;
	int fds[2], fd;
	size_t n;

	assert_int_equal(sock_recv_fd(control, &m, sizeof m, &n, &fd), ERR_OK);
	assert_int_equal(m.type, CONTROL_UPSTREAM);
	assert_int_equal(sock_pair(SOCK_STREAM, fds), ERR_OK);
	ssh_up_come(&r->f, m.handle, fds[0]);
	rig_pump(r);
	return fds[1];
}

static void
put_identity(struct buf *b, struct span blob, const char *comment)
{
	ssh_put_string(b, blob);
	ssh_put_text(b, comment);
}

/* Own keys 1 and 2; it has 2 and 3. */
static void
say_list(struct rig *r, int up)
{
	struct buf b = BUF_INIT, blob = BUF_INIT;

	buf_put_u8(&b, SSH_IDENTITIES_ANSWER);
	buf_put_u32(&b, 2);
	put_identity(&b, ed25519_blob(2, &blob), "theirs2");
	put_identity(&b, ed25519_blob(3, &blob), "theirs3");
	rig_say(r, up, buf_span(&b));
	buf_done(&b);
	buf_done(&blob);
}

static void
add_own(struct rig *r)
{
	add_row(r, 1, "own1", NULL);
	add_row(r, 2, "own2", NULL);
}

/* Comments of the list that has come, separated by blanks. */
static void
expect_list(int fd, const char *want)
{
	struct buf b = BUF_INIT, got = BUF_INIT;
	struct ssh_reader in;
	uint32_t n;

	rig_hear(fd, &b);
	in = ssh_reader(buf_span(&b));
	assert_int_equal(ssh_read_u8(&in), SSH_IDENTITIES_ANSWER);
	n = ssh_read_u32(&in);
	for (uint32_t i = 0; i < n; i++) {
		ssh_read_string(&in, SSH_BLOB_MAX);
		buf_put_str(&got, i ? " " : "");
		buf_put_span(&got, ssh_read_string(&in, SSH_COMMENT_MAX));
	}
	assert_int_equal(ssh_reader_end(&in), ERR_OK);
	assert_string_equal(buf_cstr(&got), want);
	buf_done(&b);
	buf_done(&got);
}

static void
ask_sign(struct rig *r, int fd, uint8_t key, struct buf *message)
{
	struct buf blob = BUF_INIT;

	buf_reset(message);
	buf_put_u8(message, SSH_SIGN_REQUEST);
	ssh_put_string(message, ed25519_blob(key, &blob));
	ssh_put_text(message, "data");
	buf_put_u32(message, 0);
	rig_say(r, fd, buf_span(message));
	buf_done(&blob);
}

static void
test_list(void **state)
{
	struct rig *r = *state;
	int control = supervisor(r), a = rig_client(r), up;

	add_own(r);
	rig_say(r, a, LIST);
	assert_true(rig_is_quiet(a));
	up = come(r, control);
	rig_expect(up, LIST);
	say_list(r, up);
	expect_list(a, "own1 own2 theirs3");
	/* the same connection again; what follows the list waits for it */
	rig_say(r, a, LIST);
	rig_say(r, a, SPAN_LIT("\xff"));
	rig_expect(up, LIST);
	assert_true(rig_is_quiet(a));
	say_list(r, up);
	expect_list(a, "own1 own2 theirs3");
	rig_expect_status(a, SSH_FAILURE);
	assert_true(rig_is_quiet(control));
	close(up);
	close(control);
}

static void
test_sign(void **state)
{
	struct rig *r = *state;
	int control = supervisor(r), a = rig_client(r), up;
	struct buf message = BUF_INIT;
	struct ops_request q;
	uint32_t conn;

	add_own(r);
	/* not a well-formed bind to us, and told all the same: it has to know of it */
	rig_say(r, a, SPAN_LIT("\x1b\0\0\0\x18session-bind@openssh.com"));
	rig_expect_status(a, SSH_EXTENSION_FAILURE);
	ask_sign(r, a, 3, &message);
	up = come(r, control);
	rig_expect(up, SPAN_LIT("\x1b\0\0\0\x18session-bind@openssh.com"));
	rig_expect(up, buf_span(&message));
	rig_say(r, up, SPAN_LIT("\x05"));
	assert_true(rig_is_quiet(a));
	rig_say(r, up, SPAN_LIT("\x0e\0\0\0\4blob"));
	rig_expect(a, SPAN_LIT("\x0e\0\0\0\4blob"));
	/* ours are ours, the same bind is not told twice */
	ask_sign(r, a, 2, &message);
	assert_int_equal(rig_request(r, &conn, &q), OP_SIGN);
	rig_reply(r, conn, &q, ERR_DENIED, NULL);
	rig_expect_status(a, SSH_FAILURE);
	assert_true(rig_is_quiet(up));
	ask_sign(r, a, 3, &message);
	rig_expect(up, buf_span(&message));
	/* who leaves takes the request along */
	shutdown(a, SHUT_RDWR);
	rig_pump(r);
	assert_int_equal(recv(up, &conn, 1, 0), 0);
	assert_int_equal(r->f.nconns, 0);
	buf_done(&message);
	close(up);
	close(control);
}

/* Whatever it does, ours are listed. */
static void
test_bad(void **state)
{
	const struct {
		struct span raw;
		bool hangup;
	} bad[] = {
		{ SPAN_LIT("\0\0\0\5\x0c\0\0\0\1"), false },
		{ SPAN_LIT("\0\0\0\x09\x0c\0\0\0\1\xff\xff\xff\xff"), false },
		{ SPAN_LIT("\0\0\0\1\5"), false },
		{ SPAN_LIT("\0\0\0\0"), false },
		{ SPAN_LIT("\xff\xff\xff\xff\x0c"), false },
		{ SPAN_LIT("\0\0\0\x09\x0c\0\0"), true },
		{ SPAN_NONE, true },
	};
	struct rig *r = *state;
	int control = supervisor(r), up;

	add_own(r);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int a = rig_client(r);

		rig_say(r, a, LIST);
		up = come(r, control);
		rig_expect(up, LIST);
		assert_int_equal(write(up, bad[i].raw.p, bad[i].raw.len), bad[i].raw.len);
		if (bad[i].hangup)
			shutdown(up, SHUT_RDWR);
		rig_pump(r);
		expect_list(a, "own1 own2");
		/* and the connection goes on */
		rig_say(r, a, QUERY);
		assert_false(rig_is_quiet(a));
		close(up);
	}
	close(control);
}

static void
test_silent(void **state)
{
	struct rig *r = *state;
	int control = supervisor(r), a = rig_client(r), b = rig_client(r), up;
	struct buf message = BUF_INIT;

	add_own(r);
	rig_say(r, a, LIST);
	up = come(r, control);
	usleep(2100 * 1000);
	rig_pump(r);
	expect_list(a, "own1 own2");
	/* the next does not wait at all; a signature is tried */
	rig_say(r, b, LIST);
	expect_list(b, "own1 own2");
	ask_sign(r, b, 3, &message);
	close(up);
	up = come(r, control);
	rig_expect(up, buf_span(&message));
	usleep(2100 * 1000);
	rig_pump(r);
	assert_true(rig_is_quiet(b));
	rig_say(r, up, SPAN_LIT("\x05"));
	rig_expect_status(b, SSH_FAILURE);
	buf_done(&message);
	close(up);
	close(control);
}

/* None there: told so by the supervisor.  Removing is relayed for its keys, not removing all. */
static void
test_none_and_remove(void **state)
{
	struct rig *r = *state;
	int control = supervisor(r), a = rig_client(r), up;
	struct buf b = BUF_INIT, blob = BUF_INIT;
	struct ops_request q;
	uint32_t conn;

	add_own(r);
	rig_say(r, a, LIST);
	ssh_up_come(&r->f, r->f.conns[0]->number, -1);
	rig_pump(r);
	expect_list(a, "own1 own2");
	assert_int_equal(recv(control, &(struct control){ 0 }, sizeof(struct control), 0),
	    sizeof(struct control));
	buf_put_u8(&b, SSH_REMOVE_IDENTITY);
	ssh_put_string(&b, ed25519_blob(3, &blob));
	rig_say(r, a, buf_span(&b));
	up = come(r, control);
	rig_expect(up, buf_span(&b));
	rig_say(r, up, SPAN_LIT("\x06"));
	rig_expect_status(a, SSH_SUCCESS);
	rig_say(r, a, SPAN_LIT("\x13"));
	assert_int_equal(rig_request(r, &conn, &q), OP_KEY_HIDE);
	rig_reply(r, conn, &q, ERR_OK, NULL);
	rig_expect_status(a, SSH_SUCCESS);
	assert_true(rig_is_quiet(up));
	buf_done(&b);
	buf_done(&blob);
	close(up);
	close(control);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_end)
	const struct CMUnitTest tests[] = { T(test_list), T(test_sign), T(test_bad), T(test_silent),
		T(test_none_and_remove) };

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
