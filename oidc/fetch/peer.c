/* peer.c - whom a request is sent to, and where that is. */
#include "oidc/fetch/peer.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "oidc/fetch/address.h"

#define HTTPS	   443
#define UNRESERVED 1024 /* below are mail, SSH, name servers: nothing that a client id is at */
#define PROXY_PORT 1080 /* libcurl's own */

enum fetch_why
peer_check_url(const struct weburl *u, bool person, bool proxied)
{
	if (!u->is_https && !(person && weburl_is_local(u)))
		return FETCH_WHY_URL;
	if (u->has_fragment || weburl_has_dots(u->path))
		return FETCH_WHY_URL;
	if (weburl_ends(u->host, ".onion") && !proxied)
		return FETCH_WHY_HOST;
	if (person)
		return FETCH_WHY_OK;
	if (u->kind != WEBURL_DOMAIN || weburl_is_local(u) || !memchr(u->host.p, '.', u->host.len))
		return FETCH_WHY_HOST;
	return u->port == HTTPS || u->port >= UNRESERVED ? FETCH_WHY_OK : FETCH_WHY_PORT;
}

/* scheme://[user:password@]host[:port][/] */
static enum fetch_why
set_proxy(struct peer *p, const char *proxy)
{
	const char *host = strstr(proxy, "://"), *at;
	unsigned long port = PROXY_PORT;
	size_t n;

	host = host ? host + 3 : proxy;
	if ((at = strrchr(host, '@')))
		host = at + 1;
	n = host[0] == '[' ? strcspn(++host, "]") : strcspn(host, ":/");
	at = host + n + (host[n] == ']');
	if (*at == ':')
		port = strtoul(at + 1, NULL, 10);
	if (!n || n > WEBURL_HOST_MAX || !port || port > UINT16_MAX)
		return FETCH_WHY_PROXY;
	snprintf(p->host, sizeof p->host, "%.*s", (int)n, host);
	p->port = (uint16_t)port;
	p->is_proxy = true;
	return FETCH_WHY_OK;
}

enum fetch_why
peer_set(struct peer *p, const struct weburl *u, const char *proxy)
{
	memset(p, 0, sizeof *p);
	if (*proxy)
		return set_proxy(p, proxy);
	snprintf(p->host, sizeof p->host, "%.*s", (int)u->host.len, (const char *)u->host.p);
	p->port = u->port;
	return FETCH_WHY_OK;
}

/* One that is private beside one that is public is what an attack looks like, so it ends here. */
static enum fetch_why
take(struct peer *p, const struct addrinfo *list, bool any)
{
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (a->ai_addrlen > sizeof p->address[0])
			continue;
		if (!any && !address_is_public(a->ai_addr, a->ai_addrlen))
			return FETCH_WHY_SPECIAL;
		if (p->n == PEER_ADDRESSES)
			continue;
		memcpy(&p->address[p->n], a->ai_addr, a->ai_addrlen);
		p->len[p->n++] = a->ai_addrlen;
	}
	return p->n ? FETCH_WHY_OK : FETCH_WHY_NAME;
}

enum fetch_why
peer_look_up(struct peer *p, bool person)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	enum fetch_why why;
	char port[8];

	snprintf(port, sizeof port, "%u", (unsigned)p->port);
	if (getaddrinfo(p->host, port, &want, &list) != 0)
		return p->is_proxy ? FETCH_WHY_PROXY : FETCH_WHY_NAME;
	why = take(p, list, person || p->is_proxy);
	freeaddrinfo(list);
	return why;
}

bool
peer_has(const struct peer *p, const struct sockaddr *a, socklen_t len)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->len[i] == len && memcmp(&p->address[i], a, len) == 0)
			return true;
	return false;
}

enum err
peer_put_resolve(const struct peer *p, struct buf *out)
{
	char text[NI_MAXHOST];

	buf_putf(out, "%s:%u:", p->host, (unsigned)p->port);
	for (size_t i = 0; i < p->n; i++) {
		if (getnameinfo((const struct sockaddr *)&p->address[i], p->len[i], text,
			sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
			return ERR_INTERNAL;
		buf_putf(out, p->address[i].ss_family == AF_INET6 ? "%s[%s]" : "%s%s", i ? "," : "",
		    text);
	}
	return buf_err(out);
}
