/*
 * exchange.c - one request: what may come at all, its row, its body, its handler, and the response
 * that waits for the commit.
 *
 * MHD is lenient where a proxy in front may read a request otherwise than it does (two lengths, a
 * length and chunks, names with a space): what could be read in two ways is refused here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"
#include "oidc/web/parts.h"

#define HEADERS_MAX 100
#define SWALLOWED   (1024 * 1024) /* of a body without a length that is too large */

/* ---- headers ---- */
struct headers {
	size_t all, host, length, encoding, authorization;
	uint64_t size; /* of Content-Length */
	bool chunked, bad;
	struct span forwarded; /* the last X-Forwarded-For: the proxy's own, if there are several */
};

static bool
is_token(const char *s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	if (!*s)
		return false;
	for (; *s; s++)
		if (!strchr(marks, *s) && !(*s >= '0' && *s <= '9') && !(*s >= 'a' && *s <= 'z') &&
		    !(*s >= 'A' && *s <= 'Z'))
			return false;
	return true;
}

static bool
is_plain(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static bool
is_named(const char *name, const char *what)
{
	size_t i = 0;

	for (; name[i] && what[i]; i++) {
		char c = name[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != what[i])
			return false;
	}
	return name[i] == what[i];
}

static enum MHD_Result
on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct headers *h = arg;
	char *end;

	(void)kind;
	value = value ? value : "";
	h->all++;
	if (!is_token(name) || !is_plain(value))
		h->bad = true;
	if (is_named(name, "host"))
		h->host++;
	if (is_named(name, "authorization"))
		h->authorization++;
	if (is_named(name, "content-length")) {
		h->length++;
		h->size = strtoull(value, &end, 10);
		h->bad |= !*value || *end || *value < '0' || *value > '9';
	}
	if (is_named(name, "x-forwarded-for"))
		h->forwarded = span_str(value);
	if (is_named(name, "transfer-encoding")) {
		h->encoding++;
		h->chunked = is_named(value, "chunked");
	}
	return MHD_YES;
}

/* What is wrong with it, or NULL. */
static const char *
look_at_headers(struct web_answer *x, struct headers *h, const char *version)
{
	MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, on_header, h);
	if (h->bad)
		return "a header is malformed";
	if (h->all > HEADERS_MAX)
		return "there are too many headers";
	if (h->host > 1)
		return "there is more than one Host header";
	if (h->length > 1 || h->encoding > 1 || (h->length && h->encoding))
		return "how long the body is can be read in two ways";
	if (h->encoding && (!h->chunked || strcmp(version, "HTTP/1.1") != 0))
		return "this transfer encoding is not understood";
	if (h->authorization > 1)
		return "there is more than one Authorization header";
	return NULL;
}

/* ---- address and row ---- */
/* Of an address in absolute form (RFC 9112 3.2.2) the host is of no interest. */
static bool
take_path(struct web_answer *x)
{
	static const char *const schemes[] = { "http://", "https://" };
	struct span url = buf_span(&x->url), path;
	const uint8_t *mark = url.len ? memchr(url.p, '?', url.len) : NULL;

	path = SPAN(url.p, mark ? (size_t)(mark - url.p) : url.len);
	x->query_at = mark ? path.len + 1 : url.len;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (path.len < n || memcmp(path.p, schemes[i], n) != 0)
			continue;
		while (n < path.len && path.p[n] != '/')
			n++;
		path = SPAN(path.p + n, path.len - n);
		if (!path.len)
			path = SPAN_LIT("/");
	}
	x->q.path = path;
	if (!path.len || path.p[0] != '/')
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f)
			return false;
	return true;
}

/* What is left of the path behind a prefix; p NULL: it does not begin so. */
static struct span
behind(struct span path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (path.len < n || memcmp(path.p, prefix, n) != 0)
		return SPAN_NONE;
	return SPAN(path.p + n, path.len - n);
}

static bool
fits(const struct web_route *r, const struct web *w, struct span path, struct span *tail)
{
	size_t n = strlen(r->path);

	if (!(r->flags & (WEB_AT_HOST | WEB_SUFFIX)))
		path = behind(path, w->path);
	if (!path.p)
		return false;
	*tail = SPAN(path.p + path.len, 0);
	if (n == 1)
		return path.len == 0 || span_is(path, "/");
	if (r->path[n - 1] == '/') {
		*tail = behind(path, r->path);
		return tail->p && tail->len;
	}
	path = behind(path, r->path);
	if (!path.p)
		return false;
	return r->flags & WEB_SUFFIX ? span_is(path, w->path) : path.len == 0;
}

/* A row for the method, or else one for another method; NULL: no such address. */
static const struct web_route *
find_row(const struct web_answer *x, enum web_method method, unsigned *methods, struct span *tail)
{
	const struct web *w = x->web;
	const struct web_route *r =
	    x->conn->door == WEB_DOOR_METRICS ? w->conf.metrics : w->conf.routes;
	const struct web_route *other = NULL;
	struct span t;

	for (; r && r->path; r++) {
		if (!fits(r, w, x->q.path, &t))
			continue;
		*methods |= r->methods;
		*tail = t;
		if (r->methods & (unsigned)method)
			return r;
		if (!other)
			other = r;
	}
	return other;
}

static enum web_method
method_of(const char *s, bool *head)
{
	*head = strcmp(s, "HEAD") == 0;
	if (*head || strcmp(s, "GET") == 0)
		return WEB_GET;
	if (strcmp(s, "POST") == 0)
		return WEB_POST;
	return strcmp(s, "OPTIONS") == 0 ? WEB_OPTIONS : WEB_OTHER;
}

/* ---- who asks ---- */
/* X-Forwarded-For counts only from a proxy that is trusted; nothing else of that family ever. */
static void
set_address(struct web_answer *x, struct span forwarded)
{
	memcpy(x->q.address, x->conn->address, sizeof x->q.address);
	if (!x->conn->trusted)
		return;
	if (!header_forwarded_for(forwarded, web_trusts, x->web, x->q.address))
		memcpy(x->q.address, x->conn->address, sizeof x->q.address);
}

/* ---- what is answered without a handler ---- */
static void
refuse(struct web_answer *x, unsigned status, const char *text)
{
	web_refuse(&x->q, &x->a, status, "invalid_request", text);
	x->done = true;
}

static void
busy(struct web_answer *x)
{
	web_unavailable(&x->q, &x->a, ERR_BUSY);
	x->done = true;
}

static void
put_allow(struct web_answer *x, unsigned methods)
{
	struct buf list = BUF_INIT;

	if (methods & WEB_GET)
		buf_put_str(&list, "GET, HEAD, ");
	if (methods & WEB_POST)
		buf_put_str(&list, "POST, ");
	buf_put_str(&list, "OPTIONS");
	web_header_put(&x->a, "Allow", buf_span(&list));
	if (x->q.route->flags & WEB_CORS)
		web_header_put(&x->a, "Access-Control-Allow-Methods", buf_span(&list));
	buf_done(&list);
}

/* Preflight (Fetch 3.2): what browsers ask before a script of another origin may. */
static void
answer_options(struct web_answer *x, unsigned methods)
{
	x->a.status = 204;
	put_allow(x, methods);
	if (x->q.route->flags & WEB_CORS) {
		web_header_put(&x->a, "Access-Control-Allow-Headers",
		    SPAN_LIT("Authorization, Content-Type, DPoP"));
		web_header_put(&x->a, "Access-Control-Max-Age", SPAN_LIT("86400"));
	}
	x->done = true;
}

static bool
is_form(const struct web_answer *x)
{
	struct span type;

	return web_header(&x->q, "Content-Type", &type) == FORM_ONE &&
	    header_is_type(type, "application/x-www-form-urlencoded");
}

static void
look_at_body(struct web_answer *x, const struct headers *h)
{
	bool some = h->size || h->chunked;

	if (h->size > WEB_BODY_MAX)
		refuse(x, 413, "the body is too large");
	else if (some && x->q.method != WEB_POST)
		refuse(x, 400, "a request of this method has no body");
	else if (some && !(x->q.route->flags & WEB_BODY) && !is_form(x))
		refuse(x, x->q.route->flags & WEB_API ? 400 : 415,
		    "the body must be application/x-www-form-urlencoded, in UTF-8");
}

/* The headers are there: may it go on? */
static void
look_at(struct web_answer *x, const char *method, const char *version)
{
	struct headers h = { 0 };
	unsigned methods = 0;
	const char *wrong;

	x->checked = true;
	x->q.method = method_of(method, &x->head);
	wrong = look_at_headers(x, &h, version);
	x->has_body = wrong || h.size || h.chunked;
	if (wrong) {
		web_header_put(&x->a, "Connection", SPAN_LIT("close"));
		refuse(x, 400, wrong);
		return;
	}
	set_address(x, h.forwarded);
	if (!take_path(x)) {
		refuse(x, 400, "the address is malformed");
		return;
	}
	x->q.route = find_row(x, x->q.method, &methods, &x->q.tail);
	if (!x->q.route) {
		refuse(x, 404, "There is nothing at this address.");
	} else if (x->q.method == WEB_OPTIONS) {
		answer_options(x, methods);
	} else if (!(methods & (unsigned)x->q.method)) {
		put_allow(x, methods);
		refuse(x, 405, "This address cannot be used in this way.");
	} else {
		look_at_body(x, &h);
	}
}

static void
drop_body(struct web_answer *x)
{
	x->web->bodies -= x->body.cap;
	buf_done(&x->body);
}

static bool
take_body(struct web_answer *x, const char *data, size_t *size)
{
	struct span piece = SPAN(data, *size);

	*size = 0;
	if (x->body.len + piece.len > WEB_BODY_MAX)
		x->too_large = true;
	else if (x->web->bodies + piece.len > WEB_BODIES)
		x->no_room = true;
	if (x->too_large || x->no_room) {
		drop_body(x);
		x->swallowed += piece.len;
		return x->swallowed <= SWALLOWED;
	}
	x->web->bodies -= x->body.cap;
	buf_put_span(&x->body, piece);
	x->web->bodies += x->body.cap;
	return !buf_err(&x->body);
}

/* ---- the handler ---- */
static bool
take_forms(struct web_answer *x)
{
	struct span query = SPAN(x->url.p + x->query_at, x->url.len - x->query_at);
	const char *what = "the query";
	enum err e = form_parse(query, &x->q.query);

	if (!e && x->q.method == WEB_POST && !(x->q.route->flags & WEB_BODY)) {
		what = "the body";
		e = form_parse(buf_span(&x->body), &x->q.form);
	}
	x->q.body = buf_span(&x->body);
	if (e) {
		char text[96];

		snprintf(text, sizeof text, "%s %s", what,
		    e == ERR_LIMIT ? "has too many parameters" : "is malformed");
		refuse(x, e == ERR_NOMEM ? 503 : 400, text);
	}
	return !e;
}

static void
on_fiber(void *arg)
{
	struct web_answer *x = arg;

	x->q.route->run(&x->q, &x->a);
	x->done = true;
}

static void
end_fiber(struct web_answer *x)
{
	if (!x->fiber)
		return;
	fiber_free(x->fiber);
	x->fiber = NULL;
	x->web->counts.fibers--;
}

static void
start_fiber(struct web_answer *x)
{
	struct web *w = x->web;

	if (w->counts.fibers >= WEB_FIBERS || fiber_start(&x->fiber, on_fiber, x)) {
		x->fiber = NULL;
		busy(x);
		return;
	}
	w->counts.fibers++;
	if (x->done)
		end_fiber(x);
}

static void
hold(struct web_answer *x)
{
	struct web *w = x->web;

	x->held = true;
	x->next = w->pending;
	if (x->next)
		x->next->prev = x;
	w->pending = x;
	web_conn_phase(x->conn, WEB_ANSWERING);
	MHD_suspend_connection(x->mhd);
}

static void
release(struct web_answer *x)
{
	if (x->prev)
		x->prev->next = x->next;
	else
		x->web->pending = x->next;
	if (x->next)
		x->next->prev = x->prev;
	x->prev = x->next = NULL;
	x->held = false;
	end_fiber(x);
	MHD_resume_connection(x->mhd);
}

static bool
has_written(const struct web *w)
{
	return w->conf.hooks.wrote && w->conf.hooks.wrote(w->conf.oidc);
}

/* Done and not held when it can be answered at once. */
static void
run(struct web_answer *x)
{
	if (x->too_large)
		refuse(x, 413, "the body is too large");
	else if (x->no_room)
		busy(x);
	else if (take_forms(x) && (x->q.route->flags & WEB_WAITS))
		start_fiber(x);
	else if (!x->done)
		on_fiber(x);
	x->wrote = has_written(x->web);
	if (!x->done || x->wrote)
		hold(x);
}

bool
web_settle(struct web *w)
{
	struct web_answer *x, *next;
	bool any = false;
	enum err e;

	e = has_written(w) ? w->conf.hooks.commit(w->conf.oidc) : ERR_OK;
	if (e)
		log_err(e, "the store: nothing of this moment was kept");
	for (x = w->pending; x; x = next) {
		next = x->next;
		/* who waited through it writes later, and that is kept */
		if (e && (x->done || x->wrote))
			x->failed = e;
		x->wrote = false;
		if (!x->done)
			continue;
		release(x);
		any = true;
	}
	return any;
}

/* ---- the response ---- */
static enum MHD_Result
respond(struct web_answer *x)
{
	struct MHD_Response *r;
	enum MHD_Result ok;

	if (x->failed) {
		web_response_clear(&x->a);
		web_unavailable(&x->q, &x->a, x->failed);
	}
	if (x->a.bad || !x->a.status || buf_err(&x->a.body) || buf_err(&x->a.headers)) {
		web_response_clear(&x->a);
		web_refuse(
		    &x->q, &x->a, 500, "server_error", "This went wrong here, not with you.");
	}
	web_give_defaults(x);
	x->size = x->a.body.len;
	if (!(r = web_render(x)))
		return MHD_NO;
	ok = MHD_queue_response(x->mhd, x->a.status, r);
	MHD_destroy_response(r);
	web_conn_phase(x->conn, WEB_WRITING);
	return ok;
}

enum MHD_Result
web_on_request(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **context)
{
	struct web_answer *x = *context;

	(void)arg, (void)mhd, (void)url;
	if (!x)
		return MHD_NO;
	if (!x->checked) {
		look_at(x, method, version);
		/* refused before the body: MHD closes, and reads no more of it */
		return x->done && x->has_body ? respond(x) : MHD_YES;
	}
	if (*size && !x->done)
		return take_body(x, data, size) ? MHD_YES : MHD_NO;
	if (!x->done)
		run(x);
	return x->held ? MHD_YES : respond(x);
}

/* ---- beginning and end ---- */
void *
web_on_url(void *arg, const char *url, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct web_answer *x = calloc(1, sizeof *x);
	char *query;

	if (!x || !info || !info->socket_context) {
		free(x);
		return NULL;
	}
	x->web = arg;
	x->conn = info->socket_context;
	x->mhd = mhd;
	x->q.oidc = x->web->conf.oidc;
	x->q.answer = x;
	x->began = loop_now();
	buf_put_str(&x->url, url);
	/* MHD would take the query apart, into memory that it is short of: we do that */
	if ((query = strchr(url, '?')))
		query[1] = '\0';
	web_conn_phase(x->conn, WEB_READING);
	return x;
}

void
web_on_completed(
    void *arg, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode how)
{
	struct web_answer *x = *context;

	(void)arg, (void)mhd, (void)how;
	*context = NULL;
	if (!x)
		return;
	if (x->a.status)
		web_note(x);
	web_conn_phase(x->conn, WEB_IDLE);
	form_done(&x->q.query);
	form_done(&x->q.form);
	buf_done(&x->url);
	drop_body(x);
	web_response_clear(&x->a);
	free(x);
}
