/*
 * store_inner.h - between store.c (talking to front, reading, opening) and store_write.c.
 */
#ifndef AGENT_VAULT_STORE_INNER_H
#define AGENT_VAULT_STORE_INNER_H

#include "agent/vault/store.h"

/* One request; the disk is ours.  store_ask takes it and waits for the answer. */
MUST enum err store_send(struct vault *v, struct file_request *q);
MUST enum err store_wait(struct job *j);
MUST enum err store_ask(struct job *j, struct file_request *q);
/* The file that these make, for line.h. */
void store_describe(const struct outer *o, const struct body *b, struct span vrk,
    const struct vaultfile_state *st, struct line_file *f);
/* Tell the supervisor. */
void store_remember(struct vault *v, const struct line_mark *m);
/* The other way round: what our predecessor had. */
void store_recall(const struct control_memory *mem, struct line_mark *m);
/* Another program changed the file: read it with the key that we have, or lock.
 * ERR_VAULT_CHANGED. */
MUST enum err store_reload(struct job *j);
/* Clients that subscribed hear that there is something new. */
void store_tell_changed(struct vault *v);

#endif
