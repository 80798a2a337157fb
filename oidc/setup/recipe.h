/*
 * recipe.h - how services are told of the provider: a table, and one text each (NAME.txt here).
 *
 * In a text, @WORD@ stands for what recipe_put is given; a line that begins with "?WORD " is there
 * only when that word is not empty, one with "!WORD " only when it is.
 */
#ifndef OIDC_SETUP_RECIPE_H
#define OIDC_SETUP_RECIPE_H

#include <stddef.h>

#include "lib/buf.h"

#define RECIPE_REDIRECTS 3

enum recipe_kind {
	RECIPE_SERVICE,	 /* people log in to it: a client */
	RECIPE_RESOURCE, /* it checks access tokens: no redirects, and its id is its URL */
	RECIPE_ANY,	 /* the URL that is given is the redirect URI itself */
	RECIPE_PAGE,	 /* a person's page: no client */
	RECIPE_PROXY	 /* the web server in front of the provider: no client, no URL */
};

struct recipe {
	const char *name, *title; /* title: at most 36 characters, for the list */
	enum recipe_kind kind;
	const char *redirects[RECIPE_REDIRECTS]; /* behind the service's URL */
	const char *logout;			 /* behind it, where a logout leads; NULL = none */
	const char *auth;			 /* of --secret: "basic", "post" */
	const char *alg;			 /* the only one that it knows; NULL = several */
	bool pkce;				 /* it does PKCE (S256), as the text sets it up */
	const uint8_t *text, *end;
};

enum recipe_word {
	RECIPE_ISSUER,
	RECIPE_ISSUER_HOST,
	RECIPE_PATH,	/* of the issuer; empty at the root of a host */
	RECIPE_PATH_RE, /* the same in a regular expression */
	RECIPE_NAME,	/* of the provider */
	RECIPE_URL,	/* of the service, no slash at its end */
	RECIPE_URL_Q,	/* in a query */
	RECIPE_HOST,	/* of the service */
	RECIPE_ID,
	RECIPE_SECRET,
	RECIPE_REDIRECT, /* the first */
	RECIPE_AUTHORIZE,
	RECIPE_TOKEN,
	RECIPE_USERINFO,
	RECIPE_INTROSPECT,
	RECIPE_INTROSPECT_AS, /* with id and secret, for those that decode it once more */
	RECIPE_LOGOUT,
	RECIPE_JWKS,
	RECIPE_METADATA,
	RECIPE_LINKS, /* of a person's page: as op/indie_page.h has them */
	RECIPE_NGINX, /* where the provider listens, as each of them writes it */
	RECIPE_APACHE,
	RECIPE_CADDY,
	RECIPE_TRUSTED, /* of trusted_proxy */
	RECIPE_WORDS
};

/* NULL: there is none; past the last one. */
const struct recipe *recipe_find(const char *name);
const struct recipe *recipe_at(size_t i);
/* words: RECIPE_WORDS of them, empty where it has none. */
void recipe_put(const struct recipe *r, const struct span *words, struct buf *out);

#endif
