/*
 * browser.h - names that people know for what a browser calls itself (User-Agent, RFC 9110
 * 10.1.5): "Firefox" and "Linux" of 90 bytes of history.  It can say what it likes: this is for
 * people who look for a login that is not theirs, and decides nothing.
 */
#ifndef OIDC_LOGIN_BROWSER_H
#define OIDC_LOGIN_BROWSER_H

#include "lib/buf.h"

#define BROWSER_TEXT 64
#define BROWSER_MOST 512 /* bytes of a User-Agent that are looked at */

struct browser {
	const char *name, *system; /* static, of a table; "" = not known */
};
/* Anything may come. */
struct browser browser_read(struct span user_agent);

/* As a session keeps it, "Firefox/Linux", and back.  What is no such text is a browser that is not
 * known. */
void browser_write(struct browser b, char out[BROWSER_TEXT]);
struct browser browser_kept(struct span text);

#endif
