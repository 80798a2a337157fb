/*
 * consent.h - the page that asks whether a client may have what it asks for, and the one that
 * carries an answer back by a form (OAuth 2.0 Form Post Response Mode).
 */
#ifndef OIDC_PAGE_CONSENT_H
#define OIDC_PAGE_CONSENT_H

#include "oidc/db/db.h"
#include "oidc/page/say.h"
#include "oidc/web/web.h"

#define PAGE_SCOPES 32

struct page_scope {
	struct span name;
	bool fresh; /* the client did not have it yet, but others */
};
/* A client that nobody registered (IndieAuth): what it says about itself. */
struct page_stranger {
	struct span name, home, policy, terms; /* may be empty */
	const char *logo; /* path of its picture, which takes ?go=; NULL: none */
	bool is_local;	  /* on the person's own machine, it says */
	bool no_pkce;
};
struct page_consent {
	const struct db_client *client;
	const struct page_stranger *stranger; /* NULL: it is registered */
	const struct db_account *account;
	struct span to; /* origin, or all of an address, where the answer goes */
	struct page_scope scope[PAGE_SCOPES];
	size_t nscope;
	struct span service; /* that it wants a token for, besides (RFC 8707); empty = none */
	/* What exactly a scope tells of this account; nothing appended: nothing to show. */
	void (*value)(const struct db_account *account, struct span scope, struct buf *out);
	const char *path, *go, *token; /* of the form */
	const char *other;	       /* path to log in as somebody else */
};
void page_consent(struct web_request *q, struct web_response *a, const struct page_consent *c);

/* A scope in words, as items of a list say it ("see your email address"). */
void page_put_scope(struct web_request *q, struct web_response *a, struct span scope);

/* f: the fields of the answer.  to: origin of redirect_uri, or all of it. */
void page_form_post(struct web_request *q, struct web_response *a, struct span redirect_uri,
    struct span to, const struct form *f);

#endif
