/*
 * oidc.h - what a running provider is: handlers get it as web_request.oidc, commands of the
 * program open what they need of it.
 */
#ifndef OIDC_OIDC_H
#define OIDC_OIDC_H

#include "oidc/conf.h"

struct loop;
struct web;
struct sign;  /* oidc/sign.h */
struct fetch; /* oidc/fetch.h */
struct metadata;
struct db;    /* oidc/db/db.h */
struct codes; /* oidc/op/code.h */
struct memo;  /* oidc/db/memo.h */
struct sweep; /* oidc/sweep.h */
struct web_route;

struct oidc {
	struct oidc_conf conf;
	struct loop *loop;
	struct web *web;
	const struct web_route *routes; /* that it serves */
	struct sign *sign;
	struct fetch *fetch;
	struct metadata *metadata; /* op/metadata.h */
	struct db *db;
	struct codes *codes;
	struct memo *waiting;	 /* op/waiting.h */
	struct memo *ceremonies; /* login/ceremony.h */
	struct memo *terminals;	 /* op/terminal.h */
	struct memo *rates;	 /* login/rate.h */
	struct memo *pages;	 /* the same: of strangers */
	struct sweep *sweep;
	uint8_t form_key[32]; /* tokens in forms; drawn at each start */
};

#endif
