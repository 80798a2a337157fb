/* ops.c - the table of operations: one row each; field tables are in ops_tables.c. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

#define ANYTIME (OPF_LOCKED | OPF_NOVAULT)

/* clang-format off */
const struct op_row ops[] = {
{OP_HELLO, "hello", ANYTIME, &ops_hello_map, &ops_hello_rep_map, "say who you are; must come first"},
{OP_STATUS, "status", ANYTIME, NULL, &ops_status_rep_map, "what state the agent is in"},
{OP_SUBSCRIBE, "subscribe", ANYTIME, &ops_subscribe_map, NULL, "be told of lock, unlock and changes"},
{OP_CANCEL, "cancel", ANYTIME, &ops_cancel_map, NULL, "give up a request that waits"},
{OP_EVENT, "event", ANYTIME, NULL, &ops_event_map, "sent by the agent, with request id 0"},
{OP_UNLOCK, "unlock", OPF_LOCKED | OPF_OWNER | OPF_JOB | OPF_AUDIT | OPF_AUDIT_SOFT, &ops_unlock_map, &ops_unlock_rep_map, "open the vault with a way in"},
{OP_LOCK, "lock", ANYTIME | OPF_OWNER, NULL, NULL, "forget every key now"},
{OP_INIT, "init", ANYTIME | OPF_OWNER | OPF_JOB | OPF_AUDIT | OPF_AUDIT_SOFT, &ops_init_map, &ops_init_rep_map, "make a vault"},
{OP_TOKEN_LIST, "token.list", ANYTIME | OPF_OWNER | OPF_JOB, NULL, &ops_token_list_rep_map, "which tokens are plugged in"},
{OP_TOKEN_INFO, "token.info", ANYTIME | OPF_OWNER | OPF_JOB, &ops_token_sel_map, &ops_token_map, "what a token can do"},
{OP_TOKEN_PIN, "token.pin", ANYTIME | OPF_OWNER | OPF_JOB, &ops_token_sel_map, NULL, "set or change the PIN of a token"},
{OP_TOKEN_MAKE, "token.make", ANYTIME | OPF_OWNER | OPF_JOB, &ops_token_make_map, &ops_token_make_rep_map, "a credential for another program on a token"},
{OP_TOKEN_ASSERT, "token.assert", ANYTIME | OPF_OWNER | OPF_JOB, &ops_token_assert_map, &ops_token_assert_rep_map, "an assertion or a secret by such a credential"},
{OP_TOKEN_SERVE, "token.serve", ANYTIME | OPF_OWNER | OPF_JOB, &ops_token_serve_map, &ops_token_serve_rep_map, "let another machine use a token for its own vault"},
{OP_SLOT_LIST, "slot.list", OPF_LOCKED | OPF_OWNER | OPF_JOB, NULL, &ops_slot_list_rep_map, "the ways in"},
{OP_SLOT_ADD, "slot.add", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_slot_add_map, &ops_slot_rep_map, "add a way in"},
{OP_SLOT_REMOVE, "slot.remove", OPF_OWNER | OPF_JOB | OPF_WIDEN | OPF_AUDIT_SOFT, &ops_slot_sel_map, &ops_slot_rep_map, "remove a way in; makes a new line"},
{OP_SLOT_VERIFY, "slot.verify", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_slot_sel_map, &ops_slot_rep_map, "prove that a way in opens the vault"},
{OP_SLOT_RENEW, "slot.renew", OPF_OWNER | OPF_JOB | OPF_WIDEN | OPF_AUDIT_SOFT, &ops_slot_sel_map, &ops_slot_rep_map, "give a way in new keys; makes a new line"},
{OP_SLOT_LABEL, "slot.label", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_slot_sel_map, &ops_slot_rep_map, "rename a way in"},
{OP_ID_LIST, "id.list", OPF_OWNER, &ops_page_map, &ops_item_list_rep_map, "identities, by pages; while locked, those that the last unlock showed"},
{OP_ID_ADD, "id.add", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_id_add_map, &ops_item_list_rep_map, "derive the keys of an identity"},
{OP_ID_SHOW, "id.show", OPF_OWNER, &ops_sel_map, &ops_id_show_rep_map, "public forms of a key"},
{OP_ID_EXPORT, "id.export", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_sel_map, &ops_export_rep_map, "hand out a private key"},
{OP_ID_RETIRE, "id.retire", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_id_change_map, &ops_id_change_rep_map, "stop using an identity; it stays derivable"},
{OP_POLICY_SET, "policy.set", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_policy_map, NULL, "change the policy of an item; weaker needs a fresh factor"},
{OP_ID_ROTATE, "id.rotate", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_id_change_map, &ops_id_change_rep_map, "go on with new keys, of the newest seed"},
{OP_ID_REVOKE, "id.revoke", OPF_OWNER | OPF_JOB | OPF_WIDEN | OPF_AUDIT_SOFT, &ops_id_change_map, &ops_id_change_rep_map, "keys that nobody may trust any more"},
{OP_ID_RESEED, "id.reseed", OPF_OWNER | OPF_JOB | OPF_WIDEN | OPF_AUDIT_SOFT, &ops_reseed_map, &ops_reseed_rep_map, "a seed that no copy of this vault holds; makes a new line"},
{OP_SIGN, "sign", OPF_OWNER | OPF_JOB, &ops_sign_map, &ops_sign_rep_map, "sign something typed"},
{OP_KEY_ADD, "key.add", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_key_add_map, &ops_key_add_rep_map, "a key that comes from elsewhere, into the vault or until lock"},
{OP_KEY_HIDE, "key.hide", OPF_OWNER | OPF_JOB, &ops_key_hide_map, NULL, "away from the ssh door; the vault's keys stay in it"},
{OP_KEY_LIST, "key.list", OPF_OWNER, &ops_page_map, &ops_key_list_rep_map, "keys of the ssh door, by pages"},
{OP_SSH_LOCK, "ssh.lock", OPF_OWNER | OPF_JOB, &ops_ssh_lock_map, NULL, "lock the ssh door with a passphrase, or unlock it"},
{OP_DECRYPT, "decrypt", OPF_OWNER | OPF_JOB, &ops_decrypt_map, &ops_decrypt_rep_map, "open wrapped file keys of age files"},
{OP_AGREE, "agree", OPF_OWNER | OPF_JOB, &ops_agree_map, &ops_agree_rep_map, "agree on a key with somebody's public key"},
{OP_SECRET_GET, "secret.get", OPF_OWNER | OPF_JOB, &ops_secret_map, &ops_secret_rep_map, "hand out a secret"},
{OP_SECRET_SET, "secret.set", OPF_OWNER | OPF_JOB, &ops_secret_map, NULL, "keep a secret"},
{OP_SECRET_LIST, "secret.list", OPF_OWNER, &ops_page_map, &ops_item_list_rep_map, "names of secrets, by pages"},
{OP_SECRET_REMOVE, "secret.remove", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_sel_map, NULL, "remove a secret for good"},
{OP_SECRET_CODE, "secret.code", OPF_OWNER | OPF_JOB, &ops_sel_map, &ops_secret_code_rep_map, "a one-time code of a seed that is kept"},
{OP_SECRET_SHOW, "secret.show", OPF_OWNER, &ops_sel_map, &ops_secret_show_rep_map, "what is known of a secret, without its value"},
{OP_SECRET_GENERATE, "secret.generate", OPF_OWNER | OPF_JOB, &ops_secret_generate_map, NULL, "make a password up and keep it"},
{OP_ENTRY_LIST, "entry.list", OPF_OWNER, &ops_entry_page_map, &ops_entry_list_rep_map, "what desktop applications keep, by pages"},
{OP_ENTRY_SET, "entry.set", OPF_OWNER | OPF_JOB, &ops_entry_set_map, &ops_entry_rep_map, "keep something of an application, or change it"},
{OP_ENTRY_GET, "entry.get", OPF_OWNER | OPF_JOB, &ops_entry_get_map, &ops_entry_get_rep_map, "hand out what applications keep"},
{OP_ENTRY_REMOVE, "entry.remove", OPF_OWNER | OPF_JOB, &ops_entry_sel_map, &ops_change_rep_map, "set aside what an application removes"},
{OP_ENTRY_BACK, "entry.back", OPF_OWNER | OPF_JOB, &ops_entry_sel_map, &ops_entry_rep_map, "take back what was set aside"},
{OP_PORTAL_SECRET, "portal.secret", OPF_OWNER | OPF_JOB, &ops_portal_map, &ops_secret_rep_map, "the secret of an application, for the Secret portal"},
{OP_GRANT_LIST, "grant.list", OPF_OWNER, &ops_page_map, &ops_grant_list_rep_map, "which applications may use what without a question, or never"},
{OP_GRANT_SET, "grant.set", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_grant_set_map, NULL, "allow or deny an application something; allowing needs a fresh factor"},
{OP_VAULT_CHECK, "vault.check", OPF_LOCKED | OPF_OWNER | OPF_JOB, NULL, &ops_check_rep_map, "examine the file without a key"},
{OP_VAULT_PREVIOUS, "vault.previous", OPF_LOCKED | OPF_OWNER | OPF_JOB | OPF_AUDIT | OPF_AUDIT_SOFT, NULL, NULL, "go back to the version before"},
{OP_VAULT_MERGE, "vault.merge", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_vault_merge_map, &ops_vault_merge_rep_map, "join another copy of this vault"},
{OP_REBUILD_OPEN, "rebuild.open", ANYTIME | OPF_OWNER | OPF_JOB, NULL, &ops_rebuild_open_rep_map, "begin with the recovery phrase alone"},
{OP_REBUILD_PREVIEW, "rebuild.preview", ANYTIME | OPF_OWNER, &ops_rebuild_preview_map, &ops_item_list_rep_map, "what an account's key would be, by generation and epoch"},
{OP_REBUILD_ADD, "rebuild.add", ANYTIME | OPF_OWNER, &ops_rebuild_add_map, NULL, "take an account"},
{OP_REBUILD_COMMIT, "rebuild.commit", ANYTIME | OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_rebuild_commit_map, &ops_init_rep_map, "enrol ways in and write the vault"},
{OP_REBUILD_CLOSE, "rebuild.close", ANYTIME | OPF_OWNER, NULL, NULL, "forget it"},
{OP_BACKUP_CREATE, "backup.create", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_backup_create_map, &ops_backup_create_rep_map, "begin a backup: an age file of everything"},
{OP_BACKUP_READ, "backup.read", OPF_OWNER, &ops_backup_read_map, &ops_backup_read_rep_map, "the next piece of it"},
{OP_BACKUP_DONE, "backup.done", OPF_OWNER | OPF_JOB, &ops_backup_done_map, NULL, "all of it was written somewhere safe"},
{OP_BACKUP_LIST, "backup.list", OPF_OWNER, NULL, &ops_backup_list_rep_map, "backups that were made"},
{OP_BACKUP_PASSPHRASE, "backup.passphrase", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_passphrase_map, &ops_passphrase_rep_map, "the passphrase of backups, as on the card"},
{OP_BACKUP_COPIES, "backup.copies", OPF_LOCKED | OPF_OWNER | OPF_JOB, &ops_backup_copies_map, &ops_backup_copies_rep_map, "copies of the sealed file in other folders; run: copy now"},
{OP_SHARE_CREATE, "share.create", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_share_create_map, &ops_share_set_map, "split the recovery phrase into shares; remember who got one"},
{OP_SHARE_LIST, "share.list", OPF_OWNER, NULL, &ops_share_list_rep_map, "who holds shares of the recovery phrase"},
{OP_SHARE_CHECK, "share.check", OPF_OWNER | OPF_JOB, &ops_share_check_map, &ops_share_check_rep_map, "whose share has this code; remember that it is still there"},
{OP_SHARE_REMOVE, "share.remove", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_share_sel_map, NULL, "forget who holds a set of shares; it still opens"},
{OP_PHRASE_CARD, "phrase.card", OPF_OWNER | OPF_JOB | OPF_AUDIT, NULL, &ops_phrase_rep_map, "the phrase or shares of it are typed, a card comes back"},
{OP_PHRASE_CHECK, "phrase.check", ANYTIME | OPF_OWNER | OPF_JOB, NULL, &ops_phrase_rep_map, "the phrase or shares of it are typed: its fingerprint"},
{OP_AUDIT_SHOW, "audit.show", OPF_OWNER | OPF_JOB, &ops_audit_page_map, &ops_audit_show_rep_map, "what was asked, proven, handed out and changed, newest first"},
{OP_AUDIT_VERIFY, "audit.verify", OPF_OWNER | OPF_JOB, NULL, &ops_audit_verify_rep_map, "examine the audit log of this machine"},
{OP_RESTORE_OPEN, "restore.open", ANYTIME | OPF_OWNER | OPF_JOB, &ops_restore_open_map, &ops_restore_open_rep_map, "read a backup; nothing is changed"},
{OP_RESTORE_COMPARE, "restore.compare", OPF_OWNER, &ops_restore_sel_map, &ops_restore_compare_rep_map, "how it differs from the open vault, by pages"},
{OP_RESTORE_COMMIT, "restore.commit", ANYTIME | OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_restore_commit_map, &ops_restore_commit_rep_map, "make a vault of it, or add it to the open one"},
{OP_RESTORE_CLOSE, "restore.close", ANYTIME | OPF_OWNER | OPF_JOB, &ops_restore_sel_map, &ops_restore_close_rep_map, "forget what was read; remember that it was compared"},
{OP_SUCCESSION_SHOW, "succession.show", OPF_OWNER | OPF_JOB, &ops_path_map, &ops_succession_show_rep_map, "the succession log of an identity; begins it"},
{OP_SUCCESSION_SIGN, "succession.sign", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_succession_sign_map, &ops_succession_sign_rep_map, "write changes of keys that are owed into logs; asks for the phrase"},
{OP_CARD_MAKE, "card.make", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_card_make_map, &ops_card_make_rep_map, "a signed card of public keys; needs a touch"},
{OP_CONTACT_ADD, "contact.add", OPF_OWNER | OPF_JOB | OPF_AUDIT, &ops_contact_map, NULL, "pin somebody's card; never replaces one"},
{OP_CONTACT_LIST, "contact.list", OPF_OWNER, &ops_page_map, &ops_item_list_rep_map, "names of contacts, by pages"},
{OP_CONTACT_CHECK, "contact.check", OPF_OWNER | OPF_JOB, &ops_contact_map, &ops_contact_check_rep_map, "compare a card with the pinned one"},
{OP_CONTACT_REMOVE, "contact.remove", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_sel_map, NULL, "forget a contact"},
{OP_CONTACT_SHOW, "contact.show", OPF_OWNER, &ops_sel_map, &ops_contact_show_rep_map, "the pinned card of a contact"},
{OP_JWT_SIGN, "jwt.sign", OPF_JOB, &ops_jwt_sign_map, &ops_jwt_sign_rep_map, "a token of an issuer, for an audience and about an account on its list"},
{OP_JWT_KEYS, "jwt.keys", 0, &ops_jwt_issuer_map, &ops_jwt_keys_rep_map, "public keys of an issuer; while locked, those that the last unlock showed"},
{OP_JWT_SUBJECT, "jwt.subject", 0, &ops_jwt_subject_map, &ops_jwt_subject_rep_map, "what an account is called in tokens for an audience"},
{OP_JWT_ALLOW, "jwt.allow", OPF_OWNER | OPF_JOB | OPF_WIDEN, &ops_jwt_allow_map, &ops_jwt_allow_rep_map, "put audiences and accounts on the list of an issuer"},
{OP_JWT_LIST, "jwt.list", 0, &ops_jwt_page_map, &ops_jwt_list_rep_map, "audiences and accounts on the list of an issuer, by pages"},
{OP_JWT_FORGET, "jwt.forget", OPF_OWNER | OPF_JOB | OPF_AUDIT | OPF_AUDIT_SOFT, &ops_jwt_forget_map, &ops_jwt_forget_rep_map, "take audiences and accounts off that list"},
};
/* clang-format on */
const size_t nops = N(ops);

const struct op_row *
ops_find(uint64_t op)
{
	for (size_t i = 0; i < nops; i++)
		if (ops[i].op == op)
			return &ops[i];
	return NULL;
}

static const struct wire_field request_fields[] = {
	WIRE_F(ops_request, 1, UINT, 0, op, 0, 65535, "operation"),
	WIRE_F(ops_request, 2, UINT, 0, id, 0, UINT64_MAX, "request id, not 0"),
	WIRE_F(ops_request, 3, RAW, WF_OPT, params, 0, 0, "parameters"),
};
const struct wire_map ops_request_map = { "request", sizeof(struct ops_request), request_fields,
	N(request_fields), false, 0 };

static const struct wire_field reply_fields[] = {
	WIRE_F(ops_reply, 1, UINT, 0, op, 0, 65535, "operation"),
	WIRE_F(ops_reply, 2, UINT, 0, id, 0, UINT64_MAX, "request id; 0 = event"),
	WIRE_F(ops_reply, 3, UINT, 0, status, 0, 65535, "0, or an error number"),
	WIRE_F(ops_reply, 4, RAW, WF_OPT, result, 0, 0, "result"),
	WIRE_F(ops_reply, 5, TEXT, WF_OPT, text, 0, 1023, "detail for people"),
};
const struct wire_map ops_reply_map = { "reply", sizeof(struct ops_reply), reply_fields,
	N(reply_fields), false, 0 };

/* The frame is written straight into b: the head by hand, the message behind it, no copy. */
enum err
ops_put_request(struct buf *b, enum op op, uint64_t id, const void *msg)
{
	const struct op_row *row = ops_find(op);

	if (!row || (msg && !row->req))
		return ERR_INTERNAL;
	cbor_put_map(b, msg ? 3 : 2);
	cbor_put_uint(b, 1);
	cbor_put_uint(b, op);
	cbor_put_uint(b, 2);
	cbor_put_uint(b, id);
	if (!msg)
		return buf_err(b);
	cbor_put_uint(b, 3);
	return wire_encode(row->req, msg, b);
}

enum err
ops_put_reply(struct buf *b, enum op op, uint64_t id, enum err status, const void *msg)
{
	const struct op_row *row = ops_find(op);

	if (!row || (msg && !row->rep))
		return ERR_INTERNAL;
	cbor_put_map(b, msg ? 4 : 3);
	cbor_put_uint(b, 1);
	cbor_put_uint(b, op);
	cbor_put_uint(b, 2);
	cbor_put_uint(b, id);
	cbor_put_uint(b, 3);
	cbor_put_uint(b, status);
	if (!msg)
		return buf_err(b);
	cbor_put_uint(b, 4);
	return wire_encode(row->rep, msg, b);
}
