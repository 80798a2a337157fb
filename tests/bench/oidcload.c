/*
 * oidcload.c - HTTP/1.1 with keep-alive on 127.0.0.1, for providers of any make.
 * usage: oidcload load PORT CONNECTIONS SECONDS STATUS FILE [STATUS FILE]...	JSON on stdout
 *	Each connection sends the requests one after the other, and begins again.  FILE: headers,
 *	an empty line, a body (its length is put in); "@CODE@" becomes the code of the Location
 *	that came last.  Another status than STATUS ends it all.
 * usage: oidcload floor PORT
 *	The smallest server that such a load can have: what it reaches is all that we can ask for.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"
#include "tests/bench/bench.h"

#define WARM_UP 0.3
#define SAMPLES (1u << 20)
#define STEPS	4
#define EVENTS	64

struct conn {
	int fd;
	unsigned step;
	double began;
	char code[1024];
	char in[16384];
	size_t n;
};

static struct {
	unsigned status;
	char *head, *body; /* NULL: none */
} step[STEPS];
static unsigned nsteps;
static double *took;
static size_t done;
static bool counts;

static void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "oidcload: %s: %s\n", what, detail);
	exit(1);
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct sockaddr_in
local(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* ---- requests ---- */
static void
read_step(const char *status, const char *path)
{
	char *text = calloc(1, 65536), *body;
	FILE *f = fopen(path, "r");

	if (!f || !text || !fread(text, 1, 65535, f))
		fail(path, "cannot be read");
	fclose(f);
	if (!(body = strstr(text, "\r\n\r\n")))
		fail(path, "has no empty line");
	*body = '\0';
	step[nsteps].status = (unsigned)atoi(status);
	step[nsteps].head = text;
	step[nsteps++].body = body[4] ? body + 4 : NULL;
}

static void
put_filled(struct buf *b, const char *text, const char *code)
{
	const char *mark = strstr(text, "@CODE@");

	if (!mark) {
		buf_put_str(b, text);
		return;
	}
	buf_put(b, text, (size_t)(mark - text));
	buf_put_str(b, code);
	buf_put_str(b, mark + 6);
}

static void
send_step(struct conn *c)
{
	static struct buf out, body;

	buf_reset(&out);
	buf_reset(&body);
	put_filled(&out, step[c->step].head, c->code);
	if (step[c->step].body) {
		put_filled(&body, step[c->step].body, c->code);
		buf_putf(&out, "\r\nContent-Length: %zu", body.len);
	}
	buf_put_str(&out, "\r\n\r\n");
	buf_put_span(&out, buf_span(&body));
	if (c->step == 0)
		c->began = bench_now();
	if (send(c->fd, out.p, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
		fail("send", strerror(errno));
}

/* ---- responses ---- */
static const char *
header(const char *in, const char *name)
{
	const char *p = in;
	size_t n = strlen(name);

	while ((p = strstr(p, "\r\n")) && p[2] != '\r') {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

static void
take_code(struct conn *c)
{
	const char *to = header(c->in, "location"), *code = to ? strstr(to, "code=") : NULL;
	size_t n = code ? strcspn(code + 5, "&\r") : 0;

	if (!code || n >= sizeof c->code)
		return;
	memcpy(c->code, code + 5, n);
	c->code[n] = '\0';
}

/* True: a whole response was there, and is taken off. */
static bool
take_response(struct conn *c)
{
	const char *end, *length;
	size_t all;

	c->in[c->n] = '\0';
	if (!(end = strstr(c->in, "\r\n\r\n")))
		return false;
	if (!(length = header(c->in, "content-length")))
		fail("no length", c->in);
	all = (size_t)(end - c->in) + 4 + (size_t)atoi(length);
	if (c->n < all)
		return false;
	if ((unsigned)atoi(c->in + 9) != step[c->step].status)
		fail("another status", c->in);
	take_code(c);
	c->n -= all;
	return true;
}

static void
on_readable(struct conn *c)
{
	ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - 1 - c->n, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		fail("the server hung up", got < 0 ? strerror(errno) : "");
	c->n += (size_t)got;
	if (!take_response(c))
		return;
	if (++c->step == nsteps) {
		c->step = 0;
		if (counts && done < SAMPLES)
			took[done++] = bench_now() - c->began;
	}
	send_step(c);
}

/* ---- the load ---- */
static void
begin(const char *port, size_t n, int ep)
{
	struct sockaddr_in to = local(port);

	for (size_t i = 0; i < n; i++) {
		struct conn *c = calloc(1, sizeof *c);
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

		c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(c->fd, (struct sockaddr *)&to, sizeof to))
			fail("connect", strerror(errno));
		no_delay(c->fd);
		epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
		send_step(c);
	}
}

static int
load(int argc, char **argv)
{
	struct epoll_event ev[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	double seconds = atof(argv[4]), start, now, used = 0;

	for (int i = 5; i + 1 < argc && nsteps < STEPS; i += 2)
		read_step(argv[i], argv[i + 1]);
	if (!(took = malloc(SAMPLES * sizeof *took)))
		return 1;
	begin(argv[2], (size_t)atoi(argv[3]), ep);
	start = bench_now() + WARM_UP;
	while ((now = bench_now()) < start + seconds) {
		int got = epoll_wait(ep, ev, EVENTS, 1000);

		if (!counts && now >= start) {
			counts = true;
			used = cpu();
		}
		for (int i = 0; i < got; i++)
			on_readable(ev[i].data.ptr);
	}
	if (!done)
		fail("nothing", "was answered");
	printf("{\"per_s\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"client_cpu_us\": %.2f}\n",
	    (double)done / (now - start), bench_quantile(took, done, .5) * 1e6,
	    bench_quantile(took, done, .99) * 1e6, (cpu() - used) / (double)done * 1e6);
	return 0;
}

/* ---- the floor ---- */
static void
answer(int fd)
{
	static const char said[] = "HTTP/1.1 200 OK\r\nLocation: https://rp.example/cb?code="
				   "0123456789012345678901234567890123456789012\r\n"
				   "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n"
				   "{\"floor\": 1}\n";
	char in[16384];

	if (recv(fd, in, sizeof in, MSG_DONTWAIT) <= 0)
		close(fd);
	else
		(void)!send(fd, said, sizeof said - 1, MSG_NOSIGNAL);
}

static _Noreturn void
serve_floor(const char *port)
{
	struct sockaddr_in at = local(port);
	struct epoll_event ev[EVENTS], e = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), ear = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(ear, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(ear, (struct sockaddr *)&at, sizeof at) || listen(ear, 1024))
		fail("listen", strerror(errno));
	e.data.fd = ear;
	epoll_ctl(ep, EPOLL_CTL_ADD, ear, &e);
	for (;;) {
		int n = epoll_wait(ep, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd != ear) {
				answer(ev[i].data.fd);
				continue;
			}
			e.data.fd = accept(ear, NULL, NULL);
			no_delay(e.data.fd);
			epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e);
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "floor") == 0)
		serve_floor(argv[2]);
	if (argc >= 7 && strcmp(argv[1], "load") == 0)
		return load(argc, argv);
	return 64;
}
