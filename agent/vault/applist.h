/*
 * applist.h - the applications that an item knows (item_policy.clients): which are not asked, and
 * which are denied.  An application is text, as in struct ops_who: "flatpak:ID", "unit:NAME" (both
 * as the kernel says), "program:/path" (a label).
 */
#ifndef AGENT_VAULT_APPLIST_H
#define AGENT_VAULT_APPLIST_H

#include "agent/vault/vault.h"
#include "lib/ops_entry.h"

enum applist_says { APPLIST_NOTHING, APPLIST_ALLOWED, APPLIST_DENIED };

/* Has it one of the three forms? */
bool applist_is_app(struct span app);
/* Is this what a client of ours is: its program, or its unit or Flatpak? */
bool applist_is_client(struct span app, const struct client *c);
/* Did a desktop start it as an application: a Flatpak, a snap, a unit "app-*"? */
bool applist_is_application(const struct client *c);
/* Of a client of ours, for people. */
void applist_client_app(const struct client *c, char out[OPS_ENTRY_APP + 1]);

/* What the item says of an application; of a client of ours, by whatever it is.  Denied is the
 * stronger. */
enum applist_says applist_of_app(const struct item *it, struct span app);
enum applist_says applist_of_client(const struct item *it, const struct client *c);

/* Row by row: from wire_each(&it->policy.clients) on; *app borrows.  False at the end. */
bool applist_next(struct cbor *at, struct span *app, bool *denied);

/* An edited list; what the item borrows from until it was encoded.  Large: not on the stack. */
struct applist {
	struct item_client v[ITEM_CLIENTS];
	size_t n;
};
/* The app is allowed, denied, or (NOTHING) not in the list any more.  ERR_NOTFOUND: it was not
 * there to be forgotten; ERR_LIMIT.  app must live as long as l. */
MUST enum err applist_set(
    struct item *it, struct span app, enum applist_says says, struct applist *l);

#endif
