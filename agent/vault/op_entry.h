/*
 * op_entry.h - what the handlers of entries share.  Changes are collected and become durable
 * together: one record of the journal, or the file anew when one cannot carry it.
 */
#ifndef AGENT_VAULT_OP_ENTRY_H
#define AGENT_VAULT_OP_ENTRY_H

#include "agent/vault/delta.h"
#include "agent/vault/entry.h"
#include "agent/vault/itemop.h"
#include "agent/vault/policy.h"

/* As it is listed; borrows from both, and from what the next one takes. */
void op_entry_row(const struct item *it, const struct entry *en, struct ops_entry *row);
/* The answer: as it is now. */
MUST enum err op_entry_reply(struct req *r, const uint8_t id[16]);
/* An entry that is there (removed: that was set aside).  ERR_NOTFOUND. */
MUST enum err op_entry_find(
    const struct vault *v, struct span id, bool removed, struct item *it, struct entry *en);

/* ---- whose it is (op_entry_client.c) ---- */
/* Whom it is asked for; NULL: the client itself. */
const struct ops_who *op_entry_who(
    const struct wire_map *m, const void *in, const struct ops_who *who);
/* May it do this with all of these?  Waits for the person.  The first that says no. */
MUST enum err op_entry_may(struct req *r, const struct use *u, struct use_item *v, size_t n);
/* Values of these ids as the answer; an error in v stands instead of one. */
MUST enum err op_entry_values(struct req *r, const struct use_item *v, size_t n);
/* They leave the vault: with no ids a way in is proven, which holds for the connection; else what
 * may not leave gets ERR_DENIED in v.  Durable in the audit log before it returns. */
MUST enum err op_entry_export(struct req *r, struct use_item *v, size_t n);
/* Entries that have no client yet, and that the person just said yes to, are this application's
 * from now on.  That it fails is nobody's loss: it is asked again. */
void op_entry_adopt(struct req *r, const struct ops_who *who, const struct use_item *v, size_t n);

/* ---- changes (op_entry_change.c); in a job that has the disk ---- */
struct entry_change {
	struct delta d;
	struct body whole; /* with what a record has no room for */
	bool is_whole;
};
#define ENTRY_CHANGE_INIT ((struct entry_change){ 0 })
void entry_change_done(struct entry_change *ch);
/* A new one: id, label, origin and policy of `it` are set.  The next revision of `it`, whatever was
 * edited in it besides its attributes; value NULL: as it is. */
MUST enum err entry_change_new(struct req *r, struct entry_change *ch, const struct entry *en,
    struct item *it, struct span value);
MUST enum err entry_change_next(struct req *r, struct entry_change *ch, const struct entry *en,
    const struct item *it, const struct span *value);
/* The value that this one has, as an entry of its own; older ones go.  named: it takes the name
 * along, the one that stays gets another. */
MUST enum err entry_change_aside(struct req *r, struct entry_change *ch, const struct item *old,
    const struct entry *en, bool named);
/* As many (same attributes, same clients) as may stay with one more that was set aside: the others
 * go for good. */
MUST enum err entry_change_prune(
    struct req *r, struct entry_change *ch, const struct item *it, const struct entry *en);
MUST enum err entry_change_commit(struct req *r, struct entry_change *ch);

#endif
