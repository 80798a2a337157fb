/* transfer.c - one HTTP exchange by libcurl. */
#include "oidc/fetch/transfer.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "oidc/fetch/linkheader.h"

#define CONNECT_MS  4000L
#define TRANSFER_MS 8000L
#define AGE_DEFAULT 300
#define AGENT	    "ownkey-oidc/" OWNKEY_VERSION

/* ---- where to ---- */
/* The address connected to is this one, and no other: not what a second look-up would say. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || !peer_has(t->peer, &a->addr, a->addrlen)) {
		t->why = FETCH_WHY_SPECIAL;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- headers ---- */
static struct span
trim(struct span s)
{
	while (s.len && s.p[0] <= ' ')
		s = SPAN(s.p + 1, s.len - 1);
	while (s.len && s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

/* The next part of a list; *s is what follows. */
static struct span
part(struct span *s, uint8_t separator)
{
	const uint8_t *p = s->len ? memchr(s->p, separator, s->len) : NULL;
	size_t n = p ? (size_t)(p - s->p) : s->len;
	struct span first = SPAN(s->p, n);

	*s = p ? SPAN(p + 1, s->len - n - 1) : SPAN_NONE;
	return trim(first);
}

static uint32_t
number(struct span s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n > FETCH_AGE_MAX ? n : n * 10 + (s.p[i] - (uint32_t)'0');
	return n < FETCH_AGE_MAX ? n : FETCH_AGE_MAX;
}

uint32_t
transfer_age(struct span value)
{
	uint32_t age = AGE_DEFAULT;

	while (value.len) {
		struct span p = part(&value, ','), name = part(&p, '=');

		if (weburl_same(name, "no-store") || weburl_same(name, "no-cache"))
			return 0;
		if (weburl_same(name, "max-age"))
			age = number(p);
	}
	return age;
}

static void
take_type(struct transfer *t, struct span value)
{
	struct span type = part(&value, ';');

	t->type[0] = '\0';
	if (type.len < sizeof t->type)
		snprintf(t->type, sizeof t->type, "%.*s", (int)type.len, (const char *)type.p);
	for (char *c = t->type; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			*c = '?';
	t->is_json = weburl_same(type, "application/json") ||
	    (type.len > 12 && weburl_same(SPAN(type.p, 12), "application/") && type.len > 17 &&
		weburl_same(SPAN(type.p + type.len - 5, 5), "+json"));
}

static void
take_header(struct transfer *t, struct span line)
{
	struct span name = part(&line, ':'), value = trim(line);

	if (weburl_same(name, "content-type"))
		take_type(t, value);
	else if (weburl_same(name, "content-encoding"))
		t->is_packed = !weburl_same(value, "identity");
	else if (weburl_same(name, "cache-control"))
		t->age = transfer_age(value);
	else if (weburl_same(name, "link")) {
		buf_put_span(&t->links, value);
		buf_put_u8(&t->links, '\n');
	}
}

static bool
is_html(const struct transfer *t)
{
	struct span type = span_str(t->type);

	return weburl_same(type, "text/html") || weburl_same(type, "application/xhtml+xml");
}

/* All headers have come. */
static enum fetch_why
judge(struct transfer *t)
{
	if (t->is_packed)
		return FETCH_WHY_PACKED;
	if (t->kind == FETCH_TALK)
		return FETCH_WHY_OK;
	if (t->status >= 300 && t->status < 400)
		return FETCH_WHY_REDIRECT;
	if (t->status != 200)
		return FETCH_WHY_STATUS;
	if (t->kind == FETCH_CLIENT && !t->is_json && !is_html(t))
		return FETCH_WHY_TYPE;
	return FETCH_WHY_OK;
}

static void
begin_response(struct transfer *t)
{
	t->is_packed = t->is_json = false;
	t->type[0] = '\0';
	t->age = AGE_DEFAULT;
	buf_reset(&t->links);
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct span line = trim(SPAN(p, size * n));
	struct transfer *t = arg;

	t->header_bytes += size * n;
	if (t->header_bytes > TRANSFER_HEADERS)
		t->why = FETCH_WHY_LARGE;
	else if (line.len > 5 && memcmp(line.p, "HTTP/", 5) == 0)
		begin_response(t);
	else if (line.len)
		take_header(t, line);
	else if (!curl_easy_getinfo((CURL *)t->curl, CURLINFO_RESPONSE_CODE, &t->status) &&
	    t->status >= 200)
		t->why = judge(t);
	return t->why ? 0 : size * n;
}

/* ---- body ---- */
static size_t
most(const struct transfer *t)
{
	if (t->kind == FETCH_IMAGE)
		return FETCH_IMAGE_MAX;
	return t->is_json && t->kind == FETCH_CLIENT ? FETCH_JSON_MAX : FETCH_HTML_MAX;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (size * n > most(t) - t->body.len) {
		t->why = FETCH_WHY_LARGE;
		return 0;
	}
	buf_put(&t->body, p, size * n);
	return buf_err(&t->body) ? 0 : size * n;
}

/* ---- the exchange ---- */
#define SET(option, value) (bad |= curl_easy_setopt(c, option, value) != CURLE_OK)

static bool
set_limits(CURL *c, struct transfer *t)
{
	bool bad = false;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, TRANSFER_MS);
	SET(CURLOPT_MAXFILESIZE, (long)FETCH_HTML_MAX);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROTOCOLS_STR, t->url->is_https ? "https" : "http");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_PROXY, t->proxy); /* "" = none, whatever the environment says */
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	return !bad;
}

static bool
set_tls(CURL *c, struct transfer *t)
{
	/* a proxy with TLS is checked by the same authorities */
	struct curl_blob ca = { (void *)(uintptr_t)t->ca.p, t->ca.len, CURL_BLOB_NOCOPY };
	bool bad = false;

	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO_BLOB, &ca);
	SET(CURLOPT_PROXY_CAINFO, NULL);
	SET(CURLOPT_PROXY_CAPATH, NULL);
	SET(CURLOPT_PROXY_CAINFO_BLOB, &ca);
	return !bad;
}

static bool
set_request(CURL *c, struct transfer *t, struct curl_slist *headers)
{
	bool bad = false;

	SET(CURLOPT_URL, (const char *)t->url->all.p);
	SET(CURLOPT_USERAGENT, AGENT);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	if (t->kind == FETCH_TALK) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, t->send.len ? (const char *)t->send.p : "");
		SET(CURLOPT_POSTFIELDSIZE, (long)t->send.len);
	}
	return !bad;
}

static struct curl_slist *
headers_of(const struct transfer *t)
{
	static const char *const accept[] = {
		[FETCH_CLIENT] = "Accept: application/json, text/html;q=0.9",
		[FETCH_IMAGE] = "Accept: image/png, image/webp, image/jpeg, image/gif",
		[FETCH_TALK] = "Accept: application/json, text/html;q=0.9",
	};
	struct curl_slist *list = curl_slist_append(NULL, accept[t->kind]);
	char type[128];

	if (t->send_type.len) {
		snprintf(type, sizeof type, "Content-Type: %.*s", (int)t->send_type.len,
		    (const char *)t->send_type.p);
		list = curl_slist_append(list, type);
		list = curl_slist_append(list, "Expect:");
	}
	return list;
}

static enum fetch_why
why_of(const struct transfer *t, CURLcode code)
{
	if (t->why)
		return t->why;
	switch (code) {
	case CURLE_OK:
		return FETCH_WHY_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
		return FETCH_WHY_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return FETCH_WHY_PROXY;
	case CURLE_COULDNT_CONNECT:
		return t->peer->is_proxy ? FETCH_WHY_PROXY : FETCH_WHY_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_WHY_SLOW;
	case CURLE_FILESIZE_EXCEEDED:
		return FETCH_WHY_LARGE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return FETCH_WHY_TLS;
	default:
		return FETCH_WHY_ENDED;
	}
}

void
transfer_run(struct transfer *t)
{
	struct curl_slist *headers = headers_of(t), *resolve = NULL;
	struct buf entry = BUF_INIT;
	CURL *c = curl_easy_init();

	t->curl = c;
	t->why = FETCH_WHY_BROKEN;
	if (c && headers && !peer_put_resolve(t->peer, &entry) &&
	    (resolve = curl_slist_append(NULL, buf_cstr(&entry))) && set_limits(c, t) &&
	    set_tls(c, t) && set_request(c, t, headers) &&
	    curl_easy_setopt(c, CURLOPT_RESOLVE, resolve) == CURLE_OK) {
		t->why = FETCH_WHY_OK;
		t->why = why_of(t, curl_easy_perform(c));
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	curl_slist_free_all(resolve);
	buf_done(&entry);
}
