/* ask.c - a relying party's side of the back channel; to this machine only, and it may wait. */
#include "oidc/demo/ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "oidc/op/jose.h"
#include "oidc/op/metadata.h"

#define ANSWER_MAX ((size_t)256 * 1024)
#define TOKEN_MAX  ((size_t)16 * 1024)
#define PATIENCE   30 /* seconds */

static enum err
reach(uint16_t port, int *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { .tv_sec = PATIENCE };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return err_of_errno(errno);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    connect(fd, (const struct sockaddr *)&in, sizeof in) < 0) {
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return ERR_OK;
}

/* HTTP/1.0: the answer ends where the connection does. */
static void
put_request(const struct demo_provider *p, const char *path, struct span token, struct span form,
    struct buf *out)
{
	buf_putf(out, "%s %s HTTP/1.0\r\nHost: localhost:%u\r\nAccept: application/json\r\n",
	    form.len ? "POST" : "GET", path, (unsigned)p->port);
	if (token.len) {
		buf_put_str(out, "Authorization: Bearer ");
		buf_put_span(out, token);
		buf_put_str(out, "\r\n");
	}
	if (form.len)
		buf_putf(out,
		    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
		    form.len);
	buf_put_str(out, "\r\n");
	buf_put_span(out, form);
}

static enum err
exchange(int fd, struct span request, struct buf *answer)
{
	while (request.len) {
		ssize_t n = send(fd, request.p, request.len, MSG_NOSIGNAL);

		if (n <= 0)
			return ERR_IO;
		request = SPAN(request.p + n, request.len - (size_t)n);
	}
	for (;;) {
		uint8_t *to = buf_room(answer, 4096);
		ssize_t n = to ? recv(fd, to, 4096, 0) : -1;

		if (n <= 0)
			return n < 0 ? ERR_IO : ERR_OK;
		buf_add(answer, (size_t)n);
	}
}

/* Of a 200 the body, as JSON. */
static enum err
read_answer(struct buf *answer, json_t **out)
{
	const char *text = buf_cstr(answer), *body = strstr(text, "\r\n\r\n");

	if (strncmp(text, "HTTP/1.", 7) != 0 || strncmp(text + 8, " 200 ", 5) != 0 || !body)
		return ERR_FORMAT;
	*out = json_loads(body + 4, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(*out))
		return ERR_OK;
	json_decref(*out);
	*out = NULL;
	return ERR_FORMAT;
}

enum err
demo_ask(const struct demo_provider *p, const char *path, struct span token, struct span form,
    json_t **out)
{
	struct buf request = BUF_INIT, answer = { .max = ANSWER_MAX };
	enum err e;
	int fd = -1;

	*out = NULL;
	put_request(p, path, token, form, &request);
	if (!(e = buf_err(&request)) && !(e = reach(p->port, &fd)) &&
	    !(e = exchange(fd, buf_span(&request), &answer)))
		e = read_answer(&answer, out);
	if (fd >= 0)
		close(fd);
	buf_done(&request);
	buf_done(&answer);
	return e;
}

/* ---- the ID token ---- */
static bool
is_signed(const struct jose *t, const json_t *jwks)
{
	struct span kid = jose_text(t->header, "kid");
	const json_t *key;
	size_t i;

	if (!kid.len)
		return false;
	json_array_foreach(json_object_get(jwks, "keys"), i,
	    key) if (span_eq(jose_text(key, "kid"), kid)) return jose_is_signed(t, key);
	return false;
}

static bool
is_for_us(const json_t *claims, const char *issuer, const char *client, const char *nonce)
{
	json_int_t now = (json_int_t)time(NULL);

	return span_is(jose_text(claims, "iss"), issuer) &&
	    span_is(jose_text(claims, "aud"), client) &&
	    span_is(jose_text(claims, "nonce"), nonce) && jose_text(claims, "sub").len &&
	    json_integer_value(json_object_get(claims, "exp")) > now &&
	    json_integer_value(json_object_get(claims, "iat")) <= now + 60;
}

enum err
demo_check(const struct demo_provider *p, struct span id_token, const char *client,
    const char *nonce, json_t **claims)
{
	struct jose t = { .nsig = 0 };
	json_t *jwks = NULL;
	enum err e = demo_ask(p, PATH_JWKS, SPAN_NONE, SPAN_NONE, &jwks);

	*claims = NULL;
	if (!e &&
	    (id_token.len > TOKEN_MAX || !jose_take_apart(id_token, &t) || !is_signed(&t, jwks) ||
		!is_for_us(t.payload, p->issuer, client, nonce)))
		e = ERR_FORMAT;
	if (!e)
		*claims = json_incref(t.payload);
	jose_done(&t);
	json_decref(jwks);
	return e;
}
