/* Handlers, fibers and commits: what is answered, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fiber.h"
#include "lib/loop.h"
#include "oidc/web/web.h"

#define CLIENTS 300

/* What stands for the store, and what handlers left behind. */
struct oidc {
	struct loop *loop;
	struct web *web;
	struct sockaddr_in at;
	bool wrote;
	enum err commit;
	unsigned commits, runs;
	struct fiber *waiting[CLIENTS];
	size_t nwaiting;
};

static bool
wrote(struct oidc *o)
{
	return o->wrote;
}

static enum err
commit(struct oidc *o)
{
	o->wrote = false;
	o->commits++;
	return o->commit;
}

static void
on_read(struct web_request *q, struct web_response *a)
{
	q->oidc->runs++;
	buf_put_str(&a->body, "read");
	web_text(a, 200);
}

static void
on_write(struct web_request *q, struct web_response *a)
{
	q->oidc->wrote = true;
	on_read(q, a);
}

static void
on_wait(struct web_request *q, struct web_response *a)
{
	struct oidc *o = q->oidc;

	o->waiting[o->nwaiting++] = fiber_self();
	if (fiber_wait())
		return;
	buf_put_span(&a->body, form_value(&q->query, "n"));
	web_text(a, 200);
}

static void
on_write_wait(struct web_request *q, struct web_response *a)
{
	q->oidc->wrote = true;
	on_wait(q, a);
}

static void
on_forged(struct web_request *q, struct web_response *a)
{
	web_redirect(a, form_value(&q->query, "to"));
}

static void
on_cookie(struct web_request *q, struct web_response *a)
{
	struct span v;

	if (web_cookie(q, "c", &v))
		buf_put_span(&a->body, v);
	web_cookie_put(q, a, "c", SPAN_LIT("new"), 60);
	buf_put_str(&a->body, web_is_same_origin(q) ? " ours" : " theirs");
	memcpy(a->form_action, "https://rp.example", sizeof "https://rp.example");
	web_page(a, 200);
}

static void
on_form(struct web_request *q, struct web_response *a)
{
	buf_put_span(&a->body, form_value(web_params(q), "a"));
	web_text(a, 200);
}

static const struct web_route routes[] = {
	{ "/read", WEB_GET, on_read, 0 },
	{ "/write", WEB_GET, on_write, 0 },
	{ "/wait", WEB_GET, on_wait, WEB_WAITS },
	{ "/write-wait", WEB_GET, on_write_wait, WEB_WAITS },
	{ "/forged", WEB_GET, on_forged, 0 },
	{ "/cookie", WEB_GET | WEB_POST, on_cookie, 0 },
	{ "/form", WEB_POST, on_form, WEB_API },
	{ "/under/", WEB_GET, on_read, 0 },
	{ NULL, 0, NULL, 0 },
};

static int
setup(void **state)
{
	static struct oidc o;
	struct web_conf conf = { .issuer = "https://op.example",
		.routes = routes,
		.hooks = { wrote, commit, NULL },
		.oidc = &o,
		.connections = 1000 };
	socklen_t len = sizeof o.at;
	struct web_listener l = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

	o = (struct oidc){ .at = { .sin_family = AF_INET } };
	o.at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(l.fd, (struct sockaddr *)&o.at, len), 0);
	assert_int_equal(listen(l.fd, 1024), 0);
	assert_int_equal(getsockname(l.fd, (struct sockaddr *)&o.at, &len), 0);
	conf.loop = o.loop = loop_new();
	assert_int_equal(web_new(&o.web, &conf), ERR_OK);
	assert_int_equal(web_listen(o.web, &l), ERR_OK);
	*state = &o;
	return 0;
}

static int
teardown(void **state)
{
	struct oidc *o = *state;

	web_done(o->web);
	loop_free(o->loop);
	return 0;
}

static void
turn(struct oidc *o)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(loop_once(o->loop, 5), ERR_OK);
}

static int
ask(struct oidc *o, const char *request)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&o->at, sizeof o->at), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	return fd;
}

/* What came by now. */
static const char *
said(int fd)
{
	static char text[8192];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

static const char *
reply(struct oidc *o, const char *request)
{
	int fd = ask(o, request);

	turn(o);
	return said(fd);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static void
reads_without_commit(void **state)
{
	struct oidc *o = *state;

	assert_non_null(strstr(reply(o, GET("/read")), "200 OK"));
	assert_non_null(strstr(reply(o, GET("/under/x/y")), "200 OK"));
	assert_non_null(strstr(reply(o, GET("/under/")), "404"));
	assert_int_equal(o->commits, 0);
}

static void
commits_before_it_answers(void **state)
{
	struct oidc *o = *state;
	int fds[10];

	for (size_t i = 0; i < 10; i++)
		fds[i] = ask(o, GET("/write"));
	turn(o);
	for (size_t i = 0; i < 10; i++)
		assert_non_null(strstr(said(fds[i]), "200 OK"));
	assert_int_equal(o->runs, 10);
	assert_in_range(o->commits, 1, 9);
}

static void
says_that_nothing_was_kept(void **state)
{
	struct oidc *o = *state;
	int waits = ask(o, GET("/wait?n=7")), writes, reads;

	turn(o);
	o->commit = ERR_NOSPACE;
	writes = ask(o, GET("/write"));
	turn(o);
	assert_non_null(strstr(said(writes), "503"));
	/* one that begins then may have written before it waits */
	writes = ask(o, GET("/write-wait?n=8"));
	turn(o);
	o->commit = ERR_OK;
	/* what has waited all the while writes now, and that is kept: 503 would be a lie, and for a
	 * refresh token, which is spent then, the end of its family */
	fiber_wake(o->waiting[0], ERR_OK);
	fiber_wake(o->waiting[1], ERR_OK);
	turn(o);
	assert_non_null(strstr(said(waits), "200 OK"));
	assert_non_null(strstr(said(writes), "503"));
	reads = ask(o, GET("/write"));
	turn(o);
	assert_non_null(strstr(said(reads), "200 OK"));
}

static void
waits_for_many(void **state)
{
	struct oidc *o = *state;
	int fds[CLIENTS];
	size_t busy = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		char text[64];

		snprintf(text, sizeof text, "GET /wait?n=%zu HTTP/1.1\r\nHost: x\r\n\r\n", i);
		fds[i] = ask(o, text);
		turn(o);
	}
	assert_int_equal(o->nwaiting, WEB_FIBERS);
	assert_non_null(strstr(reply(o, GET("/read")), "200 OK"));
	for (size_t i = WEB_FIBERS; i-- > 0;)
		fiber_wake(o->waiting[i], ERR_OK);
	turn(o);
	for (size_t i = 0; i < CLIENTS; i++) {
		const char *text = said(fds[i]);
		char end[16];

		snprintf(end, sizeof end, "\r\n\r\n%zu", i);
		busy += strstr(text, "503") && strstr(text, "Retry-After");
		if (i < WEB_FIBERS)
			assert_non_null(strstr(text, end));
	}
	assert_int_equal(busy, CLIENTS - WEB_FIBERS);
	assert_int_equal(web_counts(o->web)->fibers, 0);
}

static void
never_splits_a_response(void **state)
{
	struct oidc *o = *state;
	const char *text = reply(o, GET("/forged?to=https://a.example%0d%0aSet-Cookie:%20x"));

	assert_non_null(strstr(text, "500"));
	assert_null(strstr(text, "Set-Cookie"));
	assert_non_null(strstr(reply(o, GET("/forged?to=https://a.example")), "303"));
}

static void
protects_cookies_and_pages(void **state)
{
	struct oidc *o = *state;
	const char *text = reply(o,
	    "POST /cookie HTTP/1.1\r\nHost: x\r\nOrigin: https://op.example\r\n"
	    "Cookie: c=old\r\n\r\n");

	assert_non_null(strstr(text, "\r\n\r\nold ours"));
	assert_non_null(strstr(text, "c=new; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"));
	assert_non_null(strstr(text, "form-action 'self' https://rp.example;"));
	text = reply(o, "POST /cookie HTTP/1.1\r\nHost: x\r\nOrigin: null\r\n\r\n");
	assert_non_null(strstr(text, "theirs"));
	text = reply(o, "POST /cookie HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\n\r\n");
	assert_non_null(strstr(text, "theirs"));
}

static void
takes_forms_alone(void **state)
{
	static const char head[] = "POST /form?a=query HTTP/1.1\r\nHost: x\r\nContent-Type: ";
	static const struct {
		const char *rest, *want;
	} rows[] = {
		{ "application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
		    "\r\n\r\nb" },
		{ "application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "1\r\na\r\n2\r\n=c\r\n0\r\n\r\n",
		    "\r\n\r\nc" },
		{ "application/json\r\nContent-Length: 3\r\n\r\na=b", "400" },
		{ "multipart/form-data; boundary=x\r\nContent-Length: 3\r\n\r\na=b", "400" },
		{ "application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na=%00",
		    "invalid_request" },
		{ "application/x-www-form-urlencoded\r\nContent-Length: 70000\r\n\r\na=b", "413" },
	};
	struct oidc *o = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[512];

		snprintf(text, sizeof text, "%s%s", head, rows[i].rest);
		assert_non_null(strstr(reply(o, text), rows[i].want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_without_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(commits_before_it_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(says_that_nothing_was_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_for_many, setup, teardown),
		cmocka_unit_test_setup_teardown(never_splits_a_response, setup, teardown),
		cmocka_unit_test_setup_teardown(protects_cookies_and_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_forms_alone, setup, teardown),
	};

	return cmocka_run_group_tests_name("oidc_web", tests, NULL, NULL);
}
