/* Slow signatures: so many at a time go to the vault, the others in the order of asking. */
#include "tests/unit/ssh_door_rig.h"

static struct span
blob_of(const char *kind, struct buf *b)
{
	buf_reset(b);
	ssh_put_text(b, kind);
	ssh_put_text(b, "e");
	ssh_put_text(b, "n");
	return buf_span(b);
}

static void
add_keys(struct rig *r)
{
	struct buf b = BUF_INIT;
	struct ssh_row row = { .blob = blob_of("ssh-rsa", &b) };

	add_row(r, 1, "rsa", &row);
	row = (struct ssh_row){ .blob = blob_of("ssh-ed25519", &b) };
	add_row(r, 2, "fast", &row);
	buf_done(&b);
}

static void
ask(struct rig *r, int fd, const char *kind)
{
	struct buf b = BUF_INIT, key = BUF_INIT;

	buf_put_u8(&b, SSH_SIGN_REQUEST);
	ssh_put_string(&b, blob_of(kind, &key));
	ssh_put_text(&b, "data");
	buf_put_u32(&b, 2);
	rig_say(r, fd, buf_span(&b));
	buf_done(&b);
	buf_done(&key);
}

/* All that is there for the vault now; returns how many. */
static unsigned
take(struct rig *r, uint32_t conn[], struct ops_request q[], unsigned most)
{
	unsigned n = 0;

	while (n < most && rig_request(r, &conn[n], &q[n]) == OP_SIGN)
		n++;
	return n;
}

static void
test_in_turn(void **state)
{
	static uint32_t conn[80];
	static struct ops_request q[80];
	struct rig *r = *state;
	int hog = rig_client(r), b = rig_client(r), c = rig_client(r), d = rig_client(r);
	uint32_t first, second, third;

	add_keys(r);
	for (unsigned i = 0; i < SSH_SLOW_MOST; i++)
		ask(r, hog, "ssh-rsa");
	assert_int_equal(take(r, conn, q, 80), SSH_SLOW_MOST);
	ask(r, b, "ssh-rsa");
	ask(r, c, "ssh-rsa");
	ask(r, hog, "ssh-rsa");
	assert_int_equal(take(r, &first, q + 70, 1), 0);
	/* what is fast waits for nobody */
	ask(r, d, "ssh-ed25519");
	assert_int_equal(take(r, &third, q + 70, 1), 1);
	rig_reply(r, third, &q[70], ERR_DENIED, NULL);
	rig_expect_status(d, SSH_FAILURE);
	/* one ends, one begins: who came first */
	rig_reply(r, conn[0], &q[0], ERR_DENIED, NULL);
	assert_int_equal(take(r, &first, q + 70, 2), 1);
	rig_reply(r, conn[1], &q[1], ERR_DENIED, NULL);
	assert_int_equal(take(r, &second, q + 71, 2), 1);
	rig_reply(r, conn[2], &q[2], ERR_DENIED, NULL);
	assert_int_equal(take(r, &third, q + 72, 2), 1);
	assert_true(first != conn[0] && second != conn[0] && first != second);
	assert_int_equal(third, conn[0]);
	rig_reply(r, first, &q[70], ERR_DENIED, NULL);
	rig_expect_status(b, SSH_FAILURE);
	assert_true(rig_is_quiet(c));
}

/* Those that leave, in the queue or out of it, leave their room to others. */
static void
test_leaving(void **state)
{
	static uint32_t conn[80];
	static struct ops_request q[80];
	struct rig *r = *state;
	int hog = rig_client(r), b = rig_client(r), c = rig_client(r), d = rig_client(r);
	struct ops_request got;
	uint32_t number;

	add_keys(r);
	for (unsigned i = 0; i < SSH_SLOW_MOST; i++)
		ask(r, hog, "ssh-rsa");
	assert_int_equal(take(r, conn, q, 80), SSH_SLOW_MOST);
	ask(r, b, "ssh-rsa");
	ask(r, c, "ssh-rsa");
	ask(r, d, "ssh-rsa");
	shutdown(c, SHUT_RDWR);
	rig_pump(r);
	assert_int_equal(take(r, &number, &got, 1), 0);
	shutdown(hog, SHUT_RDWR);
	rig_pump(r);
	assert_int_equal(take(r, conn, q, 80), 2);
	rig_reply(r, conn[0], &q[0], ERR_DENIED, NULL);
	rig_reply(r, conn[1], &q[1], ERR_DENIED, NULL);
	rig_expect_status(b, SSH_FAILURE);
	rig_expect_status(d, SSH_FAILURE);
	assert_int_equal(r->f.ssh.nslow, 0);
	assert_null(r->f.ssh.slow_first);
}

/* Locked: those that were asked fail, the others wait until it is open, and are asked then. */
static void
test_locked(void **state)
{
	static uint32_t conn[80];
	static struct ops_request q[80];
	struct rig *r = *state;
	int hog = rig_client(r), b = rig_client(r);
	struct ops_request got;
	uint32_t number;

	add_keys(r);
	for (unsigned i = 0; i < SSH_SLOW_MOST; i++)
		ask(r, hog, "ssh-rsa");
	ask(r, b, "ssh-rsa");
	assert_int_equal(take(r, conn, q, 80), SSH_SLOW_MOST);
	rig_lock(r);
	for (unsigned i = 0; i < SSH_SLOW_MOST; i++)
		rig_expect_status(hog, SSH_FAILURE);
	assert_int_equal(r->f.ssh.nslow, 0);
	assert_int_equal(rig_request(r, &number, &got), OP_UNLOCK);
	assert_true(rig_is_quiet(b));
	add_keys(r);
	assert_int_equal(take(r, &number, &got, 1), 1);
	rig_reply(r, number, &got, ERR_DENIED, NULL);
	rig_expect_status(b, SSH_FAILURE);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_end)
	const struct CMUnitTest tests[] = { T(test_in_turn), T(test_leaving), T(test_locked) };

	if (crypto_init_light())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
