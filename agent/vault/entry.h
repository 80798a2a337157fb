/*
 * entry.h - what desktop applications keep, as secrets of the vault: the attributes "ownkey.*" of
 * an item (lib/ops_entry.h, ownkey-vault(5)) read and written, and its name among the secrets.
 * Pure: no files, no clocks.
 */
#ifndef AGENT_VAULT_ENTRY_H
#define AGENT_VAULT_ENTRY_H

#include "agent/vault/body.h"
#include "lib/ops.h"

#define ENTRY_OWN	     7 /* attributes of ours */
#define ENTRY_NAME_LEN	     255
#define ENTRY_COLLECTION     "default"
#define ENTRY_COLLECTION_LEN 64

/* Borrows from the item, or from the request. */
struct entry {
	enum ops_entry_kind kind;
	struct span collection, label, type;
	struct span of;		   /* set aside: hex id of the entry whose value it was, or empty */
	uint64_t created, removed; /* unix seconds; removed 0 = it is there */
	struct ops_pair attr[OPS_SECRET_ATTRS]; /* of the application */
	size_t nattr;
};

/* Does this name belong to us? */
bool entry_is_reserved(struct span name);
/* 1..64 of [A-Za-z0-9_]. */
bool entry_is_collection_id(struct span s);
/* False when it is a secret like others.  What came with a backup, or from a later version, is not
 * as we would have written it: what cannot be is left out. */
bool entry_read(const struct item *it, struct entry *en);
bool entry_is(const struct item *it);
/* The same collection and attributes, in whatever order. */
bool entry_same(const struct entry *a, const struct entry *b);

/* What an item's attributes borrow from until it was encoded. */
struct entry_attrs {
	struct item_attr v[ENTRY_OWN + OPS_SECRET_ATTRS];
	size_t n;
	char created[24], removed[24];
};
void entry_write(const struct entry *en, struct entry_attrs *a, struct item *it);

/* A name for it that no secret has, made of its label: printable, at most ENTRY_NAME_LEN bytes.
 * self may keep its own (NULL: it has none).  ERR_NOMEM. */
MUST enum err entry_name(
    const struct body *b, struct span label, const uint8_t *self, struct buf *out);

#endif
