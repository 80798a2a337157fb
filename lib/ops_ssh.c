/* ops_ssh.c - the field tables of ops_ssh.h. */
#include "lib/ops_ssh.h"

#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define MAP(var, st, fields, label) \
	const struct wire_map var = { label, sizeof(struct st), fields, N(fields), false, 0 }

static const struct wire_field ssh_bind_fields[] = {
	WIRE_F(ssh_bind, 1, BYTES, WF_HEX, session, 1, SSH_SESSION_MAX, "session id"),
	WIRE_F(ssh_bind, 2, BYTES, 0, hostkey, 1, SSH_HOSTKEY_MAX, "key of the host"),
	WIRE_F(ssh_bind, 3, BOOL, WF_OPT, forwarded, 0, 1, "the agent is forwarded over it"),
	WIRE_F(ssh_bind, 4, BYTES, WF_OPT, ca, 1, SSH_HOSTKEY_MAX, "who certified the host"),
	WIRE_F(ssh_bind, 5, BLOBS, WF_OPT, names, 1, SSH_NAME_MAX, "as which hosts"),
};
MAP(ssh_bind_map, ssh_bind, ssh_bind_fields, "ssh-bind");

static const struct wire_field ssh_hop_key_fields[] = {
	WIRE_F(ssh_hop_key, 1, BYTES, 0, blob, 1, SSH_HOSTKEY_MAX, "key of a host, or of a CA"),
	WIRE_F(ssh_hop_key, 2, BOOL, WF_OPT, ca, 0, 1, "it certifies hosts"),
};
MAP(ssh_hop_key_map, ssh_hop_key, ssh_hop_key_fields, "ssh-hop-key");

static const struct wire_field ssh_destination_fields[] = {
	WIRE_F(ssh_destination, 1, BYTES, WF_OPT, from_host, 0, SSH_NAME_MAX, "from which host"),
	WIRE_S(ssh_destination, 2, LIST, WF_OPT, from_keys, &ssh_hop_key_map, SSH_HOP_KEYS,
	    "keys of that host"),
	WIRE_F(ssh_destination, 3, BYTES, WF_OPT, to_user, 0, SSH_NAME_MAX, "as which user"),
	WIRE_F(ssh_destination, 4, BYTES, 0, to_host, 1, SSH_NAME_MAX, "to which host"),
	WIRE_S(ssh_destination, 5, LIST, 0, to_keys, &ssh_hop_key_map, SSH_HOP_KEYS,
	    "keys of that host"),
};
MAP(ssh_destination_map, ssh_destination, ssh_destination_fields, "ssh-destination");

static const struct wire_field ssh_row_fields[] = {
	WIRE_F(ssh_row, 1, BYTES, WF_HEX, id, 16, 16, "id"),
	WIRE_F(ssh_row, 2, BYTES, 0, blob, 1, SSH_BLOB_MAX, "public key or certificate"),
	WIRE_F(ssh_row, 3, TEXT, WF_OPT, comment, 0, SSH_COMMENT_MAX, "comment"),
	WIRE_F(ssh_row, 4, BOOL, WF_OPT, added, 0, 1, "in memory until lock"),
	WIRE_F(ssh_row, 5, BOOL, WF_OPT, confirm, 0, 1, "asked for at each use"),
	WIRE_F(ssh_row, 6, UINT, WF_OPT, expires, 0, UINT64_MAX, "when, in seconds since boot"),
	WIRE_S(ssh_row, 7, LIST, WF_OPT, dest, &ssh_destination_map, SSH_DESTINATIONS,
	    "where it may be used"),
	WIRE_F(ssh_row, 8, TEXT, WF_OPT, label, 1, 1023, "path in the vault"),
	WIRE_E(ssh_row, 9, WF_OPT, unlisted, SSH_NOT_NAMED, "listed|no-room|not-named",
	    "why ssh does not see it"),
};
MAP(ssh_row_map, ssh_row, ssh_row_fields, "ssh-row");

static const struct wire_field ssh_rows_fields[] = {
	WIRE_F(ssh_rows, 1, BOOL, WF_OPT, reset, 0, 1, "forget all first"),
	WIRE_S(ssh_rows, 2, LIST, WF_OPT, put, &ssh_row_map, SSH_ROWS_MOST, "new ones"),
	WIRE_F(ssh_rows, 3, BLOBS, WF_OPT, drop, 16, 16, "ids of those that went"),
	WIRE_F(ssh_rows, 4, BOOL, WF_OPT, locked, 0, 1, "the door is locked by ssh.lock"),
};
MAP(ssh_rows_map, ssh_rows, ssh_rows_fields, "ssh-rows");

static const struct wire_field ops_key_add_fields[] = {
	WIRE_F(ops_key_add, 1, BOOL, WF_OPT, keep, 0, 1, "in the vault, else until lock"),
	WIRE_F(ops_key_add, 2, TEXT, WF_OPT, service, 1, 32, "kept: which service"),
	WIRE_F(ops_key_add, 3, TEXT, WF_OPT, account, 1, 255, "kept: which account"),
	WIRE_F(ops_key_add, 4, TEXT, WF_OPT, purpose, 1, 48, "kept: which key of it"),
	WIRE_F(ops_key_add, 5, TEXT, 0, alg, 1, 32, "algorithm"),
	WIRE_F(ops_key_add, 6, BYTES, WF_SECRET, private_key, 1, SSH_PRIVATE_MAX, "private key"),
	WIRE_F(ops_key_add, 7, BYTES, WF_OPT, certificate, 1, SSH_BLOB_MAX, "certificate of it"),
	WIRE_F(ops_key_add, 8, TEXT, WF_OPT, comment, 0, SSH_COMMENT_MAX, "comment"),
	WIRE_F(ops_key_add, 9, UINT, WF_OPT, lifetime, 0, UINT32_MAX, "seconds, if not kept"),
	WIRE_F(ops_key_add, 10, BOOL, WF_OPT, confirm, 0, 1, "ask at each use"),
	WIRE_S(ops_key_add, 11, LIST, WF_OPT, dest, &ssh_destination_map, SSH_DESTINATIONS,
	    "where it may be used, if not kept"),
	WIRE_F(ops_key_add, 12, TEXT, WF_OPT, source, 0, 255, "where it came from"),
	WIRE_F(ops_key_add, 13, UINT, WF_OPT, use, 0, 2,
	    "0 free, 1 ask once, 2 touch each time; absent: as usual"),
	WIRE_F(ops_key_add, 14, BOOL, WF_OPT, replace, 0, 1, "in place of another one"),
};
MAP(ops_key_add_map, ops_key_add, ops_key_add_fields, "key-add");

static const struct wire_field ops_key_add_rep_fields[] = {
	WIRE_F(ops_key_add_rep, 1, BYTES, WF_HEX, id, 16, 16, "id"),
	WIRE_F(ops_key_add_rep, 2, TEXT, WF_OPT, label, 1, 1023, "path"),
	WIRE_F(ops_key_add_rep, 3, BOOL, WF_OPT, there, 0, 1, "it was there already"),
};
MAP(ops_key_add_rep_map, ops_key_add_rep, ops_key_add_rep_fields, "key-added");

static const struct wire_field ops_key_hide_fields[] = {
	WIRE_F(ops_key_hide, 1, BYTES, WF_OPT | WF_HEX, id, 16, 16, "which; absent = all"),
};
MAP(ops_key_hide_map, ops_key_hide, ops_key_hide_fields, "key-hide");

static const struct wire_field ops_ssh_lock_fields[] = {
	WIRE_F(ops_ssh_lock, 1, BOOL, WF_OPT, lock, 0, 1, "lock, else unlock"),
	WIRE_F(ops_ssh_lock, 2, BYTES, WF_SECRET, secret, 0, 1024, "passphrase"),
};
MAP(ops_ssh_lock_map, ops_ssh_lock, ops_ssh_lock_fields, "ssh-lock");

static const struct wire_field ops_key_list_rep_fields[] = {
	WIRE_S(ops_key_list_rep, 1, LIST, 0, keys, &ssh_row_map, OPS_PAGE, "keys"),
	WIRE_F(ops_key_list_rep, 2, BYTES, WF_OPT, cursor, 8, 8, "where to go on"),
	WIRE_F(ops_key_list_rep, 3, UINT, 0, total, 0, UINT32_MAX, "how many there are"),
	WIRE_F(ops_key_list_rep, 4, UINT, WF_OPT, listed, 0, UINT32_MAX, "of them, ssh sees"),
	WIRE_F(ops_key_list_rep, 5, UINT, WF_OPT, cut, 0, UINT32_MAX, "for which was no room"),
};
MAP(ops_key_list_rep_map, ops_key_list_rep, ops_key_list_rep_fields, "key-list");
