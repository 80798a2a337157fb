/*
 * keylist.c - usage: keylist SOCKET TIMES
 * All pages of key.list over the native socket; one line of JSON: how many keys, and microseconds
 * for all of them, each of them decoded.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/chan.h"
#include "lib/ops.h"
#include "tests/bench/bench.h"

static int
dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* The reply's result stays in b. */
static struct span
call(int fd, enum op op, const void *msg, struct buf *b)
{
	struct buf request = BUF_INIT;
	struct ops_reply r;

	bench_check(ops_put_request(&request, op, 1, msg), "encoding");
	bench_check(chan_send(fd, buf_span(&request)), "sending");
	buf_done(&request);
	buf_reset(b);
	bench_check(chan_recv(fd, OPS_FRAME_MAX, -1, b), "receiving");
	bench_check(wire_decode(&ops_reply_map, buf_span(b), &r), "a reply");
	bench_check((enum err)r.status, "the agent");
	return r.result;
}

static size_t
walk(const struct wire_list *keys)
{
	struct cbor c = wire_each(keys);
	struct ssh_row row;
	size_t n = 0;

	for (; !cbor_at_end(&c); n++)
		bench_check(wire_next(&ssh_row_map, &c, &row), "a row");
	return n;
}

static size_t
list_all(int fd)
{
	struct ops_key_list_rep rep = { .has = 0 };
	struct buf b = BUF_INIT, cursor = BUF_INIT;
	size_t n = 0;

	do {
		struct ops_page q = { .cursor = buf_span(&cursor) };
		struct span result;

		wire_mark(&ops_page_map, &q);
		result = call(fd, OP_KEY_LIST, &q, &b);
		bench_check(wire_decode(&ops_key_list_rep_map, result, &rep), "a page");
		n += walk(&rep.keys);
		buf_reset(&cursor);
		buf_put_span(&cursor, rep.cursor);
	} while (cursor.len);
	buf_done(&b);
	buf_done(&cursor);
	return n;
}

int
main(int argc, char **argv)
{
	struct ops_hello h = { .protocol = OPS_PROTOCOL, .client = SPAN_LIT("bench") };
	struct buf b = BUF_INIT;
	size_t times = argc == 3 ? (size_t)atoi(argv[2]) : 0, n = 0;
	double *took = calloc(times + 1, sizeof *took);
	int fd;

	if (!times || !took)
		return 64;
	fd = dial(argv[1]);
	wire_mark(&ops_hello_map, &h);
	(void)call(fd, OP_HELLO, &h, &b);
	for (size_t i = 0; i < times; i++) {
		took[i] = -bench_now();
		n = list_all(fd);
		took[i] += bench_now();
	}
	printf("{\"keys\": %zu, \"us\": %.1f}\n", n, bench_quantile(took, times, .5) * 1e6);
	return 0;
}
