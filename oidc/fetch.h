/*
 * fetch.h - what has to be fetched from elsewhere, as handlers see it: by ownkey-oidc-fetch, which
 * has the network, and no store and no agent (lib/fetchjob.h).
 *
 * fetch_client and fetch_image wait: only on a fiber (WEB_WAITS), and only for somebody who is
 * logged in: nobody else makes this machine go anywhere.  What is good is kept as long as its
 * server allows, errors never.  The helper read what strangers wrote, so it is not believed:
 * what it says is checked once more here.
 */
#ifndef OIDC_FETCH_H
#define OIDC_FETCH_H

#include "lib/fetchjob.h"
#include "oidc/conf.h"

#define FETCH_KEPT    64 /* answers */
#define FETCH_WAITING 64 /* fibers */

struct loop;
struct fetch;

/* The spans of a point into bytes. */
struct fetch_got {
	struct fetch_answer a;
	struct buf bytes;
};

/* Starts the helper, if indieauth is on, and what starts another when it has ended: before the
 * sandbox.  ERR_NOPROGRAM. */
MUST enum err fetch_new(struct fetch **out, struct loop *l, const struct oidc_conf *c);
/* The same with a helper at the other end of fd, which becomes its own. */
MUST enum err fetch_new_on(struct fetch **out, struct loop *l, int fd);
/* Fibers that wait for it are left as they are. */
void fetch_done(struct fetch *f); /* NULL is fine */

/* What a client says about itself.  client_id: one that profile_is_fetched, in canonical form.
 * ERR_FETCH_*, ERR_BUSY; ERR_UNSUPPORTED when indieauth is off.  fetch_why_text(out->a.why) is what
 * went wrong, for the log and the page.  out: the caller's to end, also when it failed. */
MUST enum err fetch_client(struct fetch *f, struct span client_id, struct fetch_got *out);
/* A picture, of the type that its bytes are. */
MUST enum err fetch_image(struct fetch *f, struct span url, struct fetch_got *out);
void fetch_got_done(struct fetch_got *g);
/* Is this address on the list that the client publishes, byte by byte but for the port on a
 * person's own machine (uri.h)? */
bool fetch_has_redirect(const struct fetch_got *g, struct span uri);

#endif
