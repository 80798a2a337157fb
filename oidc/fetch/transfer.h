/*
 * transfer.h - one HTTP exchange by libcurl, with nothing that it could do on its own: no
 * redirects, no compression, no cookies, no environment, no proxy but the configured one.
 */
#ifndef OIDC_FETCH_TRANSFER_H
#define OIDC_FETCH_TRANSFER_H

#include "lib/buf.h"
#include "oidc/fetch/peer.h"

#define TRANSFER_HEADERS (16 * 1024)

struct transfer {
	enum fetch_kind kind;
	const struct weburl *url;
	const struct peer *peer;
	const char *proxy; /* "" = none */
	struct span ca;	   /* PEM */
	struct span send;  /* FETCH_TALK */
	struct span send_type;
	/* what came */
	enum fetch_why why;
	long status;
	bool is_json;
	char type[100];
	struct buf body;
	struct buf links; /* values of Link headers, a line feed behind each */
	uint32_t age;
	/* transfer.c's */
	void *curl;
	size_t header_bytes;
	bool is_packed;
};

/* Sets t->why.  t->body and t->links are the caller's to end. */
void transfer_run(struct transfer *t);
/* Seconds of a Cache-Control header; 0: it may not be kept. */
uint32_t transfer_age(struct span cache_control);

#endif
