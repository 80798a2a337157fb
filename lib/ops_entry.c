/* ops_entry.c - the field tables of ops_entry.h. */
#include "lib/ops.h"

#define N(a)  (sizeof(a) / sizeof *(a))
#define VALUE 131072
#define MAP(name, st)                                                                            \
	const struct wire_map st##_map = { name, sizeof(struct st), st##_fields, N(st##_fields), \
		false, 0 }

static const struct wire_field ops_who_fields[] = {
	WIRE_F(ops_who, 1, UINT, WF_OPT, pid, 1, INT32_MAX, "its process"),
	WIRE_F(ops_who, 2, TEXT, WF_OPT, app, 0, OPS_ENTRY_APP,
	    "\"flatpak:ID\", \"unit:NAME\" or \"program:/path\""),
	WIRE_F(ops_who, 3, BOOL, WF_OPT, vouched, 0, 1, "the kernel says so"),
};
MAP("who", ops_who);

static const struct wire_field ops_entry_fields[] = {
	WIRE_F(ops_entry, 1, BYTES, WF_HEX, id, OPS_ID_LEN, OPS_ID_LEN, "id"),
	WIRE_E(ops_entry, 2, 0, kind, OPS_ENTRY_COLLECTION, "item|collection", "what it is"),
	WIRE_F(ops_entry, 3, TEXT, 0, collection, 1, 64, "id of its collection"),
	WIRE_F(ops_entry, 4, TEXT, 0, label, 0, OPS_ENTRY_LABEL, "label, for people"),
	WIRE_F(ops_entry, 5, TEXT, WF_OPT, type, 0, 255, "content type"),
	WIRE_S(
	    ops_entry, 6, LIST, WF_OPT, attributes, &ops_pair_map, OPS_ENTRY_ATTRS, "attributes"),
	WIRE_F(ops_entry, 7, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "when it was made"),
	WIRE_F(ops_entry, 8, UINT, WF_OPT | WF_TIME, modified, 0, UINT64_MAX, "last change"),
	WIRE_F(ops_entry, 9, TEXT, WF_OPT, name, 1, 255, "name among the secrets"),
	WIRE_F(ops_entry, 10, UINT, WF_OPT | WF_TIME, removed, 0, UINT64_MAX,
	    "when an application removed or replaced it"),
	WIRE_F(ops_entry, 11, UINT, WF_OPT, use, 0, UINT8_MAX,
	    "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(ops_entry, 12, BLOBS, WF_OPT, clients, 1, OPS_ENTRY_APP, "who is not asked about"),
};
MAP("entry", ops_entry);

static const struct wire_field ops_entry_page_fields[] = {
	WIRE_F(ops_entry_page, 1, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "where to go on"),
	WIRE_F(ops_entry_page, 2, BOOL, WF_OPT, removed, 0, 1, "those that were removed"),
};
MAP("entry-page", ops_entry_page);

static const struct wire_field ops_entry_list_rep_fields[] = {
	WIRE_S(ops_entry_list_rep, 1, LIST, 0, entries, &ops_entry_map, OPS_ENTRY_IDS, "entries"),
	WIRE_F(ops_entry_list_rep, 2, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "where to go on"),
	WIRE_F(ops_entry_list_rep, 3, UINT, 0, change, 0, UINT64_MAX, "of the vault, as in events"),
};
MAP("entry-list-reply", ops_entry_list_rep);

static const struct wire_field ops_entry_set_fields[] = {
	WIRE_F(ops_entry_set, 1, BYTES, WF_OPT | WF_HEX, id, OPS_ID_LEN, OPS_ID_LEN,
	    "which; absent: a new one"),
	WIRE_E(ops_entry_set, 2, WF_OPT, kind, OPS_ENTRY_COLLECTION, "item|collection",
	    "what it is (new ones)"),
	WIRE_F(ops_entry_set, 3, TEXT, WF_OPT, collection, 1, 64, "id of its collection"),
	WIRE_F(ops_entry_set, 4, TEXT, WF_OPT, label, 0, OPS_ENTRY_LABEL, "label, for people"),
	WIRE_F(ops_entry_set, 5, TEXT, WF_OPT, type, 0, 255, "content type"),
	WIRE_F(ops_entry_set, 6, BYTES, WF_OPT | WF_SECRET, value, 0, VALUE, "the secret"),
	WIRE_S(ops_entry_set, 7, LIST, WF_OPT, attributes, &ops_pair_map, OPS_ENTRY_ATTRS,
	    "attributes"),
	WIRE_S(ops_entry_set, 8, MAP, WF_OPT, who, &ops_who_map, 0, "whom it is for"),
	WIRE_F(ops_entry_set, 9, UINT, WF_OPT, use, 0, 2, "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(ops_entry_set, 10, BOOL, WF_OPT, import, 0, 1, "no application made it here"),
	WIRE_F(ops_entry_set, 11, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX,
	    "when it was made (import)"),
};
MAP("entry-set", ops_entry_set);

static const struct wire_field ops_entry_rep_fields[] = {
	WIRE_S(ops_entry_rep, 1, LIST, 0, entry, &ops_entry_map, 1, "as it is now"),
	WIRE_F(ops_entry_rep, 2, UINT, 0, change, 0, UINT64_MAX, "of the vault, as in events"),
};
MAP("entry-reply", ops_entry_rep);

static const struct wire_field ops_entry_get_fields[] = {
	WIRE_F(ops_entry_get, 1, BLOBS, 0, ids, OPS_ID_LEN, OPS_ID_LEN, "which"),
	WIRE_S(ops_entry_get, 2, MAP, WF_OPT, who, &ops_who_map, 0, "whom it is for"),
	WIRE_F(ops_entry_get, 3, BOOL, WF_OPT, export, 0, 1, "they leave the vault for good"),
	WIRE_F(ops_entry_get, 4, UINT, WF_OPT, proof, 0, 7, "prove with: bits of ways"),
	WIRE_F(ops_entry_get, 5, TEXT, WF_OPT, proof_label, 1, 255, "prove with this way in"),
	WIRE_F(ops_entry_get, 6, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
MAP("entry-get", ops_entry_get);

static const struct wire_field ops_entry_value_fields[] = {
	WIRE_F(ops_entry_value, 1, BYTES, WF_HEX, id, OPS_ID_LEN, OPS_ID_LEN, "id"),
	WIRE_F(ops_entry_value, 2, BYTES, WF_OPT | WF_SECRET, value, 0, VALUE, "the secret"),
	WIRE_F(ops_entry_value, 3, TEXT, WF_OPT, type, 0, 255, "content type"),
	WIRE_F(ops_entry_value, 4, UINT, WF_OPT, err, 0, 65535, "why there is none"),
};
MAP("entry-value", ops_entry_value);

static const struct wire_field ops_entry_get_rep_fields[] = {
	WIRE_S(ops_entry_get_rep, 1, LIST, 0, values, &ops_entry_value_map, OPS_ENTRY_IDS,
	    "in the order of ids"),
};
MAP("entry-get-reply", ops_entry_get_rep);

static const struct wire_field ops_entry_sel_fields[] = {
	WIRE_F(ops_entry_sel, 1, BYTES, WF_HEX, id, OPS_ID_LEN, OPS_ID_LEN, "which"),
	WIRE_S(ops_entry_sel, 2, MAP, WF_OPT, who, &ops_who_map, 0, "whom it is for"),
};
MAP("entry-select", ops_entry_sel);

static const struct wire_field ops_change_rep_fields[] = {
	WIRE_F(ops_change_rep, 1, UINT, 0, change, 0, UINT64_MAX, "of the vault, as in events"),
};
MAP("change-reply", ops_change_rep);

static const struct wire_field ops_portal_fields[] = {
	WIRE_F(ops_portal, 1, TEXT, 0, app, 1, 255, "id of the application"),
	WIRE_S(ops_portal, 2, MAP, WF_OPT, who, &ops_who_map, 0, "whom it is for"),
};
MAP("portal-secret", ops_portal);

static const struct wire_field ops_grant_fields[] = {
	WIRE_F(ops_grant, 1, BYTES, WF_HEX, item, OPS_ID_LEN, OPS_ID_LEN, "id of the item"),
	WIRE_F(ops_grant, 2, TEXT, 0, name, 0, 1023, "its name"),
	WIRE_F(ops_grant, 3, TEXT, 0, app, 0, OPS_ENTRY_APP, "who may, or may not"),
	WIRE_E(ops_grant, 4, 0, kind, OPS_GRANT_NEVER, "until-lock|always|never", "how long"),
	WIRE_F(ops_grant, 5, UINT, WF_OPT, pid, 1, INT32_MAX, "the process it was granted to"),
};
MAP("grant", ops_grant);

static const struct wire_field ops_grant_list_rep_fields[] = {
	WIRE_S(ops_grant_list_rep, 1, LIST, 0, grants, &ops_grant_map, 1024, "grants"),
	WIRE_F(ops_grant_list_rep, 2, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "where to go on"),
};
MAP("grant-list-reply", ops_grant_list_rep);

static const struct wire_field ops_grant_set_fields[] = {
	WIRE_E(ops_grant_set, 1, 0, verb, OPS_GRANT_FORGET, "allow|deny|forget", "what to do"),
	WIRE_F(ops_grant_set, 2, TEXT, 0, label, 1, 1023, "the item: its name, or id in hex"),
	WIRE_F(ops_grant_set, 3, TEXT, 0, app, 1, OPS_ENTRY_APP, "who"),
	WIRE_F(ops_grant_set, 4, UINT, WF_OPT, proof, 0, 7, "prove with: bits of ways"),
	WIRE_F(ops_grant_set, 5, TEXT, WF_OPT, proof_label, 1, 255, "prove with this way in"),
	WIRE_F(ops_grant_set, 6, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
MAP("grant-set", ops_grant_set);
