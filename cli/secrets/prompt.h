/*
 * prompt.h - org.freedesktop.Secret.Prompt: what has to wait for the person.
 *
 * A prompt does nothing until its client calls Prompt(); then it stays until the vault is open, or
 * the client dismisses it or leaves the bus.  There is no limit of time, and a person's "no", to
 * opening the vault or to an item, means "not now": a client that is told "dismissed" throws away
 * what it cannot decrypt.  After a "no" to an item it is asked for again when the client calls
 * Prompt() again, when the item has changed (`ownkey grant allow` changes it), when the vault was
 * locked and is open again, or when another process of the application was given it.
 */
#ifndef CLI_SECRETS_PROMPT_H
#define CLI_SECRETS_PROMPT_H

#include "cli/secrets/secrets.h"

extern const sd_bus_vtable prompt_vtable[];
bool prompt_is(const struct secrets *s, uint64_t number);
/* Unlock(ao) -> (ao, o) */
int prompt_on_unlock(sd_bus_message *m, void *arg, sd_bus_error *error);
/* Answer m with a prompt (o) that removes what m was sent to, once it is open. */
int prompt_reply_delete(
    struct secrets *s, sd_bus_message *m, struct peer *peer, sd_bus_error *error);
/* Answer m (/, o) with one that makes a collection. */
int prompt_reply_create(struct secrets *s, sd_bus_message *m, struct peer *peer, struct span label,
    sd_bus_error *error);
void prompt_peer_gone(struct secrets *s, const struct peer *peer);
void prompt_clear(struct secrets *s);
/* The vault is open again; something became of this item (a grant, too): who waits after a "no" is
 * asked for again. */
void prompt_opened(struct secrets *s);
void prompt_entry_changed(struct secrets *s, const struct entry *e);

#endif
