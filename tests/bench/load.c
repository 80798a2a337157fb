/*
 * load.c - usage: load OP CLIENTS SECONDS [SOCKET LABEL]	one line of JSON on stdout
 * OP: raw      libsodium alone, over as many bytes as OP sshsig signs (CLIENTS is void)
 *     sshsig   SSH signatures by LABEL over the native socket, one in flight for each client
 *     es256, eddsa, rs256	tokens of the issuer LABEL, for audience "aud" about account "acc"
 *     status   the same with an operation that does nothing: what the way there costs
 */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/ops.h"
#include "tests/bench/bench.h"

#define WARM_UP 0.2
#define SAMPLES (1u << 20)

struct client {
	int fd;
	double sent;
	uint8_t in[4096];
	size_t n;
};

static struct client clients[4096];
static double *waited;
static size_t done;
static const uint8_t hash[64] = { 1, 2, 3 };

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- libsodium alone ---- */
static void
raw(double seconds)
{
	/* SSHSIG || namespace || reserved || hash algorithm || hash */
	uint8_t pk[32], sk[64], sig[64], message[6 + 8 + 4 + 10 + 4 + 64] = "SSHSIG";
	double end;
	size_t n = 0;
	double start;

	crypto_sign_keypair(pk, sk);
	start = bench_now();
	end = start + seconds;
	while (bench_now() < end)
		for (int i = 0; i < 64; i++, n++) {
			message[20] = (uint8_t)n;
			crypto_sign_detached(sig, NULL, message, sizeof message, sk);
		}
	printf("{\"per_s\": %.0f}\n", (double)n / (bench_now() - start));
}

/* ---- the agent ---- */
static void
put_frame(struct buf *b, enum op op, const void *msg)
{
	size_t at = b->len;

	buf_put_u32(b, 0);
	bench_check(ops_put_request(b, op, 1, msg), "encoding");
	put_be32(b->p + at, (uint32_t)(b->len - at - 4));
}

static void
write_all(struct client *c, const struct buf *b)
{
	if (send(c->fd, b->p, b->len, MSG_NOSIGNAL) != (ssize_t)b->len) {
		perror("send");
		exit(1);
	}
	c->sent = bench_now();
}

/* True: the reply is complete, and it is no error. */
static bool
take(struct client *c)
{
	struct ops_reply r;
	ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - c->n, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		fprintf(stderr, "the agent hung up\n");
		exit(1);
	}
	c->n += (size_t)got;
	if (c->n < 4 || c->n < 4 + (size_t)be32(c->in))
		return false;
	bench_check(wire_decode(&ops_reply_map, SPAN(c->in + 4, c->n - 4), &r), "a reply");
	bench_check((enum err)r.status, "the agent");
	c->n = 0;
	return true;
}

static void
connect_one(struct client *c, const char *path, const struct buf *hello)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct pollfd p;

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(c->fd, (struct sockaddr *)&a, sizeof a)) {
		perror(path);
		exit(1);
	}
	write_all(c, hello);
	p = (struct pollfd){ c->fd, POLLIN, 0 };
	do
		poll(&p, 1, -1);
	while (!take(c));
}

static void
round_trip(struct client *c, const struct buf *request, bool counts)
{
	if (!take(c))
		return;
	if (counts && done < SAMPLES)
		waited[done++] = bench_now() - c->sent;
	write_all(c, request);
}

static void
run(size_t n, double seconds, const struct buf *request)
{
	struct epoll_event ev[64];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	double start = bench_now() + WARM_UP, used = 0, now;
	bool counts = false;

	for (size_t i = 0; i < n; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &clients[i] };

		epoll_ctl(ep, EPOLL_CTL_ADD, clients[i].fd, &e);
		write_all(&clients[i], request);
	}
	while ((now = bench_now()) < start + seconds) {
		int got = epoll_wait(ep, ev, 64, 1000);

		if (!counts && now >= start) {
			counts = true;
			used = cpu();
		}
		for (int i = 0; i < got; i++)
			round_trip(ev[i].data.ptr, request, counts);
	}
	printf("{\"per_s\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"client_cpu_us\": %.2f}\n",
	    (double)done / (now - start), bench_quantile(waited, done, .5) * 1e6,
	    bench_quantile(waited, done, .99) * 1e6, (cpu() - used) / (double)done * 1e6);
}

/* An ID token as providers make them. */
static void
make_token_request(enum jwt_alg alg, const char *issuer, struct buf *b)
{
	struct ops_jwt_claim claims[] = {
		{ .name = SPAN_LIT("nonce"), .text = SPAN_LIT("n-0S6_WzA2Mjn-0S6_WzA2Mj") },
		{ .name = SPAN_LIT("auth_time"), .number = 1700000000 },
		{ .name = SPAN_LIT("acr"), .text = SPAN_LIT("phrh") },
		{ .name = SPAN_LIT("sid"),
		    .text = SPAN_LIT("08a5019c-17e1-4977-8f42-65a12843ea02") },
	};
	struct ops_jwt_sign q = { .issuer = span_str(issuer),
		.alg = alg,
		.typ = JWT_ID_TOKEN,
		.audience = SPAN_LIT("aud"),
		.account = SPAN_LIT("acc"),
		.lifetime = 300,
		.claims = { .v = claims, .n = 4 } };

	for (size_t i = 0; i < 4; i++)
		wire_mark(&ops_jwt_claim_map, &claims[i]);
	wire_mark(&ops_jwt_sign_map, &q);
	put_frame(b, OP_JWT_SIGN, &q);
}

static void
make_request(const char *op, const char *label, struct buf *b)
{
	static const char *const algs[] = { "es256", "eddsa", "rs256" };
	struct ops_sign q = { .label = span_str(label ? label : ""),
		.type = OPS_SIGN_SSHSIG,
		.name_space = SPAN_LIT("file"),
		.hash_alg = SPAN_LIT("sha512"),
		.hash = SPAN(hash, 64) };

	wire_mark(&ops_sign_map, &q);
	for (unsigned i = 0; i <= JWT_RS256; i++)
		if (strcmp(op, algs[i]) == 0) {
			make_token_request((enum jwt_alg)i, label, b);
			return;
		}
	if (strcmp(op, "sshsig") == 0)
		put_frame(b, OP_SIGN, &q);
	else
		put_frame(b, OP_STATUS, NULL);
}

int
main(int argc, char **argv)
{
	struct ops_hello h = { .protocol = OPS_PROTOCOL, .client = SPAN_LIT("bench") };
	struct buf hello = BUF_INIT, request = BUF_INIT;
	size_t n;

	if (argc < 4 || sodium_init() < 0)
		return 64;
	if (strcmp(argv[1], "raw") == 0) {
		raw(atof(argv[3]));
		return 0;
	}
	n = (size_t)atoi(argv[2]);
	if (argc < 6 || n > 4096 || !(waited = malloc(SAMPLES * sizeof *waited)))
		return 64;
	wire_mark(&ops_hello_map, &h);
	put_frame(&hello, OP_HELLO, &h);
	make_request(argv[1], argv[5], &request);
	for (size_t i = 0; i < n; i++)
		connect_one(&clients[i], argv[4], &hello);
	run(n, atof(argv[3]), &request);
	return 0;
}
