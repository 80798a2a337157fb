/*
 * sshload.c - many clients of an ssh-agent at once; one line of JSON on stdout.
 * usage: sshload run SOCKET SECONDS CLASS:CLIENTS ...
 *        sshload add SOCKET KEYS		so many Ed25519 keys; microseconds each
 *        sshload list SOCKET TIMES		one client; microseconds each, how many keys
 *        sshload sign SOCKET TIMES		one client; so many signatures by an Ed25519 key
 * CLASS: ed25519 rsa ecdsa  a signature for a login by the first key of that type, one in flight
 *        list      the identities
 *        mid big   something of 64 KiB, 256 KiB to be signed, which may be refused
 *        slow      the identities, asked for with one byte every 200 ms
 * For each class: answers a second, waiting times, the fewest and most answers that one client got,
 * connections that the agent closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"
#include "tests/bench/bench.h"

#define WARM_UP	 0.3
#define SAMPLES	 (1u << 20)
#define CLIENTS	 4096
#define CLASSES	 8
#define SLOW_S	 0.2
#define AGENT_OK 14 /* SSH_AGENT_SIGN_RESPONSE */

enum kind { ED25519, RSA, ECDSA, LIST, MID, BIG, SLOW, KINDS };
static const char *const names[KINDS] = { "ed25519", "rsa", "ecdsa", "list", "mid", "big", "slow" };
static const char *const types[KINDS] = { "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256" };

struct class {
	enum kind kind;
	struct buf request;
	double *waited;
	size_t n, done, clients, refused, closed;
};
struct client {
	struct class *class;
	int fd;
	double sent;
	uint8_t head[5];
	size_t got, size; /* of the answer */
	size_t out;	  /* of the request, already sent */
	size_t answers;
};

static struct class classes[CLASSES];
static struct client clients[CLIENTS];
static size_t nclasses, nclients;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- messages (RFC 4251 5, RFC 9987) ---- */
static void
put_string(struct buf *b, struct span s)
{
	buf_put_u32(b, (uint32_t)s.len);
	buf_put_span(b, s);
}

static void
put_text(struct buf *b, const char *s)
{
	put_string(b, span_str(s));
}

/* RFC 4252 7 */
static void
put_userauth(struct buf *b, enum kind kind, struct span blob)
{
	uint8_t session[32];

	randombytes_buf(session, sizeof session);
	put_string(b, SPAN(session, sizeof session));
	buf_put_u8(b, 50);
	put_text(b, "somebody");
	put_text(b, "ssh-connection");
	put_text(b, "publickey");
	buf_put_u8(b, 1);
	put_text(b, kind == RSA ? "rsa-sha2-512" : types[kind]);
	put_string(b, blob);
}

static void
finish(struct buf *b)
{
	bench_check(buf_err(b), "memory");
	put_be32(b->p, (uint32_t)(b->len - 4));
}

static void
sign_request(struct buf *b, enum kind kind, struct span blob)
{
	struct buf data = BUF_INIT;

	if (kind == MID || kind == BIG)
		buf_put_zero(&data, (size_t)(kind == MID ? 64 : 256) * 1024 - blob.len - 64);
	else
		put_userauth(&data, kind, blob);
	buf_put_u32(b, 0);
	buf_put_u8(b, 13);
	put_string(b, blob);
	put_string(b, buf_span(&data));
	buf_put_u32(b, kind == RSA ? 4 : 0);
	finish(b);
	buf_done(&data);
}

static void
list_request(struct buf *b)
{
	buf_put_u32(b, 1);
	buf_put_u8(b, 11);
}

/* ---- one client that waits ---- */
static int
dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof a))
		die(path);
	return fd;
}

static void
read_all(int fd, uint8_t *p, size_t n)
{
	for (ssize_t got; n; p += got, n -= (size_t)got)
		if ((got = recv(fd, p, n, 0)) <= 0)
			die("the agent hung up");
}

static void
ask(int fd, const struct buf *request, struct buf *answer)
{
	uint8_t head[4];

	if (send(fd, request->p, request->len, MSG_NOSIGNAL) != (ssize_t)request->len)
		die("send");
	read_all(fd, head, 4);
	buf_reset(answer);
	if (!buf_room(answer, be32(head)))
		die("memory");
	read_all(fd, answer->p, be32(head));
	buf_add(answer, be32(head));
}

static struct span
take_string(struct span *s)
{
	struct span out = s->len < 4 ? SPAN_NONE : span_sub(*s, 4, be32(s->p));

	if (!out.p) {
		fprintf(stderr, "the agent's list makes no sense\n");
		exit(1);
	}
	*s = SPAN(out.p + out.len, s->len - 4 - out.len);
	return out;
}

/* The first key of this type, any for kinds without one. */
static struct span
find_key(const struct buf *answer, enum kind kind)
{
	struct span rest = SPAN(answer->p + 5, answer->len - 5);
	const char *type = kind > ECDSA ? types[ED25519] : types[kind];

	while (rest.len) {
		struct span blob = take_string(&rest), inner = blob;

		(void)take_string(&rest);
		if (span_is(take_string(&inner), type))
			return blob;
	}
	fprintf(stderr, "the agent has no %s key\n", type);
	exit(1);
}

static int
list(const char *path, size_t times)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	int fd = dial(path);
	double *took = calloc(times, sizeof *took);

	list_request(&request);
	for (size_t i = 0; took && i < times; i++) {
		took[i] = -bench_now();
		ask(fd, &request, &answer);
		took[i] += bench_now();
	}
	printf("{\"keys\": %u, \"bytes\": %zu, \"us\": %.1f}\n", be32(answer.p + 1), answer.len,
	    bench_quantile(took, times, .5) * 1e6);
	return 0;
}

static int
sign(const char *path, size_t times)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	int fd = dial(path);
	double start = bench_now();

	list_request(&request);
	ask(fd, &request, &answer);
	buf_reset(&request);
	sign_request(&request, ED25519, find_key(&answer, ED25519));
	for (size_t i = 0; i < times; i++) {
		ask(fd, &request, &answer);
		if (answer.p[0] != AGENT_OK)
			die("the agent signs nothing");
	}
	printf("{\"us\": %.1f}\n", (bench_now() - start) / (double)times * 1e6);
	return 0;
}

static int
add(const char *path, size_t n)
{
	struct buf b = BUF_INIT, answer = BUF_INIT;
	uint8_t pk[32], sk[64];
	int fd = dial(path);
	double start = bench_now();

	for (size_t i = 0; i < n; i++) {
		char comment[32];

		crypto_sign_keypair(pk, sk);
		snprintf(comment, sizeof comment, "key %zu", i);
		buf_reset(&b);
		buf_put_u32(&b, 0);
		buf_put_u8(&b, 17);
		put_text(&b, types[ED25519]);
		put_string(&b, SPAN(pk, 32));
		put_string(&b, SPAN(sk, 64));
		put_text(&b, comment);
		finish(&b);
		ask(fd, &b, &answer);
		if (answer.p[0] != 6)
			die("the agent refused a key");
	}
	printf("{\"us\": %.1f}\n", (bench_now() - start) / (double)n * 1e6);
	return 0;
}

/* ---- many ---- */
static void
write_some(struct client *c)
{
	const struct buf *r = &c->class->request;
	size_t n = c->class->kind == SLOW ? 1 : r->len - c->out;
	ssize_t put;

	if (!c->out)
		c->sent = bench_now();
	put = send(c->fd, r->p + c->out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put > 0)
		c->out += (size_t)put;
}

static bool
read_some(struct client *c)
{
	static uint8_t sink[256 * 1024];
	ssize_t got = recv(c->fd, sink, sizeof sink, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		c->class->closed++;
		close(c->fd);
		c->fd = -1;
		return false;
	}
	for (ssize_t i = 0; i < got && c->got + (size_t)i < 5; i++)
		c->head[c->got + (size_t)i] = sink[i];
	c->got += (size_t)got;
	c->size = c->got < 4 ? 0 : 4 + (size_t)be32(c->head);
	return c->size && c->got >= c->size;
}

static void
answered(struct client *c, bool counts)
{
	struct class *k = c->class;

	if (counts && k->done < SAMPLES)
		k->waited[k->done++] = bench_now() - c->sent;
	if (k->kind <= ECDSA && c->head[4] != AGENT_OK)
		k->refused++;
	c->answers += counts;
	c->got = c->out = 0;
	if (k->kind != SLOW)
		write_some(c);
}

static void
watch(int ep, struct client *c)
{
	struct epoll_event e = { .data.ptr = c };

	e.events = EPOLLIN;
	if (c->class->kind != SLOW && c->out < c->class->request.len)
		e.events |= EPOLLOUT;
	if (c->fd >= 0)
		epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}

static void
serve(int ep, const struct epoll_event *ev, bool counts)
{
	struct client *c = ev->data.ptr;

	if ((ev->events & EPOLLOUT) && c->class->kind != SLOW)
		write_some(c);
	if ((ev->events & (EPOLLIN | EPOLLHUP)) && read_some(c))
		answered(c, counts);
	if (c->class->kind == MID || c->class->kind == BIG || c->fd < 0)
		watch(ep, c);
}

static void
crawl(void)
{
	for (size_t i = 0; i < nclients; i++)
		if (clients[i].class->kind == SLOW && clients[i].fd >= 0 &&
		    clients[i].out < clients[i].class->request.len)
			write_some(&clients[i]);
}

static void
report(double seconds)
{
	printf("{");
	for (struct class *k = classes; k < classes + nclasses; k++) {
		size_t least = SIZE_MAX, most = 0;

		for (size_t i = 0; i < nclients; i++)
			if (clients[i].class == k) {
				least = clients[i].answers < least ? clients[i].answers : least;
				most = clients[i].answers > most ? clients[i].answers : most;
			}
		printf("%s\"%s\": {\"per_s\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
		       "\"least\": %zu, \"most\": %zu, \"refused\": %zu, \"closed\": %zu}",
		    k == classes ? "" : ", ", names[k->kind], (double)k->done / seconds,
		    bench_quantile(k->waited, k->done, .5) * 1e6,
		    bench_quantile(k->waited, k->done, .99) * 1e6, least, most, k->refused,
		    k->closed);
	}
	printf("}\n");
}

static void
run(double seconds)
{
	struct epoll_event ev[64];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	double start = bench_now() + WARM_UP, now, crawled = 0;

	for (size_t i = 0; i < nclients; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &clients[i] };

		epoll_ctl(ep, EPOLL_CTL_ADD, clients[i].fd, &e);
		write_some(&clients[i]);
		watch(ep, &clients[i]);
	}
	while ((now = bench_now()) < start + seconds) {
		int got = epoll_wait(ep, ev, 64, 50);

		for (int i = 0; i < got; i++)
			serve(ep, &ev[i], now >= start);
		if (now > crawled + SLOW_S) {
			crawl();
			crawled = now;
		}
	}
	report(now - start);
}

static void
add_class(const char *path, const char *spec, const struct buf *keys)
{
	struct class *k = &classes[nclasses++];
	const char *colon = strchr(spec, ':');
	size_t n = colon ? (size_t)atoi(colon + 1) : 0;

	while (k->kind < KINDS &&
	    (strncmp(spec, names[k->kind], strlen(names[k->kind])) != 0 ||
		spec[strlen(names[k->kind])] != ':'))
		k->kind++;
	if (k->kind == KINDS || !n || nclients + n > CLIENTS ||
	    !(k->waited = malloc(SAMPLES * sizeof *k->waited)))
		exit(64);
	if (k->kind == LIST || k->kind == SLOW)
		list_request(&k->request);
	else
		sign_request(&k->request, k->kind, find_key(keys, k->kind));
	while (n--)
		clients[nclients++] = (struct client){ .class = k, .fd = dial(path) };
}

int
main(int argc, char **argv)
{
	struct buf request = BUF_INIT, keys = BUF_INIT;

	if (argc < 4 || sodium_init() < 0)
		return 64;
	if (strcmp(argv[1], "add") == 0)
		return add(argv[2], (size_t)atoi(argv[3]));
	if (strcmp(argv[1], "list") == 0)
		return list(argv[2], (size_t)atoi(argv[3]));
	if (strcmp(argv[1], "sign") == 0)
		return sign(argv[2], (size_t)atoi(argv[3]));
	list_request(&request);
	ask(dial(argv[2]), &request, &keys);
	for (int i = 4; i < argc && nclasses < CLASSES; i++)
		add_class(argv[2], argv[i], &keys);
	run(atof(argv[3]));
	return 0;
}
