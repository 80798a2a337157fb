/*
 * peer.h - whom a request is sent to: the host of the address, or the proxy; and where that is.
 *
 * The addresses are looked up once, judged, and given to libcurl, which may connect to nothing
 * else: what a name server says later changes nothing.
 */
#ifndef OIDC_FETCH_PEER_H
#define OIDC_FETCH_PEER_H

#include <sys/socket.h>

#include "lib/fetchjob.h"

#define PEER_ADDRESSES 8

struct peer {
	char host[WEBURL_HOST_MAX + 1]; /* of IPv6 without brackets */
	uint16_t port;
	bool is_proxy;
	size_t n;
	struct sockaddr_storage address[PEER_ADDRESSES];
	socklen_t len[PEER_ADDRESSES];
};

/* May we go there at all?  Looks at the address only, before anything is sent. */
enum fetch_why peer_check_url(const struct weburl *u, bool person, bool proxied);
/* FETCH_WHY_PROXY: proxy (of oidc.conf) is none. */
enum fetch_why peer_set(struct peer *p, const struct weburl *u, const char *proxy);
/* Addresses of p->host.  FETCH_WHY_NAME; FETCH_WHY_SPECIAL if any of them is no public one, unless
 * person, or it is the proxy's. */
enum fetch_why peer_look_up(struct peer *p, bool person);
/* Is it one of them? */
bool peer_has(const struct peer *p, const struct sockaddr *a, socklen_t len);
/* "host:port:address,address" for CURLOPT_RESOLVE. */
MUST enum err peer_put_resolve(const struct peer *p, struct buf *out);

#endif
