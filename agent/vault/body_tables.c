/* body_tables.c - the field tables of item.h, in key order (wire.h). */
#include "agent/vault/item.h"
#include "lib/seal.h"

#define N(a) (sizeof(a) / sizeof *(a))

/* An open map: what a later version adds behind the last known key is kept. */
#define OPEN_MAP(nm, st)                                                                         \
	const struct wire_map st##_map = { (nm), sizeof(struct st), st##_fields, N(st##_fields), \
		true, offsetof(struct st, rest) }

static const struct wire_field item_origin_fields[] = {
	WIRE_E(item_origin, 1, 0, kind, 255, "derived|imported|generated", "where it comes from"),
	WIRE_F(item_origin, 2, UINT, WF_OPT, generation, 0, UINT32_MAX, "of the seed"),
	WIRE_F(item_origin, 3, TEXT, WF_OPT, service, 1, 32, "service"),
	WIRE_F(item_origin, 4, TEXT, WF_OPT, account, 1, 255, "account"),
	WIRE_F(item_origin, 5, TEXT, WF_OPT, purpose, 1, 48, "purpose"),
	WIRE_F(item_origin, 6, TEXT, WF_OPT, alg, 1, 32, "algorithm"),
	WIRE_F(item_origin, 7, TEXT, WF_OPT, source, 1, 255, "imported from"),
};
OPEN_MAP("origin", item_origin);

static const struct wire_field item_client_fields[] = {
	WIRE_F(item_client, 1, TEXT, WF_OPT, label, 1, 300, "\"program:/path\", a label"),
	WIRE_F(item_client, 2, TEXT, WF_OPT, unit, 1, 300, "\"unit:NAME\" or \"flatpak:ID\""),
	WIRE_F(item_client, 3, UINT, WF_OPT, uid, 0, (uint64_t)UINT32_MAX + 1, "uid + 1"),
	WIRE_F(item_client, 4, BOOL, WF_OPT, deny, 0, 1, "never, and without a question"),
};
OPEN_MAP("client", item_client);

static const struct wire_field item_policy_fields[] = {
	WIRE_F(item_policy, 1, UINT, 0, use, 0, 255, "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(item_policy, 2, BOOL, WF_OPT, may_export, 0, 1, "export is allowed"),
	WIRE_F(item_policy, 3, UINT, WF_OPT, rate, 0, UINT32_MAX, "uses a minute, 0 = no limit"),
	WIRE_S(
	    item_policy, 4, LIST, WF_OPT, clients, &item_client_map, ITEM_CLIENTS, "who is known"),
	WIRE_F(item_policy, 5, BOOL, WF_OPT, raw, 0, 1, "raw signatures and agreements"),
	WIRE_F(
	    item_policy, 6, UINT, WF_OPT, rev, 0, UINT32_MAX, "revision of the item that set it"),
};
OPEN_MAP("policy", item_policy);

static const struct wire_field item_attr_fields[] = {
	WIRE_F(item_attr, 1, TEXT, 0, name, 1, 255, "name"),
	WIRE_F(item_attr, 2, TEXT, 0, value, 0, 8191, "value"),
};
OPEN_MAP("attribute", item_attr);

static const struct wire_field item_epoch_fields[] = {
	WIRE_F(item_epoch, 1, UINT, 0, epoch, 0, INT32_MAX, "epoch"),
	WIRE_E(item_epoch, 2, 0, state, 255, "active|retired|revoked", "state"),
	WIRE_F(item_epoch, 3, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "since"),
	WIRE_F(item_epoch, 4, UINT, WF_OPT, generation, 0, UINT32_MAX,
	    "of the seed; missing: the origin's"),
};
OPEN_MAP("epoch", item_epoch);

static const struct wire_field item_conflict_fields[] = {
	WIRE_F(item_conflict, 1, BYTES, WF_HEX, root, ITEM_ID_LEN, ITEM_ID_LEN,
	    "item that all this began with"),
	WIRE_F(item_conflict, 2, BYTES, WF_OPT | WF_HEX, item, ITEM_ID_LEN, ITEM_ID_LEN,
	    "item that it was a revision of"),
	WIRE_F(item_conflict, 3, TEXT, WF_OPT, label, 1, ITEM_LABEL_MAX, "its label there"),
};
OPEN_MAP("conflict", item_conflict);

static const struct wire_field item_fields[] = {
	WIRE_F(item, 1, BYTES, WF_HEX, id, ITEM_ID_LEN, ITEM_ID_LEN, "item"),
	WIRE_F(
	    item, 2, UINT, 0, kind, 1, UINT16_MAX, "1 key, 2 secret, 3 contact, 4 succession log"),
	WIRE_F(item, 3, TEXT, 0, label, 1, ITEM_LABEL_MAX, "path or name"),
	WIRE_F(item, 4, UINT, 0, rev, 1, UINT32_MAX, "revision"),
	WIRE_F(item, 5, BLOBS, WF_HEX, rev_ids, ITEM_ID_LEN, ITEM_ID_LEN,
	    "its random name, and those of the eight before it"),
	WIRE_F(item, 6, UINT, WF_OPT | WF_TIME, mtime, 0, UINT64_MAX, "last change"),
	WIRE_S(item, 7, MAP, 0, origin, &item_origin_map, 0, "origin"),
	WIRE_F(item, 8, BYTES, WF_OPT | WF_SECRET, secret, SEAL_OVERHEAD,
	    ITEM_SECRET_MAX + SEAL_OVERHEAD, "sealed secret"),
	WIRE_F(item, 9, RAW, WF_OPT, public_part, 1, ITEM_PUBLIC_MAX, "public part"),
	WIRE_S(item, 10, MAP, 0, policy, &item_policy_map, 0, "policy"),
	WIRE_S(item, 11, LIST, WF_OPT, attributes, &item_attr_map, ITEM_ATTRS, "attributes"),
	WIRE_S(item, 12, LIST, WF_OPT, epochs, &item_epoch_map, ITEM_EPOCHS, "epochs"),
	WIRE_F(item, 13, UINT, WF_OPT | WF_TIME, exposed, 0, UINT64_MAX,
	    "since when others may know it"),
	WIRE_S(item, 14, MAP, WF_OPT, conflict, &item_conflict_map, 0, "lost when merging"),
};
OPEN_MAP("item", item);

static const struct wire_field slot_note_fields[] = {
	WIRE_F(slot_note, 1, BYTES, WF_HEX, slot_id, 16, 16, "slot"),
	WIRE_F(slot_note, 2, BYTES, WF_OPT | WF_SECRET, auth, 32, 32, "auth of the slot"),
	WIRE_F(slot_note, 3, TEXT, WF_OPT, label, 1, 255, "name"),
	WIRE_F(slot_note, 4, BYTES, WF_OPT | WF_HEX, aaguid, 16, 16, "model of the token"),
	WIRE_F(slot_note, 5, BYTES, WF_OPT | WF_HEX, hard_pk, 1, 256, "reserved"),
	WIRE_F(slot_note, 6, UINT, WF_OPT | WF_TIME, added, 0, UINT64_MAX, "enrolled"),
	WIRE_F(slot_note, 7, UINT, WF_OPT | WF_TIME, last_used, 0, UINT64_MAX, "last unlock"),
	WIRE_F(slot_note, 8, UINT, WF_OPT | WF_TIME, last_verified, 0, UINT64_MAX, "last proof"),
	WIRE_F(slot_note, 9, UINT, WF_OPT | WF_TIME, labelled, 0, UINT64_MAX, "named"),
};
OPEN_MAP("slot-note", slot_note);

static const struct wire_field seed_fields[] = {
	WIRE_F(seed, 1, UINT, 0, generation, 0, UINT32_MAX, "generation"),
	WIRE_F(seed, 2, BYTES, WF_SECRET, box, 32 + SEAL_OVERHEAD, 32 + SEAL_OVERHEAD, "seed"),
	WIRE_F(seed, 3, BYTES, WF_OPT | WF_SECRET, backup, SEAL_OVERHEAD, 256 + SEAL_OVERHEAD,
	    "passphrase of backups"),
	WIRE_F(seed, 4, BYTES, WF_OPT | WF_HEX, fpr, 4, 4, "fingerprint of the recovery phrase"),
	WIRE_F(seed, 5, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(seed, 6, UINT, WF_OPT | WF_TIME, exposed, 0, UINT64_MAX,
	    "since when others may know it"),
};
OPEN_MAP("seed", seed);

static const struct wire_field tomb_fields[] = {
	WIRE_F(tomb, 1, BYTES, WF_HEX, id, 16, 16, "what was removed"),
	WIRE_E(tomb, 2, 0, kind, 255, "item|slot", "what it was"),
	WIRE_F(tomb, 3, UINT, WF_OPT, rev, 0, UINT32_MAX, "its last revision"),
	WIRE_F(tomb, 4, UINT, WF_OPT | WF_TIME, at, 0, UINT64_MAX, "when"),
	WIRE_F(tomb, 5, BLOBS, WF_OPT | WF_HEX, rev_ids, ITEM_ID_LEN, ITEM_ID_LEN,
	    "revisions that were removed"),
	WIRE_F(tomb, 6, BYTES, WF_OPT | WF_HEX, root, ITEM_ID_LEN, ITEM_ID_LEN,
	    "root of the item's conflict"),
};
OPEN_MAP("tombstone", tomb);

static const struct wire_field succession_fields[] = {
	WIRE_F(succession, 1, UINT, 0, generation, 0, UINT32_MAX, "generation"),
	WIRE_F(succession, 2, BYTES, WF_OPT, hashes, 32, 32 * 4096, "of the public keys"),
	WIRE_F(succession, 3, UINT, WF_OPT, next, 0, UINT32_MAX, "first one not given away"),
};
OPEN_MAP("succession", succession);

static const struct wire_field audit_head_fields[] = {
	WIRE_F(audit_head, 1, BYTES, WF_HEX, log_id, 16, 16, "log, as its first record says"),
	WIRE_F(audit_head, 2, UINT, 0, n, 0, UINT64_MAX, "entries so far"),
	WIRE_F(audit_head, 3, BYTES, WF_HEX, hash, 32, 32, "hash of the last one"),
};
OPEN_MAP("audit-head", audit_head);

static const struct wire_field audit_fields[] = {
	WIRE_F(audit, 1, BYTES, WF_SECRET, key, 32, 32, "audit key"),
	WIRE_F(audit, 2, UINT, 0, n, 0, UINT64_MAX, "entries so far"),
	WIRE_F(audit, 3, BYTES, WF_OPT | WF_HEX, head, 32, 32, "hash of the last one"),
	WIRE_S(audit, 4, LIST, WF_OPT, heads, &audit_head_map, AUDIT_HEADS, "logs, one a machine"),
};
OPEN_MAP("audit", audit);

static const struct wire_field defaults_fields[] = {
	WIRE_F(defaults, 1, BOOL, WF_OPT, notreal, 0, 1, "a try-out"),
	WIRE_F(defaults, 2, BOOL, WF_OPT, one_way_in, 0, 1, "a single way in was accepted"),
	WIRE_F(defaults, 3, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(defaults, 4, UINT, WF_OPT, generation, 0, UINT32_MAX, "of new identities"),
	WIRE_F(defaults, 5, UINT, WF_OPT | WF_TIME, owed, 0, UINT64_MAX,
	    "since when the phrase is to be typed back"),
};
OPEN_MAP("defaults", defaults);

static const struct wire_field share_note_fields[] = {
	WIRE_F(share_note, 1, UINT, 0, index, 1, SHARES_MAX, "which one"),
	WIRE_F(share_note, 2, TEXT, WF_OPT, label, 1, 255, "who holds it"),
	WIRE_F(share_note, 3, BYTES, WF_HEX, check, 32, 32, "SHA-256 of its words"),
	WIRE_F(share_note, 4, UINT, WF_OPT | WF_TIME, confirmed, 0, UINT64_MAX,
	    "when its holder read out the code"),
};
OPEN_MAP("share", share_note);

static const struct wire_field share_set_fields[] = {
	WIRE_F(share_set, 1, UINT, 0, set, 0, 32767, "identifier of the shares"),
	WIRE_F(share_set, 2, UINT, 0, threshold, 1, SHARES_MAX, "how many are needed"),
	WIRE_F(share_set, 3, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(share_set, 4, BYTES, WF_OPT | WF_HEX, fpr, 4, 4, "fingerprint of the phrase"),
	WIRE_S(share_set, 5, LIST, 0, shares, &share_note_map, SHARES_MAX, "shares"),
};
OPEN_MAP("share-set", share_set);

static const struct wire_field backup_note_fields[] = {
	WIRE_F(backup_note, 1, UINT, WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(backup_note, 2, BYTES, WF_HEX, hash, 32, 32, "SHA-256 of the file"),
	WIRE_F(backup_note, 3, UINT, WF_OPT, size, 0, UINT64_MAX, "bytes"),
	WIRE_F(backup_note, 4, UINT, WF_OPT, generation, 0, UINT64_MAX, "of the vault"),
	WIRE_F(backup_note, 5, UINT, WF_OPT, seed, 0, UINT32_MAX, "generation of its passphrase"),
	WIRE_F(backup_note, 6, UINT, WF_OPT, recipients, 0, 32, "0: passphrase alone"),
	WIRE_F(backup_note, 7, TEXT, WF_OPT, where, 1, 1023, "file name"),
	WIRE_F(backup_note, 8, UINT, WF_OPT | WF_TIME, verified, 0, UINT64_MAX,
	    "last opened and compared"),
	WIRE_F(backup_note, 9, BOOL, WF_OPT, here, 0, 1, "on the disk of the vault"),
};
OPEN_MAP("backup", backup_note);
