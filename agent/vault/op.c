/* op.c - which function answers which operation: one row each. */
#include "agent/vault/op.h"

const struct op_impl op_impls[] = {
	{ OP_HELLO, op_hello },
	{ OP_STATUS, op_status },
	{ OP_SUBSCRIBE, op_subscribe },
	{ OP_CANCEL, op_cancel },
	{ OP_UNLOCK, op_unlock },
	{ OP_LOCK, op_lock },
	{ OP_INIT, op_init },
	{ OP_TOKEN_LIST, op_token_list },
	{ OP_TOKEN_INFO, op_token_info },
	{ OP_TOKEN_PIN, op_token_pin },
	{ OP_SLOT_LIST, op_slot_list },
	{ OP_SLOT_ADD, op_slot_add },
	{ OP_SLOT_REMOVE, op_slot_remove },
	{ OP_SLOT_VERIFY, op_slot_verify },
	{ OP_SLOT_RENEW, op_slot_renew },
	{ OP_SLOT_LABEL, op_slot_label },
	{ OP_ID_LIST, op_id_list },
	{ OP_ID_ADD, op_id_add },
	{ OP_ID_SHOW, op_id_show },
	{ OP_ID_EXPORT, op_id_export },
	{ OP_ID_RETIRE, op_id_retire },
	{ OP_ID_ROTATE, op_id_rotate },
	{ OP_ID_REVOKE, op_id_revoke },
	{ OP_ID_RESEED, op_id_reseed },
	{ OP_POLICY_SET, op_policy_set },
	{ OP_SIGN, op_sign },
	{ OP_SECRET_GET, op_secret_get },
	{ OP_SECRET_SET, op_secret_set },
	{ OP_SECRET_LIST, op_secret_list },
	{ OP_SECRET_REMOVE, op_secret_remove },
	{ OP_AUDIT_SHOW, op_audit_show },
	{ OP_AUDIT_VERIFY, op_audit_verify },
	{ OP_VAULT_CHECK, op_vault_check },
	{ OP_VAULT_PREVIOUS, op_vault_previous },
	{ OP_VAULT_MERGE, op_vault_merge },
	{ OP_REBUILD_OPEN, op_rebuild_open },
	{ OP_REBUILD_PREVIEW, op_rebuild_preview },
	{ OP_REBUILD_ADD, op_rebuild_add },
	{ OP_REBUILD_COMMIT, op_rebuild_commit },
	{ OP_REBUILD_CLOSE, op_rebuild_close },
	{ OP_BACKUP_CREATE, op_backup_create },
	{ OP_BACKUP_READ, op_backup_read },
	{ OP_BACKUP_DONE, op_backup_done },
	{ OP_BACKUP_LIST, op_backup_list },
	{ OP_BACKUP_PASSPHRASE, op_backup_passphrase },
	{ OP_BACKUP_COPIES, op_backup_copies },
	{ OP_RESTORE_OPEN, op_restore_open },
	{ OP_RESTORE_COMPARE, op_restore_compare },
	{ OP_RESTORE_COMMIT, op_restore_commit },
	{ OP_RESTORE_CLOSE, op_restore_close },
	{ OP_SUCCESSION_SHOW, op_succession_show },
	{ OP_SUCCESSION_SIGN, op_succession_sign },
	{ OP_CARD_MAKE, op_card_make },
	{ OP_CONTACT_ADD, op_contact_add },
	{ OP_CONTACT_LIST, op_contact_list },
	{ OP_CONTACT_CHECK, op_contact_check },
	{ OP_CONTACT_REMOVE, op_contact_remove },
	{ OP_CONTACT_SHOW, op_contact_show },
	{ OP_SHARE_CREATE, op_share_create },
	{ OP_SHARE_LIST, op_share_list },
	{ OP_SHARE_CHECK, op_share_check },
	{ OP_SHARE_REMOVE, op_share_remove },
	{ OP_PHRASE_CARD, op_phrase_card },
	{ OP_PHRASE_CHECK, op_phrase_check },
};
const size_t nop_impls = sizeof op_impls / sizeof *op_impls;

op_fn *
op_find(enum op op)
{
	for (size_t i = 0; i < nop_impls; i++)
		if (op_impls[i].op == op)
			return op_impls[i].fn;
	return NULL;
}
