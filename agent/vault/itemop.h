/*
 * itemop.h - what the handlers of identities and secrets share: finding an item, its public half,
 * its row in lists, one durable change of it.
 */
#ifndef AGENT_VAULT_ITEMOP_H
#define AGENT_VAULT_ITEMOP_H

#include "agent/format/format.h"
#include "agent/vault/vault.h"

/* By id in hex, else by label, of this kind (0 = any).  ERR_NOTFOUND. */
MUST enum err itemop_find(const struct vault *v, uint64_t kind, struct span label, struct item *it);
/* Before and after waiting for the person: the item that they agreed to, wherever it is now; not
 * another one that took its name.  ERR_NOTFOUND; ERR_DENIED when its policy has become stricter. */
struct itemop_agreed {
	uint8_t id[16];
	uint64_t use;
};
void itemop_agree(const struct item *it, struct itemop_agreed *a);
MUST enum err itemop_again(const struct vault *v, const struct itemop_agreed *a, struct item *it);
/* Its newest epoch is not in use any more: it signs and agrees on nothing. */
bool itemop_is_retired(const struct item *it);
/* Private and public bytes as a format wants them; borrowed (keyring.h). */
MUST enum err itemop_key(struct vault *v, const struct item *it, struct format_in *in);
/* The row of an item; texts it needs are appended to mem, which must not move afterwards: give it
 * room first (ITEMOP_ROW bytes a row). */
#define ITEMOP_ROW 512
void itemop_row(struct vault *v, const struct item *it, struct buf *mem, struct ops_item *row);
/* A fresh item: id and first revision. */
struct itemop_new {
	uint8_t id[16];
	uint8_t rev_id[16];
	struct span rev;
};
void itemop_new(struct itemop_new *n, uint64_t kind, struct item *it);
/* Write a changed item (next revision, mtime now).  In a job. */
MUST enum err itemop_change(struct req *r, struct item *it);
/* A secret is sealed for its revision: open it of old, seal it for it; box must live until `it` was
 * encoded.  Nothing to do when there is none. */
MUST enum err itemop_reseal(
    struct vault *v, const struct item *old, struct item *it, struct buf *box);
/* Next revision only, in memory: h and rev_id must live until `it` was encoded. */
struct itemop_rev {
	uint8_t rev_id[16];
	struct item_history h;
};
MUST enum err itemop_next(struct item *it, struct itemop_rev *rev);

/* A page of a list (id.list, secret.list). */
MUST enum err itemop_list(struct req *r, uint64_t kind);

#endif
