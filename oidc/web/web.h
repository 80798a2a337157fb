/*
 * web.h - HTTP for the provider: a request comes in, a row of the route table is found, its handler
 * fills in a response.  libmicrohttpd behind it; nobody else sees it.
 *
 * A handler is a plain function from a request to a response.  One whose row has WEB_WAITS runs on
 * a fiber: what it calls may wait (sign.h, fetch.h) while others are served.  Without that flag
 * nothing it calls may wait.
 *
 * Responses of one wake-up go out together, after web_hooks.commit: what a handler wrote is in the
 * store before anybody hears of it.  If that fails, every request that began or ended in the
 * wake-up is answered 503 instead, and nothing was changed.  So a handler that waits writes before
 * its first wait or after its last, never between two.
 *
 * A request was checked before a handler sees it: its method is one of the row's, query and body
 * are well-formed (form.h), at most one Authorization header, no doubtful framing.
 */
#ifndef OIDC_WEB_WEB_H
#define OIDC_WEB_WEB_H

#include "oidc/web/form.h"
#include "oidc/web/header.h"

#define WEB_BODY_MAX	 (64 * 1024)
#define WEB_FIBERS	 256
#define WEB_LISTENERS	 8
#define WEB_ADDRESS	 64
#define WEB_ORIGIN	 512
#define WEB_COOKIE_VALUE 512

struct oidc; /* oidc/oidc.h: what handlers work with */
struct loop;
struct web;
struct say_language; /* page/say.h */

enum web_method { WEB_GET = 1, WEB_POST = 2, WEB_HEAD = 4, WEB_OPTIONS = 8, WEB_OTHER = 16 };

enum web_flag {
	WEB_WAITS = 1, /* on a fiber */
	WEB_API = 2,   /* for programs: errors are JSON (RFC 6749 5.2), no cookies are looked at */
	WEB_CORS = 4,  /* any origin may read it, without cookies (never with a page) */
	WEB_BODY = 8,  /* POST takes any content type and is not parsed: request.body */
	WEB_AT_HOST = 16, /* the path is that of the host, not below the issuer's path */
	WEB_SUFFIX = 32,  /* at the host, and the issuer's path follows (RFC 8414 3.1) */
	WEB_CACHED = 64	  /* no "Cache-Control: no-store" by default: the handler says what */
};

struct web_request;
struct web_response;
typedef void web_fn(struct web_request *q, struct web_response *a);

/* Path below the issuer's, "/authorize"; one that ends in "/" takes what is behind it, too
 * (request.tail).  The first row that fits. */
struct web_route {
	const char *path;
	unsigned methods; /* WEB_GET (HEAD comes with it), WEB_POST */
	web_fn *run;
	unsigned flags;
};

struct web_request {
	struct oidc *oidc;
	const struct web_route *route;
	enum web_method method;	   /* HEAD is WEB_GET here */
	struct span path;	   /* as it came, of the host: starts with "/"; no query */
	struct span tail;	   /* behind the path of the row */
	struct form query;	   /* of the URL */
	struct form form;	   /* of the body, if it was a form */
	struct span body;	   /* of a WEB_BODY row */
	char address[WEB_ADDRESS]; /* of the client; "" = not known (a socket without a proxy) */
	void *work;		   /* the handler's own */
	/* login/session.h: which browser, once it was asked for */
	uint8_t browser[32];
	bool has_browser;
	bool is_api; /* of a row for both: errors are JSON, too, as with WEB_API */
	/* page/page.h: NULL until a page asks; the second only when ui_locales said so */
	const struct say_language *language;
	const char *asked_language;
	struct web_answer *answer; /* the server's */
};

struct web_response {
	unsigned status;  /* 0 when the handler returns: 500 */
	const char *type; /* static; NULL: no body */
	struct buf body;  /* wiped when it has been sent */
	struct buf headers;
	char form_action[WEB_ORIGIN]; /* pages: an origin that forms may lead to, besides us */
	bool bad;		      /* a header was impossible: 500 */
};

/* ---- what came ---- */
/* The value of a header: FORM_TWICE when there is another one of that name. */
enum form_got web_header(const struct web_request *q, const char *name, struct span *value);
/* The parameter by whichever way this method has: query of GET, form of POST (a POST's query is
 * never looked at). */
const struct form *web_params(const struct web_request *q);
/* Who calls (RFC 6749 2.3.1, RFC 6750): *out is the caller's to end.  ERR_FORMAT: malformed. */
MUST enum err web_authorization(const struct web_request *q, struct header_credentials *out);
bool web_cookie(const struct web_request *q, const char *name, struct span *value);
/* The best of these languages (NULL-ended, first = default): ui_locales, else Accept-Language. */
const char *web_language(const struct web_request *q, const char *const *have);
/* Does this POST come from one of our own pages?  Origin is ours, or there is none and
 * Sec-Fetch-Site is same-origin or absent.  CSRF tokens are checked besides. */
bool web_is_same_origin(const struct web_request *q);

/* ---- what goes ---- */
/* value: no control characters, else the response becomes a 500.  Name: static. */
void web_header_put(struct web_response *a, const char *name, struct span value);
/* 303 See Other (a POST becomes a GET; RFC 9700 4.12).  The address is printable ASCII. */
void web_redirect(struct web_response *a, struct span to);
/* "application/json", "text/html; charset=utf-8". */
void web_json(struct web_response *a, unsigned status);
void web_page(struct web_response *a, unsigned status);
void web_text(struct web_response *a, unsigned status);
/* HttpOnly, SameSite=Lax, Path=/, Secure unless the issuer is on http.  max_age in seconds, 0 =
 * until the browser is closed; an empty value takes it away. */
void web_cookie_put(struct web_request *q, struct web_response *a, const char *name,
    struct span value, uint64_t max_age);
/* An error.  code: of RFC 6749 5.2, for programs; text: one sentence for people, plain ASCII.
 * WEB_API rows answer JSON {error, error_description}, others a page (web_hooks.page). */
void web_refuse(struct web_request *q, struct web_response *a, unsigned status, const char *code,
    const char *text);
/* 503 with Retry-After and what is the matter: ERR_LOCKED, ERR_NOAGENT, ERR_FULL, ERR_BUSY ... */
void web_unavailable(struct web_request *q, struct web_response *a, enum err why);

/* ---- the server ---- */
enum web_door { WEB_DOOR_PUBLIC, WEB_DOOR_METRICS };

struct web_listener {
	int fd; /* listening; becomes the server's */
	enum web_door door;
};

struct web_hooks {
	/* Has a handler written to the store since the last commit? */
	bool (*wrote)(struct oidc *o);
	/* At the end of a wake-up in which it has. */
	enum err (*commit)(struct oidc *o);
	/* The page of an error; NULL: a plain one. */
	void (*page)(
	    struct web_request *q, struct web_response *a, const char *title, const char *text);
};

struct web_conf {
	const char *issuer;		 /* https://host[:port][/path], kept by the caller */
	const struct web_route *routes;	 /* ended by path NULL */
	const struct web_route *metrics; /* of the metrics' door; may be NULL */
	struct web_hooks hooks;
	struct oidc *oidc;
	struct loop *loop;
	uint32_t connections;	      /* at most; the one that is idle longest goes */
	uint32_t address_connections; /* of one address, unless it is a trusted proxy's; 0 = any */
	bool log_addresses;
	const char (*trusted)[WEB_ADDRESS]; /* addresses of proxies; "unix" = the Unix socket */
	size_t ntrusted;
};

MUST enum err web_new(struct web **out, const struct web_conf *conf);
MUST enum err web_listen(struct web *w, const struct web_listener *l);
/* No new connections; what is being answered is, but for ms at most. */
void web_drain(struct web *w, uint64_t ms, void (*done)(void *arg), void *arg);
void web_done(struct web *w);

/* Counters, for /metrics and tests. */
struct web_counts {
	uint64_t accepted, refused, evicted; /* connections */
	uint64_t requests, failed;	     /* failed: 5xx */
	uint64_t by_class[6];		     /* responses 1xx..5xx */
	uint32_t connections, fibers;	     /* now */
};
const struct web_counts *web_counts(const struct web *w);
/* Responses by class of row i of conf.routes; i = their number: what was none of them.  NULL
 * beyond. */
const uint64_t *web_row_counts(const struct web *w, size_t i);

#endif
