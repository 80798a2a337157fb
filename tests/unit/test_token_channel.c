/*
 * What happens between the library and the reports: whose frames count, what becomes an event, how
 * waiting ends.  The far end of a socketpair plays the token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/token/channel.h"

static struct channel chan;
static struct port port;
static int token_fd, vault_fd;
static int touches, workings;

static void
on_event(void *arg, bool touch)
{
	(void)arg;
	if (touch)
		touches++;
	else
		workings++;
}

/* A listening socket, so that port_open itself is what connects. */
static void
connect_port(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char path[5 + sizeof sa.sun_path] = "unix:";
	const char *tmp = getenv("TMPDIR");
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), ctl[2];

	assert_true((size_t)snprintf(sa.sun_path, sizeof sa.sun_path, "%s/channel.%d",
			tmp ? tmp : "/tmp", (int)getpid()) < sizeof sa.sun_path);
	memcpy(path + 5, sa.sun_path, sizeof sa.sun_path);
	unlink(path + 5);
	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ctl), 0);
	assert_int_equal(port_open(&port, path, ctl[0]), ERR_OK);
	assert_true((token_fd = accept(listener, NULL, NULL)) >= 0);
	close(listener);
	unlink(path + 5);
	vault_fd = ctl[1];
}

static int
setup(void **state)
{
	(void)state;
	connect_port();
	touches = workings = 0;
	chan = (struct channel){ .port = &port, .until = port_clock() + 300, .event = on_event };
	channel_use(&chan);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(port.ctl);
	port_close(&port);
	close(token_fd);
	if (vault_fd >= 0)
		close(vault_fd);
	return 0;
}

static void
frame(uint8_t cid, uint8_t cmd, uint8_t status)
{
	uint8_t r[REPORT_LEN] = { cid, cid, cid, cid, cmd, 0, 1, status };

	assert_int_equal(write(token_fd, r, sizeof r), sizeof r);
}

static void
init_reply(const uint8_t *nonce, uint8_t cid)
{
	uint8_t r[REPORT_LEN] = { 0xff, 0xff, 0xff, 0xff, 0x86, 0, 17 };

	memcpy(r + 7, nonce, 8);
	memset(r + 15, cid, 4);
	r[19] = 2;
	assert_int_equal(write(token_fd, r, sizeof r), sizeof r);
}

static int
host_write(uint8_t cid, uint8_t cmd, const uint8_t *data)
{
	uint8_t w[1 + REPORT_LEN] = { 0, cid, cid, cid, cid, cmd, 0, 8 };

	if (data != NULL)
		memcpy(w + 8, data, 8);
	return channel_io.write(&chan, w, sizeof w);
}

static int
host_read(uint8_t r[REPORT_LEN])
{
	return channel_io.read(&chan, r, REPORT_LEN, -1);
}

static const uint8_t nonce[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void
open_channel(void)
{
	uint8_t r[REPORT_LEN];

	assert_int_equal(host_write(0xff, 0x86, nonce), 65);
	assert_int_equal(read(token_fd, r, sizeof r), 64);
	init_reply(nonce, 0x11);
	assert_int_equal(host_read(r), 64);
}

static void
test_no_report_number_on_sockets(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	assert_int_equal(host_write(0xff, 0x86, nonce), 65);
	assert_int_equal(read(token_fd, r, sizeof r), 64);
	assert_int_equal(r[0], 0xff);
	assert_int_equal(r[4], 0x86);
	assert_memory_equal(r + 7, nonce, 8);
}

static void
test_report_number_on_hidraw(void **state)
{
	uint8_t r[1 + REPORT_LEN];

	(void)state;
	port.hidraw = true;
	assert_int_equal(host_write(0xff, 0x86, nonce), 65);
	assert_int_equal(read(token_fd, r, sizeof r), 65);
	assert_int_equal(r[0], 0);
	assert_int_equal(r[1], 0xff);
	assert_memory_equal(r + 8, nonce, 8);
	/* a short read is no report there: the kernel gives whole ones */
	assert_int_equal(write(token_fd, r, 10), 10);
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_TOKEN_IO);
}

static void
test_other_peoples_init_is_dropped(void **state)
{
	static const uint8_t other[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
	uint8_t r[REPORT_LEN];

	(void)state;
	assert_int_equal(host_write(0xff, 0x86, nonce), 65);
	frame(0x22, 0x90, 0);	 /* somebody's answer */
	init_reply(other, 0x22); /* an answer to somebody else */
	frame(0xff, 0xbb, 2);	 /* nonsense */
	init_reply(nonce, 0x11);
	assert_int_equal(host_read(r), 64);
	assert_memory_equal(r + 7, nonce, 8);
	assert_int_equal(r[15], 0x11);
}

static void
test_events_once_per_command(void **state)
{
	uint8_t r[REPORT_LEN];
	int i;

	(void)state;
	open_channel();
	for (i = 1; i <= 2; i++) {
		assert_int_equal(host_write(0x11, 0x90, NULL), 65);
		frame(0x33, 0xbb, 2); /* somebody else's token is waiting */
		frame(0x11, 0xbb, 1);
		frame(0x11, 0xbb, 1);
		frame(0x11, 0xbb, 2);
		frame(0x11, 0xbb, 2);
		frame(0x11, 0xbb, 7);
		frame(0x11, 0x90, 0);
		assert_int_equal(host_read(r), 64);
		assert_int_equal(r[4], 0x90);
		assert_int_equal(touches, i);
		assert_int_equal(workings, i);
	}
}

static void
test_foreign_frames_within_an_answer(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	open_channel();
	frame(0x11, 0x90, 0);
	frame(0x22, 0x00, 0);
	frame(0xff, 0x86, 0);
	frame(0x11, 0x00, 5); /* sequence number 0 */
	assert_int_equal(host_read(r), 64);
	assert_int_equal(r[4], 0x90);
	assert_int_equal(host_read(r), 64);
	assert_int_equal(r[4], 0x00);
	assert_int_equal(r[7], 5);
}

static void
test_split_report(void **state)
{
	uint8_t r[REPORT_LEN] = { 0x11, 0x11, 0x11, 0x11, 0x90 }, got[REPORT_LEN];

	(void)state;
	open_channel();
	if (fork() == 0) {
		(void)!write(token_fd, r, 10);
		usleep(50000);
		(void)!write(token_fd, r + 10, 54);
		_exit(0);
	}
	assert_int_equal(host_read(got), 64);
	assert_memory_equal(got, r, 64);
}

static void
expect_cancel(void)
{
	uint8_t r[REPORT_LEN];

	assert_int_equal(recv(token_fd, r, sizeof r, MSG_DONTWAIT), 64);
	assert_int_equal(r[0], 0x11);
	assert_int_equal(r[4], 0x91);
}

static void
test_deadline_without_touch(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	open_channel();
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_TOKEN_IO);
	expect_cancel();
	/* and from now on nothing works, however late an answer comes */
	frame(0x11, 0x90, 0);
	assert_int_equal(host_read(r), -1);
	assert_int_equal(host_write(0x11, 0x90, NULL), -1);
}

static void
test_deadline_with_touch(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	open_channel();
	frame(0x11, 0xbb, 2);
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_TOUCH_TIMEOUT);
	expect_cancel();
}

static void
test_half_a_report(void **state)
{
	uint8_t r[REPORT_LEN] = { 0x11 };
	int64_t start = port_clock();

	(void)state;
	open_channel();
	chan.until = start + 20000;
	assert_int_equal(write(token_fd, r, 30), 30);
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_TOKEN_IO);
	assert_in_range(port_clock() - start, 900, 3000);
}

static void
test_flood_ends(void **state)
{
	uint8_t r[REPORT_LEN] = { 0x22 };
	int64_t start = port_clock();
	pid_t pid;

	(void)state;
	open_channel();
	if ((pid = fork()) == 0) {
		while (write(token_fd, r, sizeof r) > 0)
			;
		_exit(0);
	}
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_TOKEN_IO);
	assert_in_range(port_clock() - start, 0, 2000);
	kill(pid, SIGKILL);
}

static void
test_vault_hangs_up(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	open_channel();
	close(vault_fd);
	vault_fd = -1;
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_CANCELLED);
	expect_cancel();
}

static void
test_pulled_out(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	open_channel();
	shutdown(token_fd, SHUT_RDWR);
	assert_int_equal(host_read(r), -1);
	assert_int_equal(chan.err, ERR_TOKEN_GONE);
}

static void
test_busy_is_noted(void **state)
{
	uint8_t r[REPORT_LEN];

	(void)state;
	open_channel();
	frame(0x11, 0xbf, 6);
	assert_int_equal(host_read(r), 64);
	assert_true(chan.busy);
	assert_int_equal(host_write(0x11, 0x90, NULL), 65);
	assert_false(chan.busy);
}

static void
test_open_errors(void **state)
{
	struct port p;
	int64_t until = port_clock() + 1000;

	(void)state;
	assert_int_equal(port_open(&p, "unix:/nonexistent/x", -1), ERR_TOKEN_ABSENT);
	assert_int_equal(port_open(&p, "/dev/hidraw-none", -1), ERR_TOKEN_ABSENT);
	/* neither a device nor a token: nothing is ever written there */
	assert_int_equal(port_open(&p, "/dev/null", -1), ERR_OK);
	assert_int_equal(port_ready(&p, until), ERR_TOKEN_ABSENT);
	port_close(&p);
	assert_int_equal(port_open(&p, "tests/fixtures/hid/desk/dev/hidraw3", -1), ERR_OK);
	assert_int_equal(port_ready(&p, until), ERR_TOKEN_ABSENT);
	port_close(&p);
	assert_int_equal(p.fd, -1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_no_report_number_on_sockets),
		T(test_report_number_on_hidraw),
		T(test_other_peoples_init_is_dropped),
		T(test_events_once_per_command),
		T(test_foreign_frames_within_an_answer),
		T(test_split_report),
		T(test_deadline_without_touch),
		T(test_deadline_with_touch),
		T(test_half_a_report),
		T(test_flood_ends),
		T(test_vault_hangs_up),
		T(test_pulled_out),
		T(test_busy_is_noted),
		cmocka_unit_test(test_open_errors),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
