/*
 * op.h - the handlers, one row each in op.c.  A handler must not wait before REQ_MUST_WAIT.
 */
#ifndef AGENT_VAULT_OP_H
#define AGENT_VAULT_OP_H

#include "agent/vault/vault.h"

/* op_agent.c */
enum err op_hello(struct req *r);
enum err op_status(struct req *r);
enum err op_subscribe(struct req *r);
enum err op_cancel(struct req *r);
enum err op_lock(struct req *r);
/* op_unlock.c */
enum err op_unlock(struct req *r);
/* It is open now, by this slot: clocks start, subscribers are told. */
void op_unlocked(struct vault *v, int slot);
/* op_init.c */
enum err op_init(struct req *r);
/* op_token.c */
enum err op_token_list(struct req *r);
enum err op_token_info(struct req *r);
enum err op_token_pin(struct req *r);
/* op_token_foreign.c */
enum err op_token_make(struct req *r);
enum err op_token_assert(struct req *r);
/* op_forward.c */
enum err op_token_serve(struct req *r);
/* op_slot.c, op_slot_change.c */
enum err op_slot_list(struct req *r);
enum err op_slot_add(struct req *r);
enum err op_slot_remove(struct req *r);
enum err op_slot_verify(struct req *r);
enum err op_slot_renew(struct req *r);
enum err op_slot_label(struct req *r);
/* Index of the one slot with this name (or id in hex).  ERR_NOTFOUND, ERR_EXISTS when several. */
enum err op_slot_find(const struct vault *v, struct span label, int *slot);
/* op_id.c, op_export.c */
enum err op_id_list(struct req *r);
enum err op_id_add(struct req *r);
enum err op_id_show(struct req *r);
enum err op_id_export(struct req *r);
/* op_id_change.c, op_reseed.c */
enum err op_id_rotate(struct req *r);
enum err op_id_retire(struct req *r);
enum err op_id_revoke(struct req *r);
enum err op_id_reseed(struct req *r);
/* op_id.c */
enum err op_policy_set(struct req *r);
/* op_sign.c */
enum err op_sign(struct req *r);
/* op_key.c, op_ssh.c */
enum err op_key_add(struct req *r);
enum err op_key_hide(struct req *r);
enum err op_key_list(struct req *r);
enum err op_ssh_lock(struct req *r);
/* op_decrypt.c */
enum err op_decrypt(struct req *r);
/* op_agree.c */
enum err op_agree(struct req *r);
/* op_secret.c */
enum err op_secret_get(struct req *r);
enum err op_secret_set(struct req *r);
enum err op_secret_list(struct req *r);
enum err op_secret_remove(struct req *r);
enum err op_secret_generate(struct req *r);
/* op_secret_code.c */
enum err op_secret_code(struct req *r);
enum err op_secret_show(struct req *r);
/* op_entry.c, op_entry_set.c, op_entry_aside.c */
enum err op_entry_list(struct req *r);
enum err op_entry_get(struct req *r);
enum err op_entry_set(struct req *r);
enum err op_entry_remove(struct req *r);
enum err op_entry_back(struct req *r);
/* op_portal.c, op_grant.c */
enum err op_portal_secret(struct req *r);
enum err op_grant_list(struct req *r);
enum err op_grant_set(struct req *r);
/* op_audit.c */
enum err op_audit_show(struct req *r);
enum err op_audit_verify(struct req *r);
/* op_vault.c */
enum err op_vault_check(struct req *r);
enum err op_vault_previous(struct req *r);
/* op_vault_merge.c */
enum err op_vault_merge(struct req *r);
/* op_rebuild.c */
enum err op_rebuild_open(struct req *r);
enum err op_rebuild_preview(struct req *r);
enum err op_rebuild_add(struct req *r);
enum err op_rebuild_commit(struct req *r);
enum err op_rebuild_close(struct req *r);
/* This client left: what it rebuilt goes. */
void op_rebuild_forget(const struct client *c);
/* op_backup.c */
enum err op_backup_create(struct req *r);
enum err op_backup_read(struct req *r);
enum err op_backup_done(struct req *r);
enum err op_backup_list(struct req *r);
enum err op_backup_passphrase(struct req *r);
/* This client left: what it did not read goes. */
void op_backup_forget(const struct client *c);
/* op_restore.c */
enum err op_restore_open(struct req *r);
enum err op_restore_compare(struct req *r);
enum err op_restore_commit(struct req *r);
enum err op_restore_close(struct req *r);
/* This client left: what it had opened goes. */
void op_restore_forget(const struct client *c);
/* op_succession.c, op_card.c, op_contact.c */
enum err op_succession_show(struct req *r);
enum err op_succession_sign(struct req *r);
enum err op_card_make(struct req *r);
enum err op_contact_add(struct req *r);
enum err op_contact_list(struct req *r);
enum err op_contact_check(struct req *r);
enum err op_contact_remove(struct req *r);
enum err op_contact_show(struct req *r);
/* op_jwt.c, op_jwt_list.c */
enum err op_jwt_sign(struct req *r);
enum err op_jwt_keys(struct req *r);
enum err op_jwt_subject(struct req *r);
enum err op_jwt_allow(struct req *r);
enum err op_jwt_list(struct req *r);
enum err op_jwt_forget(struct req *r);
/* op_share.c */
enum err op_share_create(struct req *r);
enum err op_share_list(struct req *r);
enum err op_share_check(struct req *r);
enum err op_share_remove(struct req *r);
/* op_phrase.c */
enum err op_phrase_card(struct req *r);
enum err op_phrase_check(struct req *r);
/* op_copies.c */
enum err op_backup_copies(struct req *r);
/* The supervisor says what became of the copies. */
void op_copies_take(struct vault *v, const struct control_copies *m);
/* What a status, marked already, says of them. */
void op_copies_status(const struct vault *v, struct ops_status_rep *rep);

#endif
