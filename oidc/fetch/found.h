/*
 * found.h - what a client says about itself, gathered from hostile bytes: JSON of a Client ID
 * Metadata Document, or a page with h-app and rel=redirect_uri.
 *
 * Whatever is in it keeps these promises: a name is one line of UTF-8 without controls and without
 * characters that turn text around; home, logo, policy and terms are https addresses of hosts with
 * names; redirect URIs are printable ASCII with a scheme.
 */
#ifndef OIDC_FETCH_FOUND_H
#define OIDC_FETCH_FOUND_H

#include "lib/fetchjob.h"

struct found {
	enum fetch_source source;
	char name[FETCH_NAME_MAX + 1]; /* strings, "" = not said */
	char home[WEBURL_MAX + 1];
	char logo[WEBURL_MAX + 1];
	char policy[WEBURL_MAX + 1];
	char terms[WEBURL_MAX + 1];
	size_t nredirects;
	char redirect[FETCH_REDIRECTS][WEBURL_MAX + 1];
};

/* White space becomes one space, the rest is cut off. */
void found_set_name(struct found *f, struct span name);
/* to: WEBURL_MAX + 1 bytes; left alone when it is no such address. */
void found_set_url(char *to, struct span url);
/* False: no such address, or too many. */
bool found_add_redirect(struct found *f, struct span uri);
/* url: the client id in canonical form.  FETCH_WHY_OK, JSON, SELF, SECRET, MEMBER, HOME; f is as it
 * was when it is not OK. */
enum fetch_why found_read_json(struct found *f, struct span text, const struct weburl *url);
/* Never fails: a page without any of it says nothing about its client.  Adds to what Link headers
 * gave already. */
void found_read_html(struct found *f, struct span text, const struct weburl *url);
/* Redirect URIs of one Link header. */
void found_read_link(struct found *f, struct span value, const struct weburl *url);
/* As an answer; spans point into f and into redirects (FETCH_REDIRECTS). */
void found_answer(const struct found *f, struct span *redirects, struct fetch_answer *a);

#endif
